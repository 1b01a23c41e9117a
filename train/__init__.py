"""Training: data, networks, the loop, and from there to a model file.

    from dlbench.files import Workspace
    from dlbench.train import TrainSettings, train

    result = train(TrainSettings(network="cnn"), Workspace.at(None))

Importing this package does not import torch; calling `train` does.
"""

from __future__ import annotations

import importlib.util

from dlbench.errors import MissingExtraError
from dlbench.files import Workspace
from dlbench.train.data import DATA_NAMES, load
from dlbench.train.dataset import Dataset, Split
from dlbench.train.progress import OnProgress, TrainProgress
from dlbench.train.result import TrainingInterrupted, TrainResult
from dlbench.train.settings import DEVICES, NETWORKS, Recipe, TrainSettings

__all__ = [
    "DATA_NAMES",
    "DEVICES",
    "NETWORKS",
    "Dataset",
    "OnProgress",
    "Recipe",
    "Split",
    "TrainProgress",
    "TrainResult",
    "TrainSettings",
    "TrainingInterrupted",
    "load",
    "train",
]

_NEEDED = ("torch", "torchvision", "onnxscript", "safetensors")


def train(settings: TrainSettings, workspace: Workspace, on_progress: OnProgress = None) -> TrainResult:
    """Train one network, test it, and write `models/<name>.onnx`, `.safetensors` and `.json`.

    Args:
        settings: the network and how to train it.
        workspace: where the three files go; whole files or none.
        on_progress: called up to ten times a second.

    Returns:
        Paths, accuracies with sample counts, energy in joules, parity, and warnings to show.

    Raises:
        MissingExtraError: torch or another part of the extra `train` is not installed.
        DataError: the data can't be used.
        WeightsError: transfer without real ImageNet weights.
        CheckFailedError: the loss broke down, or the exported file differs from torch.
        WorkspaceError: the workspace can't be written.
        TrainingInterrupted: Ctrl-C during training; the best weights so far were saved.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"training needs {', '.join(missing)}, which is not installed; install it with: "
            'pip install "dlbench[train]"'
        )
    from dlbench.train.run import run

    return run(settings, workspace, on_progress)

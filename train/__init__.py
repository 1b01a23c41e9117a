"""Training: data, networks, the loop, and from there to a model file.

    from dlbench.files import Workspace
    from dlbench.train import TrainSettings, train

    result = train(TrainSettings(network="cnn"), Workspace.at(None))

Importing this package does not import torch; calling `train` does.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING

from dlbench.errors import MissingExtraError
from dlbench.files import Workspace
from dlbench.show.texts import says_errors
from dlbench.train.data.dataset import Dataset, Split
from dlbench.train.data.known_data_sets import DATA_NAMES, load
from dlbench.train.progress import OnProgress, TrainProgress
from dlbench.train.result import Follower, TrainingInterrupted, TrainResult
from dlbench.train.train_settings import DEVICES, NETWORKS, Recipe, TrainSettings

if TYPE_CHECKING:
    from dlbench.train.resume import RunState

__all__ = [
    "DATA_NAMES", "DEVICES", "NETWORKS", "Dataset", "Follower", "OnProgress", "Recipe", "Split", "TrainProgress",
    "TrainResult", "TrainSettings", "TrainingInterrupted", "expect_installed", "load", "train",
]  # fmt: skip

_NEEDED = ("torch", "torchvision", "onnxscript", "safetensors")


@says_errors
def expect_installed() -> None:
    """Refuse where a part of the extra `train` is missing.

    Raises:
        MissingExtraError: which one, and how to install it.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"training needs {', '.join(missing)}, which is not installed; install it with: "
            'pip install "dlbench[train]"'
        )


@says_errors
def train(
    settings: TrainSettings,
    workspace: Workspace,
    on_progress: OnProgress = None,
    *,
    resume: bool = False,
    on_epoch: Callable[[RunState], None] | None = None,
    keep_state: bool = False,
) -> TrainResult:
    """Train one network, test it, and write `models/<name>.onnx`, `.safetensors` and `.json`.

    Args:
        settings: the network and how to train it.
        workspace: where the three files go; whole files or none.
        on_progress: called up to ten times a second.
        resume: continue an interrupted run with the same settings; start afresh where there is none.
        on_epoch: called after each epoch, in the first process.
        keep_state: keep the state of a run that ended well: it is one of several, which may be resumed together.

    Returns:
        Paths, accuracies with sample counts, metrics, history, energy in joules, parity, and warnings to show.

    Raises:
        MissingExtraError: torch or another part of the extra `train` is not installed.
        DataError: the data can't be used.
        WeightsError: transfer without real ImageNet weights.
        CheckFailedError: the loss broke down, or the exported file differs from torch.
        WorkspaceError: the workspace can't be written.
        InputError: a batch larger than the data, or a kept state of other settings.
        Follower: under torchrun, in every process but the first.
        TrainingInterrupted: Ctrl-C during training; the best weights so far were saved.
    """
    expect_installed()
    from dlbench.train.run import run

    return run(settings, workspace, on_progress, resume=resume, on_epoch=on_epoch, keep_state=keep_state)

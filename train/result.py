"""What a training run gives back.

result = train(TrainSettings("cnn"), Workspace.at(None))
result.test_accuracy.text()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.energy import EnergyReading
from dlbench.model.facts import ModelFacts
from dlbench.proportion import Proportion
from dlbench.train.progress import Epoch

if TYPE_CHECKING:
    from dlbench.export import Parity

__all__ = ["Follower", "TrainResult", "TrainingInterrupted"]


@dataclass(frozen=True)
class TrainResult:
    """A trained, tested and exported network."""

    model_path: Path  # .onnx
    checkpoint_path: Path  # .safetensors
    history_path: Path  # .json: settings, history, versions: enough to repeat the run
    facts: ModelFacts  # as in the model file
    validation_accuracy: Proportion | None  # of the epoch that was kept; None: a regression
    test_accuracy: Proportion | None
    prepared_s: float  # of the training time: features, and what comes before the first step
    seconds: float  # the whole run: data, features, training, test, export
    energy: EnergyReading  # of features and training
    parity: Parity
    warnings: tuple[str, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)  # of the task, on the test split
    confusion: list[list[int]] | None = None  # truth by row, on the test split
    history: tuple[Epoch, ...] = ()
    best_epoch: int = 0
    blend: float | None = None  # share of the last epoch in the mean with the start's weights; None: best epoch
    activated_path: Path | None = None  # the file whose output is probabilities


class Follower(SystemExit):
    """Under torchrun every process but the first ends training with this: the first alone has the result."""


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during training: the best weights so far were saved. str() says where, in one line."""

    def __init__(self, checkpoint_path: Path, epochs_done: int, epochs: int) -> None:
        self.checkpoint_path = checkpoint_path
        self.epochs_done = epochs_done
        super().__init__(
            f"interrupted after {epochs_done} of {epochs} epochs; the best weights so far are in {checkpoint_path}; "
            "the same command with --resume continues the run"
        )

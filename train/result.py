"""What a training run gives back.

result = train(TrainSettings("cnn"), Workspace.at(None))
result.test_accuracy.text()
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.energy import EnergyReading
from dlbench.modelfile import ModelFacts
from dlbench.proportion import Proportion

if TYPE_CHECKING:
    from dlbench.export import Parity

__all__ = ["TrainResult", "TrainingInterrupted"]


@dataclass(frozen=True)
class TrainResult:
    """A trained, tested and exported network."""

    model_path: Path  # .onnx
    checkpoint_path: Path  # .safetensors
    history_path: Path  # .json: settings, history, versions: enough to repeat the run
    facts: ModelFacts  # as in the model file
    validation_accuracy: Proportion  # of the epoch that was kept
    test_accuracy: Proportion
    seconds: float  # the whole run: data, features, training, test, export
    energy: EnergyReading  # of features and training
    parity: Parity
    warnings: tuple[str, ...] = ()


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during training: the best weights so far were saved. str() says where, in one line."""

    def __init__(self, checkpoint_path: Path, epochs_done: int, epochs: int) -> None:
        self.checkpoint_path = checkpoint_path
        self.epochs_done = epochs_done
        super().__init__(
            f"interrupted after {epochs_done} of {epochs} epochs; the best weights so far are in {checkpoint_path}"
        )

"""What a training run gives back.

result = train(TrainSettings("cnn"), Workspace.at(None))
result.test_accuracy.text()
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from dlbench.energy import EnergyReading
from dlbench.model.facts import ModelFacts
from dlbench.proportion import Proportion
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.show.texts import localised, said
from dlbench.train.progress import Epoch
from dlbench.train.tasks.problems import PROBLEMS

if TYPE_CHECKING:
    from dlbench.export import Parity

_SHORT = {"auroc": "AUROC", "f1": "F1", "r2": "R2", "mae": "mean absolute error", "rmse": "root mean squared error"}
_NAMES = {**_SHORT, "exact_match": "all labels right", "label_accuracy": "right labels"}


@dataclass(frozen=True, repr=False)
class TrainResult(WithTables):
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
    every_column: ClassVar = (Column("fact", False, key=True), Column("value", False, wraps=True))

    def __repr__(self) -> str:
        return f"<TrainResult {self.model_path.name[:80]}: {self.judged()[:160]}>"

    def sentences(self) -> tuple[str, ...]:
        """Return the warnings: a notebook shows them below the table."""
        return self.warnings

    def judged(self, beside: Collection[str] = ()) -> str:
        """Return how well it answers the test split, in one line, but for what stands beside it."""
        metrics = {name: value for name, value in self.metrics.items() if name not in beside}
        return metric_words(metrics, PROBLEMS[self.facts.task].unit)

    def tables(self) -> TableView:
        """Return what `dlbench train` says about the network, as one table."""
        title = f"Trained: {self.model_path.stem}"
        return TableView((Table("trained", title, self.every_column, self.lines()),))

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Return what there is to know, as pairs of a name and a text."""
        return tuple(_lines(self))

    def forget_state(self) -> None:
        """Delete what the run would have been resumed from, where it was kept."""
        state_path(self.checkpoint_path).unlink(missing_ok=True)


def state_path(checkpoint: Path) -> Path:
    """Return the file, beside the checkpoint of a run, from which it can be resumed."""
    return checkpoint.with_suffix(".state.safetensors")


def metric_words(metrics: Mapping[str, float], unit: str = "") -> str:
    """Return the metrics of a test in one line."""
    parts = []
    for name, value in metrics.items():
        if name in ("accuracy", "exact_match", "label_accuracy"):
            parts.append(f"{_NAMES.get(name, name)} {value:.1%}")
        elif name in ("mae", "rmse"):
            parts.append(f"{_NAMES[name]} {value:.3g} {said(unit)}".rstrip())
        else:
            parts.append(f"{_NAMES.get(name, name)} {localised(units.number(value, '{:.4f}'))}")
    return ", ".join(parts)


def _lines(result: TrainResult) -> Iterator[tuple[str, str]]:
    facts, training = result.facts, result.facts.training
    if facts.accuracy:
        yield f"accuracy on the {facts.accuracy.split} split", facts.accuracy.proportion.text()
    if others := result.judged(beside=("accuracy",) if facts.accuracy else ()):
        yield "other metrics on it" if facts.accuracy else "metrics on the test split", others
    if training:
        speed = f", {training.images_per_s:,.0f} images/s" if training.images_per_s else ""
        kept = _kept(result, training.epochs)
        yield "training", f"{training.training_s:.1f} s on {training.device}, {training.epochs} epochs{speed}{kept}"
        yield "energy", f"{units.joules(training.energy_j)} ({said(training.energy_source)})"
    if facts.parity_max_abs_error is not None:
        same = "" if facts.accuracy is None else "same answers, "
        yield (
            "parity with ONNX Runtime",
            f"{same}largest error {localised(units.number(facts.parity_max_abs_error, '{:.1e}'))}",
        )
    yield "network", f"{facts.network}: {facts.architecture}"
    if facts.trained_parameters == facts.parameters:
        yield "parameters", f"{facts.parameters:,}, all trained"
    else:
        yield "parameters", f"{facts.parameters:,}, {facts.trained_parameters:,} of them trained"
    yield "data", f"{facts.data}; {facts.split}"
    if facts.data_note:
        yield "from", facts.data_note


def _kept(result: TrainResult, epochs: int) -> str:
    """Say which weights were kept, by the validation loss; nothing where they are those of the last epoch."""
    if result.blend is not None and result.blend < 1:
        return f", kept: {1 - result.blend:.0%} of the earlier weights, {result.blend:.0%} of the new ones"
    return f", weights of epoch {result.best_epoch} kept" if result.best_epoch != epochs else ""


class Follower(SystemExit):
    """Under torchrun every process but the first ends training with this: the first alone has the result."""


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C during training: the best weights so far were saved. str() says where, in one line."""

    def __init__(self, checkpoint_path: Path, epochs_done: int, epochs: int) -> None:
        self.checkpoint_path = checkpoint_path
        self.epochs_done = epochs_done
        super().__init__(
            f"interrupted after {epochs_done} of {epochs} epochs; the best weights so far are in {checkpoint_path}; "
            "the same again with `resume` continues the run"
        )

"""The ways of transfer learning side by side: everything frozen, the last stages trained, a small CNN from scratch.

import dlbench

print(dlbench.compare_freezing(data="photos").table())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Unpack

from dlbench.api.arguments import PathLike, names_arguments
from dlbench.api.side_by_side import TrainArguments, TrainOne, quietly, train_all
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.proportion import Proportion
from dlbench.show import units
from dlbench.show.notebook import Progress
from dlbench.show.svg import Charts
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.train import TrainResult, TrainSettings
from dlbench.viz.evaluation.freezing_chart import FreezingPoint, freezing_chart
from dlbench.viz.evaluation.training_curves import curve_charts

Runs = Mapping[str, TrainResult]
_LAST = "last-3"
_SCRATCH = "from scratch"
_PATIENCE = 5
_COLUMNS = (
    Column("way of training", False, key=True),
    Column("architecture", False, secondary=3, wraps=True),
    Column("on the test split", False, wraps=True),
    Column("weights trained"),
    Column("of all", secondary=1),
    Column("before", secondary=1),
    Column("training"),
    Column("training energy", secondary=2),
    Column("epochs (kept)", secondary=2),
)


@dataclass(frozen=True, repr=False)
class FreezingRuns(WithTables):
    """One data set, learned in several ways."""

    settings: TrainSettings
    runs: Runs  # by way
    every_column: ClassVar = _COLUMNS

    def __repr__(self) -> str:
        judged = [f"{way} {r.test_accuracy.value:.1%}" for way, r in self.runs.items() if r.test_accuracy]
        return f"<FreezingRuns of {self.settings.backbone}: {', '.join(judged)[:200]}>"

    def tables(self) -> TableView:
        """Return the table of `dlbench train transfer --compare-freezing`."""
        return TableView((self._table(),))

    def _table(self) -> Table:
        rows = tuple(
            (
                way,
                r.facts.architecture,
                r.test_accuracy.short() if r.test_accuracy else "n/a",
                f"{r.facts.trained_parameters or 0:,}",
                units.percent((r.facts.trained_parameters or 0) / r.facts.parameters, 1)
                if r.facts.parameters
                else "n/a",
                units.duration(r.prepared_s),
                units.duration(_seconds(r) - r.prepared_s),
                units.joules(r.facts.training.energy_j if r.facts.training else None),
                f"{len(r.history)} ({_kept(r)})",
            )
            for way, r in self.runs.items()
        )
        facts = next(iter(self.runs.values())).facts
        notes = (
            f"data: {facts.data}; {facts.split}. In brackets: the 95 % interval (Wilson) and the number of test "
            "pictures.",
            "before: computing what the frozen part gives, or reading it where it was kept; where more than the head "
            "is trained also the training of the head alone, from which that starts.",
            "kept: the epoch with the lowest validation loss. % of the change: that far we went from the old weights "
            "to the new (25 %: a quarter of the way), because there the validation loss was lowest.",
            f"from scratch: random weights, stopped after {self.settings.patience or _PATIENCE} epochs without a "
            "better validation loss.",
        )
        return Table("freezing", f"{self.settings.backbone} adapted in several ways", _COLUMNS, rows, notes)

    def sentences(self) -> list[str]:
        """Return a short summary in sentences."""
        judged = {way: r.test_accuracy for way, r in self.runs.items() if r.test_accuracy is not None}
        frozen, last, *_ = judged.items()
        return [_difference(*last, *frozen), _contrast(judged[_SCRATCH], frozen[1])]

    def warnings(self) -> list[str]:
        """Return the warnings of all runs, each once."""
        return list(dict.fromkeys(warning for result in self.runs.values() for warning in result.warnings))

    def charts(self) -> Charts:
        """Return accuracy over time, and the training curves."""
        points = [
            FreezingPoint(
                way, _seconds(r), r.test_accuracy.value, r.test_accuracy.wilson(), r.facts.trained_parameters or 0
            )
            for way, r in self.runs.items()
            if r.test_accuracy
        ]
        histories = {way: r.history for way, r in self.runs.items()}
        curves = curve_charts(histories, {way: r.best_epoch for way, r in self.runs.items()})
        return Charts([*([freezing_chart(points)] if points else []), *curves])

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return [{"way": way, **r.facts.model_dump(mode="json")} for way, r in self.runs.items()]


@names_arguments
def compare_freezing(
    *,
    name: str | None = None,
    resume: bool = False,
    workspace: PathLike | None = None,
    on_progress: Progress | None = None,
    **settings: Unpack[TrainArguments],
) -> FreezingRuns:
    """Train with everything frozen, with the last stages trained, and a small CNN from scratch.

    Args:
        name: of the models in the workspace, in front of the way; None: transfer.
        resume: as in `compare_networks`.
        workspace: as in `train_network`.
        on_progress: as in `train_network`.
        settings: the other arguments of `train_network`.

    Raises:
        InputError: a task without classes.
    """
    asked = TrainSettings("transfer", name=name, **settings)
    return freezing_runs(asked, Workspace.at(workspace), quietly(on_progress, resume))


def freezing_runs(settings: TrainSettings, folder: Workspace, train_one: TrainOne) -> FreezingRuns:
    """Train in each way.

    Raises:
        InputError: another network than transfer, or a task without classes.
    """
    if settings.network != "transfer":
        raise InputError(
            f"--compare-freezing: expected the network transfer, received {settings.network}; try dlbench train "
            "transfer --data FOLDER --compare-freezing."
        )
    from dlbench.train.transfer.training import expect_possible

    ways = _ways(settings)
    for training in ways.values():
        if training.network == "transfer":
            expect_possible(training)
    results = train_all(list(ways.values()), folder, train_one)
    return FreezingRuns(settings, dict(zip(ways, results, strict=True)))


def _ways(settings: TrainSettings) -> dict[str, TrainSettings]:
    """Return each way by its name, all of the same data and seed."""
    stem = settings.file_name
    ways = {"frozen": replace(settings, freeze="all", name=f"{stem}-frozen")}
    last = settings.freeze if settings.freeze.startswith("last-") else _LAST
    ways[last.replace("-", " ")] = replace(settings, freeze=last, name=f"{stem}-{last}")
    if settings.freeze == "none":
        ways["all trained"] = replace(settings, name=f"{stem}-all")
    # the recipe of a small network is its own: what was asked for the backbone does not fit it
    ways[_SCRATCH] = replace(
        settings,
        network="cnn",
        freeze="all",
        epochs=None,
        batch_size=None,
        learning_rate=None,
        patience=settings.patience or _PATIENCE,
        name=f"{stem}-scratch",
    )
    return ways


def _seconds(result: TrainResult) -> float:
    return result.facts.training.training_s if result.facts.training else 0.0


def _kept(result: TrainResult) -> str:
    return f"epoch {result.best_epoch}" if result.blend is None else f"{result.blend:.0%} of the change"


def _difference(last: str, after: Proportion, frozen: str, before: Proportion) -> str:
    more, total = after.correct - before.correct, before.total
    if more == 0:
        return f"{last} has as many of the {total} test pictures right as {frozen}."
    low, high = after.wilson()
    # an approximation: the two are tested on the same pictures, so a paired test would tell a little more
    verdict = (
        "too few test pictures to tell the two apart" if low <= before.value <= high else "a difference that shows"
    )
    change = f"{abs(more)} {'more' if more > 0 else 'fewer'}"
    return f"{last} has {change} of {total} test pictures right than {frozen}: {verdict}."


def _contrast(scratch: Proportion, frozen: Proportion) -> str:
    if scratch.value >= frozen.value:
        return "from scratch is no worse here: these pictures are enough, or unlike those that the backbone knows."
    return (
        f"from scratch reaches {scratch.value:.1%} in place of {frozen.value:.1%}: the backbone learned from 1.3 "
        "million pictures what these are too few to teach."
    )

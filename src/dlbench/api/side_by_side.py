"""Several trainings as one value: networks on the same pictures, or one network with several seeds; and the tasks.

import dlbench

print(dlbench.compare_networks(["dense", "cnn"], epochs=5).tables())
print(dlbench.tasks().table())
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import mean, stdev
from typing import Any, ClassVar, TypedDict, Unpack

from dlbench.api.arguments import Names, PathLike, joined, names_arguments
from dlbench.api.networks import train_quietly
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.show import units
from dlbench.show.notebook import Progress
from dlbench.show.svg import Charts
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.show.texts import tr
from dlbench.train import TrainResult, TrainSettings
from dlbench.train.tasks.problems import PROBLEMS, Problem
from dlbench.viz.evaluation.training_curves import curve_charts, shift_chart

TrainOne = Callable[[TrainSettings, Workspace], TrainResult]
Runs = Sequence[tuple[TrainSettings, TrainResult]]
_SHIFTS = tuple(range(7))  # pixels
_NETWORKS = (
    Column("network", False, key=True),
    Column("architecture", False, secondary=3, wraps=True),
    Column("on the test split", False, wraps=True),
    Column("parameters"),
    Column("training time"),
    Column("epochs", secondary=2),
    Column("images/s", secondary=2),
    Column("most confused (truth taken for answer: times)", False, secondary=1, wraps=True),
)
_MOVED = (Column("network", False, key=True), *(Column(f"{by} px") for by in _SHIFTS))
_SEEDS = (
    Column("seed", key=True),
    Column("on the test split", False, wraps=True),
    Column("epoch kept"),
    Column("time"),
)
_MOST_SEEDS = 100


class TrainArguments(TypedDict, total=False):
    """The arguments of `train_network` that are the same for several trainings."""

    data: str | None
    task: str
    positive: str | None
    activation: str | None
    loss: str | None
    force: bool
    backbone: str
    freeze: str
    epochs: int | None
    patience: int | None
    batch_size: int | None
    learning_rate: float | None
    augment: bool
    device: str
    seed: int
    with_activation: bool
    keep_paths: bool


@dataclass(frozen=True, repr=False)
class NetworkRuns(WithTables):
    """Several networks, trained on the same pictures."""

    runs: tuple[tuple[TrainSettings, TrainResult], ...]
    shifts: Mapping[str, Sequence[float]]  # accuracy by shift in pixels, for the networks that read digits
    every_column: ClassVar = (*_NETWORKS, *_MOVED)

    def __repr__(self) -> str:
        return f"<NetworkRuns: {', '.join(settings.network for settings, _ in self.runs)[:200]}>"

    def tables(self) -> TableView:
        """Return the tables of `dlbench train --compare`."""
        from dlbench.train.network_comparison import confused_pairs

        rows = tuple(
            (
                s.network,
                r.facts.architecture,
                _judged(r),
                f"{r.facts.parameters:,}",
                units.duration(training_seconds(r)),
                str(len(r.history)),
                units.thousands(r.facts.training.images_per_s if r.facts.training else None),
                "; ".join(confused_pairs(r.confusion, r.facts.labels)) or "n/a",
            )
            for s, r in self.runs
        )
        facts = self.runs[0][1].facts
        note = (
            f"data: {facts.data}; {facts.split}. In brackets: the 95 % interval (Wilson) and the number of test "
            "pictures."
        )
        networks = Table("networks", "The same pictures, another network", _NETWORKS, rows, (note,))
        if not self.shifts:
            return TableView((networks,))
        moved = tuple((name, *(f"{share:.1%}" for share in shares)) for name, shares in self.shifts.items())
        note = "accuracy on test digits that were moved by so many pixels, mean over left, right, up and down."
        return TableView((networks, Table("shift", "Moved digits", _MOVED, moved, (note,))))

    def sentences(self) -> list[str]:
        """Return a short summary in sentences."""
        sentences, shifts = _best(self.runs), self.shifts
        if len(shifts) > 1:
            at = 4
            best, worst = (pick(shifts, key=lambda n: shifts[n][at]) for pick in (max, min))
            sentences.append(
                f"Moved by {at} pixels, {best} still reads {shifts[best][at]:.0%} of the digits, {worst} "
                f"{shifts[worst][at]:.0%}: a dense layer has a weight for each pixel and learns where a stroke is; a "
                "convolution learns the stroke."
            )
        if any(s.augment for s, _ in self.runs) and shifts:
            sentences.append(
                "All saw digits moved by up to 2 pixels while training; `augment=False` shows what they learn without."
            )
        return sentences

    def warnings(self) -> list[str]:
        """Return the warnings of all runs, each once."""
        return list(dict.fromkeys(warning for _, result in self.runs for warning in result.warnings))

    def charts(self) -> Charts:
        """Return the training curves, and the accuracy by shift."""
        charts = curve_charts(
            {s.network: r.history for s, r in self.runs}, {s.network: r.best_epoch for s, r in self.runs}
        )
        if self.shifts:
            charts.append(shift_chart(_SHIFTS, dict(self.shifts), 1 / len(self.runs[0][1].facts.labels)))
        return Charts(charts)

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return [
            {
                "network": settings.network,
                "facts": result.facts.model_dump(mode="json"),
                "confusion": result.confusion,
                "accuracy_by_shift": dict(zip(map(str, _SHIFTS), self.shifts.get(settings.network, ()), strict=False)),
            }
            for settings, result in self.runs
        ]


@names_arguments
def compare_networks(
    networks: Names = ("dense", "cnn"),
    *,
    resume: bool = False,
    workspace: PathLike | None = None,
    on_progress: Progress | None = None,
    **settings: Unpack[TrainArguments],
) -> NetworkRuns:
    """Train several networks on the same pictures and put them side by side.

    Args:
        networks: two or more of dense, cnn and transfer.
        resume: go on where the same call was interrupted; networks that were done by then are not trained again.
        workspace: as in `train_network`.
        on_progress: as in `train_network`.
        settings: the other arguments of `train_network`, the same for all.

    Raises:
        InputError: fewer than two networks, or one twice.
    """
    names = joined(networks)
    first = TrainSettings(names.split(",")[0].strip(), **settings)
    train_one = quietly(on_progress, resume)
    return networks_side_by_side(names, first, Workspace.at(workspace), train_one)


def networks_side_by_side(text: str, settings: TrainSettings, folder: Workspace, train_one: TrainOne) -> NetworkRuns:
    """Train the networks named in `text` with the same settings.

    Raises:
        InputError: fewer than two networks, or one twice.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    if len(names) < 2 or len(set(names)) != len(names):
        raise InputError(f"--compare: expected two networks or more, each once, such as dense,cnn, received {text!r}.")
    trainings = [replace(settings, network=name, name=None) for name in names]  # all are checked before one is trained
    results = train_all(trainings, folder, train_one)
    runs = tuple(zip(trainings, results, strict=True))
    return NetworkRuns(runs, _moved(runs))


@dataclass(frozen=True, repr=False)
class SeedRuns(WithTables):
    """One network, trained with several seeds."""

    settings: TrainSettings
    results: Mapping[int, TrainResult]  # by seed
    every_column: ClassVar = _SEEDS

    def __repr__(self) -> str:
        return f"<SeedRuns of {self.settings.network}: {self.spread()[:240]}>"

    def tables(self) -> TableView:
        """Return the table of `dlbench train --seeds`."""
        rows = tuple(
            (str(seed), _judged(r), f"{r.best_epoch} of {len(r.history)}", units.duration(training_seconds(r)))
            for seed, r in self.results.items()
        )
        title = f"{self.settings.network}, {self.settings.task}: {len(rows)} seeds"
        note = "the split is the same for all seeds: what differs is the start, the order and the moved pictures."
        return TableView((Table("seeds", title, _SEEDS, rows, (note,)),))

    def spread(self) -> str:
        """Return mean, standard deviation and range in words."""
        regression = self.settings.pairing.problem.is_regression
        form = "{:.3g}" if regression else "{:.2%}"
        scores = [r.test_accuracy.value if r.test_accuracy else r.metrics["mae"] for r in self.results.values()]
        low, high, middle, deviation = (form.format(pick(scores)) for pick in (min, max, mean, stdev))
        what = "mean absolute error" if regression else "accuracy"
        return f"{what}: mean {middle}, standard deviation over the seeds {deviation}, from {low} to {high}."

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return [{"seed": s, **r.metrics, "training_s": training_seconds(r)} for s, r in self.results.items()]


@names_arguments
def train_seeds(
    network: str = "cnn",
    *,
    seeds: int = 3,
    resume: bool = False,
    workspace: PathLike | None = None,
    on_progress: Progress | None = None,
    **settings: Unpack[TrainArguments],
) -> SeedRuns:
    """Train one network with several seeds, for the spread that chance alone makes.

    Args:
        network: dense, cnn or transfer.
        seeds: how many, 2 to 100.
        resume: as in `compare_networks`.
        workspace: as in `train_network`.
        on_progress: as in `train_network`.
        settings: the other arguments of `train_network`.

    Raises:
        InputError: a count outside 2 to 100.
    """
    train_one = quietly(on_progress, resume)
    return several_seeds(TrainSettings(network, **settings), Workspace.at(workspace), seeds, train_one)


def several_seeds(settings: TrainSettings, folder: Workspace, count: int, train_one: TrainOne) -> SeedRuns:
    """Train with `count` seeds, from that of the settings on.

    Raises:
        InputError: a count outside 2 to 100.
    """
    if not 2 <= count <= _MOST_SEEDS:
        raise InputError(f"--seeds: expected 2 to {_MOST_SEEDS} seeds, received {count}.")
    trainings = {
        seed: replace(settings, seed=seed, name=f"{settings.file_name}-seed{seed}")
        for seed in range(settings.seed, settings.seed + count)
    }
    results = train_all(list(trainings.values()), folder, train_one)
    return SeedRuns(settings, dict(zip(trainings, results, strict=True)))


@dataclass(frozen=True, repr=False)
class TaskList(WithTables):
    """Which last activation and loss belong to which question."""

    problems: tuple[Problem, ...]
    every_column: ClassVar = (
        Column("`task`", False, key=True),
        Column("question", False, wraps=True),
        Column("last activation", False),
        Column("loss", False),
        Column("judged by", False, secondary=2, wraps=True),
        Column("example that runs offline", False, secondary=1, wraps=True),
    )

    def __repr__(self) -> str:
        return f"<TaskList: {', '.join(problem.name for problem in self.problems)}>"

    def tables(self) -> TableView:
        """Return the table of `dlbench train --explain-task`."""
        rows = tuple(
            (p.name, p.title, p.activation, " or\n".join(p.losses), p.metrics, p.example) for p in self.problems
        )
        note = tr("none: no activation. The names of losses are those that `loss` takes.")
        return TableView(
            (Table("tasks", "Which activation and loss for which question", self.every_column, rows, (note,)),)
        )

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return [asdict(problem) for problem in self.problems]


def tasks() -> TaskList:
    """Return the problem types that `train_network` knows."""
    return TaskList(tuple(PROBLEMS.values()))


def training_seconds(result: TrainResult) -> float | None:
    """Return the time of training alone, where it is known."""
    return result.facts.training.training_s if result.facts.training else None


def quietly(on_progress: Progress | None, resume: bool) -> TrainOne:
    """Return how one of several networks is trained without a word."""
    return lambda settings, folder: train_quietly(settings, folder, on_progress, resume=resume, keep_state=True)


def train_all(every: Sequence[TrainSettings], folder: Workspace, train_one: TrainOne) -> list[TrainResult]:
    """Train each network; what the whole would be resumed from is kept until all are done."""
    results = [train_one(one, folder) for one in every]
    for result in results:
        result.forget_state()
    return results


def _judged(result: TrainResult) -> str:
    return result.judged() if result.test_accuracy is None else result.test_accuracy.short()


def _moved(runs: Runs) -> dict[str, list[float]]:
    """Return accuracy by shift for the networks that read digits; nothing for photos and for numbers."""
    from dlbench.train.network_comparison import accuracy_when_moved

    suited = [(s, r) for s, r in runs if r.test_accuracy is not None and len(r.facts.mean) == 1]
    return {s.network: accuracy_when_moved(s, r, _SHIFTS) for s, r in suited}


def _best(runs: Runs) -> list[str]:
    """Say which network has most test pictures right, as far as their number allows."""
    judged = [(s.network, r.test_accuracy) for s, r in runs if r.test_accuracy is not None]
    if len(judged) < 2:
        return []
    (best, most), *others = sorted(judged, key=lambda pair: pair[1].value, reverse=True)
    rivals = [name for name, accuracy in others if accuracy.wilson()[1] >= most.wilson()[0]]
    if rivals:
        return [
            f"Can't tell which has most test pictures right: the intervals of {', '.join([best, *rivals])} overlap."
        ]
    second, fewer = others[0]
    told = f"{best} has most test pictures right, {most.value:.1%}; {second} has {fewer.value:.1%}."
    return [f"{told} Their intervals do not overlap."]

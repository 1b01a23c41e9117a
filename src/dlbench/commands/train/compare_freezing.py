"""`dlbench train transfer --compare-freezing`: the ways of transfer learning side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from dlbench.commands.train.training_with_view import train_with_view
from dlbench.errors import InputError
from dlbench.files import Workspace, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from dlbench.proportion import Proportion
    from dlbench.show.table import Table
    from dlbench.train import TrainResult, TrainSettings

    Runs = Mapping[str, TrainResult]

__all__ = ["show_freezing"]

_LAST = "last-3"
_SCRATCH = "from scratch"
_PATIENCE = 5


def show_freezing(settings: TrainSettings, folder: Workspace, as_json: bool) -> None:
    """Train with everything frozen, with the last stages trained, and a small CNN from scratch; print all three.

    Raises:
        InputError: another network than transfer, or a task without classes.
    """
    if settings.network != "transfer":
        raise InputError(
            f"--compare-freezing: expected the network transfer, received {settings.network}; try dlbench train "
            "transfer --data FOLDER --compare-freezing."
        )
    from dlbench.train.transfer.training import expect_possible

    asked = _asked(settings)
    for one in asked.values():
        if one.network == "transfer":
            expect_possible(one)
    runs = {way: train_with_view(one, folder) for way, one in asked.items()}
    if as_json:
        typer.echo(json.dumps([{"way": way, **r.facts.model_dump(mode="json")} for way, r in runs.items()]))
        return
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    console = output()
    show_tables(console, (_table(settings, runs),))
    show_notes(console, "In short", _sentences(runs), style="")
    show_notes(console, "Warnings", list(dict.fromkeys(w for r in runs.values() for w in r.warnings)))
    names = [r.model_path.stem for r in runs.values()]
    show_wrote(
        console,
        [*(r.model_path for r in runs.values()), *_pictures(settings, runs, folder)],
        (f"dlbench inspect {settings.backbone}", f"dlbench compare {' '.join(names)}"),
    )


def _asked(settings: TrainSettings) -> dict[str, TrainSettings]:
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


def _table(settings: TrainSettings, runs: Runs) -> Table:
    from dlbench.show import units
    from dlbench.show.table import Column, Table

    columns = (
        Column("way", False),
        Column("network", False, secondary=True, wraps=True),
        Column("on the test split", False, wraps=True),
        Column("weights trained"),
        Column("of all"),
        Column("before"),
        Column("training"),
        Column("energy", secondary=True),
        Column("epochs (kept)"),
    )
    rows = tuple(
        (
            way,
            r.facts.architecture,
            r.test_accuracy.short() if r.test_accuracy else "n/a",
            f"{r.facts.trained_parameters or 0:,}",
            units.percent((r.facts.trained_parameters or 0) / r.facts.parameters, 1) if r.facts.parameters else "n/a",
            units.duration(r.prepared_s),
            units.duration(_seconds(r) - r.prepared_s),
            units.joules(r.facts.training.energy_j if r.facts.training else None),
            f"{len(r.history)} ({_kept(r)})",
        )
        for way, r in runs.items()
    )
    facts = next(iter(runs.values())).facts
    notes = (
        f"data: {facts.data}; {facts.split}. In brackets: the 95 % interval (Wilson) and the number of test pictures.",
        "before: computing what the frozen part gives, or reading it where it was kept; where more than the head is "
        "trained also the training of the head alone, from which that starts.",
        "kept: the epoch with the lowest validation loss; where more than the head is trained, as much of the change "
        "from the start to the last epoch as gives the lowest one.",
        f"from scratch: random weights, stopped after {settings.patience or _PATIENCE} epochs without a better "
        "validation loss.",
    )
    return Table("freezing", f"{settings.backbone} adapted in several ways", columns, rows, notes)


def _sentences(runs: Runs) -> list[str]:
    judged = {way: r.test_accuracy for way, r in runs.items() if r.test_accuracy is not None}
    frozen, last, *_ = judged.items()
    return [_difference(*last, *frozen), _contrast(judged[_SCRATCH], frozen[1])]


def _difference(last: str, after: Proportion, frozen: str, before: Proportion) -> str:
    more, total = after.correct - before.correct, before.total
    if more == 0:
        return f"{last} has as many of the {total} test pictures right as {frozen}."
    low, high = after.wilson()
    # an approximation: the two are tested on the same pictures, so a paired test would tell a little more
    told = (
        "so few test pictures do not tell the two apart" if low <= before.value <= high else "a difference that shows"
    )
    change = f"{abs(more)} {'more' if more > 0 else 'fewer'}"
    return f"{last} has {change} of {total} test pictures right than {frozen}: {told}."


def _contrast(scratch: Proportion, frozen: Proportion) -> str:
    if scratch.value >= frozen.value:
        return "from scratch is no worse here: these pictures are enough, or unlike those that the backbone knows."
    return (
        f"from scratch reaches {scratch.value:.1%} in place of {frozen.value:.1%}: the backbone learned from 1.3 "
        "million pictures what these are too few to teach."
    )


def _pictures(settings: TrainSettings, runs: Runs, folder: Workspace) -> list[Path]:
    from dlbench.viz.evaluation.freezing_chart import FreezingPoint, freezing_chart
    from dlbench.viz.evaluation.training_curves import curve_charts

    points = [
        FreezingPoint(
            way,
            _seconds(r),
            r.test_accuracy.value,
            r.test_accuracy.wilson(),
            r.facts.trained_parameters or 0,
        )
        for way, r in runs.items()
        if r.test_accuracy
    ]
    charts = [freezing_chart(points)] if points else []
    charts += curve_charts({way: r.history for way, r in runs.items()}, {way: r.best_epoch for way, r in runs.items()})
    return [
        write_atomic(folder.pictures / f"{settings.file_name}-freezing-{title.lower()}.svg", svg)
        for title, _, svg in charts
    ]

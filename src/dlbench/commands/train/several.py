"""Several trainings on the command line: the tasks, seeds, networks side by side; and the curves of one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from dlbench.commands.options import as_typed
from dlbench.commands.train.training_with_view import train_with_view
from dlbench.files import Workspace, write_atomic

if TYPE_CHECKING:
    from dlbench.train import TrainResult, TrainSettings

__all__ = ["draw_curves", "explain_task", "show_networks", "show_seeds"]


def explain_task(as_json: bool) -> None:
    """Print which last activation and loss belong to which question."""
    from dlbench.api.side_by_side import tasks
    from dlbench.show.console import output, show_notes, show_tables

    known = tasks()
    if as_json:
        typer.echo(json.dumps(known.document()))
        return
    console = output()
    show_tables(console, known.tables())
    show_notes(console, "Why", [f"{problem.name}: {problem.why}" for problem in known.problems], style="")
    wrong = "dlbench train dense --task multilabel --activation softmax --loss categorical-cross-entropy --force"
    console.print(f"\nnext: dlbench train cnn --task regression\nnext: {wrong}   (what goes wrong)", markup=False)


def draw_curves(result: TrainResult, folder: Workspace) -> list[Path]:
    """Write the training curves of a run and return their paths."""
    from dlbench.viz.evaluation.training_curves import curve_charts

    name, unit = result.model_path.stem, result.facts.output
    charts = curve_charts({name: result.history}, {name: result.best_epoch}, "" if unit == "logits" else unit)
    paths = [folder.pictures / f"{name}-{title.lower()}.svg" for title, _, _ in charts]
    return [write_atomic(path, svg) for path, (_, _, svg) in zip(paths, charts, strict=True)]


def show_seeds(settings: TrainSettings, folder: Workspace, count: int, as_json: bool) -> None:
    """Train with `count` seeds and print mean and spread."""
    from dlbench.api.side_by_side import several_seeds
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    runs = several_seeds(settings, folder, count, train_with_view)
    if as_json:
        typer.echo(json.dumps(runs.document()))
        return
    console = output()
    show_tables(console, runs.tables())
    show_notes(console, "In short", (runs.spread(),), style="")
    paths = [result.model_path for result in runs.results.values()]
    show_wrote(console, paths, (f"dlbench compare {as_typed(paths[0].stem, paths[1].stem)}",))


def show_networks(text: str, settings: TrainSettings, folder: Workspace, as_json: bool) -> None:
    """Train several networks on the same pictures and print them side by side."""
    from dlbench.api.side_by_side import networks_side_by_side
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    compared = networks_side_by_side(text, settings, folder, train_with_view)
    if as_json:
        typer.echo(json.dumps(compared.document()))
        return
    names = [one.network for one, _ in compared.runs]
    written = [result.model_path for _, result in compared.runs]
    for title, _, svg in compared.charts():
        path = folder.pictures / f"compare-{'-'.join(names)}-{title.lower().replace(' ', '-')}.svg"
        written.append(write_atomic(path, svg))
    console = output()
    show_tables(console, compared.tables())
    show_notes(console, "In short", compared.sentences(), style="")
    show_notes(console, "Warnings", compared.warnings())
    show_wrote(console, written, (f"dlbench compare {as_typed(*names)}",))

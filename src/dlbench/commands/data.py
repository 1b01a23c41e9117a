"""`dlbench data`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import JsonOption, WorkspaceOption, as_typed, shows_tables
from dlbench.commands.showing import print_json
from dlbench.files import Workspace, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from dlbench.api.datasets import DataSurvey
    from dlbench.train.data.survey import Sample

_CELL = 4  # columns that a number takes: up to three digits and a space
_MOST_COLUMNS = 32


@shows_tables
def data(
    name_or_path: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|PATH",
            help="mnist-sample (default), sample-photos, mnist, fashion-mnist, cifar10, oxford-pets, or a folder.",
        ),
    ] = None,
    size: Annotated[int, typer.Option(help="Height and width, in pixels, to which picture files are scaled.")] = 64,
    show: Annotated[
        int | None, typer.Option(help="Index of the image to print as numbers, from 0 (default: one is chosen).")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is in a data set: sizes, classes, values, pictures. With duplicates, and one image as numbers."""
    folder = Workspace.at(workspace)
    folder.check_writable()
    from dlbench.api.datasets import survey_of
    from dlbench.commands.live_views import training_view
    from dlbench.show.console import output

    with training_view("data") as on_progress:
        survey = survey_of(name_or_path, size, on_progress)
    console = output()
    columns = _MOST_COLUMNS if as_json else max(8, min(_MOST_COLUMNS, console.width // _CELL))
    sample = survey.sample(show, columns)
    png, words = survey.picture()
    picture = write_atomic(folder.pictures / f"data-{survey.dataset.name[:80]}.png", png)
    if as_json:
        shown = {**asdict(sample), "values": sample.values.tolist()}
        print_json(json.dumps({**survey.document(), "sample": shown, "picture": str(picture)}))
        return
    _show(console, survey, sample)
    _then(console, survey, name_or_path, picture, words)


def _show(console: Console, survey: DataSurvey, sample: Sample) -> None:
    from dlbench.show.console import show_notes, show_tables

    show_tables(console, survey.tables())
    show_notes(console, "Duplicates", survey.duplicate_sentences(), style="")
    show_notes(console, "Warnings", survey.all_warnings())
    _show_numbers(console, sample)


def _show_numbers(console: Console, sample: Sample) -> None:
    from rich.text import Text

    from dlbench.show.texts import said

    of = f", file {sample.file}" if sample.file else ""
    how = f"; {sample.how}" if sample.how else ""
    title = f"Image {sample.index:,} as numbers: label {sample.label}, {sample.part} split{of}"
    console.print()
    console.print(Text(said(title), style="bold"), soft_wrap=True)
    console.print(Text(said(f"  {sample.channel}, 0 dark to 255 bright{how}"), style="dim"), soft_wrap=True)
    for row in sample.values.tolist():
        line = Text.assemble(*((f"{value:{_CELL}d}", "" if value else "dim") for value in row))
        console.print(line, soft_wrap=True)


def _then(console: Console, survey: DataSurvey, name_or_path: str | None, picture: Path, words: str) -> None:
    from dlbench.show.console import show_wrote

    given = "" if name_or_path in (None, "mnist-sample") else f" --data {as_typed(name_or_path)}"
    network = "transfer" if survey.paths else "cnn"
    console.print(f"\nthe picture: {words}", markup=False)
    show_wrote(console, (picture,), (f"dlbench train {network}{given}",))

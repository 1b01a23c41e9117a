"""How commands show what they found: the machine form, or tables with what there is to say; and the charts beside it.

if show_result(costs, as_json, costs.sentences()):
    show_wrote(output(), write_charts(folder.pictures, "cost", costs.charts()), ())
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import typer

from dlbench.files import write_atomic
from dlbench.show.texts import tr
from dlbench.show.units import utc_minute

if TYPE_CHECKING:
    from dlbench.show.svg import Chart
    from dlbench.show.table_view import TableView


class _Result(Protocol):
    def tables(self) -> TableView: ...

    def document(self) -> object: ...


def newest_words(path: Path | str, created: str = "") -> str:
    """Say which result was taken where none was named: its file, and when it was measured, read where not given."""
    from dlbench.bench.results.schema import read_result

    date = utc_minute(created or read_result(path).created)
    return tr("the newest result: {file}, measured {date}", file=Path(path).name, date=date)


def print_json(text: str) -> None:
    """Print a JSON document; a foreign name in it brings no control code to the terminal."""
    from dlbench.show.plain_text import json_for_terminals

    typer.echo(json_for_terminals(text))


def show_or_print(
    result: _Result,
    as_json: bool,
    in_short: Sequence[str] = (),
    warnings: Sequence[str] = (),
    written: Sequence[Path] = (),
    then: Sequence[str] = (),
) -> None:
    """Print JSON; or what fits one screen, or with --full all of it."""
    from dlbench.commands.one_screen import Screen, show_screen

    if as_json:
        print_json(json.dumps(result.document()))
    else:
        show_screen(Screen(result.tables(), in_short, warnings, written, then))


def show_result(result: _Result, as_json: bool, in_short: Sequence[str] = (), warnings: Sequence[str] = ()) -> bool:
    """Print JSON and return False, for that is all there may be; or print the tables and notes and return True."""
    from dlbench.show.console import output, show_notes, show_tables

    if as_json:
        print_json(json.dumps(result.document()))
        return False
    console = output()
    show_tables(console, result.tables())
    show_notes(console, "In short", in_short, style="")
    show_notes(console, "Warnings", warnings)
    return True


def write_charts(folder: Path, stem: str, charts: Sequence[Chart]) -> list[Path]:
    """Write each chart to a file called after the stem and its title, and return the paths."""
    return [write_atomic(folder / f"{stem}-{title.lower().replace(' ', '-')}.svg", svg) for title, _, svg in charts]

"""`dlbench history`: how figures moved over the kept results."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import JsonOption, WorkspaceOption, as_typed, shows_tables
from dlbench.commands.showing import newest_words, print_json
from dlbench.files import Workspace, plain_name, write_atomic

if TYPE_CHECKING:
    from dlbench.api.measured import History
    from dlbench.show.table import Table


@shows_tables
def history(
    model: Annotated[str | None, typer.Argument(help="A network, as the results call it (default: all).")] = None,
    providers: Annotated[str | None, typer.Option(help="Execution providers, such as cpu (default: all).")] = None,
    batch_sizes: Annotated[str | None, typer.Option(help="Batch sizes, such as 1 (default: all).")] = None,
    threads: Annotated[str | None, typer.Option(help="Threads, such as 2 (default: all).")] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(help="A result file, or a folder or .zip of them (default: the workspace's; may be repeated)."),
    ] = None,
    last: Annotated[int, typer.Option(help="The newest results to use, 2 to 200.")] = 30,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how figures moved over the kept results.

    A change is marked only outside the noise, as dlbench diff does. Name a commit with dlbench compare --label.
    """
    from dlbench.api.arguments import among
    from dlbench.api.measuring import history as history_of
    from dlbench.commands.one_screen import Screen, show_screen

    moved = history_of(**among(history_of, locals()))
    if as_json:
        print_json(json.dumps(moved.document()))
        return
    written = _write_charts(moved, Workspace.at(workspace).pictures)
    newest = max((point for series in moved.series for point in series.points), key=lambda point: point.created)
    screen = Screen(moved.tables(), moved.sentences(), (), written, _then(moved), moved.left_out, _newest_rows)
    show_screen(replace(screen, foot=(newest_words(newest.file, newest.created),)))


def _write_charts(moved: History, folder: Path) -> list[Path]:
    """Write a chart for each network, called after it, and after its machine if there are several."""
    groups = list(dict.fromkeys((series.key.machine, series.key.model) for series in moved.series))
    several = len({machine for machine, _ in groups}) > 1
    names = [plain_name(f"{model}-{machine}" if several else model) for machine, model in groups]
    return [
        write_atomic(folder / f"history-{name}.svg", svg)
        for name, (_, _, svg) in zip(names, moved.charts(), strict=True)
    ]


def _newest_rows(table: Table, rows: int) -> Table:
    """Return the last rows of one cell's points; of several cells the first."""
    return replace(table, rows=table.rows[-rows:] if table.key == "points" else table.rows[:rows])


def _then(moved: History) -> list[str]:
    if len(moved.series) == 1:
        return []
    changed = next((series for series in moved.series if series.changes), moved.series[0])
    key = changed.key
    return [f"dlbench history {as_typed(key.model)} --providers {key.provider} --batch-sizes {key.batch}"]

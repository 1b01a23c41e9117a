"""Tables, notes and next steps in the terminal, drawn by Rich.

    show_tables(output(), tables)

Only commands print; the library returns values and calls back.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table as RichTable
from rich.text import Text

from dlbench.processes import in_notebook
from dlbench.show.plain_text import without_controls
from dlbench.show.texts import localised_table, said, tr

if TYPE_CHECKING:
    from dlbench.show.table import Table

_LEAST_WIDTH = 10  # below it no word fits
PIPE_WIDTH = 132  # a pipe or a file has no width of its own; 80 would fold every table
_VERDICT_STYLES = {
    "ran": "green",
    "partial": "yellow",
    "folded": "yellow",
    "unavailable": "yellow",
    "fell back": "red",
    "failed": "red",
    "out of memory": "red",
}


class CleanConsole(Console):
    """Rich's console, with no control code from a foreign name, message or argument: all output passes here."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as Rich does, with texts in the language in use."""
        super().print(*(said(each) if isinstance(each, str) else each for each in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as Rich does; its own codes, such as colours, stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(without_controls(segment.text), segment.style)


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # a notebook's `!dlbench` has a terminal that keeps every redrawn line: lines are printed there, as on a pipe
    lines = not stream.isatty() or in_notebook()
    given = os.environ.get("COLUMNS", "")
    width = None if not lines or given.isdecimal() else PIPE_WIDTH
    if given.isdecimal() and int(given) < _LEAST_WIDTH:  # 0 is what scripts without a terminal hand on
        width = PIPE_WIDTH if lines else max(_LEAST_WIDTH, shutil.get_terminal_size().columns)
    return CleanConsole(stderr=stderr, highlight=False, width=width, force_terminal=False if lines else None)


def output() -> Console:
    """Return the console for results: standard output."""
    return _console(stderr=False)


def messages() -> Console:
    """Return the console for progress and messages: standard error."""
    return _console(stderr=True)


def show_tables(console: Console, tables: Iterable[Table]) -> None:
    """Print each table with its remarks under it, with the columns and in the order that the user chose.

    Raises:
        InputError: the user chose a column that no table has.
    """
    from dlbench.show.table_choice import current_choice

    draw_tables(console, current_choice().applied(tuple(tables)))


def draw_tables(console: Console, tables: Iterable[Table], low: bool = False) -> None:
    """Print each table with its remarks under it.

    On a narrow screen secondary columns give way, and below the table it says which; where that is not enough, each row
    becomes a small record. Keys and figures are never cut. On a `low` screen no row has a secondary text that takes
    several lines.
    """
    from dlbench.show.fitting import columns_that_fit, left_out_words, record_lines

    for table in map(localised_table, tables):
        kept = columns_that_fit(table, console.width, low)
        console.print()
        if table.title:
            console.print(Text(table.title, style="bold"))
        if kept is None:
            for row in table.rows:
                # a name that is wider than the screen goes on in the next line, whole for whoever copies it
                for number, line in enumerate(record_lines(table, row, console.width)):
                    console.print(Text(line, style="" if number else "bold"), soft_wrap=True)
        else:
            console.print(_drawn(table, kept, console.width))
            if left_out := left_out_words(table, kept, low):
                show_note(console, left_out)
        for note in table.notes:
            show_note(console, note)


def _drawn(table: Table, kept: Sequence[int], width: int) -> RichTable:
    from dlbench.show.fitting import folded_title, shown_text, widths

    drawn = RichTable(padding=(0, 1, 0, 0), box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for index, wide in zip(kept, widths(table, kept, width), strict=True):
        column = table.columns[index]
        side: Literal["left", "right"] = "right" if column.number else "left"
        title = Text(folded_title(column.title, wide))
        drawn.add_column(title, justify=side, width=wide, no_wrap=not column.wraps, overflow="fold")
    styles = {said(verdict): style for verdict, style in _VERDICT_STYLES.items()}
    for row in table.rows:
        # foreign names are text, never markup
        drawn.add_row(*(Text(shown_text(row[i]), style=_style_of(row[i], styles)) for i in kept))
    return drawn


def _style_of(cell: str, styles: Mapping[str, str]) -> str:
    return next((style for verdict, style in styles.items() if f"{cell} ".startswith(f"{verdict} ")), "")


def show_note(console: Console, text: str) -> None:
    """Print a remark below a table."""
    console.print(Padding(Text(text, style="dim"), (0, 0, 0, 2)))


def show_notes(console: Console, title: str, notes: Sequence[str], style: str = "yellow") -> None:
    """Print warnings or remarks as a list."""
    if notes:
        console.print()
        console.print(Text(said(title), style="bold"))
        for note in notes:
            console.print(Padding(Text(f"- {said(note)}", style=style), (0, 0, 0, 2)))


def show_wrote(console: Console, paths: Sequence[Path], then: Sequence[str]) -> None:
    """Say what was written and what to run next."""
    if paths or then:
        console.print()
    for path in paths:
        console.print(Text(tr("wrote {path}", path=path)), soft_wrap=True)
    for line in then:
        console.print(Text(tr("next: {line}", line=said(line)), style="cyan"), soft_wrap=True)


def show_findings(console: Console, findings: Iterable[Any]) -> None:
    """Print doctor's findings: what, state, detail, and how to fix it."""
    marks = {"ok": ("ok", "green"), "missing": ("no", "yellow"), "note": ("--", "cyan")}
    for finding in findings:
        mark, style = marks[finding.state]
        what = (f"{said(finding.what)}: ", "bold")
        console.print(Text.assemble((f"{said(mark)}  ", style), what, said(finding.detail)), soft_wrap=True)
        if finding.fix:
            console.print(Text(said(f"      to fix it: {finding.fix}"), style="dim"), soft_wrap=True)

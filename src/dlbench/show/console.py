"""Tables, notes and next steps in the terminal, drawn by Rich.

    show_tables(output(), tables)

Only commands print; the library returns values and calls back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
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

if TYPE_CHECKING:
    from dlbench.show.table import Table

__all__ = [
    "PIPE_WIDTH",
    "CleanConsole",
    "messages",
    "output",
    "show_findings",
    "show_notes",
    "show_tables",
    "show_wrote",
]

PIPE_WIDTH = 132  # a pipe or a file has no width of its own; 80 would fold every table
_VERDICT_STYLES = {
    "ran": "green",
    "partial": "yellow",
    "folded": "yellow",
    "unavailable": "yellow",
    "fell_back": "red",
    "failed": "red",
}


class CleanConsole(Console):
    """Rich's console, with no control code from a foreign name, message or argument: all output passes here."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render as Rich does; its own codes, such as colours, stay."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(without_controls(segment.text), segment.style)


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    # a notebook's `!dlbench` has a terminal that keeps every redrawn line: lines are printed there, as on a pipe
    lines = not stream.isatty() or in_notebook()
    return CleanConsole(
        stderr=stderr, highlight=False, width=PIPE_WIDTH if lines else None, force_terminal=False if lines else None
    )


def output() -> Console:
    """Return the console for results: standard output."""
    return _console(stderr=False)


def messages() -> Console:
    """Return the console for progress and messages: standard error."""
    return _console(stderr=True)


def show_tables(console: Console, tables: Iterable[Table]) -> None:
    """Print each table with its remarks under it; secondary columns give way on a narrow screen, and it says so."""
    from dlbench.show.texts import localised, tr

    for table in tables:
        kept = _columns_that_fit(table, console.width)
        for number, part in enumerate(_in_parts(table, kept, console.width)):
            drawn = RichTable(
                title=None if number else Text(table.title),
                title_justify="left",
                title_style="bold",
                padding=(0, 1, 0, 0),
                box=SIMPLE_HEAD,
            )
            for index in part:
                column = table.columns[index]
                side: Literal["left", "right"] = "right" if column.number else "left"
                drawn.add_column(Text(column.title), justify=side, no_wrap=not column.wraps)
            for row in table.rows:
                # foreign names are text, never markup
                drawn.add_row(
                    *(Text(str(localised(row[i])), style=_VERDICT_STYLES.get(row[i].split(" ")[0], "")) for i in part)
                )
            console.print()
            console.print(drawn)
        left_out = [c.title for i, c in enumerate(table.columns) if i not in kept]
        if left_out:
            note = tr("left out on this narrow screen (wider shows them): {columns}.", columns=", ".join(left_out))
            _note(console, note)
        for note in table.notes:
            _note(console, note)


def _note(console: Console, text: str) -> None:
    console.print(Padding(Text(text, style="dim"), (0, 0, 0, 2)))


def _columns_that_fit(table: Table, width: int) -> list[int]:
    """Return the columns to draw: secondary ones go, from the right, until the widest cells fit."""
    kept = list(range(len(table.columns)))
    for index in reversed(range(len(table.columns))):
        if _needed(table, kept) <= width:
            break
        if table.columns[index].secondary:
            kept.remove(index)
    return kept


def _in_parts(table: Table, kept: Sequence[int], width: int) -> list[list[int]]:
    """Return the columns in parts that fit, one below the other; each begins with the first column."""
    first, *others = kept
    parts = [[first]]
    for index in others:
        if len(parts[-1]) > 1 and _needed(table, [*parts[-1], index]) > width:
            parts.append([first])
        parts[-1].append(index)
    return parts


def _needed(table: Table, columns: Sequence[int]) -> int:
    """Return the width of these columns side by side, with the space around them."""
    return sum(_least_width(table, index) + 2 for index in columns) + 2


def _least_width(table: Table, index: int) -> int:
    column = table.columns[index]
    cells = [column.title, *(row[index] for row in table.rows)]
    return max(len(word) for cell in cells for word in (cell.split(" ") if column.wraps else [cell]))


def show_notes(console: Console, title: str, notes: Sequence[str], style: str = "yellow") -> None:
    """Print warnings or remarks as a list."""
    if notes:
        console.print()
        console.print(Text(title, style="bold"))
        for note in notes:
            console.print(Padding(Text(f"- {note}", style=style), (0, 0, 0, 2)))


def show_wrote(console: Console, paths: Sequence[Path], then: Sequence[str]) -> None:
    """Say what was written and what to run next."""
    console.print()
    for path in paths:
        console.print(Text(f"wrote {path}"), soft_wrap=True)
    for line in then:
        console.print(Text(f"next: {line}", style="cyan"), soft_wrap=True)


def show_findings(console: Console, findings: Iterable[Any]) -> None:
    """Print doctor's findings: what, state, detail, and how to fix it."""
    marks = {"ok": ("ok", "green"), "missing": ("no", "yellow"), "note": ("--", "cyan")}
    for finding in findings:
        mark, style = marks[finding.state]
        console.print(
            Text.assemble((f"{mark}  ", style), (f"{finding.what}: ", "bold"), finding.detail), soft_wrap=True
        )
        if finding.fix:
            console.print(Text(f"      to fix it: {finding.fix}", style="dim"), soft_wrap=True)

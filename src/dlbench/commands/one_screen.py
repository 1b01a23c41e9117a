"""What a command shows by default: its answer on one screen of 80 x 24. With --full it shows all.

show_screen(Screen(result.tables(), result.sentences(), result.warnings(), paths, ("dlbench compare cnn",)))

A screen has the table with as many rows as there is room for, what there is to say in short, the first warning with the
number of the others, what was written and what to do next. What is left out is named in the last line. Where all is too
long, this goes first: sentences of less weight, what to do second, the end of the warning, rows. No sentence is cut in
its middle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.show.table_choice import current_choice
from dlbench.show.texts import said, tr

if TYPE_CHECKING:
    from rich.console import Console

    from dlbench.show.table import Table

SCREEN_LINES = 22  # two of the 24 are left for what was typed and for the next prompt
_LEAST_ROWS = 3
_MOST_LINES_OF_A_TEXT = 3
_MOST_FILES = 5  # named a folder; then the first ones, and how many more
_LONG_STEM = 12
_LEAST_TEXT = 20  # characters of a warning
_CUT = " ..."
_SENTENCE = re.compile(r"; |, (?:so|ezért) |\. (?=[A-ZÁÉÍÓÖŐÚÜŰ])")  # what stands before it is a whole statement
_REASON = re.compile(r": ")
_MARK = re.compile(r"(?<!\S)([*?]): ")  # a mark in cells, in front of what it means


def first_rows(table: Table, rows: int) -> Table:
    """Return the table with its first rows, and with those that add up all."""
    end = len(table.rows) - table.totals
    return table if rows >= end else replace(table, rows=table.rows[:rows] + table.rows[end:])


@dataclass(frozen=True)
class Screen:
    """What a command has to say, the most important first."""

    tables: Sequence[Table]
    in_short: Sequence[str] = ()
    warnings: Sequence[str] = ()
    written: Sequence[Path] = ()
    then: Sequence[str] = ()
    notes: Sequence[str] = ()  # shown as warnings are, after them
    shortened: Callable[[Table, int], Table] = first_rows  # a table with no more than so many rows
    elsewhere: Sequence[str] = ()  # what --full shows beside all this
    counted: Callable[[int], str] | None = None  # says what is left out where so many rows are shown; None: all rows
    foot: Sequence[str] = ()  # what the marks in the tables mean, in a line or two below them
    least: int = 1  # so many sentences stay as long as rows can go
    must: int = 1  # so many stay rather than what to do next
    spare: int = 0  # so many of those go before rows do
    full: str = "--full"  # what shows all: another command where this one would measure again


@dataclass(frozen=True)
class _Part:
    """How much of it all fits."""

    tables: int
    rows: int
    sentences: int
    then: int = 9  # of what to do next, beside what shows all
    warning: int = _MOST_LINES_OF_A_TEXT  # lines of the first warning
    gap: bool = False  # an empty line below what the marks mean


def show_screen(screen: Screen) -> None:
    """Print what fits one screen, or all of it where --full was given.

    Raises:
        InputError: the user chose a column that no table has.
    """
    from dlbench.show.console import output

    console = output()
    screen = replace(screen, foot=(*screen.foot, *_disturbed(screen)))
    if current_choice().full:
        _show_all(console, screen)
        return
    screen = replace(screen, tables=current_choice().applied(screen.tables))
    part = next((part for part in _parts(screen) if _fits(console, screen, part)), _Part(1, 1, 0, 0, 1))
    for lines in range(part.warning + 1, _MOST_LINES_OF_A_TEXT + 1):  # what sentences left over
        longer = replace(part, warning=lines)
        part = longer if _fits(console, screen, longer) else part
    wider = replace(part, gap=True)
    _show(console, screen, wider if _fits(console, screen, wider) else part)


def _disturbed(screen: Screen) -> Iterator[str]:
    """Say what ~ means where a figure has one and nothing else below the table says it."""
    marked = any(cell.startswith("~") for table in screen.tables for row in table.rows for cell in row)
    if marked and not any("~:" in text for text in screen.foot):
        yield tr("~: a rough guide") + "."


def _fits(console: Console, screen: Screen, part: _Part) -> bool:
    with console.capture() as capture:
        _show(console, screen, part)
    return _screen_lines(capture.get(), console.width) <= SCREEN_LINES


def _parts(screen: Screen) -> Iterator[_Part]:
    """Yield what to try, the most first: sentences go before tables, and rows of the first table last."""
    rows = max((len(table.rows) for table in screen.tables), default=0)
    every = len(screen.in_short)
    least = min(screen.least, every)
    for tables in range(len(screen.tables), 0, -1):
        for sentences in range(every, least - 1, -1) if rows <= SCREEN_LINES else ():
            yield _Part(tables, rows, sentences)
    for fewer in range(min(rows, SCREEN_LINES), _LEAST_ROWS - 1, -1):
        yield _Part(1, fewer, every)
        yield _Part(1, fewer, least)
        yield from (_Part(1, fewer, least, then=1, warning=lines) for lines in range(_MOST_LINES_OF_A_TEXT, 0, -1))
        for sentences in range(least - 1, max(least - screen.spare, 0) - 1, -1):
            yield _Part(1, fewer, sentences, then=1, warning=1)
    for sentences in range(least, -1, -1):
        yield _Part(1, _LEAST_ROWS, sentences, then=1, warning=1)
        if sentences == screen.must:
            yield _Part(1, _LEAST_ROWS, sentences, then=0, warning=1)
    yield from (_Part(1, fewer, min(screen.must, every), then=0, warning=1) for fewer in range(_LEAST_ROWS - 1, 0, -1))


def _show_all(console: Console, screen: Screen) -> None:
    from dlbench.show.console import show_note, show_notes, show_tables, show_wrote

    show_tables(console, screen.tables)
    for text in screen.foot:
        show_note(console, text)
    show_notes(console, tr("In short"), screen.in_short, style="")
    show_notes(console, tr("Notes"), screen.notes)
    show_notes(console, tr("Warnings"), screen.warnings)
    show_wrote(console, screen.written, screen.then)


def _show(console: Console, screen: Screen, part: _Part) -> None:
    from rich.text import Text

    from dlbench.show.console import draw_tables, show_note

    tables = [screen.shortened(table, part.rows) for table in screen.tables[: part.tables] if table.rows]
    draw_tables(console, [replace(table, notes=()) for table in tables], low=True)
    foot = [text for text in screen.foot if _is_needed(text, tables)]
    for text in foot:
        show_note(console, text)
    if part.gap or not foot:
        console.print()
    for sentence in screen.in_short[: part.sentences]:
        console.print(Text(said(sentence)))
    remark = _remark(screen, console.width, part.warning)
    if remark:
        console.print(Text(remark, style="yellow"))
    for line in _written(screen.written):
        console.print(Text(line), soft_wrap=True)
    for line in (
        *screen.then[: part.then],
        *_more(screen, part, bool(screen.warnings) and said(screen.warnings[0]) not in remark),
    ):
        console.print(Text(tr("next: {what}", what=said(line)), style="cyan"), soft_wrap=True)


def _is_needed(text: str, tables: Sequence[Table]) -> bool:
    """Say whether what a text explains is there: a mark that stands in no row that is shown needs no word."""
    marks = _MARK.findall(text) if _MARK.match(text) else []
    return not marks or any(mark in cell for mark in marks for t in tables for row in t.rows for cell in row)


def _remark(screen: Screen, width: int, lines: int) -> str:
    """Return the first warning, or the first note where there is none, and how many more there are."""
    if not screen.warnings and not screen.notes:
        return ""
    first, *others = map(said, (*screen.warnings, *screen.notes))
    room = lines * (width - (12 if lines > 1 else 0)) - (12 if lines > 1 else 24)
    first = _brief(first, max(room, _LEAST_TEXT), _MOST_LINES_OF_A_TEXT * (width - 12) - 12)
    text = tr("warning: {text}", text=first) if screen.warnings else tr("note: {text}", text=first)
    return text + (tr(" (+{n} more)", n=len(others)) if others else "")


def _brief(text: str, room: int, most: int) -> str:
    """Return what a text says first, as many whole statements as there is room for, or else the first one.

    Only a message from elsewhere that is one long statement ends in the middle, and says so.
    """
    if len(text) <= room:
        return text
    for ends in (_SENTENCE, _REASON):
        starts = [text[: found.start()] for found in ends.finditer(text)]
        whole = [start for start in starts if start.count("(") == start.count(")") and len(start) <= most]
        if whole:
            return max((start for start in whole if len(start) <= room), key=len, default=whole[0]) + "."
    return text[:room].rsplit(" ", 1)[0] + _CUT


def _written(paths: Sequence[Path]) -> Iterator[str]:
    """Yield a line for each folder, with the files that were written there; a long stem stands once."""
    folders: dict[Path, list[Path]] = {}
    for path in paths:
        folders.setdefault(path.parent, []).append(path)
    for folder, files in folders.items():
        stem = files[0].stem
        names = [p.suffix if p.stem == stem and len(stem) > _LONG_STEM else p.name for p in files[1:]]
        told = ", ".join([files[0].name, *names][:_MOST_FILES])
        if len(files) > _MOST_FILES:
            told = tr("{some} and {n} more", some=told, n=len(files) - _MOST_FILES)
        yield tr("wrote {files} in {folder}", files=told, folder=folder)


def _more(screen: Screen, part: _Part, cut: bool) -> Iterator[str]:
    """Yield what --full would show beside this."""
    rest = list(screen.elsewhere)
    for table in screen.tables[: part.tables]:
        shown = len(screen.shortened(table, part.rows).rows)
        if screen.counted is not None:
            rest[:0] = filter(None, [screen.counted(shown)])
        elif shown < len(table.rows):
            rest.append(tr("all {n} rows", n=len(table.rows) - table.totals))
    rest += [f'"{said(table.title)}"' for table in screen.tables[part.tables :]]
    if len(screen.warnings) + len(screen.notes) > 1:
        rest.append(tr("all {n} warnings", n=len(screen.warnings) + len(screen.notes)))
    elif cut:
        rest.append(tr("the whole warning"))
    if not screen.elsewhere and (any(table.notes for table in screen.tables) or part.sentences < len(screen.in_short)):
        rest.append(tr("what the figures mean"))
    if rest:
        what = tr("{some} and {last}", some=", ".join(rest[:-1]), last=rest[-1]) if rest[1:] else rest[0]
        yield tr("{how} shows {what}", how=screen.full, what=what)


def _screen_lines(text: str, width: int) -> int:
    """Return how many lines of a screen a printed text takes; lines that are too long take several."""
    from rich.cells import cell_len
    from rich.text import Text

    return sum(max(1, -(-cell_len(line.rstrip()) // width)) for line in Text.from_ansi(text).plain.split("\n")[:-1])

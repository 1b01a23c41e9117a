"""What of a table fits a screen: which columns, how wide, and when each row is better a record of its own.

columns = columns_that_fit(table, width=80)       # None: not even what must stay fits, draw records
widths(table, columns, width=80)

Keys and figures are never cut. Secondary columns are left out until the rest fits: first those that are empty, then the
highest number, equal ones from the right.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich.cells import cell_len

from dlbench.show.plain_text import without_controls
from dlbench.show.table import Table
from dlbench.show.texts import tr

_GAP = 2  # columns of a screen between two columns of a table
_LONG_WORD = 24
_BETWEEN = "   "  # between two facts of a record


def shown_text(cell: str) -> str:
    """Return a cell as the terminal shows it."""
    return without_controls(str(cell)).replace("\t", " ")


def columns_that_fit(table: Table, width: int, low: bool = False) -> list[int] | None:
    """Return the places of the columns to draw; None where the keys and what must stand beside them do not fit.

    On a low screen, secondary texts that would take several lines a row are left out.
    """
    givers = [i for i, column in enumerate(table.columns) if column.secondary and i not in table.key_columns]
    tall = [i for i in givers if low and table.columns[i].wraps]
    kept = {i: _least_width(table, i) for i in range(len(table.columns)) if i not in tall}
    givers = [i for i in givers if i not in tall]
    givers.sort(key=lambda i: (any(row[i].strip() for row in table.rows), -int(table.columns[i].secondary), -i))
    while givers and _side_by_side(kept.values()) > width:
        del kept[givers.pop(0)]
    return list(kept) if _side_by_side(kept.values()) <= width else None


def left_out_words(table: Table, kept: Collection[int], low: bool = False) -> str:
    """Say which columns a screen does not show; "": it shows all. On a low one another line says what shows them."""
    left = [column for place, column in enumerate(table.columns) if place not in kept]
    columns = ", ".join(" ".join(column.title.replace("/\n", "/").split()) for column in left)
    if not left:
        return ""
    if low:
        return tr("left out on this screen: {columns}.", columns=columns)
    return tr("left out on this screen: {columns}; `to_frame()` shows all.", columns=columns)


def widths(table: Table, columns: Sequence[int], width: int) -> list[int]:
    """Return the width of each column: as wide as its widest cell, and where they wrap, what is left is shared out."""
    given = [_least_width(table, i) for i in columns]
    wanted = [_width([*_lines(table, i), *table.columns[i].title.split("\n")]) for i in columns]
    left = width - _side_by_side(given)
    while left > 0 and (short := [k for k, (has, wants) in enumerate(zip(given, wanted, strict=True)) if has < wants]):
        narrowest = min(short, key=lambda k: given[k])
        given[narrowest] += 1
        left -= 1
    return given


def record_lines(table: Table, row: Sequence[str], width: int) -> list[str]:
    """Return a row as lines: what it is, and below it each fact with its title; what is empty is left out."""
    heads, facts = [], []
    for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
        text, title = (" ".join(each.split()) for each in (shown_text(cell), column.title))
        if text and place in table.key_columns:
            heads.append(f"{title} {text}" if column.number else text)
        elif text:
            facts.append(f"{title}: {text}")
    return _packed(heads, ", ", width, "") + _packed(facts, _BETWEEN, width, "  ")


def _packed(parts: Sequence[str], between: str, width: int, indent: str) -> list[str]:
    """Return the parts in as few lines as they need; one that is wider than the screen breaks at its words."""
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(lines[-1] + between + part) <= width:
            lines[-1] += between + part
        elif cell_len(indent + part) <= width:
            lines.append(indent + part)
        else:
            lines += _folded(part, width, indent, indent + "  ")
    return lines


def _folded(text: str, width: int, first: str, others: str) -> list[str]:
    """Return a text in lines, with what stands in front of the first and of the others."""
    word, *words = text.split(" ")
    lines = [first + word]
    for word in words:
        if cell_len(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(others + word)
    return lines


def _side_by_side(widths: Collection[int]) -> int:
    """Return the width of columns with the space between them."""
    return sum(widths) + _GAP * (len(widths) - 1)


def _least_width(table: Table, index: int) -> int:
    lines, column = _lines(table, index), table.columns[index]
    if column.wraps:
        longest = _width([word for line in lines for word in line.split(" ")])
        # a long word in a text, such as an address, goes on in the next line; a name or a figure stays whole
        least = longest if column.number or index in table.key_columns else min(longest, _LONG_WORD)
    else:
        least = _width(lines)
    return max(least, _least_title_width(column.title))


def _least_title_width(title: str) -> int:
    """Return the least width at which a title stands in two lines, or in those that it has."""
    if "\n" in title:
        return _width(title.split("\n"))
    words = title.split(" ")
    halves = ((words[:cut], words[cut:]) for cut in range(1, len(words) + 1))
    return min(max(_width([" ".join(first)]), _width([" ".join(rest)])) for first, rest in halves)


def folded_title(title: str, width: int) -> str:
    """Return a title with its line breaks, for a column of this width."""
    return "\n".join(line for part in title.split("\n") for line in _folded(part, width, "", ""))


def _lines(table: Table, index: int) -> list[str]:
    return [line for row in table.rows for line in shown_text(row[index]).split("\n")]


def _width(texts: Sequence[str]) -> int:
    return max(map(cell_len, texts), default=0)

"""What a table is, whoever draws it: text in cells, under titled columns, with remarks below.

Table("speed", "Speed", (Column("network", number=False), Column("median")), (("cnn", "38 µs"),))
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Column", "Table"]


@dataclass(frozen=True)
class Column:
    """A column's title; numbers stand to the right; secondary ones give way, and some may wrap, on a narrow screen."""

    title: str
    number: bool = True
    secondary: bool = False
    wraps: bool = False


@dataclass(frozen=True)
class Table:
    """A table of text cells with the remarks that belong under it."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # of the first rows, so that a question can point at one

    def anchor(self, row: int) -> str:
        """Return the name of a row in the page."""
        return f"{self.key}-{row + 1}"

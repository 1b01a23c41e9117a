"""What a table is, whoever draws it: text in cells, under titled columns, with remarks below.

Table("speed", "Speed", (Column("network", number=False, key=True), Column("median")), (("cnn", "38 µs"),))
Table.of("speed", "Speed", cells, ((Column("network", number=False, key=True), lambda cell: cell.model),))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class Column:
    """A column's title; numbers stand to the right; some may wrap on a narrow screen.

    A key says which row it is (network, machine, device, batch, id, provider): it is never left out and never cut. The
    others may be left out on a narrow screen if they are `secondary`: the highest first, equal ones from the right.
    """

    title: str
    number: bool = True
    secondary: int = 0
    wraps: bool = False
    key: bool = False


S = TypeVar("S")
T = TypeVar("T")
Filled = tuple[Column, Callable[[T], str]]  # a column, and what stands in it for each thing that has a row


def through(columns: Iterable[Filled[T]], part: Callable[[S], T]) -> Iterator[Filled[S]]:
    """Yield the columns for things of which they show a part."""
    for column, shown in columns:
        yield column, _after(shown, part)


def _after(shown: Callable[[T], str], part: Callable[[S], T]) -> Callable[[S], str]:
    return lambda thing: shown(part(thing))


@dataclass(frozen=True)
class Table:
    """A table of text cells with the remarks that belong under it."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # of the first rows, so that a question can point at one
    totals: int = 0  # so many rows at the end add up the others: they stay there when the table is sorted

    @classmethod
    def of(
        cls,
        key: str,
        title: str,
        things: Iterable[T],
        columns: Sequence[Filled[T]],
        notes: Iterable[str] = (),
        keys: Callable[[T], str] | None = None,
    ) -> Table:
        """Return a table with a row for each thing, its columns beside what stands in them."""
        things = tuple(things)
        rows = tuple(tuple(shown(thing) for _, shown in columns) for thing in things)
        names = tuple(map(keys, things)) if keys else ()
        return cls(key, title, tuple(column for column, _ in columns), rows, tuple(notes), names)

    def anchor(self, row: int) -> str:
        """Return the name of a row in the page."""
        return f"{self.key}-{row + 1}"

    @property
    def key_columns(self) -> tuple[int, ...]:
        """The places of the columns that say which row it is: the first one where none is marked."""
        return tuple(i for i, column in enumerate(self.columns) if column.key) or (0,)

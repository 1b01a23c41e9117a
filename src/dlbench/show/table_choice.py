"""Which columns of a table, in which order of rows, and how much of it all: what --columns, --sort and --full ask for.

with choosing(TableChoice.of(columns="network,median", sort="-median")):
    show_tables(console, tables)              # every table that is shown inside follows it

A column is named by its title or by its words alone: "95 % interval" and "95-interval" are the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from dlbench.errors import InputError, close_matches
from dlbench.show.table import Column, Table
from dlbench.show.texts import said, tr
from dlbench.show.units import Figure

_EVERY = "all"
_MOST_NAMED = 16  # columns, in an error; `all` shows them all
_NUMBER = r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"  # 12, 1,234.5; of 1,8,32 the 1
_UNIT = re.compile(r"\s*\[[^]]*\]$")  # behind a title, which is known without it
_UNKNOWN = ("", "-", "n/a", "unknown")


@dataclass(frozen=True)
class TableChoice:
    """What the user wants to see of the tables."""

    columns: tuple[str, ...] = ()  # in this order; none: those that fit; "all": each one, on every screen
    sort: tuple[str, ...] = ()  # the first counts most; a minus in front: from the largest to the smallest
    full: bool = False  # all tables, not what fits one screen
    wrong: list[InputError] | None = None  # takes unknown names, to be told when all is shown; None: told at once

    @classmethod
    def of(
        cls,
        columns: str | None = None,
        sort: str | None = None,
        full: bool = False,
        wrong: list[InputError] | None = None,
    ) -> TableChoice:
        """Return the choice that was typed.

        Raises:
            InputError: an option without a name.
        """
        return cls(_names("--columns", columns), _names("--sort", sort), full, wrong)

    @property
    def of_tables(self) -> bool:
        """Whether columns or an order were chosen, so that what is a list otherwise is better a table."""
        return bool(self.columns or self.sort)

    def known_in(self, tables: Sequence[Table]) -> bool:
        """Say whether these tables have every column that was named."""
        return all(any(_places(table, name) for table in tables) for name in (*self.named_columns, *self._order))

    @property
    def named_columns(self) -> tuple[str, ...]:
        """The columns that were named; none where all are wanted, or nothing was said."""
        return self.columns if self.columns != (_EVERY,) else ()

    @property
    def _order(self) -> tuple[str, ...]:
        return tuple(name.removeprefix("-") for name in self.sort)

    def applied(self, tables: Sequence[Table]) -> tuple[Table, ...]:
        """Return the tables as asked for; those that have none of the columns are left out.

        Raises:
            InputError: no table has such a column.
        """
        wanted = self.named_columns
        try:
            self._check("--columns", tables, wanted)
            self._check("--sort", tables, self._order)
        except InputError as error:
            if self.wrong is None:
                raise
            self.wrong.append(error)
            return tuple(tables)
        kept = [table for table in tables if not wanted or any(_places(table, name) for name in wanted)]
        return tuple(self._chosen(self._sorted(table)) for table in kept)

    def expect(self, columns: Sequence[Column]) -> None:
        """Check the choice against all columns that there will be, before the work; none: they are not known yet.

        Raises:
            InputError: none of them has such a name.
        """
        heads = (Table(key="", title="", columns=tuple(columns), rows=()),) if columns else ()
        self._check("--columns", heads, self.named_columns)
        self._check("--sort", heads, self._order)

    def _check(self, option: str, tables: Sequence[Table], names: Sequence[str]) -> None:
        known = list(dict.fromkeys(column_name(said(c.title)) for table in tables for c in table.columns))
        for name in names:
            if tables and not any(_places(table, name) for table in tables):
                near = close_matches(column_name(name), known)
                names, others, asked = ", ".join(known[:_MOST_NAMED]), len(known) - _MOST_NAMED, name[:80]
                if others > 0:
                    raise InputError(f"{option}: expected {names} or one of {others} more, received {asked!r}.{near}")
                raise InputError(f"{option}: expected {names}, received {asked!r}.{near}")

    def _chosen(self, table: Table) -> Table:
        """Return the table with the chosen columns; keys that were not named stand in front."""
        if not self.columns:
            return table
        named = [i for name in self.columns for i in _places(table, name)]
        keys = [i for i in table.key_columns if i not in named]
        places = list(dict.fromkeys(keys + named)) if self.columns != (_EVERY,) else list(range(len(table.columns)))
        columns = tuple(_essential(table, i) for i in places)
        return replace(table, columns=columns, rows=tuple(tuple(row[i] for i in places) for row in table.rows))

    def _sorted(self, table: Table) -> Table:
        order = list(range(len(table.rows) - table.totals))
        for name in reversed(self.sort):
            for place in _places(table, name.removeprefix("-"))[:1]:
                order = _in_order(table, order, place, falling=name.startswith("-"))
        keys = tuple(table.keys[i] for i in order) if len(table.keys) == len(order) else table.keys
        order += range(len(order), len(table.rows))
        return replace(table, rows=tuple(table.rows[i] for i in order), keys=keys)


def _in_order(table: Table, order: Sequence[int], place: int, falling: bool) -> list[int]:
    """Return the rows by what stands in a column; what is not known stands last either way."""
    known = [i for i in order if table.rows[i][place].strip() not in _UNKNOWN]
    values = {i: _sort_value(table.rows[i][place], table.columns[place].number) for i in known}
    return sorted(known, key=values.__getitem__, reverse=falling) + [i for i in order if i not in values]


_current: ContextVar[TableChoice] = ContextVar("table_choice", default=TableChoice())  # noqa: B039 (frozen)


def current_choice() -> TableChoice:
    """Return the choice in use."""
    return _current.get()


@contextmanager
def choosing(choice: TableChoice) -> Iterator[None]:
    """Show tables inside the block as chosen."""
    token = _current.set(choice)
    try:
        yield
    finally:
        _current.reset(token)


def column_name(title: str) -> str:
    """Return a title as it is typed: its words in small letters, without accents and marks, joined by hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall(r"[a-z0-9]+", plain)) or title


def _names(option: str, typed: str | None) -> tuple[str, ...]:
    names = tuple(name.strip() for name in (typed or "").split(","))
    if typed is not None and not all(name.removeprefix("-").strip() for name in names):
        raise InputError(f"{option}: expected names of columns, separated by commas, received {typed[:80]!r}.")
    return names if typed is not None else ()


def _places(table: Table, name: str) -> list[int]:
    """Return where the columns of this name stand; an English name is known in every language."""
    names = {column_name(each) for each in (name, tr(name), tr(name.replace("-", " ")))}
    titles = [
        {column_name(text) for title in (column.title, said(column.title)) for text in (title, _UNIT.sub("", title))}
        for column in table.columns
    ]
    return [place for place, these in enumerate(titles) if these & names]


def _essential(table: Table, place: int) -> Column:
    return replace(table.columns[place], secondary=0, key=place in table.key_columns)


def _sort_value(cell: str, number: bool) -> tuple[bool, float, str]:
    value = cell.value if isinstance(cell, Figure) else None
    if value is None and number and (match := re.search(_NUMBER, cell)):
        value = float(match[0].replace(",", ""))
    return (value is None, value or 0.0, cell.casefold())

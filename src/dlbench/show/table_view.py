"""Tables as a value: in a session they print themselves as the command does, in a notebook they are HTML.

view = TableView(tables)
print(view)
view.to_frame()                      # pandas, where it is installed
"""

from __future__ import annotations

import importlib
import io
import shutil
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from dlbench.errors import InputError, MissingExtraError, close_matches
from dlbench.show.html import html_list, html_table
from dlbench.show.table import Column, Table
from dlbench.show.texts import language, says_errors
from dlbench.show.units import Figure


class TableView(Sequence[Table]):
    """Tables that print themselves."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tuple(tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __getitem__(self, index: Any) -> Any:
        return self._tables[index]

    def __repr__(self) -> str:
        from dlbench.show.console import PIPE_WIDTH, CleanConsole, show_tables

        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
        # not Jupyter's console, which would put an empty box beside the table
        console = CleanConsole(file=io.StringIO(), width=width, highlight=False, color_system=None, force_jupyter=False)
        with console.capture() as capture:
            show_tables(console, self._tables)
        return "\n".join(line.rstrip() for line in capture.get().strip("\n").splitlines())

    def _repr_html_(self) -> str:
        return "".join(map(html_table, self._tables))

    @says_errors
    def to_frame(self) -> Any:
        """Return the first table as a pandas DataFrame: numbers in base units where the table has them.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        first = self._tables[0]
        titles = [column.title for column in first.columns]
        return frame_of([dict(zip(titles, map(_value, row), strict=True)) for row in first.rows])


class WithTables(ABC):
    """What every result has in common: its tables, as text, HTML and data frame."""

    every_column: ClassVar[tuple[Column, ...]] = ()  # of all its tables, where they don't depend on what was found

    @abstractmethod
    def tables(self) -> TableView:
        """Return all tables that the command prints for this result."""

    @says_errors
    def table(self, key: str | None = None) -> TableView:
        """Return the first table, or the one with this key.

        Raises:
            InputError: no table has this key.
        """
        tables = self.tables()
        if key is None:
            return TableView(tables[:1])
        keys = [table.key for table in tables]
        if key not in keys:
            near = close_matches(key, keys)
            raise InputError(f"key: expected one of {', '.join(keys)}, received {key[:80]!r}.{near}")
        return TableView([tables[keys.index(key)]])

    @says_errors
    def to_frame(self) -> Any:
        """Return the result as a pandas DataFrame: its records in base units, or the lines of its first table.

        Columns have their English names in any language.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        records = self._records()
        if records is not None:
            return frame_of(records)
        with language("en"):
            return self.tables().to_frame()

    def _records(self) -> Sequence[Mapping[str, object]] | None:
        """Return what the data frame holds where it is more than the first table shows."""
        return None

    def sentences(self) -> Sequence[str]:
        """Return what there is to know in short."""
        return ()

    def _repr_html_(self) -> str:
        return self.table()._repr_html_() + html_list(self.sentences())


def frame_of(rows: Sequence[Mapping[str, object]]) -> Any:
    """Return rows as a pandas DataFrame.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ModuleNotFoundError as error:
        raise MissingExtraError("to_frame needs pandas, which is not installed; pip install pandas") from error
    return pandas.DataFrame(list(rows))


def _value(cell: str) -> str | float | None:
    return cell.value if isinstance(cell, Figure) else cell

"""What was measured, as values that show themselves: a result, and a comparison of two.

result = Result.of(compare(...))
result.table(), result.tables(), result.to_frame()
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dlbench.api.arguments import PathLike
from dlbench.bench.diff.judge import Diff as DiffRecord
from dlbench.bench.report.result_csv import cell_records
from dlbench.bench.report.tables.diff_tables import diff_table
from dlbench.bench.report.tables.result_tables import all_tables
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Result as ResultRecord
from dlbench.bench.results.schema import write_result
from dlbench.show.table_view import TableView, WithTables, frame_of

__all__ = ["Diff", "Result"]


class Result(WithTables, ResultRecord):
    """A comparison: what `dlbench.result/1` holds, with its tables."""

    @classmethod
    def of(cls, record: ResultRecord) -> Result:
        """Return the same result with its tables."""
        return cls.model_construct(**dict(record))

    def save(self, path: PathLike) -> Path:
        """Write the result to a file that `read_result` and every command read.

        Raises:
            WorkspaceError: the place can't be written.
        """
        return write_result(self, Path(path))

    def tables(self) -> TableView:
        """Return all tables of `dlbench compare`: speed, placement, cost, energy, networks, ..."""
        return TableView(all_tables(self))

    def to_frame(self) -> Any:
        """Return one row for each cell, in base units (pandas).

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return frame_of(cell_records((Entry(self.machine.fingerprint, self),)))


class Diff(WithTables, DiffRecord):
    """Two results or two models compared: one row for each cell, with a verdict."""

    @classmethod
    def of(cls, record: DiffRecord) -> Diff:
        """Return the same comparison with its table."""
        return cls.model_construct(**dict(record))

    def tables(self) -> TableView:
        """Return the table of `dlbench diff`."""
        return TableView((diff_table(self),))

    def to_frame(self) -> Any:
        """Return one row for each cell, in base units (pandas).

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return frame_of([row.model_dump() for row in self.rows])

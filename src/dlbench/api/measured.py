"""What was measured, as values that show themselves: a result, a comparison of two, and many over time.

result = Result.of(compare(...))
result.table(), result.tables(), result.to_frame()
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from dlbench.api.arguments import PathLike
from dlbench.bench.diff.judge import Diff as DiffRecord
from dlbench.bench.diff.over_time import Point, Series
from dlbench.bench.report.charts.history_charts import history_charts
from dlbench.bench.report.result_csv import cell_records
from dlbench.bench.report.tables.diff_tables import DIFF_COLUMNS, diff_table
from dlbench.bench.report.tables.history_tables import change_words, history_table, points_table
from dlbench.bench.report.tables.result_tables import all_tables
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Result as ResultRecord
from dlbench.bench.results.schema import write_result
from dlbench.show.svg import Charts
from dlbench.show.table_view import TableView, WithTables
from dlbench.show.texts import says_errors, tr


class Result(WithTables, ResultRecord):
    """A comparison: what `dlbench.result/1` holds, with its tables."""

    @classmethod
    def of(cls, record: ResultRecord) -> Result:
        """Return the same result with its tables."""
        return cls.model_construct(**dict(record))

    @says_errors
    def save(self, path: PathLike) -> Path:
        """Write the result to a file that `read_result` and every command read.

        Raises:
            WorkspaceError: the place can't be written.
        """
        return write_result(self, Path(path))

    def tables(self) -> TableView:
        """Return all tables of `dlbench compare`: speed, placement, cost, energy, networks, ..."""
        return TableView(all_tables(self))

    def _records(self) -> list[dict[str, Any]]:
        return cell_records((Entry.of(self),))


class Diff(WithTables, DiffRecord):
    """Two results or two models compared: one row for each cell, with a verdict."""

    every_column: ClassVar = DIFF_COLUMNS

    @classmethod
    def of(cls, record: DiffRecord) -> Diff:
        """Return the same comparison with its table."""
        return cls.model_construct(**dict(record))

    def tables(self) -> TableView:
        """Return the table of `dlbench diff`."""
        return TableView((diff_table(self),))

    def _records(self) -> list[dict[str, Any]]:
        return [row.model_dump() for row in self.rows]


@dataclass(frozen=True, repr=False)
class History(WithTables):
    """Cells over time, one series a cell."""

    series: tuple[Series, ...]
    left_out: tuple[str, ...] = ()  # files that are no results, a line each

    def __repr__(self) -> str:
        marked = sum(len(series.changes) for series in self.series)
        return f"<History: {len(self.series)} cells, {marked} changes>"

    def tables(self) -> TableView:
        """Return the table of one cell point by point; of several a line each."""
        if len(self.series) == 1:
            return TableView((points_table(self.series[0]),))
        return TableView((history_table(self.series),))

    def charts(self) -> Charts:
        """Return a chart for each network."""
        return Charts(history_charts(self.series))

    def sentences(self) -> list[str]:
        """Return what there is to know in short."""
        results = len({point.file for series in self.series for point in series.points})
        changed = [series for series in self.series if series.changes]
        if results == 1:
            return [tr("There is one result: nothing to hold it against yet.")]
        if not changed:
            return [tr("No figure moved outside the noise over {n} results.", n=results)]
        last = max((series.changes[-1] for series in changed), key=lambda point: point.created)
        values = {"n": len(changed), "all": len(self.series), "results": results, "change": change_words(last)}
        moved = [tr("{n} of {all} cells changed over {results} results; the last change: {change}.", **values)]
        return [
            *moved,
            *([tr("New since the result before it: {news}.", news="; ".join(last.notes))] if last.notes else []),
        ]

    def document(self) -> dict[str, Any]:
        """Return the machine form, `dlbench.history/1`."""
        series = [{**vars(one.key), "points": [_point_document(point) for point in one.points]} for one in self.series]
        return {"schema": "dlbench.history/1", "series": series, "left_out": list(self.left_out)}


def _point_document(point: Point) -> dict[str, Any]:
    latency, row = point.cell.latency_s, point.row
    return {
        "file": point.file,
        "created": point.created,
        "label": point.label,
        "p50_s": latency.p50 if latency else None,
        "ci_low_s": latency.ci_low if latency else None,
        "ci_high_s": latency.ci_high if latency else None,
        "change": point.change or None,
        "verdict": row.verdict if row else None,
        "reason": row.reason if row else None,
        "ratio": row.ratio if row else None,
        "ratio_low": row.ratio_low if row else None,
        "ratio_high": row.ratio_high if row else None,
        "notes": list(point.notes),
    }

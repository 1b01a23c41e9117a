"""A history as tables: one cell point by point, or a line for each of many cells.

history_table(every_series), points_table(series)
"""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.bench.diff.over_time import Point, Series
from dlbench.bench.report.answer_words import marked, times_text
from dlbench.bench.report.diff_words import row_times
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table
from dlbench.show.texts import tr

_MOST_BARS = 20
_BARS = "▁▂▃▄▅▆▇█"
_LEAST_HALF = 0.1  # of the range, as a share of its middle: noise of a per cent looks flat, as it should


def history_table(every: Sequence[Series]) -> Table:
    """Return one row for each cell: its bars, its latest median and its last change."""
    several = len({s.key.machine for s in every}) > 1
    machine: Filled[Series] = (Column(tr("machine"), False, key=True), lambda s: s.key.machine)
    columns: tuple[Filled[Series], ...] = (
        *([machine] if several else []),
        (Column(tr("network"), False, wraps=True, key=True), lambda s: _network(s, every)),
        (Column(tr("provider"), False, key=True), lambda s: _place(s, every)),
        (Column(tr("batch"), key=True), lambda s: units.number(s.key.batch, "{:d}")),
        (Column(tr("results")), lambda s: units.number(len(s.points), "{:d}")),
        (Column(tr("over time"), False, secondary=1), _series_line),
        (Column(tr("latest")), lambda s: _median(s.points[-1])),
        (
            Column(tr("last change"), False, wraps=True),
            lambda s: change_words(s.changes[-1]) if s.changes else tr("none"),
        ),
    )
    return Table.of("history", tr("How the figures moved"), every, columns, _notes())


def _network(series: Series, every: Sequence[Series]) -> str:
    """Return the network, with its precision where several series of that name differ in it."""
    key, names = series.key, {(s.key.model, s.key.precision) for s in every}
    several = sum(model == key.model for model, _ in names) > 1
    return f"{key.model} {key.precision}" if several else key.model


def _place(series: Series, every: Sequence[Series]) -> str:
    key = series.key
    threads = tr("{n} threads", n=key.threads) if len({s.key.threads for s in every}) > 1 else ""
    return ", ".join(filter(None, (key.provider, key.how, threads)))


def points_table(series: Series) -> Table:
    """Return one row for each result that has this cell, the oldest first."""
    columns: tuple[Filled[Point], ...] = (
        (Column(tr("measured (UTC)"), False, key=True), lambda p: p.created[:16].replace("T", " ")),
        (Column(tr("label"), False, key=True), lambda p: p.label),
        (Column(tr("median")), _median),
        (Column(tr("interval"), secondary=1), _interval),
        (Column(tr("times as long"), False), _times),
        (Column(tr("change"), False), lambda p: tr(p.change) if p.change else ""),
        (Column(tr("what else is new"), False, secondary=2, wraps=True), _news),
    )
    key = series.key
    place = ", ".join(filter(None, (key.provider, key.how)))
    values = {"model": key.model, "place": place, "batch": key.batch, "n": key.threads, "line": _series_line(series)}
    title = tr("{model} on {place}, batch {batch}, {n} threads: {line}", **values)
    return Table.of("points", title, series.points, columns, _notes())


def _series_line(series: Series) -> str:
    """Return the medians as bars, the latest to the right."""
    return sparkline([p.cell.median_s for p in series.points[-_MOST_BARS:]])


def _notes() -> tuple[str, ...]:
    return (
        tr(
            "Each result is held against the one since which nothing has changed. A change is marked only outside the "
            "noise of all comparisons drawn here together: of 100 histories without a change at most one has a mark."
        ),
        tr("The bars reach over at least a fifth of the middle figure, so that noise looks flat."),
    )


def _median(point: Point) -> units.Figure:
    return marked(units.duration(point.cell.median_s), point.cell.disturbed)


def change_words(point: Point) -> str:
    """Return when a figure changed, and by how much."""
    when = ", ".join(filter(None, (point.created[:10], point.label)))
    return tr("{when}: {times}", when=when, times=_times(point))


def _times(point: Point) -> str:
    if point.row is None:
        return ""
    return times_text(row_times(point.row)) or tr("can't tell")


def _interval(point: Point) -> units.Figure:
    return units.duration_range(point.cell.latency.ci_low, point.cell.latency.ci_high)


def _news(point: Point) -> str:
    news = [tr(point.row.verdict) + ": " + point.row.reason] if point.row and point.row.ratio is None else []
    return "; ".join([*news, *point.notes])


def sparkline(values: Sequence[float]) -> str:
    """Return one bar for each value above 0; bars reach over at least a fifth of the middle."""
    if not values:
        return ""
    low, high = min(values), max(values)
    middle = (low + high) / 2
    half = max((high - low) / 2, _LEAST_HALF * middle)
    steps = [round((value - middle + half) / (2 * half) * (len(_BARS) - 1)) for value in values]
    return "".join(_BARS[step] for step in steps)

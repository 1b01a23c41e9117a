"""The charts of a class's report: each network's time and cost, machine by machine, the fastest and cheapest first.

for plot in class_charts(entries): plot.title, plot.marks
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from dlbench.bench.report.cell_names import (
    network_names,
    processor_name,
    runs_on,
    shared_price_unit,
    timed_cells,
    where,
)
from dlbench.bench.report.charts.plot import Axis, Mark, Plot
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.show import units
from dlbench.show.texts import tr

_MOST_ROWS = 100


def class_charts(entries: Sequence[Entry]) -> tuple[Plot, ...]:
    """Return the charts that have something to show."""
    least = min((cell.batch for _, cell in timed_cells(entries)), default=1)
    latency = _dots(
        entries,
        "classlatency",
        lambda c: c.median_s if c.batch == least else None,
        tr("Waiting time at the smallest batch size, by machine"),
        Axis(tr("time of one run"), units.duration),
        "machines",
    )
    unit = shared_price_unit(entries)
    cost = _dots(
        entries,
        "classcost",
        lambda c: c.least_usd,
        tr("Least cost of inferences, by machine"),
        Axis(tr("cost of inferences, {unit} (owned, else rented)", unit=unit.title), unit.figure),
        "cost",
    )
    return tuple(plot for plot in (latency, cost) if plot is not None)


def _dots(
    entries: Sequence[Entry], key: str, value: Callable[[Cell], float | None], title: str, axis: Axis, table: str
) -> Plot | None:
    """Draw a row a machine and a mark a network and provider: the least value among its cells."""
    named = network_names(entries)
    best: dict[str, dict[tuple[str, str], tuple[float, Entry, Cell]]] = {}
    for entry, cell in timed_cells(entries):
        x = value(cell)
        if x:
            series, there = best.setdefault(entry.label, {}), (named(cell), where(cell, entry.result))
            series[there] = min((x, entry, cell), series.get(there, (x, entry, cell)), key=lambda found: found[0])
    rows = sorted(best, key=lambda label: median(x for x, _, _ in best[label].values()))[:_MOST_ROWS]
    if not rows:
        return None
    marks = []
    for row, label in enumerate(rows):
        for (network, provider), (x, entry, cell) in best[label].items():
            place = f"{network}, {provider}, {runs_on(cell, entry.result.machine)} ({label})"
            words = tr("{place}, batch {batch}: {value}", place=place, batch=cell.batch, value=axis.shown(x))
            marks.append(Mark(x, row, words, network, provider, label, size=0.1))
    names = {entry.label: f"{processor_name(entry.result.machine.cpu)} ({entry.label})" for entry in entries}
    alt = tr("{title}: one row a machine, one mark a network and provider; the tables have the figures.", title=title)
    return Plot(key, title, alt, axis, Axis("", names=tuple(names[label] for label in rows)), tuple(marks), table)

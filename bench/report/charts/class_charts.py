"""The charts of a class's report: each network's time and cost, machine by machine.

for title, alt, svg in class_charts(entries): ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dlbench.bench.report.cell_figures import cheapest
from dlbench.bench.report.cell_names import network_names, on_provider, timed_cells
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.show.svg import COLOURS, MARKERS, Chart, draw, plain_log_ticks
from dlbench.show.texts import tr

__all__ = ["class_charts"]


def class_charts(entries: Sequence[Entry]) -> tuple[Chart, ...]:
    """Return the charts that have something to show."""
    latency = _dots(
        entries,
        "classlatency",
        lambda c: 1e3 * c.latency_s.p50 if c.latency_s else None,
        tr("Waiting time at the smallest batch size, by machine"),
        tr("time of one run [ms], log scale"),
        smallest=True,
    )
    cost = _dots(
        entries,
        "classcost",
        cheapest,
        tr("Least cost of a million inferences, by machine"),
        tr("USD per million inferences (owned, else rented), log scale"),
        smallest=False,
    )
    return tuple(chart for chart in (latency, cost) if chart is not None)


def _dots(
    entries: Sequence[Entry],
    name: str,
    value: Callable[[Cell], float | None],
    title: str,
    axis: str,
    smallest: bool,
) -> Chart | None:
    """Draw one row a machine and one mark a network and provider: the least value among its cells."""
    named = network_names(entries)
    pairs = list(timed_cells(entries))
    least = min((cell.batch for _, cell in pairs), default=1)
    best: dict[str, dict[str, float]] = {}
    for entry, cell in pairs:
        x = value(cell)
        if x and not (smallest and cell.batch != least):
            series = best.setdefault(f"{named(cell)}, {on_provider(cell)}", {})
            series[entry.label] = min(x, series.get(entry.label, x))
    if not best:
        return None
    labels = [entry.label for entry in entries if any(entry.label in series for series in best.values())]

    def plot(axes: Any) -> None:
        for i, (series_name, series) in enumerate(sorted(best.items())):
            axes.scatter(
                list(series.values()),
                [labels.index(label) for label in series],
                label=series_name,
                color=COLOURS[i % len(COLOURS)],
                marker=MARKERS[i % len(MARKERS)],
                s=45,
                zorder=3,
            )
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis, 6)
        axes.set_yticks(range(len(labels)), labels)
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.set_xlabel(axis)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))

    alt = tr("{title}: one row a machine, one mark a network and provider; the ranking has the numbers.", title=title)
    return title, alt, draw(name, plot, height=max(2.6, 0.3 * len(labels) + 1.2))

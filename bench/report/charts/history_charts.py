"""The charts of a history: the median of each cell over the kept results, with its interval, and its changes.

for title, alt, svg in history_charts(series): ...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from dlbench.bench.diff.over_time import Series
from dlbench.show.svg import COLOURS, MARKERS, Chart, draw, plain_log_ticks
from dlbench.show.texts import tr

_MOST_LINES = len(COLOURS)
_MOST_NAMES = 12  # on the axis


def _point_name(created: str, label: str) -> str:
    """Return what a point is called where there is little room: its label, else its day and time."""
    return label[:12] or created[5:16].replace("T", " ")


def history_charts(every: Sequence[Series]) -> Iterator[Chart]:
    """Yield a chart for each network on each machine, with a line for each of its cells (seven at most)."""
    groups = groupby(every, key=lambda series: (series.key.machine, series.key.model))
    for number, ((_, model), members) in enumerate(groups):
        lines = list(members)[:_MOST_LINES]
        title = tr("{model} over time", model=model)
        alt = "; ".join(_in_words(series) for series in lines)

        def plot(axes: Any, lines: list[Series] = lines) -> None:
            _plot(axes, lines)

        yield Chart(title, alt, draw(f"history{number}", plot))


def _in_words(series: Series) -> str:
    first, last = (1e3 * p.cell.median_s for p in (series.points[0], series.points[-1]))
    return tr(
        "{name}: {n} results, from {first} ms to {last} ms",
        name=_line_name(series),
        n=len(series.points),
        first=f"{first:.3g}",
        last=f"{last:.3g}",
    )


def _line_name(series: Series) -> str:
    key = series.key
    parts = (key.provider, key.how, tr("batch {batch}", batch=key.batch), tr("{n} threads", n=key.threads))
    return ", ".join(filter(None, parts))


def _plot(axes: Any, lines: Sequence[Series]) -> None:
    places = {p: i for i, p in enumerate(sorted({(p.created, p.file, p.label) for s in lines for p in s.points}))}
    for number, series in enumerate(lines):
        points = [(places[p.created, p.file, p.label], p) for p in series.points]
        figures = [p.cell.latency for _, p in points]
        middle = [1e3 * f.p50 for f in figures]
        below = [max(m - 1e3 * (f.ci_low or f.p50), 0.0) for m, f in zip(middle, figures, strict=True)]
        above = [max(1e3 * (f.ci_high or f.p50) - m, 0.0) for m, f in zip(middle, figures, strict=True)]
        style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}
        axes.errorbar([x for x, _ in points], middle, [below, above], label=_line_name(series), capsize=3, **style)
        for (x, point), y in zip(points, middle, strict=True):
            if point.change:
                axes.annotate(
                    tr(point.change), (x, y), xytext=(0, 12), textcoords="offset points", ha="center", weight="bold"
                )
    axes.set_yscale("log")
    plain_log_ticks(axes.yaxis, 6)
    axes.set_ylabel(tr("median of a batch [ms], log scale"))
    every = max(1, -(-len(places) // _MOST_NAMES))
    shown = list(places.items())[::every]
    axes.set_xticks([x for _, x in shown], [_point_name(created, label) for (created, _, label), _ in shown])
    axes.tick_params(axis="x", rotation=45)
    axes.margins(y=0.25)
    axes.legend(fontsize=8)

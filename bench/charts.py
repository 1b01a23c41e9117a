"""The report's charts as SVG text, drawn by matplotlib: latency, cost, accuracy against cost.

    svg = latency_chart(result)       # None where there is nothing to draw

Text stays text (searchable, readable aloud) and takes the page's own colour, so that the chart follows light and dark.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from dlbench.bench.pricing import OPTIONS
from dlbench.bench.results import Cell, Result
from dlbench.bench.tables import where

__all__ = ["Chart", "all_charts"]

_INK = "#010203"  # replaced by the page's colour
# Okabe and Ito's palette: told apart by people with any colour vision.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_OPTION_NAMES = {"own": "own it", "electricity": "electricity", "rent": "rent", "colab": "Colab, paid"}

Chart = tuple[str, str, str]  # title, alternative text, SVG


def all_charts(result: Result) -> tuple[Chart, ...]:
    """Return the charts that have something to show: (title, alternative text, SVG)."""
    timed = [cell for cell in result.cells if cell.timed]
    if not timed:
        return ()
    charts = [_latency(timed), _cost(timed), _accuracy(timed)]
    return tuple(chart for chart in charts if chart is not None)


def _draw(name: str, plot: Callable[[Any], None], width: float = 7.2, height: float = 4.0) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    style: dict[Any, Any] = {
        "text.parse_math": False,  # a foreign file's name is no formula
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK),
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(width, height), layout="constrained")
        figure.patch.set_alpha(0)
        axes = figure.add_subplot()
        axes.patch.set_alpha(0)
        axes.grid(True, which="major", color="#888888", alpha=0.3, linewidth=0.6)
        plot(axes)
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    svg = stream.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # ids must not clash when several charts stand in one page
    return re.sub(r'((?:id="|url\(#|href="#))', rf"\g<1>{name}-", svg)


def _plain_log_ticks(axis: Any, most: int) -> None:
    """Label a log axis with plain numbers (0.01, 0.1): at 1 and 3 of each decade where there is room, else at 1."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = axis.get_view_interval()
    subs = (1.0, 3.0) if math.log10(high / low) * 2 < most else (1.0,)
    axis.set_major_locator(LogLocator(base=10, subs=subs, numticks=most))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(_plain_number))


def _plain_number(value: float, _: object = None) -> str:
    """Return 0.003, not 3e-03; below 0.0001 the micro-unit is read more easily than a row of zeros."""
    return f"{value * 1e6:g}µ" if 0 < value < 1e-4 else f"{value:.6f}".rstrip("0").rstrip(".")


def _series(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    series: dict[str, list[Cell]] = {}
    for cell in cells:
        series.setdefault(f"{cell.model}, {where(cell)}", []).append(cell)
    return series


def _latency(cells: Sequence[Cell]) -> Chart:
    def plot(axes: Any) -> None:
        for i, (label, members) in enumerate(_series(cells).items()):
            ordered = sorted(members, key=lambda c: c.batch)
            latencies = [c.latency_s for c in ordered if c.latency_s]
            middle = [1e3 * latency.p50 for latency in latencies]
            below = [m - 1e3 * (latency.ci_low or latency.p50) for m, latency in zip(middle, latencies, strict=True)]
            above = [1e3 * (latency.ci_high or latency.p50) - m for m, latency in zip(middle, latencies, strict=True)]
            axes.errorbar(
                [c.batch for c in ordered],
                middle,
                yerr=[below, above],
                label=label,
                color=_COLOURS[i % len(_COLOURS)],
                marker=_MARKERS[i % len(_MARKERS)],
                capsize=4,
                linewidth=1.5,
            )
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        _plain_log_ticks(axes.yaxis, 14)
        batches = sorted({c.batch for c in cells})
        axes.set_xticks(batches, [str(b) for b in batches])
        axes.xaxis.minorticks_off()
        axes.set_xlabel("batch size")
        axes.set_ylabel("time of one run [ms], log scale")
        axes.legend(frameon=False)

    alt = (
        "Median time of one run by batch size, with 95 % intervals, one line per network and provider; the speed table "
        "has the numbers."
    )
    return "Latency by network and batch size", alt, _draw("latency", plot)


def _cost(cells: Sequence[Cell]) -> Chart | None:
    rows = [(f"{c.model}, {where(c)}, batch {c.batch}", c) for c in cells]
    if not any(o.usd_per_million for c in cells for o in c.cost_usd_per_million):
        return None

    def plot(axes: Any) -> None:
        for i, option in enumerate(OPTIONS):
            points = [
                (row, o.usd_per_million)
                for row, (_, cell) in enumerate(rows)
                for o in cell.cost_usd_per_million
                if o.option == option and o.usd_per_million
            ]
            if points:
                axes.scatter(
                    [cost for _, cost in points],
                    [row for row, _ in points],
                    label=_OPTION_NAMES[option],
                    color=_COLOURS[i],
                    marker=_MARKERS[i],
                    s=45,
                    zorder=3,
                )
        axes.set_xscale("log")
        _plain_log_ticks(axes.xaxis, 6)
        axes.set_yticks(range(len(rows)), [label for label, _ in rows])
        axes.invert_yaxis()
        axes.set_xlabel("USD per million inferences, log scale")
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))

    alt = (
        "USD per million inferences of each cell, one mark per way to have the machine; the cost table has the numbers."
    )
    height = max(2.6, 0.32 * len(rows) + 1.2)
    return "Cost of a million inferences", alt, _draw("cost", plot, height=height)


def _accuracy(cells: Sequence[Cell]) -> Chart | None:
    """Draw accuracy against the cheapest cell, in the first way of having a machine that has a price for all."""
    known = [c for c in cells if c.accuracy]
    option = next((o for o in ("own", "rent", "electricity") if known and all(_usd(c, o) for c in known)), None)
    if option is None:
        return None

    def plot(axes: Any) -> None:
        for i, (label, members) in enumerate(_series(known).items()):
            best = min(members, key=lambda c: _usd(c, option) or 0)
            assert best.accuracy is not None
            share = best.accuracy.proportion
            low, high = share.wilson()
            axes.errorbar(
                [_usd(best, option)],
                [100 * share.value],
                yerr=[[100 * (share.value - low)], [100 * (high - share.value)]],
                color=_COLOURS[i % len(_COLOURS)],
                marker=_MARKERS[i % len(_MARKERS)],
                capsize=4,
                linestyle="none",
                label=f"{label}, batch {best.batch}",
            )
        axes.set_xscale("log")
        _plain_log_ticks(axes.xaxis, 6)
        axes.set_xlabel(f"USD per million inferences ({_OPTION_NAMES[option]}), log scale, cheapest batch size")
        axes.set_ylabel("test accuracy [%], 95 % interval")
        axes.legend(frameon=False)

    alt = (
        f"Test accuracy with its 95 % interval against USD per million inferences ({_OPTION_NAMES[option]}), one point "
        "per network and provider."
    )
    return "Accuracy against cost", alt, _draw("accuracy", plot)


def _usd(cell: Cell, option: str) -> float | None:
    return next((o.usd_per_million for o in cell.cost_usd_per_million if o.option == option), None)

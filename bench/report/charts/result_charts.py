"""The report's charts as SVG text, drawn by matplotlib: latency, cost, accuracy against cost.

    for title, alternative_text, svg in all_charts(result): ...

Text stays text (searchable, readable aloud) and takes the page's own colour, so that the chart follows light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlbench.bench.cost.pricing import OPTIONS
from dlbench.bench.report.cell_names import where
from dlbench.bench.report.charts.round_charts import rounds_chart, server_chart
from dlbench.bench.report.tables.result_tables import option_of, option_titles
from dlbench.bench.results.schema import Cell, Result
from dlbench.show.svg import COLOURS, MARKERS, Chart, draw, plain_log_ticks
from dlbench.show.texts import tr

__all__ = ["all_charts", "cell_name"]


def all_charts(result: Result) -> tuple[Chart, ...]:
    """Return the charts that have something to show: (title, alternative text, SVG)."""
    alone = [cell for cell in result.cells if cell.timed and cell.scenario == "single-stream"]
    charts = [_latency(alone, result), _cost(alone, result), _accuracy(alone, result)] if alone else []
    charts += [server_chart(result), rounds_chart(result)]
    return tuple(chart for chart in charts if chart is not None)


def _series(cells: Sequence[Cell], result: Result) -> dict[str, list[Cell]]:
    series: dict[str, list[Cell]] = {}
    for cell in cells:
        series.setdefault(f"{cell.model}, {where(cell, result)}", []).append(cell)
    return series


def _latency(cells: Sequence[Cell], result: Result) -> Chart:
    def plot(axes: Any) -> None:
        for i, (label, members) in enumerate(_series(cells, result).items()):
            ordered = sorted(members, key=lambda c: c.batch)
            latencies = [c.latency_s for c in ordered if c.latency_s]
            middle = [1e3 * latency.p50 for latency in latencies]
            below = [
                max(0.0, m - 1e3 * (latency.ci_low or latency.p50))
                for m, latency in zip(middle, latencies, strict=True)
            ]
            above = [
                max(0.0, 1e3 * (latency.ci_high or latency.p50) - m)
                for m, latency in zip(middle, latencies, strict=True)
            ]
            axes.errorbar(
                [c.batch for c in ordered],
                middle,
                yerr=[below, above],
                label=label,
                color=COLOURS[i % len(COLOURS)],
                marker=MARKERS[i % len(MARKERS)],
                capsize=4,
                linewidth=1.5,
            )
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        plain_log_ticks(axes.yaxis, 14)
        batches = sorted({c.batch for c in cells})
        axes.set_xticks(batches, [str(b) for b in batches])
        axes.xaxis.minorticks_off()
        axes.set_xlabel(tr("batch size"))
        axes.set_ylabel(tr("time of one run [ms], log scale"))
        axes.legend(frameon=False)

    alt = tr(
        "Median time of one run by batch size, with 95 % intervals, one line per network and provider; the speed "
        "table has the numbers."
    )
    return tr("Latency by network and batch size"), alt, draw("latency", plot)


def _cost(cells: Sequence[Cell], result: Result) -> Chart | None:
    rows = [(cell_name(c, result), c) for c in cells]
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
                    label=option_titles()[option],
                    color=COLOURS[i],
                    marker=MARKERS[i],
                    s=45,
                    zorder=3,
                )
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis, 6)
        axes.set_yticks(range(len(rows)), [label for label, _ in rows])
        axes.invert_yaxis()
        axes.set_xlabel(tr("USD per million inferences, log scale"))
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))

    alt = tr(
        "USD per million inferences of each cell, one mark per way to have the machine; the cost table has the numbers."
    )
    height = max(2.6, 0.32 * len(rows) + 1.2)
    return tr("Cost of a million inferences"), alt, draw("cost", plot, height=height)


def _accuracy(cells: Sequence[Cell], result: Result) -> Chart | None:
    """Draw accuracy against the cheapest cell, in the first way of having a machine that has a price for all."""
    known = [c for c in cells if c.accuracy]
    option = next((o for o in ("own", "rent", "electricity") if known and all(_usd(c, o) for c in known)), None)
    if option is None:
        return None

    def plot(axes: Any) -> None:
        for i, (label, members) in enumerate(_series(known, result).items()):
            best = min(members, key=lambda c: _usd(c, option) or 0)
            assert best.accuracy is not None
            share = best.accuracy.proportion
            low, high = share.wilson()
            axes.errorbar(
                [_usd(best, option)],
                [100 * share.value],
                yerr=[[100 * (share.value - low)], [100 * (high - share.value)]],
                color=COLOURS[i % len(COLOURS)],
                marker=MARKERS[i % len(MARKERS)],
                capsize=4,
                linestyle="none",
                label=tr("{name}, batch {batch}", name=label, batch=best.batch),
            )
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis, 6)
        axes.set_xlabel(
            tr("USD per million inferences ({way}), log scale, cheapest batch size", way=option_titles()[option])
        )
        axes.set_ylabel(tr("test accuracy [%], 95 % interval"))
        axes.legend(frameon=False)

    alt = tr(
        "Test accuracy with its 95 % interval against USD per million inferences ({way}), one point per network and "
        "provider.",
        way=option_titles()[option],
    )
    return tr("Accuracy against cost"), alt, draw("accuracy", plot)


def cell_name(cell: Cell, result: Result) -> str:
    """Return network, provider and batch as one label."""
    return tr("{name}, batch {batch}", name=f"{cell.model}, {where(cell, result)}", batch=cell.batch)


def _usd(cell: Cell, option: str) -> float | None:
    priced = option_of(cell.cost_usd_per_million, option)
    return priced.usd_per_million if priced else None

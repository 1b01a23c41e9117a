"""The charts of one result: latency by batch size, cost, accuracy against cost, rounds over time, load.

for plot in result_charts(result): plot.title, plot.marks
"""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.bench.cost.pricing import OPTIONS, SHOWN_FIRST
from dlbench.bench.report.answer_words import names_tested_alike
from dlbench.bench.report.cell_names import cell_name, shared_price_unit, where
from dlbench.bench.report.charts.pareto_charts import pareto_charts
from dlbench.bench.report.charts.plot import Axis, Mark, Plot
from dlbench.bench.report.charts.round_charts import rounds_chart, server_chart
from dlbench.bench.report.tables.cost_columns import option_titles
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.texts import localised, tr


def result_charts(result: Result) -> tuple[Plot, ...]:
    """Return the charts that have something to show."""
    alone = [cell for cell in result.cells if cell.timed_alone]
    plots = (
        _latency(alone, result),
        _cost(alone, result),
        *(pareto_charts(result) or (_accuracy(alone, result),)),
        server_chart(result),
        rounds_chart(result),
    )
    return tuple(plot for plot in plots if plot is not None)


def _latency(cells: Sequence[Cell], result: Result) -> Plot | None:
    if not cells:
        return None
    batches = sorted({c.batch for c in cells})
    marks = []
    for cell in sorted(cells, key=lambda c: -c.batch):
        latency = cell.latency
        ends = (latency.ci_low, latency.ci_high) if latency.ci_low and latency.ci_high else None
        shown = f" ({localised(units.duration_range(*ends))})" if ends else ""
        marks.append(
            Mark(
                x=batches.index(cell.batch),
                y=latency.p50,
                words=f"{cell_name(cell, result)}: {localised(units.duration(latency.p50))}{shown}",
                network=cell.model,
                provider=where(cell, result),
                y_ends=ends,
                size=0.1,
                hollow=cell.disturbed,
                label=f"{cell.model}, {where(cell, result)}" if cell.batch == batches[-1] else "",
                joined=True,
            )
        )
    alt = tr("Median time of one run by batch size, with 95 % intervals; the speed table has the figures.")
    x, y = Axis(tr("batch size"), names=tuple(map(str, batches))), Axis(tr("time of one run"), units.duration)
    return Plot("latency", tr("Latency by network and batch size"), alt, x, y, tuple(marks), "speed")


def _cost(cells: Sequence[Cell], result: Result) -> Plot | None:
    priced = [(cell, least) for cell in cells if (least := _least(cell))]
    if not priced:
        return None
    priced.sort(key=lambda pair: pair[1])
    unit = shared_price_unit((Entry.of(result),))
    titles, marks = option_titles(), []
    for row, (cell, _) in enumerate(priced):
        for option in OPTIONS:
            usd = cell.usd(option)
            if usd:
                words = tr(
                    "{cell}: {cost} {unit}, {way}",
                    cell=cell_name(cell, result),
                    cost=unit.figure(usd),
                    unit=unit.title,
                    way=titles[option],
                )
                marks.append(Mark(usd, row, words, cell.model, where(cell, result), size=0.1, label=titles[option]))
    alt = tr("What inferences cost in each cell, for each way to have the machine, the cheapest cell first.")
    names = tuple(cell_name(cell, result) for cell, _ in priced)
    x = Axis(tr("cost of inferences, {unit}", unit=unit.title), unit.figure)
    return Plot("costs", tr("Cost of inferences"), alt, x, Axis("", names=names), tuple(marks), "cost")


def _least(cell: Cell) -> float | None:
    return min((usd for o in OPTIONS if (usd := cell.usd(o))), default=None)


def _accuracy(cells: Sequence[Cell], result: Result) -> Plot | None:
    """Draw accuracy against the cheapest cell, in the first way of having a machine that has a price for all.

    Networks that were tested on other data than most are left out: their accuracies can't be held against each other.
    """
    known, entry = [c for c in cells if c.accuracy], Entry.of(result)
    if len({c.model for c in known}) > 1:
        alike = names_tested_alike({c.model: (entry, c) for c in known})
        known = [c for c in known if c.model in alike]
    option = next((o for o in SHOWN_FIRST if known and all(c.usd(o) for c in known)), None)
    if option is None:
        return None
    best: dict[tuple[str, str], Cell] = {}
    for cell in sorted(known, key=lambda c: c.usd(option) or 0.0):
        best.setdefault((cell.model, where(cell, result)), cell)
    unit, marks = shared_price_unit((entry,)), []
    for (network, provider), cell in best.items():
        assert cell.accuracy is not None
        share, usd = cell.accuracy.proportion, cell.usd(option) or 0.0
        words = tr(
            "{cell}: right {share}, {cost} {unit}",
            cell=cell_name(cell, result),
            share=share.short(),
            cost=unit.figure(usd),
            unit=unit.title,
        )
        label = f"{network}, {provider}"
        marks.append(Mark(usd, share.value, words, network, provider, y_ends=share.wilson(), size=0.1, label=label))
    way = option_titles()[option]
    alt = tr(
        "Test accuracy with its 95 % interval against what inferences cost ({way}), a mark for each network and "
        "provider at its cheapest batch size.",
        way=way,
    )
    x = Axis(tr("cost of inferences, {unit} ({way}), cheapest batch size", unit=unit.title, way=way), unit.figure)
    y = Axis(tr("test accuracy"), lambda value: units.percent(value, 1), log=False)
    return Plot("accuracy", tr("Accuracy against cost"), alt, x, y, tuple(marks), "networks")

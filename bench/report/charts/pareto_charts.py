"""Accuracy against time, against size and against cost: a mark for each network, grey where another one beats it.

for plot in pareto_charts(result): plot.marks
"""

from __future__ import annotations

from collections.abc import Callable

from dlbench.bench.report.answer import answer_of
from dlbench.bench.report.answer_words import marked
from dlbench.bench.report.charts.plot import Axis, Mark, Plot, time_axis
from dlbench.bench.report.variants.pareto import Standpoint, front
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Result
from dlbench.show import units
from dlbench.show.texts import tr


def pareto_charts(result: Result) -> tuple[Plot, ...]:
    """Return the charts; none where no two networks were judged on the same pictures."""
    answer = answer_of((Entry.of(result),))
    points, prices = front(answer, result), answer.price_unit
    time = time_axis({point.row.batch for point in points})
    sides: tuple[tuple[str, str, Axis, Callable[[Standpoint], units.Figure]], ...] = (
        ("time", tr("Accuracy against time"), time, _time),
        ("size", tr("Accuracy against size"), Axis(tr("size of the file"), _decimal_size), _size),
        (
            "cost",
            tr("Accuracy against cost"),
            Axis(tr("cost of answers at the best batch, {unit}", unit=prices.title), prices.figure),
            lambda point: marked(prices.figure(point.row.usd_per_million), point.row.best_disturbed),
        ),
    )
    plots = []
    for name, title, axis, figure in sides:
        known = [point for point in points if figure(point).value]
        if known:
            marks = tuple(_mark(point, figure(point)) for point in sorted(known, key=lambda p: p.dominated))
            right = Axis(tr("correct answers"), lambda value: units.percent(value, 1), log=False)
            plots.append(Plot(f"pareto{name}", title, _alt(), axis, right, marks, "pareto"))
    return tuple(plots)


def _time(point: Standpoint) -> units.Figure:
    return marked(units.duration(point.row.latency_s), point.row.disturbed)


def _decimal_size(size_bytes: float) -> str:
    """Return a tick of a decimal scale: 100 kB, 3 MB."""
    return f"{size_bytes / 1e6:g} MB" if size_bytes >= 1e6 else f"{size_bytes / 1e3:g} kB"


def _size(point: Standpoint) -> units.Figure:
    return units.size(point.size_bytes or None)


def _alt() -> str:
    return tr(
        "Each mark is a network on a provider: above is more often right, to the left is less. A grey mark is beaten "
        "in everything by another one that was judged on the same pictures, or has lost its answers. Lines are 95 % "
        "intervals."
    )


def _mark(point: Standpoint, figure: units.Figure) -> Mark:
    row = point.row
    assert row.accuracy is not None
    share = row.accuracy.proportion
    words = tr(
        "{name}: right {share}, {figure}", name=f"{row.network}, {row.provider}", share=share.short(), figure=figure
    )
    if row.lost_accuracy:
        words += "\n" + tr("lost its answers")
    elif point.beaten_by:
        words += "\n" + tr("beaten in everything by {name}", name=point.beaten_by)
    return Mark(
        x=figure.value or 0.0,
        y=share.value,
        words=words,
        network=row.network,
        provider=row.provider,
        y_ends=share.wilson(),
        size=0.1,
        hollow=row.disturbed,
        grey=point.dominated,
        label=row.network,
    )

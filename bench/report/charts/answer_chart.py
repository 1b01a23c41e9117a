"""The chart that answers the class's question: how long an answer takes, against what a million of them cost.

plot = answer_chart(entries, answer)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dlbench.bench.report.answer import Answer
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.answer_words import marked, tested_alike
from dlbench.bench.report.charts.plot import Axis, Mark, Plot, time_axis
from dlbench.bench.results.merging import Entry
from dlbench.show import units
from dlbench.show.texts import tr

_MANY = 40  # marks; so many are drawn smaller
_MIDDLE = 0.35  # the size of a mark where accuracies are all the same, or unknown


def answer_chart(entries: Sequence[Entry], answer: Answer) -> Plot | None:
    """Return the chart, or None without a figure. Without a price for any row, the energy takes its place."""
    value, axis = _vertical(answer)
    rows = [row for row in answer.rows if value(row)]
    if not rows:
        return None
    several = len(entries) > 1
    size = _sizes(rows)
    named: set[str] = set()
    marks = []
    for row in rows:
        label = f"{row.network}, {row.device if several else row.provider}"
        first = label not in named  # of a kind of machines the fastest has its name beside it
        named.add(label)
        marks.append(
            Mark(
                x=row.latency_s,
                y=value(row) or 0.0,
                words=_words(row, several, answer),
                network=row.network,
                provider=row.provider,
                machine=row.machine if several else "",
                x_ends=(row.low_s, row.high_s) if row.low_s and row.high_s else None,
                size=size(row) * (0.5 if len(rows) > _MANY else 1.0),
                hollow=row.disturbed or row.best_disturbed,
                grey=row.lost_accuracy,
                label=label if first else "",
            )
        )
    time = time_axis({row.batch for row in rows})
    sized = tr(" A large mark is more often right.") if len({mark.size for mark in marks}) > 1 else ""
    alt = tr(
        "Each mark is a network on a provider: to the left is fast, below is cheap, a hollow one had hardly a calm "
        "round.{sized} Lines are 95 % intervals. A mark shows its figures when you point at it, touch it, or go there "
        "with the arrow keys.",
        sized=sized,
    )
    return Plot("answer", tr("Time against cost"), alt, time, axis, tuple(marks), table="answer")


def _vertical(answer: Answer) -> tuple[Callable[[AnswerRow], float | None], Axis]:
    if any(row.usd_per_million for row in answer.rows):
        unit = answer.price_unit
        return lambda row: row.usd_per_million, Axis(
            tr("cost of answers at the best batch, {unit}", unit=unit.title), unit.figure
        )
    if any(row.energy_j for row in answer.rows):
        return lambda row: row.energy_j, Axis(tr("energy of one answer at the best batch"), units.joules)
    return lambda row: row.answers_per_s, Axis(tr("answers a second at the best batch"), units.thousands)


def _sizes(rows: Sequence[AnswerRow]) -> Callable[[AnswerRow], float]:
    """Return what gives a row's size: the least accuracy the smallest mark, the best one the largest.

    Where the networks were not all tested on the same data, all have one size.
    """
    tested, alike = {row.network for row in rows if row.accuracy and not row.lost_accuracy}, tested_alike(rows)
    known = [row.accuracy.proportion.value for row in alike if row.accuracy and len(alike) == len(tested)]
    low, high = min(known, default=0.0), max(known, default=0.0)

    def size(row: AnswerRow) -> float:
        if row.accuracy is None or high == low:
            return _MIDDLE
        return (row.accuracy.proportion.value - low) / (high - low)

    return size


def _words(row: AnswerRow, several: bool, answer: Answer) -> str:
    place = f"{row.device} ({row.machine})" if several else row.device
    values = {"batch": row.batch, "time": marked(units.duration(row.latency_s), row.disturbed)}
    ends = units.duration_range(row.low_s, row.high_s) if row.low_s and row.high_s else None
    lines = [
        f"{row.network}, {row.provider}, {place}",
        tr("batch {batch}: {time} ({ends})", **values, ends=ends) if ends else tr("batch {batch}: {time}", **values),
    ]
    if row.answers_per_s:
        rate = marked(units.thousands(row.answers_per_s), row.best_disturbed)
        lines.append(tr("{n} answers a second at batch {batch}", n=rate, batch=row.best_batch))
    if row.usd_per_million is not None:
        unit = answer.price_unit
        cost = marked(unit.figure(row.usd_per_million), row.best_disturbed)
        lines.append(tr("{cost} {unit} ({title})", cost=cost, unit=unit.title, title=row.cost_title))
    if row.accuracy:
        lines.append(tr("right: {share}", share=units.percent(row.accuracy.proportion.value, 1)))
    return "\n".join(lines)

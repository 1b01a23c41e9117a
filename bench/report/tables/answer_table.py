"""The answer as a table that fits 80 columns: a row for each network and provider, the fastest first.

table = answer_table(answer)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dlbench.bench.report.answer import Answer
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.answer_words import marked, times_text
from dlbench.show import units
from dlbench.show.fitting import columns_that_fit
from dlbench.show.table import Column, Filled, Table
from dlbench.show.texts import localised_table, said, tr

_WIDE = 10  # percent; an interval from there on has no decimals


def answer_table(answer: Answer, width: int | None = None) -> Table:
    """Return one row for each network and provider; of several machines, the fastest for each.

    Where not all fits the screen's width, the intervals of correct answers are left out first.
    """
    table = _answer_table(answer)
    if width is None or _fitting(table, width) == list(range(len(table.columns))):
        return table
    fitting = _fitting(_answer_table(answer, intervals=False), width)
    return _answer_table(answer, intervals=False, energy=fitting is None or len(table.columns) - 2 in fitting)


def _fitting(table: Table, width: int) -> Sequence[int] | None:
    return columns_that_fit(localised_table(table), width)


def _answer_table(answer: Answer, intervals: bool = True, energy: bool = True) -> Table:
    """Return the table; with the intervals of correct answers, and where energy is shown with what it is of."""
    rows = _best_machines(answer)
    batched = any(row.best_batch > 1 for row in rows)
    kinds = {kind for row in rows if (kind := _energy_kind(row))}
    at = f"\n{tr('@ batch')}" if batched else ""
    prices = answer.price_unit
    keys: list[Filled[AnswerRow]] = [
        (Column(tr("network"), False, key=True), lambda r: f"{r.network} !" if r.lost_accuracy else r.network)
    ]
    if len({row.provider for row in answer.rows}) > 1:
        keys.append((Column(tr("on"), False, key=True), lambda r: r.provider))
    several = len({row.machine for row in answer.rows}) > 1
    if several:
        keys.append((Column(tr("machine"), False, key=True), lambda r: r.machine))
    columns: tuple[Filled[AnswerRow], ...] = (
        *keys,
        (Column(_speed_title(answer)), plus_minus),
        (Column(tr("times\nas long")), lambda r: times_text(r.times, short=True)),
        (Column(tr("answers/s\n@ batch") if batched else tr("answers\na second")), lambda r: _answers(r, batched)),
        (
            Column(_two_lines(said(prices.title)) + at, secondary=1),
            lambda r: marked(prices.figure(r.usd_per_million), r.best_disturbed),
        ),
        (Column(_energy_title(kinds) + at, secondary=3), lambda r: _energy(r, len(kinds) > 1)),
        (Column(tr("correct\nanswers"), secondary=2), lambda r: correct_answers(r, intervals)),
    )
    legend = "; ".join(_legend(rows, several, energy))
    return Table.of("answer", "", rows, columns, (f"{legend}.",) if legend else (), lambda row: row.key)


def _energy_kind(row: AnswerRow) -> str:
    """Return "measured", "estimated", or nothing where there is no energy."""
    return row.best[1].energy_source.split(":")[0] if row.energy_j is not None else ""


def _energy_title(kinds: set[str]) -> str:
    titles = {"measured": tr("energy\nmeasured"), "estimated": tr("est.\nenergy")}
    return titles.get(next(iter(kinds)), tr("energy\neach")) if len(kinds) == 1 else tr("energy\neach")


def _legend(rows: Sequence[AnswerRow], machines: bool, energy: bool) -> Iterator[str]:
    """Yield what the marks mean that occur."""
    batch = next((row.best_batch for row in rows if row.best_batch > 1), None)
    if batch:
        shown = units.number(batch, "{:d}")
        yield tr("@{batch}: {batch} at once", batch=shown)
    if any(row.lost_accuracy for row in rows):
        yield tr("!: lost more accuracy than allowed, so its speed is no win")
    if any(row.disturbed or row.best_disturbed for row in rows):
        yield tr("~: a rough guide")
    if any(row.few_calm for row in rows):
        yield tr("*: few rounds were calm, so the interval covers all rounds")
    held = any(row.times and row.times.low != row.times.high for row in rows)
    if held or any(row.low_s is not None for row in rows):
        yield tr("±, (): 95% intervals") if held else tr("±: 95% interval")
    if held:
        yield (tr("times: from the medians of machines measured apart") if machines else tr("times: paired rounds"))
    if energy and any(row.energy_j is not None for row in rows):
        yield tr("energy: of one answer")


def _best_machines(answer: Answer) -> tuple[AnswerRow, ...]:
    """Return the first row of each network and provider; machines that share its place are counted beside its own."""
    groups: dict[tuple[str, str], list[AnswerRow]] = {}
    for row in answer.rows:
        groups.setdefault((row.network, row.provider), []).append(row)
    found = []
    for first, *others in groups.values():
        ties = sum(row.place == first.place for row in others)
        found.append(replace(first, machine=f"{first.machine} (+{ties})") if ties else first)
    return tuple(found)


def _speed_title(answer: Answer) -> str:
    batches = {row.batch for row in answer.rows}
    if len(batches) == 1:
        if batches == {1}:
            return tr("one\nanswer")
        return tr("a batch\nof {batch}", batch=min(batches))
    return tr("smallest\nbatch")


def _answers(row: AnswerRow, batched: bool) -> units.Figure:
    batch = f" @{row.best_batch}" if batched else ""
    return marked(units.Figure(f"{units.count(row.answers_per_s)}{batch}", row.answers_per_s), row.best_disturbed)


def _energy(row: AnswerRow, mixed: bool) -> units.Figure:
    energy = units.joules(row.energy_j)
    if mixed and _energy_kind(row) == "estimated":
        energy = units.Figure(tr("{energy} estimated", energy=energy), energy.value)
    return marked(energy, row.best_disturbed)


def _two_lines(title: str) -> str:
    """Return "cents per million" as "cents/" and "million", so that the figures below decide how wide the column is."""
    return title.replace(" per ", "/").replace("/", "/\n")


def correct_answers(row: AnswerRow, interval: bool) -> units.Figure:
    """Return the share of correct answers with its 95% interval: "99.2% (98.0-99.7)", a wide one without decimals."""
    share = units.percent(row.accuracy.proportion.value if row.accuracy else None, 1)
    if row.accuracy is None or not interval:
        return share
    low, high = (100 * end for end in row.accuracy.proportion.wilson())
    form = "{:.1f}-{:.1f}" if high - low < _WIDE else "{:.0f}-{:.0f}"
    return units.Figure(f"{share} ({form.format(low, high)})", share.value)


def plus_minus(row: AnswerRow) -> units.Figure:
    """Return a median with the larger half of its interval in per cent: "38.6 µs ±2%", starred as in other tables."""
    figure = marked(units.duration(row.latency_s), row.disturbed)
    if row.low_s is None or row.high_s is None:
        return figure
    half = max(row.latency_s - row.low_s, row.high_s - row.latency_s) / row.latency_s
    if half >= 1:  # less than no time at all
        return units.Figure(f"{figure} ({units.duration_range(row.low_s, row.high_s)})", row.latency_s)
    form = "{:.1%}" if half < 0.0095 else "{:.0%}"
    return units.Figure(f"{figure} ±{form.format(half)}{'*' if row.few_calm else ''}", row.latency_s)

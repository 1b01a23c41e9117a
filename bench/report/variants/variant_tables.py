"""Networks in fewer bits: what a variant gains and loses against its parent, and which networks no other one beats.

variant_table(result), kernel_table(result), pareto_table(result)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter, itemgetter

from dlbench.bench.machine.precision_support import precision_support
from dlbench.bench.report.answer import answer_of
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.answer_words import marked, times_text
from dlbench.bench.report.cell_names import cell_columns, cell_key
from dlbench.bench.report.held_against import times_of
from dlbench.bench.report.variants.pareto import Standpoint, front
from dlbench.bench.results.against_parent import AgainstParent
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import KernelTime
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table, through
from dlbench.show.texts import localised, said, tr


def variant_table(result: Result) -> Table:
    """Return a row for each cell of a variant whose parent was timed in the same run."""
    entry = Entry.of(result)
    of_variant: tuple[Filled[AgainstParent], ...] = (
        (Column(tr("points lost")), lambda v: _points(v.drop)),
        (Column(tr("95 % interval"), secondary=1), _interval),
        (Column(tr("changed answers"), secondary=3), _changed),
        (Column(tr("verdict"), False, wraps=True), _verdict),
    )
    columns: tuple[Filled[_Pair], ...] = (
        *through(cell_columns(result), itemgetter(1)),
        (Column(tr("times as fast")), lambda p: times_text(times_of((entry, p[1]), (entry, p[2])), short=True)),
        (Column(tr("times smaller"), secondary=2), lambda p: _times_smaller(p[2].bytes, p[1].bytes)),
        *through(of_variant, itemgetter(0)),
    )
    pairs = list(_pairs(result))
    notes = [
        tr(
            "Each against the network that it was made from. times as fast: round by round, with the 99 % interval. "
            "points lost: percentage points of right answers, on the same pictures; below 0 is a gain."
        ),
        *(variant.sentence for variant in result.variants),
        *support_notes(result, [cell for _, cell, _ in pairs]),
    ]
    title = tr("What fewer bits gain and lose")
    return Table.of("variants", title, pairs, columns, notes, lambda pair: cell_key(pair[1]))


def _times_smaller(of_parent: int | None, of_variant: int | None) -> units.Figure:
    return units.number(of_parent / of_variant if of_parent and of_variant else None, "{:.1f}")


def support_notes(result: Result, cells: Sequence[Cell]) -> Iterator[str]:
    """Yield what the machine has for each precision that was timed: why it is faster here, or is not."""
    for precision, provider in dict.fromkeys((cell.precision, cell.provider) for cell in cells):
        found = precision_support(result.machine, precision, provider)
        if found is not None:
            yield f"{precision} ({provider}): {said(found.reason)}."


_Pair = tuple[AgainstParent, Cell, Cell]  # the last is the parent's


def _pairs(result: Result) -> Iterator[_Pair]:
    """Yield each timed cell of a variant with its parent's."""

    def asked(cell: Cell) -> tuple[object, ...]:
        plain = (cell.provider, cell.batch, cell.threads, cell.copies_included, cell.streams)
        return (*plain, cell.scenario, cell.rate_per_s)

    known = {(cell.model, *asked(cell)): cell for cell in result.cells if cell.timed}
    for variant in result.variants:
        for cell in result.cells:
            parent = known.get((variant.parent, *asked(cell)))
            if cell.model == variant.model and cell.timed and parent is not None:
                yield variant, cell, parent


def _points(share: float | None) -> units.Figure:
    return units.number(None if share is None else 100 * share + 0.0, "{:.1f}")


def _interval(variant: AgainstParent) -> str:
    if variant.drop_low is None or variant.drop_high is None:
        return "n/a"
    low, high = (localised(_points(end)) for end in (variant.drop_low, variant.drop_high))
    return tr("{low} to {high}", low=low, high=high)


def _changed(variant: AgainstParent) -> str:
    if variant.changed is None or not variant.pictures:
        return "n/a"
    n = units.number(variant.pictures, "{:,d}")
    return tr("{changed} of {n}", changed=units.number(variant.changed, "{:,d}"), n=n)


def _verdict(variant: AgainstParent) -> str:
    words = {"kept": tr("kept its answers"), "lost": tr("lost its answers"), "not judged": tr("not judged")}
    return words.get(variant.verdict, variant.verdict)


def kernel_table(result: Result) -> Table:
    """Return in which numbers each profiled variant really computed, and in which it did not."""
    of_kernels: tuple[Filled[KernelTime], ...] = (
        (Column(tr("numbers"), False, key=True), lambda k: _numbers(k.numbers)),
        (Column(tr("kernels")), lambda k: units.number(k.kernels, "{:d}")),
        (Column(tr("share of time")), lambda k: units.percent(k.share)),
        (
            Column(tr("operators"), False, secondary=1, wraps=True),
            lambda k: ", ".join(f"{name} x{n}" if n > 1 else name for name, n in k.operators.items()),
        ),
    )
    columns: tuple[Filled[tuple[Cell, KernelTime]], ...] = (
        *through(cell_columns(result)[:2], itemgetter(0)),
        *through(of_kernels, itemgetter(1)),
    )
    variants = {model.name for model in result.models if model.precision != "fp32"}
    pairs = [(cell, kernels) for cell in result.cells if cell.model in variants for kernels in cell.kernels]
    notes = (
        tr(
            "From ONNX Runtime's profiler, in a run of its own. A variant's kernel in fp32 was left float, or what it "
            "takes was turned back before it. converting: QuantizeLinear, DequantizeLinear, Cast."
        ),
    )
    return Table.of("kernels", tr("In which numbers the kernels ran"), pairs, columns, notes)


def _numbers(name: str) -> str:
    words = {"converting": tr("converting"), "other": tr("other")}
    return words.get(name, name)


def pareto_table(result: Result) -> Table:
    """Return a row for each network that was judged on the same pictures as another, those that none beats marked."""
    answer = answer_of((Entry.of(result),))
    points, prices = front(answer, result), answer.price_unit
    several = len({point.row.provider for point in points}) > 1
    of_row: tuple[Filled[AnswerRow], ...] = (
        (Column(prices.title, secondary=1), lambda r: marked(prices.figure(r.usd_per_million), r.best_disturbed)),
        (Column(tr("energy each"), secondary=2), lambda r: marked(units.joules(r.energy_j), r.best_disturbed)),
    )
    on: Filled[Standpoint] = (Column(tr("provider"), False, wraps=True, key=True), lambda p: p.row.provider)
    columns: tuple[Filled[Standpoint], ...] = (
        (Column(tr("network"), False, key=True), lambda p: p.row.network),
        *([on] if several else []),
        (Column(tr("correct answers")), lambda p: units.percent(p.share, 1)),
        (Column(tr("one run")), lambda p: marked(units.duration(p.row.latency_s), p.row.disturbed)),
        (Column(tr("file")), lambda p: units.size(p.size_bytes or None)),
        *through(of_row, attrgetter("row")),
        (Column(tr("beaten in everything by"), False), _beaten),
    )
    notes = (
        tr(
            "none: no other one that was judged on the same pictures is as often right, small, fast and cheap, and "
            "better in one of these. One is as fast or as cheap only where that shows outside the noise."
        ),
    )
    title = tr("Accuracy against time, size and cost")
    return Table.of("pareto", title, points, columns, notes, lambda point: point.row.key)


def _beaten(point: Standpoint) -> str:
    if point.row.lost_accuracy:
        return tr("lost its answers")
    return point.beaten_by or tr("none")

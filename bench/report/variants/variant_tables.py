"""Networks in fewer bits: what a variant gains and loses against its parent, and which networks no other one beats.

variant_table(result), kernel_table(result), pareto_table(result)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench.machine.precision_support import precision_support
from dlbench.bench.report.answer import answer_of
from dlbench.bench.report.answer_words import marked, times_text
from dlbench.bench.report.cell_names import cell_key, where
from dlbench.bench.report.held_against import times_of
from dlbench.bench.report.variants.pareto import Standpoint, front
from dlbench.bench.results.against_parent import AgainstParent
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.texts import localised, said, tr

__all__ = ["kernel_table", "pareto_table", "variant_table"]


def variant_table(result: Result) -> Table:
    """Return a row for each cell of a variant whose parent was timed in the same run."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("batch"), key=True),
        Column(tr("times as fast")),
        Column(tr("times smaller"), secondary=2),
        Column(tr("points lost")),
        Column(tr("95 % interval"), secondary=1),
        Column(tr("changed answers"), secondary=3),
        Column(tr("verdict"), False, wraps=True),
    )
    entry = Entry(result.machine.fingerprint, result)
    pairs = list(_pairs(result))
    rows = tuple(
        (
            variant.model,
            where(cell, result),
            units.number(cell.batch, "{:d}"),
            times_text(times_of((entry, cell), (entry, parent)), short=True),
            units.number(parent.bytes / cell.bytes if parent.bytes and cell.bytes else None, "{:.1f}"),
            _points(variant.drop),
            _interval(variant),
            _changed(variant),
            _verdict(variant),
        )
        for variant, cell, parent in pairs
    )
    notes = [
        tr(
            "Each against the network that it was made from. times as fast: round by round, with the 99 % interval. "
            "points lost: percentage points of right answers, on the same pictures; below 0 is a gain."
        ),
        *(variant.sentence for variant in result.variants),
        *support_notes(result, [cell for _, cell, _ in pairs]),
    ]
    keys = tuple(cell_key(cell) for _, cell, _ in pairs)
    return Table("variants", tr("What fewer bits gain and lose"), columns, rows, tuple(notes), keys)


def support_notes(result: Result, cells: Sequence[Cell]) -> Iterator[str]:
    """Yield what the machine has for each precision that was timed: why it is faster here, or is not."""
    for precision, provider in dict.fromkeys((cell.precision, cell.provider) for cell in cells):
        found = precision_support(result.machine, precision, provider)
        if found is not None:
            yield f"{precision} ({provider}): {said(found.reason)}."


def _pairs(result: Result) -> Iterator[tuple[AgainstParent, Cell, Cell]]:
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
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("numbers"), False, key=True),
        Column(tr("kernels")),
        Column(tr("share of time")),
        Column(tr("operators"), False, secondary=1, wraps=True),
    )
    variants = {model.name for model in result.models if model.precision != "fp32"}
    cells = [cell for cell in result.cells if cell.kernels and cell.model in variants]
    rows = tuple(
        (
            cell.model,
            where(cell, result),
            _numbers(kernels.numbers),
            units.number(kernels.kernels, "{:d}"),
            units.percent(kernels.share),
            ", ".join(f"{name} x{n}" if n > 1 else name for name, n in kernels.operators.items()),
        )
        for cell in cells
        for kernels in cell.kernels
    )
    notes = (
        tr(
            "From ONNX Runtime's profiler, in a run of its own. A variant's kernel in fp32 was left float, or what it "
            "takes was turned back before it. converting: QuantizeLinear, DequantizeLinear, Cast."
        ),
    )
    return Table("kernels", tr("In which numbers the kernels ran"), columns, rows, notes)


def _numbers(name: str) -> str:
    words = {"converting": tr("converting"), "other": tr("other")}
    return words.get(name, name)


def pareto_table(result: Result) -> Table:
    """Return a row for each network that was judged on the same pictures as another, those that none beats marked."""
    answer = answer_of((Entry(result.machine.fingerprint, result),))
    points, prices = front(answer, result), answer.price_unit
    several = len({point.row.provider for point in points}) > 1
    columns = (
        Column(tr("network"), False, key=True),
        *([Column(tr("provider"), False, wraps=True, key=True)] if several else []),
        Column(tr("correct answers")),
        Column(tr("one run")),
        Column(tr("file")),
        Column(prices.title, secondary=1),
        Column(tr("energy each"), secondary=2),
        Column(tr("beaten in everything by"), False),
    )
    rows = tuple(
        (
            point.row.network,
            *([point.row.provider] if several else []),
            units.percent(point.share, 1),
            marked(units.duration(point.row.latency_s), point.row.disturbed),
            units.size(point.size_bytes or None),
            marked(prices.figure(point.row.usd_per_million), point.row.best_disturbed),
            marked(units.joules(point.row.energy_j), point.row.best_disturbed),
            _beaten(point),
        )
        for point in points
    )
    notes = (
        tr(
            "none: no other one that was judged on the same pictures is as often right, small, fast and cheap, and "
            "better in one of these. One is as fast or as cheap only where that shows outside the noise."
        ),
    )
    title = tr("Accuracy against time, size and cost")
    return Table("pareto", title, columns, rows, notes, tuple(point.row.key for point in points))


def _beaten(point: Standpoint) -> str:
    if point.row.lost_accuracy:
        return tr("lost its answers")
    return point.beaten_by or tr("none")

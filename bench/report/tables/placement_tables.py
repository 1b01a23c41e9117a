"""Where nodes ran and where time went: operators that fell back, top operators, roofline, crossover.

placement_table(result), operator_table(result), roofline_table(result), crossover_table(result)
"""

from __future__ import annotations

from dlbench.bench.report.cell_names import cell_key, verdict_words, where
from dlbench.bench.results.records import Roofline
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

__all__ = ["crossover_table", "operator_table", "placement_table", "roofline_table"]


def placement_table(result: Result) -> Table:
    """The cells that did not run wholly on the requested provider, with each provider's share."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("asked for"), False, key=True),
        Column(tr("batch"), key=True),
        Column(tr("verdict"), False),
        Column(tr("share of nodes"), False, secondary=1, wraps=True),
        Column(tr("share of time"), False, secondary=1, wraps=True),
        Column(tr("operators that fell back"), False, wraps=True),
    )
    cells = [cell for cell in result.cells if cell.verdict in ("partial", "fell_back")]
    rows = tuple(
        (
            cell.model,
            where(cell, result),
            units.number(cell.batch, "{:d}"),
            verdict_words(cell.verdict),
            ", ".join(f"{s.provider} {s.node_share:.0%} ({s.nodes})" for s in cell.provider_shares),
            _time_shares(cell),
            ", ".join(f"{op} x{n}" for op, n in sorted(cell.fallback_operators.items(), key=lambda item: -item[1])),
        )
        for cell in cells
    )
    notes = (tr("share of time: of the kernels' own time in a profiled run of its own, never of the timed ones."),)
    keys = tuple(cell_key(cell) for cell in cells)
    return Table("placement", tr("Nodes that ran elsewhere"), columns, rows, notes, keys)


def _time_shares(cell: Cell) -> str:
    known = [s for s in cell.provider_shares if s.time_share is not None]
    return ", ".join(f"{s.provider} {s.time_share:.0%}" for s in known) or "n/a"


def operator_table(result: Result) -> Table:
    """The operators that take most of the time of a run."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("batch"), key=True),
        Column(tr("operator"), False, key=True),
        Column(tr("on"), False, secondary=1),
        Column(tr("nodes"), secondary=1),
        Column(tr("time a run")),
        Column(tr("share")),
    )
    rows = [
        (
            cell.model,
            where(cell, result),
            units.number(cell.batch, "{:d}"),
            tr("others") if op.operator == "others" and not op.provider else op.operator,
            op.provider,
            units.number(op.nodes, "{:d}"),
            units.duration(op.seconds),
            units.percent(op.share, 1),
        )
        for cell in result.cells
        for op in cell.top_operators
    ]
    notes = (
        tr(
            "from ONNX Runtime's profiler, in a run of its own: the profiler makes every node slower, so the shares "
            "count, not the sums. Fused and reordered nodes carry the names that the optimised graph gives them."
        ),
    )
    return Table("operators", tr("Where the time goes"), columns, tuple(rows), notes)


def roofline_table(result: Result) -> Table:
    """How much of this machine's peak each cell reaches."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("batch"), key=True),
        Column("GFLOP/s", secondary=1),
        Column(tr("of peak FLOP/s")),
        Column("GB/s", secondary=1),
        Column(tr("of peak bytes/s")),
        Column(tr("launches")),
        Column(tr("so it is"), False),
    )
    measured = [(cell, cell.roofline) for cell in result.cells if cell.roofline]
    rows = tuple(_roofline_row(cell, roofline, result) for cell, roofline in measured)
    notes = [
        tr(
            "GFLOP/s: 2 x MACs x inferences a second. GB/s: the weights, inputs and outputs, each moved once a run, "
            "at least. launches: nodes x the time of one tiny node, over the latency. The highest share names the "
            "bound where it is at least half; between: none explains the time (small matrices, threads that wait, "
            "intermediate results)."
        ),
    ]
    for provider, threads, r in {(c.provider, c.threads, r) for c, r in measured}:
        notes.append(
            tr(
                "peaks of {provider}, {threads} threads, measured: {flops} GFLOP/s, {bytes} GB/s, {launch} a launch.",
                provider=provider,
                threads=threads,
                flops=units.number(r.peak_flops_per_s / 1e9),
                bytes=units.number(r.peak_bytes_per_s / 1e9, "{:,.1f}"),
                launch=units.duration(r.launch_s),
            )
        )
    keys = tuple(cell_key(cell) for cell, _ in measured)
    title = tr("Against what this machine can do at most")
    return Table("roofline", title, columns, rows, tuple(dict.fromkeys(notes)), keys)


def _roofline_row(cell: Cell, r: Roofline, result: Result) -> tuple[str, ...]:
    bounds = {
        "compute-bound": tr("compute-bound"),
        "memory-bound": tr("memory-bound"),
        "launch-bound": tr("launch-bound"),
        "between": tr("between"),
    }
    return (
        cell.model,
        where(cell, result),
        units.number(cell.batch, "{:d}"),
        units.number(r.compute_share * r.peak_flops_per_s / 1e9, "{:,.1f}"),
        units.percent(r.compute_share),
        units.number(r.bytes_per_s / 1e9, "{:,.2f}"),
        units.percent(r.bandwidth_share),
        units.percent(r.launch_share),
        bounds.get(r.bound, r.bound),
    )


def crossover_table(result: Result) -> Table:
    """The batch size from which one provider overtakes another."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("in"), False, key=True),
        Column(tr("ahead from there on"), False, key=True),
        Column(tr("behind"), False, key=True),
        Column(tr("from batch")),
        Column(tr("how known"), False, secondary=1, wraps=True),
    )
    rows = tuple(
        (
            c.model,
            tr("time") if c.quantity == "time" else c.quantity,
            c.overtakes,
            c.overtaken,
            units.number(c.batch, "{:.1f}"),
            c.note,
        )
        for c in result.crossovers
    )
    return Table("crossover", tr("Where one provider overtakes another"), columns, rows)

"""Where nodes ran and where time went: operators that fell back, top operators, roofline, crossover.

placement_table(result), operator_table(result), roofline_table(result), crossover_table(result)
"""

from __future__ import annotations

from operator import itemgetter

from dlbench.bench.report.cell_names import cell_columns, cell_key, verdict_words, where
from dlbench.bench.results.records import Crossover, OperatorTime, Roofline
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table, through
from dlbench.show.texts import tr


def placement_table(result: Result) -> Table:
    """The cells that did not run wholly on the requested provider, with each provider's share."""
    columns: tuple[Filled[Cell], ...] = (
        (Column(tr("network"), False, key=True), lambda cell: cell.model),
        (Column(tr("asked for"), False, key=True), lambda cell: where(cell, result)),
        (Column(tr("batch"), key=True), lambda cell: units.number(cell.batch, "{:d}")),
        (Column(tr("verdict"), False), lambda cell: verdict_words(cell.verdict)),
        (
            Column(tr("share of nodes"), False, secondary=1, wraps=True),
            lambda cell: ", ".join(f"{s.provider} {s.node_share:.0%} ({s.nodes})" for s in cell.provider_shares),
        ),
        (Column(tr("share of time"), False, secondary=1, wraps=True), _time_shares),
        (Column(tr("operators that fell back"), False, wraps=True), _fallback),
    )
    cells = [cell for cell in result.cells if cell.verdict in ("partial", "fell_back")]
    notes = (tr("share of time: of the kernels' own time in a profiled run of its own, never of the timed ones."),)
    return Table.of("placement", tr("Nodes that ran elsewhere"), cells, columns, notes, cell_key)


def _fallback(cell: Cell) -> str:
    return ", ".join(f"{op} x{n}" for op, n in sorted(cell.fallback_operators.items(), key=lambda item: -item[1]))


def _time_shares(cell: Cell) -> str:
    known = [s for s in cell.provider_shares if s.time_share is not None]
    return ", ".join(f"{s.provider} {s.time_share:.0%}" for s in known) or "n/a"


def operator_table(result: Result) -> Table:
    """The operators that take most of the time of a run."""
    of_operator: tuple[Filled[OperatorTime], ...] = (
        (Column(tr("operator"), False, key=True), _operator),
        (Column(tr("on"), False, secondary=1), lambda op: op.provider),
        (Column(tr("nodes"), secondary=1), lambda op: units.number(op.nodes, "{:d}")),
        (Column(tr("time a run")), lambda op: units.duration(op.seconds)),
        (Column(tr("share")), lambda op: units.percent(op.share, 1)),
    )
    columns: tuple[Filled[tuple[Cell, OperatorTime]], ...] = (
        *through(cell_columns(result), itemgetter(0)),
        *through(of_operator, itemgetter(1)),
    )
    notes = (
        tr(
            "from ONNX Runtime's profiler, in a run of its own: the profiler makes every node slower, so the shares "
            "count, not the sums. Fused and reordered nodes carry the names that the optimised graph gives them."
        ),
    )
    pairs = [(cell, op) for cell in result.cells for op in cell.top_operators]
    return Table.of("operators", tr("Where the time goes"), pairs, columns, notes)


def _operator(op: OperatorTime) -> str:
    return tr("others") if op.operator == "others" and not op.provider else op.operator


def roofline_table(result: Result) -> Table:
    """How much of this machine's peak each cell reaches."""
    bounds = {
        "compute-bound": tr("compute-bound"),
        "memory-bound": tr("memory-bound"),
        "launch-bound": tr("launch-bound"),
        "between": tr("between"),
    }
    of_roofline: tuple[Filled[Roofline], ...] = (
        (Column("GFLOP/s", secondary=1), lambda r: units.number(r.compute_share * r.peak_flops_per_s / 1e9, "{:,.1f}")),
        (Column(tr("of peak FLOP/s")), lambda r: units.percent(r.compute_share)),
        (Column("GB/s", secondary=1), lambda r: units.number(r.bytes_per_s / 1e9, "{:,.2f}")),
        (Column(tr("of peak bytes/s")), lambda r: units.percent(r.bandwidth_share)),
        (Column(tr("launches")), lambda r: units.percent(r.launch_share)),
        (Column(tr("so it is"), False), lambda r: bounds.get(r.bound, r.bound)),
    )
    columns: tuple[Filled[tuple[Cell, Roofline]], ...] = (
        *through(cell_columns(result), itemgetter(0)),
        *through(of_roofline, itemgetter(1)),
    )
    measured = [(cell, cell.roofline) for cell in result.cells if cell.roofline]
    notes = [
        tr(
            "GFLOP/s: 2 x MACs x inferences a second. GB/s: the weights, inputs and outputs, each moved once a run, "
            "at least. launches: nodes x the time of one tiny node, over the latency. The highest share names the "
            "bound where it is at least half; between: none explains the time (small matrices, threads that wait, "
            "intermediate results)."
        ),
        *{
            tr(
                "peaks of {provider}, {threads} threads, measured: {flops} GFLOP/s, {bytes} GB/s, {launch} a launch.",
                provider=cell.provider,
                threads=cell.threads,
                flops=units.number(r.peak_flops_per_s / 1e9),
                bytes=units.number(r.peak_bytes_per_s / 1e9, "{:,.1f}"),
                launch=units.duration(r.launch_s),
            ): None
            for cell, r in measured
        },
    ]
    title = tr("Against what this machine can do at most")
    return Table.of("roofline", title, measured, columns, notes, lambda pair: cell_key(pair[0]))


def crossover_table(result: Result) -> Table:
    """The batch size from which one provider overtakes another."""
    columns: tuple[Filled[Crossover], ...] = (
        (Column(tr("network"), False, key=True), lambda c: c.model),
        (Column(tr("in"), False, key=True), lambda c: tr("time") if c.quantity == "time" else c.quantity),
        (Column(tr("ahead from there on"), False, key=True), lambda c: c.overtakes),
        (Column(tr("behind"), False, key=True), lambda c: c.overtaken),
        (Column(tr("from batch")), lambda c: units.number(c.batch, "{:.1f}")),
        (Column(tr("how known"), False, secondary=1, wraps=True), lambda c: c.note),
    )
    return Table.of("crossover", tr("Where one provider overtakes another"), result.crossovers, columns)

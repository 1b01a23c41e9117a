"""Where nodes ran and where time went: fallen-back operators, top operators, roofline, crossover.

placement_table(result), operator_table(result), roofline_table(result), crossover_table(result)
"""

from __future__ import annotations

from dlbench.bench import units
from dlbench.bench.layout import Column, Table, where
from dlbench.bench.records import Roofline
from dlbench.bench.results import Cell, Result

__all__ = ["crossover_table", "operator_table", "placement_table", "roofline_table"]


def placement_table(result: Result) -> Table:
    """The cells that did not run wholly where they were asked to, with each provider's share."""
    columns = (
        Column("network", False),
        Column("asked for", False),
        Column("batch"),
        Column("verdict", False),
        Column("share of nodes", False),
        Column("share of time", False),
        Column("operators that fell back", False, wraps=True),
    )
    cells = [cell for cell in result.cells if cell.verdict in ("partial", "fell_back")]
    rows = tuple(
        (
            cell.model,
            where(cell, result),
            str(cell.batch),
            cell.verdict,
            ", ".join(f"{s.provider} {s.node_share:.0%} ({s.nodes})" for s in cell.provider_shares),
            _time_shares(cell),
            ", ".join(f"{op} x{n}" for op, n in sorted(cell.fallback_operators.items(), key=lambda item: -item[1])),
        )
        for cell in cells
    )
    notes = ("share of time: of the kernels' own time in a profiled run of its own, never of the timed ones.",)
    return Table("placement", "Nodes that ran elsewhere", columns, rows, notes)


def _time_shares(cell: Cell) -> str:
    known = [s for s in cell.provider_shares if s.time_share is not None]
    return ", ".join(f"{s.provider} {s.time_share:.0%}" for s in known) or "n/a"


def operator_table(result: Result) -> Table:
    """The operators that take most of the time of a run."""
    columns = (
        Column("network", False),
        Column("provider", False),
        Column("batch"),
        Column("operator", False),
        Column("on", False),
        Column("nodes"),
        Column("time a run"),
        Column("share"),
    )
    rows = [
        (
            cell.model,
            where(cell, result),
            str(cell.batch),
            op.operator,
            op.provider,
            str(op.nodes),
            units.duration(op.seconds),
            f"{op.share:.1%}",
        )
        for cell in result.cells
        for op in cell.top_operators
    ]
    notes = (
        "from ONNX Runtime's profiler, in a run of its own: the profiler makes every node slower, so the shares "
        "count, not "
        "the sums. Fused and reordered nodes carry the names that the optimised graph gives them.",
    )
    return Table("operators", "Where the time goes", columns, tuple(rows), notes)


def roofline_table(result: Result) -> Table:
    """What each cell reaches of what this machine can do."""
    columns = (
        Column("network", False),
        Column("provider", False),
        Column("batch"),
        Column("GFLOP/s"),
        Column("of peak"),
        Column("GB/s"),
        Column("of peak"),
        Column("launches"),
        Column("so it is", False),
    )
    found = [(cell, cell.roofline) for cell in result.cells if cell.roofline]
    rows = tuple(_roofline_row(cell, roofline, result) for cell, roofline in found)
    notes = [
        "GFLOP/s: 2 x MACs x inferences a second. GB/s: the weights, inputs and outputs, each moved once a run, at "
        "least. "
        "launches: nodes x the time of one tiny node, over the latency. The highest share names the bound where it "
        "is at "
        "least half; between: none explains the time (small matrices, threads that wait, intermediate results).",
    ]
    for provider, threads, r in {(c.provider, c.threads, r) for c, r in found}:
        peak = f"{r.peak_flops_per_s / 1e9:,.0f} GFLOP/s, {r.peak_bytes_per_s / 1e9:,.1f} GB/s"
        notes.append(
            f"peaks of {provider}, {threads} threads, measured: {peak}, {units.duration(r.launch_s)} a launch."
        )
    return Table("roofline", "Against what this machine can do at most", columns, rows, tuple(dict.fromkeys(notes)))


def _roofline_row(cell: Cell, r: Roofline, result: Result) -> tuple[str, ...]:
    return (
        cell.model,
        where(cell, result),
        str(cell.batch),
        f"{r.compute_share * r.peak_flops_per_s / 1e9:,.1f}",
        f"{r.compute_share:.0%}",
        f"{r.bytes_per_s / 1e9:,.2f}",
        f"{r.bandwidth_share:.0%}",
        f"{r.launch_share:.0%}",
        r.bound,
    )


def crossover_table(result: Result) -> Table:
    """The batch size from which one provider overtakes another."""
    columns = (
        Column("network", False),
        Column("in", False),
        Column("ahead from there on", False),
        Column("behind", False),
        Column("from batch"),
        Column("how known", False, wraps=True),
    )
    rows = tuple(
        (
            c.model,
            c.quantity,
            c.overtakes,
            c.overtaken,
            f"{c.batch:.1f}" if c.batch is not None else "n/a",
            c.note,
        )
        for c in result.crossovers
    )
    return Table("crossover", "Where one provider overtakes another", columns, rows)

"""How fast, and how it holds up: the cells one at a time, under load, and what the machine's probe showed.

speed_table(result), load_table(result), probe_table(result)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench import units
from dlbench.bench.layout import Column, Table, where
from dlbench.bench.results import Cell, Result

__all__ = ["load_table", "probe_table", "speed_table"]


def speed_table(result: Result) -> Table:
    """Latency of one run of the whole batch, and how often a second it can be had."""
    columns = (
        Column("network", False),
        Column("provider", False),
        Column("batch"),
        Column("verdict", False),
        Column("median"),
        Column("95 % interval"),
        Column("p95", secondary=True),
        Column("p99", secondary=True),
        Column("per second"),
        Column("calm rounds", secondary=True),
        Column("disturbed median", secondary=True),
    )
    alone = [cell for cell in result.cells if cell.scenario == "single-stream"]
    rows = [_speed_row(cell, result) for cell in alone if cell.timed]
    rows += list(_untimed_rows([cell for cell in result.cells if not cell.timed], result))
    return Table("speed", "Speed, and where it ran", columns, tuple(rows), tuple(_speed_notes(alone, result)))


def _speed_notes(cells: Sequence[Cell], result: Result) -> Iterator[str]:
    threads = result.settings.thread_counts or (result.settings.threads,)
    each = f"{threads[0]} threads" if len(threads) == 1 else "the threads named"
    yield (
        "median and percentiles: time of one run of the whole batch, input to output, after warm-up, each round in a "
        f"fresh process with {each}. calm rounds: rounds in which a probe before and after found the machine at its "
        "usual speed, of all rounds; the figures are theirs. * after an interval: too few rounds were calm, so it "
        "covers "
        "all rounds."
    )
    yield (
        "per second: inferences a second, the batch divided by the median. verdict: ran 6/6 means that all 6 nodes of "
        "the network were placed on the provider that was asked for; partial: some ran elsewhere."
    )
    allowed = {cell.tf32 for cell in cells if cell.tf32 is not None}
    if allowed:
        state = "allowed (ONNX Runtime's default)" if allowed == {True} else "off" if allowed == {False} else "mixed"
        yield f"TensorFloat-32 on CUDA: {state}."
    costs = [r.timer_cost_s for cell in cells for r in cell.rounds]
    if costs:
        yield f"reading the clock costs {units.duration(sorted(costs)[len(costs) // 2])}, which is inside every sample."


def _speed_row(cell: Cell, result: Result) -> tuple[str, ...]:
    latency = cell.latency_s
    assert latency is not None
    return (
        cell.model,
        where(cell, result),
        str(cell.batch),
        f"{cell.verdict} {cell.nodes_on_provider}/{cell.nodes_total}",
        units.duration(latency.p50),
        interval(cell),
        units.duration(latency.p95),
        units.duration(latency.p99),
        units.thousands(cell.throughput_per_s),
        f"{cell.undisturbed_rounds}/{len(cell.rounds)}",
        units.duration(cell.disturbed_median_s) if cell.disturbed_median_s else "",
    )


def interval(cell: Cell) -> str:
    """Return a cell's interval, starred where it covers all rounds, or why there is none."""
    latency = cell.latency_s
    if latency is None or latency.ci_low is None:
        return "can't tell" if cell.interval_covers.startswith("nothing") else "n/a"
    return units.duration_range(latency.ci_low, latency.ci_high) + ("*" if cell.interval_covers == "all rounds" else "")


def _untimed_rows(cells: Sequence[Cell], result: Result) -> Iterator[tuple[str, ...]]:
    """Yield one row for all batch sizes that share a network, a provider and a verdict."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for cell in cells:
        groups.setdefault((cell.model, where(cell, result), cell.verdict), []).append(str(cell.batch))
    for (model, provider, verdict), batches in groups.items():
        yield (model, provider, ",".join(dict.fromkeys(batches)), verdict, *[""] * 7)


def load_table(result: Result) -> Table:
    """Several requests at once: MLPerf Inference's offline and server scenarios."""
    columns = (
        Column("network", False),
        Column("provider", False),
        Column("batch"),
        Column("scenario", False),
        Column("streams x threads"),
        Column("offered runs/s"),
        Column("answered runs/s"),
        Column("inferences/s"),
        Column("median"),
        Column("p90", secondary=True),
        Column("p99"),
        Column("calm rounds", secondary=True),
    )
    cells = [cell for cell in result.cells if cell.timed and cell.scenario != "single-stream"]
    notes = (
        "offline: every stream always has a next run (as MLPerf's Offline); the figure that counts is inferences/s. "
        "server: "
        "runs arrive by a Poisson process at the offered rate, whether the last one is answered or not (as MLPerf's "
        "Server); "
        "the latency counts from arrival, waiting included, and the figure that counts is p99 at that rate.",
        "a stream is a session of its own with its own threads. late: the streams could not keep up with the "
        "offered rate.",
    )
    rows = tuple(_load_row(cell) for cell in cells)
    return Table("load", "Under load: several requests at once", columns, rows, notes)


def _load_row(cell: Cell) -> tuple[str, ...]:
    latency = cell.latency_s
    assert latency is not None
    answered = (cell.throughput_per_s or 0.0) / cell.batch
    late = cell.rate_per_s is not None and (cell.dropped > 0 or answered < 0.95 * cell.rate_per_s)
    return (
        cell.model,
        cell.provider,
        str(cell.batch),
        cell.scenario + (" late" if late else ""),
        f"{cell.streams} x {cell.threads}",
        units.thousands(cell.rate_per_s) if cell.rate_per_s is not None else "",
        units.thousands(answered),
        units.thousands(cell.throughput_per_s),
        units.duration(latency.p50),
        units.duration(latency.p90),
        units.duration(latency.p99),
        f"{cell.undisturbed_rounds}/{len(cell.rounds)}",
    )


def probe_table(result: Result) -> Table:
    """What the probe showed of the machine's own speed while the cells were timed."""
    columns = (
        Column("probe on", False),
        Column("threads"),
        Column("usual"),
        Column("best here"),
        Column("median here"),
        Column("calm rounds"),
    )
    rows = []
    for probe in result.probes:
        rounds = [
            r for c in result.cells if (c.provider, c.threads) == (probe.provider, probe.threads) for r in c.rounds
        ]
        calm = sum(r.undisturbed for r in rounds)
        rows.append(
            (
                probe.provider,
                str(probe.threads),
                units.duration(probe.reference_s) + (f" ({probe.history} earlier runs)" if probe.history else ""),
                f"{units.duration(probe.here_s)} ({probe.here_s / probe.reference_s - 1:+.0%})",
                f"{units.duration(probe.median_s)} ({probe.median_s / probe.reference_s - 1:+.0%})",
                f"{calm}/{len(rounds)} ({calm / max(1, len(rounds)):.0%})",
            )
        )
    notes = (
        "the probe is a small matrix product (64x256 by 256x256) with the cell's own provider and threads, before "
        "and after "
        "every round. usual: its best decile here, or in this machine's earlier runs where that is better. A round "
        "is calm "
        "when both its probes lie within 3 % of it, and the four quarters of its own samples agree.",
    )
    return Table("probe", "How calm the machine was", columns, tuple(rows), notes)

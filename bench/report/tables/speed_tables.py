"""How fast each cell is alone and under load, and what the machine's probe showed.

speed_table(result), load_table(result), probe_table(result)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from statistics import median

from dlbench.bench.report.answer_words import marked
from dlbench.bench.report.cell_names import cell_columns, cell_key, lost_key, on_provider, verdict_words, where
from dlbench.bench.report.machine_words import capacity_sentence, state_text
from dlbench.bench.results.evidence import evidence_of
from dlbench.bench.results.headline import fewest_calm
from dlbench.bench.results.records import ProbeReference, Round
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table
from dlbench.show.texts import said, tr

_MOST_FED = 4  # inputs, and networks, that the line under the table shows


def speed_table(result: Result) -> Table:
    """Latency of one run of the whole batch, and how many runs a second that makes."""
    columns: tuple[Filled[Cell], ...] = (
        *cell_columns(result),
        (
            Column(tr("verdict"), False, secondary=1),
            lambda c: f"{verdict_words(c.verdict)} {c.nodes_on_provider}/{c.nodes_total}",
        ),
        (Column(tr("median")), lambda c: marked(units.duration(c.median_s), c.disturbed)),
        (Column(tr("95 % interval")), interval),
        (Column("p95", secondary=3), lambda c: units.duration(c.latency.p95)),
        (Column("p99", secondary=3), lambda c: units.duration(c.latency.p99)),
        (Column(tr("per second")), lambda c: marked(units.thousands(c.throughput_per_s), c.disturbed)),
        (Column(tr("calm rounds"), secondary=2), _calm_rounds),
        (Column(tr("the machine was"), False, secondary=1, wraps=True), state_text),
        (
            Column(tr("in rounds not calm"), secondary=4),
            lambda c: units.duration(c.disturbed_median_s) if c.disturbed_median_s else "",
        ),
    )
    alone = [cell for cell in result.cells if cell.scenario == "single-stream"]
    timed, notes = [cell for cell in alone if cell.timed], _speed_notes(alone, result)
    table = Table.of("speed", tr("Speed, and where it ran"), timed, columns, notes, cell_key)
    untimed = list(_untimed_rows([cell for cell in result.cells if not cell.timed], result))
    rows, keys = (*table.rows, *(row for _, row in untimed)), (*table.keys, *(key for key, _ in untimed))
    return replace(table, rows=rows, keys=keys)


def _speed_notes(cells: Sequence[Cell], result: Result) -> Iterator[str]:
    threads = result.settings.thread_counts or (result.settings.threads,)
    each = tr("{n} threads", n=threads[0]) if len(threads) == 1 else tr("the threads named")
    yield tr(
        "median and percentiles: time of one run of the whole batch, input to output, after warm-up, each round in a "
        "fresh process with {each}; p95: 95 of 100 runs took no longer.",
        each=each,
    )
    wanted = result.settings.min_rounds
    yield tr(
        "calm rounds: how many of all rounds found the machine at its usual speed, by a probe before and after. "
        "{wanted} or more, with those in which no other program made it wait: only these count. Fewer: the interval "
        "covers all rounds and has a *. Fewer than {least}: ~, the machine was busy or slowed nearly all the time; "
        "take this figure, and what is computed from it, as a rough guide.",
        wanted=wanted,
        least=fewest_calm(wanted),
    )
    yield tr(
        "per second: inferences a second, the batch divided by the median. verdict: ran 6/6 means that all 6 nodes "
        "of the network were placed on the provider that was asked for; partial: some ran elsewhere."
    )
    fed = _fed(result)
    if fed:
        yield tr("fed: {inputs}", inputs=fed)
    allowed = {cell.tf32 for cell in cells if cell.tf32 is not None}
    if allowed:
        states = {True: tr("allowed (ONNX Runtime's default)"), False: tr("off")}
        yield tr("TensorFloat-32 on CUDA: {state}.", state=states[allowed.pop()] if len(allowed) == 1 else tr("mixed"))
    costs = [r.timer_cost_s for cell in cells for r in cell.rounds]
    if costs:
        middle = units.duration(sorted(costs)[len(costs) // 2])
        yield tr("reading the clock costs {time}, which is inside every sample.", time=middle)
    yield tr("words: dlbench help words explains them, a sentence each.")


def _fed(result: Result) -> str:
    """Return what each network's inputs were fed, and say so if there is no batch axis."""
    by_model = []
    for model in result.models:
        inputs = [f"{fed.name} {fed.type} [{', '.join(map(str, fed.shape))}], {said(fed.source)}" for fed in model.fed]
        shown = "; ".join(each[:120] for each in inputs[:_MOST_FED]) + ("; ..." if len(inputs) > _MOST_FED else "")
        no_batch = f" ({tr('no batch: one run is one inference')})" if model.batch_axis.startswith("none") else ""
        if shown:
            by_model.append(f"{model.name}{no_batch}: {shown}" if len(result.models) > 1 or no_batch else shown)
    more = "; ..." if len(by_model) > _MOST_FED else ""
    return "; ".join(by_model[:_MOST_FED]) + more


def interval(cell: Cell) -> str:
    """Return a cell's interval, with a star if it covers all rounds, or why there is none."""
    latency = cell.latency_s
    if latency is None or latency.ci_low is None:
        return tr("can't tell") if cell.interval_covers.startswith("nothing") else "n/a"
    shown = units.duration_range(latency.ci_low, latency.ci_high)
    if cell.disturbed:
        return marked(shown, True)
    return units.Figure(f"{shown}*", shown.value) if cell.interval_covers == "all rounds" else shown


def _untimed_rows(cells: Sequence[Cell], result: Result) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield a key and one row for all batch sizes that share a network, a provider and a verdict."""
    groups: dict[tuple[str, str, str, str], list[str]] = {}
    for cell in cells:
        key = (lost_key(cell), cell.model, where(cell, result), cell.verdict)
        groups.setdefault(key, []).append(str(cell.batch))
    for (key_of_row, model, provider, verdict), batches in groups.items():
        yield key_of_row, (model, provider, ",".join(dict.fromkeys(batches)), verdict_words(verdict), *[""] * 8)


def load_table(result: Result) -> Table:
    """Several requests at once: MLPerf Inference's offline and server scenarios."""
    columns: tuple[Filled[Cell], ...] = (
        (Column(tr("network"), False, key=True), lambda c: c.model),
        (Column(tr("provider"), False, wraps=True, key=True), on_provider),
        (Column(tr("batch"), key=True), lambda c: units.number(c.batch, "{:d}")),
        (Column(tr("scenario"), False, wraps=True, key=True), _scenario),
        (Column(tr("streams x threads"), key=True), lambda c: f"{c.streams} x {c.threads}"),
        (
            Column(tr("offered runs/s"), key=True),
            lambda c: units.thousands(c.rate_per_s) if c.rate_per_s is not None else "",
        ),
        (Column(tr("answered runs/s"), secondary=1), lambda c: marked(units.thousands(_answered(c)), c.disturbed)),
        (Column(tr("inferences/s")), lambda c: marked(units.thousands(c.throughput_per_s), c.disturbed)),
        (Column(tr("median"), secondary=1), lambda c: marked(units.duration(c.median_s), c.disturbed)),
        (Column("p90", secondary=3), lambda c: units.duration(c.latency.p90)),
        (Column("p99"), lambda c: units.duration(c.latency.p99)),
        (Column(tr("calm rounds"), secondary=2), _calm_rounds),
    )
    cells = [cell for cell in result.cells if cell.timed and cell.scenario != "single-stream"]
    notes = (
        tr(
            "offline: every stream always has a next run (as MLPerf's Offline); the figure that counts is "
            "inferences/s. server: runs arrive by a Poisson process at the offered rate, whether the last one is "
            "answered or not (as MLPerf's Server); the latency counts from arrival, waiting included, and the figure "
            "that counts is p99 at that rate."
        ),
        tr(
            "a stream is a session of its own with its own threads. late: the streams could not keep up with the "
            "offered rate."
        ),
    )
    return Table.of("load", tr("Under load: several requests at once"), cells, columns, notes)


def _scenario(cell: Cell) -> str:
    return f"{cell.scenario} {tr('late')}" if _is_late(cell) else cell.scenario


def _answered(cell: Cell) -> float:
    return (cell.throughput_per_s or 0.0) / cell.batch


def _is_late(cell: Cell) -> bool:
    return cell.rate_per_s is not None and (cell.dropped > 0 or _answered(cell) < 0.95 * cell.rate_per_s)


def _calm_rounds(cell: Cell) -> units.Figure:
    return units.Figure(f"{cell.undisturbed_rounds}/{len(cell.rounds)}", cell.undisturbed_rounds)


def probe_table(result: Result) -> Table:
    """What the probe showed of the machine's own speed while the cells were timed."""
    rounds = {
        probe: [r for c in result.cells if (c.provider, c.threads) == (probe.provider, probe.threads) for r in c.rounds]
        for probe in result.probes
    }
    evidence = {probe: evidence_of(some, probe) for probe, some in rounds.items()}
    columns: tuple[Filled[ProbeReference], ...] = (
        (Column(tr("probe on"), False, key=True), lambda p: p.provider),
        (Column(tr("threads"), key=True), lambda p: units.number(p.threads, "{:d}")),
        (Column(tr("usual")), _usual),
        (Column(tr("best here"), secondary=True), lambda p: _against(p.here_s, p.reference_s)),
        (Column(tr("median here")), lambda p: _against(p.median_s, p.reference_s)),
        (Column(tr("threads' work"), secondary=2), lambda p: units.number(evidence[p].capacity, "{:.1f}")),
        (Column(tr("others had"), secondary=3), lambda p: units.percent(evidence[p].others_share)),
        (Column(tr("memory"), secondary=4), lambda p: _memory(rounds[p], evidence[p].stream_ratio)),
        (Column(tr("calm rounds")), lambda p: _calm_share(rounds[p])),
    )
    notes = (
        tr(
            "the probe is a small matrix product (64x256 by 256x256) with the cell's own provider and threads, "
            "before and after every round. usual: the time that its fastest tenth stays below here, or did in this "
            "machine's earlier runs where that is better. A round is calm when both its probes lie within 3 % of it, "
            "its own four quarters agree, and other programs had less than 5 % of the cores."
        ),
        tr(
            "threads' work: how many lone threads' work all threads did together, the one-thread probe over the probe. "
            "others had: share of the cores' time that the cell's threads waited for other programs. memory: how fast "
            "one thread reads memory, and how far that is from the best here. All are medians over the rounds."
        ),
        *filter(None, (capacity_sentence(result.cells),)),
    )
    return Table.of("probe", tr("How calm the machine was"), result.probes, columns, notes)


def _usual(probe: ProbeReference) -> str:
    usual = units.duration(probe.reference_s)
    return tr("{usual} ({n} earlier runs)", usual=usual, n=probe.history) if probe.history else usual


def _calm_share(rounds: Sequence[Round]) -> units.Figure:
    calm, share = sum(r.undisturbed for r in rounds), sum(r.undisturbed for r in rounds) / max(1, len(rounds))
    return units.Figure(f"{calm}/{len(rounds)} ({share:.0%})", share)


def _memory(rounds: Sequence[Round], stream_ratio: float | None) -> str:
    """Return the stream from memory; n/a in older files."""
    speed = median([r.stream_bytes_per_s for r in rounds if r.stream_bytes_per_s] or [0.0])
    memory = f"{units.number(speed / 1e9, '{:.1f}')} GB/s ({(stream_ratio or 1) - 1:+.0%})" if speed else "n/a"
    return units.Figure(memory, speed)


def _against(seconds: float, reference_s: float) -> str:
    return units.Figure(f"{units.duration(seconds)} ({seconds / reference_s - 1:+.0%})", seconds)

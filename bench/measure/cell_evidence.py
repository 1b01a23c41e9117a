"""What the untimed runs say about a cell: shares of time, top operators, roofline, energy.

    operators_of(job), roofline_of(job, latency_s, throughput), energy_of(job, pricing, throughput)

The roofline model: S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance model for
multicore architectures", CACM 52(4), 2009.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from dlbench.bench.cost.pricing import Pricing
from dlbench.bench.measure.plan import Job
from dlbench.bench.providers.verdict import short_name, time_shares
from dlbench.bench.results.records import KernelTime, OperatorTime, ProviderShare, Roofline
from dlbench.model.element_types import by_runtime_name

_TOP = 10
_BOUND_FROM = 0.5  # a share of a ceiling that explains the time


@dataclass(frozen=True)
class CellEnergy:
    """Energy of one inference, its source, and the idle power that was subtracted."""

    energy_j: float | None
    source: str
    idle_w: float | None = None


def shares_of(job: Job) -> tuple[ProviderShare, ...]:
    """Return the share of nodes on each provider, and of time where it is known.

    All nodes on one provider need no profile: it has all of the time.
    """
    if job.placed is None:
        return ()
    shares = job.placed.shares
    if len(shares) == 1:
        return tuple(s.model_copy(update={"time_share": 1.0}) for s in shares)
    return time_shares(shares, _profiled(job))


def _profiled(job: Job) -> Sequence[Mapping[str, Any]]:
    """Return the nodes of the profiled run, the longest first; none where there was no such run."""
    nodes: Sequence[Mapping[str, Any]] = job.side_measurements.get("profile", {}).get("profiled_nodes", ())
    return nodes


def operators_of(job: Job) -> tuple[OperatorTime, ...]:
    """Return the operators that take most of a profiled run, the rest of them summed as `others`."""
    sums: dict[tuple[str, str], list[float]] = {}
    for node in _profiled(job):
        sums.setdefault((node["operator"], short_name(node["provider"])), []).append(node["seconds"])
    total = sum(map(sum, sums.values())) or 1.0
    ordered = sorted(sums.items(), key=lambda item: -sum(item[1]))
    rows = [
        OperatorTime(operator=op[:200], provider=p, nodes=len(s), seconds=sum(s), share=sum(s) / total)
        for (op, p), s in ordered[:_TOP]
    ]
    rest = [s for _, seconds in ordered[_TOP:] for s in seconds]
    if rest:
        rows.append(
            OperatorTime(operator="others", provider="", nodes=len(rest), seconds=sum(rest), share=sum(rest) / total)
        )
    return tuple(rows)


def kernels_of(job: Job) -> tuple[KernelTime, ...]:
    """Return the kernels' time by the numbers in which they compute, the longest first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for node in _profiled(job):
        groups.setdefault(node.get("numbers", "other"), []).append(node)
    total = sum(node["seconds"] for nodes in groups.values() for node in nodes) or 1.0
    found = []
    for numbers, nodes in groups.items():
        seconds = sum(node["seconds"] for node in nodes)
        counts = Counter(node["operator"][:200] for node in nodes)  # the nodes come with the longest first
        top = dict(list(counts.items())[:_TOP])
        found.append(
            KernelTime(numbers=numbers, kernels=len(nodes), seconds=seconds, share=seconds / total, operators=top)
        )
    return tuple(sorted(found, key=lambda each: -each.seconds))


def roofline_of(job: Job, latency_s: float | None, throughput_per_s: float | None) -> Roofline | None:
    """Compare the cell with the measured ceilings of this machine; None if they or the MACs are not known."""
    peaks, macs = job.side_measurements.get("peaks"), job.subject.record.macs
    if not peaks or macs is None or latency_s is None or throughput_per_s is None:
        return None
    runs_per_s = throughput_per_s / job.batch
    moved = _bytes_per_run(job)
    nodes = job.placed.nodes_total if job.placed else 0
    compute = 2 * macs * throughput_per_s / peaks["flops_per_s"]
    bandwidth = moved * runs_per_s / peaks["bytes_per_s"]
    launch = min(1.0, nodes * peaks["launch_s"] / latency_s)
    return Roofline(
        peak_flops_per_s=peaks["flops_per_s"],
        peak_bytes_per_s=peaks["bytes_per_s"],
        launch_s=peaks["launch_s"],
        bytes_per_run=moved,
        bytes_per_s=moved * runs_per_s,
        compute_share=compute,
        bandwidth_share=bandwidth,
        launch_share=launch,
        bound=_bound(compute, bandwidth, launch),
    )


def _bytes_per_run(job: Job) -> int:
    """Return the bytes that one run must move at least: weights, inputs and outputs, each once."""
    fed = job.request("round", 0)["inputs"]
    inputs: int = sum(prod(e["shape"]) * _element_bytes(e["type"]) for e in fed)
    smallest = min(job.subject.batch_sizes)
    outputs = (job.subject.output_bytes or 0) * job.batch // smallest
    return job.subject.record.bytes + inputs + outputs


def _element_bytes(runtime_type: str) -> int:
    element = by_runtime_name(runtime_type)
    return (element.bytes if element else 0) or 0


def _bound(compute: float, bandwidth: float, launch: float) -> str:
    """Name the ceiling that explains the time, the highest first; `between` where none explains half of it."""
    share, name = max((compute, "compute-bound"), (bandwidth, "memory-bound"), (launch, "launch-bound"))
    return name if share >= _BOUND_FROM else "between"


def energy_of(job: Job, pricing: Pricing, throughput_per_s: float | None) -> CellEnergy:
    """Return the energy of one inference: from a counter where one was read, else estimated (formula 5)."""
    if throughput_per_s is None:
        return CellEnergy(None, "n/a")
    if job.rate_per_s is not None:
        return CellEnergy(None, "n/a: the power at a partial load is not known")
    read = job.side_measurements.get("energy")
    if read and read["counter"] and read["energy_j"] is not None and read["idle_w"] is not None:
        above_idle = max(0.0, read["energy_j"] - read["idle_w"] * read["window_s"])
        whole = read["energy_j"] / (read["runs"] * job.batch)
        return CellEnergy(
            above_idle / (read["runs"] * job.batch),
            f"measured: {read['counter']} over one window of {read['window_s']:.0f} s, which shows no spread, idle "
            f"power of {read['idle_w']:.1f} W subtracted ({whole:.3g} J each with it)",
            read["idle_w"],
        )
    energy_j, source = pricing.energy(job.provider.place, throughput_per_s)
    if read and not read["counter"]:
        source += "; no energy counter can be read on this machine"
    return CellEnergy(energy_j, source)

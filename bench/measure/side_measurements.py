"""What is measured beside the timed rounds, each in a process of its own: where time goes, energy, ceilings, rates.

    measure_beside_rounds(jobs, settings, history, tell)      # fills job.side_measurements
    rates_of(settings, tell)(job)                           # server: offered rates as shares of what the cell can do

Nothing here changes a timed figure: the profiler and the counters run after the last round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.machine.probe_models import peak_models
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.launch import ask
from dlbench.bench.measure.plan import Job
from dlbench.energy import EnergyMeter

_SERVER_SHARES = (0.3, 0.6, 0.8, 0.95)  # of what the same streams reach when always busy
_PEAKS_TIMEOUT_S = 120.0


def measure_beside_rounds(
    jobs: Sequence[Job], settings: CompareSettings, history: MachineHistory, tell: Callable[[str], None]
) -> list[str]:
    """Profile, read energy and measure the ceilings for the jobs that have figures; return warnings."""
    warnings: list[str] = []
    if settings.energy:
        warnings += _without_counter(jobs)
    for job in (j for j in jobs if j.rounds):
        name = f"{job.subject.record.name} on {job.provider.name}, batch {job.batch}"
        alone = job.scenario == "single-stream"
        partial = job.placed is not None and job.placed.verdict == "partial"
        if (alone and (settings.profile or _is_smallest_of_variant(job))) or partial:
            tell(f"profiling {name}")
            warnings += _ask_into(job, "profile", settings, f"{name} could not be profiled")
        if settings.energy and _measurable(job):
            tell(f"reading energy of {name} (13 s)")
            warnings += _ask_into(job, "energy", settings, f"the energy of {name} could not be read")
        if settings.profile and alone:
            job.side_measurements["peaks"] = _peaks(job, settings, history, tell)
    return warnings


def _is_smallest_of_variant(job: Job) -> bool:
    """Say whether to look which kernels really run in fewer bits: at a variant's smallest batch."""
    return job.subject.card.variant is not None and job.batch == min(job.subject.batch_sizes)


def _measurable(job: Job) -> bool:
    gpu = job.provider.is_device
    return job.streams == 1 and job.rate_per_s is None and bool(EnergyMeter.start(gpu).stop().counter)


def _without_counter(jobs: Sequence[Job]) -> list[str]:
    places = {job.provider.is_device for job in jobs if job.rounds}
    names = {True: "the GPU (NVML)", False: "the processor (RAPL)"}
    lost = [names[gpu] for gpu in sorted(places) if not EnergyMeter.start(gpu).stop().counter]
    if not lost:
        return []
    todo = "on Linux, RAPL needs read access to /sys/class/powercap; or give the power that a meter shows"
    return [f"no energy counter of {' and '.join(lost)} can be read here, so energy is estimated; {todo}."]


def _ask_into(job: Job, do: str, settings: CompareSettings, failure: str) -> list[str]:
    reply = ask(job.request(do, settings.seed), settings.round_timeout_s)
    if reply.value is None:
        return [f"{failure}: {reply.problem.reason if reply.problem else 'no answer'}"]
    job.side_measurements[do] = reply.value
    return []


def _peaks(
    job: Job, settings: CompareSettings, history: MachineHistory, tell: Callable[[str], None]
) -> dict[str, float] | None:
    """Return the ceilings for this provider and these threads: kept, or measured now and kept."""
    name, threads = job.provider.name, job.threads
    kept = history.peaks(name, threads)
    if kept is None:
        tell(f"measuring the ceilings of {name} with {threads} threads (once)")
        with peak_models(job.provider.place) as request:
            reply = ask({**job.request("peaks", settings.seed), **request, "cuda_graph": False}, _PEAKS_TIMEOUT_S)
        if reply.value is None:
            return None
        kept = history.set_peaks(name, threads, **reply.value)
    return kept.model_dump(exclude={"created"})


def rates_of(settings: CompareSettings, tell: Callable[[str], None]) -> Callable[[Job], tuple[float, ...]]:
    """Return a function that finds the offered rates of a server cell, where the user gave none."""

    def rates(job: Job) -> tuple[float, ...]:
        tell(f"finding what {job.subject.record.name} on {job.provider.name}, batch {job.batch}, can serve")
        request: dict[str, Any] = job.request("round", settings.seed) | {"rate_per_s": None}
        reply = ask(request, settings.round_timeout_s)
        capacity = reply.value.get("runs_per_s") if reply.value else None
        return tuple(float(f"{share * capacity:.2g}") for share in _SERVER_SHARES) if capacity else (1.0,)

    return rates

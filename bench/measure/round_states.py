"""What the machine did during each round: calm, busy with other programs, slowed, or short of memory bandwidth.

Rule 4 of docs/measuring.md.

best = references(jobs, history)
mark_states(jobs, best)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.measure.plan import Job
from dlbench.bench.results.evidence import BUSY_FROM, STARVED_BELOW, delay_of, left_alone
from dlbench.bench.results.records import ProbeReference, Round
from dlbench.bench.results.statistics import best_decile, steady, undisturbed
from dlbench.system import usable_cores

_SLOWER_THAN_USUAL = 0.03
_HAD_ALL = 0.9

References = Mapping[tuple[str, int], ProbeReference]  # by provider and threads


def references(jobs: Sequence[Job], history: MachineHistory) -> dict[tuple[str, int], ProbeReference]:
    """Return each provider and thread count's reference: the best decile of this run, or the usual one if better."""
    best = {}
    for provider, threads in dict.fromkeys((job.provider.name, job.threads) for job in jobs):
        probes = probes_of(jobs, provider, threads)
        here = best_decile(probes)
        if here is None:
            continue
        (usual, runs), noise = history.best_probe_s(provider, threads), history.noise(provider, threads)
        best[provider, threads] = ProbeReference(
            provider=provider,
            threads=threads,
            reference_s=min(here, usual) if usual is not None else here,
            here_s=here,
            median_s=float(np.median(probes)),
            history=runs,
            noise_floor=noise.floor if noise else None,
            stream_bytes_per_s=_best_stream(jobs, history.best_stream(provider, threads)),
        )
    return best


def _best_stream(jobs: Sequence[Job], usual: float | None) -> float | None:
    """Return the best decile of the streams, or the usual one if that is faster."""
    streams = [r.stream_bytes_per_s for job in jobs for r in job.rounds if r.stream_bytes_per_s]
    here = float(np.quantile(streams, 0.9)) if streams else None
    return max((s for s in (here, usual) if s is not None), default=None)


def rounds_of(jobs: Sequence[Job], provider: str, threads: int) -> list[Round]:
    """Return all rounds of one provider and thread count."""
    return [r for job in jobs if (job.provider.name, job.threads) == (provider, threads) for r in job.rounds]


def probes_of(jobs: Sequence[Job], provider: str, threads: int) -> list[float]:
    """Return all probe times of one provider and thread count, in seconds."""
    rounds = rounds_of(jobs, provider, threads)
    return [p for r in rounds for p in (r.probe_before_s, r.probe_after_s) if p is not None]


def streams_of(jobs: Sequence[Job], provider: str, threads: int) -> list[float]:
    """Return all streams of one provider and thread count, in bytes a second."""
    return [r.stream_bytes_per_s for r in rounds_of(jobs, provider, threads) if r.stream_bytes_per_s]


def _state(near: bool, even: bool, delayed: bool, left_alone: bool, starved: bool) -> str:
    """Return what a round was, by whether its probes and quarters kept to the reference, and what it lacked."""
    if delayed and not left_alone:
        return "busy"
    if not (near and even):
        return "slowed"
    if starved:
        return "starved"
    return "undelayed" if delayed else "calm"


def mark_states(jobs: Sequence[Job], best: References) -> None:
    """Mark each round's state; undisturbed are the calm ones.

    busy: other programs took its cores, and left too few samples alone. slowed: a probe is over 3 % behind the
    reference, or its own quarters disagree. starved: reading memory was over 20 % slower than the best. undelayed:
    other programs took its cores, but enough samples were not delayed, and else it was calm.
    """
    for job in jobs:
        reference = best.get((job.provider.name, job.threads))
        near = undisturbed(
            [(r.probe_before_s, r.probe_after_s) for r in job.rounds], reference.reference_s if reference else None
        )
        even = steady([r.quarter_range for r in job.rounds])
        if not _lack_tells(job.rounds):
            job.rounds = [r.model_copy(update={"spins": False}) if r.spins else r for r in job.rounds]
        stream = reference.stream_bytes_per_s if reference else None
        states = [
            _state(n, e, (delay_of(r) or 0.0) > BUSY_FROM, left_alone(r), _starved(r, stream, job))
            for r, n, e in zip(job.rounds, near, even, strict=True)
        ]
        job.rounds = [
            r.model_copy(update={"state": state, "undisturbed": state == "calm"})
            for r, state in zip(job.rounds, states, strict=True)
        ]


def _starved(r: Round, best: float | None, job: Job) -> bool:
    """Say whether memory was short; undelayed samples that have all cores have all of the bandwidth, too."""
    if best is None or not r.stream_bytes_per_s or job.provider.is_device:
        return False
    alone = bool(r.undelayed_counts) and job.threads * job.streams >= usable_cores()
    return not alone and r.stream_bytes_per_s < STARVED_BELOW * best


def _lack_tells(rounds: Sequence[Round]) -> bool:
    """Say whether spinning threads that lack CPU time tell of other programs: where they once had nearly all of it."""
    return max((r.cpu_share or 0.0 for r in rounds), default=0.0) >= _HAD_ALL


def probe_warnings(best: References, history: MachineHistory) -> Iterator[str]:
    """Say where this machine was slower than usual all through the run, and how often it was so before."""
    for (provider, threads), reference in best.items():
        slower = reference.here_s / reference.reference_s - 1
        if slower <= _SLOWER_THAN_USUAL:
            continue
        runs = history.probe_levels(provider, threads)
        alike = sum(abs(level / reference.here_s - 1) <= _SLOWER_THAN_USUAL for level in runs)
        quick = sum(level <= reference.reference_s * (1 + _SLOWER_THAN_USUAL) for level in runs)
        yield (
            f"throughout this run, this machine was {slower:.0%} slower than usual in {reference.history} earlier runs "
            f"(probe on {provider}, {threads} threads; {quick} of {len(runs)} were at usual speed, {alike} as slow as "
            "now): another program, a lower clock, or the host of a virtual machine; close other programs, plug in the "
            "charger, and run again."
        )

"""Which rounds were undisturbed: each round's probe compared with the best that this machine showed.

Rule 4 of docs/measuring.md.

best = references(jobs, history, "1.31.1")
mark_undisturbed(jobs, best)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from dlbench.bench.machine.history import MachineHistory, history_key
from dlbench.bench.measure.plan import Job
from dlbench.bench.results.records import ProbeReference
from dlbench.bench.results.statistics import best_decile, steady, undisturbed

__all__ = ["References", "mark_undisturbed", "probe_warnings", "references"]

_SLOWER_THAN_USUAL = 0.03

References = Mapping[tuple[str, int], ProbeReference]  # by provider and threads


def references(jobs: Sequence[Job], history: MachineHistory, runtime: str) -> dict[tuple[str, int], ProbeReference]:
    """Return each provider and thread count's reference: the best decile of this run, or the usual one if better."""
    best = {}
    for provider, threads in dict.fromkeys((job.provider.name, job.threads) for job in jobs):
        probes = probes_of(jobs, provider, threads)
        here = best_decile(probes)
        if here is None:
            continue
        key = history_key(provider, threads, runtime)
        (usual, runs), noise = history.best_probe_s(key), history.noise(key)
        best[provider, threads] = ProbeReference(
            provider=provider,
            threads=threads,
            reference_s=min(here, usual) if usual is not None else here,
            here_s=here,
            median_s=float(np.median(probes)),
            history=runs,
            noise_floor=noise.floor if noise else None,
        )
    return best


def probes_of(jobs: Sequence[Job], provider: str, threads: int) -> list[float]:
    """Return all probe times of one provider and thread count, in seconds."""
    rounds = [r for job in jobs if (job.provider.name, job.threads) == (provider, threads) for r in job.rounds]
    return [p for r in rounds for p in (r.probe_before_s, r.probe_after_s) if p is not None]


def mark_undisturbed(jobs: Sequence[Job], best: References) -> None:
    """Mark each round: undisturbed where both probes are near the reference, and its own quarters agree."""
    for job in jobs:
        reference = best.get((job.provider.name, job.threads))
        calm = undisturbed(
            [(r.probe_before_s, r.probe_after_s) for r in job.rounds], reference.reference_s if reference else None
        )
        even = steady([r.quarter_range for r in job.rounds])
        job.rounds = [
            r.model_copy(update={"undisturbed": c and e}) for r, c, e in zip(job.rounds, calm, even, strict=True)
        ]


def probe_warnings(best: References) -> Iterator[str]:
    """Say where this machine was slower than usual all through the run."""
    for reference in best.values():
        slower = reference.here_s / reference.reference_s - 1
        if slower > _SLOWER_THAN_USUAL:
            yield (
                f"this machine ran {slower:.0%} slower than in its {reference.history} earlier runs, all through "
                f"this one (probe on {reference.provider}, {reference.threads} threads): another program or a lower "
                "clock; close other programs, plug in the power, and run again."
            )

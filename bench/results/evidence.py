"""What a cell's rounds tell of the machine: other programs, its own speed, its threads and its memory.

evidence = evidence_of(cell.rounds, reference)
evidence.others_share, evidence.capacity
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from dlbench.bench.results.records import MachineEvidence, ProbeReference, Round

_ENOUGH_UNDELAYED = 20
_FEW_UNDELAYED = 5  # of a network whose round holds few runs

BUSY_FROM = 0.05  # waiting for a core; below it the median of the samples does not move
STARVED_BELOW = 0.8  # of the best stream: one thread's share moves by 10 % on a calm machine


def delay_of(r: Round) -> float | None:
    """Return the share of the cores' time that other programs took from a round; None where nothing tells it.

    The kernel's figure, or, without it, what spinning threads lack: they have all of the time if nobody takes it.
    """
    if r.delay_share is not None:
        return r.delay_share
    return None if r.cpu_share is None or r.spins is not True else max(0.0, 1 - r.cpu_share)


def left_alone(r: Round) -> bool:
    """Say whether other programs left enough samples of a round alone."""
    undelayed = sum(r.undelayed_counts)
    return undelayed >= (_ENOUGH_UNDELAYED if sum(r.counts) > 2 * _ENOUGH_UNDELAYED else _FEW_UNDELAYED)


def evidence_of(rounds: Sequence[Round], reference: ProbeReference | None) -> MachineEvidence:
    """Return what the machine did in these rounds, a figure a kind of evidence."""
    usual_s = reference.reference_s if reference else None
    best = reference.stream_bytes_per_s if reference else None
    counts = Counter(r.state for r in rounds)
    return MachineEvidence(
        shares={state: n / len(rounds) for state, n in counts.most_common()},
        others_share=middle(delay_of(r) for r in rounds),
        probe_ratio=middle(p / usual_s for r in rounds if usual_s and (p := probe_s(r))),
        stream_ratio=middle(r.stream_bytes_per_s / best for r in rounds if best and r.stream_bytes_per_s),
        capacity=middle(r.one_thread_probe_s / p for r in rounds if r.one_thread_probe_s and (p := probe_s(r))),
        clock_hz=middle(r.clock_hz for r in rounds),
        slow_core_share=middle(r.slow_core_share for r in rounds),
        waited_s=sum(r.waited_s for r in rounds),
    )


def probe_s(r: Round) -> float | None:
    """Return the mean of the probes around a round."""
    probes = [p for p in (r.probe_before_s, r.probe_after_s) if p]
    return sum(probes) / len(probes) if probes else None


def middle(values: Iterable[float | None]) -> float | None:
    """Return the median of those that are known; None without any."""
    known = [v for v in values if v is not None]
    return float(median(known)) if known else None

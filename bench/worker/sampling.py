"""Inside the measuring process: time runs one by one, warm up, and know the clock's own cost.

    warm_up(run)
    samples_ns = time_runs(run, enough)

Plain loops on purpose: a call into numpy between two runs would cool the caches that the run has just warmed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from dlbench.bench.worker.contention import time_in_blocks
from dlbench.system import last_level_cache

MAX_SAMPLES = 200_000
UNDELAYED_RUNS = 20  # beside a busy program, a round goes on until it has these,
BUSY_S = 0.6  # for at most so long

_PROBE_RUNS = 300
_PROBE_S = 0.25  # a slow machine makes fewer probe runs
_PROBE_UNDELAYED = 100
_PROBE_BUSY_S = 0.06  # beside a busy program, the probe waits so long for undelayed runs
_CACHES = 3
_STREAM_BYTES = (32 << 20, 128 << 20)
_STREAM_RUNS = 3
_WARM_UP_S = 1.0
_BLOCK_S = 0.02
_SLOW_BLOCK_S = 0.1
_SETTLED = 0.03
_SAMPLE_S = 0.3
_SAMPLE_RUNS = 20
_SAMPLE_CAP_S = 1.2  # rounds differ more than the runs of one; six slow runs in each of five rounds still give a p90

Enough = Callable[[int, float], bool]  # (runs, elapsed seconds)


def enough_samples(runs: int, elapsed_s: float) -> bool:
    """Say whether a round has its samples: 0.3 s and 20 runs, or 1.2 s (docs/measuring.md, rule 3)."""
    return (runs >= _SAMPLE_RUNS and elapsed_s >= _SAMPLE_S) or elapsed_s >= _SAMPLE_CAP_S or runs >= MAX_SAMPLES


def time_runs(run: Callable[[], Any], enough: Enough) -> list[int]:
    """Time runs one by one, in nanoseconds, until `enough(runs, elapsed_s)`."""
    clock = time.perf_counter_ns
    samples: list[int] = []
    began = before = clock()
    while True:
        run()
        after = clock()
        samples.append(after - before)
        if enough(len(samples), (after - began) / 1e9):
            return samples
        before = clock()


def timer_cost_ns() -> float:
    """Return the median cost of reading the clock once, in nanoseconds; it stands in every sample."""
    clock = time.perf_counter_ns
    ticks = [clock() for _ in range(2001)]
    return median([after - before for before, after in pairwise(ticks)])


def median(samples: Sequence[int]) -> float:
    """Return the median; the mean of the middle two where their number is even."""
    ordered = sorted(samples)
    middle = len(ordered) // 2
    return float(ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def warm_up(run: Callable[[], Any]) -> tuple[int, bool]:
    """Run until the medians of two blocks in a row agree; return the number of runs and whether they did."""
    runs, last, began = 0, None, time.perf_counter()
    while True:
        # two slow runs say as much as three; a quick one needs a block that is long against the clock and the scheduler
        block = time_runs(run, lambda n, s: (n >= 3 and s >= _BLOCK_S) or (n >= 2 and s >= _SLOW_BLOCK_S))
        runs += len(block)
        now = median(block)
        if last is None and len(block) == 2:  # two slow runs are two blocks
            last, now = float(block[0]), float(block[1])
        if last is not None and abs(now - last) <= _SETTLED * last:
            return runs, True
        if time.perf_counter() - began >= _WARM_UP_S:
            return runs, False
        last = now


def probe_s(run: Callable[[], Any], clock: Callable[[], int] | None = None, threads: int = 1) -> float:
    """Return the probe's median time in seconds: a speed index of the machine at this moment (rule 4).

    With the clock of its threads it is that of the runs that no other program delayed, where there are enough of them.
    """
    if clock is None:
        samples = time_runs(run, _enough_of_the_probe)
    else:
        samples, undelayed = time_in_blocks(run, _enough_of_the_probe, clock, threads, _PROBE_UNDELAYED, _PROBE_BUSY_S)
        samples = undelayed if len(undelayed) >= _PROBE_UNDELAYED else samples
    return median(samples[len(samples) // 6 :]) / 1e9


def _enough_of_the_probe(runs: int, elapsed_s: float) -> bool:
    return runs >= _PROBE_RUNS or elapsed_s >= _PROBE_S


def stream_bytes_per_s() -> float:
    """Return how fast one thread reads a block of several times the last-level cache: an index of free bandwidth."""
    import numpy as np

    size = min(max(_CACHES * (last_level_cache() or 0), _STREAM_BYTES[0]), _STREAM_BYTES[1])
    block = np.ones(size // 8)
    best = min(time_runs(block.sum, lambda n, s: n >= _STREAM_RUNS))
    return block.nbytes / best * 1e9

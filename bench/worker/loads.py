"""Inside the measuring process: several requests at once (MLPerf Inference's offline and server scenarios).

    closed_loop(runs)                      # offline: every stream always busy
    open_loop(runs, rate_per_s, seed)      # server: Poisson arrivals, whether the last answer is out or not

One stream is one thread with a session of its own; ONNX Runtime lets go of Python's lock while it computes.
The server's latency counts from the moment a request was due, not from when a stream was free for it, so that waiting
is in the figure (Gil Tene's "coordinated omission"; MLPerf LoadGen does the same).
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from dlbench.bench.worker.contention import time_in_blocks
from dlbench.bench.worker.sampling import BUSY_S, MAX_SAMPLES, UNDELAYED_RUNS, enough_samples, time_runs

_SERVER_S = 2.0  # a window of the open loop
_SERVER_REQUESTS = 300  # enough for a p99
_SERVER_CAP_S = 5.0
_OVERDUE_S = 5.0  # a server that is so late has lost; waiting longer would say nothing new
_SPIN_S = 2e-4  # a sleep wakes up late by about 0.1 ms, so the last bit is waited for awake
_MAX_REQUESTS = 100_000

Run = Callable[[], Any]


def closed_loop(runs: Sequence[Run], clock: Callable[[], int] | None = None, threads: int = 1) -> dict[str, Any]:
    """Keep every stream busy for one round's time.

    Args:
        runs: one call a stream.
        clock: the CPU time of the threads of a lone stream (`contention.core_clock`), to tell delayed samples.
        threads: how many these are.

    Returns:
        samples_ns of all streams, window_s from the common start to the last answer, and the number of runs in it;
        with a clock also undelayed_ns: the samples that no other program delayed.
    """
    if len(runs) == 1:
        return _one_stream(runs[0], clock, threads)
    start = threading.Barrier(len(runs))
    collected: list[list[int]] = [[] for _ in runs]
    ends = [0] * len(runs)
    begins = [0] * len(runs)

    def stream(index: int) -> None:
        clock = time.perf_counter_ns
        samples, run = collected[index], runs[index]
        start.wait()
        begins[index] = before = clock()
        while True:
            run()
            after = clock()
            samples.append(after - before)
            if enough_samples(len(samples), (after - begins[index]) / 1e9):
                break
            before = clock()
        ends[index] = after

    _in_threads(stream, len(runs))
    # counted only while all streams were at work: the last to start until the first to end
    window_s = (min(ends) - max(begins)) / 1e9
    per_second = sum(len(s) / ((end - begin) / 1e9) for s, begin, end in zip(collected, begins, ends, strict=True))
    return {"samples_ns": [ns for s in collected for ns in s], "window_s": window_s, "runs_per_s": per_second}


def _one_stream(run: Run, clock: Callable[[], int] | None, threads: int) -> dict[str, Any]:
    began = time.perf_counter()
    if clock is None:
        samples, more = time_runs(run, enough_samples), {}
    else:
        samples, undelayed = time_in_blocks(run, enough_samples, clock, threads, UNDELAYED_RUNS, BUSY_S)
        more = {"undelayed_ns": undelayed}
    window_s = time.perf_counter() - began
    return {"samples_ns": samples, "window_s": window_s, "runs_per_s": len(samples) / window_s, **more}


def open_loop(runs: Sequence[Run], rate_per_s: float, seed: int) -> dict[str, Any]:
    """Answer requests that arrive by a Poisson process at `rate_per_s` for at least 2 s (5 s at low rates).

    Returns:
        samples_ns from due time to answer, window_s, runs_per_s achieved, offered_per_s as drawn, and `dropped`:
        requests left unanswered because the server was over 5 s late.
    """
    due_s = _arrivals(rate_per_s, seed)
    numbers = itertools.count()
    collected: list[list[int]] = [[] for _ in runs]
    dropped = [0] * len(runs)
    start = threading.Barrier(len(runs))
    origin = [0.0]

    def stream(index: int) -> None:
        clock, samples, run = time.perf_counter, collected[index], runs[index]
        if start.wait() == 0:
            origin[0] = clock() + 0.01
        start.wait()
        while (number := next(numbers)) < len(due_s):  # one step of the interpreter: no two streams get one number
            due = origin[0] + due_s[number]
            if clock() - due > _OVERDUE_S:
                dropped[index] += 1
                continue
            _wait_until(due)
            run()
            samples.append(int((clock() - due) * 1e9))

    _in_threads(stream, len(runs))
    window_s = time.perf_counter() - origin[0]
    answered = sum(map(len, collected))
    return {
        "samples_ns": [ns for s in collected for ns in s],
        "window_s": window_s,
        "runs_per_s": answered / window_s,
        "offered_per_s": len(due_s) / due_s[-1],
        "dropped": sum(dropped),
    }


def _arrivals(rate_per_s: float, seed: int) -> list[float]:
    """Return due times in seconds: gaps drawn from an exponential distribution."""
    import numpy as np

    wanted_s = min(max(_SERVER_S, _SERVER_REQUESTS / rate_per_s), _SERVER_CAP_S)
    number = int(min(max(rate_per_s * wanted_s, 20), _MAX_REQUESTS, MAX_SAMPLES))
    gaps = np.random.default_rng(seed).exponential(1.0 / rate_per_s, number)
    return [float(t) for t in gaps.cumsum()]


def _wait_until(due: float) -> None:
    clock = time.perf_counter
    while (left := due - clock()) > 0:
        time.sleep(left - _SPIN_S if left > _SPIN_S else 0)


def _in_threads(work: Callable[[int], None], number: int) -> None:
    """Run `work(0) ... work(number - 1)` at once, and raise what any of them raised."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(number) as pool:
        for future in [pool.submit(work, index) for index in range(number)]:
            future.result()

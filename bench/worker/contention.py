"""Inside the measuring process: did other programs take the cores meanwhile, and which samples did they leave alone?

    watch = CoreWatch.start()
    before = threads_now(); session = ...
    samples_ns, undelayed = time_in_blocks(run, enough_samples, core_clock(threads, before), threads, 20, 0.6)
    watch.stop(threads)      # {"delay_share": 0.25, "cpu_share": 0.75, "involuntary_switches": 31, "clock_hz": None}

Linux tells how long threads that could run waited for a core (schedstat, second figure; Documentation/scheduler/
sched-stats.rst). Threads that spin have all of their cores' time unless somebody else has it, so their own CPU time
tells which samples were delayed, and, where there is no schedstat, how much the others had.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlbench.system import core_kinds

_BLOCK_NS = 1_000_000  # short against a scheduler's slice of 3 to 10 ms, long against reading the clocks (3 us)
_AT_WORK = 0.2  # of the wall time: a thread that ran for less was idle
_DELAYED = 0.02  # a block whose threads lack more than this share of their cores' time

_TASKS = Path("/proc/self/task")
_CPUS = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class CoreWatch:
    """The counters of this process at one moment."""

    wall_ns: int
    cpu_ns: int
    tasks: Mapping[int, tuple[int, int]] | None  # thread: nanoseconds that it ran, and that it waited for a core
    switches: int | None

    @classmethod
    def start(cls) -> CoreWatch:
        """Read the counters; None for those that this system does not give."""
        return cls(time.perf_counter_ns(), time.process_time_ns(), _schedstat(), _involuntary_switches())

    def stop(self, threads: int) -> dict[str, Any]:
        """Return what happened since, for a process of so many busy threads.

        Returns:
            delay_share: waiting over waiting + running; None without schedstat.
            cpu_share: CPU time over wall time x threads; threads that spin have 1 when nobody disturbs them.
            involuntary_switches: how often a thread was taken off its core; None where the system does not count.
            clock_hz: mean clock of this process's cores; None where it can't be read.
            slow_core_share: of the threads at work, those that were on cores weaker than the strongest; None where all
            cores are of one kind.
        """
        now = CoreWatch.start()
        wall_ns = max(1, now.wall_ns - self.wall_ns)
        moved = _moved(self.tasks, now.tasks)
        ran, waited = sum(run for run, _ in moved.values()), sum(wait for _, wait in moved.values())
        known = self.tasks is not None and now.tasks is not None
        switches = None
        if self.switches is not None and now.switches is not None:
            switches = max(0, now.switches - self.switches)
        return {
            "delay_share": waited / max(1, waited + ran) if known else None,
            "cpu_share": (now.cpu_ns - self.cpu_ns) / wall_ns / max(1, threads),
            "involuntary_switches": switches,
            "clock_hz": _clock_hz(),
            "slow_core_share": _on_slow_cores([task for task, (run, _) in moved.items() if run > _AT_WORK * wall_ns]),
        }


def _moved(
    before: Mapping[int, tuple[int, int]] | None, now: Mapping[int, tuple[int, int]] | None
) -> dict[int, tuple[int, int]]:
    """Return how long each thread ran and waited between two readings; one that is new began at 0."""
    moved = {}
    for task, (ran, waited) in (now or {}).items():
        ran_before, waited_before = (before or {}).get(task, (0, 0))
        moved[task] = max(0, ran - ran_before), max(0, waited - waited_before)
    return moved


def _schedstat() -> dict[int, tuple[int, int]] | None:
    """Return the nanoseconds that each thread ran and waited for a core; None where that is not told."""
    found = {}
    try:
        for task in _TASKS.iterdir():
            ran, waited, _ = (task / "schedstat").read_text().split()
            found[int(task.name)] = int(ran), int(waited)
    except (OSError, ValueError):  # not Linux, a kernel without it, a container that hides it
        return None
    return found if any(ran for ran, _ in found.values()) else None  # some kernels show the file and count nothing


def _on_slow_cores(tasks: Sequence[int]) -> float | None:
    """Return the share of these threads that last ran on a core weaker than the strongest."""
    kinds = core_kinds()
    if not kinds or not tasks:
        return None
    slow = 0
    for task in tasks:
        try:
            # the name in brackets may hold blanks; the 39th field is the processor (proc_pid_stat(5))
            cpu = int((_TASKS / str(task) / "stat").read_text().rpartition(")")[2].split()[36])
        except (OSError, ValueError, IndexError):
            return None
        slow += kinds.get(cpu, 0) < max(kinds.values())
    return slow / len(tasks)


def _involuntary_switches() -> int | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw)


def _clock_hz() -> float | None:
    """Return the mean clock of the cores that this process may use, from cpufreq; None without it."""
    if not hasattr(os, "sched_getaffinity"):
        return None
    clocks = []
    for cpu in os.sched_getaffinity(0):
        try:
            clocks.append(int((_CPUS / f"cpu{cpu}/cpufreq/scaling_cur_freq").read_text()) * 1e3)
        except (OSError, ValueError):
            return None
    return sum(clocks) / len(clocks) if clocks else None


def threads_now() -> frozenset[int]:
    """Return the numbers of this process's threads; empty where the system does not tell."""
    try:
        return frozenset(int(task.name) for task in _TASKS.iterdir())
    except OSError:
        return frozenset()


def core_clock(threads: int, before: frozenset[int]) -> Callable[[], int] | None:
    """Return a function that reads the CPU time in nanoseconds of a session's threads: this one and its pool's.

    Args:
        threads: how many threads work for the session.
        before: `threads_now()` before the session was opened.

    Returns:
        None where other threads' clocks can't be read while they run (all but Linux), or where their number is another.
    """
    pool = threads_now() - before
    if sys.platform != "linux" or not before or len(pool) != threads - 1:
        return None
    # MAKE_THREAD_CPUCLOCK(tid, CPUCLOCK_SCHED) of include/linux/posix-timers.h
    clocks = [(~thread << 3) | 6 for thread in (threading.get_native_id(), *pool)]
    read = time.clock_gettime_ns
    try:
        sum(map(read, clocks))
    except OSError:
        return None
    return lambda: sum(map(read, clocks))


def time_in_blocks(
    run: Callable[[], Any],
    enough: Callable[[int, float], bool],
    clock: Callable[[], int],
    threads: int,
    undelayed_runs: int,
    most_s: float,
) -> tuple[list[int], list[int]]:
    """Time runs one by one, in nanoseconds, and tell which of them no other program delayed.

    The threads' own clocks are read between blocks of about a millisecond, never inside one.

    Args:
        run: one inference.
        enough: says of the number of runs and the seconds since the start whether they suffice.
        clock: the CPU time of the threads at work (`core_clock`).
        threads: how many these are.
        undelayed_runs: go on where fewer than these were undelayed,
        most_s: but not for longer than this, in seconds.

    Returns:
        All samples; and those of the blocks in which the threads had all of their cores' time.
    """
    now = time.perf_counter_ns
    samples: list[int] = []
    undelayed: list[int] = []
    began = edge = now()
    had = clock()
    while True:
        block: list[int] = []
        before = now()
        while True:
            run()
            after = now()
            block.append(after - before)
            if after - edge >= _BLOCK_NS:
                break
            before = now()
        has, end = clock(), now()
        samples += block
        if abs(has - had - threads * (end - edge)) <= _DELAYED * threads * (end - edge):
            undelayed += block
        edge, had = end, has
        elapsed_s = (after - began) / 1e9
        if enough(len(samples), elapsed_s) and (len(undelayed) >= undelayed_runs or elapsed_s >= most_s):
            return samples, undelayed

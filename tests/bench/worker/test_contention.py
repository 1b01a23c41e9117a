"""Which samples other programs delayed, and what the counters of a process tell."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from dlbench.bench.worker import contention
from dlbench.bench.worker.contention import CoreWatch, core_clock, threads_now, time_in_blocks

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the kernel's schedstat is Linux's")


def _busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@LINUX
def test_a_thread_that_works_has_its_cores_time_and_the_kernel_tells_how_long_it_waited():
    before = CoreWatch.start()
    _busy(0.05)
    seen = before.stop(threads=1)
    assert 0 < seen["cpu_share"] < 1.1 and 0 <= seen["delay_share"] <= 1
    assert seen["involuntary_switches"] >= 0


def test_without_schedstat_the_share_of_cpu_time_is_left(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(contention, "_TASKS", tmp_path / "hidden")
    before = CoreWatch.start()
    _busy(0.02)
    seen = before.stop(threads=1)
    assert seen["delay_share"] is None and seen["cpu_share"] > 0
    assert threads_now() == frozenset() and core_clock(1, threads_now()) is None


@pytest.mark.parametrize("text", ["", "1 2", "a b c"])
def test_a_schedstat_of_another_form_counts_as_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "schedstat").write_text(text)
    monkeypatch.setattr(contention, "_TASKS", tmp_path)
    assert CoreWatch.start().stop(threads=2)["delay_share"] is None


@LINUX
def test_the_clock_of_a_lone_thread_is_its_own_cpu_time_and_needs_the_right_number_of_threads():
    clock = core_clock(1, threads_now())
    assert clock is not None
    before = clock()
    _busy(0.02)
    assert 0 < clock() - before < 10**9
    time.sleep(0.05)
    asleep = clock()
    time.sleep(0.05)
    assert clock() - asleep < 2e7  # nothing while it sleeps
    assert core_clock(3, threads_now()) is None


@LINUX
def test_on_a_processor_with_cores_of_two_kinds_each_round_says_on_which_its_threads_were(
    monkeypatch: pytest.MonkeyPatch,
):
    weak = dict.fromkeys(range(4096), 446)
    monkeypatch.setattr(contention, "core_kinds", lambda: weak | {5000: 1024})
    before = CoreWatch.start()
    _busy(0.05)
    assert before.stop(threads=1)["slow_core_share"] == 1
    monkeypatch.setattr(contention, "core_kinds", lambda: dict.fromkeys(weak, 1024) | {5000: 446})
    before = CoreWatch.start()
    _busy(0.05)
    assert before.stop(threads=1)["slow_core_share"] == 0
    monkeypatch.setattr(contention, "core_kinds", dict)
    assert CoreWatch.start().stop(threads=1)["slow_core_share"] is None


def test_blocks_in_which_the_threads_lacked_cpu_time_are_left_out():
    wall, lost, runs = [0], [0], [0]

    def run() -> None:
        runs[0] += 1
        late = 5_000_000 if 100 <= runs[0] < 200 and runs[0] % 10 == 0 else 0
        wall[0] += 100_000 + late
        lost[0] += late

    monkey = pytest.MonkeyPatch()
    monkey.setattr(time, "perf_counter_ns", lambda: wall[0])
    try:
        samples, undelayed = time_in_blocks(
            run, lambda n, _: n >= 300, lambda: 2 * wall[0] - lost[0], 2, undelayed_runs=20, most_s=1.0
        )
    finally:
        monkey.undo()
    assert len(samples) >= 300 and max(samples) == 5_100_000
    assert len(undelayed) >= 150 and set(undelayed) == {100_000}


def test_a_busy_round_goes_on_for_undelayed_runs_but_not_for_ever():
    wall = [0]

    def run() -> None:
        wall[0] += 1_000_000

    monkey = pytest.MonkeyPatch()
    monkey.setattr(time, "perf_counter_ns", lambda: wall[0])
    try:
        samples, undelayed = time_in_blocks(run, lambda n, _: n >= 10, lambda: 0, 2, undelayed_runs=20, most_s=0.5)
    finally:
        monkey.undo()
    assert undelayed == [] and len(samples) == 500

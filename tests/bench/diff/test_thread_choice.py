"""Which threads serve best: the ways are timed in turn and held against ONNX Runtime's default."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlbench.bench.diff import thread_choice
from dlbench.bench.diff.ratio import RatioInterval
from dlbench.bench.diff.thread_choice import DEFAULT, ThreadChoice, ThreadOption, choose_threads
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.results.evidence import evidence_of
from dlbench.system import default_affinities


@pytest.mark.usefixtures("short_rounds")
def test_the_ways_are_timed_beside_the_default(dense_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(thread_choice, "_ROUNDS", (2, 2))
    choice = choose_threads(CompareSettings(batch_sizes=(1,), threads=2, min_rounds=2, budget_s=0), dense_file)
    names = [option.name for option in choice.options]
    pinned = ["2 threads, pinned"] if default_affinities(2) else []
    assert names == [DEFAULT, *pinned, "2 threads, not pinned", "2 threads that sleep between runs", "1 thread"]
    assert choice.options[0].times is None and all(option.times is not None for option in choice.options[1:])
    assert all(option.median_s > 0 and option.spread >= 1 for option in choice.options)
    assert choice.fastest in choice.options


def test_the_default_stays_where_nothing_is_shown_to_be_faster():
    interval = RatioInterval(0.7, 0.6, 0.8, 0.99, 8)
    default = ThreadOption(DEFAULT, 0, 1e-3, 1.1, None, "same")
    unclear = ThreadOption("1 thread", 1, 9e-4, 1.1, interval, "can't tell")
    faster = ThreadOption("2 threads, not pinned", 2, 8e-4, 1.1, interval, "faster")
    evidence = evidence_of([], None)
    assert ThreadChoice("m", (default, unclear), evidence, ()).fastest is default
    assert ThreadChoice("m", (default, unclear, faster), evidence, ()).fastest is faster

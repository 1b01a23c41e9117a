"""The search for the best setting, on made rounds: what is planted is found, and what is not there is not claimed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from dlbench.bench.diff import ratio
from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import judge
from dlbench.bench.diff.ratio import FEW_PAIRS, ratio_in_turn
from dlbench.bench.measure import rounds
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.plan import Job
from dlbench.bench.measure.rounds import RoundLoop
from dlbench.bench.providers.registry import provider
from dlbench.bench.results.records import Round
from dlbench.bench.tuning import halving as halving_module
from dlbench.bench.tuning.halving import Halving

FAILS = float("inf")


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratio, "_DRAWS", 300)  # of the bootstrap: hundreds of searches in some seconds


def made_round(rng: np.random.Generator, median_s: float) -> Round:
    """A round of a machine whose speed wanders: the process adds 3 %, one in five is slowed."""
    slowed = 1 + 0.4 * rng.random() * (rng.random() < 0.2)
    ns = int(median_s * 1e9 * np.exp(rng.normal(0, 0.03)) * slowed)
    return Round(load_s=0.01, first_run_s=0.01, values_ns=(ns, ns + ns // 50), counts=(15, 15), timer_cost_s=1e-8)


def searched(seconds: list[float], seed: int, budget_s: float = 5e5) -> tuple[list[Job], Halving]:
    rng = np.random.default_rng(seed)
    jobs = [Job(cast(Any, None), provider("cpu"), 1, n, None) for n in range(len(seconds))]
    halving = Halving(budget_s, lambda job: min(1, job.threads))
    halving.start(jobs)

    class Made(RoundLoop):
        def _one_round(self, job: Job) -> None:
            if seconds[job.threads] == FAILS:
                job.problem, job.stopped = ("failed", "as planned"), "failed"
            else:
                job.rounds.append(made_round(rng, seconds[job.threads]))

        def _send(self, *given: Any) -> None: ...

    settings = CompareSettings(min_rounds=2, budget_s=budget_s)
    loop = Made(jobs, settings, cast(Any, None), lambda event: None)
    assert loop.run(lambda time_is_up: halving.settle(jobs, time_is_up), lambda job: None, halving.fits)
    return jobs, halving


def best(jobs: list[Job], halving: Halving) -> int:
    last = [job for job in jobs[1:] if id(job) in halving.confirmed_from]
    if not last:
        return 0
    a, b = (job.rounds[halving.confirmed_from[id(job)] :] for job in (jobs[0], *last))
    times = ratio_in_turn(a, b, 0.99)
    return last[0].threads if times and judge(times, DiffSettings())[0] == "faster" else 0


def test_a_planted_good_setting_is_found():
    found = 0
    for seed in range(20):
        seconds = [1e-3, *np.random.default_rng(100 + seed).uniform(0.97e-3, 1.5e-3, 29)]
        seconds[1 + seed] = 0.8e-3
        found += best(*searched(seconds, seed)) == 1 + seed
    assert found >= 19


def test_nothing_is_claimed_where_nothing_is_faster():
    claimed = sum(best(*searched([1e-3] * 20, seed)) != 0 for seed in range(40))
    assert claimed <= 2


def test_what_chose_the_last_one_does_not_enter_its_figure():
    jobs, halving = searched([1e-3, 0.7e-3, 1e-3, 1e-3], 0)
    default, last = jobs[0], jobs[1]
    assert set(halving.confirmed_from) == {id(default), id(last)}
    fresh = [len(job.rounds) - halving.confirmed_from[id(job)] for job in (default, last)]
    assert fresh[0] == fresh[1] >= FEW_PAIRS
    assert all(len(job.rounds) < len(default.rounds) for job in jobs[2:])


class Clock:
    """A clock of which each round takes so long."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, round_s: Callable[[int], float]) -> None:
        self.now_s, self.rounds = 0.0, 0
        self._round_s = round_s
        for module in (rounds, halving_module):
            monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: self.now_s))
        monkeypatch.setattr(sys.modules[__name__], "made_round", partial(self.round, made_round))

    def round(self, made: Callable[..., Round], *given: Any) -> Round:
        self.now_s += self._round_s(self.rounds)
        self.rounds += 1
        return made(*given)


@pytest.mark.parametrize(
    ("budget_s", "round_s", "tried"),
    [
        (0, 1.0, 0),
        (10, 1.0, 0),  # no time for rounds of their own
        (25, 1.0, 3),
        (60, 1.0, 15),
        (80, 3.0, 4),
        (500, 1.0, 29),
    ],
)
def test_the_budget_binds_and_what_it_left_out_is_told(monkeypatch, budget_s, round_s, tried):
    clock = Clock(monkeypatch, lambda _: round_s)
    jobs, halving = searched([1e-3, 0.5e-3] + [1e-3] * 28, 0, budget_s=budget_s)
    assert clock.now_s <= max(budget_s, round_s)
    assert sum(bool(job.rounds) for job in jobs[1:]) == tried
    assert {job.stopped for job in jobs if not job.rounds} == ({"untimed"} if tried < 29 else set())
    if tried:
        assert best(jobs, halving) == 1
        assert min(len(j.rounds) - halving.confirmed_from[id(j)] for j in jobs[:2]) >= FEW_PAIRS
    enough_s = halving.enough_s(len(jobs))
    assert enough_s > 60
    monkeypatch.undo()
    again = Clock(monkeypatch, lambda _: round_s)
    jobs, _ = searched([1e-3, 0.5e-3] + [1e-3] * 28, 0, budget_s=enough_s)
    assert all(job.rounds for job in jobs) and again.now_s <= enough_s


def test_rounds_that_become_slow_are_cut_too(monkeypatch):
    clock = Clock(monkeypatch, lambda number: 1.0 if number < 10 else 4.0)
    jobs, _ = searched([1e-3, 0.5e-3] + [1e-3] * 28, 0, budget_s=90)
    assert clock.now_s <= 94 and any(job.stopped == "untimed" for job in jobs)


def test_a_setting_that_fails_ends_its_own_trial_alone():
    jobs, halving = searched([1e-3, FAILS, 0.7e-3, 1e-3], 0)
    assert best(jobs, halving) == 2 and jobs[1].stopped == "failed"
    jobs, halving = searched([FAILS, 1e-3], 0)
    assert not halving.confirmed_from and not jobs[1].rounds

"""Successive halving: many settings get one round each, the better half of them further rounds, until one is left.

    halving = Halving(budget_s=100, changes=lambda job: len(job.options))
    halving.start(jobs)
    measure(paths, settings, settle=halving.settle, fits=halving.fits)

What nothing sets (the first job) stays to the end, for all are held against it. The last one then meets it in rounds of
its own: those that chose it would flatter it (the winner's curse), so they don't enter the figure that is told. Time
for these is kept back; trials that no longer fit into the budget are left out.
Reference: K. Jamieson, A. Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization", AISTATS
2016.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import inf, log2
from statistics import median

from dlbench.bench.diff.ratio import FEW_PAIRS
from dlbench.bench.measure.plan import Job
from dlbench.bench.results.headline import samples_of
from dlbench.bench.results.records import Round

__all__ = ["Halving", "seconds_an_answer"]

_PAIRS = 14  # of the last two, at most
_ROUNDS_A_TRIAL = 2.5  # of all settings together
_FIRST_ROUNDS = 2  # of what nothing sets, before it is decided how many settings there is time for
_KEPT_BACK = 2 * FEW_PAIRS + 4  # rounds of the last two, with some room
_FEWEST = 4  # settings that are tried where there is time for one round of each
_LATELY = 9  # rounds that tell how long the next one takes
_SIMPLER = 0.01  # a setting that changes one thing more must be faster by this share
_HELD = "held"
_OUT = "slower than others"
_CHOSEN = "rounds"


class Halving:
    """Decides after each pass which settings go on.

    Args:
        budget_s: seconds for all of it, from now on.
        changes: how many things a job sets; of two that are as fast, the simpler one is taken.
    """

    def __init__(self, budget_s: float, changes: Callable[[Job], int]) -> None:
        self._budget_s, self._changes = budget_s, changes
        self._began = time.perf_counter()
        self._first = 0.0  # seconds until the first pass began
        self._alive: list[Job] = []
        self._released = self._cut = False
        self._costs_s: list[float] = []  # of each round, its waiting included
        self._round_began: float | None = None
        self.confirmed_from: dict[int, int] = {}  # of the last two, by id: the first round that counts

    def start(self, jobs: list[Job]) -> None:
        """Hold back all but the first; what a round costs decides how many there is time for."""
        self._alive = [job for job in jobs if not job.done]
        for job in self._alive[1:]:
            job.stopped = _HELD
        self._first = time.perf_counter()

    def fits(self, job: Job) -> bool:
        """Say whether there is time for another round, beside those that the last two meet in."""
        self._note_cost()
        kept_back = _KEPT_BACK if self._released and not self.confirmed_from else 0
        if self._costs_s:  # what nothing sets has a round, whatever the budget
            self._cut = self._cut or self._left_s() < self._cost_s() * (1 + kept_back)
        self._round_began = None if self._cut else time.perf_counter()
        return not self._cut

    def enough_s(self, settings: int) -> float:
        """Return the seconds that would be enough for so many settings."""
        before = self._first - self._began
        return before + self._cost_s() * (_ROUNDS_A_TRIAL * settings + 2 * _PAIRS)

    def _note_cost(self) -> None:
        if self._round_began is not None:
            self._costs_s.append(time.perf_counter() - self._round_began)
        self._round_began = None

    def _left_s(self) -> float:
        return self._budget_s - (time.perf_counter() - self._began)

    def _cost_s(self) -> float:
        later = self._costs_s[1:] or self._costs_s  # the first round finds nothing in the system's caches
        return max(1e-3, median(later[-_LATELY:])) if later else 1e-3

    def settle(self, jobs: Sequence[Job], time_is_up: bool) -> None:
        """Stop what is beaten, release what there is time for."""
        self._note_cost()
        default, time_is_up = jobs[0], time_is_up or self._cut
        if not default.rounds:
            self._end(_CHOSEN)
            return
        if not self._released:
            if time_is_up or len(default.rounds) >= _FIRST_ROUNDS:
                self._release()
            return
        for job in self._alive:
            if time_is_up and not job.rounds and not job.done:
                job.stopped = "untimed"
        self._alive = [job for job in self._alive if job.rounds and job.stopped in ("", _HELD)]
        self._cut = False
        if self.confirmed_from:
            self._confirm(default, time_is_up)
            return
        rung = min((len(job.rounds) for job in self._alive if not job.done), default=0)
        if rung >= self._rounds_wanted() or time_is_up:
            self._halve(default, time_is_up)

    def _release(self) -> None:
        """Let as many settings begin as the budget allows: half of the rounds go to the first trials."""
        self._released = True
        affordable = max(0, int(self._left_s() / self._cost_s()) - _KEPT_BACK)
        trials = max(min(_FEWEST, affordable), int(affordable / _ROUNDS_A_TRIAL))
        for job in self._alive[1 : 1 + trials]:
            job.stopped = ""
        for job in self._alive:
            if job.stopped == _HELD:
                job.stopped = "untimed"
        self._alive = [job for job in self._alive if not job.done]

    def _rounds_wanted(self) -> int:
        """Return the rounds after which the next half goes: more, the fewer settings are left."""
        return {1: 4, 2: 4, 3: 3}.get(max(1, int(log2(max(2, len(self._alive))))), 1 if len(self._alive) > 16 else 2)

    def _halve(self, default: Job, time_is_up: bool) -> None:
        others = sorted((job for job in self._alive if job is not default), key=self._score)
        keep = 1 if time_is_up or len(others) <= 2 else -(-len(others) // 2)
        for job in others[keep:]:
            job.stopped = _OUT
        self._alive = [default, *others[:keep]]
        if keep > 1 and others:
            return
        if not others or self._score(default) <= self._score(others[0]):
            self._end(_CHOSEN)  # nothing is even seen to be faster
            return
        self.confirmed_from = {id(job): len(job.rounds) for job in self._alive}

    def _confirm(self, default: Job, time_is_up: bool) -> None:
        pairs = min(len(job.rounds) - self.confirmed_from[id(job)] for job in self._alive)
        if len(self._alive) < 2 or pairs >= _PAIRS or time_is_up:
            self._end(_CHOSEN)

    def _score(self, job: Job) -> float:
        return seconds_an_answer(job.rounds, job.batch) * (1 + _SIMPLER * self._changes(job))

    def _end(self, why: str) -> None:
        for job in self._alive:
            job.stopped = job.stopped if job.stopped not in ("", _HELD) else why


def seconds_an_answer(rounds: Sequence[Round], batch: int) -> float:
    """Return the fastest round's median for one answer: other programs only ever make a round slower."""
    return min((samples_of(r).median_s() for r in rounds), default=inf) / batch

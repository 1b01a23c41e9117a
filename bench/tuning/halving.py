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
from math import inf, sqrt
from statistics import median

from dlbench.bench.diff.ratio import FEW_PAIRS, ratio_in_turn
from dlbench.bench.measure.plan import Job
from dlbench.bench.results.headline import samples_of
from dlbench.bench.results.records import Round

PROOF_LEVEL = 0.99  # confidence level of what the last one is told to gain
_PAIRS = 14  # of the last two
_MOST_PAIRS = 3 * _PAIRS  # where there is time, and the machine was in use, so that the interval is wide
_NARROW = (
    1.1  # an interval's upper end over its lower one, or rounds' longest over shortest: no word on which is faster
)
_ROUNDS_A_TRIAL = 2.5  # of all settings together
_FIRST_ROUNDS = 2  # of what nothing sets, before it is decided how many settings there is time for
_ROOM = 4  # rounds, beside those of the last two
_KEPT_SHARE = 1 / 3  # of a small budget is kept for the last two
_RUNGS = ((3, (4, 4)), (7, (4, 3)), (15, (3, 2)), (16, (2, 1)), (inf, (1, 1)))  # up to so many settings
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
        self._kept_back = 0  # rounds of the last two
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
        kept_back = self._kept_back if self._released and not self.confirmed_from else 0
        if self._costs_s:  # what nothing sets has a round, whatever the budget
            self._cut = self._cut or self._left_s() < self._cost_s() * (1 + kept_back)
        self._round_began = None if self._cut else time.perf_counter()
        return not self._cut

    def enough_s(self, settings: int) -> float:
        """Return the seconds that would be enough for so many settings."""
        before = self._first - self._began
        return before + self._cost_s() * (_ROUNDS_A_TRIAL * settings + 2 * _PAIRS + _ROOM)

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
        wanted, more = _rounds_wanted(len(self._alive))
        if time_is_up or rung >= wanted + (more if self._has_spare(rung) else 0):
            self._halve(default, time_is_up)

    def _has_spare(self, rung: int) -> bool:
        """Say whether all that are left may have one more round, and the later halves and the last two still theirs."""
        alive, needed = len(self._alive), len(self._alive) + self._kept_back
        while alive > 2:
            wanted = max(rung, _rounds_wanted(alive)[0])
            needed += alive * (wanted - rung)
            alive, rung = 1 + alive // 2, wanted
        return self._left_s() >= needed * self._cost_s()

    def _release(self) -> None:
        """Let as many settings begin as the budget allows: half of the rounds go to the first trials."""
        self._released = True
        rounds = int(self._left_s() / self._cost_s())
        self._kept_back = _ROOM + 2 * min(_PAIRS, max(FEW_PAIRS, int((_KEPT_SHARE * rounds - _ROOM) / 2)))
        affordable = max(0, rounds - self._kept_back)
        trials = max(min(_FEWEST, affordable), int(affordable / _ROUNDS_A_TRIAL))
        for job in self._alive[1 : 1 + trials]:
            job.stopped = ""
        for job in self._alive:
            if job.stopped == _HELD:
                job.stopped = "untimed"
        self._alive = [job for job in self._alive if not job.done]

    def _halve(self, default: Job, time_is_up: bool) -> None:
        others = sorted((job for job in self._alive if job is not default), key=self._score)
        keep = 1 if time_is_up or len(others) <= 2 else -(-len(others) // 2)
        for job in others[keep:]:
            job.stopped = _OUT
        self._alive = [default, *others[:keep]]
        if keep > 1 and others:
            return
        seen_faster = bool(others) and self._score(default) > self._score(others[0])
        if not others or not (seen_faster or (not time_is_up and _disagree(default, others[0]))):
            self._end(_CHOSEN)
            return
        self.confirmed_from = {id(job): len(job.rounds) for job in self._alive}

    def _confirm(self, default: Job, time_is_up: bool) -> None:
        sides = [job.rounds[self.confirmed_from[id(job)] :] for job in self._alive]
        pairs = min(map(len, sides))
        if len(sides) < 2 or time_is_up or pairs >= _MOST_PAIRS:
            self._end(_CHOSEN)
        elif pairs >= _PAIRS:
            times = ratio_in_turn(sides[0], sides[1], PROOF_LEVEL)
            if times is not None and times.high <= _NARROW * times.low:
                self._end(_CHOSEN)

    def _score(self, job: Job) -> float:
        """Return the geometric mean of the fastest and the middle round: few may be fast, or slow, by chance."""
        middle = median(samples_of(r).median_s() for r in job.rounds) / job.batch
        return sqrt(seconds_an_answer(job.rounds, job.batch) * middle) * (1 + _SIMPLER * self._changes(job))

    def _end(self, why: str) -> None:
        for job in self._alive:
            job.stopped = job.stopped if job.stopped not in ("", _HELD) else why


def _disagree(*jobs: Job) -> bool:
    """Say whether a job's rounds took so unequally long that its being slower may be chance."""
    medians = ([samples_of(r).median_s() for r in job.rounds] for job in jobs)
    return any(max(each) > _NARROW * min(each) for each in medians)


def _rounds_wanted(alive: int) -> tuple[int, int]:
    """Return the rounds after which the next half goes, and how many more where there is time.

    There are more of them, the fewer settings are left, for one that met a slow machine must not be out by that alone.
    """
    return next(rounds for most, rounds in _RUNGS if alive <= most)


def seconds_an_answer(rounds: Sequence[Round], batch: int) -> float:
    """Return the fastest round's median for one answer: other programs only ever make a round slower."""
    return min((samples_of(r).median_s() for r in rounds), default=inf) / batch

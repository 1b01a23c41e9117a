"""The measuring loop: round by round through the cells, forwards and backwards, until each is settled.

    loop = RoundLoop(jobs, settings, probe, tell)
    loop.run(settle, on_round)

Each round of each cell is a fresh process (docs/measuring.md, rule 1); going there and back (rule 2) lets a drift of
the machine fall on all cells alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlbench.bench.machine.gaps import Patience
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.launch import Reply, ask
from dlbench.bench.measure.plan import Job
from dlbench.bench.providers.verdict import place
from dlbench.bench.results.evidence import BUSY_FROM
from dlbench.bench.results.records import Round
from dlbench.bench.results.sketch import Sketch
from dlbench.bench.results.statistics import quarter_range
from dlbench.system import usable_cores

MAX_ROUNDS = 200


def settle_after(least: int, most: int) -> Callable[[Sequence[Job], bool], None]:
    """Return what stops each job that has `most` rounds, or, when the time is up, `least`."""

    def settle(jobs: Sequence[Job], time_is_up: bool) -> None:
        for job in jobs:
            if not job.done and len(job.rounds) >= (least if time_is_up else most):
                job.stopped = "rounds"

    return settle


@dataclass(frozen=True)
class Event:
    """What a comparison reports as it runs: the current cell, what is left, and all jobs with their rounds so far."""

    text: str
    jobs: Sequence[Job] = ()
    running: Job | None = None
    rounds_done: int = 0
    rounds_planned: int = 0
    seconds_left: float | None = None


OnEvent = Callable[[Event], None]


class RoundLoop:
    """Runs rounds until every job is settled, keeps the time, and reports progress before and after each."""

    def __init__(self, jobs: Sequence[Job], settings: CompareSettings, probe: Path, tell: OnEvent) -> None:
        self._jobs, self._settings, self._probe, self._tell = jobs, settings, probe, tell
        # a run that goes on counts the time that it took before
        self._before_s = max((r.at_s or 0.0 for job in jobs for r in job.rounds), default=0.0)
        self._began = time.perf_counter()
        self._measured = 0
        self._patience = Patience(settings.budget_s)

    @property
    def elapsed_s(self) -> float:
        """Return the measuring time so far in seconds, including that of the run that this one resumes."""
        return self._before_s + time.perf_counter() - self._began

    @property
    def time_is_up(self) -> bool:
        """Say whether the budget is spent."""
        return self.elapsed_s >= self._settings.budget_s

    def run(
        self,
        settle: Callable[[bool], None],
        on_round: Callable[[Job], None],
        fits: Callable[[Job], bool] = lambda job: True,
    ) -> bool:
        """Measure until `settle(time_is_up)`, called after each pass, has stopped every job.

        `on_round` is called after each round that gave samples; `fits` says before each whether there is time for it:
        where not, the pass ends.

        Returns:
            False where Ctrl-C came first: the jobs then hold what was measured until then.
        """
        passes = 0
        try:
            if any(job.rounds for job in self._jobs):
                settle(self.time_is_up)
            while pending := self._pending():
                for job in pending if passes % 2 == 0 else reversed(pending):
                    if not fits(job):
                        break
                    self._send("timing", job, job)
                    self._one_round(job)
                    if job.rounds and not job.done:
                        on_round(job)
                    self._send("timed", job, None)
                passes += 1
                settle(self.time_is_up)
        except KeyboardInterrupt:
            for job in self._jobs:
                job.stopped = job.stopped or "interrupted"
                if job.verdict is None:
                    job.problem = ("failed", "interrupted before its first round")
            return False
        return True

    def _pending(self) -> list[Job]:
        """Return the jobs of the next pass; jobs that an interrupted run left behind catch up first."""
        pending = [job for job in self._jobs if not job.done]
        fewest = min((len(job.rounds) for job in pending), default=0)
        behind = [job for job in pending if len(job.rounds) == fewest]
        return behind if fewest < self._settings.min_rounds else pending

    def _one_round(self, job: Job) -> None:
        request = job.request("round", self._settings.seed)
        request |= {"probe_model": str(self._probe), "arrival_seed": self._settings.seed + len(job.rounds)}
        waited_s = self._wait(job)
        self._take(job, ask(request, self._settings.round_timeout_s), waited_s)

    def _wait(self, job: Job) -> float:
        """Wait for a gap between other programs' work; return the seconds."""
        usable = usable_cores()
        cores = 1 if job.provider.is_device else min((job.threads or usable) * job.streams, usable)

        def tell(in_use: float, of: int) -> None:
            text = f"waiting: other programs use {in_use:.1f} of {of} cores"
            left_s = max(0.0, self._settings.budget_s - self.elapsed_s)
            self._tell(Event(text, self._jobs, None, *self._counts(), left_s))

        return self._patience.wait(cores, tell)

    def _take(self, job: Job, reply: Reply, waited_s: float) -> None:
        """Put a worker's reply into its job: evidence first, samples only where the provider did the work."""
        if reply.value is None:
            assert reply.problem is not None
            job.problem, job.stopped = (reply.problem.verdict, reply.problem.reason), reply.problem.verdict
            return
        job.placed = place(job.provider, reply.value)
        job.effective_options = reply.value["provider_options"]
        if job.placed.verdict in ("fell_back", "folded"):
            job.stopped = job.placed.verdict
        else:
            in_order = job.streams == 1 and job.rate_per_s is None
            job.rounds.append(_round(reply.value, self.elapsed_s, in_order, waited_s))
            self._measured += 1

    def _send(self, what: str, job: Job, running: Job | None) -> None:
        jobs, settings = self._jobs, self._settings
        done, planned = self._counts()
        pace = (time.perf_counter() - self._began) / self._measured if self._measured else None
        left = (planned - done) * pace if pace is not None else None
        if left is not None and any(not j.done for j in jobs):
            left = max(left, settings.budget_s - self.elapsed_s)
        text = f"{what} {job.subject.record.name} on {job.provider.name}, batch {job.batch}"
        self._tell(Event(text, jobs, running, done, planned, left))

    def _counts(self) -> tuple[int, int]:
        """Return the rounds that are done, and those that are planned in all."""
        done = sum(len(job.rounds) for job in self._jobs)
        least = self._settings.min_rounds
        return done, done + sum(max(0, least - len(job.rounds)) for job in self._jobs if not job.done)


def _round(value: Mapping[str, Any], at_s: float, in_order: bool, waited_s: float) -> Round:
    """Return a worker's reply as a round; what both call the same is taken over."""
    sketch = Sketch.of(value["samples_ns"])
    told = value["delay_share"] if value["delay_share"] is not None else 1 - (value["cpu_share"] or 1.0)
    undelayed = (value.get("undelayed_ns") or []) if told > BUSY_FROM else []
    apart = Sketch.of(undelayed) if undelayed else None
    told = {name: value[name] for name in Round.model_fields if name in value}
    return Round(
        **told,
        waited_s=waited_s,
        undelayed_values_ns=apart.values_ns if apart else (),
        undelayed_counts=apart.counts if apart else (),
        quarter_range=quarter_range(undelayed or value["samples_ns"]) if in_order else None,
        values_ns=sketch.values_ns,
        counts=sketch.counts,
        digits=sketch.digits,
        timer_cost_s=value["timer_cost_ns"] / 1e9,
        at_s=at_s,
    )

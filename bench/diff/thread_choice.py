"""Which threads serve a user best on this machine as it is now: pinned or not, spinning or not, one less.

    choice = choose_threads(settings, model="cnn.onnx")
    for option in choice.options: option.name, option.median_s, option.times

Every way of running the same model is timed in turn, round by round, and held against ONNX Runtime's own default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path

import numpy as np

from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import DiffVerdict, judge
from dlbench.bench.diff.noise_floor import kept_settings
from dlbench.bench.diff.ratio import RatioInterval, ratio_in_turn
from dlbench.bench.machine.probe_models import chain_model
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.measurement import measure
from dlbench.bench.measure.plan import Job
from dlbench.bench.measure.rounds import OnEvent, settle_after
from dlbench.bench.results.evidence import evidence_of
from dlbench.bench.results.records import MachineEvidence, Round
from dlbench.bench.results.sketch import Sketch
from dlbench.errors import CheckFailedError
from dlbench.processes import temporary_folder
from dlbench.system import default_affinities

DEFAULT = "ONNX Runtime's default"
_ROUNDS = (8, 20)
_WAYS = 4  # held against the default
_LEVEL = 1 - 0.01 / _WAYS
_UNBOUND = {"thread_affinities": "none"}
_ASLEEP = {"allow_spinning": "0"}


@dataclass(frozen=True)
class ThreadOption:
    """One way of running the model."""

    name: str
    threads: int
    median_s: float
    spread: float  # slowest round over the fastest
    times: RatioInterval | None  # its time over that of the default
    verdict: DiffVerdict


@dataclass(frozen=True)
class ThreadChoice:
    """The ways that were timed, the default first, and what the machine did meanwhile."""

    model: str
    options: tuple[ThreadOption, ...]
    evidence: MachineEvidence
    warnings: tuple[str, ...]

    @property
    def fastest(self) -> ThreadOption:
        """The way that is shown to be fastest; the default where none is shown to be faster than it."""
        faster = [o for o in self.options if o.verdict == "faster"]
        return min(faster, key=lambda o: o.times.ratio if o.times else 1.0, default=self.options[0])


def choose_threads(
    settings: CompareSettings, model: str | PathLike[str] | None = None, on_event: OnEvent | None = None
) -> ThreadChoice:
    """Time a model with ONNX Runtime's default, and with what a user may set instead, in turn.

    Without a model it is a chain of small layers.

    Raises:
        ModelFileError: a model that can't be read, loaded or fed.
        CheckFailedError: the default did not run.
    """
    with temporary_folder() as folder:
        path = Path(model) if model is not None else chain_model(folder / "chain.onnx")
        measured = measure(
            (path,), settings, settle=settle_after(*_ROUNDS), on_event=on_event, arrange=_ways_of, history=True
        )
    default, *others = measured.jobs
    if not default.rounds:
        raise CheckFailedError(f"the threads could not be compared: {default.reason}")
    how = kept_settings(measured, "cpu", default.threads or settings.threads)
    rounds = [r for job in measured.jobs for r in job.rounds]
    return ThreadChoice(
        model=path.name if model is not None else "a chain of small layers",
        options=(_option(default, default, how), *(_option(job, default, how) for job in others if job.rounds)),
        evidence=evidence_of(rounds, next(iter(measured.references.values()), None)),
        warnings=measured.warnings,
    )


def _ways_of(jobs: list[Job]) -> list[Job]:
    """Return the default and what it is held against, each as a job of its own."""
    job = jobs[0]
    return [
        replace(job, threads=threads, options=dict(options), rounds=[], side_measurements={})
        for threads, options in _ways(job.threads)
    ]


def _ways(threads: int) -> Iterator[tuple[int, dict[str, str]]]:
    yield 0, {}  # the runtime chooses
    if default_affinities(threads):
        yield threads, {}  # pinned as the default is, which dlbench times
    yield threads, _UNBOUND
    if threads > 1:
        yield threads, _ASLEEP
        yield threads - 1, _UNBOUND


def _option(job: Job, default: Job, how: DiffSettings) -> ThreadOption:
    medians = np.array([Sketch(r.values_ns, r.counts).median_s() for r in job.rounds])
    times = ratio_in_turn(_whole(default), _whole(job), _LEVEL) if job is not default else None
    verdict: DiffVerdict = judge(times, how)[0] if times else "same"
    return ThreadOption(
        name=_name(job),
        threads=job.threads,
        median_s=float(np.median(medians)),
        spread=float(medians.max() / medians.min()),
        times=times,
        verdict=verdict,
    )


def _whole(job: Job) -> list[Round]:
    """Return the rounds with all their samples: beside other programs, those are what a user waits for."""
    return [r.model_copy(update={"undelayed_values_ns": (), "undelayed_counts": ()}) for r in job.rounds]


def _name(job: Job) -> str:
    if job.threads == 0:
        return DEFAULT
    if dict(job.options) == _ASLEEP:
        return f"{job.threads} threads that sleep between runs"
    threads = "1 thread" if job.threads == 1 else f"{job.threads} threads"
    return threads if job.threads == 1 else f"{threads}, {'not pinned' if dict(job.options) == _UNBOUND else 'pinned'}"

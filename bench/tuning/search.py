"""The search for the best setting: candidates timed by the measuring engine, the last one held against the default.

    found = search({"fp32": Path("cnn.onnx"), "int8": Path("cnn.int8.onnx")}, CompareSettings(budget_s=100))
    found.best.setting, found.times

Files of several precisions answer the same question, so whether they answer it well enough is settled before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dlbench.bench.diff.judge import DiffVerdict, judge
from dlbench.bench.diff.noise_floor import kept_settings
from dlbench.bench.diff.ratio import FEW_PAIRS, RatioInterval, ratio_in_turn
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.measurement import Measured, measure
from dlbench.bench.measure.plan import Job
from dlbench.bench.measure.rounds import OnEvent
from dlbench.bench.results.evidence import evidence_of
from dlbench.bench.results.records import MachineEvidence
from dlbench.bench.tuning.halving import PROOF_LEVEL, Halving, seconds_an_answer
from dlbench.bench.tuning.runtime_setting import RuntimeSetting, settings_for
from dlbench.errors import CheckFailedError
from dlbench.system import usable_cores

_SAVED = " saved"  # behind the precision: the file with the optimised graph


@dataclass(frozen=True)
class Trial:
    """One setting that was timed, or why it was not."""

    setting: RuntimeSetting
    rounds: int
    answer_s: float | None  # fastest round's median, for one answer
    load_s: float | None
    outcome: str  # how far it came


@dataclass(frozen=True)
class Tuning:
    """What the search found."""

    model: str
    provider: str
    trials: tuple[Trial, ...]  # as they were tried; what nothing sets comes first
    best: Trial  # the first one where none is shown to be faster
    challenger: Trial  # that was left, whether or not it is shown to be faster
    times: RatioInterval | None  # its time for an answer over the default's, from rounds of their own
    verdict: DiffVerdict
    evidence: MachineEvidence
    warnings: tuple[str, ...]
    complete: bool
    enough_s: float | None  # budget that would have been enough; None: it was

    @property
    def default(self) -> Trial:
        """What a session has when nothing is set."""
        return self.trials[0]


def search(
    files: Mapping[str, Path],
    settings: CompareSettings,
    saved: Mapping[str, Path] | None = None,
    on_event: OnEvent | None = None,
) -> Tuning:
    """Find the setting with which one answer takes least time.

    Args:
        files: precision -> model file; the first one is the network itself.
        settings: its first provider, its batch sizes, sizes and values of inputs, the budget in seconds.
        saved: precision -> the file that ONNX Runtime saved after optimising.
        on_event: as in `compare`.

    Raises:
        ModelFileError: a model that can't be read, loaded or fed.
        CheckFailedError: the network did not run with what nothing sets.
    """
    saved = saved or {}
    provider, names = settings.providers[0], [*files, *(f"{name}{_SAVED}" for name in saved)]
    chosen: dict[int, RuntimeSetting] = {}
    halving = Halving(settings.budget_s, lambda job: chosen[id(job)].changes)

    def arrange(jobs: list[Job]) -> list[Job]:
        batches = sorted({job.batch for job in jobs})
        made = []
        for setting in settings_for(provider.name, usable_cores(), list(files), batches, list(saved)):
            job = _job_for(setting, jobs, provider.name)
            if job is not None:
                chosen[id(job)] = setting
                made.append(job)
        halving.start(made)
        return made

    paths = [*files.values(), *saved.values()]
    measured = measure(
        paths,
        settings,
        settle=halving.settle,
        names=names,
        on_event=on_event,
        arrange=arrange,
        fits=halving.fits,
        history=True,
        side_measurements=False,
    )
    return _found(measured, chosen, halving, next(iter(files.values())).name)


def _job_for(setting: RuntimeSetting, jobs: Sequence[Job], provider: str) -> Job | None:
    """Return a job that runs the setting, made from the one of its file and batch."""
    name = f"{setting.precision}{_SAVED}" if setting.saved else setting.precision
    for job in jobs:
        if job.subject.record.name == name and job.batch == setting.batch and job.copies_included is not False:
            options = setting.options(provider)
            return replace(
                job,
                threads=setting.threads,
                options=options,
                cuda_graph=setting.cuda_graph,
                rounds=[],
                side_measurements={},
            )
    return None


def _found(measured: Measured, chosen: Mapping[int, RuntimeSetting], halving: Halving, model: str) -> Tuning:
    default, *others = measured.jobs
    if not default.rounds:
        raise CheckFailedError(f"nothing could be tuned, for {model} did not run as it is: {default.reason}")
    fresh = {id(job): job.rounds[halving.confirmed_from.get(id(job), len(job.rounds)) :] for job in measured.jobs}
    last = next((job for job in others if id(job) in halving.confirmed_from), default)
    times: RatioInterval | None = None
    verdict: DiffVerdict = "same"
    if last is not default and min(len(fresh[id(job)]) for job in (default, last)) >= FEW_PAIRS:
        times = ratio_in_turn(fresh[id(default)], fresh[id(last)], PROOF_LEVEL)
    if times is not None:
        share = default.batch / last.batch
        times = replace(times, ratio=times.ratio * share, low=times.low * share, high=times.high * share)
        verdict = judge(times, kept_settings(measured, default.provider.name, usable_cores()))[0]
    trials = {id(job): _trial(job, chosen[id(job)]) for job in measured.jobs}
    best = last if verdict == "faster" else default
    rounds = [r for job in measured.jobs for r in job.rounds]
    was_cut = (last is not default and times is None) or any(job.stopped == "untimed" for job in others)
    return Tuning(
        model=model,
        provider=default.provider.name,
        trials=tuple(trials.values()),
        best=trials[id(best)],
        challenger=trials[id(last)],
        times=times,
        verdict=verdict,
        evidence=evidence_of(rounds, next(iter(measured.references.values()), None)),
        warnings=measured.warnings,
        complete=measured.complete,
        enough_s=halving.enough_s(len(measured.jobs)) if was_cut and measured.complete else None,
    )


def _trial(job: Job, setting: RuntimeSetting) -> Trial:
    timed = bool(job.rounds)
    return Trial(
        setting=setting,
        rounds=len(job.rounds),
        answer_s=seconds_an_answer(job.rounds, job.batch) if timed else None,
        load_s=float(np.median([r.load_s for r in job.rounds])) if timed else None,
        outcome=job.reason if job.problem is not None else job.stopped,
    )

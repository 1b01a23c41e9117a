"""From opened models and settings to the list of cells to time.

    jobs = plan_jobs(open_subjects(paths, settings), settings, unusable={})

A job is one cell of the table while its rounds come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.subjects import Subject
from dlbench.bench.providers.options import session_config
from dlbench.bench.providers.registry import Provider
from dlbench.bench.providers.verdict import Placement
from dlbench.bench.results.records import Round, Verdict
from dlbench.bench.results.schema import MOST_CELLS, MOST_MODELS
from dlbench.errors import InputError


@dataclass
class Job:
    """One cell while it is being measured."""

    subject: Subject
    provider: Provider
    batch: int
    threads: int
    copies_included: bool | None
    streams: int = 1
    scenario: str = "single-stream"
    rate_per_s: float | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    cuda_graph: bool = False
    rounds: list[Round] = field(default_factory=list)
    problem: tuple[Verdict, str] | None = None  # what ended it, where something did
    placed: Placement | None = None  # the evidence of its first round
    effective_options: dict[str, str] = field(default_factory=dict)
    stopped: str = ""
    side_measurements: dict[str, Any] = field(
        default_factory=dict
    )  # replies of the runs beside the timed ones, by request

    @property
    def done(self) -> bool:
        """Whether no further round is wanted."""
        return bool(self.stopped)

    @property
    def verdict(self) -> Verdict | None:
        """What is known of it; None before its first round."""
        if self.problem is not None:
            return self.problem[0]
        return self.placed.verdict if self.placed else None

    @property
    def reason(self) -> str:
        """Why it has this verdict."""
        if self.problem is not None:
            return self.problem[1]
        return self.placed.reason if self.placed else ""

    @property
    def key(self) -> tuple[str, str, int, int, bool | None, int, str, float | None]:
        """What tells this cell from every other one of the run."""
        name, place = self.subject.record.name, self.provider.name
        how = (self.batch, self.threads, self.copies_included, self.streams)
        return (name, place, *how, self.scenario, self.rate_per_s)

    def request(self, do: str, seed: int) -> dict[str, Any]:
        """Return what a worker needs to know about this cell."""
        cpu = self.provider.name == "cpu"
        graph = {"enable_cuda_graph": "1"} if self.cuda_graph else {}
        return {
            "do": do,
            "model": str(self.subject.card.path),
            "provider": self.provider.ort_name,
            "place": self.provider.place,
            "provider_options": {} if cpu else {**self.options, **graph},
            "session_config": session_config(self.options) if cpu else {},
            "threads": self.threads,
            "copies_included": self.copies_included is not False,
            "cuda_graph": self.cuda_graph,
            "streams": self.streams,
            "rate_per_s": self.rate_per_s,
            "seed": seed,
            "inputs": self.subject.opened.at(self.batch).fed,
            "loose_outputs": list(self.subject.opened.loose_outputs),
        }


def plan_jobs(
    subjects: Sequence[Subject],
    settings: CompareSettings,
    unusable: Mapping[str, str],
    rates: Callable[[Job], Sequence[float]] | None = None,
) -> list[Job]:
    """Return a job for each cell; cells of a provider in `unusable` (name -> reason) are settled already.

    A device provider has two cells, with and without host-device copies; an unavailable one has one. `rates` gives the
    offered rates of a server cell where the settings name none.

    Raises:
        InputError: more models or cells than a result file holds.
    """
    jobs = []
    for subject in subjects:
        for wanted in settings.providers:
            reason = unusable.get(wanted.name)
            for batch in subject.batch_sizes:
                for job in _variants(subject, wanted, batch, settings, reason is None):
                    if reason is not None:
                        job.problem, job.stopped = ("unavailable", reason), "unavailable"
                    jobs += _with_rates(job, settings, rates)
    for what, planned, most in (("models", len(subjects), MOST_MODELS), ("cells", len(jobs), MOST_CELLS)):
        if planned > most:
            raise InputError(f"a result holds at most {most:,} {what}, received {planned:,}: measure fewer at a time.")
    return jobs


def _variants(subject: Subject, wanted: Provider, batch: int, settings: CompareSettings, usable: bool) -> Iterator[Job]:
    copies: tuple[bool | None, ...] = (True,) if wanted.copies and usable else (None,)
    if wanted.is_device and usable:
        copies = (True, False)
    for scenario in settings.scenarios:
        for streams in (1,) if scenario == "single-stream" else settings.streams:
            for threads in settings.all_threads:
                for copied in copies:
                    graph = settings.cuda_graph and wanted.name == "cuda"
                    options = settings.provider_options.get(wanted.name, {})
                    yield Job(
                        subject, wanted, batch, threads, copied, streams, scenario, options=options, cuda_graph=graph
                    )


def _with_rates(job: Job, settings: CompareSettings, rates: Callable[[Job], Sequence[float]] | None) -> list[Job]:
    if job.scenario != "server" or job.done:
        return [job]
    asked = settings.rates_per_s or (tuple(rates(job)) if rates else ())
    return [replace(job, rate_per_s=rate, rounds=[], side_measurements={}) for rate in asked]

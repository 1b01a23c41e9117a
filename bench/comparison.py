"""The main job: time model files on execution providers, round by round, and price what was measured.

    settings = CompareSettings(providers=parse_providers("cpu,cuda"))
    result = compare([Path("cnn.onnx")], settings)

Each round of each cell is a fresh process (measurement.md, rule 1); rounds go through the cells there and back
(rule 2), so that a drift of the machine falls on all alike.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlbench.bench.assemble import assemble, current_latency, mark_undisturbed
from dlbench.bench.catalogue import Catalogue, load_catalogue
from dlbench.bench.feeds import resolve
from dlbench.bench.launch import Reply, ask, probe_model, provider_problem
from dlbench.bench.machine import load_warnings, machine_facts, software_facts
from dlbench.bench.plan import CompareSettings, Job, open_subjects, plan_jobs
from dlbench.bench.pricing import PriceSettings
from dlbench.bench.results import Result, Round
from dlbench.bench.statistics import Sketch
from dlbench.errors import InputError

__all__ = ["Event", "compare", "current_latency"]

_MAX_ROUNDS = 200


@dataclass(frozen=True)
class Event:
    """What a watcher of a comparison is told: which cell runs, what is left, and all jobs with their rounds so far."""

    text: str
    jobs: Sequence[Job] = ()
    running: Job | None = None
    rounds_done: int = 0
    rounds_planned: int = 0
    seconds_left: float | None = None


OnEvent = Callable[[Event], None]


def compare(
    models: Sequence[Path],
    settings: CompareSettings,
    prices: PriceSettings | None = None,
    catalogue: Catalogue | None = None,
    on_event: OnEvent | None = None,
    journal: Path | None = None,
    command: str = "",
) -> Result:
    """Measure every model on every provider at every batch size.

    Args:
        models: ONNX files.
        settings: what is asked for.
        prices: what the user said about prices.
        catalogue: the price list; the one that ships with dlbench where None.
        on_event: called before each step and after each round.
        journal: a file that gets one JSON line per finished round, so that a killed run loses none.
        command: what the user typed, for the result file.

    Returns:
        The result; `complete` is false where Ctrl-C ended the measurement early.

    Raises:
        ModelFileError: a model that can't be read, loaded or fed; nothing was measured then.
    """
    tell = on_event or (lambda event: None)
    if not models:
        raise InputError("nothing to compare: expected at least one model, received none.")
    tell(Event("opening the models"))
    with ThreadPoolExecutor(1) as beside:  # asking for versions takes a process of its own
        software = beside.submit(software_facts)
        subjects = open_subjects(models, settings)
    unknown = set(settings.shapes) - {spec.name for s in subjects for spec in s.inputs}
    if unknown:
        raise InputError(f"--shape names no input of these models: received {', '.join(sorted(unknown))}.")
    warnings = [note for s in subjects for note in s.warnings]
    began = time.perf_counter()
    with probe_model() as probe:
        tell(Event("asking which providers can run here"))
        unusable = _unusable(settings, probe)
        warnings += [f"{name} is unavailable: {why}" for name, why in unusable.items()]
        warnings += load_warnings()
        jobs = plan_jobs(subjects, settings, unusable)
        complete = _measure(jobs, settings, probe, tell, journal)
    tell(Event("working out costs"))
    usable = tuple(p.name for p in settings.providers if p.name not in unusable)
    return assemble(
        jobs,
        subjects,
        settings,
        machine=machine_facts(),
        software=software.result().model_copy(update={"providers_usable": usable}),
        prices=prices or PriceSettings(),
        catalogue=catalogue or load_catalogue(),
        warnings=tuple(warnings),
        complete=complete,
        duration_s=time.perf_counter() - began,
        command=command,
    )


def _unusable(settings: CompareSettings, probe: Path) -> dict[str, str]:
    """Return the providers that can't run here, with one line of reason each."""
    tried = {p.name: provider_problem(p, probe, settings.threads) for p in settings.providers}
    return {name: why for name, why in tried.items() if why is not None}


def _measure(jobs: list[Job], settings: CompareSettings, probe: Path, tell: OnEvent, journal: Path | None) -> bool:
    """Run rounds until every job is settled; return false where Ctrl-C came first."""
    watch = _Watch(jobs, settings, tell)
    try:
        with _journal(journal) as note:
            passes = 0
            while pending := [job for job in jobs if not job.done]:
                for job in pending if passes % 2 == 0 else reversed(pending):
                    watch.before(job)
                    _one_round(job, settings, probe)
                    if job.rounds:
                        note(_journal_line(job))
                    watch.after(job)
                passes += 1
                _settle(jobs, settings, time_is_up=watch.elapsed_s >= settings.budget_s)
    except KeyboardInterrupt:
        for job in jobs:
            job.stopped = job.stopped or "interrupted"
            if job.verdict is None:
                job.verdict, job.reason = "failed", "interrupted before its first round"
        return False
    return True


def _one_round(job: Job, settings: CompareSettings, probe: Path) -> None:
    request = {
        "do": "round",
        "model": str(job.subject.card.path),
        "probe_model": str(probe),
        "provider": job.provider.ort_name,
        "threads": job.threads,
        "copies_included": job.copies_included is not False,
        "seed": settings.seed,
        "inputs": resolve(job.subject.inputs, job.batch),
    }
    _take(job, ask(request, settings.round_timeout_s))


def _take(job: Job, reply: Reply) -> None:
    """Put a worker's reply into its job: evidence first, samples only where the provider did the work."""
    if reply.value is None:
        assert reply.problem is not None
        job.verdict, job.reason, job.stopped = reply.problem.verdict, reply.problem.reason, reply.problem.verdict
        return
    _place(job, reply.value)
    if job.verdict == "fell_back":
        job.stopped = "fell_back"
    elif "samples_ns" in reply.value:
        job.rounds.append(_round(reply.value))


def _place(job: Job, value: Mapping[str, Any]) -> None:
    nodes: dict[str, int] = value["nodes"]
    wanted = job.provider.ort_name
    job.nodes_on_provider, job.nodes_total = nodes.get(wanted, 0), sum(nodes.values())
    elsewhere = {name: kinds for name, kinds in value["operators"].items() if name != wanted}
    job.fallback_operators = {op: n for kinds in elsewhere.values() for op, n in kinds.items()}
    where = ", ".join(f"{n} on {name.removesuffix('ExecutionProvider')}" for name, n in nodes.items())
    if wanted not in value["providers"] or not job.nodes_on_provider:
        job.verdict, job.reason = "fell_back", f"asked for {job.provider.name}, but the nodes ran elsewhere: {where}"
    elif job.nodes_on_provider < job.nodes_total:
        operators = ", ".join(sorted(job.fallback_operators))
        job.verdict, job.reason = "partial", f"nodes: {where} ({operators})"
    else:
        job.verdict, job.reason = "ran", f"all {job.nodes_total} nodes ran on {job.provider.name}"


def _round(value: Mapping[str, Any]) -> Round:
    sketch = Sketch.of(value["samples_ns"])
    return Round(
        load_s=value["load_s"],
        first_run_s=value["first_run_s"],
        probe_before_s=value["probe_before_s"],
        probe_after_s=value["probe_after_s"],
        warm_up_runs=value["warm_up_runs"],
        warm_up_settled=value["warm_up_settled"],
        values_ns=sketch.values_ns,
        counts=sketch.counts,
        digits=sketch.digits,
        timer_cost_s=value["timer_cost_ns"] / 1e9,
        peak_rss_bytes=value["peak_rss_bytes"],
        gpu_memory_bytes=value["gpu_memory_bytes"],
        cpu_s=value["cpu_s"],
    )


def _settle(jobs: Sequence[Job], settings: CompareSettings, time_is_up: bool) -> None:
    """Stop the jobs that reached the goal over enough undisturbed rounds, or whose time is up."""
    mark_undisturbed(jobs)
    for job in jobs:
        if job.done or len(job.rounds) < settings.min_rounds:
            continue
        latency = current_latency(job, settings.min_rounds)
        calm = sum(r.undisturbed for r in job.rounds)
        if latency and latency.ci_low is not None and latency.ci_high is not None:
            half = (latency.ci_high - latency.ci_low) / 2
            if calm >= settings.min_rounds and half <= settings.precision_goal * latency.p50:
                job.stopped = "precision"
        if not job.done and (time_is_up or len(job.rounds) >= _MAX_ROUNDS):
            job.stopped = "budget"


class _Watch:
    """Keeps the time, and tells the watcher which cell runs and what is left."""

    def __init__(self, jobs: Sequence[Job], settings: CompareSettings, tell: OnEvent) -> None:
        self._jobs, self._settings, self._tell = jobs, settings, tell
        self._began = time.perf_counter()

    @property
    def elapsed_s(self) -> float:
        return time.perf_counter() - self._began

    def before(self, job: Job) -> None:
        self._send(f"timing {job.subject.card.name} on {job.provider.name}, batch {job.batch}", job)

    def after(self, job: Job) -> None:
        self._send(f"timed {job.subject.card.name} on {job.provider.name}, batch {job.batch}", None)

    def _send(self, text: str, running: Job | None) -> None:
        done = sum(len(job.rounds) for job in self._jobs)
        planned = done + sum(max(0, self._settings.min_rounds - len(job.rounds)) for job in self._jobs if not job.done)
        left = (planned - done) * self.elapsed_s / done if done else None
        if left is not None and any(not job.done for job in self._jobs):
            left = max(left, self._settings.budget_s - self.elapsed_s)
        self._tell(Event(text, self._jobs, running, done, planned, left))


@contextmanager
def _journal(path: Path | None) -> Iterator[Callable[[str], None]]:
    if path is None:
        yield lambda line: None
        return
    from dlbench.files import told_as_workspace_error

    with told_as_workspace_error(path), path.open("a", encoding="utf-8") as stream:

        def note(line: str) -> None:
            stream.write(line + "\n")
            stream.flush()

        yield note


def _journal_line(job: Job) -> str:
    key = {
        "model": job.subject.card.name,
        "sha256": job.subject.card.sha256,
        "provider": job.provider.name,
        "batch": job.batch,
        "threads": job.threads,
        "copies_included": job.copies_included,
    }
    return json.dumps({**key, "round": job.rounds[-1].model_dump(mode="json")})

"""The measurement itself: models opened, providers tried, rounds timed in turn until each cell has enough.

    measured = measure(["cnn.onnx"], settings, settle=stop_where_settled)

What happens in which module: `subjects` opens the models, `plan` makes the cells, `rounds` measures them,
`side_measurements` looks where the time goes, `journal` keeps each round.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.machine.machine_facts import ThrottleWatch, load_warnings, machine_facts, software_facts
from dlbench.bench.machine.probe_models import probe_model
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.journal import Journal, JournalHeader, JournalLine, identity_of, read_journal, take_over
from dlbench.bench.measure.launch import provider_problem
from dlbench.bench.measure.plan import Job, plan_jobs
from dlbench.bench.measure.round_states import (
    References,
    mark_states,
    probe_warnings,
    probes_of,
    references,
    streams_of,
)
from dlbench.bench.measure.rounds import Event, OnEvent, RoundLoop
from dlbench.bench.measure.side_measurements import measure_beside_rounds, rates_of
from dlbench.bench.measure.subjects import Subject, open_subjects
from dlbench.bench.results.records import Machine, Software
from dlbench.errors import InputError, ResultFileError, one_line

JournalChoice = Callable[[Mapping[str, Any]], Path]
Settle = Callable[[Sequence[Job], bool], None]  # (jobs, time is up): stops those that need no further round


@dataclass(frozen=True)
class Measured:
    """A measurement before it is priced."""

    jobs: Sequence[Job]
    subjects: tuple[Subject, ...]
    machine: Machine
    software: Software
    references: References
    warnings: tuple[str, ...]
    complete: bool
    duration_s: float
    resumed: int


def measure(
    models: Sequence[str | PathLike[str]],
    settings: CompareSettings,
    *,
    settle: Settle,
    names: Sequence[str] = (),
    on_event: OnEvent | None = None,
    journal: str | PathLike[str] | JournalChoice | None = None,
    command: str = "",
    history: bool = False,
    arrange: Callable[[list[Job]], list[Job]] | None = None,
    fits: Callable[[Job], bool] = lambda job: True,
    side_measurements: bool = True,
) -> Measured:
    """Open the models, try the providers, and measure until `settle(jobs, time_is_up)` has stopped each job.

    Args as in `compare`, and:
        settle: marks the jobs that need no further round as stopped; called after each pass.
        names: what to call the models; their file names where empty.
        arrange: puts the jobs into another order.
        fits: says before each round whether there is time for it; where not, the pass ends.
        side_measurements: also measure what is asked for beside the timed rounds, such as profiles.
    """
    report = on_event or (lambda event: None)
    if not models:
        raise InputError("nothing to compare: expected at least one model, received none.")
    report(Event("opening the models"))
    with ThreadPoolExecutor(1) as beside:  # asking for versions takes a process of its own
        asked = beside.submit(software_facts)
        subjects = open_subjects([Path(model) for model in models], settings, names)
        software = asked.result()
    _check_shapes(settings, subjects)
    machine = machine_facts()
    kept = MachineHistory.load(machine.fingerprint, software.onnxruntime) if history else MachineHistory.empty()
    warnings = [note for s in subjects for note in s.warnings]
    with probe_model() as probe:
        report(Event("asking which providers can run here"))
        unusable = _unusable(settings, probe)
        warnings += [f"{name} is unavailable: {why}" for name, why in unusable.items()]
        warnings += load_warnings()
        throttling = ThrottleWatch()
        facts = identity(subjects, settings, machine, software)
        path = journal(facts) if callable(journal) else journal
        book = _Book.open(Path(path) if path is not None else None, facts, command)
        jobs = plan_jobs(subjects, settings, unusable, lambda job: book.rates(job, rates_of(settings, _text(report))))
        jobs = arrange(jobs) if arrange else jobs
        resumed = take_over(jobs, book.lines)
        loop = RoundLoop(jobs, settings, probe, report)

        def settle_marked(time_is_up: bool) -> None:
            _mark(jobs, kept)
            settle(jobs, time_is_up)

        with book.start() as note:
            complete = loop.run(settle_marked, note.add if note else lambda job: None, fits)
    best = _mark(jobs, kept)
    if complete and side_measurements:
        warnings += measure_beside_rounds(jobs, settings, kept, _text(report))
    warnings += [*probe_warnings(best, kept), *throttling.warnings(), *_keep(jobs, best, kept)]
    usable = tuple(p.name for p in settings.providers if p.name not in unusable)
    return Measured(
        jobs,
        subjects,
        machine,
        software.model_copy(update={"providers_usable": usable}),
        best,
        tuple(dict.fromkeys(warnings)),
        complete,
        loop.elapsed_s,
        resumed,
    )


def _mark(jobs: Sequence[Job], kept: MachineHistory) -> References:
    best = references(jobs, kept)
    mark_states(jobs, best)
    return best


def _keep(jobs: Sequence[Job], best: References, kept: MachineHistory) -> list[str]:
    """Keep the run's probes in the machine's history; return what went wrong."""
    for name, threads in best:
        kept.add_probes(name, threads, probes_of(jobs, name, threads), streams_of(jobs, name, threads))
    return [line for line in (kept.note, kept.save()) if line]


def _text(report: OnEvent) -> Callable[[str], None]:
    return lambda text: report(Event(text))


def _check_shapes(settings: CompareSettings, subjects: Sequence[Subject]) -> None:
    unknown = set(settings.shapes) - {spec.name for s in subjects for spec in s.opened.specs}
    if unknown:
        raise InputError(f"`shapes` names no input of these models: received {', '.join(sorted(unknown))}.")


def _unusable(settings: CompareSettings, probe: Path) -> dict[str, str]:
    """Return the providers that can't run here, with one line of reason each."""
    options = settings.provider_options
    tried = {
        p.name: provider_problem(p, probe, settings.all_threads[0], options=options.get(p.name))
        for p in settings.providers
    }
    return {name: why for name, why in tried.items() if why is not None}


class _Book:
    """The journal of this run: a new one, or that of an interrupted run."""

    def __init__(self, path: Path | None, header: JournalHeader, lines: Sequence[JournalLine], there: bool) -> None:
        self.path, self.header, self.lines, self._there = path, header, lines, there
        self._rates: dict[str, tuple[float, ...]] = dict(header.rates)

    @classmethod
    def open(cls, path: Path | None, identity: dict[str, Any], command: str) -> _Book:
        if path is None or not path.exists():
            return cls(path, JournalHeader(command=command, identity=identity), (), there=False)
        header, lines = read_journal(path)
        if header.identity != identity:
            raise ResultFileError(f"{path} can't be resumed from: {differences(header.identity, identity)}.")
        return cls(path, header, lines, there=True)

    def rates(self, job: Job, find: Callable[[Job], tuple[float, ...]]) -> tuple[float, ...]:
        """Return the offered rates of a server cell: those of the interrupted run, or new ones."""
        key = "|".join(map(str, job.key))
        if key not in self._rates:
            self._rates[key] = find(job)
        return self._rates[key]

    def start(self) -> AbstractContextManager[Journal | None]:
        """Open the file for the rounds to come."""
        if self.path is None:
            return nullcontext()
        if self._there:
            return Journal.resume(self.path)
        return Journal.create(self.path, self.header.model_copy(update={"rates": self._rates}))


def identity(
    subjects: Sequence[Subject], settings: CompareSettings, machine: Machine, software: Software
) -> dict[str, Any]:
    """Return what must be the same in two runs before their rounds may share a cell."""
    return identity_of(
        models={s.record.name: s.record.sha256 for s in subjects},
        providers=[p.name for p in settings.providers],
        batch_sizes={s.record.name: list(s.batch_sizes) for s in subjects},
        threads=list(settings.all_threads),
        streams=list(settings.streams),
        scenarios=list(settings.scenarios),
        rates_per_s=list(settings.rates_per_s),
        provider_options={name: dict(options) for name, options in settings.provider_options.items()},
        cuda_graph=settings.cuda_graph,
        shapes={name: list(shape) for name, shape in settings.shapes.items()},
        **({"inputs": {name: values.identity for name, values in settings.inputs.items()}} if settings.inputs else {}),
        seed=settings.seed,
        machine=machine.fingerprint,
        onnxruntime=software.onnxruntime,
        dlbench=software.dlbench,
    )


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say how two identities differ."""
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return "; ".join(
        f"{n}: expected {one_line(str(before.get(n)), 80)}, received {one_line(str(now.get(n)), 80)}" for n in names
    )

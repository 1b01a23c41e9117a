"""From model files and settings to the list of cells that will be timed.

    subjects = open_subjects(paths, settings)         # every file is opened and run once before anything is timed
    jobs = plan_jobs(subjects, settings)

A subject is one model file, checked; a job is one cell of the table while its rounds come in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from dlbench.bench.feeds import ELEMENT_TYPES, InputSpec, fixed_batch, plan_inputs, resolve
from dlbench.bench.launch import ask
from dlbench.bench.onnxfile import ModelCard, multiply_accumulates, read_model
from dlbench.bench.providers import Provider, provider
from dlbench.bench.results import ModelRecord, Round, Verdict
from dlbench.errors import InputError, ModelFileError
from dlbench.system import usable_cores

__all__ = ["DEFAULT_BATCH_SIZES", "CompareSettings", "Job", "Subject", "open_subjects", "plan_jobs"]

DEFAULT_BATCH_SIZES = (1, 8, 32)
_MAX_BATCH = 65536
_OPEN_TIMEOUT_S = 300


@dataclass(frozen=True)
class CompareSettings:
    """What is asked of one comparison.

    Raises:
        InputError: a batch size, thread count, goal or budget that makes no sense.
    """

    providers: tuple[Provider, ...] = (provider("cpu"),)
    batch_sizes: tuple[int, ...] | None = None  # None: 1, 8, 32, or the model's own where it is fixed
    threads: int = field(default_factory=usable_cores)
    shapes: Mapping[str, tuple[int | str, ...]] = field(default_factory=dict)
    seed: int = 0
    min_rounds: int = 5
    precision_goal: float = 0.01
    budget_s: float = 35.0
    round_timeout_s: float = 600.0

    def __post_init__(self) -> None:
        for batch in self.batch_sizes or ():
            _within("--batch-sizes", batch, 1, _MAX_BATCH, "a batch size")
        _within("--threads", self.threads, 1, 1024, "a number of threads")
        _within("--rounds", self.min_rounds, 2, 1000, "a number of rounds")
        _within("--precision-goal", self.precision_goal, 1e-4, 1.0, "a share such as 0.01")
        _within("--budget", self.budget_s, 0, 7 * 24 * 3600, "seconds")


def _within(option: str, value: float, low: float, high: float, what: str) -> None:
    if not low <= value <= high:
        raise InputError(f"{option}: expected {what} from {low:g} to {high:g}, received {value:g}.")


@dataclass(frozen=True)
class Subject:
    """One model file, opened and run once: its inputs as they will be fed, and its record for the result."""

    card: ModelCard
    inputs: tuple[InputSpec, ...]
    batch_sizes: tuple[int, ...]
    record: ModelRecord
    warnings: tuple[str, ...] = ()


@dataclass
class Job:
    """One cell while it is being measured."""

    subject: Subject
    provider: Provider
    batch: int
    threads: int
    copies_included: bool | None
    rounds: list[Round] = field(default_factory=list)
    verdict: Verdict | None = None  # None: nothing known yet
    reason: str = ""
    nodes_on_provider: int | None = None
    nodes_total: int | None = None
    fallback_operators: dict[str, int] = field(default_factory=dict)
    stopped: str = ""

    @property
    def done(self) -> bool:
        """Whether no further round is wanted."""
        return bool(self.stopped)


def open_subjects(paths: Sequence[Path], settings: CompareSettings) -> tuple[Subject, ...]:
    """Read every file, settle its inputs, and run it once on the CPU at its smallest batch size.

    Raises:
        ModelFileError: a file that can't be read, that the runtime refuses, or that can't be fed.
    """
    names = [path.stem for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise ModelFileError(f"two models are called {name!r}: expected different file names, rename one of them.")
    cards = [read_model(path) for path in paths]
    with ThreadPoolExecutor(max_workers=min(len(cards), usable_cores()) or 1) as pool:
        return tuple(pool.map(lambda card: _open(card, settings), cards))


def _open(card: ModelCard, settings: CompareSettings) -> Subject:
    request = {
        "do": "inspect",
        "model": str(card.path),
        "provider": "CPUExecutionProvider",
        "threads": settings.threads,
        "seed": settings.seed,
    }
    described = ask(request, _OPEN_TIMEOUT_S)
    if described.value is None:
        raise _refused(card, described.problem.reason if described.problem else "no answer")
    names = {name for name, _, _ in described.value["inputs"]}
    shapes = {name: shape for name, shape in settings.shapes.items() if name in names}
    specs = plan_inputs(described.value["inputs"], shapes)
    batches = _batches(card, specs, settings)
    first = resolve(specs, min(batches))
    tried = ask({**request, "inputs": first}, _OPEN_TIMEOUT_S)
    if tried.value is None:
        raise _refused(card, tried.problem.reason if tried.problem else "no answer", first)
    return Subject(card, specs, batches, _record(card, specs, batches), _notes(card, batches, settings))


def _refused(card: ModelCard, reason: str, fed: Sequence[Mapping[str, object]] = ()) -> ModelFileError:
    if fed:
        shapes = ", ".join(f"{e['name']} {e['type']} {e['shape']}" for e in fed)
        return ModelFileError(
            f"{card.path} can't be run with {shapes}: {reason}; give sizes that fit with --shape NAME=1,3,224,224."
        )
    reason = reason.removeprefix(f"Load model from {card.path} failed:")
    return ModelFileError(
        f"{card.path} can't be loaded: expected a model that this ONNX Runtime opens, received (opset {card.opset}, "
        f"IR version {card.proto.ir_version}): {reason}; {_advice(reason)}."
    )


def _advice(reason: str) -> str:
    if re.search(r"not a registered function|No Op registered|NOT_IMPLEMENTED", reason):
        return "it uses an operator that this ONNX Runtime lacks: export it without custom operators"
    if re.search(r"IR version|opset", reason, re.IGNORECASE):
        return "export it for an older opset and IR version, or install a newer ONNX Runtime"
    return "check the file, or export it again"


def _batches(card: ModelCard, specs: Sequence[InputSpec], settings: CompareSettings) -> tuple[int, ...]:
    fixed = fixed_batch(specs)
    if fixed is None:
        return tuple(dict.fromkeys(settings.batch_sizes or DEFAULT_BATCH_SIZES))
    if settings.batch_sizes and set(settings.batch_sizes) != {fixed}:
        asked = ",".join(map(str, settings.batch_sizes))
        raise ModelFileError(
            f"{card.path} is fixed to batch size {fixed}: expected --batch-sizes {fixed}, received {asked}; "
            "leave the option out, or export the model with an open batch dimension."
        )
    return (fixed,)


def _notes(card: ModelCard, batches: tuple[int, ...], settings: CompareSettings) -> tuple[str, ...]:
    notes = []
    if settings.batch_sizes is None and batches != DEFAULT_BATCH_SIZES:
        notes.append(f"{card.name} is fixed to batch size {batches[0]}, so it is timed at that one only.")
    if card.facts:
        notes += [w if w.startswith(card.name) else f"{card.name}: {w}" for w in card.facts.warnings]
    return tuple(notes)


def _record(card: ModelCard, specs: Sequence[InputSpec], batches: Sequence[int]) -> ModelRecord:
    facts = card.facts
    batch = 1 if len(batches) > 1 or fixed_batch(specs) is None else batches[0]
    shapes = {entry["name"]: entry["shape"] for entry in resolve(specs, batch)}
    macs = multiply_accumulates(card, shapes)
    return ModelRecord(
        name=card.name,
        sha256=card.sha256,
        precision=card.precision,
        bytes=card.size_bytes,
        parameters=card.parameters,
        macs=macs // batch if macs is not None else None,
        opset=card.opset,
        inputs=tuple(f"{s.name} {ELEMENT_TYPES[s.type]} [{', '.join(map(str, s.shape))}]" for s in specs),
        network=facts.network if facts else None,
        architecture=facts.architecture if facts else None,
        data=facts.data if facts else None,
        data_note=facts.data_note if facts else "",
        accuracy=facts.accuracy if facts else None,
        training=facts.training if facts else None,
        parity_max_abs_error=facts.parity_max_abs_error if facts else None,
    )


def plan_jobs(subjects: Sequence[Subject], settings: CompareSettings, unusable: Mapping[str, str]) -> list[Job]:
    """Return a job for each cell; cells of a provider in `unusable` (name -> reason) are settled already.

    A device provider has two cells, with and without host-device copies; an unavailable one has one.
    """
    jobs = []
    for subject in subjects:
        for wanted in settings.providers:
            reason = unusable.get(wanted.name)
            copies: tuple[bool | None, ...] = (True, False) if wanted.is_device and reason is None else (None,)
            for batch in subject.batch_sizes:
                for copied in copies:
                    job = Job(subject, wanted, batch, settings.threads, copied)
                    if reason is not None:
                        job.verdict, job.reason, job.stopped = "unavailable", reason, "unavailable"
                    jobs.append(job)
    return jobs

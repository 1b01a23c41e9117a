"""Model files, opened and run once before anything is timed.

    subjects = open_subjects(paths, settings)

A subject is one model file, checked: a file that can't be read, loaded or fed is refused here, before the first round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dlbench.bench.measure.compare_settings import DEFAULT_BATCH_SIZES, CompareSettings
from dlbench.bench.measure.launch import ask
from dlbench.bench.results.records import ModelRecord
from dlbench.errors import ModelFileError
from dlbench.model.card import ModelCard, read_model
from dlbench.model.element_types import FEEDABLE
from dlbench.model.feeds import InputSpec, resolve
from dlbench.model.graphs import input_names
from dlbench.model.opening import OpenedModel, open_model
from dlbench.system import usable_cores

__all__ = ["Subject", "open_subjects"]

_OPEN_TIMEOUT_S = 300


@dataclass(frozen=True)
class Subject:
    """One model file, opened and run once: its inputs as they will be fed, and its record for the result."""

    card: ModelCard
    inputs: tuple[InputSpec, ...]
    batch_sizes: tuple[int, ...]
    record: ModelRecord
    warnings: tuple[str, ...] = ()
    output_bytes: int | None = None  # of one run at the smallest batch size


def open_subjects(paths: Sequence[Path], settings: CompareSettings, names: Sequence[str] = ()) -> tuple[Subject, ...]:
    """Read every file, settle its inputs, and run it once on the CPU at its smallest batch size.

    Args:
        paths: the files.
        settings: what is asked for.
        names: what to call them; their file names where empty.

    Raises:
        ModelFileError: a file that can't be read, that the runtime refuses, or that can't be fed.
    """
    names = list(names) or [path.stem for path in paths]
    for name in names:
        if names.count(name) > 1:
            raise ModelFileError(f"two models are called {name!r}: expected different file names, rename one of them.")
    cards = [read_model(path) for path in paths]
    with ThreadPoolExecutor(max_workers=min(len(cards), usable_cores()) or 1) as pool:
        return tuple(pool.map(lambda card, name: _open(card, name, settings), cards, names))


def _open(card: ModelCard, name: str, settings: CompareSettings) -> Subject:
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
    names = input_names(card.proto.graph)
    shapes = {name: shape for name, shape in settings.shapes.items() if name in names}
    opened = open_model(card, shapes, fed=True)
    batches = _batches(opened, settings)
    first = resolve(opened.specs, min(batches))
    tried = ask({**request, "inputs": first}, _OPEN_TIMEOUT_S)
    if tried.value is None:
        raise _refused(card, tried.problem.reason if tried.problem else "no answer", first)
    notes = _notes(opened, batches, settings)
    return Subject(card, opened.specs, batches, _record(opened, name), notes, tried.value.get("output_bytes"))


def _refused(card: ModelCard, reason: str, fed: Sequence[Mapping[str, object]] = ()) -> ModelFileError:
    if fed:
        shapes = ", ".join(f"{e['name']} {e['type']} {e['shape']}" for e in fed)
        return ModelFileError(f"{card.path} can't be run with {shapes}: {reason}; give sizes that fit in `shapes`.")
    reason = reason.removeprefix(f"Load model from {card.path.name} failed:")
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


def _batches(opened: OpenedModel, settings: CompareSettings) -> tuple[int, ...]:
    fixed = opened.only_batch
    if fixed is None:
        return tuple(dict.fromkeys(settings.batch_sizes or DEFAULT_BATCH_SIZES))
    if settings.batch_sizes and set(settings.batch_sizes) != {fixed}:
        asked = ",".join(map(str, settings.batch_sizes))
        raise ModelFileError(
            f"{opened.card.path} is fixed to batch size {fixed}: expected `batch_sizes` {fixed}, received {asked}; "
            "leave it out, or export the model with an open batch dimension."
        )
    return (fixed,)


def _notes(opened: OpenedModel, batches: tuple[int, ...], settings: CompareSettings) -> tuple[str, ...]:
    card = opened.card
    notes = [f"{card.name}: {note}" for note in opened.notes]
    if settings.batch_sizes is None and batches != DEFAULT_BATCH_SIZES:
        notes.append(f"{card.name} is fixed to batch size {batches[0]}, so it is timed at that one only.")
    if card.facts:
        notes += [w if w.startswith(card.name) else f"{card.name}: {w}" for w in card.facts.warnings]
    return tuple(notes)


def _record(opened: OpenedModel, name: str) -> ModelRecord:
    card, facts, macs = opened.card, opened.card.facts, opened.macs
    return ModelRecord(
        name=name,
        sha256=card.sha256,
        precision=card.precision,
        bytes=card.size_bytes,
        parameters=card.parameters,
        macs=macs // opened.batch if macs is not None else None,
        opset=card.opset,
        inputs=tuple(f"{s.name} {FEEDABLE[s.type]} [{', '.join(map(str, s.shape))}]" for s in opened.specs),
        network=facts.network if facts else None,
        architecture=facts.architecture if facts else None,
        data=facts.data if facts else None,
        data_note=facts.data_note if facts else "",
        accuracy=facts.accuracy if facts else None,
        training=facts.training if facts else None,
        parity_max_abs_error=facts.parity_max_abs_error if facts else None,
    )

"""Model files, opened and run once before anything is timed.

    subjects = open_subjects(paths, settings)

A subject is one model file, checked: a file that can't be read, loaded or fed is refused here, before the first round.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dlbench.bench.machine.precision_support import other_cpu_note
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.launch import ask
from dlbench.bench.results.records import FedInput, LayerWork, ModelRecord
from dlbench.bench.results.schema import Result
from dlbench.errors import InputError, ModelFileError, one_line
from dlbench.files import plain_name
from dlbench.model.card import ModelCard, read_model
from dlbench.model.element_types import by_runtime_name
from dlbench.model.graphs import input_names
from dlbench.model.inputs.given_values import expect_known
from dlbench.model.inputs.sizes import DEFAULT_SIZE, OpenSizesError
from dlbench.model.opening import OpenedModel, how_to_mark, input_sizes, open_model
from dlbench.model.work import layer_counts
from dlbench.system import usable_cores

_OPEN_TIMEOUT_S = 300
_PICTURES = ((48, 320), (32, 100), (64, 64), (256, 256), (640, 640))  # lines of text, faces, detectors


@dataclass(frozen=True)
class Subject:
    """One model file, opened and run once: its inputs as they will be fed, and its record for the result."""

    opened: OpenedModel  # at its smallest batch size
    batch_sizes: tuple[int, ...]
    record: ModelRecord
    warnings: tuple[str, ...] = ()
    output_bytes: int | None = None  # of one run at the smallest batch size

    @property
    def card(self) -> ModelCard:
        """The file."""
        return self.opened.card


def open_subjects(paths: Sequence[Path], settings: CompareSettings, names: Sequence[str] = ()) -> tuple[Subject, ...]:
    """Read every file, settle its inputs, and run it once on the CPU at its smallest batch size.

    Without `names` the files are called by their own.

    Raises:
        ModelFileError: a file that can't be read, that the runtime refuses, or that can't be fed.
    """
    cards = [read_model(path) for path in paths]
    every = [name for card in cards for name in input_names(card.proto.graph)]
    expect_known(settings.inputs, list(dict.fromkeys(every)))
    names = list(names) or distinct_names(paths)
    with ThreadPoolExecutor(max_workers=min(len(cards), usable_cores()) or 1) as pool:
        return tuple(pool.map(lambda card, name: _open(card, name, settings), cards, names))


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """Return what to call the files: their names, preceded by as many folders as it takes to tell them apart.

    Raises:
        ModelFileError: one file twice.
    """
    wholes = [path.absolute().with_suffix("").parts for path in paths]
    for whole, path in zip(wholes, paths, strict=True):
        if wholes.count(whole) > 1:
            raise ModelFileError(f"expected different models, received {path} twice; leave one out.")
    names = []
    for whole in wholes:
        count = 1
        while sum(other[-count:] == whole[-count:] for other in wholes) > 1:
            count += 1
        names.append("/".join(whole[-count:]))
    return names


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
    given = {name: values for name, values in settings.inputs.items() if name in names}

    def runs(sizes: Mapping[str, Sequence[int | str]]) -> bool:
        trial = open_model(card, {**shapes, **sizes}, fed=True, given=given)
        return ask({**request, "inputs": trial.fed}, _OPEN_TIMEOUT_S).value is not None

    try:
        opened = open_model(card, shapes, fed=True, given=given)
    except OpenSizesError as error:  # propose sizes that it takes
        raise error.with_example(next((n for n, sizes in enumerate(error.examples) if runs(sizes)), 0)) from None
    batches = _batches(opened, settings)
    opened = opened.at(min(batches))
    tried = ask({**request, "inputs": opened.fed}, _OPEN_TIMEOUT_S)
    if tried.value is None:
        fits = next((sizes for sizes in _other_pictures(opened) if runs(sizes)), None)
        raise _can_not_run(opened, tried.problem.reason if tried.problem else "no answer", fits)
    notes = _notes(opened, batches, settings)
    return Subject(opened, batches, model_record(opened, name), notes, tried.value.get("output_bytes"))


def _other_pictures(opened: OpenedModel) -> Iterator[dict[str, tuple[int | str, ...]]]:
    """Yield other usual sizes for a picture that was given the default size."""
    for spec, stated in zip(opened.specs, input_sizes(opened.card), strict=True):
        sides = [n for n, dim in enumerate(stated.dims) if not isinstance(dim, int) and spec.shape[n] == DEFAULT_SIZE]
        if opened.notes and sides and len(spec.shape) == 4:
            for height, width in _PICTURES:
                other = dict(zip(sides, (height, width)[-len(sides) :], strict=True))
                yield {spec.name: tuple(other.get(n, size) for n, size in enumerate(spec.shape))}


def _can_not_run(
    opened: OpenedModel, reason: str, fits: Mapping[str, Sequence[int | str]] | None = None
) -> ModelFileError:
    """Return the error for a model that does not run on its inputs; the advice depends on what was chosen for it."""
    fed = "; ".join(
        f"{each['name']} {each['type']} {each['shape']} ({one_line(opened.values[each['name']].source, 80)})"
        for each in opened.fed[:6]
    )
    chosen = [name for name in opened.values if _may_be_wrong(opened, name)]
    advice = []
    if chosen:
        advice.append(f"give values that fit with `inputs`, such as {chosen[0]}=VALUE ({', '.join(chosen[:6])})")
    if opened.has_open_sizes and not (chosen and _BY_VALUE.search(reason)):
        such = "".join(f", such as {name}={','.join(map(str, n))}, which runs" for name, n in (fits or {}).items())
        advice.append(f"give sizes that fit in `shape`{such}")
    return ModelFileError(
        f"{opened.card.path} can't be run with {fed}: {reason}; "
        f"{', or '.join(advice) or 'check the file, or export it again'}."
    )


_BY_VALUE = re.compile(
    r"out of (data )?bounds|out of range|inclusive range|divi[ds]|must be within|index", re.IGNORECASE
)


def _may_be_wrong(opened: OpenedModel, name: str) -> bool:
    """Say whether other values could help: for floats that only get noise, they hardly ever do."""
    values = opened.values[name]
    return values.how != "noise" or values.decides


def _refused(card: ModelCard, reason: str) -> ModelFileError:
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
        return tuple(dict.fromkeys(settings.batch_sizes or settings.usual_batch_sizes))
    if settings.batch_sizes and set(settings.batch_sizes) != {fixed}:
        asked = ",".join(map(str, settings.batch_sizes))
        if not opened.batch_axis.axes:
            raise InputError(
                f"{opened.card.path}: there is no batch axis, {opened.batch_axis.why}: expected `batch_sizes` 1, "
                f"received {asked}; {how_to_mark(opened)}."
            )
        raise ModelFileError(
            f"{opened.card.path} is fixed to batch size {fixed}: expected `batch_sizes` {fixed}, received {asked}; "
            "leave it out, or export the model with an open batch dimension."
        )
    return (fixed,)


def _notes(opened: OpenedModel, batches: tuple[int, ...], settings: CompareSettings) -> tuple[str, ...]:
    card = opened.card
    notes = [f"{card.name}: {note}" for note in opened.notes]
    notes += [f"{card.name}: the optional input {one_line(name, 60)} is left out." for name in opened.left_out]
    if not opened.batch_axis.axes:
        notes.append(
            f"{card.name}: no batch axis ({opened.batch_axis.why}): one run is one inference, timed at batch 1 only; "
            f"{'for a sweep' if opened.has_open_sizes else 'if an axis is one,'} {how_to_mark(opened)}."
        )
    elif settings.batch_sizes is None and opened.only_batch is not None:
        notes.append(f"{card.name} is fixed to batch size {batches[0]}, so it is timed at that one only.")
    notes += [
        f"{card.name}: {one_line(name, 60)} was fed {one_line(values.source, 160)}; sizes or time may depend on it: "
        f"set it with `inputs`, such as {one_line(name, 60)}=VALUE."
        for name, values in opened.values.items()
        if values.decides
    ]
    if card.variant and (differs := other_cpu_note(card.variant.recipe)):
        notes.append(f"{card.name}: {differs}: dlbench export makes it anew.")
    if card.facts:
        notes += [w if w.startswith(card.name) else f"{card.name}: {w}" for w in card.facts.warnings]
    return tuple(notes)


def model_record(opened: OpenedModel, name: str) -> ModelRecord:
    """Return what a result says of a model, before anything of it is timed."""
    card, macs = opened.card, opened.macs
    told = ("network", "architecture", "data", "data_note", "accuracy", "training", "parity_max_abs_error")
    return ModelRecord(
        **({name: getattr(card.facts, name) for name in told} if card.facts else {}),
        name=name,
        sha256=card.sha256,
        precision=card.precision,
        bytes=card.size_bytes,
        parameters=card.parameters,
        macs=macs // opened.batch if macs is not None else None,
        macs_at_least=opened.macs_at_least // opened.batch if macs is None else None,
        work=_layer_work(opened),
        opset=card.opset,
        inputs=tuple(f"{s.name} {_type(s.type)} [{', '.join(map(str, s.shape))}]" for s in opened.specs),
        fed=tuple(
            FedInput(name=s.name, type=_type(s.type), shape=s.shape, source=opened.values[s.name].source[:1000])
            for s in opened.specs
        ),
        batch_axis=_batch_words(opened),
    )


def counted_from_files(result: Result, folder: Path) -> Result:
    """Return an older result with its networks' layers counted, from the files of a folder that were measured then.

    A network stays as it is where no file of its name has its hash, or where the file can't be opened.
    """
    if all(model.work for model in result.models):
        return result
    models = tuple(model if model.work else _counted_from_file(model, folder) for model in result.models)
    return result.model_copy(update={"models": models})


def _counted_from_file(model: ModelRecord, folder: Path) -> ModelRecord:
    try:
        card = read_model(folder / f"{plain_name(model.name)}.onnx")
        if card.sha256 != model.sha256:
            return model
        work = _layer_work(open_model(card, model.input_shapes))
    except InputError:
        return model
    return model.model_copy(update={"work": work})


def _layer_work(opened: OpenedModel) -> LayerWork:
    counts = layer_counts(opened.graph_model.graph, opened.tensors.shapes)
    return LayerWork(
        activations=counts.activations // opened.batch,
        layers=counts.layers,
        depthwise_macs=counts.depthwise_macs // opened.batch,
        attention=counts.attention,
        recurrent=counts.recurrent,
    )


def _type(runtime_type: str) -> str:
    element = by_runtime_name(runtime_type)
    return "text" if element is None or element.name == "string" else element.numpy


def _batch_words(opened: OpenedModel) -> str:
    found = opened.batch_axis
    axes = ", ".join(f"axis {axis} of {name}" for name, axis in found.axes.items())
    return f"{axes or 'none, one run is one inference'}: {found.why}"[:1000]

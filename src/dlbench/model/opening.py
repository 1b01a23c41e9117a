"""A model file, opened: its inputs with settled sizes, types and values, its tensors and its work, before it is timed.

    opened = open_model(card, shapes={"image": ("N", 3, 224, 224)}, batch=8)
    opened.inputs[0].name, opened.inputs[0].shape       # image, (8, 3, 224, 224)
    opened.only_batch                                   # None: any; else the one batch that the file is made for
    opened.batch_axis.axes, opened.batch_axis.why       # which axis it is in which input, and what says so
    opened.values["ids"].source                         # what an input is fed with
    opened.macs                                         # for this batch; None: can't be counted

`inspect`, `compare`, `diff` and `viz` all open a model through this function, so that they agree on it. A picture whose
height and width are open is taken at 224 x 224, which a note says; every other open size must be settled with --shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlbench.errors import InputError, ModelFileError
from dlbench.model.element_types import BITS, FEEDABLE, RANDOM_BITS, by_number, by_runtime_name
from dlbench.model.graphs import inlined, real_inputs
from dlbench.model.inputs.batch_axis import BatchAxis, Dims, InputSizes, find_batch
from dlbench.model.inputs.feeds import BATCH, InputSpec, Values, resolve
from dlbench.model.inputs.given_values import GivenValues, expect_known
from dlbench.model.inputs.sizes import described, settle
from dlbench.model.inputs.value_roles import values_for
from dlbench.model.shapes import TensorFacts, fixed_on_loading, inferred_model, known_shapes, stated_dims, tensor_facts
from dlbench.model.work import multiply_accumulates, node_macs

if TYPE_CHECKING:
    from onnx import ModelProto, TypeProto

    from dlbench.model.card import ModelCard

_LARGEST_BATCH = 1_000_000
_FED = frozenset((*FEEDABLE, *BITS, "tensor(string)"))

Sizes = list[int | str | None]  # of an input; text or None where they are open


@dataclass(frozen=True)
class InputFacts:
    """One input of a model."""

    name: str
    element_type: str  # as numpy names it
    shape: tuple[int, ...]


@dataclass(frozen=True)
class OpenedModel:
    """A model with the sizes of its inputs settled for one batch."""

    card: ModelCard
    specs: tuple[InputSpec, ...]  # sizes up to the batch
    batch_axis: BatchAxis  # where the batch is, and what says so
    batch: int  # what `inputs` are settled for; 1 where there is no batch: one run is one inference
    notes: tuple[str, ...] = ()  # what was assumed
    given: Mapping[str, GivenValues] = field(default_factory=dict)  # values of --input, by input
    left_out: tuple[str, ...] = ()  # optional inputs, which are not fed
    _others: dict[int, OpenedModel] = field(default_factory=dict, repr=False, compare=False)  # by batch

    @property
    def only_batch(self) -> int | None:
        """The one batch that it takes; None: any."""
        if any(BATCH in spec.shape for spec in self.specs):
            return None
        return self.batch_axis.size or 1

    @property
    def has_open_sizes(self) -> bool:
        """Say whether the file leaves sizes open, so that --shape can change them."""
        return any(not _is_fixed(one.dims) for one in input_sizes(self.card))

    @cached_property
    def inputs(self) -> tuple[InputFacts, ...]:
        """The inputs with their sizes for this batch."""
        return tuple(
            InputFacts(entry["name"], _numpy_name(entry["type"]), tuple(entry["shape"]))
            for entry in resolve(self.specs, self.batch)
        )

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The sizes of the inputs for this batch, by name."""
        return {value.name: value.shape for value in self.inputs}

    @cached_property
    def values(self) -> dict[str, Values]:
        """How the values of each input are made, in the order of the inputs."""
        specs = {spec.name: spec for spec in self.specs}
        given = {name: one.values(specs[name]) for name, one in self.given.items()}
        found = values_for(
            lambda: inlined(self.card.proto).graph,
            resolve(self.specs, self.batch),
            lambda: self._inferred if self._has_integers else {},
            [name for name in specs if name not in given],
        )
        return {name: given.get(name) or found[name] for name in specs}

    @cached_property
    def _inferred(self) -> dict[str, tuple[int, ...]]:
        return known_shapes(self.card, self.shapes)

    @cached_property
    def loose_outputs(self) -> tuple[str, ...]:
        """The outputs whose size is not known before a run: it may change from run to run."""
        names = [value.name for value in self.card.proto.graph.output if value.name not in self._inferred]
        known = fixed_on_loading(self.card, self.shapes, names) if names else frozenset()
        return tuple(name for name in names if name not in known)

    @property
    def _has_integers(self) -> bool:
        return any((element := by_runtime_name(spec.type)) and not element.is_float for spec in self.specs)

    @cached_property
    def fed(self) -> list[dict[str, Any]]:
        """Each input as the timed process needs to know it: name, type, shape and values."""
        return resolve(self.specs, self.batch, self.values)

    def at(self, batch: int) -> OpenedModel:
        """Return the same model with its sizes settled for another batch."""
        if batch == self.batch:
            return self
        if batch not in self._others:
            self._others[batch] = replace(self, batch=batch)
        return self._others[batch]

    @cached_property
    def macs(self) -> int | None:
        """Multiply-accumulates of one run of this batch; None: an operator can't be counted."""
        return multiply_accumulates(self.card, self.shapes, lambda: self.fed)

    @cached_property
    def macs_at_least(self) -> int:
        """Multiply-accumulates of the nodes that can be counted, of one run of this batch."""
        return sum(node_macs(node, self.tensors.shapes) or 0 for node in self.graph_model.graph.node)

    @cached_property
    def graph_model(self) -> ModelProto:
        """The model with its own functions put where they are called, and inferred shapes where that works."""
        return inferred_model(self.card, self.shapes) or self.card.proto

    @cached_property
    def tensors(self) -> TensorFacts:
        """Shape and type of every tensor for this batch."""
        return tensor_facts(self.graph_model, self.card, self.shapes, self.fed)


def open_model(
    card: ModelCard,
    shapes: Mapping[str, Sequence[int | str]],
    batch: int | None = None,
    *,
    fed: bool = False,
    given: Mapping[str, GivenValues] | None = None,
) -> OpenedModel:
    """Return the model with the sizes of its inputs settled by `shapes`, where N marks the batch, else by `batch`.

    `fed`: every input must be of a type that ONNX Runtime can be fed with, for the model is going to run.

    Raises:
        InputError: the model takes another batch, an open size is not settled, or an input can't be fed.
    """
    if batch is not None and not 1 <= batch <= _LARGEST_BATCH:
        raise InputError(f"--batch: expected 1 to {_LARGEST_BATCH:,}, received {batch:,}.")
    given = dict(given or {})
    expect_known(given, [value.name for value in real_inputs(card.proto.graph)])
    inputs = input_sizes(card)
    if fed:
        _expect_feedable(inputs)
    for one in inputs:
        if one.name in given and one.type in RANDOM_BITS:
            raise InputError(f"--input {one.name}: {one.type} is fed with random bits alone; leave it out.")
    left_out = tuple(v.name for v in real_inputs(card.proto.graph) if v.type.HasField("optional_type"))
    for name in left_out:
        if name in given:
            raise InputError(f"--input {name}: an optional input is not fed; leave it out.")
    brought = {name: one.shape for name, one in given.items()}
    settled = settle(inputs, shapes, batch_of(card), brought)
    opened = OpenedModel(card, settled.specs, settled.batch, batch or 1, settled.notes, given, left_out)
    only = opened.only_batch
    if only is None or batch in (None, only):
        return opened.at(only or batch or 1)
    if not opened.batch_axis.axes:
        raise InputError(
            f"{card.name}: there is no batch axis, {settled.batch.why}: expected --batch 1, received {batch}; "
            f"{how_to_mark(opened)}."
        )
    raise InputError(f"{card.name} takes batches of {only} only: received --batch {batch}; leave it out.")


def how_to_mark(opened: OpenedModel) -> str:
    """Return advice on how to say which axis is the batch, with an example: by evidence, else of the largest input."""
    specs = {spec.name: spec.shape for spec in opened.specs if spec.shape}
    if not specs:
        return "this model has no axis that could be one"
    largest = max(specs, key=lambda name: len(specs[name]))
    name, axis = next(iter(batch_of(opened.card).axes.items()), (largest, 0))
    sizes = (BATCH if place == axis else size for place, size in enumerate(specs[name]))
    return f"mark the batch axis with N, such as `shape` {name}={','.join(map(str, sizes))}"


def input_sizes(card: ModelCard) -> list[InputSizes]:
    """Return the inputs that are fed, with what the file says of their sizes; optional ones are left out."""
    return [
        InputSizes(value.name, _runtime_type(value.type), tuple(stated_dims(value)))
        for value in real_inputs(card.proto.graph)
        if not value.type.HasField("optional_type")
    ]


def batch_of(card: ModelCard) -> BatchAxis:
    """Return where a file's batch is, with the evidence."""
    metadata = {entry.key: entry.value for entry in card.proto.metadata_props}
    return find_batch(input_sizes(card), lambda: _output_sizes(card), metadata)


def _output_sizes(card: ModelCard) -> list[Dims | None]:
    """Return the sizes of the outputs as they follow from those of the inputs; None where they are not known."""
    fixed = {one.name: tuple(int(dim or 0) for dim in one.dims) for one in input_sizes(card) if _is_fixed(one.dims)}
    model = inferred_model(card, fixed)
    values = (model or card.proto).graph.output
    return [tuple(stated_dims(value)) if value.type.tensor_type.HasField("shape") else None for value in values]


def _is_fixed(dims: Dims) -> bool:
    return all(isinstance(dim, int) for dim in dims)


def _expect_feedable(inputs: Sequence[InputSizes]) -> None:
    for one in inputs:
        if one.type not in _FED:
            raise ModelFileError(
                f"{described(one)} can't be fed: expected a tensor of floats, integers, bools or text, received "
                f"{one.type}; dlbench can't time this model."
            )


def _runtime_type(kind: TypeProto) -> str:
    """Return an input's type as ONNX Runtime names it: tensor(float), seq(tensor(float))."""
    which: Any = kind.WhichOneof("value")
    if which == "sequence_type":
        return f"seq({_runtime_type(kind.sequence_type.elem_type)})"
    if which == "optional_type":
        return f"optional({_runtime_type(kind.optional_type.elem_type)})"
    element = by_number(kind.tensor_type.elem_type)
    return element.runtime_name if which == "tensor_type" and element else str(which).removesuffix("_type")


def _numpy_name(runtime_type: str) -> str:
    element = by_runtime_name(runtime_type)
    return element.numpy if element else ""

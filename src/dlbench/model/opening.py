"""A model file, opened: its inputs with settled sizes and types, its tensors and its work, before anything is timed.

    opened = open_model(card, shapes={"image": ("N", 3, 224, 224)}, batch=8)
    opened.inputs[0].name, opened.inputs[0].shape       # image, (8, 3, 224, 224)
    opened.only_batch                                   # None: any; else the one batch that the file is made for
    opened.macs                                         # for this batch; None: can't be counted

`inspect`, `compare` and `viz` all open a model through this function, so that they agree on it. A picture whose height
and width are open is taken at 224 x 224, which a note says; every other open size must be settled with --shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dlbench.errors import InputError
from dlbench.model.element_types import by_number, by_runtime_name
from dlbench.model.feeds import BATCH, InputSpec, fixed_batch, plan_inputs, resolve
from dlbench.model.graphs import real_inputs
from dlbench.model.shapes import TensorFacts, inferred_model, tensor_facts
from dlbench.model.work import multiply_accumulates

if TYPE_CHECKING:
    from onnx import ModelProto, TypeProto, ValueInfoProto

    from dlbench.model.card import ModelCard

__all__ = ["DEFAULT_SIZE", "InputFacts", "OpenedModel", "open_model", "picture_input", "stated_sizes"]

DEFAULT_SIZE = 224  # pixels a side of a picture whose size the file leaves open
_CHANNELS = (1, 3)
_LARGEST_BATCH = 1_000_000

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
    only_batch: int | None  # the one batch that it takes; None: any
    batch: int  # what `inputs` are settled for
    notes: tuple[str, ...] = ()  # what was assumed

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
    def macs(self) -> int | None:
        """Multiply-accumulates of one run of this batch; None: an operator can't be counted."""
        return multiply_accumulates(self.card, self.shapes)

    @cached_property
    def graph_model(self) -> ModelProto:
        """The model with its own functions put where they are called, and inferred shapes where that works."""
        return inferred_model(self.card, self.shapes) or self.card.proto

    @cached_property
    def tensors(self) -> TensorFacts:
        """Shape and type of every tensor for this batch."""
        return tensor_facts(self.graph_model, self.card, self.shapes)


def open_model(
    card: ModelCard, shapes: Mapping[str, Sequence[int | str]], batch: int | None = None, *, fed: bool = False
) -> OpenedModel:
    """Return the model with the sizes of its inputs settled.

    Args:
        card: of `read_model`.
        shapes: as --shape gives them, by input; they win.
        batch: pictures at once; None: one, or the only batch that the model takes.
        fed: every input must be of a type that numpy can hold, for the model is going to run.

    Raises:
        InputError: the model takes another batch, an open size is not settled, or an input can't be fed.
    """
    if batch is not None and not 1 <= batch <= _LARGEST_BATCH:
        raise InputError(f"--batch: expected 1 to {_LARGEST_BATCH:,}, received {batch:,}.")
    values = real_inputs(card.proto.graph)
    given, notes = dict(shapes), []
    for value in values:
        settled = None if value.name in given else _at_default_size(value)
        if settled:
            given[value.name], note = settled
            notes.append(note)
    specs = plan_inputs([(v.name, _runtime_type(v.type), stated_sizes(v)) for v in values], given, fed=fed)
    only = fixed_batch(specs) if specs else None
    if batch is not None and only is not None and batch != only:
        raise InputError(f"{card.name} takes batches of {only} only: received --batch {batch}; leave it out.")
    return OpenedModel(card, specs, only, only or batch or 1, tuple(notes))


def picture_input(card: ModelCard) -> tuple[str, int, int, int] | None:
    """Return the first input that takes pictures N x C x H x W: its name, channels, height, width; None without any."""
    for value in real_inputs(card.proto.graph):
        sizes = [size if isinstance(size, int) else 0 for size in stated_sizes(value)]
        if len(sizes) == 4 and sizes[1] in _CHANNELS:
            return value.name, sizes[1], sizes[2] or DEFAULT_SIZE, sizes[3] or DEFAULT_SIZE
    return None


def stated_sizes(value: ValueInfoProto) -> Sizes:
    """Return the sizes of an input; text or None where they are open (old exporters write 0 or -1)."""
    return [
        d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else d.dim_param or None
        for d in value.type.tensor_type.shape.dim
    ]


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


def _at_default_size(value: ValueInfoProto) -> tuple[list[int | str], str] | None:
    """Return a picture's sizes at 224 x 224 where only they are open, channels first or last; None for all else.

    Beside the sizes stands the note that says what was assumed.
    """
    stated = stated_sizes(value)
    if len(stated) != 4:
        return None
    for channel, sides in ((1, (2, 3)), (3, (1, 2))):
        opened = [
            name for name, side in zip(("height", "width"), sides, strict=True) if not isinstance(stated[side], int)
        ]
        if stated[channel] in _CHANNELS and opened:
            first, *rest = [size if isinstance(size, int) else DEFAULT_SIZE for size in stated]
            settled = [first if isinstance(stated[0], int) else BATCH, *rest]
            taken = " x ".join(str(settled[side]) for side in sides)
            are_open = f"{' and '.join(opened)} of {value.name} {'are' if opened[1:] else 'is'} open"
            shape = ",".join(map(str, settled))
            return settled, f"{are_open}: taken as {taken}; another size: --shape {value.name}={shape}"
    return None

"""The sizes of a model's inputs for one look, settled from the file, the batch and --shape.

    inputs, notes = input_facts(card, batch=None, shapes={})
    inputs[0].name, inputs[0].shape         # image, (1, 3, 224, 224)

As `bench.feeds` settles them, and one step further: a picture whose height and width are open is taken at 224 x 224,
which is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlbench.errors import InputError
from dlbench.model.feeds import BATCH, fixed_batch, plan_inputs, resolve

if TYPE_CHECKING:
    from onnx import ValueInfoProto

    from dlbench.model.card import ModelCard

__all__ = ["InputFacts", "input_facts"]

_DEFAULT_SIZE = 224
_CHANNELS = (1, 3)
_LARGEST_BATCH = 1_000_000


@dataclass(frozen=True)
class InputFacts:
    """One input of a model."""

    name: str
    element_type: str  # as numpy names it
    shape: tuple[int, ...]


def input_facts(
    card: ModelCard, batch: int | None, shapes: Mapping[str, Sequence[int | str]]
) -> tuple[tuple[InputFacts, ...], tuple[str, ...]]:
    """Return the inputs with their sizes, and what was assumed.

    Args:
        card: the model.
        batch: pictures at once; None: one, or the only batch that the model takes.
        shapes: as --shape gives them, by input; they win.

    Raises:
        InputError: the model takes another batch, or an open size is not settled.
    """
    if batch is not None and not 1 <= batch <= _LARGEST_BATCH:
        raise InputError(f"--batch: expected 1 to {_LARGEST_BATCH:,}, received {batch:,}.")
    weights = {tensor.name for tensor in card.proto.graph.initializer}
    values = [value for value in card.proto.graph.input if value.name not in weights]
    stated = {value.name: _dims(value) for value in values}
    given = dict(shapes)
    notes = []
    for name, dims in stated.items():
        if name not in given and (settled := _at_default_size(dims)):
            given[name] = settled
            notes.append(
                f"height and width of {name} are open: taken as {_DEFAULT_SIZE} x {_DEFAULT_SIZE}; another size: "
                f"--shape {name}={','.join('N' if d == BATCH else str(d) for d in settled)}"
            )
    specs = plan_inputs([(name, "tensor(float)", dims) for name, dims in stated.items()], given)
    only = fixed_batch(specs) if specs else None
    if batch is not None and only is not None and batch != only:
        raise InputError(f"{card.name} takes batches of {only} only: received --batch {batch}; leave it out.")
    if only is not None and only != 1:
        notes.append(f"this file is made for {only} pictures at once, so everything here is for {only}.")
    resolved = {entry["name"]: tuple(entry["shape"]) for entry in resolve(specs, only or batch or 1)}
    types = {value.name: _type(value) for value in values}
    return tuple(InputFacts(name, types[name], shape) for name, shape in resolved.items()), tuple(notes)


def _dims(value: ValueInfoProto) -> list[int | str | None]:
    """Return the sizes of an input; text or None where they are open (old exporters write 0 or -1)."""
    return [
        d.dim_value if d.HasField("dim_value") and d.dim_value > 0 else d.dim_param or None
        for d in value.type.tensor_type.shape.dim
    ]


def _type(value: ValueInfoProto) -> str:
    from onnx import helper

    number = value.type.tensor_type.elem_type
    return str(helper.tensor_dtype_to_np_dtype(number)) if number else ""


def _at_default_size(dims: Sequence[int | str | None]) -> list[int | str] | None:
    """Return a picture's sizes at 224 x 224 where only they are open, channels first or last; None for all else."""
    if len(dims) != 4:
        return None
    for channel, sides in ((1, (2, 3)), (3, (1, 2))):
        if dims[channel] in _CHANNELS and not all(isinstance(dims[side], int) for side in sides):
            settled = [_DEFAULT_SIZE if not isinstance(d, int) else d for d in dims]
            return [dims[0] if isinstance(dims[0], int) else BATCH, *settled[1:]]
    return None

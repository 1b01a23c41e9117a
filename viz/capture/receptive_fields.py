"""Which part of the input a place in a layer can see: its receptive field.

    field = receptive_field(card, "conv3")
    field.box(2, 5)         # rows and columns of the input that the place (2, 5) of a map sees
    fields = receptive_fields(card)     # of every tensor

By the recursion of A. Araujo, W. Norris and J. Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019: on the way from the input, size and offset grow with every kernel, stride and padding; where ways meet,
the field covers them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlbench.model.graphs import attribute, constants, input_names
from dlbench.model.operators import of_node

if TYPE_CHECKING:
    from onnx import NodeProto

    from dlbench.model.card import ModelCard


@dataclass(frozen=True)
class Field:
    """What one place of a map sees, along height and width."""

    size: tuple[int, int]  # pixels
    stride: tuple[int, int]  # by how many pixels the next place's view lies further
    start: tuple[int, int]  # first pixel that the place (0, 0) sees; negative: padding

    def box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Return first row, row after the last, first column, column after the last; they may lie outside."""
        top = self.start[0] + row * self.stride[0]
        left = self.start[1] + column * self.stride[1]
        return top, top + self.size[0], left, left + self.size[1]


_INPUT = Field((1, 1), (1, 1), (0, 0))


def receptive_field(card: ModelCard, tensor: str) -> Field | None:
    """Return the field of a layer's places in the input; None where an operator on the way is unknown or sees all."""
    return receptive_fields(card).get(tensor)


def receptive_fields(card: ModelCard) -> dict[str, Field | None]:
    """Return the field of every tensor that depends on an input, by the tensor's name; as of `receptive_field`."""
    graph = card.proto.graph
    sizes = {name: tuple(tensor.dims) for name, tensor in constants(graph).items()}
    fields: dict[str, Field | None] = dict.fromkeys(input_names(graph), _INPUT)
    for node in graph.node:
        before = [name for name in node.input if name in fields]
        if not before:
            continue  # of constants alone
        known = [field for name in before if (field := fields[name]) is not None]
        widest = _joined(known) if len(known) == len(before) else None
        operator, field = of_node(node), None
        if operator.is_pointwise:
            field = widest
        elif operator.reach == "window" and widest is not None:
            field = _through(node, widest, sizes)
        fields.update(dict.fromkeys((name for name in node.output if name), field))
    return fields


def _joined(fields: list[Field]) -> Field | None:
    """Return the field that covers all of them; None where their strides differ."""
    if len({field.stride for field in fields}) != 1:
        return None
    start = (min(f.start[0] for f in fields), min(f.start[1] for f in fields))
    end = (max(f.start[0] + f.size[0] for f in fields), max(f.start[1] + f.size[1] for f in fields))
    return Field((end[0] - start[0], end[1] - start[1]), fields[0].stride, start)


def _through(node: NodeProto, before: Field, sizes: Mapping[str, tuple[int, ...]]) -> Field | None:
    kernel = attribute(node, "kernel_shape") or _kernel(node, sizes)
    automatic = attribute(node, "auto_pad", b"NOTSET")
    if len(kernel) != 2 or automatic not in (b"NOTSET", b"VALID"):
        return None
    strides, dilations = attribute(node, "strides", (1, 1)), attribute(node, "dilations", (1, 1))
    pads = attribute(node, "pads", (0, 0)) if automatic == b"NOTSET" else (0, 0)
    reach = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
    size = (before.size[0] + reach[0] * before.stride[0], before.size[1] + reach[1] * before.stride[1])
    start = (before.start[0] - pads[0] * before.stride[0], before.start[1] - pads[1] * before.stride[1])
    return Field(size, (before.stride[0] * strides[0], before.stride[1] * strides[1]), start)


def _kernel(node: NodeProto, sizes: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    return next((sizes[name][2:] for name in node.input[1:] if len(sizes.get(name, ())) == 4), ())

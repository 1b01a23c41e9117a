"""Which part of the input a place in a layer can see: its receptive field.

    field = receptive_field(card, "conv3")
    field.box(2, 5)         # rows and columns of the input that the place (2, 5) of a map sees
    fields = receptive_fields(card)     # of every tensor

By the recursion of A. Araujo, W. Norris and J. Sim, "Computing Receptive Fields of Convolutional Neural Networks",
Distill 2019: on the way from the input, size and offset grow with every kernel, stride and padding; where ways meet,
the field covers them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import NodeProto

    from dlbench.model.card import ModelCard

__all__ = ["Field", "receptive_field", "receptive_fields"]

_WINDOWS = frozenset({"Conv", "FusedConv", "QLinearConv", "ConvInteger", "MaxPool", "AveragePool", "NhwcConv"})
_BY_PLACE = frozenset(
    {"Relu", "Clip", "LeakyRelu", "PRelu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Gelu", "Elu", "Selu", "Erf"}
    | {
        "BatchNormalization",
        "Add",
        "Sub",
        "Mul",
        "Div",
        "Identity",
        "Dropout",
        "Cast",
        "Concat",
        "Softplus",
        "Min",
        "Max",
    }
    | {"QuantizeLinear", "DequantizeLinear", "QLinearAdd", "QLinearMul", "QLinearSigmoid", "Sqrt", "Neg", "Exp", "Pow"}
)


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
    weights = {value.name for value in graph.initializer}
    fields: dict[str, Field | None] = {value.name: _INPUT for value in graph.input if value.name not in weights}
    for node in graph.node:
        before = [name for name in node.input if name in fields]
        if not before:
            continue  # of constants alone
        known = [fields[name] for name in before]
        field = None
        if all(one is not None for one in known) and node.op_type in (_WINDOWS | _BY_PLACE):
            widest = _joined([one for one in known if one is not None])
            field = widest if node.op_type in _BY_PLACE else _through(node, widest, card)
        fields.update(dict.fromkeys((name for name in node.output if name), field))
    return fields


def _joined(fields: list[Field]) -> Field | None:
    """Return the field that covers all of them; None where their strides differ."""
    if len({field.stride for field in fields}) != 1:
        return None
    start = (min(f.start[0] for f in fields), min(f.start[1] for f in fields))
    end = (max(f.start[0] + f.size[0] for f in fields), max(f.start[1] + f.size[1] for f in fields))
    return Field((end[0] - start[0], end[1] - start[1]), fields[0].stride, start)


def _through(node: NodeProto, before: Field | None, card: ModelCard) -> Field | None:
    attributes = {a.name: a for a in node.attribute}
    kernel = list(attributes["kernel_shape"].ints) if "kernel_shape" in attributes else _kernel(node, card)
    automatic = attributes["auto_pad"].s if "auto_pad" in attributes else b"NOTSET"
    if before is None or len(kernel) != 2 or automatic not in (b"NOTSET", b"VALID"):
        return None
    strides, dilations = ([*attributes[n].ints] if n in attributes else [1, 1] for n in ("strides", "dilations"))
    pads = list(attributes["pads"].ints) if "pads" in attributes and automatic == b"NOTSET" else [0, 0, 0, 0]
    reach = [(k - 1) * d for k, d in zip(kernel, dilations, strict=True)]
    size = (before.size[0] + reach[0] * before.stride[0], before.size[1] + reach[1] * before.stride[1])
    start = (before.start[0] - pads[0] * before.stride[0], before.start[1] - pads[1] * before.stride[1])
    return Field(size, (before.stride[0] * strides[0], before.stride[1] * strides[1]), start)


def _kernel(node: NodeProto, card: ModelCard) -> list[int]:
    dims = {tensor.name: list(tensor.dims) for tensor in card.proto.graph.initializer}
    return next((dims[name][2:] for name in node.input[1:] if len(dims.get(name, ())) == 4), [])

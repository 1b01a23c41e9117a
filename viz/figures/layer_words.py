"""What each kind of layer does, in a sentence that a first-year student understands, with its real sizes.

    meaning = Meanings(card)
    meaning.of(layer)       # "convolution, 16 filters of 5 x 5: each map is bright where the picture holds its pattern"
    meaning.brief(layer)    # "16 filters of 5 x 5"

The sentences say what the operators of the ONNX standard do (onnx.ai, Operators).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlbench.model.graphs import attribute, constants, input_names, is_external, producers
from dlbench.model.operators import of_node

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

    from dlbench.model.card import ModelCard
    from dlbench.model.layers import Layer


class Meanings:
    """The sentences of one model's layers."""

    def __init__(self, card: ModelCard) -> None:
        graph = card.proto.graph
        self._makers = producers(graph)
        tensors = constants(graph)
        self._weights = {name: tuple(tensor.dims) for name, tensor in tensors.items()}
        self._last = graph.output[0].name if graph.output else ""
        self._inputs = set(input_names(graph))
        self._scalars = {name: value for name, tensor in tensors.items() if (value := _scalar(tensor)) is not None}
        self._pictures = set(self._inputs)  # what is still the picture itself, place by place
        for node in graph.node:
            is_still = of_node(node).kind == "arithmetic" or of_node(node).passes_on
            if is_still and node.input and node.input[0] in self._pictures:
                self._pictures.update(node.output)
        self._constants = set(self._weights) | {
            name for node in graph.node if node.op_type == "Constant" for name in node.output
        }

    def of(self, layer: Layer) -> str:
        """Return what the layer does; its operator's name where no sentence is known."""
        node = self._makers[layer.tensor]
        sentence = self._sentence(node)
        return f"{sentence}. This is the network's answer" if layer.tensor == self._last else sentence

    def brief(self, layer: Layer) -> str:
        """Return what the layer does in at most some 30 characters; nothing where no words are known."""
        node = self._makers[layer.tensor]
        operator = of_node(node)
        kind = operator.name.removeprefix("QLinear")
        if operator.kind == "conv":
            return self._brief_convolution(node)
        if operator.kind == "dense":
            shape = self._dense_shape(node)
            return f"weighted sums of {shape[1]:,}" if shape else "weighted sums"
        if kind == "Clip":
            low, high = ("..." if bound is None else f"{bound:g}" for bound in self._bounds(node))
            return "cut off at its bounds" if low == high == "..." else f"cut to {low} to {high}"
        if operator.kind == "arithmetic" and self._takes_constant(node):
            of_picture = {"Sub": "the mean taken off", "Div": "divided by the deviation"}
            if kind in of_picture and self._normalises(node):
                return of_picture[kind]
            if kind in ("Sub", "Div") and node.input[0] in self._constants:
                return "taken off a constant" if kind == "Sub" else "a constant divided by it"
            return {"Add": "a constant added", "Sub": "a constant taken off"}.get(kind, "scaled by a constant")
        return operator.brief.format(window=_window(node))

    def _brief_convolution(self, node: NodeProto) -> str:
        shape = self._filters_shape(node)
        size = _times(shape[2:]) if shape else _window(node)
        stride = max(attribute(node, "strides", ()) or (1,))
        every = f", step {stride}" if stride > 1 else ""
        if shape and shape[0] == attribute(node, "group", 1) > 1:
            return f"{size} in each map alone{every}"
        if shape and set(shape[2:]) == {1}:
            return f"1 x 1: maps mixed anew{every}"
        if shape:
            return f"{shape[0]:,} filters of {size}{every}"
        return f"filters of {size}{every}" if size else f"filters{every}"

    def _sentence(self, node: NodeProto) -> str:
        operator = of_node(node)
        if operator.kind == "conv":
            return self._convolution(node)
        if operator.kind == "dense":
            return self._dense(node)
        if operator.kind == "arithmetic":
            return self._by_place(node)
        if node.op_type == "Clip":
            return self._clip(node)
        return operator.words.format(window=_window(node)) or f"the operator {node.op_type}"

    def _convolution(self, node: NodeProto) -> str:
        shape = self._filters_shape(node)
        size = _times(shape[2:]) if shape else _window(node) or "unknown size"
        many = f"{shape[0]:,} filters of {size}" if shape else f"filters of {size}"
        stride = _step(attribute(node, "strides", ()))
        if shape and shape[0] == attribute(node, "group", 1) > 1:
            return f"depthwise convolution, {many}{stride}: each filter looks at one channel alone"
        if shape and set(shape[2:]) == {1}:
            return f"1 x 1 convolution, {shape[0]:,} mixtures{stride}: at each place the channels before are mixed anew"
        where = "the picture holds" if node.input[0] in self._pictures else "the maps before it hold"
        return f"convolution, {many}{stride}: each map is large where {where} that filter's pattern"

    def _filters_shape(self, node: NodeProto) -> tuple[int, ...] | None:
        return next((self._weights[name] for name in node.input[1:] if len(self._weights.get(name, ())) > 2), None)

    def _dense_shape(self, node: NodeProto) -> tuple[int, ...] | None:
        """Return (neurons, inputs)."""
        shape = next((self._weights[name] for name in node.input if len(self._weights.get(name, ())) == 2), None)
        return shape if shape is None or attribute(node, "transB", 0) else shape[::-1]

    def _dense(self, node: NodeProto) -> str:
        shape = self._dense_shape(node)
        if shape is None:
            return "matrix product: each number is a weighted sum of all before it"
        neurons, inputs = shape
        return f"dense layer, {neurons:,} neurons: each is a weighted sum of all {inputs:,} numbers before it"

    def _by_place(self, node: NodeProto) -> str:
        """Tell the normalisation of a picture from a shortcut, a bias and other arithmetic."""
        kind, with_constant = of_node(node).name.removeprefix("QLinear"), self._takes_constant(node)
        if self._normalises(node):
            if kind == "Sub":
                return "subtraction: a mean is taken off the picture, so that darker than it is negative"
            return "division: the picture's numbers are brought to a common size"
        if with_constant and kind == "Add":
            return "sum: a constant is added to each value, such as a bias"
        return f"arithmetic ({kind}) with a constant, place by place" if with_constant else of_node(node).words

    def _takes_constant(self, node: NodeProto) -> bool:
        settings = of_node(node).settings
        return any(name in self._constants for place, name in enumerate(node.input) if place not in settings)

    def _normalises(self, node: NodeProto) -> bool:
        """Say whether a mean is taken off the picture, or it (or what that left) is divided by a constant."""
        if node.op_type not in ("Sub", "Div") or len(node.input) != 2 or node.input[1] not in self._constants:
            return False
        if node.input[0] in self._inputs:
            return True
        maker = self._makers.get(node.input[0])
        return node.op_type == "Div" and maker is not None and maker.op_type == "Sub" and maker.input[0] in self._inputs

    def _bounds(self, node: NodeProto) -> tuple[float | None, float | None]:
        bounds = {a.name: a.f for a in node.attribute if a.name in ("min", "max")}  # attributes until opset 11
        names = {name: node.input[place] for place, name in ((1, "min"), (2, "max")) if len(node.input) > place}
        bounds |= {name: self._scalars[given] for name, given in names.items() if given in self._scalars}
        return bounds.get("min"), bounds.get("max")

    def _clip(self, node: NodeProto) -> str:
        lowest, highest = self._bounds(node)
        cut = f"what is above {highest:g} becomes {highest:g}" if highest is not None else "what is too large is cut"
        if lowest == 0:
            return f"clipped ReLU: what is negative becomes 0, {cut}"
        return f"clip: values below {lowest:g} become {lowest:g}, {cut}" if lowest is not None else f"clip: {cut}"


def _scalar(tensor: TensorProto) -> float | None:
    """Return the one number of a small float tensor inside the file, else None."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_type not in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE):
        return None
    if is_external(tensor) or list(tensor.dims) not in ([], [1]):
        return None
    values = numpy_helper.to_array(tensor)
    return float(values.reshape(-1)[0]) if values.size else None


def _window(node: NodeProto) -> str:
    return _times(attribute(node, "kernel_shape", ()))


def _times(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


def _step(strides: Sequence[int]) -> str:
    most = max(strides, default=1)
    return f", every {most}{'nd' if most == 2 else 'th'} place" if most > 1 else ""

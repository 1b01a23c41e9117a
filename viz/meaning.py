"""What each kind of layer does, in a sentence that a first-year student understands, with its real sizes.

    meaning = Meanings(card)
    meaning.of(layer)       # "convolution, 16 filters of 5 x 5: each map is bright where the picture holds its pattern"

The sentences say what the operators of the ONNX standard do (onnx.ai, Operators).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

    from dlbench.bench.onnxfile import ModelCard
    from dlbench.viz.layers import Layer

__all__ = ["Meanings"]

_PLAIN: Mapping[str, str] = {
    "Relu": "ReLU: what is negative becomes 0, the rest stays",
    "LeakyRelu": "leaky ReLU: what is negative is made small, the rest stays",
    "PRelu": "parametric ReLU: what is negative is scaled by a learned factor, the rest stays",
    "Sigmoid": "sigmoid: any number becomes one between 0 and 1",
    "HardSigmoid": "hard sigmoid: any number becomes one between 0 and 1, by straight lines",
    "HardSwish": "hard swish: like ReLU, with a smooth corner",
    "Tanh": "tanh: any number becomes one between -1 and 1",
    "Gelu": "GELU: like ReLU, with a smooth corner",
    "Softmax": "softmax: the answers become probabilities that add up to 1",
    "BatchNormalization": "batch normalisation: each channel is shifted and scaled by learned numbers",
    "LayerNormalization": "layer normalisation: each picture's values are brought to mean 0 and deviation 1",
    "InstanceNormalization": "instance normalisation: each map is brought to mean 0 and deviation 1",
    "GlobalAveragePool": "global average: of each map its mean alone is left, so it counts what is there, not where",
    "GlobalMaxPool": "global maximum: of each map its largest value alone is left",
    "ReduceMean": "mean: of each map its mean alone is left, so it counts what is there, not where",
    "Mul": "product of two tensors, place by place",
    "Sub": "difference of two tensors, place by place",
    "Div": "one tensor divided by another, place by place",
    "Concat": "joins channels of several layers",
    "Reshape": "the same numbers in another shape: maps become one long row",
    "Flatten": "the same numbers as one long row",
    "Transpose": "the same numbers, axes exchanged",
    "Squeeze": "the same numbers, axes of length 1 left out",
    "Dropout": "dropout: does nothing when a network answers",
    "Identity": "passes on what it gets",
    "QuantizeLinear": "rounds to 8-bit integers; shown here as the numbers that they stand for",
    "DequantizeLinear": "turns 8-bit integers back into numbers",
}


_STILL_PICTURE = frozenset({"Sub", "Div", "Mul", "Add", "Cast", "Transpose", "QuantizeLinear", "DequantizeLinear"})


class Meanings:
    """The sentences of one model's layers."""

    def __init__(self, card: ModelCard) -> None:
        graph = card.proto.graph
        self._makers = {name: node for node in graph.node for name in node.output if name}
        self._weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
        self._last = graph.output[0].name if graph.output else ""
        self._inputs = {value.name for value in graph.input} - set(self._weights)
        self._scalars = {tensor.name: value for tensor in graph.initializer if (value := _scalar(tensor)) is not None}
        self._pictures = set(self._inputs)  # what is still the picture itself, place by place
        for node in graph.node:
            if node.op_type in _STILL_PICTURE and node.input and node.input[0] in self._pictures:
                self._pictures.update(node.output)
        self._constants = set(self._weights) | {
            name for node in graph.node if node.op_type == "Constant" for name in node.output
        }

    def of(self, layer: Layer) -> str:
        """Return what the layer does; its operator's name where no sentence is known."""
        node = self._makers[layer.tensor]
        sentence = self._sentence(node)
        return f"{sentence}. This is the network's answer" if layer.tensor == self._last else sentence

    def _sentence(self, node: NodeProto) -> str:
        kind = node.op_type
        if kind in ("Conv", "ConvInteger", "QLinearConv", "FusedConv"):
            return self._convolution(node)
        if kind in ("Gemm", "MatMul", "MatMulInteger", "QLinearMatMul", "QGemm"):
            return self._dense(node)
        if kind in ("MaxPool", "AveragePool"):
            return _pooling(node)
        if kind == "Clip":
            return self._clip(node)
        if kind in ("Add", "Sub", "Mul", "Div"):
            return self._by_place(node)
        return _PLAIN.get(kind, f"the operator {kind}")

    def _convolution(self, node: NodeProto) -> str:
        shape = next((self._weights[name] for name in node.input[1:] if len(self._weights.get(name, ())) > 2), None)
        size = _times(shape[2:]) if shape else _times(_ints(node, "kernel_shape")) or "unknown size"
        many = f"{shape[0]:,} filters of {size}" if shape else f"filters of {size}"
        stride = _step(_ints(node, "strides"))
        group = next((a.i for a in node.attribute if a.name == "group"), 1)
        if group > 1 and shape and group == shape[0]:
            return f"depthwise convolution, {many}{stride}: each filter looks at one channel alone"
        if shape and set(shape[2:]) == {1}:
            return f"1 x 1 convolution, {shape[0]:,} mixtures{stride}: at each place the channels before are mixed anew"
        where = "the picture holds" if node.input[0] in self._pictures else "the maps before it hold"
        return f"convolution, {many}{stride}: each map is large where {where} that filter's pattern"

    def _dense(self, node: NodeProto) -> str:
        shape = next((self._weights[name] for name in node.input if len(self._weights.get(name, ())) == 2), None)
        if shape is None:
            return "matrix product: each number is a weighted sum of all before it"
        turned = any(a.name == "transB" and a.i for a in node.attribute)
        neurons, inputs = shape if turned else shape[::-1]
        return f"dense layer, {neurons:,} neurons: each is a weighted sum of all {inputs:,} numbers before it"

    def _by_place(self, node: NodeProto) -> str:
        """Tell the normalisation of a picture from a shortcut, a bias and other arithmetic."""
        kind = node.op_type
        with_constant = any(name in self._constants for name in node.input)
        if kind in ("Sub", "Div") and len(node.input) == 2 and node.input[1] in self._constants:
            if kind == "Sub" and node.input[0] in self._inputs:
                return "subtraction: a mean is taken off the picture, so that darker than it is negative"
            maker = self._makers.get(node.input[0])
            normalised = maker is not None and maker.op_type == "Sub" and maker.input[0] in self._inputs
            if kind == "Div" and (normalised or node.input[0] in self._inputs):
                return "division: the picture's numbers are brought to a common size"
        if kind == "Add":
            return (
                "sum: a constant is added to each value, such as a bias"
                if with_constant
                else "sum of two layers: a shortcut adds what was known before"
            )
        if with_constant:
            return f"arithmetic ({kind}) with a constant, place by place"
        return _PLAIN[kind]

    def _clip(self, node: NodeProto) -> str:
        bounds = {a.name: a.f for a in node.attribute if a.name in ("min", "max")}  # attributes until opset 11
        names = {name: node.input[place] for place, name in ((1, "min"), (2, "max")) if len(node.input) > place}
        bounds |= {name: self._scalars[given] for name, given in names.items() if given in self._scalars}
        lowest, highest = bounds.get("min"), bounds.get("max")
        cut = f"what is above {highest:g} becomes {highest:g}" if highest is not None else "what is too large is cut"
        if lowest == 0:
            return f"clipped ReLU: what is negative becomes 0, {cut}"
        return f"clip: values below {lowest:g} become {lowest:g}, {cut}" if lowest is not None else f"clip: {cut}"


def _pooling(node: NodeProto) -> str:
    what = "largest value" if node.op_type == "MaxPool" else "mean"
    size = _times(_ints(node, "kernel_shape"))
    return f"pooling: of each {size} square the {what} is kept, so the maps become smaller"


def _scalar(tensor: TensorProto) -> float | None:
    """Return the one number of a small float tensor inside the file, else None."""
    from onnx import TensorProto, numpy_helper

    if tensor.data_type not in (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE):
        return None
    if tensor.data_location == TensorProto.EXTERNAL or list(tensor.dims) not in ([], [1]):
        return None
    values = numpy_helper.to_array(tensor)
    return float(values.reshape(-1)[0]) if values.size else None


def _ints(node: NodeProto, name: str) -> tuple[int, ...]:
    return next((tuple(a.ints) for a in node.attribute if a.name == name), ())


def _times(sizes: Sequence[int]) -> str:
    return " x ".join(map(str, sizes))


def _step(strides: Sequence[int]) -> str:
    return (
        f", every {max(strides)}nd place"
        if strides and max(strides) == 2
        else (f", every {max(strides)}th place" if strides and max(strides) > 2 else "")
    )

"""What each kind of layer does, in a sentence that a first-year student understands, with its real sizes.

    meaning = Meanings(card)
    meaning.of(layer)       # "convolution, 16 filters of 5 x 5: each map is bright where the picture holds its pattern"

The sentences say what the operators of the ONNX standard do (onnx.ai, Operators).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import NodeProto

    from dlbench.bench.onnxfile import ModelCard
    from dlbench.viz.layers import Layer

__all__ = ["Meanings"]

_PLAIN: Mapping[str, str] = {
    "Relu": "ReLU: what is negative becomes 0, the rest stays; only the places that answered are left",
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
    "Add": "sum of two tensors: a shortcut adds what was known before, or a bias is added",
    "Mul": "product of two tensors, place by place",
    "Sub": "subtraction: the mean of the training pictures is taken off",
    "Div": "division: by the deviation of the training pictures",
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


class Meanings:
    """The sentences of one model's layers."""

    def __init__(self, card: ModelCard) -> None:
        graph = card.proto.graph
        self._makers = {name: node for node in graph.node for name in node.output if name}
        self._weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
        self._last = graph.output[0].name if graph.output else ""

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
            return "clipped ReLU: what is negative becomes 0, what is too large is cut off" + self._bounds(node)
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
        return f"convolution, {many}{stride}: each map is large where the picture holds that filter's pattern"

    def _dense(self, node: NodeProto) -> str:
        shape = next((self._weights[name] for name in node.input if len(self._weights.get(name, ())) == 2), None)
        if shape is None:
            return "matrix product: each number is a weighted sum of all before it"
        turned = any(a.name == "transB" and a.i for a in node.attribute)
        neurons, inputs = shape if turned else shape[::-1]
        return f"dense layer, {neurons:,} neurons: each is a weighted sum of all {inputs:,} numbers before it"

    def _bounds(self, node: NodeProto) -> str:
        highest = next((a.f for a in node.attribute if a.name == "max"), None)
        return f" at {highest:g}" if highest is not None else ""


def _pooling(node: NodeProto) -> str:
    what = "largest value" if node.op_type == "MaxPool" else "mean"
    size = _times(_ints(node, "kernel_shape"))
    return f"pooling: of each {size} square the {what} is kept, so the maps become smaller"


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

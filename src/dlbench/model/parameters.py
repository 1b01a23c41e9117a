"""Which constants of a graph are parameters: what training learned, not what it only recorded or was told.

    learned(model.graph)["conv1.weight"]        # 400 elements
    parameters_of(model.graph)                  # with the graphs inside If, Loop and Scan

A file does not say what a constant is for; the place where it is used does. Not counted: running statistics of batch
normalisation, bounds of Clip, scales and zero points of quantisation, normalisation of the picture, single numbers and
indices. So a file counts as its torch module does: weights and biases yes, buffers no. A table of sines that is kept as
an initializer can't be told from weights and counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

__all__ = ["constant_tensors", "elements", "inner_graphs", "learned", "parameters_of"]

# operator -> places of inputs that set it up, and are not learned
_SETTINGS: dict[str, frozenset[int]] = {
    "BatchNormalization": frozenset({3, 4}),
    "Clip": frozenset({1, 2}),
    "DequantizeLinear": frozenset({1, 2}),
    "QuantizeLinear": frozenset({1, 2}),
    "ConvInteger": frozenset({2, 3}),
    "MatMulInteger": frozenset({2, 3}),
    "Dropout": frozenset({1, 2}),
    "Pad": frozenset({1, 2, 3}),
    "Resize": frozenset({1, 2, 3}),
    "Upsample": frozenset({1}),
    "QGemm": frozenset({1, 2, 4, 5, 7, 8}),
    "QLinearConv": frozenset({1, 2, 4, 5, 6, 7}),
    "QLinearMatMul": frozenset({1, 2, 4, 5, 6, 7}),
    "QLinearAdd": frozenset({1, 2, 4, 5, 6, 7}),
    "QLinearMul": frozenset({1, 2, 4, 5, 6, 7}),
    "QLinearSigmoid": frozenset({1, 2, 3, 4}),
    "QLinearLeakyRelu": frozenset({1, 2, 3, 4}),
    "QLinearAveragePool": frozenset({1, 2, 3, 4}),
    "QLinearGlobalAveragePool": frozenset({1, 2, 3, 4}),
}
# operator -> places whose 32-bit integers are a bias, not indices
_INT32_BIAS = {"DequantizeLinear": 0, "QLinearConv": 8, "QGemm": 6}
# operator -> places of weights: a Constant node counts there, elsewhere it is a setting
_WEIGHT_PLACES = {
    **dict.fromkeys(("Conv", "ConvTranspose", "Gemm", "ConvInteger", "MatMulInteger"), (1, 2)),
    "MatMul": (0, 1),
    "DequantizeLinear": (0,),
    "QLinearConv": (3, 8),
    "QLinearMatMul": (3,),
    "QGemm": (3, 6),
    "BatchNormalization": (1, 2),
}
_PICTURE_STEPS = frozenset({"Sub", "Div", "Mul", "Add"})
_MOST_CHANNELS = 4


def elements(dims: Sequence[int]) -> int:
    """Return how many values a tensor of these sizes has; 1 for a single number."""
    total = 1
    for d in dims:
        total *= d
    return total


def inner_graphs(node: NodeProto) -> list[GraphProto]:
    """Return the graphs inside a node (If, Loop, Scan), not those inside them."""
    return [
        graph
        for attribute in node.attribute
        for graph in ([attribute.g] if attribute.HasField("g") else attribute.graphs)
    ]


def parameters_of(graph: GraphProto) -> int:
    """Return all learned elements of a graph and of the graphs inside its nodes, each tensor once."""
    total, stack = 0, [graph]
    while stack:
        part = stack.pop()
        total += sum(learned(part).values())
        stack += [inner for node in part.node for inner in inner_graphs(node)]
    return total


def learned(graph: GraphProto) -> dict[str, int]:
    """Return the learned constants of this graph, without the graphs inside its nodes: name -> elements."""
    uses: dict[str, set[tuple[str, int]]] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            uses.setdefault(name, set()).add((node.op_type, place))
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    beside = _of_the_picture(graph, tensors)
    found = {
        name: elements(tensor.dims)
        for name, tensor in tensors.items()
        if name not in beside and _is_learned(tensor, uses.get(name, set()), tensors)
    }
    for name, tensor in constant_tensors(graph):
        if any(place in _WEIGHT_PLACES.get(operator, ()) for operator, place in uses.get(name, ())):
            found |= {name: elements(tensor.dims)} if _is_learned(tensor, uses[name], tensors) else {}
    return found


def constant_tensors(graph: GraphProto) -> Iterator[tuple[str, TensorProto]]:
    """Yield what the Constant nodes of a graph give: name and tensor, where it is a tensor."""
    for node in graph.node:
        if node.op_type == "Constant":
            yield from ((node.output[0], a.t) for a in node.attribute if a.name == "value")


def _is_learned(tensor: TensorProto, uses: set[tuple[str, int]], tensors: dict[str, TensorProto]) -> bool:
    from onnx import TensorProto

    if tensor.data_type in (TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING) or not tensor.dims:
        return False
    if tensor.data_type == TensorProto.INT32 and len(tensor.dims) < 2:
        return any(_INT32_BIAS.get(operator) == place for operator, place in uses)
    if uses and all(place in _SETTINGS.get(operator, ()) for operator, place in uses):
        return False
    # ONNX Runtime's dynamic quantisation multiplies by the scale in a node of its own
    stem = tensor.name.removesuffix("_scale").removesuffix("_zero_point")
    return stem == tensor.name or f"{stem}_quantized" not in tensors


def _of_the_picture(graph: GraphProto, tensors: dict[str, TensorProto]) -> set[str]:
    """Return the constants that normalise the picture: up to four values that the input meets before any layer."""
    raw = {value.name for value in graph.input} - set(tensors)
    found = set()
    for node in graph.node:
        met = [name for name in node.input if name in raw]
        if met and node.op_type in _PICTURE_STEPS:
            beside = [name for name in node.input if name not in raw]
            if all(name in tensors and elements(tensors[name].dims) <= _MOST_CHANNELS for name in beside):
                found.update(beside)
                raw.add(node.output[0])
        elif met and node.op_type in ("Transpose", "Cast", "Identity"):
            raw.add(node.output[0])
    return found

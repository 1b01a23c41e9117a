"""What is quantised in a graph: the operators that say so, and the layers that stayed float.

quantised_operators(model)      # ["QuantizeLinear"]: empty for a float model
layers_left_float(model)        # ("div (Div)", "fc (Gemm)")
between_float(model, ["fc"])    # ["softmax"]: what stays float with the layers beside it
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dlbench.model.graphs import all_graphs, constants, consumers, producers
from dlbench.model.operators import of_node

if TYPE_CHECKING:
    from onnx import ModelProto

_SAY_SO = frozenset(
    (
        *("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger", "QGemm"),
        *("MatMulNBits", "MatMulBnb4", "GatherBlockQuantized", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"),
        *("MatMulIntegerToFloat", "QAttention", "NhwcMaxPool"),
    )
)


def quantised_operators(model: ModelProto) -> list[str]:
    """Return the names of the operators that only a quantised model has, sorted."""
    names = {node.op_type for graph in all_graphs(model.graph) for node in graph.node}
    return sorted(name for name in names if name in _SAY_SO or name.startswith("QLinear"))


def layers_left_float(model: ModelProto, *, weights_only: bool = False) -> tuple[str, ...]:
    """Return the nodes that compute with floats in a quantised model, as "name (Operator)", in the graph's order.

    `weights_only`: activations are float in all of it, so that only nodes with weights count.
    """
    restored = {node.output[0] for node in model.graph.node if node.op_type == "DequantizeLinear"}
    left = []
    for node in model.graph.node:
        operator = of_node(node)
        taken = node.input[: 2 if operator.is_weighted else 1]
        says_so = node.op_type in _SAY_SO or node.op_type.startswith("QLinear")
        is_quantised = says_so or (restored.issuperset(taken) and operator.kind != "norm")
        counts = operator.is_weighted if weights_only else not operator.only_moves
        if counts and not is_quantised:
            left.append(f"{node.name or node.output[0]} ({node.op_type})")
    return tuple(left)


def between_float(model: ModelProto, kept: Sequence[str]) -> list[str]:
    """Return the nodes without weights that would be rounded to 8 bits among float layers alone, for nothing.

    All that such a node takes comes from float nodes, or all that takes its result is float.
    """
    given, takers, stored = producers(model.graph), consumers(model.graph), constants(model.graph)
    sides = {
        node.name: (
            {given[name].name if name in given else "" for name in node.input if name and name not in stored},
            {taker.name for name in node.output for taker in takers.get(name, [])},
        )
        for node in model.graph.node
        if not of_node(node).is_weighted
    }
    floats, before = set(kept), -1
    while before < len(floats):
        before = len(floats)
        floats.update(name for name, both in sides.items() if any(side and side <= floats for side in both))
    return [node.name for node in model.graph.node if node.name in floats.difference(kept)]

"""How much a model computes: multiply-accumulates of convolutions and matrix products, forward.

    node_macs(node, shapes)                             # of one node
    multiply_accumulates(card, {"image": (1, 1, 28, 28)})

Convolution: output elements x (input channels / groups) x kernel elements. Product: output elements x inner size.
Elementwise operators, pooling and normalisation are not counted, as is usual (torchinfo, fvcore); so the figures are
half of torch.utils.flop_counter's FLOP. Which operator is counted how is in the table, `model/operators.toml`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlbench.model.graphs import all_graphs, attribute
from dlbench.model.operators import of_node
from dlbench.model.shapes import graph_shapes, inferred_model, tensor_facts

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

    from dlbench.model.card import ModelCard

Shapes = Mapping[str, tuple[int, ...]]

_LOOPS = ("Loop", "Scan")  # `If` is control, too, but runs once


def multiply_accumulates(
    card: ModelCard, shapes: Mapping[str, Sequence[int]], fed: Callable[[], Sequence[Mapping[str, Any]]] = tuple
) -> int | None:
    """Count a model's multiply-accumulates for inputs of these shapes; None where a layer's can't be counted.

    Where shapes can't be inferred (ONNX Runtime's own operators), the runtime tells them. `fed` gives what the inputs
    are fed then, see `tensor_facts`.
    """
    model = inferred_model(card, shapes) or card.proto
    macs = _total(model.graph, graph_shapes(model.graph))
    countable = all(of_node(node).work != "unknown" for node in model.graph.node)
    return _total(model.graph, tensor_facts(model, card, shapes, fed()).shapes) if macs is None and countable else macs


def _total(graph: GraphProto, shapes: Shapes) -> int | None:
    counts = [node_macs(node, shapes) for node in graph.node]
    return None if None in counts else sum(count or 0 for count in counts)


@dataclass(frozen=True)
class LayerCounts:
    """What convolutions and matrix products of a graph put out, for the whole batch."""

    activations: int  # elements
    layers: int
    depthwise_macs: int  # multiply-accumulates of convolutions with one channel a group
    attention: bool  # a softmax feeds a matrix product
    recurrent: bool  # steps that wait for each other


def layer_counts(graph: GraphProto, shapes: Shapes) -> LayerCounts:
    """Count the layers that compute, and what they put out; a layer of unknown shape counts without elements."""
    computing = [node for node in graph.node if of_node(node).work not in ("none", "unknown")]
    weighed = {name for node in graph.node if node.op_type == "Softmax" for name in node.output}
    deep = [n for n in computing if of_node(n).work == "convolution" and _is_depthwise(n, shapes)]
    return LayerCounts(
        activations=sum(math.prod(shapes.get(node.output[0], (0,))) for node in computing),
        layers=len(computing),
        depthwise_macs=sum(node_macs(node, shapes) or 0 for node in deep),
        attention=any(name in weighed for node in computing for name in node.input),
        recurrent=has_steps(graph),
    )


def has_steps(graph: GraphProto) -> bool:
    """Say whether steps wait for each other: a recurrent layer or a loop, at any depth."""
    nodes = (node for inner in all_graphs(graph) for node in inner.node)
    return any(of_node(node).kind == "recurrent" or node.op_type in _LOOPS for node in nodes)


def _is_depthwise(node: NodeProto, shapes: Shapes) -> bool:
    source = shapes.get(node.input[0])
    groups = attribute(node, "group", 1)
    return source is not None and len(source) > 1 and groups > 1 and groups == source[1]


def node_macs(node: NodeProto, shapes: Shapes) -> int | None:
    """Return one node's multiply-accumulates, None where they can't be counted."""
    operator = of_node(node)
    if operator.work == "none":
        return 0
    place = operator.weights[0] if operator.weights else len(node.input)
    if operator.work == "unknown" or place >= len(node.input):
        return None
    source, weight, output = (shapes.get(name) for name in (node.input[0], node.input[place], node.output[0]))
    if operator.work == "product":
        if output is None or not source:
            return None
        turned = attribute(node, "transA", 0) and len(source) > 1
        return math.prod(output) * source[-2 if turned else -1]
    each = output if operator.work == "convolution" else source
    return None if each is None or weight is None else math.prod(each) * math.prod(weight[1:])  # (M, C / group, kernel)

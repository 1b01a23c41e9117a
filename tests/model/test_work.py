"""Counts of layers that compute: what they put out, which are depthwise, and whether there is attention."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from dlbench.model.graphs import attribute
from dlbench.model.work import layer_counts


def test_layers_activations_depthwise_and_attention_are_counted_from_the_graph():
    weights = [
        numpy_helper.from_array(np.zeros((8, 4, 3, 3), "f"), "dense"),
        numpy_helper.from_array(np.zeros((8, 1, 3, 3), "f"), "deep"),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "dense"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "deep"], ["b"], group=8, pads=[1, 1, 1, 1]),
        helper.make_node("Softmax", ["b"], ["s"]),
        helper.make_node("MatMul", ["s", "b"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "counted",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 5, 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        weights,
    )
    shapes = {"x": (1, 4, 5, 5), "dense": (8, 4, 3, 3), "deep": (8, 1, 3, 3)}
    shapes |= dict.fromkeys(("a", "b", "s", "y"), (1, 8, 5, 5))
    counts = layer_counts(graph, shapes)
    assert attribute(graph.node[1], "group", 1) == 8
    assert (counts.layers, counts.activations) == (3, 3 * 200)
    assert counts.depthwise_macs == 200 * 9 and counts.attention

"""Counts of layers that compute: what they put out, which are depthwise, and whether there is attention."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from dlbench.model.graphs import attribute
from dlbench.model.work import has_steps, layer_counts


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


@pytest.mark.parametrize(
    ("operator", "domain", "waits"),
    [
        ("LSTM", "", True),
        ("DynamicQuantizeLSTM", "com.microsoft", True),
        ("Scan", "", True),
        ("If", "", False),
        ("Relu", "", False),
    ],
)
def test_steps_that_wait_for_each_other_are_found_at_any_depth(operator: str, domain: str, waits: bool):
    node = helper.make_node(operator, ["x"], ["y"], domain=domain)
    inner = helper.make_graph([node], "inner", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    outer = helper.make_node("If", ["condition"], ["z"], then_branch=inner, else_branch=inner)
    for nodes in ([node], [outer]):
        graph = helper.make_graph(nodes, "steps", [], [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)])
        assert has_steps(graph) is waits and layer_counts(graph, {}).recurrent is waits

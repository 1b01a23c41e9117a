"""What is asked of a graph: real inputs, constants, who gives and takes, graphs inside nodes, copies."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from dlbench.model.graphs import (
    all_graphs,
    attribute,
    constants,
    consumers,
    input_names,
    names_used,
    nodes_behind,
    producers,
    with_outputs,
)

F = TensorProto.FLOAT


def weight(name: str) -> TensorProto:
    return numpy_helper.from_array(np.ones(2, np.float32), name)


def branch(name: str, takes: str, *, inside: onnx.NodeProto | None = None) -> onnx.GraphProto:
    nodes = [*([inside] if inside else []), helper.make_node("Neg", [takes], [f"{name}_out"])]
    return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(f"{name}_out", F, [2])], [weight(name)])


def model() -> onnx.ModelProto:
    """x -> Add w -> Relu -> If (with an If inside), Sub beside it; w is among the inputs, as in old files."""
    deep = helper.make_node("If", ["flag"], ["deep"], then_branch=branch("t2", "x"), else_branch=branch("e2", "r"))
    outer = branch("t", "r", inside=deep)
    nodes = [
        helper.make_node("Constant", [], ["k"], value=weight("k")),
        helper.make_node("Add", ["x", "w"], ["a"]),
        helper.make_node("Relu", ["a"], ["r"]),
        helper.make_node("If", ["flag"], ["y"], then_branch=outer, else_branch=branch("e", "a")),
        helper.make_node("Sub", ["x", "k"], ["z"]),
    ]
    inputs = [helper.make_tensor_value_info(n, F, [2]) for n in ("x", "w")]
    inputs.append(helper.make_tensor_value_info("flag", TensorProto.BOOL, []))
    outputs = [helper.make_tensor_value_info("y", F, [2])]
    return helper.make_model(helper.make_graph(nodes, "g", inputs, outputs, [weight("w")]))


def test_weights_that_are_listed_as_inputs_are_not_fed():
    assert input_names(model().graph) == ["x", "flag"]


def test_constants_are_initializers_and_what_constant_nodes_give():
    assert set(constants(model().graph)) == {"w", "k"}


def test_who_gives_and_who_takes_a_tensor():
    graph = model().graph
    assert {name: node.op_type for name, node in producers(graph).items()} == {
        "k": "Constant", "a": "Add", "r": "Relu", "y": "If", "z": "Sub",
    }  # fmt: skip
    assert [node.op_type for node in consumers(graph)["x"]] == ["Add", "Sub"]


def test_inner_graphs_are_walked_at_any_depth():
    assert {graph.name for graph in all_graphs(model().graph)} == {"g", "t", "e", "t2", "e2"}
    assert {"x", "r", "a", "flag"} <= names_used([model().graph.node[3]])


def test_nodes_behind_a_tensor_count_what_inner_graphs_take_from_outside():
    nodes, needed = nodes_behind(model().graph, "y", stop_at="r")
    assert [node.op_type for node in nodes] == ["Add", "If"]  # a branch takes `a`, past the Relu
    assert {"x", "a", "r", "flag"} <= needed
    assert [node.op_type for node in nodes_behind(model().graph, "r")[0]] == ["Add", "Relu"]


def test_a_left_out_output_stops_nothing():
    graph = helper.make_graph([helper.make_node("Dropout", ["x"], ["y", ""])], "g", [], [])
    assert len(nodes_behind(graph, "y")[0]) == 1


def test_a_copy_with_other_outputs_leaves_the_model_as_it_was():
    first = model()
    assert [value.name for value in with_outputs(first, ["a", "r"]).graph.output] == ["a", "r"]
    both = with_outputs(first, ["r", "y"], beside_its_own=True)
    assert [value.name for value in both.graph.output] == ["y", "r"]
    assert first == model()


def test_attributes_are_read_by_their_type():
    node = helper.make_node("Conv", [], [], group=3, strides=[1, 2], alpha=0.5, auto_pad="VALID", scales=[0.5, 2.0])
    names = ("group", "strides", "alpha", "auto_pad", "scales")
    assert [attribute(node, name) for name in names] == [3, (1, 2), 0.5, b"VALID", (0.5, 2.0)]
    assert attribute(node, "pads", "none") == "none"

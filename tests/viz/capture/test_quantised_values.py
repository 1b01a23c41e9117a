"""What the integers of quantised graphs stand for: r = S (q - Z), by hand."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import GraphProto, TensorProto, helper, numpy_helper

from dlbench.viz.capture.quantised_values import Quantised, quantised_tensors, rescaled_tensors

Node = helper.make_node
SCALE, ZERO = np.float32(0.5), np.uint8(10)
ROW = np.array([1, 2, 4], np.float32)


def graph_of(nodes: list, **stored: np.ndarray) -> GraphProto:
    stored = {"s": SCALE, "z": ZERO, **stored}
    tensors = [numpy_helper.from_array(np.asarray(values), name) for name, values in stored.items()]
    value = helper.make_tensor_value_info
    return helper.make_graph(nodes, "g", [value("x", TensorProto.FLOAT, None)], [value("y", 1, None)], tensors)


def test_integers_are_the_numbers_that_they_stand_for():
    one = Quantised(np.array(0.5, np.float32), np.array(10, np.uint8))
    found = one.real(np.array([[0, 10], [12, 255]], np.uint8))
    assert found.dtype == np.float32 and found.tolist() == [[-5, 0], [1, 122.5]]
    floats = np.array([1.5])
    assert one.real(floats) is floats  # these are real already
    with pytest.raises(AttributeError):
        one.axis = 2


@pytest.mark.parametrize(("axis", "shape"), [(0, (3, 1, 1)), (1, (1, 3, 1)), (2, (1, 1, 3)), (-1, (1, 1, 3))])
def test_a_row_of_scales_lies_along_its_axis(axis: int, shape: tuple[int, ...]):
    zeros = np.array([0, 1, 2], np.int8)
    values = np.random.default_rng(0).integers(-128, 127, (3, 3, 3), np.int8)
    expected = (values.astype(float) - zeros.reshape(shape)) * ROW.reshape(shape)
    np.testing.assert_allclose(Quantised(ROW, zeros, axis).real(values), expected)


def test_a_row_of_two_scales_is_a_row():
    two = Quantised(np.array([1, 10], np.float32), np.array([0, 1], np.uint8))
    assert two.real(np.array([[[5], [5]]], np.uint8)).tolist() == [[[5], [40]]]


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("QuantizeLinear", ["x", "s", "z"]),
        ("QLinearConv", ["x", "a", "a", "w", "a", "a", "s", "z"]),
        ("QLinearMatMul", ["x", "a", "a", "w", "a", "a", "s", "z"]),
    ],
)
def test_the_scale_of_what_an_operator_gives_is_read_from_its_inputs(kind: str, inputs: list[str]):
    found = quantised_tensors(graph_of([Node(kind, inputs, ["y"])], a=np.float32(9), w=np.uint8(1)))
    assert set(found) == {"y"}
    assert (found["y"].scale, found["y"].zero_point, found["y"].axis) == (SCALE, ZERO, 1)


def test_a_zero_point_that_is_left_out_is_0():
    for inputs in (["x", "s"], ["x", "s", ""]):
        (found,) = quantised_tensors(graph_of([Node("QuantizeLinear", inputs, ["y"])])).values()
        assert found.real(np.array([4], np.uint8)).tolist() == [2]


def test_the_axis_of_a_row_of_scales_is_the_nodes_own():
    (found,) = quantised_tensors(graph_of([Node("QuantizeLinear", ["x", "row", "z"], ["y"], axis=2)], row=ROW)).values()
    assert found.axis == 2
    (found,) = quantised_tensors(graph_of([Node("QuantizeLinear", ["x", "row", "z"], ["y"])], row=ROW)).values()
    assert found.axis == 1


def test_a_scale_that_is_found_at_every_run_or_is_a_table_is_not_told():
    for inputs in (["x", "x", "z"], ["x", "s", "x"], ["x", "table", "z"]):
        assert not quantised_tensors(
            graph_of([Node("QuantizeLinear", inputs, ["y"])], table=np.ones((2, 2), np.float32))
        )
    assert not quantised_tensors(graph_of([Node("Relu", ["x"], ["y"])]))


def test_what_only_moves_values_keeps_their_one_scale_and_not_a_row_of_them():
    nodes = [
        Node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        Node("MaxPool", ["q"], ["p"], kernel_shape=[2, 2]),
        Node("Flatten", ["p"], ["f"]),
        Node("QuantizeLinear", ["x", "row", "z"], ["r"]),
        Node("Flatten", ["r"], ["rf"]),
        Node("Neg", ["q"], ["n"]),
    ]
    found = quantised_tensors(graph_of(nodes, row=ROW))
    assert set(found) == {"q", "p", "f", "r"} and found["f"] is found["q"]


INTEGERS = [Node("ConvInteger", ["x8", "w"], ["sums"]), Node("Cast", ["sums"], ["floats"], to=1)]
SCALED = [*INTEGERS, Node("Mul", ["floats", "found_scale"], ["scaled"])]


@pytest.mark.parametrize(
    ("nodes", "holder"),
    [
        (SCALED, "scaled"),
        ([*SCALED, Node("Add", ["scaled", "bias"], ["biased"])], "biased"),
        ([*SCALED, Node("Add", ["bias", "scaled"], ["biased"])], "biased"),
        ([*SCALED, Node("Add", ["scaled", "x"], ["sum"])], "scaled"),  # a shortcut is no bias
        ([*SCALED, Node("Relu", ["scaled"], ["y"])], "scaled"),
        ([*SCALED, *(Node("Add", ["scaled", "bias"], [name]) for name in "ab")], "scaled"),  # which of the two?
        ([*SCALED, Node("Add", ["scaled", "bias"], ["b"]), Node("Relu", ["b"], ["y"])], "b"),
    ],
)
def test_sums_of_integers_and_their_floats_are_held_by_what_brings_them_to_their_size(nodes: list, holder: str):
    assert rescaled_tensors(graph_of(nodes), {"bias"}) == {"sums": holder, "floats": holder}


@pytest.mark.parametrize(
    "nodes",
    [
        INTEGERS,
        [INTEGERS[0], Node("Mul", ["sums", "s"], ["y"])],
        [*INTEGERS, Node("Div", ["floats", "s"], ["y"])],
        [*SCALED, Node("Relu", ["floats"], ["y"])],  # someone else takes the sums as they are
        [*SCALED, Node("Relu", ["sums"], ["y"])],
        [Node("Conv", ["x", "w"], ["sums"]), *SCALED[1:]],
    ],
)
def test_sums_that_nothing_brings_to_their_size_are_held_by_nothing(nodes: list):
    assert rescaled_tensors(graph_of(nodes), {"bias"}) == {}

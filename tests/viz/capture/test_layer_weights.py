"""Weights as they lie in the file, and as the numbers that they stand for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from onnx import TensorProto, helper

from dlbench.model.card import read_model
from dlbench.viz.capture.layer_weights import weights_of

F, U8 = TensorProto.FLOAT, TensorProto.UINT8
RNG = np.random.default_rng(0)
SCALES = np.array([0.5, 0.25, 2.0], np.float32)
ZEROS = np.array([3, 128, 7], np.uint8)


def test_quantised_filters_are_the_numbers_that_they_stand_for_one_scale_a_filter(save):
    filters = RNG.integers(0, 255, (3, 2, 3, 3), np.uint8)
    node = helper.make_node("QLinearConv", ["x", "s", "z", "w", "ws", "wz", "s", "z"], ["y"])
    constants = {"w": filters, "ws": SCALES, "wz": ZEROS, "s": np.float32(1), "z": np.uint8(0)}
    path = save("net", [node], [("x", U8, [1, 2, 8, 8])], [("y", U8, None)], constants)
    expected = [(filters[i].astype(float) - ZEROS[i]) * SCALES[i] for i in range(3)]
    np.testing.assert_allclose(weights_of(read_model(path))["y"], expected)


def test_quantised_neurons_are_rows_one_scale_a_neuron(save):
    columns = RNG.integers(0, 255, (5, 3), np.uint8)
    node = helper.make_node("QLinearMatMul", ["x", "s", "z", "w", "ws", "wz", "s", "z"], ["y"])
    constants = {"w": columns, "ws": SCALES, "wz": ZEROS, "s": np.float32(1), "z": np.uint8(0)}
    path = save("net", [node], [("x", U8, [1, 5])], [("y", U8, None)], constants)
    expected = [(columns[:, i].astype(float) - ZEROS[i]) * SCALES[i] for i in range(3)]
    np.testing.assert_allclose(weights_of(read_model(path))["y"], expected)


@pytest.mark.parametrize("turned", [0, 1])
def test_dense_weights_are_rows_of_neurons_however_they_lie_in_the_file(save, turned: int):
    neurons = RNG.random((3, 5), dtype=np.float32)
    stored = {"w": neurons if turned else neurons.T.copy()}
    node = helper.make_node("Gemm", ["x", "w"], ["y"], transB=turned)
    path = save("net", [node], [("x", F, [1, 5])], [("y", F, None)], stored)
    np.testing.assert_array_equal(weights_of(read_model(path))["y"], neurons)


def test_weights_that_are_quantised_at_every_run_are_none_of_the_file(save):
    """The graph rounds stored floats: what it multiplies with is found when it is loaded."""
    nodes = [
        helper.make_node("QuantizeLinear", ["w", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        helper.make_node("Conv", ["x", "d"], ["y"]),
    ]
    stored = {"w": RNG.random((3, 2, 3, 3), dtype=np.float32), "s": np.float32(0.1), "z": np.uint8(0)}
    path = save("net", nodes, [("x", F, [1, 2, 8, 8])], [("y", F, None)], stored)
    assert "y" not in weights_of(read_model(path))


def dense(save, nodes: list, **stored: np.ndarray):
    """The weights of a network that ends in `y`."""
    return weights_of(read_model(save("net", nodes, [("x", F, [1, 5])], [("y", F, None)], stored)))


@pytest.mark.parametrize(("axis", "shape"), [(0, (5, 1)), (1, (1, 3)), (None, (1, 3))])
def test_weights_behind_dequantizelinear_have_their_scales_along_its_axis(save, axis: int | None, shape: tuple):
    stored = RNG.integers(-128, 127, (5, 3), np.int8)
    scales = RNG.random(max(shape), dtype=np.float32)
    options = {} if axis is None else {"axis": axis}
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s"], ["d"], **options),
        helper.make_node("MatMul", ["x", "d"], ["y"]),
    ]
    found = dense(save, nodes, w=stored, s=scales)["y"]
    np.testing.assert_allclose(found, (stored * scales.reshape(shape)).T, rtol=1e-6)
    assert found.dtype == np.float32 and found.flags.c_contiguous


def test_weights_are_followed_through_up_to_five_steps_that_change_no_number(save):
    neurons = RNG.random((3, 5)).astype(np.float16)

    def behind(steps: int):
        names = ["w", *(f"n{i}" for i in range(steps))]
        nodes = [helper.make_node("Identity", [a], [b]) for a, b in itertools.pairwise(names)]
        return dense(save, [*nodes, helper.make_node("MatMul", ["x", names[-1]], ["y"])], w=neurons.T.copy())

    for steps in (0, 1, 5):
        np.testing.assert_array_equal(behind(steps)["y"], neurons.astype(np.float32))
    assert "y" not in behind(6)


@pytest.mark.parametrize(("options", "turned"), [({"perm": [1, 0]}, True), ({}, True), ({"perm": [0, 1]}, False)])
def test_weights_are_turned_as_the_graph_turns_them(save, options: dict, turned: bool):
    stored = RNG.random((5, 5), dtype=np.float32)
    nodes = [helper.make_node("Transpose", ["w"], ["t"], **options), helper.make_node("MatMul", ["x", "t"], ["y"])]
    np.testing.assert_array_equal(dense(save, nodes, w=stored)["y"], stored if turned else stored.T)


def test_turned_filters_keep_the_order_that_was_asked_for(save):
    stored = RNG.random((3, 3, 2, 4), dtype=np.float32)  # (h, w, channels, filters), as TensorFlow writes them
    nodes = [
        helper.make_node("Transpose", ["w"], ["t"], perm=[3, 2, 0, 1]),
        helper.make_node("Conv", ["x", "t"], ["y"]),
    ]
    path = save("net", nodes, [("x", F, [1, 2, 8, 8])], [("y", F, None)], {"w": stored})
    np.testing.assert_array_equal(weights_of(read_model(path))["y"], np.moveaxis(stored, (3, 2), (0, 1)))


def test_what_has_no_weights_of_the_file_is_none_of_the_mapping(save):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"]),
        helper.make_node("Transpose", ["a"], ["t"]),
        helper.make_node("MatMul", ["a", "t"], ["b"]),  # of two answers
        helper.make_node("MatMul", ["x", "batch"], ["c"]),  # a stack of tables
        helper.make_node("Relu", ["x"], ["y"]),
    ]
    found = dense(save, nodes, w=np.ones((5, 5), np.float32), batch=np.ones((2, 5, 5), np.float32))
    assert [name for name in ("a", "b", "c", "y", "x", "w") if name in found] == ["a"]
    assert found["a"] is found["a"]  # read once


def test_weights_of_over_64_million_values_are_left_in_the_file(save):
    import onnx

    def listed(rows: int, columns: int) -> bool:
        path = save("net", [helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", F, [1, rows])], [("y", F, None)])
        card = read_model(path)
        card.proto.graph.initializer.append(onnx.TensorProto(name="w", data_type=F, dims=[rows, columns]))
        return "y" in weights_of(card)

    assert listed(1000, 64_000) and not listed(64_000_001, 1)

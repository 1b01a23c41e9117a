"""Weights as they lie in the file, and as the numbers that they stand for."""

from __future__ import annotations

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

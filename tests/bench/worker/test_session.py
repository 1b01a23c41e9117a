"""One inference in the measuring process: outputs of any size, types that can't be bound, nothing left to run."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from dlbench.bench.providers.registry import provider
from dlbench.bench.providers.verdict import place
from dlbench.bench.worker.session import make_runner, open_session, placement, run_once
from dlbench.model.inputs.feeds import InputSpec, make_arrays, resolve

F = TensorProto.FLOAT
REQUEST = {"provider": "CPUExecutionProvider", "place": "cpu", "threads": 1}
W = {"w": np.ones((4, 3), np.float32)}
node = helper.make_node


def coins() -> list:
    return [
        node("RandomUniformLike", ["x"], ["toss"]),
        node("Greater", ["toss", "half"], ["heads"]),
        node("Squeeze", ["heads", "axis"], ["kept"]),
        node("Compress", ["x", "kept"], ["y"], axis=0),
    ]


@pytest.mark.parametrize("known", [True, False])
def test_an_output_that_is_not_as_stated_runs_again_and_again(save, known: bool):
    path = save("stale", [node("MatMul", ["x", "w"], ["y"])], [("x", F, ["N", 4])], [("y", F, [1, 3])], W)
    session = open_session(ort, str(path), REQUEST)
    request = {**REQUEST, "loose_outputs": ["y"] if known else []}
    runner = make_runner(ort, session, {"x": np.ones((8, 4), np.float32)}, request)
    for _ in range(3):
        runner.run()
    assert runner.first_run_s > 0


def test_an_output_whose_length_changes_runs_again_and_again(save):
    constants = {"half": np.float32(0.5), "axis": np.array([1])}
    path = save("coins", coins(), [("x", F, ["N", 1])], [("y", F, ["kept", 1])], constants)
    session = open_session(ort, str(path), REQUEST)
    runner = make_runner(ort, session, {"x": np.ones((64, 1), np.float32)}, {**REQUEST, "loose_outputs": ["y"]})
    for _ in range(20):
        runner.run()


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.BFLOAT16])
def test_text_and_bfloat16_are_fed(save, kind: int):
    path = save("net", [node("Identity", ["x"], ["y"])], [("x", kind, [2, 3])], [("y", kind, [2, 3])])
    session = open_session(ort, str(path), REQUEST)
    spec = InputSpec("x", session.get_inputs()[0].type, (2, 3))
    arrays = make_arrays(resolve([spec], 1), 0)
    make_runner(ort, session, arrays, REQUEST).run()
    assert run_once(ort, session, arrays) > 0


def test_an_empty_input_is_fed(save):
    inputs = [("x", F, ["N", 3]), ("none", F, [0, 3])]
    path = save("net", [node("Concat", ["none", "x"], ["y"], axis=0)], inputs, [("y", F, None)])
    arrays = {"x": np.ones((2, 3), np.float32), "none": np.ones((0, 3), np.float32)}
    make_runner(ort, open_session(ort, str(path), REQUEST), arrays, REQUEST).run()


def test_a_graph_that_folds_to_nothing_is_told_as_that(save):
    constants = {"a": np.ones(4, np.float32), "b": np.ones(4, np.float32)}
    path = save("net", [node("Add", ["a", "b"], ["y"])], [("x", F, ["N", 4])], [("y", F, [4])], constants)
    found = place(provider("cpu"), placement(open_session(ort, str(path), REQUEST), REQUEST["provider"]))
    assert found.verdict == "folded" and "nothing is left to run" in found.reason

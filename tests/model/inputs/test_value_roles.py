"""Integers follow what the graph does with them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from dlbench.model.card import read_model
from dlbench.model.inputs.feeds import make_arrays
from dlbench.model.opening import OpenedModel, open_model

F, I64 = TensorProto.FLOAT, TensorProto.INT64
node = helper.make_node


def opened(save: Callable, nodes: list, inputs: list, weights: dict | None = None, output: int = F) -> OpenedModel:
    return open_model(read_model(save("net", nodes, inputs, [("y", output, None)], weights)), {}, fed=True)


def runs(model: OpenedModel) -> dict[str, np.ndarray]:
    """Return what is fed, once ONNX Runtime has taken it."""
    arrays = make_arrays(model.fed, 0)
    ort.InferenceSession(str(model.card.path), providers=["CPUExecutionProvider"]).run(None, arrays)
    return arrays


def test_ids_stay_below_the_size_of_the_table(save):
    model = opened(
        save,
        [node("Cast", ["ids"], ["c"], to=TensorProto.INT32), node("Gather", ["table", "c"], ["y"])],
        [("ids", I64, ["batch", 500])],
        {"table": np.zeros((50, 2), np.float32)},
    )
    ids = runs(model)["ids"]
    assert 25 < ids.max() < 50 and ids.min() == 0
    assert model.values["ids"].source == "below 50, the size of table"
    assert not model.values["ids"].decides


def test_a_sum_of_ids_stays_below_it_too(save):
    nodes = [node("Add", ["a", "b"], ["ab"]), node("Add", ["ab", "c"], ["s"]), node("Gather", ["table", "s"], ["y"])]
    inputs = [(name, I64, ["batch", 500]) for name in "abc"]
    arrays = runs(opened(save, nodes, inputs, {"table": np.zeros((10, 2), np.float32)}))
    assert arrays["c"].max() > 1


def test_indices_into_another_input_are_in_range(save):
    inputs = [("x", F, [7, 3]), ("row", I64, [500])]
    assert runs(opened(save, [node("Gather", ["x", "row"], ["y"])], inputs))["row"].max() == 6


def test_a_number_that_is_compared_with_a_list_is_one_of_it(save):
    nodes = [helper.make_node("Equal", ["x", "list"], ["e"]), helper.make_node("Cast", ["e"], ["y"], to=F)]
    model = opened(save, nodes, [("x", I64, ["n", 500, 1])], {"list": np.arange(257)})
    assert 200 < runs(model)["x"].max() < 257


@pytest.mark.parametrize(
    ("nodes", "inputs", "weights", "name", "expected"),
    [
        (
            [node("Slice", ["x", "start", "end", "axes"], ["y"])],
            [("x", F, [1, 512, 4]), ("end", I64, [1])],
            {"start": np.array([0]), "axes": np.array([1])},
            "end",
            [512],
        ),
        ([node("Reshape", ["x", "s"], ["y"])], [("x", F, [1, 512]), ("s", I64, [2])], None, "s", [1, 512]),
        ([node("Reshape", ["x", "s"], ["y"])], [("x", F, [2, 3, 4]), ("s", I64, [2])], None, "s", [2, 12]),
        ([node("Reshape", ["x", "s"], ["y"])], [("x", F, [6]), ("s", I64, [3])], None, "s", [1, 1, 6]),
        ([node("Expand", ["x", "s"], ["y"])], [("x", F, [2, 3]), ("s", I64, [3])], None, "s", [1, 2, 3]),
        ([node("Tile", ["x", "s"], ["y"])], [("x", F, [2, 3]), ("s", I64, [2])], None, "s", [1, 1]),
        ([node("Split", ["x", "s"], ["y", "z"], axis=1)], [("x", F, [1, 7]), ("s", I64, [2])], None, "s", [4, 3]),
        ([node("TopK", ["x", "k"], ["y", "i"])], [("x", F, [1, 7]), ("k", I64, [1])], None, "k", [7]),
    ],
)
def test_a_number_that_decides_fits_and_is_told(save, nodes, inputs, weights, name, expected):
    model = opened(save, nodes, inputs, weights)
    assert runs(model)[name].tolist() == expected
    assert model.values[name].decides


def test_a_divisor_is_not_0(save):
    model = opened(save, [node("Div", ["x", "d"], ["y"])], [("x", I64, [3]), ("d", I64, [3])], output=I64)
    assert runs(model)["d"].tolist() == [1, 1, 1]


@pytest.mark.parametrize(("name", "expected"), [("x_lengths", 9), ("attention_mask", 1)])
def test_a_name_may_say_what_it_is(save, name, expected):
    nodes = [node("Cast", [name], ["c"], to=F), node("Add", ["x", "c"], ["y"])]
    model = opened(save, nodes, [("x", F, [1, 9]), (name, I64, [1])])
    assert runs(model)[name].tolist() == [expected]


def test_noise_that_decides_how_much_comes_out_is_told(save):
    model = opened(save, [node("NonZero", ["x"], ["y"])], [("x", F, [2, 3])], output=I64)
    assert model.values["x"].decides and "NonZero" in model.values["x"].source
    assert model.loose_outputs == ("y",)


def test_pixels_are_bytes(save):
    model = opened(save, [node("Cast", ["x"], ["y"], to=F)], [("x", TensorProto.UINT8, ["N", 8, 8, 3])])
    assert runs(model)["x"].max() > 200


def test_a_factor_of_sizes_is_1(save):
    nodes = [node("Resize", ["x", "", "scales"], ["y"])]
    model = opened(save, nodes, [("x", F, [1, 1, 4, 4]), ("scales", F, [4])])
    assert runs(model)["scales"].tolist() == [1, 1, 1, 1] and model.values["scales"].decides

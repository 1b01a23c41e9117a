"""Class activation maps: which heads allow one, and that the places add up to the logit, by hand."""

from __future__ import annotations

import re

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from relevance_models import HEADS, SIZE, Node, make, patch_model, planted_picture, saved, weights

from dlbench.errors import InputError
from dlbench.model.card import read_model
from dlbench.viz.attribution.cam import allows_cam, cam
from dlbench.viz.attribution.logits import open_scorer

PICTURE = planted_picture()
BODY = [
    Node("Conv", ["image", "kernels"], ["conv"], pads=[1, 1, 1, 1]),
    Node("Relu", ["conv"], ["relu"]),
    Node("AveragePool", ["relu"], ["maps"], kernel_shape=[4, 4], strides=[4, 4]),
]
AVERAGE = [Node("GlobalAveragePool", ["maps"], ["pooled"]), Node("Flatten", ["pooled"], ["flat"])]
GEMM = [Node("Gemm", ["flat", "head", "bias"], ["logits"])]


def scorer_of(nodes: list, folder, picture: np.ndarray = PICTURE, **extra: np.ndarray):
    """A scorer of body and head; constants that no node takes are left out."""
    used = {name for node in nodes for name in node.input}
    tensors = {name: values for name, values in (weights() | extra).items() if name in used}
    return open_scorer(read_model(saved(make(nodes, tensors, "logits", 3), folder)), picture)


def maps_of(folder) -> np.ndarray:
    """The maps before the head, (6, 8, 8), by ONNX Runtime itself."""
    import onnxruntime as ort

    model = onnx.load(folder / "patches.onnx")
    model.graph.output.append(onnx.ValueInfoProto(name="maps"))
    return ort.InferenceSession(model.SerializeToString()).run(["maps"], {"image": PICTURE})[0][0]


@pytest.mark.parametrize("head", HEADS)
def test_exactly_the_heads_of_an_average_and_linear_layers_allow_a_map(tmp_path, head: str):
    scorer = open_scorer(read_model(saved(patch_model(head), tmp_path)), PICTURE)
    linear = head in ("gemm", "matmul", "averagepool", "normalised", "rounded")
    assert allows_cam(scorer, PICTURE) is linear
    if not linear:
        with pytest.raises(InputError, match="a head without a global average, or with more than linear layers"):
            cam(scorer, PICTURE, [0])


def test_places_add_up_to_each_logit_less_the_bias_and_the_words_say_so(tmp_path):
    scorer = scorer_of([*BODY, *AVERAGE, *GEMM], tmp_path)
    found = cam(scorer, PICTURE, [2, 0])
    maps, head, bias = maps_of(tmp_path), weights()["head"], weights()["bias"]
    assert found.grid.shape == (2, 8, 8) and found.values.shape == (2, SIZE, SIZE)
    for place, target in enumerate((2, 0)):
        np.testing.assert_allclose(found.grid[place], np.tensordot(head[:, target], maps, 1) / 64, atol=1e-5)
        logit = scorer.logits(PICTURE)[0, target]
        assert found.grid[place].sum() == pytest.approx(logit - bias[target], abs=1e-4)
    np.testing.assert_array_equal(found.values, np.repeat(np.repeat(found.grid, 4, axis=1), 4, axis=2))
    assert (found.signed, found.grain) == (True, 4)
    assert (
        "8 x 8 places of maps" in found.settings
        and "with a constant (+0.1, +0.3) they add up to the logit" in found.settings
    )
    assert "rounding" not in found.settings


def test_one_square_of_the_grid_is_as_many_pixels_as_fit_its_shorter_side(tmp_path):
    nodes = [*BODY[:2], Node("AveragePool", ["relu"], ["maps"], kernel_shape=[8, 16], strides=[8, 16])]
    found = cam(scorer_of([*nodes, *AVERAGE, *GEMM], tmp_path), PICTURE, [0])
    assert found.grid.shape == (1, 4, 2) and found.grain == 16


LINEAR = {
    "scaled by a constant": [Node("Mul", ["six", "flat"], ["z"])],
    "divided by a constant": [Node("Div", ["flat", "six"], ["z"])],
    "less a constant": [Node("Sub", ["flat", "six"], ["z"])],
    "a constant less it": [Node("Sub", ["six", "flat"], ["z"])],
    "added to itself": [Node("Add", ["flat", "flat"], ["z"])],
    "turned round twice": [Node("Neg", ["flat"], ["n"]), Node("Neg", ["n"], ["z"])],
    "its shape looked up": [Node("Shape", ["flat"], ["size"]), Node("Reshape", ["flat", "size"], ["z"])],
    "beside a branch of constants": [Node("Exp", ["six"], ["e"]), Node("Add", ["flat", "e"], ["z"])],
    "a table times it": [
        Node("Transpose", ["flat"], ["t"]),
        Node("MatMul", ["table", "t"], ["u"]),
        Node("Transpose", ["u"], ["z"]),
    ],
}
OTHERS = {
    "a constant divided by it": [Node("Div", ["six", "flat"], ["z"])],
    "multiplied with itself": [Node("Mul", ["flat", "flat"], ["z"])],
    "a table times it, twice": [Node("Mul", ["flat", "six"], ["a"]), Node("Mul", ["a", "flat"], ["z"])],
    "bent": [Node("Tanh", ["flat"], ["z"])],
    "with the picture's own mean": [
        Node("ReduceMean", ["image", "all"], ["brightness"], keepdims=0),
        Node("Add", ["flat", "brightness"], ["z"]),
    ],
    "with a branch that leaves before it": [
        Node("GlobalMaxPool", ["maps"], ["largest"]),
        Node("Flatten", ["largest"], ["peaks"]),
        Node("Concat", ["flat", "peaks"], ["both"], axis=1),
        Node("MatMul", ["both", "twelve"], ["z"]),
    ],
    "as the exponent": [Node("Pow", ["six", "flat"], ["z"])],
}
CONSTANTS = {
    "six": np.arange(1, 7, dtype=np.float32)[None],
    "table": np.eye(6, dtype=np.float32),
    "twelve": np.ones((12, 6), np.float32),
    "all": np.array([1, 2, 3]),
}
HEAD = [Node("Gemm", ["z", "head", "bias"], ["logits"])]


@pytest.mark.parametrize("name", LINEAR)
def test_what_is_linear_in_the_average_gives_a_map_that_adds_up(tmp_path, name: str):
    scorer = scorer_of([*BODY, *AVERAGE, *LINEAR[name], *HEAD], tmp_path, **CONSTANTS)
    assert allows_cam(scorer, PICTURE)
    found = cam(scorer, PICTURE, [0, 1, 2])
    stated = re.search(r"a constant \((.*)\)", found.settings).group(1)
    bias = np.array([float(text) for text in stated.split(", ")])
    np.testing.assert_allclose(found.grid.sum(axis=(1, 2)) + bias, scorer.logits(PICTURE)[0], rtol=2e-2)


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_linear_in_the_average_alone_allows_no_map(tmp_path, name: str):
    assert not allows_cam(scorer_of([*BODY, *AVERAGE, *OTHERS[name], *HEAD], tmp_path, **CONSTANTS), PICTURE)


def test_an_average_over_places_that_are_no_whole_map_is_none(tmp_path):
    """The mean over rows alone keeps the columns; over the channels it keeps every place."""
    for axes, wide in (([2], 48), ([1], 64)):
        nodes = [Node("ReduceMean", ["maps", "axes"], ["m"]), Node("Flatten", ["m"], ["flat"])]
        nodes.append(Node("MatMul", ["flat", "wide"], ["logits"]))
        extra = {"axes": np.array(axes), "wide": np.ones((wide, 3), np.float32)}
        assert not allows_cam(scorer_of([*BODY, *nodes], tmp_path, **extra), PICTURE)


def test_an_average_that_the_answer_does_not_come_from_is_none_of_the_head(tmp_path):
    """It leads to another output; the first one is that of a flattened map."""
    nodes = [Node("Flatten", ["maps"], ["wide_flat"]), Node("MatMul", ["wide_flat", "wide"], ["logits"])]
    model = make(
        [*BODY, *AVERAGE, *nodes],
        {"kernels": weights()["kernels"], "wide": np.ones((384, 3), np.float32)},
        "logits",
        3,
    )
    model.graph.output.append(onnx.helper.make_tensor_value_info("flat", onnx.TensorProto.FLOAT, ["N", 6]))
    scorer = open_scorer(read_model(saved(model, tmp_path)), PICTURE)
    assert not allows_cam(scorer, PICTURE)


def test_an_answer_that_comes_from_the_averages_shape_alone_allows_no_map(tmp_path):
    nodes = [Node("Shape", ["pooled"], ["size"]), Node("Cast", ["size"], ["numbers"], to=onnx.TensorProto.FLOAT)]
    nodes.append(Node("Reshape", ["numbers", "row"], ["logits"]))
    stored = {"kernels": weights()["kernels"], "row": np.array([1, 4])}
    model = make([*BODY, AVERAGE[0], *nodes], stored, "logits", 4)
    assert not allows_cam(open_scorer(read_model(saved(model, tmp_path)), PICTURE), PICTURE)


def test_weights_that_are_listed_as_inputs_are_no_pictures(tmp_path):
    model = patch_model("gemm")
    model.ir_version = 3
    for tensor in model.graph.initializer:
        dims = numpy_helper.to_array(tensor).shape
        model.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, dims))
    path = tmp_path / "old.onnx"
    path.write_bytes(model.SerializeToString())
    assert allows_cam(open_scorer(read_model(path), PICTURE), PICTURE)


def test_a_head_that_rounds_tells_by_how_much_and_maps_the_numbers_before_rounding(tmp_path):
    scorer = open_scorer(read_model(saved(patch_model("rounded"), tmp_path)), PICTURE)
    found = cam(scorer, PICTURE, [0, 1])
    head = 0.4 * np.round(weights()["head"] / 0.4)
    logits = scorer.logits(PICTURE)[0]
    summed = (maps_of(tmp_path).mean(axis=(1, 2)) @ head + weights()["bias"])[:2]
    np.testing.assert_allclose(found.grid.sum(axis=(1, 2)) + weights()["bias"][:2], summed, atol=1e-4)
    moved = np.abs(summed - logits[:2]).max()
    assert f"the head's rounding to integers moves it by {moved:.2g}" in found.settings

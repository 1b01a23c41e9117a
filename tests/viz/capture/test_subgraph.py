"""The part of a graph behind a layer, held against the whole model and against torch."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from looked_at import exported, hooked, pictures, small_network
from onnx import TensorProto, helper, numpy_helper

from dlbench.errors import InputError, ModelFileError
from dlbench.model.card import read_model
from dlbench.viz import activations, choose, layers_of
from dlbench.viz.capture.subgraph import tail_after

F, F16, U8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8


@pytest.fixture(scope="module")
def small_card(tmp_path_factory):
    return read_model(exported(tmp_path_factory.mktemp("cut") / "small.onnx"))


def test_a_layer_s_maps_through_the_tail_give_the_answer_of_the_model(small_card):
    images = pictures(3)
    seen = hooked(small_network(), images, ("pool", "conv3"))
    for name, operator in (("pool", "MaxPool"), ("conv3", "Conv")):
        layer = choose(layers_of(small_card), operator)[-1]
        np.testing.assert_allclose(tail_after(small_card, layer).run(seen[name]), seen["answer"], atol=1e-4)


def test_changed_maps_give_what_torch_gives_for_them(small_card):
    network = small_network()
    layer = choose(layers_of(small_card), "MaxPool")[0]
    maps = hooked(network, pictures(4), ("pool",))["pool"]
    maps[:, 3] = 0  # a channel put out, as Ablation-CAM does
    with torch.inference_mode():
        expected = network.dense(network.conv3(torch.from_numpy(maps)).mean((2, 3))).numpy()
    np.testing.assert_allclose(tail_after(small_card, layer).run(maps), expected, atol=1e-4)


def test_a_layer_that_a_shortcut_goes_round_is_refused(small_card):
    first, second, _ = choose(layers_of(small_card), "conv")
    assert tail_after(small_card, first).output == "logits"  # everything goes through the first convolution
    with pytest.raises(InputError, match="a way round it"):
        tail_after(small_card, second)  # the first Relu is added behind it


def test_maps_of_another_shape_are_refused_in_one_line(small_card):
    tail = tail_after(small_card, choose(layers_of(small_card), "MaxPool")[0])
    with pytest.raises(ModelFileError, match="does not run on") as caught:
        tail.run(np.zeros((1, 5, 8, 8), np.float32))
    assert "\n" not in str(caught.value)


def test_a_half_precision_layer_takes_half_precision(save):
    nodes = [
        helper.make_node("Cast", ["x"], ["h"], to=F16),
        helper.make_node("Add", ["h", "h"], ["twice"]),
        helper.make_node("Cast", ["twice"], ["y"], to=F),
    ]
    weights = {"many": np.zeros((50, 50), np.float32)}  # the file counts as fp32, the layer is not
    card = read_model(save("half", nodes, [("x", F, ["n", 2])], [("y", F, ["n", 2])], weights))
    tail = tail_after(card, choose(layers_of(card), "h")[0])
    assert tail.run(np.array([[1, 2]], np.float32)).tolist() == [[2, 4]]


def test_a_layer_of_bytes_is_refused(save):
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"]),
    ]
    weights = {"s": np.array(0.1, np.float32), "z": np.array(3, np.uint8)}
    card = read_model(save("bytes", nodes, [("x", F, ["n", 2])], [("y", F, ["n", 2])], weights))
    with pytest.raises(InputError, match="gives no real values"):
        tail_after(card, choose(layers_of(card), "q")[0])


def test_a_graph_that_lists_its_weights_as_inputs_is_cut_all_the_same(save):
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("MatMul", ["r", "w"], ["y"])]
    path = save("old", nodes, [("x", F, ["n", 2])], [("y", F, ["n", 2])])
    model = onnx.load_model(path)
    model.ir_version = 3
    model.opset_import[0].version = 7
    model.graph.input.append(helper.make_tensor_value_info("w", F, [2, 2]))
    model.graph.initializer.append(numpy_helper.from_array(np.eye(2, dtype=np.float32) * 3, "w"))
    onnx.save_model(model, path)
    card = read_model(path)
    assert tail_after(card, layers_of(card)[0]).run(np.array([[1, -2]], np.float32)).tolist() == [[3, -6]]


def test_what_a_branch_takes_from_outside_is_kept(save):
    yes = helper.make_graph(
        [helper.make_node("Mul", ["r", "w"], ["a"])], "yes", [], [helper.make_tensor_value_info("a", F, None)]
    )
    no = helper.make_graph(
        [helper.make_node("Identity", ["r"], ["b"])], "no", [], [helper.make_tensor_value_info("b", F, None)]
    )
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("If", ["cond"], ["y"], then_branch=yes, else_branch=no),
    ]
    weights = {"cond": np.array(True), "w": np.array([5, 7], np.float32)}
    card = read_model(save("branch", nodes, [("x", F, ["n", 2])], [("y", F, ["n", 2])], weights))
    images = np.array([[1, 2]], np.float32)
    tail = tail_after(card, layers_of(card)[0])
    assert tail.run(images).tolist() == activations(card, images, "y")["y"].tolist() == [[5, 14]]


def test_the_tail_gives_the_first_of_several_outputs(save):
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("Neg", ["r"], ["first"]),
        helper.make_node("Exp", ["r"], ["second"]),
    ]
    outputs = [("first", F, ["n", 2]), ("second", F, ["n", 2])]
    card = read_model(save("two", nodes, [("x", F, ["n", 2])], outputs))
    tail = tail_after(card, layers_of(card)[0])
    assert tail.output == "first" and tail.run(np.array([[1, 2]], np.float32)).tolist() == [[-1, -2]]
    with pytest.raises(AttributeError):
        tail.output = "second"


@pytest.mark.parametrize(
    ("options", "expected"), [({}, True), ({"optimised": True}, True), ({"optimised": False}, False)]
)
def test_the_tail_is_optimised_as_models_are_timed_unless_it_must_not_be(save, monkeypatch, options, expected):
    """The type of the layer is always read without optimisations, which might take its tensor away."""
    from dlbench.viz.capture import subgraph

    asked, real = [], subgraph.open_session

    def opened(card, model, *, optimised=True):
        asked.append(optimised)
        return real(card, model, optimised=optimised)

    monkeypatch.setattr(subgraph, "open_session", opened)
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Neg", ["r"], ["y"])]
    card = read_model(save("short", nodes, [("x", F, ["n", 2])], [("y", F, ["n", 2])]))
    tail_after(card, layers_of(card)[0], **options)
    assert asked == [False, expected]


def test_a_layer_that_the_answer_does_not_need_is_refused(save):
    nodes = [helper.make_node("Relu", ["x"], ["r"]), helper.make_node("Neg", ["r"], ["y"])]
    nodes.append(helper.make_node("Exp", ["r"], ["beside"]))
    card = read_model(save("beside", nodes, [("x", F, ["n", 2])], [("y", F, ["n", 2])]))
    with pytest.raises(InputError, match="can't be computed from beside alone"):
        tail_after(card, next(layer for layer in layers_of(card) if layer.tensor == "beside"))

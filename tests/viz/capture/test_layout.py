"""Optimised looks in which activation functions stay in the layout of the convolutions around them."""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from looked_at import exported, hooked, pictures
from onnx import TensorProto, helper
from torch import nn

from dlbench.errors import ModelFileError
from dlbench.model.card import read_model
from dlbench.model.sessions import open_session
from dlbench.viz import activations, choose, layers_of
from dlbench.viz.capture.activations import view
from dlbench.viz.capture.layout import keep_layout, optimised_ways

CONVOLUTIONS = ("0", "2", "4", "6", "8")


def network() -> nn.Sequential:
    """Functions that give 0 for 0 and others, channels that do not fill the layout's blocks, convolution by groups."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 24, 3, padding=1),
        nn.ReLU6(),
        nn.Conv2d(24, 24, 3, padding=1, groups=24),
        nn.LeakyReLU(0.2),
        nn.Conv2d(24, 20, 1),
        nn.Hardtanh(0.5, 2.0),  # 0 becomes 0.5, in the channels that only fill a block too
        nn.Conv2d(20, 33, 3, stride=2),
        nn.ELU(),
        nn.Conv2d(33, 16, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 5),
    ).eval()


@pytest.fixture
def card(tmp_path):
    return read_model(exported(tmp_path / "functions.onnx", dynamo=True, module=network()))


def looked_at(card):
    model = onnx.ModelProto()
    model.CopyFrom(card.proto)
    model.graph.output.extend(onnx.ValueInfoProto(name=one.tensor) for one in choose(layers_of(card), "conv"))
    return model


def optimised_graph(card, folder):
    open_session(card, looked_at(card), written_to=folder / "optimised.onnx")
    graph = onnx.load(folder / "optimised.onnx").graph
    if not any(node.op_type == "ReorderInput" for node in graph.node):
        pytest.skip("ONNX Runtime has no layout of its own on this processor")
    return graph


@pytest.mark.parametrize("count", [1, 5])
def test_convolutions_between_functions_give_what_torch_s_hooks_see(card, count):
    images = pictures(count)
    chosen = choose(layers_of(card), "conv")
    fast = view(card, chosen, images)
    expected = hooked(network(), pictures(count, seed=9), CONVOLUTIONS)
    found = fast.run(pictures(count, seed=9))
    for layer, name in zip(chosen, CONVOLUTIONS, strict=True):
        np.testing.assert_allclose(found[layer.tensor], expected[name], atol=1e-4)
    np.testing.assert_allclose(found["logits"], expected["answer"], atol=1e-4)


def test_functions_between_convolutions_take_the_layout_and_change_no_tensor(card, tmp_path):
    graph = optimised_graph(card, tmp_path)
    before = Counter(node.op_type for node in graph.node)
    changed = keep_layout(graph)
    after = Counter(node.op_type for node in graph.node)
    assert changed >= 3 and before - after == {"ReorderInput": changed} and not after - before
    quick, ordinary = (opened().run(None, {"image": pictures(3)}) for opened in optimised_ways(card, looked_at(card)))
    for mine, its in zip(quick, ordinary, strict=True):
        np.testing.assert_allclose(mine, its, atol=1e-5)


def test_a_function_that_is_looked_at_or_used_twice_is_left_as_it_is(card, tmp_path):
    graph = optimised_graph(card, tmp_path)
    functions = [node for node in graph.node if node.op_type in ("Clip", "LeakyRelu", "Elu")]
    graph.output.append(onnx.ValueInfoProto(name=functions[0].output[0]))
    graph.node.append(helper.make_node("Identity", [functions[1].output[0]], ["again"]))
    kept = {node.output[0]: node.input[0] for node in functions}
    keep_layout(graph)
    for node in functions[:2]:
        assert kept[node.output[0]] == node.input[0]


def test_a_graph_without_that_layout_is_opened_once(save):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    shapes = [("x", TensorProto.FLOAT, ["n", 2])], [("y", TensorProto.FLOAT, ["n", 2])]
    plain = read_model(save("plain", nodes, *shapes, {"w": np.eye(2, dtype=np.float32)}))
    assert len(list(optimised_ways(plain, plain.proto))) == 1


def test_the_view_that_is_taken_is_the_one_with_functions_in_layout(card, tmp_path, monkeypatch):
    optimised_graph(card, tmp_path)  # or skipped
    opened = []

    def spied(*arguments, **options):
        opened.append((options, session := open_session(*arguments, **options)))
        return session

    monkeypatch.setattr("dlbench.viz.capture.layout.open_session", spied)
    fast = view(card, choose(layers_of(card), "conv"), pictures(1))
    assert any(session is fast.session and options.get("in_file_order") for options, session in opened)


def captured(save):
    """A function between two convolutions, whose output the branches of an If use by its name."""
    rng = np.random.default_rng(1)
    weights = {"w1": rng.normal(size=(16, 3, 3, 3)), "w2": rng.normal(size=(16, 16, 3, 3)), "zero": np.zeros(())}
    value = helper.make_tensor_value_info
    then, otherwise = (
        helper.make_graph(
            [helper.make_node(kind, ["r"], [name], keepdims=0)], name, [], [value(name, TensorProto.FLOAT, None)]
        )
        for kind, name in (("ReduceMean", "then"), ("ReduceMax", "otherwise"))
    )
    nodes = [
        helper.make_node("Conv", ["image", "w1"], ["c1"]),
        helper.make_node("Elu", ["c1"], ["r"]),
        helper.make_node("Conv", ["r", "w2"], ["c2"]),
        helper.make_node("ReduceSum", ["c2"], ["s"], keepdims=0),
        helper.make_node("Greater", ["s", "zero"], ["condition"]),
        helper.make_node("If", ["condition"], ["y"], then_branch=then, else_branch=otherwise),
    ]
    shapes = [("image", TensorProto.FLOAT, ["n", 3, 12, 12])], [("y", TensorProto.FLOAT, [])]
    weights = {name: values.astype(np.float32) for name, values in weights.items()}
    return read_model(save("captured", nodes, *shapes, weights))


def test_a_function_that_a_branch_of_an_if_uses_keeps_its_output(save):
    card, image = captured(save), np.random.default_rng(2).random((1, 3, 12, 12)).astype(np.float32)
    plain, fast = (activations(card, image, "conv", optimised=on) for on in (False, True))
    for name, values in plain.items():
        np.testing.assert_allclose(fast[name], values, atol=1e-4)
    for opened in optimised_ways(card, looked_at(card)):
        opened()  # no way is broken


def test_where_nothing_is_looked_at_no_session_is_opened_to_find_a_faster_way(card, monkeypatch):
    monkeypatch.setattr(
        "dlbench.viz.capture.layout._optimised_graph", lambda *_: pytest.fail("nothing leaves the layout")
    )
    assert len(list(optimised_ways(card, card.proto))) == 1


@pytest.mark.parametrize("broken", ["no folder", "no room"])
def test_without_a_place_to_write_the_ordinary_way_is_taken(card, broken, monkeypatch):
    if broken == "no folder":
        monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    else:

        def full(*arguments, written_to=None, **options):
            if written_to is not None:
                raise ModelFileError("no room")
            return open_session(*arguments, **options)

        monkeypatch.setattr("dlbench.viz.capture.layout.open_session", full)
    assert len(list(optimised_ways(card, looked_at(card)))) == 1
    assert len(activations(card, pictures(2), "conv", optimised=True)) == len(CONVOLUTIONS)


def test_a_way_that_can_t_be_opened_is_passed_over(card, monkeypatch):
    def refuse(**_options):
        raise ModelFileError("not this one")

    module = sys.modules["dlbench.viz.activations"]
    ordinary = optimised_ways
    monkeypatch.setattr(module, "optimised_ways", lambda *given: [refuse, *ordinary(*given)])
    assert len(activations(card, pictures(2), "conv", optimised=True)) == len(CONVOLUTIONS)

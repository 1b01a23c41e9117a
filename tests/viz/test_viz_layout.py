"""Optimised looks in which activation functions stay in the layout of the convolutions around them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from looked_at import exported, hooked, pictures
from onnx import TensorProto, helper
from torch import nn

from dlbench.bench.onnxfile import read_model
from dlbench.viz import choose, layers_of
from dlbench.viz.activations import view
from dlbench.viz.layout import keep_layout, optimised_ways
from dlbench.viz.sessions import open_session

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

"""Naming layers: by kind, order, name and pattern; what matches nothing lists what there is."""

from __future__ import annotations

import pytest

from dlbench.errors import InputError
from dlbench.model.layers import usual
from dlbench.viz import Layer, choose

LAYERS = tuple(
    Layer(order, tensor, kind, node, name)
    for order, (tensor, kind, node, name) in enumerate(
        [
            ("/block/Conv_output_0", "Conv", "/block/Conv", "conv1"),
            ("block/relu:0", "Relu", "", "relu1"),
            ("17", "MaxPool", "pool", ""),
            ("t,with,commas", "Conv", "pool", "conv2"),
            ("mul[0]", "Mul", "", ""),
            ("conv", "Add", "", ""),
            ("q", "QLinearConv", "", ""),
            ("logits", "Gemm", "", "dense1"),
        ]
    )
)


@pytest.mark.parametrize(
    ("wanted", "orders"),
    [
        ("all", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("Conv", [0, 3, 6]),  # the kind, with its quantised form
        ("conv1,conv2", [0, 3]),
        ("dense", [7]),
        ("activation,pool", [1, 2, 3]),  # `pool` is the name of two nodes, and a name goes before a kind
        ("relu", [1]),
        ("gemm", [7]),
        ("0", [0]),
        ("-1", [7]),
        ("-8", [0]),
        ("1-3", [1, 2, 3]),
        ("6-99", [6, 7]),
        ("17", [2]),  # a tensor's own name goes before a place
        ("relu1", [1]),
        ("block/relu:0", [1]),
        ("/block/Conv", [0]),
        ("mul[0]", [4]),
        ("conv", [5]),
        ("t,with,commas", [3]),
        ("*block*", [0, 1]),
        ("conv?", [0, 3]),
        ("all,0,conv1,*", [0, 1, 2, 3, 4, 5, 6, 7]),  # none twice
        (" dense , 0 ", [0, 7]),  # in the graph's order
    ],
)
def test_layers_are_chosen_by_kind_place_name_and_pattern(wanted, orders):
    assert [layer.order for layer in choose(LAYERS, wanted)] == orders


@pytest.mark.parametrize("wanted", ["", ",", "conv1,", "99", "-9", "3-1", "no*", "convolve", "LSTM", "norm"])
def test_what_matches_nothing_lists_what_there_is(wanted):
    with pytest.raises(InputError, match="no layer matches") as caught:
        choose(LAYERS, wanted)
    assert "2 Conv" in str(caught.value) and "--list" in str(caught.value) and "\n" not in str(caught.value)


def test_close_names_are_offered():
    with pytest.raises(InputError, match="Did you mean dense1"):
        choose(LAYERS, "dens1")


def test_a_model_without_layers_is_refused_in_words():
    with pytest.raises(InputError, match="no layer matches 'all'"):
        choose((), "all")


def test_where_nothing_is_named_convolutions_are_looked_at_else_dense_layers_else_all():
    assert usual(LAYERS) == "conv"
    without = [layer for layer in LAYERS if "Conv" not in layer.kind]
    assert usual(without) == "dense"
    assert usual([layer for layer in without if layer.kind != "Gemm"]) == "all"

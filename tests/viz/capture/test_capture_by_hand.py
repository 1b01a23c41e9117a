"""Looking into a file: small graphs whose every value is known, and the check that looking changed nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from dlbench.errors import CheckFailedError, InputError, ModelFileError
from dlbench.model.card import read_model
from dlbench.model.layers import layers_of
from dlbench.viz.capture import activations as capture
from dlbench.viz.capture.activations import MEMORY_BYTES, activations, each_layer, expect_same, view

F, I64 = TensorProto.FLOAT, TensorProto.INT64
Node = helper.make_node


@pytest.fixture
def chain(save):
    """x -> doubled -> squared -> y, each (n, 3) of float32: 12 bytes a picture and layer."""
    nodes = [Node("Add", ["x", "x"], ["doubled"]), Node("Mul", ["doubled", "doubled"], ["squared"])]
    nodes.append(Node("Neg", ["squared"], ["y"]))

    def make(batch: int | str = "n"):
        return read_model(save(f"chain{batch}", nodes, [("x", F, [batch, 3])], [("y", F, [batch, 3])]))

    return make


def test_every_layer_gives_its_own_values_in_the_graphs_order(chain):
    x = np.array([[1, -2, 3], [0, 0.5, 4]], np.float32)
    found = activations(chain(), x, "all")
    assert list(found) == ["doubled", "squared", "y"]
    for name, values in (("doubled", 2 * x), ("squared", 4 * x**2), ("y", -4 * x**2)):
        np.testing.assert_allclose(found[name], values)


@pytest.mark.parametrize(("memory", "groups"), [(24, 3), (47, 3), (48, 2), (71, 2), (72, 1), (MEMORY_BYTES, 1)])
def test_layers_are_computed_in_as_few_groups_as_the_memory_allows(chain, monkeypatch, memory: int, groups: int):
    """Two pictures: 24 bytes a layer."""
    opened = []
    monkeypatch.setattr(capture, "view", lambda card, group: opened.append(len(group)) or view(card, group))
    card = chain()
    layers = each_layer(card, np.ones((2, 3), np.float32), layers_of(card), memory_bytes=memory)
    found = {layer.title: values for layer, values in layers}
    assert len(opened) == groups and sum(opened) == 3
    assert found["squared"].tolist() == [[4] * 3] * 2


def test_every_group_may_use_all_of_the_memory(save, monkeypatch):
    """Four layers of 12 bytes, two at a time."""
    nodes = [Node("Neg", [a], [b]) for a, b in (("x", "a"), ("a", "b"), ("b", "c"), ("c", "y"))]
    card = read_model(save("four", nodes, [("x", F, ["n", 3])], [("y", F, ["n", 3])]))
    opened = []
    monkeypatch.setattr(capture, "view", lambda card, group: opened.append(len(group)) or view(card, group))
    list(each_layer(card, np.ones((1, 3), np.float32), layers_of(card), memory_bytes=24))
    assert opened == [2, 2]


def test_a_layer_of_more_than_the_memory_is_refused_before_anything_runs(chain):
    card = chain()
    with pytest.raises(InputError, match=r"layer doubled needs 0 MB for 2 pictures: expected at most 0 MB"):
        next(each_layer(card, np.ones((2, 3), np.float32), layers_of(card), memory_bytes=23))
    million = np.zeros((1_000_000, 3), np.float32)
    with pytest.raises(InputError, match="needs 12 MB for 1000000 pictures: expected at most 11 MB"):
        next(each_layer(card, million, layers_of(card), memory_bytes=11_000_000))


def test_the_memory_of_a_file_for_a_fixed_batch_is_that_of_all_its_runs(chain):
    """Five pictures in runs of two: three runs, so three times the 24 bytes of a run."""
    card, images = chain(2), np.ones((5, 3), np.float32)
    assert len(list(each_layer(card, images, layers_of(card), memory_bytes=72))) == 3
    with pytest.raises(InputError, match="more memory"):
        next(each_layer(card, images, layers_of(card), memory_bytes=71))
    assert activations(card, images, "squared")["squared"].tolist() == [[4] * 3] * 5


def test_a_layer_of_unknown_size_is_a_group_of_its_own(save, monkeypatch):
    nodes = [
        Node("Relu", ["x"], ["r"]),
        Node("NonZero", ["r"], ["places"]),
        Node("Neg", ["r"], ["n"]),
        Node("Abs", ["n"], ["y"]),
    ]
    card = read_model(save("unknown", nodes, [("x", F, ["n", 3])], [("y", F, ["n", 3])]))
    opened = []
    monkeypatch.setattr(
        capture, "view", lambda card, group: opened.append([layer.title for layer in group]) or view(card, group)
    )
    known = capture.layer_bytes
    monkeypatch.setattr(
        capture, "layer_bytes", lambda *of: {name: size for name, size in known(*of).items() if name != "places"}
    )
    list(each_layer(card, np.ones((1, 3), np.float32), layers_of(card), memory_bytes=1000))
    assert opened == [["r"], ["places"], ["n", "y"]]


def test_without_a_picture_to_prove_it_on_no_optimisation_is_tried(chain, monkeypatch):
    asked = []
    real = capture.open_session

    def opened(card, model, **options):
        asked.append(options.get("optimised", True))
        return real(card, model, **options)

    monkeypatch.setattr(capture, "open_session", opened)
    card, images = chain(), np.ones((2, 3), np.float32)
    assert view(card, layers_of(card)).run(images)["y"].tolist() == [[-4] * 3] * 2
    assert asked == [False]
    assert view(card, layers_of(card), images).run(images)["doubled"].tolist() == [[2] * 3] * 2
    assert asked == [False, False, True]
    with pytest.raises(AttributeError):
        view(card, layers_of(card)).batch = 3


@pytest.mark.parametrize(("factor", "taken"), [(1 + 5e-5, True), (1 + 2e-4, False), (1 - 2e-4, False)])
def test_an_optimised_session_is_taken_where_it_gives_the_same_to_1_in_10_000(save, monkeypatch, factor, taken):
    nodes = [Node("MatMul", ["x", "w"], ["h"]), Node("Relu", ["h"], ["y"])]
    path = save("net", nodes, [("x", F, ["n", 2])], [("y", F, ["n", 2])], {"w": np.eye(2, dtype=np.float32)})
    card, images, real = read_model(path), np.array([[3, 4]], np.float32), capture.open_session

    def opened(card, model, optimised=True):
        if optimised:
            weights = numpy_helper.from_array(np.eye(2, dtype=np.float32) * np.float32(factor), "w")
            model.graph.initializer[0].CopyFrom(weights)
        return real(card, model, optimised=optimised)

    monkeypatch.setattr(capture, "open_session", opened)
    expected = images * np.float32(factor if taken else 1)
    np.testing.assert_allclose(view(card, layers_of(card), images).run(images)["h"], expected, rtol=1e-6)


@pytest.fixture
def card(chain):
    return chain()


def refuses(card, received: np.ndarray, expected: np.ndarray) -> bool:
    try:
        expect_same(card, {"y": np.asarray(received, np.float32)}, {"y": np.asarray(expected, np.float32)})
    except CheckFailedError:
        return True
    return False


@pytest.mark.parametrize(
    ("received", "expected", "refused"),
    [
        ([50.004, 0], [50, 0], False),  # relative to the largest value: 8e-5
        ([50.006, 0], [50, 0], True),
        ([0.10009, 0], [0.1, 0], False),  # values below 1 count as 1
        ([0.10011, 0], [0.1, 0], True),
        ([-50, 0.006], [-50, 0], True),  # the largest by size, whatever its sign
        ([np.nan, 1], [np.nan, 1], False),  # what was no number before looking is none after it
        ([np.inf, 1], [np.inf, 1], False),
        ([np.inf, 1], [-np.inf, 1], True),
        ([np.nan, 1], [2, 1], True),
        ([2, 1], [np.nan, 1], True),
        ([np.inf, 1], [2, 1], True),
        ([], [], False),
        ([1, 2], [], True),
        ([1, 2], [1, 2, 3], True),
        ([[1, 2]], [1, 2], True),
    ],
)
def test_an_answer_is_the_same_within_the_precision_of_its_largest_value(card, received, expected, refused: bool):
    assert refuses(card, received, expected) is refused


@pytest.mark.parametrize(("precision", "limit"), [("fp32", 1e-4), ("fp16", 0.02), ("bf16", 0.1), ("int8", 0.05)])
def test_coarser_numbers_may_differ_further(card, precision: str, limit: float):
    coarse = replace(card, precision=precision)
    assert not refuses(coarse, [10 + 9.9 * limit], [10])
    assert refuses(coarse, [10 + 10.1 * limit], [10])


@pytest.mark.parametrize(
    ("precision", "row", "refused"),
    [
        ("fp32", [0.5, 0.5009], False),  # a lead of 9 in 10,000: as good as equal
        ("fp32", [0.5, 0.5011], True),
        ("fp32", [100.0, 100.09], False),  # relative to the larger one
        ("fp32", [100.0, 100.11], True),
        ("fp32", [-100.0, -100.09], False),
        ("fp32", [-100.0, -100.11], True),
        ("fp32", [0.5, 0.2, 0.5011], True),  # the lead is that of the first before the second
        ("fp32", [0.5, 0.5005, 0.5011], False),  # the one that takes the first place was near
        ("fp16", [5.0, 5.19], False),  # under twice the 2 % of the larger
        ("fp16", [5.0, 5.22], True),
        ("fp16", [0.5, 0.53], False),  # answers below 1 count as 1
        ("fp16", [0.5, 0.55], True),
    ],
)
def test_a_first_answer_with_a_clear_lead_must_stay_the_first(card, precision: str, row: list, refused: bool):
    """Beside a picture with answers so large that the change of this one lies within the tolerance."""
    coarse = replace(card, precision=precision)
    large = [10_000.0, *[0.0] * (len(row) - 1)]
    swapped = [row[-1], *row[1:-1], row[0]]
    if row == [0.5, 0.5005, 0.5011]:
        swapped = [0.5, 0.5011, 0.5005]
    assert refuses(coarse, [large, swapped], [large, row]) is refused
    assert refuses(coarse, [swapped, large], [row, large]) is refused
    assert not refuses(coarse, [large, row], [large, row])


def test_where_there_is_no_first_answer_none_can_change(card):
    large = [10_000.0, 0.0]
    assert not refuses(card, [large, [3, np.nan]], [large, [3, np.nan]])
    assert not refuses(card, [[10_000.0], [2.0], [3.0]], [[10_000.0], [2.5], [2.6]])  # one number a picture
    assert not refuses(card, [[[10_000.0, 1, 2]]], [[[10_000.0, 1.5, 1.4]]])  # a map of places
    assert not refuses(card, [[np.inf, 0], [3, 2]], [[np.inf, 0], [3, 2]])


def test_integers_are_not_held_against_each_other_and_what_follows_them_is(card):
    number, one, two = np.array([3]), np.ones(1, np.float32), np.full(1, 2, np.float32)
    expect_same(card, {"y": number}, {"y": number + 1})
    with pytest.raises(CheckFailedError, match="expected z"):
        expect_same(card, {"y": number, "z": one}, {"y": number + 1, "z": two})


def test_a_model_that_no_optimised_session_opens_is_looked_at_without(chain, monkeypatch):
    real = capture.open_session

    def opened(card, model, optimised=True):
        if optimised:
            raise ModelFileError("expected a session, received none")
        return real(card, model, optimised=optimised)

    monkeypatch.setattr(capture, "open_session", opened)
    card, images = chain(), np.ones((1, 3), np.float32)
    assert view(card, layers_of(card), images).run(images)["y"].tolist() == [[-4] * 3]


def test_each_output_is_held_against_its_own(card):
    good, bad = np.ones(2, np.float32), np.zeros(2, np.float32)
    with pytest.raises(
        CheckFailedError, match=r"expected b as in the timed session, within 0\.0001 .*difference of 1;"
    ):
        expect_same(card, {"a": good, "b": bad}, {"a": good, "b": good})

"""Open sizes: settled once for all inputs, told in one message with one example."""

from __future__ import annotations

import pytest

from dlbench.errors import ModelFileError
from dlbench.model.inputs.batch_axis import InputSizes, find_batch
from dlbench.model.inputs.sizes import Settled, settle

TOKENS = [("ids", "batch", "length"), ("mask", "batch", "length"), ("state", 2, "batch", 8)]


def settled(inputs: list, shapes: dict | None = None, brought: dict | None = None) -> Settled:
    sizes = [InputSizes(name, "tensor(int64)", tuple(dims)) for name, *dims in inputs]
    return settle(sizes, shapes or {}, find_batch(sizes, list, {}), brought)


def shapes_of(found: Settled) -> list[tuple]:
    return [spec.shape for spec in found.specs]


def test_a_symbol_once_settled_holds_in_all_inputs():
    assert shapes_of(settled(TOKENS, {"ids": ("N", 128)})) == [("N", 128), ("N", 128), (2, "N", 8)]


@pytest.mark.parametrize("given", [{"ids": (1, 128)}, {"ids": (5, 128)}, {"mask": (5, 128)}])
def test_without_n_there_is_no_batch(given: dict):
    found = settled(TOKENS, given)
    ((rows, _),) = given.values()
    assert shapes_of(found) == [(rows, 128), (rows, 128), (2, rows, 8)]
    assert not found.batch.axes


def test_n_may_stand_anywhere():
    assert shapes_of(settled([("x", "seq", "other", 64)], {"x": (20, "N", 64)})) == [(20, "N", 64)]
    found = settled([("x", 20, 8, 64)], {"x": (20, "N", 64)})
    assert (shapes_of(found), found.batch.size, dict(found.batch.axes)) == ([(20, 8, 64)], 8, {"x": 1})


@pytest.mark.parametrize("mark", ["?", "-1", "None", "*", "unk"])
def test_what_stands_for_any_size_is_no_name_that_axes_share(mark: str):
    found = settled([("x", mark, 3, mark, mark)], {"x": ("N", 3, 48, 192)})
    assert (shapes_of(found), dict(found.batch.axes)) == ([("N", 3, 48, 192)], {"x": 0})
    assert shapes_of(settled([("x", mark, 3, mark, mark)])) == [("N", 3, 224, 224)]  # as with no name at all


def test_n_wins_over_the_evidence():
    assert shapes_of(settled([("x", "seq", "batch", 4)], {"x": ("N", 3, 4)})) == [("N", 3, 4)]


def test_an_empty_size_is_a_size():
    found = settled([("x", "batch", 8, 1, 64), ("past", "batch", 8, "past", 64)], {"past": (1, 8, 0, 64)})
    assert shapes_of(found) == [(1, 8, 1, 64), (1, 8, 0, 64)]


def test_sums_of_settled_sizes_are_worked_out():
    inputs = [("x", "batch", "length"), ("mask", "batch", "past + length"), ("past", "batch", 2, "past", 4)]
    with pytest.raises(ModelFileError, match=r"for example `shape` x=N,128 `shape` past=N,2,0,4$"):
        settled(inputs)
    found = settled(inputs, {"x": ("N", 3), "past": ("N", 2, 5, 4)})
    assert shapes_of(found) == [("N", 3), ("N", 8), ("N", 2, 5, 4)]


def test_an_open_length_is_no_side_of_a_picture():
    with pytest.raises(ModelFileError, match=r"for example `shape` past=N,1,0,16$"):
        settled([("past", "batch", 1, "past_length", 16)])
    assert shapes_of(settled([("x", "batch", 1, "height", 16)])) == [("N", 1, 224, 16)]


def test_given_values_bring_their_sizes_along():
    assert shapes_of(settled([("ids", "batch", "length")], brought={"ids": (7,)})) == [("N", 7)]
    assert shapes_of(settled([("ids", "batch", "length")], brought={"ids": (1, 7)})) == [("N", 7)]
    found = settled([("ids", "batch", "length")], brought={"ids": (3, 7)})
    assert (shapes_of(found), found.batch.size) == ([(3, 7)], 3)


def test_all_open_sizes_are_told_in_one_message_with_one_example():
    with pytest.raises(ModelFileError) as caught:
        settled([*TOKENS[:2], ("sound", "batch", "samples")])
    message = str(caught.value)
    for part in ("'ids'", "'mask'", "'sound'", "tensor(int64)", "[batch, length]"):
        assert part in message
    assert message.endswith("for example `shape` ids=N,128 `shape` sound=N,16000")
    assert settled([*TOKENS[:2], ("sound", "batch", "samples")], {"ids": ("N", 128), "sound": ("N", 16000)})


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({"z": (1,)}, "names no input: expected one of ids, mask, state"),
        ({"ids": (1, 2, 3)}, "has 2 dimensions"),
        ({"ids": ("N", "N")}, "N .the batch. at one axis"),
        ({"state": (3, "N", 8)}, "fixed size at axis 0: expected 2, received 3"),
        ({"ids": ("N", 5), "mask": ("N", 6)}, "one size of length in all inputs, received 5 and 6"),
        ({"ids": ("N", 5), "mask": (3, 5)}, "one size of batch in all inputs, received N and 3"),
    ],
)
def test_a_shape_that_does_not_fit_is_refused(shapes: dict, words: str):
    with pytest.raises(ModelFileError, match=words):
        settled(TOKENS, shapes)


@pytest.mark.parametrize("symbol", ["a" * 300 + "+1", "9**9**9", "(" * 150, "__import__('os')", "1/0", "x+"])
def test_a_symbol_that_is_no_sum_stays_open(symbol: str):
    with pytest.raises(ModelFileError, match="sizes are open"):
        settled([("x", "batch", symbol)])

"""Where the batch is: from evidence, or nowhere."""

from __future__ import annotations

import pytest

from dlbench.model.inputs.batch_axis import BatchAxis, InputSizes, find_batch


def found(*inputs: tuple, outputs: tuple = (), metadata: dict | None = None, kind: str = "tensor(float)") -> BatchAxis:
    sizes = [InputSizes(name, kind, tuple(dims)) for name, *dims in inputs]
    return find_batch(sizes, lambda: list(outputs), metadata or {})


@pytest.mark.parametrize(
    ("inputs", "axes"),
    [
        ([("x", "N", 16)], {"x": 0}),
        ([("x", None, 16)], {"x": 0}),
        ([("x", "unk__6", 16), ("y", "unk__7", 4)], {"x": 0, "y": 0}),
        ([("x", "s0", 16), ("y", "s0", 4)], {"x": 0, "y": 0}),
        ([("x", "batch_size")], {"x": 0}),
        ([("x", "N")], {"x": 0}),
        ([("x", "seq", "batch", 64)], {"x": 1}),
        ([("input", "batch", 256), ("state", 2, "batch", 128)], {"input": 0, "state": 1}),
        ([("state", 2, "batch", 128), ("input", "batch", 256)], {"input": 0, "state": 1}),
        ([("input", None, None), ("state", 2, None, 128), ("sr",)], {"input": 0, "state": 1}),
        ([("ids", "batch", "length"), ("mask", "batch", "length")], {"ids": 0, "mask": 0}),
        ([("image", None, 3, 64, 64), ("anchors", 100, 4)], {"image": 0}),
        ([("image", None, 3, 64, 64), ("threshold", 1)], {"image": 0}),
        ([("x", "N", 3), ("none", 0, 3)], {"x": 0}),
        ([("image", "DynamicDimension.0", 3, "DynamicDimension.1", "DynamicDimension.2")], {"image": 0}),
    ],
)
def test_an_open_batch_is_found(inputs: list, axes: dict):
    batch = found(*inputs)
    assert (dict(batch.axes), batch.size) == (axes, None)
    assert batch.why


@pytest.mark.parametrize(
    "inputs",
    [
        [("image", 3, 64, 64)],
        [("image", 3, "height", "width")],
        [("ids", 128)],
        [("x", 50, 1, 64)],
        [("samples", "length")],
        [("audio", None)],
        [("x", "nodes", 16), ("row", "edges")],
        [("x", "num_nodes", 16)],
        [("x", "seqLen", 16)],
        [("x", "T", 16)],
        [("state", 2, 1, 128), ("x", 1, 576)],
        [("x", "N", 16), ("adjacency", "N", "N")],
        [("left", "N", 3), ("right", "M", 3)],
        [("text", "text_batch_size", 7), ("image", "image_batch_size", 9)],
        [("x", 6, 5)],
        [("x", "batch*heads", 5)],
        [("k",)],
        [],
    ],
)
def test_without_evidence_there_is_none(inputs: list):
    batch = found(*inputs)
    assert (dict(batch.axes), batch.size) == ({}, None)
    assert batch.why


@pytest.mark.parametrize(
    ("inputs", "outputs", "size"),
    [
        ([("x", 1, 5), ("y", 1, 7)], [], 1),
        ([("image", 8, 3, 32, 32)], [(8, 5)], 8),
        ([("image", 8, 32, 32, 3)], [(8, 5), (8, 4)], 8),
        ([("image", 16, 3, 32, 32)], [(1, 400)], None),  # the frames of one film
        ([("image", 8, 3, 32, 32)], [None], None),
        ([("image", 8, 64, 32, 32)], [(8, 5)], None),
    ],
)
def test_a_fixed_size_needs_more_than_being_first(inputs: list, outputs: list, size: int | None):
    batch = found(*inputs, outputs=tuple(outputs))
    assert batch.size == size
    assert bool(batch.axes) == (size is not None)


def test_the_metadata_may_say_it():
    assert found(("x", 4, 100), metadata={"batch": "4"}).size == 4
    assert not found(("x", 5, 100), metadata={"batch": "4"}).axes

"""What a place sees, held against brute force: change each pixel and look whether the place changes."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from dlbench.model.card import read_model
from dlbench.viz.capture.receptive_fields import Field, receptive_field, receptive_fields

F = TensorProto.FLOAT
SIZE = 20
Node = helper.make_node


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def seen(path, row: int, column: int) -> tuple[int, int, int, int]:
    """First row, row after the last, first column, column after the last of the pixels that move the place."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    base = np.random.default_rng(0).random((1, 1, SIZE, SIZE)).astype(np.float32)
    whole = session.run(None, {"image": base})[0][0, 0, row, column]
    moved = np.zeros((SIZE, SIZE), bool)
    for y in range(SIZE):
        for x in range(SIZE):
            changed = base.copy()
            changed[0, 0, y, x] += 5
            moved[y, x] = session.run(None, {"image": changed})[0][0, 0, row, column] != whole
    rows, columns = np.nonzero(moved.any(axis=1))[0], np.nonzero(moved.any(axis=0))[0]
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


NETWORKS = {
    "kernel of two sizes": [Node("Conv", ["image", "w23"], ["y"])],
    "stride, padding, dilation": [
        Node("Conv", ["image", "w23"], ["y"], strides=[2, 3], pads=[2, 1, 0, 3], dilations=[3, 2])
    ],
    "a stack": [
        Node("Conv", ["image", "w23"], ["a"], strides=[2, 1], pads=[1, 2, 1, 2]),
        Node("MaxPool", ["a"], ["b"], kernel_shape=[2, 3], strides=[1, 2]),
        Node("Conv", ["b", "w23"], ["y"], pads=[0, 1, 1, 0], dilations=[1, 2]),
    ],
    "no padding said in words": [Node("AveragePool", ["image"], ["y"], kernel_shape=[3, 4], auto_pad="VALID")],
    "two ways that meet": [
        Node("Conv", ["image", "w23"], ["a"], pads=[0, 2, 1, 0]),
        Node("Conv", ["image", "w11"], ["c"]),
        Node("Add", ["a", "c"], ["y"]),
    ],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_place_sees_the_pixels_that_move_it(save, name: str):
    weights = {"w23": ones(1, 1, 2, 3), "w11": ones(1, 1, 1, 1)}
    path = save("net", NETWORKS[name], [("image", F, [1, 1, SIZE, SIZE])], [("y", F, None)], weights)
    field = receptive_field(read_model(path), "y")
    assert field.box(3, 2) == seen(str(path), 3, 2)
    top, bottom, left, right = field.box(0, 0)  # may reach into the padding, where there is no pixel
    first, after, start, end = seen(str(path), 0, 0)
    assert top <= first and after <= bottom and left <= start and end <= right


def test_a_field_by_hand():
    field = Field(size=(5, 7), stride=(2, 4), start=(-1, -3))
    assert field.box(0, 0) == (-1, 4, -3, 4)
    assert field.box(3, 2) == (5, 10, 5, 12)
    with pytest.raises(AttributeError):
        field.size = (1, 1)


def field_of(save, nodes: list, shape: tuple = (1, 1, SIZE, SIZE), **weights: np.ndarray) -> Field | None:
    path = save("net", nodes, [("image", F, shape)], [("y", F, None)], weights)
    return receptive_field(read_model(path), "y")


@pytest.mark.parametrize(
    "nodes",
    [
        [Node("GlobalAveragePool", ["image"], ["y"])],
        [Node("AveragePool", ["image"], ["y"], kernel_shape=[3, 3], auto_pad="SAME_UPPER")],
        [Node("Transpose", ["image"], ["y"], perm=[0, 1, 3, 2])],
        [Node("GlobalAveragePool", ["image"], ["a"]), Node("Relu", ["a"], ["y"])],  # nor what comes behind
        [Node("GlobalAveragePool", ["image"], ["a"]), Node("Conv", ["a", "w"], ["y"])],
        [Node("GlobalAveragePool", ["image"], ["a"]), Node("Mul", ["image", "a"], ["y"])],  # one of two ways sees all
        [  # strides that differ
            Node("MaxPool", ["image"], ["a"], kernel_shape=[1, 1], strides=[1, 2]),
            Node("MaxPool", ["image"], ["b"], kernel_shape=[1, 1], strides=[2, 1]),
            Node("Add", ["a", "b"], ["y"]),
        ],
    ],
)
def test_where_a_place_sees_all_or_no_one_knows_there_is_no_field(save, nodes: list):
    assert field_of(save, nodes, w=ones(1, 1, 1, 1)) is None


def test_a_signal_along_one_line_has_no_field_of_pixels(save):
    assert field_of(save, [Node("Conv", ["image", "w"], ["y"])], (1, 1, SIZE), w=ones(1, 1, 3)) is None


@pytest.mark.parametrize("words", [{}, {"auto_pad": "NOTSET"}, {"auto_pad": "VALID"}])
def test_without_padding_the_first_place_sees_from_the_first_pixel(save, words: dict):
    node = Node("AveragePool", ["image"], ["y"], kernel_shape=[3, 4], **words)
    assert field_of(save, [node]) == Field((3, 4), (1, 1), (0, 0))


def test_only_what_depends_on_the_picture_has_a_field(save):
    nodes = [
        Node("Relu", ["w"], ["positive"]),
        Node("Conv", ["image", "positive"], ["a"], kernel_shape=[3, 3]),
        Node("Relu", ["a"], ["y"]),
    ]
    path = save("net", nodes, [("image", F, [1, 1, 9, 9])], [("y", F, None)], {"w": ones(1, 1, 3, 3)})
    fields = receptive_fields(read_model(path))
    assert set(fields) == {"image", "a", "y"}
    assert fields["image"] == Field((1, 1), (1, 1), (0, 0)) and fields["y"] == Field((3, 3), (1, 1), (0, 0))
    assert receptive_field(read_model(path), "positive") is None

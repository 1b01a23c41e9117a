"""One opening for inspect, compare and viz: inputs with settled sizes and types, the batch, the work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from dlbench.errors import InputError, ModelFileError
from dlbench.model.card import read_model
from dlbench.model.opening import open_model

F, I64 = TensorProto.FLOAT, TensorProto.INT64


def identity(save, *sizes, kind: int = F) -> Path:
    ends = [("x", kind, list(sizes))], [("y", kind, list(sizes))]
    return save("net", [helper.make_node("Identity", ["x"], ["y"])], *ends)


def test_an_open_batch_is_1_and_can_be_asked_for(dense_file: Path):
    card = read_model(dense_file)
    opened = open_model(card, {})
    assert (opened.batch, opened.only_batch, opened.notes) == (1, None, ())
    assert [(v.name, v.element_type, v.shape) for v in opened.inputs] == [("image", "float32", (1, 1, 28, 28))]
    assert opened.macs == 784 * 16 + 16 * 10
    assert open_model(card, {}, 8).macs == 8 * opened.macs
    assert open_model(card, {}, 8).tensors.shapes["h"] == (8, 16)


def test_a_fixed_batch_is_the_only_one(save):
    card = read_model(identity(save, 6, 3, 8, 8))
    assert (open_model(card, {}).batch, open_model(card, {}).only_batch) == (6, 6)
    with pytest.raises(InputError, match="batches of 6 only"):
        open_model(card, {}, 2)


def test_a_first_size_is_no_batch_without_evidence(save):
    opened = open_model(read_model(identity(save, 6, 5)), {})
    assert (opened.batch, opened.only_batch, dict(opened.batch_axis.axes)) == (1, 1, {})
    with pytest.raises(InputError, match="mark the batch axis with N, such as `shape` x=N,5"):
        open_model(opened.card, {}, 2)
    assert open_model(opened.card, {"x": ("N", 5)}).batch == 6


@pytest.mark.parametrize("batch", [0, -1, 10**7])
def test_a_batch_that_makes_no_sense_is_refused(dense_file: Path, batch: int):
    with pytest.raises(InputError, match="--batch"):
        open_model(read_model(dense_file), {}, batch)


@pytest.mark.parametrize(
    ("sizes", "settled", "message"),
    [
        (["n", 3, "h", "w"], (1, 3, 224, 224), "height and width of x are open: taken as 224 x 224"),
        (["n", 3, 64, "w"], (1, 3, 64, 224), "width of x is open: taken as 64 x 224"),
        (["n", "h", "w", 1], (1, 224, 224, 1), "height and width of x are open: taken as 224 x 224"),
        (["n", 3, -1, -1], (1, 3, 224, 224), "height and width of x are open: taken as 224 x 224"),
    ],
)
def test_open_sides_of_a_picture_are_settled_and_the_note_says_it(save, sizes, settled, message):
    opened = open_model(read_model(identity(save, *sizes)), {})
    assert opened.inputs[0].shape == settled
    (note,) = opened.notes
    assert note.startswith(message)
    assert "`shape` x=N," in note


def test_an_open_size_of_no_picture_is_refused_with_its_own_type(save):
    card = read_model(identity(save, "n", "length", kind=I64))
    with pytest.raises(ModelFileError, match=r"tensor\(int64\)"):
        open_model(card, {})
    assert open_model(card, {"x": ("N", 7)}, 3).inputs[0].shape == (3, 7)
    assert open_model(card, {"x": (1, 7)}).only_batch == 1


@pytest.mark.parametrize("kind", [TensorProto.COMPLEX64, TensorProto.COMPLEX128])
def test_a_type_that_can_not_be_fed_is_refused_only_where_the_model_runs(save, kind: int):
    card = read_model(identity(save, 2, kind=kind))
    assert open_model(card, {}).inputs[0].element_type
    with pytest.raises(ModelFileError, match=r"'x'.*can't be fed"):
        open_model(card, {}, fed=True)


@pytest.mark.parametrize("kind", [TensorProto.BFLOAT16, TensorProto.FLOAT8E4M3FN, TensorProto.INT4, TensorProto.STRING])
def test_types_that_numpy_lacks_and_text_are_fed(save, kind: int):
    assert open_model(read_model(identity(save, 2, kind=kind)), {}, fed=True).fed


def test_a_size_of_0_is_shown_truly(save):
    assert open_model(read_model(identity(save, "N", 0)), {}).inputs[0].shape == (1, 0)


def test_what_can_be_counted_beside_an_unknown_operator_is_at_least(save):
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"]),
        helper.make_node("Secret", ["y"], ["z"], domain="nobody.knows"),
    ]
    path = save("secret", nodes, [("x", F, ["n", 3])], [("z", F, ["n", 2])], {"w": np.ones((3, 2), np.float32)})
    model = onnx.load_model(path)
    model.opset_import.append(helper.make_opsetid("nobody.knows", 1))
    onnx.save_model(model, path)
    opened = open_model(read_model(path), {}, 4)
    assert (opened.macs, opened.macs_at_least) == (None, 4 * 6)

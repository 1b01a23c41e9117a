"""What a model is fed: arrays from a fixed seed, as the record of their values says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from dlbench.errors import ModelFileError
from dlbench.model.inputs.feeds import InputSpec, Values, make_arrays, parse_shape, resolve


def fed(kind: str, *shape: int | str, values: Values | None = None, batch: int = 1, seed: int = 0) -> np.ndarray:
    given = {"x": values} if values else None
    entries = json.loads(json.dumps(resolve([InputSpec("x", kind, shape)], batch, given)))  # as a worker gets it
    return make_arrays(entries, seed)["x"]


def test_the_batch_stands_for_its_size():
    assert resolve([InputSpec("image", "tensor(float)", ("N", 3, 8, 8))], 4) == [
        {"name": "image", "type": "tensor(float)", "shape": [4, 3, 8, 8]}
    ]


def test_inputs_keep_their_types():
    assert fed("tensor(int64)", "N", 7, batch=3).shape == (3, 7)
    assert fed("tensor(int64)", 7).dtype == np.int64
    assert fed("tensor(bool)", 7).dtype == np.bool_


def test_a_scalar_input_is_fed():
    assert fed("tensor(int64)").shape == ()


def test_the_same_seed_gives_the_same_floats_in_the_unit_interval():
    one, two = fed("tensor(float16)", 4, 50, seed=1), fed("tensor(float16)", 4, 50, seed=1)
    assert one.dtype == np.float16
    np.testing.assert_array_equal(one, two)
    assert one.min() >= 0 and one.max() <= 1 and one.std() > 0.1


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (Values("numbers", numbers=(7,)), [[7, 7, 7], [7, 7, 7]]),
        (Values("numbers", numbers=(1, 2, 3), shape=(3,)), [[1, 2, 3], [1, 2, 3]]),
        (Values("numbers", numbers=(1, 2, 3, 4, 5, 6), shape=(6,)), [[1, 2, 3], [4, 5, 6]]),
        (Values("integers", 5, 6), [[5, 5, 5], [5, 5, 5]]),
    ],
)
def test_values_fill_the_input(values: Values, expected: list):
    assert fed("tensor(int32)", 2, 3, values=values).tolist() == expected


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_values_of_a_file_are_read(tmp_path: Path, suffix: str):
    path = tmp_path / f"v{suffix}"
    np.save(path, np.arange(3)) if suffix == ".npy" else np.savez(path, x=np.arange(3))
    values = Values("file", path=str(path), key="" if suffix == ".npy" else "x")
    assert fed("tensor(float)", 2, 3, values=values).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_text_and_bfloat16_are_fed():
    assert fed("tensor(string)", 2, values=Values("numbers", numbers=("a", "b"), shape=(2,))).tolist() == ["a", "b"]
    bits = fed("tensor(bfloat16)", 2, values=Values("numbers", numbers=(1.0, -2.0), shape=(2,)))
    assert bits.dtype == np.uint16 and bits.tolist() == [0x3F80, 0xC000]


def test_an_empty_tensor_is_fed():
    assert fed("tensor(float)", 0, 3).shape == (0, 3)


@pytest.mark.parametrize("text", ["image", "image=a,b", "=1,2", "image=-1", "image=9999999999"])
def test_a_shape_option_that_can_not_be_read_is_refused(text: str):
    with pytest.raises(ModelFileError, match="--shape can't be read"):
        parse_shape(text)


def test_a_shape_is_read():
    assert parse_shape("a=b=N,3") == ("a=b", ("N", 3))
    assert parse_shape("past=1,8,0,64") == ("past", (1, 8, 0, 64))


def test_a_tensor_too_large_to_hold_is_refused():
    with pytest.raises(ModelFileError, match="too large"):
        resolve([InputSpec("x", "tensor(float)", ("N", 1 << 20))], 1 << 15)

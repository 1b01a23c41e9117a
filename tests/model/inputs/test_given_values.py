"""Values that the user gives: typed or in files, checked before anything runs."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from dlbench.errors import InputError
from dlbench.model.inputs.feeds import InputSpec, make_arrays, resolve
from dlbench.model.inputs.given_values import GivenValues, expect_known, given_of, read_inputs


def fed(given: GivenValues, kind: str, *shape: int | str, batch: int = 2) -> list:
    spec = InputSpec("x", kind, shape)
    return make_arrays(resolve([spec], batch, {"x": given.values(spec)}), 0)["x"].tolist()


@pytest.mark.parametrize(
    ("text", "kind", "shape", "expected"),
    [
        ("x=16000", "tensor(int64)", (1,), [16000]),
        ("x=16000", "tensor(int64)", (), 16000),
        ("x=0.5", "tensor(float)", ("N", 2), [[0.5, 0.5], [0.5, 0.5]]),
        ("x=1,2,3", "tensor(int32)", ("N", 3), [[1, 2, 3], [1, 2, 3]]),
        ("x=-1,2", "tensor(int8)", (2,), [-1, 2]),
        ("x=true,false", "tensor(bool)", (2,), [True, False]),
        ("x=a,b", "tensor(string)", (2,), ["a", "b"]),
    ],
)
def test_typed_values_are_fed(text: str, kind: str, shape: tuple, expected: object):
    assert fed(read_inputs([text])["x"], kind, *shape) == expected


def test_files_are_fed(tmp_path: Path):
    np.save(tmp_path / "a.npy", np.array([16, 32, 48]))
    np.savez(tmp_path / "b.npz", x=np.array([1, 2, 3]), other=np.zeros(2))
    assert fed(read_inputs([f"x={tmp_path / 'a.npy'}"])["x"], "tensor(int64)", 3) == [16, 32, 48]
    assert fed(read_inputs([f"x={tmp_path / 'b.npz'}"])["x"], "tensor(float)", 3) == [1, 2, 3]
    assert set(read_inputs([str(tmp_path / "b.npz")])) == {"x", "other"}


def test_python_values_are_fed(tmp_path: Path):
    assert fed(given_of("x", 5), "tensor(int64)", 1) == [5]
    assert fed(given_of("x", np.ones((2, 2), "float32")), "tensor(float)", 2, 2) == [[1, 1], [1, 1]]
    assert fed(given_of("x", [True, False]), "tensor(bool)", 2) == [True, False]
    np.save(tmp_path / "a.npy", np.array([1.5]))
    assert fed(given_of("x", tmp_path / "a.npy"), "tensor(float)", 1) == [1.5]


@pytest.mark.parametrize("text", ["x", "=1", "x=", "x= "])
def test_what_is_no_value_is_refused(text: str):
    with pytest.raises(InputError, match="--input can't be read"):
        read_inputs([text])


def test_a_name_that_no_input_has_is_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"expected one of x, len, received 'lenn'\. Did you mean len"):
        expect_known(read_inputs(["lenn=1"]), ["x", "len"])
    with pytest.raises(InputError, match="received two"):
        read_inputs(["x=1", "x=2"])


@pytest.mark.parametrize(
    ("text", "kind", "shape", "words"),
    [
        ("x=1.5", "tensor(int64)", (1,), "expected int64, received '1.5'"),
        ("x=300", "tensor(uint8)", (1,), "expected uint8"),
        ("x=word", "tensor(float)", (1,), "expected float32"),
        ("x=maybe", "tensor(bool)", (1,), "expected bool"),
        ("x=" + "9" * 400, "tensor(int64)", (1,), "expected int64"),
        ("x=1,2,3", "tensor(float)", (2, 2), r"shape \[2, 2\], received \[3\]"),
        ("x=1,2", "tensor(float)", (), r"shape \[\], received \[2\]"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(text: str, kind: str, shape: tuple, words: str):
    with pytest.raises(InputError, match=words):
        fed(read_inputs([text])["x"], kind, *shape)


def header(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([{}], object), allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (pickled(), "never unpickled"),
        (header("(100000, 100000, 100000)"), "more than 2 GiB"),
        (header("(3,)"), "can't be read|cut"),
        (b"PK", "can't be read"),
        (b"", "can't be read"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_hostile_file_is_refused(tmp_path: Path, raw: bytes, words: str, packed: bool):
    path = tmp_path / ("v.npz" if packed else "v.npy")
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", raw)
    else:
        path.write_bytes(raw)
    with pytest.raises(InputError, match=words):
        fed(read_inputs([f"x={path}"])["x"], "tensor(float)", 3)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    for name in ("no.npy", "no.npz"):
        with pytest.raises(InputError, match="can't be read"):
            read_inputs([f"x={tmp_path / name}"])

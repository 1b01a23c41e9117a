"""Values that the user gives for an input: typed, or in a file of numpy.

    given = read_inputs(["sr=16000", "sizes=sizes.npy", "all.npz"])
    given["sr"].values(spec)        # how they are made, checked against the input

Files are untrusted: bounded before anything is allocated, never unpickled.
"""

from __future__ import annotations

import hashlib
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from dlbench.errors import InputError, close_matches, one_line
from dlbench.model.element_types import by_runtime_name
from dlbench.model.inputs.feeds import InputSpec, Values

_MOST_BYTES = 2**31
_MOST_NUMBERS = 1_000_000  # typed, or an array from Python
_FORM = "expected NAME=VALUE, NAME=1,2,3, NAME=FILE.npy, NAME=FILE.npz or FILE.npz"


@dataclass(frozen=True)
class GivenValues:
    """Values for one input, before it is known which type the input has."""

    name: str
    texts: tuple[str | int | float | bool, ...] = ()
    shape: tuple[int, ...] = ()
    path: str = ""
    key: str = ""
    sha256: str = ""  # of the file

    @property
    def identity(self) -> str:
        """Tell these values from others: rounds of two runs belong together only with the same."""
        return self.sha256 + self.key if self.path else f"{list(self.shape)} {list(self.texts)}"

    def values(self, spec: InputSpec) -> Values:
        """Return how the values of this input are made.

        Raises:
            InputError: of another type than the input, or of a shape that doesn't fit.
        """
        self._expect_fits(spec)
        if self.path:
            self._expect_type(spec, _load(self.path, self.key))
            return Values("file", shape=self.shape, path=self.path, key=self.key, source=f"`inputs` {_name(self.path)}")
        numbers = tuple(_typed(spec, text) for text in self.texts)
        shown = ",".join(str(number) for number in numbers[:4]) + (",..." if len(numbers) > 4 else "")
        return Values("numbers", numbers=numbers, shape=self.shape, source=f"`inputs` {one_line(shown, 60)}")

    def _expect_fits(self, spec: InputSpec) -> None:
        wanted = [size for size in spec.shape if isinstance(size, int)]
        if len(wanted) == len(spec.shape) and math.prod(self.shape) == math.prod(wanted):
            return
        pairs = zip(reversed(self.shape), reversed(spec.shape), strict=False)
        if len(self.shape) > len(spec.shape) or any(a not in (1, b) for a, b in pairs):
            raise InputError(
                f"--input {one_line(self.name, 80)}: expected values of shape [{', '.join(map(str, spec.shape))}], "
                f"received [{', '.join(map(str, self.shape))}]; give values of that shape, or one for all."
            )

    def _expect_type(self, spec: InputSpec, array: Any) -> None:
        import numpy as np

        element = by_runtime_name(spec.type)
        kind = element.numpy if element else ""
        fits = array.dtype.kind in "fiub" if kind not in ("object",) else array.dtype.kind in "US"
        if fits and element and not element.is_float and kind != "object":
            with np.errstate(invalid="ignore"):
                fits = bool((array.astype(kind) == array).all())
        if not fits:
            raise InputError(
                f"--input {one_line(self.name, 80)}: expected values that {kind or spec.type} holds, received "
                f"{array.dtype} in {_name(self.path)}; convert them with numpy."
            )


def read_inputs(texts: Sequence[str]) -> dict[str, GivenValues]:
    """Read --input as it is typed.

    Raises:
        InputError: not of that form, or a file that can't be read.
    """
    given: dict[str, GivenValues] = {}
    for text in texts:
        for one in _read(text):
            if one.name in given:
                raise InputError(f"--input: expected one value for {one_line(one.name, 80)}, received two; drop one.")
            given[one.name] = one
    return given


def given_of(name: str, value: object) -> GivenValues:
    """Return what a Python caller gives: a number, text, a sequence, an array, or a path to .npy or .npz.

    Raises:
        InputError: something else.
    """
    import numpy as np

    if isinstance(value, PathLike) or (isinstance(value, str) and Path(value).suffix.lower() in (".npy", ".npz")):
        return _of_file(name, Path(value))
    array = np.asarray(value)
    if array.dtype.kind == "O" and all(isinstance(each, str) for each in array.flat):
        array = array.astype(str)  # as pandas and ONNX hold text
    if array.dtype.kind not in "fiubUS" or array.size > _MOST_NUMBERS:
        raise InputError(
            f"--input {one_line(name, 80)}: expected at most {_MOST_NUMBERS:,} numbers or texts, received "
            f"{array.size:,} of type {array.dtype}; save larger arrays with numpy.save and give the file."
        )
    return GivenValues(name, tuple(array.ravel().tolist()), array.shape)


def expect_known(given: Mapping[str, GivenValues], names: Sequence[str]) -> None:
    """Refuse a name that no input has.

    Raises:
        InputError: that name, with those there are.
    """
    for name in given:
        if name not in names:
            listed = ", ".join(one_line(known, 60) for known in names[:12]) + (", ..." if len(names) > 12 else "")
            raise InputError(
                f"--input names no input: expected one of {listed or 'none'}, received {one_line(name, 80)!r}."
                f"{close_matches(name, names)}"
            )


def _read(text: str) -> Iterator[GivenValues]:
    name, separator, value = text.partition("=")
    if not separator and Path(text).suffix.lower() == ".npz":
        yield from (_of_file(key, Path(text)) for key in _keys(Path(text)))
        return
    if not separator or not name or not value.strip():
        raise InputError(f"--input can't be read: {_FORM}, received {one_line(text, 120)!r}.")
    if Path(value).suffix.lower() in (".npy", ".npz"):
        yield _of_file(name, Path(value))
        return
    parts = tuple(part.strip() for part in value.split(","))
    if len(parts) > _MOST_NUMBERS:
        raise InputError(f"--input {one_line(name, 80)}: expected at most {_MOST_NUMBERS:,} values; save them as .npy.")
    yield GivenValues(name, parts, (len(parts),) if len(parts) > 1 else ())


def _typed(spec: InputSpec, text: str | int | float | bool) -> int | float | str:
    """Return one value as the input's type takes it."""
    element = by_runtime_name(spec.type)
    try:
        if spec.type == "tensor(string)":
            return str(text)
        if element is None:
            raise ValueError
        if spec.type == "tensor(bool)":
            return {"true": 1, "false": 0, "1": 1, "0": 0}[str(text).lower()]
        number = float(text) if element.is_float else int(text)
        cut = isinstance(text, float) and number != text
        if not element.is_float and (cut or not _holds(element.numpy, int(number))):
            raise ValueError
    except (ValueError, KeyError, OverflowError):
        raise InputError(
            f"--input {one_line(spec.name, 80)}: expected {element.numpy if element else spec.type}, received "
            f"{one_line(str(text), 40)!r}."
        ) from None
    return number


def _holds(kind: str, number: int) -> bool:
    import numpy as np

    limits = np.iinfo(kind)
    return int(limits.min) <= number <= int(limits.max)


def _of_file(name: str, path: Path) -> GivenValues:
    keys = _keys(path) if path.suffix.lower() == ".npz" else ()
    key = name if name in keys else keys[0] if len(keys) == 1 else ""
    if keys and not key:
        raise InputError(
            f"--input {one_line(name, 80)}: expected an array of that name in {path.name}, received "
            f"{', '.join(one_line(one, 40) for one in keys[:8])}; rename it."
        )
    if path.suffix.lower() == ".npz" and not keys:
        raise InputError(f"--input {one_line(name, 80)}: expected arrays in {path.name}, received none.")
    shape = _checked_shape(path, key)
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return GivenValues(name, (), shape, str(path.absolute()), key, digest.hexdigest())


def _keys(path: Path) -> tuple[str, ...]:
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(name.removesuffix(".npy") for name in archive.namelist()[:10_000])
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise _unreadable(path, error) from None


def _checked_shape(path: Path, key: str) -> tuple[int, ...]:
    """Return the shape that the file's header states, once it is known to be bounded and no pickle."""
    from numpy.lib import format as numpy_format

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES >> 30} GiB")
        with zipfile.ZipFile(path) if key else path.open("rb") as outer, _member(outer, key) as stream:
            version = numpy_format.read_magic(stream)
            read = numpy_format.read_array_header_1_0 if version == (1, 0) else numpy_format.read_array_header_2_0
            shape, _, dtype = read(stream)
        if dtype.hasobject:
            raise ValueError("Python objects, which are never unpickled")
        if math.prod(shape) * dtype.itemsize > _MOST_BYTES:
            raise ValueError(f"more than {_MOST_BYTES >> 30} GiB")
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _unreadable(path, error) from None
    return tuple(int(size) for size in shape)


def _member(outer: Any, key: str) -> Any:
    return outer.open(f"{key}.npy") if key else outer


def _load(path: str, key: str) -> Any:
    import numpy as np

    try:
        loaded = np.load(path, allow_pickle=False)
        return loaded[key] if key else loaded
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _unreadable(Path(path), error) from None


def _unreadable(path: Path, error: BaseException) -> InputError:
    return InputError(
        f"--input: {one_line(path.name, 80)} can't be read: expected an array of numbers as numpy.save or numpy.savez "
        f"writes it, received {one_line(error, 100)}."
    )


def _name(path: str) -> str:
    return one_line(Path(path).name, 60)

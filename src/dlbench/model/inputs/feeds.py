"""What a model is fed: shapes for a batch size, and arrays made from a fixed seed as their record says.

    arrays = make_arrays(resolve(specs, batch=8, values=values), seed=0)

The timed process imports this module, so it needs numpy alone. Which axis is the batch, which sizes are settled how,
and which values an input gets, is decided before, in `dlbench.model.inputs`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dlbench.errors import ModelFileError, one_line
from dlbench.model.element_types import BITS, FEEDABLE, RANDOM_BITS

BATCH = "N"  # stands for the batch size in a settled shape

_BITS_UP_TO_ONE = 0x38  # as 8-bit floats 0 to 1, of any of their kinds; types below 8 bits lie packed in them
_MAX_ELEMENTS = 2**31
_TEXT = "tensor(string)"


@dataclass(frozen=True)
class InputSpec:
    """One input: its ONNX Runtime type string and its shape, where BATCH stands for the batch size."""

    name: str
    type: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class Values:
    """How the values of one input are made."""

    how: Literal["noise", "integers", "numbers", "file"]
    low: int = 0  # integers: from here
    high: int = 2  # integers: below this
    numbers: tuple[int | float | str, ...] = ()  # repeated along the axes that they lack
    shape: tuple[int, ...] = ()  # of the numbers
    path: str = ""  # of a .npy or .npz file
    key: str = ""  # of an array in a .npz file
    source: str = ""  # in words: where they come from
    decides: bool = False  # nobody gave them, and sizes or time may depend on them

    def entry(self) -> dict[str, Any]:
        """Return what the timed process needs to know."""
        names = ("how", "low", "high", "numbers", "shape", "path", "key")
        return {name: getattr(self, name) for name in names}


def parse_shape(text: str) -> tuple[str, tuple[int | str, ...]]:
    """Parse `name=1,3,224,224`; N stands for the batch size, `name=` for a scalar.

    Raises:
        ModelFileError: not of that form.
    """
    name, separator, dims = text.rpartition("=")
    try:
        shape = tuple(BATCH if d.strip().upper() == BATCH else int(d) for d in dims.split(",") if d.strip())
        if not (separator and name) or any(isinstance(d, int) and not 0 <= d < _MAX_ELEMENTS for d in shape):
            raise ValueError
    except ValueError:
        raise ModelFileError(
            f"--shape can't be read: expected NAME=N,3,224,224 with sizes of at least 0 (N for the batch), "
            f"received {one_line(text, 200)!r}; give one --shape per input."
        ) from None
    return name, shape


def resolve(specs: Sequence[InputSpec], batch: int, values: Mapping[str, Values] | None = None) -> list[dict[str, Any]]:
    """Return name, type, whole-number shape and values of each input at this batch size.

    Raises:
        ModelFileError: an input of 2^31 elements or more.
    """
    resolved = []
    for spec in specs:
        shape = [batch if d == BATCH else int(d) for d in spec.shape]
        elements = math.prod(shape)
        if elements >= _MAX_ELEMENTS:
            raise ModelFileError(
                f"input {spec.name!r} is too large: expected under {_MAX_ELEMENTS:,} elements, received "
                f"{elements:,} for shape {shape}; use a smaller --batch-sizes or --shape."
            )
        entry: dict[str, Any] = {"name": spec.name, "type": spec.type, "shape": shape}
        if values and spec.name in values:
            entry["values"] = values[spec.name].entry()
        resolved.append(entry)
    return resolved


def make_arrays(resolved: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Make the arrays, the same for the same seed, as each entry's `values` say.

    Without them: floats uniform in [0, 1), integers and bools 0 or 1. A type that numpy lacks comes as its bits.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    arrays = {}
    for entry in resolved:
        kind, shape = entry["type"], tuple(entry["shape"])
        dtype = np.dtype("object" if kind == _TEXT else "float32" if kind in BITS else FEEDABLE[kind])
        if kind in RANDOM_BITS:
            made = rng.integers(0, _BITS_UP_TO_ONE, shape, np.uint8)
        else:
            made = np.asarray(_values(entry.get("values") or {}, dtype, shape, rng)).astype(dtype)
        if kind in BITS and kind not in RANDOM_BITS:  # bfloat16 is the upper half of a float32
            made = (made.view(np.uint32) >> 16).astype(np.uint16)
        # ascontiguousarray makes a scalar one-dimensional, hence the reshape after it
        arrays[entry["name"]] = np.ascontiguousarray(made).reshape(shape)
    return arrays


def _values(values: Mapping[str, Any], dtype: Any, shape: tuple[int, ...], rng: Any) -> Any:
    import numpy as np

    how = values.get("how") or ("noise" if dtype.kind == "f" else "integers")
    if how == "noise":
        return rng.random(shape, dtype=np.float32)
    if how == "integers":
        drawn = rng.integers(values.get("low", 0), values.get("high", 2), shape)
        return drawn.astype(str) if dtype.kind == "O" else drawn
    if how == "file":
        loaded = np.load(values["path"], allow_pickle=False)
        return _spread(loaded[values["key"]] if values["key"] else loaded, shape)
    return _spread(np.array(values["numbers"], dtype).reshape(tuple(values["shape"])), shape)


def _spread(array: Any, shape: tuple[int, ...]) -> Any:
    """Return given values in this shape: repeated along axes that they lack, or reordered where all are there."""
    import numpy as np

    if array.size == math.prod(shape) and array.size != 1:
        return array.reshape(shape)
    return np.broadcast_to(array, shape)

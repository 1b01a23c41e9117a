"""What a model is fed: shapes settled per batch size, arrays made from a fixed seed.

    specs = plan_inputs(inputs, shapes={"image": (1, 3, 224, 224)})
    arrays = make_arrays(resolve(specs, batch=8), seed=0)

A dimension is the batch where the model leaves dimension 0 open (unnamed, or named like the first input's).
Every other open dimension must be settled by the user with --shape; nothing is guessed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.errors import ModelFileError
from dlbench.model.element_types import FEEDABLE

__all__ = ["BATCH", "InputSpec", "fixed_batch", "make_arrays", "parse_shape", "plan_inputs", "resolve"]

BATCH = "N"  # stands for the batch size in a settled shape

_MAX_ELEMENTS = 2**31


@dataclass(frozen=True)
class InputSpec:
    """One input: its ONNX Runtime type string and its shape, where BATCH stands for the batch size."""

    name: str
    type: str
    shape: tuple[int | str, ...]


def parse_shape(text: str) -> tuple[str, tuple[int | str, ...]]:
    """Parse `name=1,3,224,224`; N stands for the batch size, `name=` for a scalar.

    Raises:
        ModelFileError: not of that form.
    """
    name, separator, dims = text.rpartition("=")
    try:
        shape = tuple(BATCH if d.strip().upper() == BATCH else int(d) for d in dims.split(",") if d.strip())
        if not (separator and name) or any(isinstance(d, int) and d < 1 for d in shape):
            raise ValueError
    except ValueError:
        raise ModelFileError(
            f"--shape can't be read: expected NAME=1,3,224,224 with sizes of at least 1 (N for the batch), "
            f"received {text!r}; give one --shape per input."
        ) from None
    return name, shape


def plan_inputs(
    inputs: Sequence[tuple[str, str, Sequence[int | str | None]]],
    shapes: Mapping[str, Sequence[int | str]],
    *,
    fed: bool = True,
) -> tuple[InputSpec, ...]:
    """Settle each input's shape up to the batch size.

    Args:
        inputs: (name, ONNX Runtime type, dimensions) of each input; open dimensions are text or None.
        shapes: the user's --shape values by input name.
        fed: every input must be of a type that numpy can hold.

    Raises:
        ModelFileError: an input that can't be fed (its type, or an open dimension), or a --shape that does
            not fit; the line names the input, its type and its shape.
    """
    names = [name for name, _, _ in inputs]
    for name in shapes:
        if name not in names:
            raise ModelFileError(
                f"--shape names no input: expected one of {', '.join(names)}, received {name!r}; check the name."
            )
    for name, kind, dims in inputs:
        if fed and kind not in FEEDABLE:
            raise ModelFileError(
                f"{_described(name, kind, dims)} can't be fed: expected a tensor of floats, integers or bools, "
                f"received {kind}; dlbench can't time this model."
            )
    batch_symbol = next((dims[0] for _, _, dims in inputs if dims and isinstance(dims[0], str)), None)
    return tuple(_plan_one(name, kind, dims, shapes.get(name), batch_symbol) for name, kind, dims in inputs)


def _plan_one(
    name: str, kind: str, dims: Sequence[int | str | None], asked: Sequence[int | str] | None, batch_symbol: object
) -> InputSpec:
    described = _described(name, kind, dims)
    is_batch = bool(dims) and (dims[0] is None or (isinstance(dims[0], str) and dims[0] == batch_symbol))
    if asked is not None:
        return InputSpec(name, kind, _fit(described, dims, asked, is_batch))
    shape: list[int | str] = []
    for axis, dim in enumerate(dims):
        if axis == 0 and is_batch:
            shape.append(BATCH)
        elif isinstance(dim, int) and dim >= 1:
            shape.append(dim)
        elif isinstance(dim, int):
            raise ModelFileError(
                f"{described} can't be fed: expected sizes of at least 1, received {dim} at axis {axis}."
            )
        else:
            example = ",".join("1" if not isinstance(d, int) else str(d) for d in dims)
            raise ModelFileError(
                f"{described} can't be fed: expected known sizes, received an open dimension {dim or '?'} at axis "
                f"{axis}; settle it, for example --shape {name}={example}"
            )
    return InputSpec(name, kind, tuple(shape))


def _fit(
    described: str, dims: Sequence[int | str | None], asked: Sequence[int | str], is_batch: bool
) -> tuple[int | str, ...]:
    if len(asked) != len(dims):
        raise ModelFileError(
            f"{described} has {len(dims)} dimensions, received --shape with {len(asked)}; give all of them."
        )
    shape = list(asked)
    for axis, (want, have) in enumerate(zip(asked, dims, strict=True)):
        if isinstance(have, int) and have != want:
            raise ModelFileError(
                f"{described} has a fixed size at axis {axis}: expected {have}, received {want}; give {have} there."
            )
        if want == BATCH and axis > 0:
            raise ModelFileError(f"{described}: N (the batch) is expected at axis 0, received at axis {axis}.")
    # A leading 1 where the model leaves the batch open is the field's way to write "per picture".
    if is_batch and shape and shape[0] == 1:
        shape[0] = BATCH
    return tuple(shape)


def _described(name: str, kind: str, dims: Sequence[int | str | None]) -> str:
    sizes = ", ".join("?" if d is None else str(d) for d in dims)
    return f"input {name!r} ({kind}, shape [{sizes}])"


def fixed_batch(specs: Sequence[InputSpec]) -> int | None:
    """Return the one batch size that the model is fixed to (its first input's first size), or None if open."""
    if any(BATCH in spec.shape for spec in specs):
        return None
    first = next((spec.shape for spec in specs if spec.shape), (1,))
    return int(first[0])


def resolve(specs: Sequence[InputSpec], batch: int) -> list[dict[str, Any]]:
    """Return name, type and whole-number shape of each input at this batch size.

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
        resolved.append({"name": spec.name, "type": spec.type, "shape": shape})
    return resolved


def make_arrays(resolved: Sequence[Mapping[str, Any]], seed: int) -> dict[str, Any]:
    """Make the arrays: floats uniform in [0, 1), integers and bools 0 or 1, the same for the same seed."""
    import numpy as np

    rng = np.random.default_rng(seed)
    arrays = {}
    for entry in resolved:
        dtype = np.dtype(FEEDABLE[entry["type"]])
        shape = tuple(entry["shape"])
        values = rng.random(shape, dtype=np.float32) if dtype.kind == "f" else rng.integers(0, 2, shape)
        # ascontiguousarray makes a scalar one-dimensional, hence the reshape after it
        arrays[entry["name"]] = np.ascontiguousarray(np.asarray(values).astype(dtype)).reshape(shape)
    return arrays

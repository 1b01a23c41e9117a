"""How arguments are read, from Python and from the command line: numbers, lists, paths, and their names in errors.

whole_numbers("--batch-sizes", [1, 8])      # (1, 8)
whole_numbers("--batch-sizes", "1,8")       # (1, 8)
"""

from __future__ import annotations

import functools
import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeAlias, TypeVar

from dlbench.errors import InputError
from dlbench.show.locale.typed_options import OPTIONS, as_options
from dlbench.show.texts import errors_said

if TYPE_CHECKING:
    from dlbench.model.inputs.given_values import GivenValues

PathLike: TypeAlias = str | os.PathLike[str]
Numbers: TypeAlias = str | float | Sequence[float] | None  # "1,8", 8 or [1, 8]
Names: TypeAlias = str | Sequence[str]  # "cpu,cuda" or ["cpu", "cuda"]

# ["x=N,3,224,224"], {"x": ("N", 3, 224, 224)}
Shapes: TypeAlias = Sequence[str] | Mapping[str, Sequence[int | str]] | None
# ["length=512", "x=x.npy"], {"length": 512, "x": numpy.ones((1, 3))}
Inputs: TypeAlias = Sequence[str] | Mapping[str, object] | None

_P = ParamSpec("_P")
_R = TypeVar("_R")


def names_arguments(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Make a function's errors name its arguments (`batch_sizes`), not options, and speak the language in use."""
    arguments = inspect.signature(function).parameters
    known = {f"--{name.replace('_', '-')}": name for name in arguments}
    known |= {f"--no-{name[2:]}": f"{argument}=False" for name, argument in known.items()}
    known |= {f"--{name.replace('_', '-')}": f"{name}=True" for name, one in arguments.items() if one.default is False}
    known |= {OPTIONS[name]: name for name in arguments if name in OPTIONS}
    option = re.compile(r"--[a-z0-9]+(?:-[a-z0-9]+)*")

    def worded(text: str) -> str:
        return option.sub(lambda match: known.get(match[0], match[0]), as_options(text))

    @functools.wraps(function)
    def call(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        with errors_said(worded):
            return function(*args, **kwargs)

    return call


def among(function: Callable[..., object], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of a call's values, as `locals()` gives them, that another function takes under the same name."""
    return {name: values[name] for name in inspect.signature(function).parameters if name in values}


def numbers(option: str, value: Numbers) -> tuple[float, ...] | None:
    """Return numbers, each once; None where nothing was given.

    Raises:
        InputError: anything else.
    """
    if value is None:
        return None
    parts: Sequence[object] = (
        value.split(",") if isinstance(value, str) else value if isinstance(value, Sequence) else [value]
    )
    try:
        values = tuple(dict.fromkeys(float(str(part)) for part in parts if str(part).strip()))
    except ValueError:
        values = ()
    if not values or any(value != value or abs(value) > 1e12 for value in values):  # noqa: PLR0124  # NaN
        raise InputError(f"{option}: expected numbers such as 1,8,32, received {value!r}.")
    return values


def whole_numbers(option: str, value: Numbers) -> tuple[int, ...] | None:
    """Return whole numbers, each once; None where nothing was given.

    Raises:
        InputError: anything else.
    """
    values = numbers(option, value)
    if values is None:
        return None
    if any(number != int(number) for number in values):
        raise InputError(f"{option}: expected whole numbers such as 1,8,32, received {value!r}.")
    return tuple(int(number) for number in values)


def joined(value: Names) -> str:
    """Return names as the command line writes them, with commas."""
    return value if isinstance(value, str) else ",".join(value)


def shape_texts(shape: Shapes) -> list[str]:
    """Return shapes as the command line writes them: `x=1,3,224,224`."""
    if isinstance(shape, Mapping):
        return [f"{name}={','.join(map(str, sizes))}" for name, sizes in shape.items()]
    return list(shape or ())


def given_inputs(inputs: Inputs) -> dict[str, GivenValues]:
    """Return values of inputs, typed or as Python has them.

    Raises:
        InputError: not of that form, or a file that can't be read.
    """
    from dlbench.model.inputs.given_values import given_of, read_inputs

    if isinstance(inputs, Mapping):
        return {name: given_of(name, value) for name, value in inputs.items()}
    return read_inputs(list(inputs or ()))

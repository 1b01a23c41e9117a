"""`dlbench viz`: what a network sees, from its ONNX file; each picture has a file of its own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import typer

from dlbench.commands.viz import activations, answers, depth, errors, filters, inputs, precision, relevance, top
from dlbench.commands.viz import all as everything
from dlbench.errors import InputError


def _names_options(command: Callable[..., None]) -> Callable[..., None]:
    """Let an error that begins with an argument's name begin with the option: `truth: ...` becomes `--truth: ...`."""
    names = inspect.signature(command).parameters

    @functools.wraps(command)
    def call(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except InputError as error:
            if str(error).partition(":")[0] in names:
                error.args = (f"--{error}",)
            raise

    return call


viz_app = typer.Typer(
    help="Look inside a network: filters, activations, relevance, errors.", add_completion=False, rich_markup_mode=None
)
_COMMANDS: dict[str, Callable[..., None]] = {
    "inputs": inputs.inputs,
    "answers": answers.answers,
    "filters": filters.filters,
    "activations": activations.activations,
    "depth": depth.depth,
    "top": top.top,
    "errors": errors.errors,
    "precision": precision.precision,
    "all": everything.all_pictures,
    "relevance": relevance.relevance,
}
for name, function in _COMMANDS.items():
    viz_app.command(name)(_names_options(function))

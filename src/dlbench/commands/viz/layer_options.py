"""Options of several commands of `dlbench viz`: which layers, in how much memory, in which range of colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.errors import InputError

if TYPE_CHECKING:
    from dlbench.viz.figures.tiles import Scale

DEFAULT_MIB = 1024
_LAYERS_HELP = "conv, dense, activation, pool, norm, all, operators (Relu), positions (3, 3-7, -1), names, patterns"
LayersOption = Annotated[str, typer.Option("--layers", help=f"{_LAYERS_HELP}.")]
UsualLayersOption = Annotated[str | None, typer.Option("--layers", help=f"{_LAYERS_HELP} (default: conv, else dense).")]
MemoryOption = Annotated[int, typer.Option("--memory", help="Memory for layers at once, in MiB.")]


def checked_scale(text: str) -> Scale:
    """Return the range of the colours that was asked for.

    Raises:
        InputError: it is none of the three.
    """
    from dlbench.viz.figures.tiles import SCALES

    if text not in SCALES:
        raise InputError(f"--range: expected {', '.join(SCALES)}, received {text[:40]!r}.")
    return text


def memory_bytes(mebibytes: int) -> int:
    """Return MiB as bytes.

    Raises:
        InputError: fewer than 1, or more than a million.
    """
    if not 1 <= mebibytes <= 1_000_000:
        raise InputError(f"--memory: expected 1 to 1,000,000 MiB, received {mebibytes}.")
    return mebibytes << 20

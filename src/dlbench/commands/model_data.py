"""The options that say on which data set a model is judged."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["DataOption", "SplitOption"]

DataOption = Annotated[
    str | None,
    typer.Option(
        "--data", help="A data set or folder, as for dlbench data (default: the data named in the model file)."
    ),
]
SplitOption = Annotated[str, typer.Option("--split", help="test, validation, train or all.")]

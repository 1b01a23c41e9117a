"""The options that say on which data set a model is judged."""

from __future__ import annotations

from typing import Annotated

import typer

DataOption = Annotated[
    str | None,
    typer.Option(
        "--data", help="A data set or folder, as for dlbench data (default: the data named in the model file)."
    ),
]
GateDataOption = Annotated[
    str | None,
    typer.Option("--data", help="Variants of foreign files: pictures to judge them on, a data set or folder."),
]
AccuracyDropOption = Annotated[
    float,
    typer.Option(
        "--max-accuracy-drop",
        metavar="N",
        help="Percentage points that a variant in fewer bits may lose; one that lost more is marked and not ranked.",
    ),
]
SplitOption = Annotated[str, typer.Option("--split", help="test, validation, train or all.")]

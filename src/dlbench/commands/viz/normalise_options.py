"""The options that say how pictures are normalised for a foreign model."""

from __future__ import annotations

from typing import Annotated

import typer

NormaliseOption = Annotated[
    str | None,
    typer.Option(
        "--normalise",
        help="How a foreign model wants pictures: imagenet, or none (0 to 1); remembered for the file.",
    ),
]
MeanOption = Annotated[
    str | None,
    typer.Option("--mean", help="In place of --normalise, with --std: one number, or three such as 0.485,0.456,0.406."),
]
StdOption = Annotated[str | None, typer.Option("--std", help="The deviations, as for --mean.")]

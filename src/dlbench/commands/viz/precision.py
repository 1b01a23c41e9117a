"""`dlbench viz precision`: what rounding to fewer bits changes, layer by layer, and in the answers."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Annotated

import typer

from dlbench.commands.model_data import DataOption, SplitOption
from dlbench.commands.options import as_typed, shows_tables_late
from dlbench.commands.viz.looking import Looked, looking_view, looks, picture_folder, show_drawn


@functools.partial(shows_tables_late, found=lambda _: "dlbench.api.judged_models:Precisions")
@looks
def precision(
    looked: Looked,
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="[OTHER]",
            help="The same network in another precision (default: an int8 version, made on the spot).",
        ),
    ] = None,
    data: DataOption = None,
    split: SplitOption = "test",
    pictures: Annotated[
        int, typer.Option("--pictures", help="Number of pictures on which the layers are compared.")
    ] = 32,
) -> None:
    """Compare two precisions of one network. Accuracy, and the signal-to-noise ratio of each layer."""
    first, folder = looked.card, looked.folder
    second = None if other is None else replace(looked, model=other).card
    from dlbench.api.judged_models import compare_precision
    from dlbench.show.console import messages, output, show_notes, show_tables

    with looking_view() as on_progress:
        both = compare_precision(
            first, second, data=data, split=split, pictures=pictures, workspace=folder, on_progress=on_progress
        )
    if second is None:  # told once it is there: what is wrong with the options is one line, and nothing is made
        messages().print(f"made an 8-bit version of {first.name}: {both.second.path}", markup=False)
    console = output()
    show_tables(console, both.tables())
    show_notes(console, "In short", both.sentences(), style="")
    paths = as_typed(first.path, both.second.path)
    then = (f"dlbench compare {paths}", f"dlbench diff {paths}")
    show_drawn(both.pictures(), picture_folder(folder, both.second, "precision"), then)

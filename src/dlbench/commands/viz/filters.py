"""`dlbench viz filters`."""

from __future__ import annotations

from typing import Annotated

import typer

from dlbench.commands.options import WorkspaceOption, as_typed
from dlbench.commands.viz.looking import Looked, ModelArgument, show_drawn
from dlbench.files import Workspace


def filters(
    model: ModelArgument,
    layers: Annotated[
        str | None, typer.Option("--layers", help="As for activations (default: the first layer with weights).")
    ] = None,
    slices: Annotated[
        bool, typer.Option("--slices", help="Draw three channels as three tiles, not as one colour tile.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw the weights of the first layer, or of layers you name."""
    looked = Looked(model, Workspace.at(workspace))
    from dlbench.viz.figures.filter_figures import draw_filters

    then = (f"dlbench viz activations {as_typed(model)}",)
    show_drawn(draw_filters(looked.card, layers, slices), looked.place(), then)

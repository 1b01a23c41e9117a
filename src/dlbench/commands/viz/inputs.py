"""`dlbench viz inputs`."""

from __future__ import annotations

from dlbench.commands.options import as_typed
from dlbench.commands.viz.looking import Looked, looks, show_drawn
from dlbench.commands.viz.picture_argument import PictureArgument, reference_name


@looks
def inputs(looked: Looked, image: PictureArgument = None) -> None:
    """Draw a picture beside what the network receives."""
    picture = looked.picture(image)
    from dlbench.viz.figures.input_figure import draw_input

    then = (f"dlbench viz activations {as_typed(looked.model, image)}",)
    show_drawn([draw_input(looked.card, picture)], looked.place(reference_name(image)), then)

"""`dlbench viz answers`."""

from __future__ import annotations

from dlbench.commands.options import as_typed
from dlbench.commands.viz.looking import Looked, looks, show_drawn
from dlbench.commands.viz.picture_argument import PictureArgument, TruthOption, reference_name


@looks
def answers(looked: Looked, image: PictureArgument = None, truth: TruthOption = None) -> None:
    """Draw the five most likely classes as bars."""
    picture = looked.picture(image)
    from dlbench.viz.figures.answer_figure import draw_answers

    drawn = draw_answers(looked.card, picture, truth)
    then = (f"dlbench viz relevance {as_typed(looked.model, image)}",)
    show_drawn([drawn], looked.place(reference_name(image)), then)

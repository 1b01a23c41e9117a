"""`dlbench viz answers`."""

from __future__ import annotations

from dlbench.commands.options import InputOption, ShapeOption, WorkspaceOption, as_typed
from dlbench.commands.viz.looking import ModelArgument, model_card, picture_folder, show_drawn
from dlbench.commands.viz.normalise_options import MeanOption, NormaliseOption, StdOption
from dlbench.commands.viz.picture_argument import (
    PictureArgument,
    TruthOption,
    asked_picture,
    reference_name,
)
from dlbench.files import Workspace


def answers(
    model: ModelArgument,
    image: PictureArgument = None,
    truth: TruthOption = None,
    normalise: NormaliseOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw the five most likely classes as bars."""
    folder = Workspace.at(workspace)
    card = model_card(model, folder, normalise, mean, std, shape or (), inputs or ())
    from dlbench.viz.figures.answer_figure import draw_answers

    picture = asked_picture(card, image, folder)
    drawn = draw_answers(card, picture, truth)
    then = (f"dlbench viz relevance {as_typed(model, image)}",)
    show_drawn([drawn], picture_folder(folder, card, reference_name(image)), then)

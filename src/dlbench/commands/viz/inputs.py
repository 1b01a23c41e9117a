"""`dlbench viz inputs`."""

from __future__ import annotations

from dlbench.commands.options import InputOption, ShapeOption, WorkspaceOption, as_typed
from dlbench.commands.viz.looking import ModelArgument, model_card, picture_folder, show_drawn
from dlbench.commands.viz.normalise_options import MeanOption, NormaliseOption, StdOption
from dlbench.commands.viz.picture_argument import PictureArgument, asked_picture, reference_name
from dlbench.files import Workspace


def inputs(
    model: ModelArgument,
    image: PictureArgument = None,
    normalise: NormaliseOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw a picture beside what the network receives."""
    folder = Workspace.at(workspace)
    card = model_card(model, folder, normalise, mean, std, shape or (), inputs or ())
    from dlbench.viz.figures.input_figure import draw_input

    picture = asked_picture(card, image, folder)
    then = (f"dlbench viz activations {as_typed(model, image)}",)
    show_drawn([draw_input(card, picture)], picture_folder(folder, card, reference_name(image)), then)

"""`dlbench viz depth`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.commands.options import InputOption, ShapeOption, WorkspaceOption, as_typed
from dlbench.commands.viz.layer_options import DEFAULT_MIB, LayersOption, MemoryOption, memory_bytes
from dlbench.commands.viz.looking import ModelArgument, model_card, picture_folder, show_drawn
from dlbench.commands.viz.normalise_options import MeanOption, NormaliseOption, StdOption
from dlbench.commands.viz.picture_argument import PictureArgument, asked_picture, reference_name
from dlbench.files import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlbench.viz.figures.drawing import Drawn


def depth(
    model: ModelArgument,
    image: PictureArgument = None,
    layers: LayersOption = "all",
    memory: MemoryOption = DEFAULT_MIB,
    normalise: NormaliseOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw one picture through the layers. Of a deep network also through every layer of one block."""
    most = memory_bytes(memory)
    folder = Workspace.at(workspace)
    card = model_card(model, folder, normalise, mean, std, shape or (), inputs or ())
    from dlbench.viz.figures.depth_figures import depth_pictures, draw_depth

    picture = asked_picture(card, image, folder)
    drawn: Sequence[Drawn]
    if layers == "all":
        drawn = depth_pictures(card, picture, memory_bytes=most)
    else:
        drawn = [draw_depth(card, picture, layers, memory_bytes=most)]
    then = (f"dlbench viz all {as_typed(model, image)}",)
    show_drawn(drawn, picture_folder(folder, card, reference_name(image)), then)

"""`dlbench viz depth`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.commands.options import as_typed
from dlbench.commands.viz.layer_options import DEFAULT_MIB, LayersOption, MemoryOption, memory_bytes
from dlbench.commands.viz.looking import Looked, looks, show_drawn
from dlbench.commands.viz.picture_argument import PictureArgument, reference_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlbench.viz.figures.drawing import Drawn


@looks
def depth(
    looked: Looked, image: PictureArgument = None, layers: LayersOption = "all", memory: MemoryOption = DEFAULT_MIB
) -> None:
    """Draw one picture through the layers. Of a deep network also through every layer of one block."""
    most = memory_bytes(memory)
    picture = looked.picture(image)
    from dlbench.viz.figures.depth_figures import depth_pictures, draw_depth

    drawn: Sequence[Drawn]
    if layers == "all":
        drawn = depth_pictures(looked.card, picture, memory_bytes=most)
    else:
        drawn = [draw_depth(looked.card, picture, layers, memory_bytes=most)]
    then = (f"dlbench viz all {as_typed(looked.model, image)}",)
    show_drawn(drawn, looked.place(reference_name(image)), then)

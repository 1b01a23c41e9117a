"""`dlbench viz activations`, and its list of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import JsonOption, as_typed, shows_tables
from dlbench.commands.showing import show_result
from dlbench.commands.viz.layer_options import DEFAULT_MIB, MemoryOption, UsualLayersOption, checked_scale, memory_bytes
from dlbench.commands.viz.looking import Looked, looking_view, looks, show_drawn
from dlbench.commands.viz.picture_argument import PictureArgument, reference_name
from dlbench.errors import InputError

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard


@shows_tables
@looks
def activations(
    looked: Looked,
    image: PictureArgument = None,
    layers: UsualLayersOption = None,
    listed: Annotated[bool, typer.Option("--list", help="List the layers and stop.")] = False,
    colours: Annotated[
        str, typer.Option("--range", help="Range of the colours: per channel, per layer or global.")
    ] = "layer",
    memory: MemoryOption = DEFAULT_MIB,
    as_json: JsonOption = False,
) -> None:
    """Draw how layers respond to a picture. Convolutions give maps, dense layers bars."""
    scale = checked_scale(colours)
    most = memory_bytes(memory)
    if listed:
        from dlbench.api.networks import looked_at

        _list(looked_at(looked.model, looked.folder), as_json)
        return
    if as_json:
        raise InputError("--json: expected together with --list, received without; the numbers are in the .npz files.")
    from dlbench.model.layers import layers_of, usual
    from dlbench.viz.figures.activation_figures import draw_activations

    card = looked.card
    wanted = usual(layers_of(card)) if layers is None else layers
    picture = looked.picture(image)
    with looking_view() as on_progress:
        drawn = draw_activations(card, picture, wanted, scale=scale, memory_bytes=most, on_progress=on_progress)
    then = (f"dlbench viz relevance {as_typed(looked.model, image)}",)
    show_drawn(drawn, looked.place(reference_name(image)), then)


def _list(card: ModelCard, as_json: bool) -> None:
    from dlbench.api.inspecting import list_layers
    from dlbench.model.layers import hidden_in
    from dlbench.show.console import output, show_notes, show_wrote

    found = list_layers(card)
    if not show_result(found, as_json):
        return
    console = output()
    hidden = hidden_in(card.proto.graph)
    inside = [
        f"{count} operators inside {kind} have no name outside and can't be shown" for kind, count in hidden.items()
    ]
    show_notes(console, "Not reached", inside)
    example = found.layers[0].kind if found.layers else "all"
    show_wrote(console, (), (f"dlbench viz activations {as_typed(card.name, '--layers', example)}",))

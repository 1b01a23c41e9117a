"""`dlbench viz activations`, and its list of layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import JsonOption, WorkspaceOption
from dlbench.commands.viz.layer_options import DEFAULT_MIB, MemoryOption, UsualLayersOption, checked_scale, memory_bytes
from dlbench.commands.viz.looking import ModelArgument, looking_view, model_card, picture_folder, show_drawn
from dlbench.commands.viz.picture_argument import PictureArgument, as_typed, asked_picture, reference_name
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard
    from dlbench.model.layers import Layer
    from dlbench.show.table import Table

__all__ = ["activations"]


def activations(
    model: ModelArgument,
    image: PictureArgument = None,
    layers: UsualLayersOption = None,
    listed: Annotated[bool, typer.Option("--list", help="List the layers and stop.")] = False,
    colours: Annotated[
        str, typer.Option("--range", help="Range of the colours: per channel, per layer or global.")
    ] = "layer",
    memory: MemoryOption = DEFAULT_MIB,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draw how layers respond to a picture: maps for convolutions, bars for dense layers."""
    scale = checked_scale(colours)
    most = memory_bytes(memory)
    folder = Workspace.at(workspace)
    card = model_card(model, folder)
    if listed:
        _list(card, as_json)
        return
    if as_json:
        raise InputError("--json: expected together with --list, received without; the numbers are in the .npz files.")
    from dlbench.model.layers import layers_of, usual
    from dlbench.viz.figures.activation_figures import draw_activations

    wanted = usual(layers_of(card)) if layers is None else layers
    picture, _ = asked_picture(card, image)
    with looking_view() as on_progress:
        drawn = draw_activations(
            card, picture.received, wanted, scale=scale, memory_bytes=most, on_progress=on_progress
        )
    then = (f"dlbench viz relevance {as_typed(model, image)}",)
    show_drawn(drawn, picture_folder(folder, card, reference_name(image)), then)


def _list(card: ModelCard, as_json: bool) -> None:
    from dlbench.model.layers import hidden_in, layers_of

    layers = layers_of(card)
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps([asdict(layer) for layer in layers]))
        return
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    console = output()
    show_tables(console, (_table(card, layers),))
    hidden = hidden_in(card.proto.graph)
    inside = [
        f"{count} operators inside {kind} have no name outside and can't be shown" for kind, count in hidden.items()
    ]
    show_notes(console, "Not reached", inside)
    show_wrote(console, (), (f"dlbench viz activations {card.name} --layers {layers[0].kind if layers else 'all'}",))


def _table(card: ModelCard, layers: tuple[Layer, ...]) -> Table:
    from dlbench.show.table import Column, Table
    from dlbench.viz.figures.layer_words import Meanings

    meanings = Meanings(card)
    rows = tuple((str(layer.order), layer.title, layer.kind, layer.tensor, meanings.of(layer)) for layer in layers)
    columns = (
        Column("place"),
        Column("name", False, wraps=True),
        Column("operator", False),
        Column("tensor", False, secondary=True, wraps=True),
        Column("what it does", False, wraps=True),
    )
    note = "--layers takes a place, a name, a tensor, an operator, a pattern such as conv*, and several with commas."
    return Table("layers", f"The layers of {card.name}, in the order of the graph", columns, rows, (note,))

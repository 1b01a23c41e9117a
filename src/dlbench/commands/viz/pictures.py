"""`dlbench viz inputs`, `answers`, `filters`, `activations` and `depth`: one kind of picture each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import JsonOption, WorkspaceOption
from dlbench.commands.viz.looking import ModelArgument, looking_view, model_card, picture_folder, show_drawn
from dlbench.commands.viz.picture_argument import as_typed, asked_picture, reference_name
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard
    from dlbench.model.layers import Layer
    from dlbench.show.table import Table
    from dlbench.viz.figures.drawing import Scale

__all__ = [
    "LayersOption",
    "MemoryOption",
    "PictureArgument",
    "TruthOption",
    "UsualLayersOption",
    "activations",
    "answers",
    "checked_scale",
    "depth",
    "filters",
    "inputs",
    "memory_bytes",
]

PictureArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[IMAGE]",
        help="A picture file, or DATA:INDEX such as mnist-sample:17 (default: one from the model's test split).",
    ),
]
_LAYERS_HELP = "conv, dense, activation, pool, norm, all, operators (Relu), positions (3, 3-7, -1), names, patterns"
LayersOption = Annotated[str, typer.Option("--layers", help=f"{_LAYERS_HELP}.")]
UsualLayersOption = Annotated[str | None, typer.Option("--layers", help=f"{_LAYERS_HELP} (default: conv, else dense).")]
MemoryOption = Annotated[int, typer.Option("--memory", help="Memory for layers at once, in MiB.")]
TruthOption = Annotated[str | None, typer.Option("--truth", help="The true label, to mark it.")]
_MEMORY_MIB = 1024


def inputs(model: ModelArgument, image: PictureArgument = None, workspace: WorkspaceOption = None) -> None:
    """Draw a picture beside what the network receives."""
    folder = Workspace.at(workspace)
    card = model_card(model, folder)
    from dlbench.viz.figures.input_figure import draw_input

    picture, _ = asked_picture(card, image)
    then = (f"dlbench viz activations {as_typed(model, image)}",)
    show_drawn([draw_input(card, picture)], picture_folder(folder, card, reference_name(image)), then)


def answers(
    model: ModelArgument, image: PictureArgument = None, truth: TruthOption = None, workspace: WorkspaceOption = None
) -> None:
    """Draw the five most likely classes as bars."""
    folder = Workspace.at(workspace)
    card = model_card(model, folder)
    from dlbench.viz.figures.answer_figure import draw_answers

    picture, known = asked_picture(card, image)
    drawn = draw_answers(card, picture.received, truth or known)
    then = (f"dlbench viz relevance {as_typed(model, image)}",)
    show_drawn([drawn], picture_folder(folder, card, reference_name(image)), then)


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
    """Draw the weights of the first layer, or of the layers you name."""
    folder = Workspace.at(workspace)
    card = model_card(model, folder)
    from dlbench.viz.figures.filter_figures import draw_filters

    show_drawn(draw_filters(card, layers, slices), picture_folder(folder, card), (f"dlbench viz activations {model}",))


def activations(
    model: ModelArgument,
    image: PictureArgument = None,
    layers: UsualLayersOption = None,
    listed: Annotated[bool, typer.Option("--list", help="List the layers and stop.")] = False,
    colours: Annotated[
        str, typer.Option("--range", help="Range of the colours: per channel, per layer or global.")
    ] = "layer",
    memory: MemoryOption = _MEMORY_MIB,
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
        drawn = list(
            draw_activations(card, picture.received, wanted, scale=scale, memory_bytes=most, on_progress=on_progress)
        )
    then = (f"dlbench viz relevance {as_typed(model, image)}",)
    show_drawn(drawn, picture_folder(folder, card, reference_name(image)), then)


def depth(
    model: ModelArgument,
    image: PictureArgument = None,
    layers: LayersOption = "all",
    memory: MemoryOption = _MEMORY_MIB,
    workspace: WorkspaceOption = None,
) -> None:
    """Draw one picture through the layers, and through every layer of one block of a deep network."""
    most = memory_bytes(memory)
    folder = Workspace.at(workspace)
    card = model_card(model, folder)
    from dlbench.viz.figures.depth_figures import depth_pictures, draw_depth

    picture, _ = asked_picture(card, image)
    if layers == "all":
        drawn = depth_pictures(card, picture.received, memory_bytes=most)
    else:
        drawn = [draw_depth(card, picture.received, layers, memory_bytes=most)]
    then = (f"dlbench viz all {as_typed(model, image)}",)
    show_drawn(drawn, picture_folder(folder, card, reference_name(image)), then)


def checked_scale(text: str) -> Scale:
    """Return the range of the colours that was asked for.

    Raises:
        InputError: it is none of the three.
    """
    from dlbench.viz.figures.drawing import SCALES

    if text not in SCALES:
        raise InputError(f"--range: expected {', '.join(SCALES)}, received {text[:40]!r}.")
    return text


def memory_bytes(mebibytes: int) -> int:
    """Return MiB as bytes.

    Raises:
        InputError: fewer than 1, or more than a million.
    """
    if not 1 <= mebibytes <= 1_000_000:
        raise InputError(f"--memory: expected 1 to 1,000,000 MiB, received {mebibytes}.")
    return mebibytes << 20


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
    rows = tuple((str(one.order), one.title, one.kind, one.tensor, meanings.of(one)) for one in layers)
    columns = (
        Column("place"),
        Column("name", False, wraps=True),
        Column("operator", False),
        Column("tensor", False, secondary=True, wraps=True),
        Column("what it does", False, wraps=True),
    )
    note = "--layers takes a place, a name, a tensor, an operator, a pattern such as conv*, and several with commas."
    return Table("layers", f"The layers of {card.name}, in the order of the graph", columns, rows, (note,))

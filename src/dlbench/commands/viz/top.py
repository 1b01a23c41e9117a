"""`dlbench viz top`: what the filters of a layer look for, by the pictures that they answer to most."""

from __future__ import annotations

from typing import Annotated

import typer

from dlbench.commands.model_data import DataOption, SplitOption
from dlbench.commands.options import as_typed
from dlbench.commands.viz.looking import Looked, looking_view, looks, show_drawn
from dlbench.errors import InputError

_MOST_LAYERS = 12
_MOST = 64


@looks
def top(
    looked: Looked,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            help="As for activations, such as conv, a name or -1 (default: conv, else dense; the last of over 12).",
        ),
    ] = None,
    data: DataOption = None,
    split: SplitOption = "test",
    channels: Annotated[
        str | None,
        typer.Option("--channels", help="Channel numbers, separated by commas (default: the first 16 of each layer)."),
    ] = None,
) -> None:
    """Draw the nine pictures to which each channel responds most."""
    wanted = _channels(channels)
    card = looked.card
    from dlbench.api.datasets import model_data, part_of
    from dlbench.model.layers import choose, layers_of, usual
    from dlbench.viz.figures.top_images import draw_top_images, top_images

    every = layers_of(card)
    chosen = choose(every, usual(every) if layers is None else layers)
    if len(chosen) > _MOST_LAYERS and layers is None:
        chosen = chosen[-1:]
    elif len(chosen) > _MOST_LAYERS:
        raise InputError(
            f"--layers: expected at most {_MOST_LAYERS} layers, received {len(chosen)}; name some, such as --layers -1."
        )
    dataset = model_data(card, data, looked.folder)
    places = part_of(dataset, split)
    images = dataset.images[places]
    drawn = []
    for layer in chosen:
        with looking_view() as on_progress:
            ranked = top_images(card, images, layer, on_progress=on_progress)
        too_large = [number for number in wanted or () if number >= ranked.channels]
        if too_large:
            raise InputError(
                f"--channels: expected 0 to {ranked.channels - 1} for {layer.title}, received {too_large[0]}."
            )
        drawn.append(draw_top_images(ranked, images, places, wanted))
    show_drawn(drawn, looked.place("top"), (f"dlbench viz filters {as_typed(looked.model)}",))


def _channels(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdigit() and len(part) < 7 for part in parts) or len(parts) > _MOST:
        raise InputError(f"--channels: expected at most {_MOST} numbers such as 0,3,5, received {text[:60]!r}.")
    return tuple(dict.fromkeys(map(int, parts)))

"""The weights of the first layer as pictures: what a network looks for before it has combined anything.

    drawn = draw_filters(card)                      # the first convolution, or the first dense layer
    drawn = draw_filter(card, "digit.png", 3)       # one filter of it beside its map of a picture

Weights are centred on 0: a filter responds where the picture is bright under red and dark under blue. Only a layer
that sees the picture itself has weights that look like pictures; deeper filters are shown as slices, one a channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.card import ModelCard, card_of
from dlbench.model.layers import Layer, choose, layers_of
from dlbench.show.notebook import Gallery
from dlbench.show.texts import tr
from dlbench.viz.capture.activations import activations
from dlbench.viz.capture.feeding import feeding_of
from dlbench.viz.capture.layer_weights import weights_of
from dlbench.viz.capture.picture import AnyImages
from dlbench.viz.figures.drawing import Drawn
from dlbench.viz.figures.tiles import Limits, cell_figure, draw_tile, map_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_filters(
    model: str | PathLike[str] | ModelCard, layers: str | None = None, slices: bool = False
) -> Gallery[Drawn]:
    """Draw the weights of the first layer, or of the layers that are named.

    Args:
        model: an ONNX file.
        layers: as of `dlbench.model.layers.choose`; None: the first convolution or dense layer.
        slices: draw filters of three channels as three slices, not as one RGB tile.

    Raises:
        InputError: the model has no such layer, or none with weights that lie in the file as constants.
    """
    card = card_of(model)
    arrays = _weights(card, layers)
    return Gallery(_dense(card, *each) if each[1].ndim == 2 else _convolution(*each, slices) for each in arrays)


def draw_filter(
    model: str | PathLike[str] | ModelCard, images: AnyImages, number: int = 0, layer: str | None = None
) -> Drawn:
    """Draw one filter of a convolution beside its map of the first picture, each with its own range around 0.

    Args:
        model: an ONNX file.
        images: float32 (N, C, H, W) as the model takes them, or a picture's path.
        number: of the filter, from 0.
        layer: its name; None: the first convolution.

    Raises:
        InputError: no such layer or filter, or no convolution of pictures.
        ModelFileError: the model does not take this picture.
    """
    card = card_of(model)
    place, weights = _weights(card, layer)[0]
    if weights.ndim != 4 or weights.shape[1] not in (1, 3):
        raise InputError(
            f"layer: expected a convolution of the picture itself (1 or 3 channels), received {place.title} "
            f"({place.kind}), whose weights have the shape {' x '.join(map(str, weights.shape))}."
        )
    if not 0 <= number < len(weights):
        raise InputError(
            f"filter: expected a number from 0 to {len(weights) - 1:,} in {place.title}, received {number}."
        )
    chosen = weights[number]
    response = activations(card, images, place.title)[place.title][0, number]
    if coloured := len(chosen) == 3:
        tile = _around_grey(chosen[None], np.abs(chosen).max()[None])[0].transpose(1, 2, 0)  # (3, h, w) -> (h, w, 3)
    else:
        tile = chosen[0]
    size = f"{tile.shape[0]} x {tile.shape[1]}"
    titles = (tr("filter {number}: {size} weights", number=number, size=size), "its map of this picture")

    def draw(axes: Axes, at: int) -> None:
        values = (tile, response)[at]
        furthest = float(np.abs(values).max())
        limits = None if coloured and at == 0 else Limits(-furthest, furthest)
        draw_tile(axes, values, limits)
        axes.set_title(f"{titles[at]}\n{limits.words()}" if limits else titles[at], fontsize=8)

    zero = "grey is the weight 0, colours as in the picture" if coloured else "red is above 0, blue below"
    words = (
        f"The filter: {zero}. Its map: red where it responds, blue where the picture is the opposite of what it looks "
        "for. Each has its own range, named above it."
    )
    figure = cell_figure(f"{place.title} ({place.kind})", 2, draw, cell_in=(3, 3.2), heading_in=0.4, least_width_in=6)
    arrays = {"filter": chosen, "map": response}
    return Drawn(f"filter-{place.title}-{number}", f"Filter {number} of {place.title}", words, figure, arrays)


def _weights(card: ModelCard, layers: str | None) -> list[tuple[Layer, NDArray[np.float32]]]:
    """Return the chosen layers that have weights in the file with those, at least one."""
    every = layers_of(card)
    weights = weights_of(card)
    chosen = [layer for layer in (every if layers is None else choose(every, layers)) if layer.tensor in weights]
    if layers is None:
        chosen = chosen[:1]
    if not chosen:
        kinds = ", ".join(dict.fromkeys(layer.kind for layer in every[:20]))
        raise InputError(
            f"{card.name}: expected a convolution or a dense layer with its weights in the file, received "
            f"{layers or kinds or 'no layer'}; try dlbench viz activations --list."
        )
    return [(layer, weights[layer.tensor]) for layer in chosen]


def _convolution(layer: Layer, weights: NDArray[np.float32], slices: bool) -> Drawn:
    """Draw (filters, channels, h, w)."""
    if weights.ndim == 3:  # one-dimensional: (filters, channels, w) -> (filters, channels, 1, w)
        weights = weights[:, :, None]
    if weights.ndim != 4:
        raise InputError(
            f"{layer.title} can't be drawn: expected filters in one or two dimensions, received the shape "
            f"{' x '.join(map(str, weights.shape))}."
        )
    filters, channels, height, width = weights.shape
    shape = f"{filters} filters of {channels} x {height} x {width}"
    heading = f"{layer.title} ({layer.kind}), {shape}"
    arrays = {layer.title: weights}
    if channels == 3 and not slices:
        largest = np.abs(weights).max(axis=(1, 2, 3))  # (F, 3, h, w) -> (F,)
        coloured = _around_grey(weights, largest).transpose(0, 2, 3, 1)  # (F, 3, h, w) -> (F, h, w, 3)
        titles = [f"{number}: ±{furthest:.2g}" for number, furthest in enumerate(largest)]
        heading += "\nred, green and blue weights as red, green and blue, grey is 0"
        heading += "\neach filter has its own range, its largest weight stands above it"
        words = (
            f"The {shape} as coloured tiles: a filter responds strongly where the picture has its colours and edges. "
            "Grey is the weight 0. Each filter has a range of its own, and its largest weight stands above it: one "
            "with tiny weights hardly responds at all."
        )
        figure = map_grid(coloured, titles, heading=heading)
        return Drawn(f"filters-{layer.title}", f"Filters of {layer.title}", words, figure, arrays)
    tiles = weights.reshape(filters * channels, height, width)  # (F, C, h, w) -> (F x C, h, w)
    titles = [f"{f}" if channels == 1 else f"{f}, ch {c}" for f in range(filters) for c in range(channels)]
    words = (
        f"The {shape}{'' if channels == 1 else ', one tile for each channel of each filter'}: a filter responds "
        "strongly where what it sees is bright under red and dark under blue; white is the weight 0."
    )
    return Drawn(
        f"filters-{layer.title}",
        f"Filters of {layer.title}",
        words,
        map_grid(tiles, titles, heading=heading, unit="weight"),
        arrays,
    )


def _around_grey(weights: NDArray[np.float32], largest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each filter's weights in [0, 1] with 0 at one half; `largest` (F,) becomes 0 or 1."""
    furthest = np.where(largest > 0, largest, 1).reshape(-1, *[1] * (weights.ndim - 1))
    scaled: NDArray[np.float32] = np.clip(0.5 + weights / (2 * furthest), 0, 1).astype(np.float32)
    return scaled


def _dense(card: ModelCard, layer: Layer, weights: NDArray[np.float32]) -> Drawn:
    """Draw (neurons, inputs) as pictures where the inputs are the picture's pixels, else as one matrix."""
    neurons, inputs = weights.shape
    arrays: Mapping[str, NDArray[Any]] = {layer.title: weights}
    name, title = f"filters-{layer.title}", f"Weights of {layer.title}"
    taken = feeding_of(card)
    channels, height, width = (taken.channels, taken.height, taken.width) if taken else (0, 0, 0)
    if inputs == channels * height * width and inputs:
        pixels = weights.reshape(neurons, channels, height, width)
        if taken and taken.axes.endswith("C"):
            pixels = weights.reshape(neurons, height, width, channels).transpose(0, 3, 1, 2)
        shape = f"{neurons} neurons, {channels} x {height} x {width} weights each"
        heading = f"{layer.title} ({layer.kind}), {shape}"
        if channels == 3:
            largest = np.abs(weights).max(axis=1)  # (neurons, inputs) -> (neurons,)
            tiles = _around_grey(pixels, largest).transpose(0, 2, 3, 1)
            heading += "\ncolours are weights, grey is 0, each neuron has its own range"
        else:
            tiles = pixels[:, 0]  # (neurons, 1, H, W) -> (neurons, H, W)
        words = (
            f"Each tile is one neuron: a weight for every pixel ({shape}). It responds strongly where the picture is "
            "bright under red and dark under blue, and only there: moved by a few pixels, the same digit meets other "
            "weights."
        )
        return Drawn(name, title, words, map_grid(tiles, heading=heading, unit="weight"), arrays)
    heading = f"{layer.title} ({layer.kind}), {neurons} neurons x {inputs} weights: one row for each neuron"
    words = (
        f"One row for each of {neurons} neurons, one column for each of the {inputs} numbers before it. The input "
        "is no longer a picture, so neither are the weights; red adds, blue subtracts."
    )
    rows, columns = min(neurons, 256), min(inputs, 1024)
    notes = (
        () if (rows, columns) == weights.shape else (f"{rows} of {neurons} rows, {columns} of {inputs} columns shown.",)
    )
    matrix = map_grid(weights[None, :rows, :columns], [""], heading=heading, unit="weight")
    return Drawn(name, title, words, matrix, arrays, notes)

"""One picture on its way through a network: a tile for each layer, with its shape and its share of zeros.

drawn = draw_depth(card, picture.received)

Shown of each layer is the map that varies most over the picture (largest standard deviation): a mean over channels
would blur them, and no channel is the same in two layers. Rows of numbers are folded into a square.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.viz.activations import MEMORY_BYTES, each_layer
from dlbench.viz.drawing import Drawn, draw_tile, fitted, house_style, new_figure
from dlbench.viz.layers import Layer, choose, layers_of
from dlbench.viz.maps import shape_words
from dlbench.viz.sessions import Images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from dlbench.bench.onnxfile import ModelCard

__all__ = ["draw_depth", "evenly", "worth_drawing"]

_MOST_LAYERS = 24
_COLUMNS = 6
_PASSING = frozenset({"Reshape", "Flatten", "Identity", "Dropout", "Squeeze", "Unsqueeze", "Shape", "Gather", "Cast"})


def draw_depth(
    card: ModelCard, images: Images, layers: str = "all", *, memory_bytes: int = MEMORY_BYTES, most: int = _MOST_LAYERS
) -> Drawn:
    """Draw the first picture through the layers, in the order of the graph.

    Args:
        card: the model.
        images: float32 (N, C, H, W) as the model takes them, or one array for each input.
        layers: as of `dlbench.viz.layers.choose`; those that only reshape are left out of `all`.
        memory_bytes: the layers are computed in groups that need no more than this at once.
        most: of more layers, this many are drawn: the last of each block where the names tell blocks, else evenly
            spaced, the first and the last among them.

    Raises:
        InputError: no such layer.
    """
    every = choose(layers_of(card), layers)
    chosen, is_by_block = _chosen(every, layers, most)
    tiles: list[tuple[Layer, NDArray[Any], str]] = []
    arrays: dict[str, NDArray[Any]] = {}
    for layer, values in each_layer(card, images, chosen, memory_bytes=memory_bytes):
        tile, which = _one_tile(values[0] if values.ndim else values.reshape(1))
        zeros = float(np.mean(values[:1] == 0))
        tiles.append(
            (layer, tile, f"{layer.title} ({layer.kind})\n{shape_words(values.shape)}\n{which}{zeros:.0%} zeros")
        )
        arrays[layer.title] = tile
    notes = []
    if len(chosen) < len(every):
        which = ", the last of each block" if is_by_block else ""
        notes.append(f"{len(chosen)} of {len(every)} layers are drawn{which}; --layers chooses others.")
    words = (
        "The picture on its way through the network, layer after layer. Each tile is the map of its layer that "
        "varies most, with a range of its own: dark blue is 0 and yellow the largest; where a layer has "
        "negative values, blue is below 0 and red above. Maps become smaller and more of them; what they mean becomes "
        "less like a picture and more like an answer."
    )
    return Drawn("depth", "Through the network", words, _strip(card.name, tiles), arrays, tuple(notes))


def _chosen(every: Sequence[Layer], asked: str, most: int) -> tuple[list[Layer], bool]:
    """Return the layers to draw, and whether they are the last of their blocks."""
    wanted = worth_drawing(every) if asked == "all" else list(every)
    if asked != "all" or len(wanted) <= most:
        return evenly(wanted, most), False
    last = [layer for layer, after in pairwise(wanted) if _block(layer.title) != _block(after.title)] + wanted[-1:]
    if most // 2 <= len(last) <= most:
        return last, True
    return evenly(wanted, most), False


def _block(title: str) -> str:
    """Return the part of a name that its block shares: features.3.conv.0 and features.3, /layer1/layer1.0/Add."""
    separator = "/" if "/" in title else "."
    return separator.join(title.strip(separator).split(separator)[:2])


def worth_drawing(layers: Sequence[Layer]) -> list[Layer]:
    """Return the layers without those that only pass on or reshape; all where nothing else is left."""
    return [layer for layer in layers if layer.kind not in _PASSING] or list(layers)


def evenly(layers: Sequence[Layer], most: int) -> list[Layer]:
    """Return at most `most` of the layers, evenly spaced, the first and the last among them."""
    if len(layers) <= most:
        return list(layers)
    places = np.unique(np.linspace(0, len(layers) - 1, most).round().astype(int))
    return [layers[place] for place in places]


def _one_tile(values: NDArray[Any]) -> tuple[NDArray[Any], str]:
    """Return a map (h, w) that stands for the layer, and which it is."""
    if values.ndim == 3 and values.shape[1:] != (1, 1) and values.size:
        strength = np.nan_to_num(values.astype(np.float64), posinf=0, neginf=0).std(axis=(1, 2))  # (C, h, w) -> (C,)
        best = int(strength.argmax())
        return values[best], f"map {best}, "
    if values.ndim == 2:
        return values, ""
    row = values.reshape(-1)
    side = max(1, math.ceil(math.sqrt(row.size)))
    if row.size <= 16:
        return row[None], ""
    folded = np.zeros(side * math.ceil(row.size / side), row.dtype)
    folded[: row.size] = row
    return folded.reshape(-1, side), "folded, "


def _strip(name: str, tiles: Sequence[tuple[Layer, NDArray[Any], str]]) -> Figure:
    columns = min(_COLUMNS, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    with house_style():
        width = max(4.2, 1.55 * columns)
        figure = new_figure(width, 1.98 * rows + 0.4)
        grid = figure.subplots(rows, columns, squeeze=False)
        for place, axes in enumerate(grid.flat):
            if place >= len(tiles):
                axes.set_visible(False)
                continue
            _, tile, title = tiles[place]
            draw_tile(axes, tile, None)
            axes.set_title(_short(title), fontsize=6, pad=2)
        figure.suptitle(fitted(f"one picture through {name}", width), fontsize=8)
    return figure


def _short(title: str) -> str:
    lines = title.splitlines()
    first = lines[0] if len(lines[0]) <= 30 else "..." + lines[0][-27:]
    return "\n".join([first, *lines[1:]])

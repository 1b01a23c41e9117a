"""One picture on its way through a network: a tile for each layer, with its shape and its share of zeros.

drawn = draw_depth(card, picture.received)

Shown of each layer is the map that varies most over the picture (largest standard deviation): a mean over channels
would blur them, and a convolution mixes them anew. Layers that work on each channel alone (pooling, normalisation,
ReLU) keep the channel of the layer before, so that what they do to it can be seen. Rows of numbers are laid in lines.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.viz.activations import MEMORY_BYTES, each_layer
from dlbench.viz.drawing import Drawn, draw_tile, fitted, house_style, new_figure
from dlbench.viz.layers import EACH_VALUE, Layer, choose, layers_of
from dlbench.viz.maps import class_names, shape_words
from dlbench.viz.sessions import Images

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlbench.bench.onnxfile import ModelCard

__all__ = ["draw_depth", "evenly", "worth_drawing"]

_MOST_LAYERS = 24
_COLUMNS = 6
_PASSING = frozenset({"Reshape", "Flatten", "Identity", "Dropout", "Squeeze", "Unsqueeze", "Shape", "Gather", "Cast"})
# They give each channel from the same channel of their first input.
_BY_CHANNEL = EACH_VALUE | {"PRelu", "BatchNormalization", "InstanceNormalization", "MaxPool", "AveragePool"}
_MOST_NAMED = 16  # of a row of numbers; longer ones are laid in lines
_LONGEST_NAME = 8


@dataclass(frozen=True)
class _Tile:
    """What stands for one layer in the strip."""

    title: str
    values: NDArray[Any]  # (h, w)
    names: tuple[str, ...] = ()  # of the numbers of a row


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
    tiles: list[_Tile] = []
    arrays: dict[str, NDArray[Any]] = {}
    for chain in _chains(card, each_layer(card, images, chosen, memory_bytes=memory_bytes)):
        strongest = _strongest([values for _, values in chain])
        for layer, values in chain:
            tile, which = _one_tile(values[0] if values.ndim else values.reshape(1), strongest)
            title = f"{layer.title} ({layer.kind})\n{shape_words(values.shape)}\n{which}{_zeros(values)}"
            names = class_names(card, layer)
            tiles.append(_Tile(f"{title}\n{_range_words(tile)}", tile, names if len(names) == tile.size else ()))
            arrays[layer.title] = tile
    notes = []
    if len(chosen) < len(every):
        which = ", the last of each block" if is_by_block else ""
        notes.append(f"{len(chosen)} of {len(every)} layers are drawn{which}; --layers chooses others.")
    words = (
        "The picture on its way through the network, layer after layer. Each tile is one map of its layer: the one "
        "that varies most, and of layers that work on each map alone (pooling, normalisation, ReLU) the map that the "
        "layer before shows. Rows of more than 16 numbers are laid in lines, like a text. Each tile has a range of its "
        "own, which stands above it: dark blue is 0 and yellow the largest; where a layer has "
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


def _chains(
    card: ModelCard, layers: Iterator[tuple[Layer, NDArray[Any]]]
) -> Iterator[list[tuple[Layer, NDArray[Any]]]]:
    """Yield runs of layers in which a channel stays itself, each with its values for the first picture."""
    source = {tensor: node.input[0] for node in card.proto.graph.node if node.input for tensor in node.output}
    chain: list[tuple[Layer, NDArray[Any]]] = []
    for layer, values in layers:
        follows = bool(chain) and layer.kind in _BY_CHANNEL and source[layer.tensor] == chain[-1][0].tensor
        if chain and not (follows and values.shape[1:2] == chain[-1][1].shape[1:2]):
            yield chain
            chain = []
        chain.append((layer, values[:1].copy() if values.ndim else values))
    if chain:
        yield chain


def _strongest(chain: Sequence[NDArray[Any]]) -> int:
    """Return the channel that varies most over the last maps (1, C, h, w) of a run; 0 where there are none."""
    maps = [values for values in chain if values.ndim == 4 and values.shape[2:] != (1, 1) and values.size]
    if not maps:
        return 0
    finite = np.nan_to_num(maps[-1][0].astype(np.float64), posinf=0, neginf=0)
    return int(finite.std(axis=(1, 2)).argmax())  # (C, h, w) -> (C,)


def _one_tile(values: NDArray[Any], strongest: int) -> tuple[NDArray[Any], str]:
    """Return a map (h, w) that stands for the layer, and which it is."""
    if values.ndim == 3 and values.shape[1:] != (1, 1) and values.size:
        return values[strongest], f"map {strongest}, "
    if values.ndim == 2:
        return values, ""
    row = values.reshape(-1)
    if row.size <= _MOST_NAMED:
        return row[None], ""
    side = math.ceil(math.sqrt(row.size))
    lines = np.zeros(side * math.ceil(row.size / side), row.dtype)
    lines[: row.size] = row
    return lines.reshape(-1, side), f"{side} a line, "


def _zeros(values: NDArray[Any]) -> str:
    return f"{np.mean(values[:1] == 0):.0%} zeros" if values.size else "empty"


def _range_words(tile: NDArray[Any]) -> str:
    finite = tile[np.isfinite(tile)]
    return f"{finite.min():.3g} to {finite.max():.3g}" if finite.size else ""


def _strip(name: str, tiles: Sequence[_Tile]) -> Figure:
    columns = min(_COLUMNS, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    with house_style():
        width = max(4.2, 1.55 * columns)
        figure = new_figure(width, 2.08 * rows + 0.55)
        grid = figure.subplots(rows, columns, squeeze=False)
        for place, axes in enumerate(grid.flat):
            if place >= len(tiles):
                axes.set_visible(False)
                continue
            tile = tiles[place]
            draw_tile(axes, tile.values, None)
            axes.set_title(_short(tile.title), fontsize=6.5, pad=2)
            _name(axes, tile)
        heading = (
            f"one picture through {name}\nof each layer one map, with its own range: blue below 0, red above; "
            "where nothing is negative, dark blue 0 to yellow"
        )
        figure.suptitle(fitted(heading, width), fontsize=8)
    return figure


def _name(axes: Axes, tile: _Tile) -> None:
    """Write the classes under the numbers of the answer."""
    if not tile.names:
        return
    upright = len(tile.names) > 2 and max(map(len, tile.names)) > 2
    short = [text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…" for text in tile.names]
    axes.set_xticks(range(len(short)), short, fontsize=6, rotation=90 if upright else 0)
    axes.tick_params(length=0, pad=1)


def _short(title: str) -> str:
    lines = title.splitlines()
    first = lines[0] if len(lines[0]) <= 30 else "..." + lines[0][-27:]
    return "\n".join([first, *lines[1:]])

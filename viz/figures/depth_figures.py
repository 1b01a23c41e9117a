"""One picture on its way through a network: a tile for each layer, with its shape and its share of zeros.

drawn = draw_depth(card, picture.received)

Each tile shows the map that varies most over the picture (largest standard deviation): a mean over channels would blur
them, and a convolution mixes them anew. Layers that work on each channel alone (pooling, normalisation, ReLU,
shortcuts) keep the map of the layer before, so that their effect can be seen. Rows of numbers are laid in lines.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.card import ModelCard, card_of
from dlbench.model.graphs import attribute, producers
from dlbench.model.layers import Layer, choose, layers_of
from dlbench.model.operators import of_node
from dlbench.model.sessions import Images
from dlbench.show.locale.typed_options import as_arguments
from dlbench.show.notebook import Gallery
from dlbench.viz.capture.activations import MEMORY_BYTES, each_layer
from dlbench.viz.capture.picture import AnyImages, fed_notes, images_of, opened_images
from dlbench.viz.figures.activation_figures import class_names, first_picture, first_row, shape_words
from dlbench.viz.figures.drawing import Drawn, shortened
from dlbench.viz.figures.layer_strip import MOST_WITH_VALUES, Tile, strip_figure
from dlbench.viz.figures.layer_words import Meanings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from onnx import NodeProto


_MOST_LAYERS = 24
_LEAST_WITH_BORDER = 7  # pixels a side
_FEWEST_BLOCKS = 3
_FEWEST_LAYERS = 3  # of a block
_MOST_NAMED = 16  # of a row of numbers; longer ones are laid in lines
_LONGEST_NAME = 8
_HOW_TO_READ = (
    "Each tile shows the map that varies most over the picture (largest standard deviation). Layers that work on each "
    "map alone (pooling, normalisation, ReLU, shortcuts, depthwise convolution) keep the map of the layer before. Each "
    "tile has its own range: 0 is white, red above, blue below; without negative values 0 is dark purple and the "
    "largest value yellow. Zeros are counted over all maps of the layer. Before a ReLU a map may have both signs: "
    "values far from 0, red or blue, carry the information. Lines along a border come from the zeros beyond it."
)


def draw_depth(
    model: str | PathLike[str] | ModelCard,
    images: AnyImages,
    layers: str = "all",
    *,
    memory_bytes: int = MEMORY_BYTES,
    most: int = _MOST_LAYERS,
) -> Drawn:
    """Draw the first picture through the layers, in the order of the graph.

    Args:
        model: an ONNX file.
        images: float32 (N, C, H, W) as the model takes them; one array for each input; or a picture's path.
        layers: as of `dlbench.model.layers.choose`; those that only reshape are left out of `all`.
        memory_bytes: the layers are computed in groups that need no more than this at once.
        most: of more layers, this many are drawn: the last of each block where the names tell blocks, else evenly
            spaced, the first and the last among them.

    Raises:
        InputError: no such layer.
    """
    card = card_of(model)
    every = choose(layers_of(card), layers)
    chosen, is_by_block = _chosen(every, layers, most)
    which = ", the last of each block" if is_by_block else ""
    counted = f"{len(chosen)} of {len(every)} layers"
    notes = [f"{counted} are drawn{which}; name other layers to see them."] if len(chosen) < len(every) else []
    heading = f"one picture through {card.name}{f': {counted}{which}' if notes else ''}"
    images = opened_images(card, images)
    notes += fed_notes(card, images)
    tiles = _tiles(card, images_of(card, images), chosen, memory_bytes)
    words = (
        "The picture on its way through the network, layer by layer. Above each tile: what the layer does, what it "
        f"gives, and the range of the values shown. {_HOW_TO_READ} Deeper layers have more and smaller maps; "
        "they look less like a picture and more like an answer."
    )
    arrays = {layer.title: tile.values for layer, tile in tiles}
    figure = strip_figure(heading, [tile for _, tile in tiles])
    return Drawn("depth", "Through the network", words, figure, arrays, tuple(notes))


def depth_pictures(
    model: str | PathLike[str] | ModelCard, images: AnyImages, *, memory_bytes: int = MEMORY_BYTES
) -> Gallery[Drawn]:
    """Return the strip of all layers, and of a deep network the one of a block; arguments as of `draw_depth`."""
    card = card_of(model)
    images = opened_images(card, images)
    strip = draw_depth(card, images, memory_bytes=memory_bytes)
    try:
        block = draw_block(card, images_of(card, images), memory_bytes=memory_bytes)
    except InputError as error:  # one of its layers needs more memory than those of the strip
        strip = replace(strip, notes=(*strip.notes, f"no block is drawn layer by layer: {as_arguments(str(error))}"))
        block = None
    if block:
        block = replace(block, notes=(*block.notes, *fed_notes(card, images)))
    return Gallery([strip, block] if block else [strip])


def draw_block(card: ModelCard, images: Images, *, memory_bytes: int = MEMORY_BYTES) -> Drawn | None:
    """Draw every layer of one block of a deep network; None where the names tell no blocks of several layers.

    Chosen is the first block with a shortcut, else the first of those with most layers; arguments as of `draw_depth`.
    """
    blocks: dict[str, list[Layer]] = {}
    for layer in worth_drawing(layers_of(card)):
        blocks.setdefault(_block(layer.title), []).append(layer)
    fitting = [item for item in blocks.items() if _FEWEST_LAYERS <= len(item[1]) <= _MOST_LAYERS]
    if len(blocks) < _FEWEST_BLOCKS or not fitting:
        return None
    with_shortcut = [item for item in fitting if _has_shortcut(item[1])]
    name, chosen = with_shortcut[0] if with_shortcut else max(fitting, key=lambda item: len(item[1]))
    tiles = _tiles(card, images, chosen, memory_bytes)
    words = (
        f"All {len(chosen)} layers of the block {name}, one after the other, as an example of what happens in a block. "
        f"{_HOW_TO_READ}"
    )
    figure = strip_figure(
        f"inside the block {name} of {card.name}: all its {len(chosen)} layers", [tile for _, tile in tiles]
    )
    return Drawn(
        "block", f"Inside the block {name}", words, figure, {layer.title: tile.values for layer, tile in tiles}
    )


def _has_shortcut(layers: Sequence[Layer]) -> bool:
    return any(layer.kind == "Add" for layer in layers) and any(layer.operator.kind == "conv" for layer in layers)


def _tiles(card: ModelCard, images: Images, chosen: Sequence[Layer], memory_bytes: int) -> list[tuple[Layer, Tile]]:
    meanings = Meanings(card)
    tiles = []
    for chain in _chains(card, each_layer(card, images, chosen, memory_bytes=memory_bytes), memory_bytes):
        strongest = _strongest([values for _, values in chain])
        for layer, values in chain:
            shown, which, missing = _one_tile(first_picture(values), strongest)
            title = (
                f"{layer.title} ({layer.kind})\n{meanings.brief(layer)}\n"
                f"{shape_words(values.shape)}, {_zeros(values)}\n{which}{_range_words(shown)}"
            )
            names = class_names(card, layer)
            names = _with_values(names, shown) if shown.shape == (1, len(names)) else ()
            tiles.append((layer, Tile(title, shown, names, missing)))
    return tiles


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
    return [layer for layer in layers if not layer.operator.only_moves] or list(layers)


def evenly(layers: Sequence[Layer], most: int) -> list[Layer]:
    """Return at most `most` of the layers, evenly spaced, the first and the last among them."""
    if len(layers) <= most:
        return list(layers)
    places = np.unique(np.linspace(0, len(layers) - 1, most).round().astype(int))
    return [layers[place] for place in places]


def _chains(
    card: ModelCard, layers: Iterator[tuple[Layer, NDArray[Any]]], memory_bytes: int
) -> Iterator[list[tuple[Layer, NDArray[Any]]]]:
    """Yield runs of layers in which a map stays itself, as far as memory lasts, with values for the first picture."""
    nodes = producers(card.proto.graph)
    chain: list[tuple[Layer, NDArray[Any]]] = []
    for layer, values in layers:
        follows = bool(chain) and chain[-1][0].tensor in nodes[layer.tensor].input
        alike = follows and values.ndim > 1 and values.shape[1:2] == chain[-1][1].shape[1:2]
        held = sum(before.nbytes for _, before in chain) + np.atleast_1d(values)[:1].nbytes if alike else 0
        if chain and not (alike and held <= memory_bytes and _keeps_maps(nodes[layer.tensor], values.shape[1])):
            yield chain
            chain = []
        chain.append((layer, first_row(values).copy()))
    if chain:
        yield chain


def _keeps_maps(node: NodeProto, maps: int) -> bool:
    """Say whether a node gives each of its maps from the same map of its input."""
    operator = of_node(node)
    return attribute(node, "group", 1) == maps > 1 if operator.kind == "conv" else operator.keeps_maps


def _strongest(chain: Sequence[NDArray[Any]]) -> int:
    """Return the channel that varies most over the last maps (1, C, h, w) of a run; 0 where there are none.

    The border is left out: what filters see beyond it are zeros, not the picture.
    """
    maps = [values for values in chain if values.ndim == 4 and values.shape[2:] != (1, 1) and values.size]
    if not maps:
        return 0
    finite = np.nan_to_num(maps[-1][0].astype(np.float64), posinf=0, neginf=0)
    if min(finite.shape[1:]) >= _LEAST_WITH_BORDER:
        finite = finite[:, 1:-1, 1:-1]
    return int(finite.std(axis=(1, 2)).argmax())  # (C, h, w) -> (C,)


def _one_tile(values: NDArray[Any], strongest: int) -> tuple[NDArray[Any], str, int]:
    """Return a map (h, w) that stands for the layer, which it is, and how many places at its end hold no number."""
    if values.ndim == 3 and values.shape[1:] != (1, 1) and values.size:
        return values[strongest], f"map {strongest}: ", 0
    if values.ndim == 2:
        return values, "", 0
    row = values.reshape(-1)
    if row.size <= _MOST_NAMED:
        return row[None], "", 0
    side = math.ceil(math.sqrt(row.size))
    side = next((wide for wide in range(side, 2 * side) if row.size % wide == 0), side)  # lines without a rest
    lines = np.zeros(side * math.ceil(row.size / side), row.dtype)
    lines[: row.size] = row
    return lines.reshape(-1, side), f"{side} a line: ", lines.size - row.size


def _with_values(names: Sequence[str], row: NDArray[Any]) -> tuple[str, ...]:
    """Return the classes' names, cut; of few classes with their numbers."""
    short = [shortened(text, _LONGEST_NAME) for text in names]
    if len(short) > MOST_WITH_VALUES:
        return tuple(short)
    return tuple(f"{name}\n{value:+.3g}" for name, value in zip(short, row.reshape(-1), strict=True))


def _zeros(values: NDArray[Any]) -> str:
    return f"{np.mean(first_picture(values) == 0):.0%} zeros" if values.size else "empty"


def _range_words(tile: NDArray[Any]) -> str:
    finite = tile[np.isfinite(tile)]
    return f"{finite.min():.3g} to {finite.max():.3g}" if finite.size else ""

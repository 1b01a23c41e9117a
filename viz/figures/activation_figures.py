"""How chosen layers respond to one picture, as pictures: maps for convolutions, bars for rows of numbers.

    for drawn in draw_activations(card, picture.received, "conv", scale="channel"): ...

A map is bright where its filter responds. Dead: 0 everywhere for this picture, or the same number everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.model.card import ModelCard, card_of
from dlbench.model.layers import Layer, choose, layers_of
from dlbench.model.sessions import Images
from dlbench.show.notebook import Gallery, Progress, notebook_progress
from dlbench.viz.capture.activations import MEMORY_BYTES, each_layer
from dlbench.viz.capture.picture import AnyImages, fed_notes, images_of, opened_images
from dlbench.viz.figures.drawing import Drawn, chart, shortened, text_figure
from dlbench.viz.figures.layer_words import Meanings
from dlbench.viz.figures.tiles import Limits, Scale, limits_of, map_grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_MOST_BARS = 2048
_MOST_DRAWN = 4_000_000  # values of one layer


def draw_activations(
    model: str | PathLike[str] | ModelCard,
    images: AnyImages,
    layers: str = "conv",
    *,
    scale: Scale = "layer",
    memory_bytes: int = MEMORY_BYTES,
    on_progress: Progress | None = None,
) -> Gallery[Drawn]:
    """Draw what each chosen layer gives for the first of these pictures.

    Args:
        model: an ONNX file.
        images: float32 (N, C, H, W) as the model takes them; one array for each input; or a picture's path.
        layers: as of `dlbench.model.layers.choose`.
        scale: the colours span each channel's range, each layer's, or that of all chosen layers (`global`).
        memory_bytes: the layers are computed in groups that need no more than this at once.
        on_progress: called after each layer.

    Raises:
        InputError: no such layer.
        ModelFileError: the model does not take these pictures.
        CheckFailedError: looking changed the model's answer.
    """
    card = card_of(model)
    images = opened_images(card, images)
    arrays, notes = images_of(card, images), fed_notes(card, images)
    chosen = choose(layers_of(card), layers)
    meanings = Meanings(card)
    limits = _global_limits(card, arrays, chosen, memory_bytes) if scale == "global" else None
    pictures: Gallery[Drawn] = Gallery()
    with notebook_progress(f"layers of {card.name}", on_progress) as progress:
        for layer, values in each_layer(card, arrays, chosen, memory_bytes=memory_bytes):
            drawn = draw_layer(layer, values, meanings.of(layer), scale, limits, class_names(card, layer))
            pictures.append(replace(drawn, notes=(*drawn.notes, *notes)))
            if progress:
                progress("layers", len(pictures), len(chosen))
    return pictures


def class_names(card: ModelCard, layer: Layer) -> tuple[str, ...]:
    """Return the labels of the numbers that the layer gives, where it is the one that answers."""
    answers = card.proto.graph.output[0].name == layer.tensor
    return tuple(card.facts.labels) if answers and card.facts else ()


def _global_limits(card: ModelCard, images: Images, chosen: tuple[Layer, ...], memory_bytes: int) -> Limits:
    ends = [limits_of(first_row(values)) for _, values in each_layer(card, images, chosen, memory_bytes=memory_bytes)]
    low, high = min(e.low for e in ends), max(e.high for e in ends)
    return Limits(-max(-low, high), max(-low, high)) if low < 0 else Limits(0, high)


def picture_name(layer: Layer) -> str:
    """Return the stem of the files of a layer's picture."""
    return f"activations-{layer.order:03d}-{layer.title}"


def draw_layer(
    layer: Layer,
    values: NDArray[Any],
    meaning: str,
    scale: Scale = "layer",
    limits: Limits | None = None,
    names: tuple[str, ...] = (),
) -> Drawn:
    """Draw one layer's response to the first picture.

    Maps (N, C, h, w) become tiles, rows (N, C) bars, of which `names` are the names, (N, T, C) one matrix of T rows.
    """
    values = np.atleast_1d(values)  # a single number belongs to no picture
    first = first_picture(values)
    shape = shape_words(values.shape)
    heading = f"{layer.title} ({layer.kind}): {shape}"
    name, title = picture_name(layer), f"{layer.title} ({layer.kind}), {shape}"
    words, arrays = f"{meaning[0].upper()}{meaning[1:]}.", {layer.title: first_row(values)}
    if first.size > _MOST_DRAWN or not first.size or first.ndim > 3:
        why = f"a tensor with {first.ndim} axes is not a picture" if first.size else "it is empty"
        why = "it has too many values" if first.size > _MOST_DRAWN else why
        figure = text_figure(f"not drawn: {why}", 4.2, 1.2, heading)
        return Drawn(name, title, words, figure, arrays, ("the numbers are in the .npz file anyway.",))
    if first.ndim == 3 and first.shape[1:] != (1, 1):
        dead, notes = _dead(first)
        words += dead
        figure = map_grid(first, heading=heading, scale=scale, limits=limits, unit="activation")
        return Drawn(name, title, words, figure, arrays, notes)
    if first.ndim == 2:
        words += " One row for each place, one column for each channel."
        return Drawn(name, title, words, map_grid(first[None], [""], heading=heading, unit="activation"), arrays)
    row = first.reshape(-1)
    words += _zero_words(row)
    return Drawn(name, title, words, _bars(row, heading, names), arrays, _left_out(row))


def first_picture(values: NDArray[Any]) -> NDArray[Any]:
    """Return what a tensor (N, ...) holds of the first picture; of one without rows nothing."""
    return np.asarray(values[0] if values.ndim and len(values) else values.reshape(-1))


def first_row(values: NDArray[Any]) -> NDArray[Any]:
    """Return a tensor (N, ...) of the first picture alone, its first axis kept; one number stays."""
    return values[:1] if values.ndim else values


def shape_words(shape: Sequence[int]) -> str:
    """Return a tensor's shape, the batch first, as what it holds of one picture: `16 maps of 28 x 28`, `64 numbers`."""
    dims = shape[1:]
    if len(dims) == 3 and dims[1:] != (1, 1):
        return f"{dims[0]:,} map{'s' if dims[0] != 1 else ''} of {dims[1]} x {dims[2]}"
    if len(dims) == 1 or (len(dims) == 3 and dims[1:] == (1, 1)):
        return f"{dims[0]:,} number{'s' if dims[0] != 1 else ''}"
    return " x ".join(map(str, dims)) or "one number"


def _dead(maps: NDArray[Any]) -> tuple[str, tuple[str, ...]]:
    flat = maps.reshape(len(maps), -1)
    zero = int(np.count_nonzero(~flat.any(axis=1)))
    bad = int(np.count_nonzero(~np.isfinite(flat).all(axis=1)))
    share = float(np.mean(flat == 0))
    dead = f"{zero} of {len(maps)} maps are dead here (0 everywhere for this picture)" if zero else "no map is dead"
    words = f" {share:.0%} of its values are 0; {dead}." if share else ""  # without a 0, none can be dead
    return words, ((f"{bad} of {len(maps)} maps hold NaN or infinity.",) if bad else ())


def _zero_words(row: NDArray[Any]) -> str:
    zeros = int(np.count_nonzero(row == 0))
    if zeros == 1:
        return f" One of its {row.size:,} numbers is 0."
    return f" {zeros:,} of its {row.size:,} numbers are 0." if zeros else ""


def _left_out(row: NDArray[Any]) -> tuple[str, ...]:
    notes = [f"the first {_MOST_BARS} of {row.size:,} numbers are drawn."] if row.size > _MOST_BARS else []
    bad = int(np.count_nonzero(~np.isfinite(row)))
    return (*notes, f"{bad} of {row.size} numbers are NaN or infinity.") if bad else tuple(notes)


def _bars(row: NDArray[Any], heading: str, names: tuple[str, ...] = ()) -> Figure:
    """Draw numbers as bars: blue below 0, red above; where none is negative, in one colour."""
    shown = np.where(np.isfinite(row), row, 0)[:_MOST_BARS].astype(np.float64)
    with chart(7.4, 2.1, heading) as (figure, axes):
        colours = np.where(shown < 0, "#2166ac", "#b2182b") if (shown < 0).any() else "#31688e"
        axes.bar(np.arange(len(shown)), shown, width=0.9 if len(shown) <= 128 else 1.0, color=colours)
        axes.axhline(0, color="#444444", linewidth=0.6)
        axes.set_xlim(-0.6, len(shown) - 0.4)
        axes.set_xlabel("neuron" if len(shown) > 1 else "the one number")
        axes.set_ylabel("activation")
        if len(names) == len(shown) <= 20:
            axes.set_xticks(range(len(shown)), [shortened(name, 12) for name in names])
            axes.set_xlabel("neuron: one for each class")
        elif len(shown) <= 20:
            axes.set_xticks(range(len(shown)))
    return figure

"""What a filter looks for, without gradients: the pictures of a data set that excite each channel most.

    ranked = top_images(card, images, layer)
    drawn = draw_top_images(ranked, images, places, channels=range(16))

M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, show such patches. A
channel's response is the largest value of its map; the patch is what that place of the map sees (its receptive field).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.card import ModelCard, card_of
from dlbench.model.layers import Layer, choose_one, layers_of
from dlbench.show.notebook import Progress, notebook_progress
from dlbench.viz.capture.activations import view
from dlbench.viz.capture.feeding import fed_batches
from dlbench.viz.capture.receptive_fields import Field, receptive_field
from dlbench.viz.figures.drawing import Drawn, fitted, house_style, new_figure
from dlbench.viz.figures.tiles import inch_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_BATCH = 16
_BEST = 9
_MOST_CHANNELS = 16
_SIDE = 0.66  # of a patch, in inches


@dataclass(frozen=True, repr=False)
class TopImages:
    """The strongest responses of each channel, over a data set."""

    layer: Layer
    channels: int  # in all
    places: NDArray[np.int64]  # (channels, best): which picture, strongest first
    values: NDArray[np.float32]  # (channels, best)
    rows: NDArray[np.int64]  # (channels, best): where in the map
    columns: NDArray[np.int64]
    field: Field | None  # what a place sees; None: the whole picture

    def __repr__(self) -> str:
        return f"<strongest {self.places.shape[1]} pictures for each of {self.channels} channels of {self.layer.title}>"


def top_images(
    model: str | PathLike[str] | ModelCard,
    images: NDArray[np.uint8],
    layer: Layer | str,
    *,
    best: int = _BEST,
    on_progress: Progress | None = None,
) -> TopImages:
    """Find the pictures that each channel of a layer responds to most strongly; at most one place of each picture.

    Args:
        model: an ONNX file.
        images: uint8 (N, C, H, W).
        layer: a layer, or its name, whose tensor is (N, channels, h, w) or (N, channels).
        best: how many for each channel.
        on_progress: called after each batch.

    Raises:
        InputError: the layer gives no channels.
        ModelFileError: the model does not take these pictures.
    """
    card = card_of(model)
    chosen = choose_one(layers_of(card), layer) if isinstance(layer, str) else layer
    with notebook_progress(f"pictures for {chosen.title}", on_progress) as progress:
        return _strongest(card, images, chosen, best, progress)


def _strongest(
    card: ModelCard, images: NDArray[np.uint8], layer: Layer, best: int, on_progress: Progress | None
) -> TopImages:
    viewed = view(card, [layer])
    kept: tuple[NDArray[Any], ...] | None = None
    for start, end, part in fed_batches(card, images, _BATCH):
        maps = viewed.run(part)[layer.tensor]
        if maps.ndim not in (2, 4):
            raise InputError(
                f"{layer.title}: expected a layer that gives N x channels x h x w or N x channels, received "
                f"{' x '.join(map(str, maps.shape))}; choose a convolution or a dense layer."
            )
        flat = np.nan_to_num(maps.reshape(*maps.shape[:2], -1), nan=-np.inf)  # (B, C, h, w) -> (B, C, h x w)
        where = flat.argmax(axis=2)  # (B, C, h x w) -> (B, C)
        strongest = np.take_along_axis(flat, where[..., None], axis=2)[..., 0]
        width = maps.shape[3] if maps.ndim == 4 else 1
        number = np.broadcast_to(np.arange(start, start + len(maps))[:, None], where.shape)
        kept = _best(kept, (strongest.T, number.T, (where // width).T, (where % width).T), best)
        if on_progress:
            on_progress("pictures", end, len(images))
    if kept is None:
        raise InputError("top pictures: expected at least one picture, received none.")
    values, places, rows, columns = kept
    seen = receptive_field(card, layer.tensor) if maps.ndim == 4 else None
    return TopImages(layer, len(values), places, values, rows, columns, seen)


def _best(kept: tuple[NDArray[Any], ...] | None, new: tuple[NDArray[Any], ...], best: int) -> tuple[NDArray[Any], ...]:
    """Join (channels, some) with (channels, more) and keep the `best` by the first array; ties: the earlier picture."""
    joined = new if kept is None else tuple(np.concatenate(pair, axis=1) for pair in zip(kept, new, strict=True))
    order = np.argsort(-joined[0], axis=1, kind="stable")[:, :best]
    return tuple(np.take_along_axis(array, order, axis=1) for array in joined)


def draw_top_images(
    ranked: TopImages, images: NDArray[np.uint8], places: NDArray[np.int64], channels: Sequence[int] | None = None
) -> Drawn:
    """Draw one row for each channel, or the first 16: its patches, with the response above.

    `images` are those that were ranked, and `places` their numbers in the data set.
    """
    chosen = list(range(min(ranked.channels, _MOST_CHANNELS))) if channels is None else list(channels)
    best = ranked.places.shape[1]
    seen = "whole pictures, because each place of this layer sees that much"
    if ranked.field and min(ranked.field.size) < min(images.shape[2:]):
        high, wide = ranked.field.size
        seen = f"patches of {high} x {wide} pixels, all that the channel sees there (grey: outside the picture)"
    words = (
        f"One row for each channel of {ranked.layer.title}: the {best} pictures of {len(images):,} that it responds to "
        f"most strongly, with the response above each; {seen}. What a row has in common is what the filter looks for."
    )
    notes = []
    if len(chosen) < ranked.channels:
        notes.append(f"{len(chosen)} of {ranked.channels} channels shown; name other channels to see them.")
    dead = int((ranked.values[:, 0] <= 0).sum())
    if dead:
        notes.append(f"{dead} of {ranked.channels} channels respond to none of the pictures (dead).")
    figure = _grid(ranked, images, chosen, seen)
    arrays: dict[str, NDArray[Any]] = {
        "picture": np.asarray(places)[ranked.places],
        "value": ranked.values,
        "row": ranked.rows,
        "column": ranked.columns,
    }
    name = f"top-{ranked.layer.order:03d}-{ranked.layer.title}"
    return Drawn(name, f"What {ranked.layer.title} looks for", words, figure, arrays, tuple(notes))


def _grid(ranked: TopImages, images: NDArray[np.uint8], chosen: Sequence[int], seen: str) -> Figure:
    """Draw a row of patches for each channel, in one axes whose unit is the inch, which draws fast."""
    best = ranked.places.shape[1]
    wide, high = _SIDE + 0.06, _SIDE + 0.16
    with house_style():
        width = wide * best + 0.75
        figure = new_figure(width, high * len(chosen) + 0.6)
        axes = inch_axes(figure, width, high * len(chosen))
        for row, channel in enumerate(chosen):
            label = f"channel\n{channel}" + ("\ndead" if ranked.values[channel, 0] <= 0 else "")
            axes.text(0.35, row * high + 0.12 + _SIDE / 2, label, ha="center", va="center", fontsize=7)
            for rank in range(best):
                left, top = 0.7 + rank * wide, row * high + 0.12
                value = f"{ranked.values[channel, rank]:.2g}"
                axes.text(left + _SIDE / 2, top - 0.01, value, ha="center", va="bottom", fontsize=6)
                patch = _patch(ranked, images, channel, rank)
                shown = patch.repeat(3 // patch.shape[2], axis=2)  # (h, w, 1 or 3) -> (h, w, 3)
                box = (left, left + _SIDE, top + _SIDE, top)
                axes.imshow(shown, extent=box, aspect="equal", interpolation="nearest")
        heading = (
            f"{ranked.layer.title} ({ranked.layer.kind}): what each channel responds to most; "
            f"{len(chosen)} of {ranked.channels} channels, of {len(images):,} pictures"
        )
        heading += f"\nabove each: the channel's value there; {seen}"
        figure.suptitle(fitted(heading, width), fontsize=8)
    return figure


def _patch(ranked: TopImages, images: NDArray[np.uint8], channel: int, rank: int) -> NDArray[np.uint8]:
    """Return the patch (h, w, C) that the channel saw, grey outside the picture; the whole where it is unknown."""
    image: NDArray[np.uint8] = images[ranked.places[channel, rank]].transpose(1, 2, 0)  # (C, H, W) -> (H, W, C)
    if ranked.field is None or min(ranked.field.size) >= min(image.shape[:2]):
        return image
    top, bottom, left, right = ranked.field.box(int(ranked.rows[channel, rank]), int(ranked.columns[channel, rank]))
    patch = np.full((bottom - top, right - left, image.shape[2]), 128, np.uint8)
    inner = image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    patch[max(0, -top) : max(0, -top) + inner.shape[0], max(0, -left) : max(0, -left) + inner.shape[1]] = inner
    return patch

"""The picture beside what the network received.

drawn = draw_input(card, open_picture(card, Path("cat.jpg")))
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.model.card import ModelCard, card_of
from dlbench.viz.capture.picture import AnyPicture, opened_picture
from dlbench.viz.figures.drawing import Drawn, fitted, house_style, new_figure
from dlbench.viz.figures.tiles import Limits, draw_tile

if TYPE_CHECKING:
    from matplotlib.axes import Axes


__all__ = ["draw_input"]


def draw_input(model: str | PathLike[str] | ModelCard, picture: AnyPicture) -> Drawn:
    """Draw the picture upright, what the network gets, and, where the file knows mean and deviation, the normalised.

    Args:
        model: an ONNX file.
        picture: its path, or of `open_picture`.
    """
    card = card_of(model)
    picture = opened_picture(card, picture)
    received = picture.received[0]  # (C, h, w)
    channels, height, width = received.shape
    arrays: dict[str, NDArray[Any]] = {"original": picture.original, "received": picture.received}
    facts = card.facts
    mean, std = (facts.mean, facts.std) if facts else ((), ())
    known = len(mean) == len(std) == channels
    if known:
        shape = (channels, 1, 1)
        normal = (received - np.reshape(mean, shape)) / np.reshape(std, shape)
        arrays["normalised"] = normal[None].astype(np.float32)
    with house_style():
        panels = 2 + (channels if known else 0)
        figure = new_figure(1.9 * panels + 0.6, 2.75)
        places = figure.subplots(1, panels, squeeze=False)[0]
        rows, columns = picture.original.shape[:2]
        places[0].imshow(picture.original, interpolation="nearest" if max(rows, columns) < 100 else "antialiased")
        _bare(places[0], f"the picture\n{columns} x {rows} pixels")
        shown = received[0] if channels == 1 else received.transpose(1, 2, 0)  # (C, h, w) -> (h, w, C)
        grey = {"cmap": "gray", "vmin": 0, "vmax": 1} if channels == 1 else {}
        places[1].imshow(shown, interpolation="nearest", **grey)
        low, high = received.min(), received.max()
        _bare(places[1], f"what the network gets\n{channels} x {height} x {width}, {low:.2f} to {high:.2f}")
        if known:
            furthest = float(np.abs(normal).max()) or 1.0
            limits = Limits(-furthest, furthest)
            images = []
            for place, values, name in zip(places[2:], normal, _channel_names(channels), strict=True):
                images.append(draw_tile(place, values, limits))
                place.set_title(
                    f"after (x - mean) / deviation{name}\n{values.min():.2f} to {values.max():.2f}", fontsize=7
                )
            drawn = next((image for image in images if image is not None), None)
            if drawn is not None:
                figure.colorbar(drawn, ax=places[2:].tolist(), fraction=0.04, aspect=20, label="normalised value")
        figure.suptitle(fitted(f"{picture.name} as {card.name} gets it", 1.9 * panels), fontsize=8)
    words = (
        f"On the left the picture, then what the network gets: {channels} x {height} x {width} numbers "
        "(channels x height x width) from 0 (dark) to 1 (bright), "
        f"{'in grey' if channels == 1 else 'red, green and blue'}."
    )
    if known:
        words += (
            " The file itself subtracts the mean of the training pictures and divides by their standard deviation: "
            "blue is darker than that mean, red is brighter."
        )
    return Drawn("input", "What the network gets", words, figure, arrays, picture.notes)


def _channel_names(channels: int) -> tuple[str, ...]:
    return ("",) if channels == 1 else (", red", ", green", ", blue")


def _bare(axes: Axes, title: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=7)

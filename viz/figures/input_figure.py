"""The picture beside what the network received.

drawn = draw_input(card, open_picture(card, Path("cat.jpg")))
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.model.card import ModelCard, card_of
from dlbench.viz.capture.picture import AnyPicture, OpenedPicture, fed_notes, opened_picture
from dlbench.viz.figures.drawing import Drawn, fitted, house_style, new_figure
from dlbench.viz.figures.tiles import Limits, draw_tile

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_AXES = {"C": "channels", "H": "height", "W": "width"}


def draw_input(model: str | PathLike[str] | ModelCard, picture: AnyPicture) -> Drawn:
    """Draw the picture upright, what the network gets, and, where the file knows mean and deviation, the normalised.

    Args:
        model: an ONNX file.
        picture: its path, or of `open_picture`.
    """
    card = card_of(model)
    picture = opened_picture(card, picture)
    received, fed = picture.received[0], picture.fed  # (C, h, w); as the model takes it
    channels = len(received)
    arrays: dict[str, NDArray[Any]] = {"original": picture.original, "received": picture.received}
    if fed is not picture.received:
        arrays["fed"] = fed
    normal, by_file = _normalised(card, picture)
    if normal is not None and by_file:
        arrays["normalised"] = normal[None].astype(np.float32)
    is_lone = picture.feeding is not None and picture.feeding.is_lone
    size = " x ".join(map(str, fed.shape if is_lone else fed.shape[1:]))
    with house_style():
        panels = 2 + (channels if normal is not None else 0)
        figure = new_figure(1.9 * panels + 0.6, 2.75)
        places = figure.subplots(1, panels, squeeze=False)[0]
        rows, columns = picture.original.shape[:2]
        places[0].imshow(picture.original, interpolation="nearest" if max(rows, columns) < 100 else "antialiased")
        _bare(places[0], f"the picture\n{columns} x {rows} pixels")
        shown = received[0] if channels == 1 else received.transpose(1, 2, 0)  # (C, h, w) -> (h, w, C)
        grey = {"cmap": "gray", "vmin": 0, "vmax": 1} if channels == 1 else {}
        places[1].imshow(shown, interpolation="nearest", **grey)
        _bare(places[1], f"what the network gets\n{size}, {_short(fed.min())} to {_short(fed.max())}")
        if normal is not None:
            _draw_normalised(figure, places[2:].tolist(), normal)
        figure.suptitle(fitted(f"{picture.name} as {card.name} gets it", 1.9 * panels), fontsize=8)
    words = _words(picture, size, normal is not None, by_file)
    return Drawn("input", "What the network gets", words, figure, arrays, (*picture.notes, *fed_notes(card, picture)))


def _normalised(card: ModelCard, picture: OpenedPicture) -> tuple[NDArray[Any] | None, bool]:
    """Return the picture after (x - mean) / deviation, (C, h, w), and whether the file itself does that; else None."""
    received, feeding = picture.received[0], picture.feeding
    mean, std = (card.facts.mean, card.facts.std) if card.facts else ((), ())
    if len(mean) == len(std) == len(received):
        shape = (len(received), 1, 1)
        return (received - np.reshape(mean, shape)) / np.reshape(std, shape), True
    if feeding is None or not feeding.subtracts:
        return None, False
    return feeding.values(picture.received)[0].astype(np.float64), False


def _draw_normalised(figure: Figure, places: list[Axes], normal: NDArray[Any]) -> None:
    furthest = float(np.abs(normal).max()) or 1.0
    limits = Limits(-furthest, furthest)
    images = []
    names = ("",) if len(normal) == 1 else (", red", ", green", ", blue")
    for place, values, name in zip(places, normal, names, strict=True):
        images.append(draw_tile(place, values, limits))
        place.set_title(f"after (x - mean) / deviation{name}\n{values.min():.2f} to {values.max():.2f}", fontsize=7)
    drawn = next((image for image in images if image is not None), None)
    if drawn is not None:
        figure.colorbar(drawn, ax=places, fraction=0.04, aspect=20, label="normalised value")


def _words(picture: OpenedPicture, size: str, shows_normalised: bool, by_file: bool) -> str:
    feeding = picture.feeding
    order = " x ".join(_AXES[axis] for axis in (feeding.axes if feeding else "NCHW") if axis != "N")
    colours = "in grey" if picture.received.shape[1] == 1 else "red, green and blue"
    values = "from 0 (dark) to 1 (bright)"
    if feeding and not feeding.is_plain:
        values = "made of pixels from dark to bright"
    words = f"On the left the picture, then what the network gets: {size} numbers ({order}) {values}, {colours}."
    if shows_normalised and by_file:
        words += (
            " The file itself subtracts the mean of the training pictures and divides by their standard deviation: "
            "blue is darker than that mean, red is brighter."
        )
    elif shows_normalised:
        words += " On the right those numbers: blue is below 0, red is above."
    return words


def _short(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, np.floating) else str(value)


def _bare(axes: Axes, title: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, fontsize=7)

"""A picture file as the array that a model file takes, and as it was before.

    picture = open_picture(card, Path("cat.jpg"))
    picture.original        # uint8 (H, W, 3), upright
    picture.received        # float32 (1, C, h, w) in [0, 1]: what the network gets

Prepared as in training: the shorter side to size x 256 / 224, then the centre square; grey for one channel.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.model.card import ModelCard, card_of
from dlbench.model.graphs import real_inputs
from dlbench.model.sessions import Images
from dlbench.model.shapes import stated_dims
from dlbench.picture_files import KNOWN_FORMATS, read_picture, unreadable
from dlbench.viz.capture.feeding import Feeding, PerChannel, feeding_of, normalised

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_LARGEST_SIDE = 1024  # of the original that is kept for showing
_NOTED_SIDE = 10_000
_MOST_VALUES = 100_000_000  # of a picture as a network takes it: 0.4 GB


@dataclass(frozen=True, repr=False)
class OpenedPicture:
    """One picture, as it is and as the network gets it."""

    name: str
    original: NDArray[np.uint8]  # (H, W, 3), upright, at most 1,024 pixels a side
    received: NDArray[np.float32]  # (1, C, h, w) in [0, 1]
    notes: tuple[str, ...] = ()  # what was done to it that a reader must know
    feeding: Feeding | None = field(default=None, repr=False, compare=False)
    truth: str | None = None  # its right label; None: unknown

    @property
    def fed(self) -> NDArray[Any]:
        """What the network gets, in its layout and type, normalised as it wants it."""
        return self.received if self.feeding is None else self.feeding.feed(self.received)

    @property
    def fed_note(self) -> str:
        """What was fed, in words."""
        return f"fed: {self.feeding.words}" if self.feeding is not None else ""

    def __repr__(self) -> str:
        sizes = " x ".join(map(str, self.received.shape[1:]))
        return f"<picture {self.name}: the network gets {sizes}>"


def input_shape(card: ModelCard) -> tuple[str, int, int, int]:
    """Return the picture input's name, channels, height and width.

    Raises:
        InputError: the model takes no picture: N x C x H x W, N x H x W x C, or one without N or without C.
    """
    known = picture_feeding(card)
    return known.name, known.channels, known.height, known.width


def picture_feeding(card: ModelCard) -> Feeding:
    """Return how pictures are fed to the model; raises as `input_shape` does."""
    known = feeding_of(card)
    if known is not None:
        if known.channels * known.height * known.width > _MOST_VALUES:
            raise InputError(
                f"{card.name} takes pictures that are too large: expected at most {_MOST_VALUES:,} numbers, received "
                f"{known.channels} x {known.height:,} x {known.width:,}; check the file."
            )
        return known
    received = "; ".join(
        f"{value.name}: {' x '.join(str(size or '?') for size in stated_dims(value))}"
        for value in real_inputs(card.proto.graph)
    )
    raise InputError(
        f"{card.name} takes no picture: expected an input N x C x H x W or N x H x W x C with 1 or 3 channels "
        f"(or one without N), received {received or 'none'}; from Python, dlbench.viz.activations takes any arrays."
    )


AnyPicture: TypeAlias = str | PathLike[str] | OpenedPicture  # a picture's path, or the picture opened
AnyImages: TypeAlias = AnyPicture | Images  # or arrays as the model takes them


def images_of(card: ModelCard, images: AnyImages) -> Images:
    """Return arrays as they are; of a picture, or a picture's path, what the network gets."""
    return images if isinstance(images, np.ndarray | Mapping) else opened_picture(card, images).fed


def fed_notes(card: ModelCard, images: AnyImages) -> tuple[str, ...]:
    """Return what a foreign model was fed with, in words: a line where it is a picture; its own files say it alone."""
    return (images.fed_note,) if isinstance(images, OpenedPicture) and card.facts is None and images.feeding else ()


def opened_images(card: ModelCard, images: AnyImages) -> OpenedPicture | Images:
    """Return arrays as they are, and a picture opened."""
    return images if isinstance(images, np.ndarray | Mapping) else opened_picture(card, images)


def opened_picture(card: ModelCard, picture: AnyPicture) -> OpenedPicture:
    """Return the picture itself, or open it where its path is given."""
    return picture if isinstance(picture, OpenedPicture) else open_picture(card, picture)


def open_picture(
    model: str | PathLike[str] | ModelCard,
    path: str | PathLike[str],
    *,
    normalise: str | None = None,
    mean: PerChannel = None,
    std: PerChannel = None,
) -> OpenedPicture:
    """Read a picture for this model.

    Args:
        model: an ONNX file.
        path: the picture.
        normalise: for a foreign file: imagenet or none; remembered for the file.
        mean: in place of a name: one number, or one for each channel.
        std: as many.

    Raises:
        InputError: not a picture, or the model takes none.
    """
    if not isinstance(path, (str, PathLike)):
        raise InputError(f"expected the file of a picture, received {type(path).__name__}; save it as PNG first.")
    card, path = card_of(model), Path(path)
    card = normalised(card, Workspace.at(None), normalise, mean, std)
    input_shape(card)  # refuse a model that takes no picture before reading the picture
    try:
        with warnings.catch_warnings(action="ignore"):  # of damaged EXIF and the like: the notes say what matters
            read = read_picture(path, 2 * _LARGEST_SIDE)
    except Exception as error:  # Pillow's decoders raise any class for a hostile file
        raise InputError(
            f"{path} can't be read as a picture: expected {KNOWN_FORMATS}, received {unreadable(error, path)}; "
            "check the file."
        ) from error
    notes = []
    if max(read.stored) > _NOTED_SIDE:
        width, height = read.upright
        notes.append(f"{path.name} has {width:,} x {height:,} pixels and was scaled down")
    if read.frames:
        notes.append(f"the first of the frames or pages of {path.name}")
    if read.transparent:
        notes.append("its transparent parts are filled with white")
    read.pixels.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    return _prepared(card, path.name, read.pixels, tuple(notes))


def picture_of_array(
    model: str | PathLike[str] | ModelCard,
    name: str,
    image: NDArray[np.uint8],
    notes: tuple[str, ...] = (),
    truth: str | None = None,
) -> OpenedPicture:
    """Return the picture of a data set's image for this model, prepared as a file is.

    Args:
        model: an ONNX file.
        name: what the picture is called.
        image: uint8 (C, H, W), C = 1 (grey) or 3 (RGB).
        notes: what a reader must know of it.
        truth: its right label; None: unknown.

    Raises:
        InputError: the model takes no picture.
    """
    from PIL import Image

    shown = np.ascontiguousarray(image.transpose(1, 2, 0).repeat(3 // len(image), axis=2))  # (C, H, W) -> (H, W, 3)
    return replace(_prepared(card_of(model), name, Image.fromarray(shown), notes), truth=truth)


def _prepared(card: ModelCard, name: str, shown: Picture, notes: tuple[str, ...]) -> OpenedPicture:
    feeding = picture_feeding(card)
    channels, height, width = feeding.channels, feeding.height, feeding.width
    small, kept = _centre(shown, height, width)
    pixels = np.asarray(shown)
    if channels == 1 and (pixels != pixels[..., :1]).any():
        notes = (*notes, f"its colours were turned to grey: {card.name} takes one channel")
    wide, high = min(1.0, kept[0] / shown.width), min(1.0, kept[1] / shown.height)
    if min(wide, high) < 1:
        notes = (*notes, f"the network gets its middle: {wide:.0%} of its width and {high:.0%} of its height")
    values = np.asarray(small.convert("L") if channels == 1 else small, np.float32) / 255
    received = values[None, None] if channels == 1 else values.transpose(2, 0, 1)[None]  # (h, w[, 3]) -> (1, C, h, w)
    return OpenedPicture(name, pixels, np.ascontiguousarray(received), notes, feeding)


def _centre(picture: Picture, height: int, width: int) -> tuple[Picture, tuple[float, float]]:
    """Return the centre at (height, width), and how much of the picture it is: pixels of its width and height.

    The shorter side is scaled to 256 / 224 of it as in training; digits stay whole.
    """
    from PIL import Image

    if picture.size == (width, height):
        return picture, picture.size
    margin = 1.0 if min(height, width) < 64 else 256 / 224
    scale = max(width / picture.width, height / picture.height) * margin
    half_w, half_h = width / scale / 2, height / scale / 2
    x, y = picture.width / 2, picture.height / 2
    box = (x - half_w, y - half_h, x + half_w, y + half_h)
    small = picture.resize((width, height), Image.Resampling.BILINEAR, box=box)
    return small, (2 * half_w, 2 * half_h)

"""Pictures of any size and format to one uint8 array of equal squares.

    images, problems = decode(paths, size=224)
    facts = file_facts(paths)           # their formats and sizes, from the headers

As torchvision prepares pictures for its ImageNet weights: shorter side to size * 256 / 224, then the
centre square. JPEG files are decoded at a reduced scale where that loses nothing (Pillow's draft mode).
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError, one_line
from dlbench.system import usable_cores
from dlbench.train.progress import OnProgress, Ticker

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = ["PICTURE_SUFFIXES", "FileFacts", "decode", "file_facts", "load_picture"]

PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_MAX_PIXELS = 100_000_000  # a larger picture is a decompression bomb or a mistake
_MEMORY_SHARE = 0.5  # of what is available may hold the pictures


def decode(
    paths: Sequence[Path], size: int, on_progress: OnProgress = None
) -> tuple[NDArray[np.uint8], dict[int, str]]:
    """Return all pictures, (N, 3, size, size), and index -> reason for those that can't be read.

    The rows of unreadable pictures are zero; the caller leaves them out.

    Raises:
        DataError: they would not fit in memory.
    """
    _expect_room(len(paths) * 3 * size * size, len(paths))
    images = np.zeros((len(paths), 3, size, size), np.uint8)
    problems: dict[int, str] = {}
    ticker = Ticker("reading pictures", len(paths), on_progress)

    def read(index: int) -> str | None:
        try:
            images[index] = load_picture(paths[index], size).transpose(2, 0, 1)  # (H, W, C) -> (C, H, W)
        except Exception as error:  # noqa: BLE001 - Pillow's decoders raise any class for a hostile file
            return one_line(error, 80).replace(str(paths[index]), paths[index].name)
        return None

    # Pillow decodes without holding Python's lock, so threads use all cores
    with warnings.catch_warnings(), ThreadPoolExecutor(usable_cores()) as pool:
        warnings.simplefilter("ignore")  # damaged EXIF and the like; what can't be read is told below
        for index, problem in enumerate(pool.map(read, range(len(paths)))):
            ticker.tick()
            if problem is not None:
                problems[index] = problem
    return images, problems


@dataclass(frozen=True)
class FileFacts:
    """What the headers of picture files say."""

    kinds: dict[str, int]  # "JPEG RGB" -> files, the most frequent first
    smallest: tuple[int, int]  # width and height in pixels, of the file with the fewest
    largest: tuple[int, int]
    sizes: int  # how many different ones
    turned: int  # files that an EXIF tag turns or mirrors


def file_facts(paths: Sequence[Path]) -> FileFacts | None:
    """Return formats, modes and sizes of readable pictures; None where there are none."""
    kinds: Counter[str] = Counter()
    sizes: Counter[tuple[int, int]] = Counter()
    turned = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged EXIF and the like
        for path in paths:
            kind, size, is_turned = _header(path)
            kinds[kind] += 1
            sizes[size] += 1
            turned += is_turned
    if not sizes:
        return None
    by_area = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    return FileFacts(dict(kinds.most_common()), by_area[0], by_area[-1], len(sizes), turned)


def _header(path: Path) -> tuple[str, tuple[int, int], bool]:
    from PIL import Image
    from PIL.ExifTags import Base

    with Image.open(path, formats=_FORMATS) as picture:
        try:
            is_turned = picture.getexif().get(Base.Orientation, 1) in range(2, 9)
        except Exception:  # noqa: BLE001 - Pillow raises any class for damaged EXIF, with which the picture is upright
            is_turned = False
        return f"{picture.format} {picture.mode}", picture.size, is_turned


def load_picture(path: Path, size: int) -> NDArray[np.uint8]:
    """Return one picture as RGB, upright by its EXIF tag, scaled and cropped to (size, size, 3).

    Raises:
        Exception: of many classes, when the file is damaged, cut off or too large.
    """
    from PIL import Image, ImageOps

    shorter = round(size * 256 / 224)
    with Image.open(path, formats=_FORMATS) as picture:
        if picture.width * picture.height > _MAX_PIXELS:
            raise ValueError(f"too large: {picture.width} x {picture.height} pixels")
        picture.draft("RGB", (shorter, shorter))
        upright: Picture = ImageOps.exif_transpose(_rgb(picture))
        # Only the centre is scaled: a picture of 1 x 100,000 pixels would grow to gigabytes if all of it were.
        half = min(upright.size) * size / shorter / 2
        x, y = upright.width / 2, upright.height / 2
        centre = (x - half, y - half, x + half, y + half)
        return np.asarray(upright.resize((size, size), Image.Resampling.BILINEAR, box=centre))


def _rgb(picture: Picture) -> Picture:
    """Return any mode as RGB: 16-bit scaled to 8, transparent parts on white."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        # Pillow's own conversion clips everything above 255 to white
        converted = Image.fromarray(_eight_bits(np.asarray(picture, np.float64), picture.mode)).convert("RGB")
    elif picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        alpha = picture.convert("RGBA")
        converted = Image.alpha_composite(Image.new("RGBA", alpha.size, "white"), alpha).convert("RGB")
    else:
        converted = picture.convert("RGB")
    converted.info["exif"] = picture.info.get("exif", b"")
    return converted


def _eight_bits(values: NDArray[np.float64], mode: str) -> NDArray[np.uint8]:
    """Bring grey values of 16 bits, or of a mode that does not say how many, to 0 to 255."""
    largest = float(np.nanmax(values, initial=0))
    # "I" and "F" hold 8 bits, 16 bits or shares of 1, whichever the program that wrote the file liked
    full = 65535.0 if mode.startswith("I;16") or largest > 255 else 1.0 if mode == "F" and largest <= 1 else 255.0
    return np.clip(np.nan_to_num(values) * (255 / full), 0, 255).round().astype(np.uint8)


def _expect_room(needed_bytes: int, count: int) -> None:
    import psutil

    room = int(psutil.virtual_memory().available * _MEMORY_SHARE)
    if needed_bytes > room:
        raise DataError(
            f"{count:,} pictures need {needed_bytes / 1e9:.1f} GB of memory: expected at most {room / 1e9:.1f} GB, "
            "half of what is free; use fewer pictures."
        )

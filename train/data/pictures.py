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

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError
from dlbench.picture_files import header_of, read_picture, unreadable
from dlbench.system import usable_cores
from dlbench.train.progress import OnProgress, Ticker

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
            return unreadable(error, paths[index], 80)
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
            kind, size, is_turned = header_of(path)
            kinds[kind] += 1
            sizes[size] += 1
            turned += is_turned
    if not sizes:
        return None
    by_area = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    return FileFacts(dict(kinds.most_common()), by_area[0], by_area[-1], len(sizes), turned)


def load_picture(path: Path, size: int) -> NDArray[np.uint8]:
    """Return one picture as RGB, upright by its EXIF tag, scaled and cropped to (size, size, 3).

    Raises:
        Exception: of many classes, when the file is damaged, cut off or too large.
    """
    from PIL.Image import Resampling

    shorter = round(size * 256 / 224)
    upright = read_picture(path, shorter).pixels
    # Only the centre is scaled: a picture of 1 x 100,000 pixels would grow to gigabytes if all of it were.
    half = min(upright.size) * size / shorter / 2
    x, y = upright.width / 2, upright.height / 2
    centre = (x - half, y - half, x + half, y + half)
    return np.asarray(upright.resize((size, size), Resampling.BILINEAR, box=centre))


def _expect_room(needed_bytes: int, count: int) -> None:
    import psutil

    room = int(psutil.virtual_memory().available * _MEMORY_SHARE)
    if needed_bytes > room:
        raise DataError(
            f"{count:,} pictures need {needed_bytes / 1e9:.1f} GB of memory: expected at most {room / 1e9:.1f} GB, "
            "half of what is free; use fewer pictures."
        )

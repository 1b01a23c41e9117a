"""Photos without the internet: pieces of the two that scikit-learn ships, a temple in China and a flower.

    pieces = photo_sample(size=224)     # 120 pictures of 2 classes

Few and easy, a stand-in where there is no folder of photos: enough to see transfer learning work. The photos are
CC BY 2.0 (README.txt beside them).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError, MissingExtraError
from dlbench.train.data.dataset import Dataset, stratified_split

_FILES = {"temple": "china.jpg", "flower": "flower.jpg"}
_SIDE = 64  # of a piece, in pixels of the photo; pieces do not overlap, or test pictures would be known from training


def photo_sample(size: int = 224) -> Dataset:
    """Return the pieces of both photos, scaled to `size` pixels, split 72 / 24 / 24.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        DataError: its photos are not what they should be.
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            'the sample photos need scikit-learn, which is not installed; install it with: pip install "dlbench[train]"'
        )
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "images"
    pieces = [_pieces(folder / name, size) for name in _FILES.values()]
    images = np.concatenate(pieces)  # (N, 3, size, size)
    labels = np.repeat(np.arange(len(pieces)), list(map(len, pieces))).astype(np.int64)
    split = stratified_split(labels, test_share=0.2, validation_share=0.2)
    note = "120 pieces of the two photos that scikit-learn ships, a temple and a flower"
    return Dataset("sample-photos", images, labels, tuple(_FILES), split, kind="pictures", note=note)


def _pieces(path: Path, size: int) -> NDArray[np.uint8]:
    """Cut a photo into squares that do not overlap -> (pieces, 3, size, size)."""
    from PIL import Image

    try:
        with Image.open(path) as photo:
            width, height = photo.size
            if (width, height) != (640, 427):
                raise OSError(f"{width} x {height} pixels")
            corners = [(x, y) for y in range(0, height - _SIDE + 1, _SIDE) for x in range(0, width - _SIDE + 1, _SIDE)]
            squares = [photo.convert("RGB").crop((x, y, x + _SIDE, y + _SIDE)) for x, y in corners]
    except OSError as error:
        raise DataError(
            f"{path} is not the photo that scikit-learn ships: expected 640 x 427 pixels, received {error}; install "
            "scikit-learn again."
        ) from error
    scaled = [np.asarray(square.resize((size, size), Image.Resampling.BICUBIC)) for square in squares]
    return np.stack(scaled).transpose(0, 3, 1, 2).copy()  # (N, H, W, 3) -> (N, 3, H, W)

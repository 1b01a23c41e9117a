"""What every relevance method returns, what hides a part of a picture, and how a coarse grid becomes pixels.

colour, words = hiding_colour(image)                # (C, 1, 1), "the picture's mean colour"
enlarged(grid, (224, 224))                          # (..., 7, 7) -> (..., 224, 224), nearest neighbour
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError

HIDING = ("auto", "mean", "black", "white")


@dataclass(frozen=True)
class Maps:
    """Maps of some classes by one method."""

    values: NDArray[np.float32]  # (T, h, w): one for each class, of the input's size
    settings: str  # in words: patch, stride, masks, seed, layer
    unit: str  # of a value
    grain: int  # side in pixels of the smallest area that the method tells apart
    signed: bool = True
    grid: NDArray[np.float32] | None = None  # (T, gh, gw), where the values are an enlarged grid
    class_specific: bool = True
    notes: tuple[str, ...] = ()

    @classmethod
    def of_grid(cls, grid: NDArray[Any], image: NDArray[np.float32], settings: str, unit: str, **facts: Any) -> Maps:
        """Return the maps of a coarse grid (T, gh, gw), enlarged to the size of the picture (1, C, h, w)."""
        size = (image.shape[2], image.shape[3])
        grid = grid.astype(np.float32)
        return cls(enlarged(grid, size), settings, unit, max(1, min(size) // min(grid.shape[1:])), grid=grid, **facts)


def hiding_colour(image: NDArray[np.float32], how: str = "auto") -> tuple[NDArray[np.float32], str]:
    """Return what stands in place of what is hidden, (C, 1, 1), and its name.

    Args:
        image: (1, C, h, w).
        how: mean (of each channel of this picture), black, white, or auto: black for one channel, as round a digit,
            else mean.

    Raises:
        InputError: another word.
    """
    if how not in HIDING:
        raise InputError(f"what hides a part of the picture: expected {', '.join(HIDING)}, received {how!r}.")
    channels = image.shape[1]
    if how == "auto":
        how = "black" if channels == 1 else "mean"
    if how == "mean":
        mean: NDArray[np.float32] = image[0].mean(axis=(1, 2), keepdims=True)  # (C, h, w) -> (C, 1, 1)
        return mean, "the picture's mean colour"
    return np.full((channels, 1, 1), how == "white", np.float32), how


def enlarged(grid: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    """Return a grid at the picture's size, in nearest neighbour: a square is a value; (..., gh, gw) -> (..., h, w)."""
    rows, columns = (((np.arange(n) + 0.5) * g / n).astype(int) for n, g in zip(size, grid.shape[-2:], strict=True))
    return grid[..., rows[:, None], columns]


def smoothed(grid: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a grid at another size, bilinear between the middles of its squares: (..., gh, gw) -> (..., h, w).

    Sums of two neighbours and no matrix product: on few cores the threads of BLAS and of ONNX Runtime, taking turns,
    wait for each other longer than the product takes.
    """
    top, bottom, down = _neighbours(size[0], grid.shape[-2])
    rows = grid[..., top, :] * (1 - down[:, None]) + grid[..., bottom, :] * down[:, None]  # (..., h, gw)
    left, right, across = _neighbours(size[1], grid.shape[-1])
    return np.asarray(rows[..., left] * (1 - across) + rows[..., right] * across, np.float32)


def _neighbours(size: int, cells: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return for each pixel the cell before it, the one behind it, and how far it is on the way, in [0, 1)."""
    places = np.clip((np.arange(size) + 0.5) * cells / size - 0.5, 0, cells - 1)
    before = places.astype(np.int64)
    return before, np.minimum(before + 1, cells - 1), (places - before).astype(np.float32)

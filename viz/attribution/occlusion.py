"""Occlusion: hide one square after the other and see how far the logit falls.

    maps = occlusion(scorer, received, [cat, dog], patch=32, stride=16)
    maps.values[0]                              # positive where hiding lowers the logit of cat

A pixel's value is the mean fall over all squares that cover it. Every class comes from the same runs.

Reference: M. D. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlbench.errors import InputError
from dlbench.show.notebook import Progress
from dlbench.viz.attribution.logits import Pictures, Scorer
from dlbench.viz.attribution.relevance_maps import Maps, hiding_colour

_FINE = 64  # pixels: below this side a run is cheap enough for every position


def occlusion(
    scorer: Scorer,
    image: Pictures,
    targets: Sequence[int],
    *,
    patch: int | None = None,
    stride: int | None = None,
    hide: str = "auto",
    on_progress: Progress | None = None,
) -> Maps:
    """Return how far each class's logit falls when a pixel is hidden.

    Args:
        scorer: the model.
        image: (1, C, h, w).
        targets: classes.
        patch: side of the hidden square in pixels; None: a seventh of the shorter side (32 of 224, 4 of 28).
        stride: pixels from one square to the next; None: half the patch, and 1 below 64 pixels.
        hide: what is put there, see `hiding_colour`.
        on_progress: called after each batch.

    Raises:
        InputError: a patch larger than the picture, a stride of 0, or one that leaves pixels uncovered.
    """
    height, width = image.shape[2:]
    patch = max(1, min(height, width) // 7) if patch is None else patch
    default = 1 if min(height, width) < _FINE else max(1, patch // 2)
    stride = min(default, max(1, patch)) if stride is None else stride
    _expect_possible(patch, stride, (height, width))
    places = corners((height, width), patch, stride)
    colour, words = hiding_colour(image, hide)

    def hidden(start: int, stop: int) -> Pictures:
        pictures = np.repeat(image, stop - start, axis=0)  # (1, C, h, w) -> (n, C, h, w)
        for picture, (top, left) in zip(pictures, places[start:stop], strict=True):
            picture[:, top : top + patch, left : left + patch] = colour
        return pictures

    whole = scorer.logits(image)[:, targets]  # (1, T)
    falls = whole - scorer.each(len(places), hidden, "occlusion", on_progress)[:, targets]  # (P, T)
    total, count = np.zeros((len(targets), height, width)), np.zeros((height, width))
    for fall, (top, left) in zip(falls, places, strict=True):
        total[:, top : top + patch, left : left + patch] += fall[:, None, None]
        count[top : top + patch, left : left + patch] += 1
    return Maps(
        (total / count).astype(np.float32),
        f"squares of {patch} x {patch} pixels, stride {stride}, {len(places):,} positions, hidden under {words}; a "
        "pixel has the mean of all squares over it",
        f"fall of the {scorer.unit} when hidden",
        grain=patch,
    )


def corners(size: tuple[int, int], patch: int, stride: int) -> list[tuple[int, int]]:
    """Return (top, left) of every square; the last of a row or column lies flush with the edge."""
    tops, lefts = ([*range(0, side - patch, stride), side - patch] for side in size)
    return [(top, left) for top in tops for left in lefts]


def _expect_possible(patch: int, stride: int, size: tuple[int, int]) -> None:
    height, width = size
    if not 1 <= patch <= min(size):
        raise InputError(
            f"patch: expected 1 to {min(size)} pixels for a picture of {height} x {width}, received {patch}."
        )
    if not 1 <= stride <= patch:
        raise InputError(
            f"stride: expected 1 to the patch's {patch} pixels, so that every pixel is hidden at least once, received "
            f"{stride}."
        )

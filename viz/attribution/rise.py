"""RISE: show the picture through many random masks; what was visible when the logit was high is relevant.

    maps = rise(scorer, received, [cat, dog], masks=500, seed=0)

A pixel's value is the mean logit with that pixel shown less the mean with it hidden, masks weighted by how far they
show it. The paper takes the first mean alone, of a probability; of a logit it would carry the logit's own level, and
the noise of how often each pixel was shown.

Reference: V. Petsiuk, A. Das and K. Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models",
BMVC 2018: small grids of 0 and 1, enlarged bilinearly and shifted by a random part of a cell.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.show.notebook import Progress
from dlbench.viz.attribution.logits import Pictures, Scorer
from dlbench.viz.attribution.relevance_maps import Maps, hiding_colour, smoothed

CELLS = 7  # a side of the small grid, as in the paper
_SHOWN = 0.5  # the chance of a cell
_MOST = 100_000
_FINE = 64


def rise(
    scorer: Scorer,
    image: Pictures,
    targets: Sequence[int],
    *,
    masks: int | None = None,
    seed: int = 0,
    hide: str = "auto",
    on_progress: Progress | None = None,
) -> Maps:
    """Return how much higher each class's logit is with a pixel shown than with it hidden.

    Args:
        scorer: the model.
        image: (1, C, h, w).
        targets: classes.
        masks: how many; None: 500, and 1,000 below 64 pixels. The paper takes 4,000 to 8,000: more are less noisy.
        seed: of the masks.
        hide: what is put where a mask hides, see `hiding_colour`.
        on_progress: called after each batch.

    Raises:
        InputError: fewer than 2 masks or more than 100,000.
    """
    height, width = image.shape[2:]
    masks = (1000 if min(height, width) < _FINE else 500) if masks is None else masks
    if not 2 <= masks <= _MOST:
        raise InputError(f"masks: expected 2 to {_MOST:,}, received {masks:,}.")
    colour, words = hiding_colour(image, hide)
    shown, hidden = np.zeros((2, len(targets), height, width))
    seen = np.zeros((height, width))
    for start in range(0, masks, scorer.at_once):
        stop = min(masks, start + scorer.at_once)
        some = rise_masks(range(start, stop), (height, width), seed)  # (n, h, w)
        logits = scorer.logits((colour + some[:, None] * (image - colour)).astype(np.float32))[:, targets]  # (n, T)
        shown += np.einsum("nt,nhw->thw", logits, some)  # no matrix product, see `smoothed`
        hidden += np.einsum("nt,nhw->thw", logits, 1 - some)
        seen += some.sum(axis=0)
        if on_progress:
            on_progress("RISE", stop, masks)
    few = 1e-6 * masks  # a pixel that was always shown or always hidden says nothing
    values = np.where((seen > few) & (masks - seen > few), shown / np.maximum(seen, few), 0)
    values -= np.where((seen > few) & (masks - seen > few), hidden / np.maximum(masks - seen, few), 0)
    return Maps(
        values.astype(np.float32),
        f"{masks:,} random masks of {CELLS} x {CELLS} cells, half of them shown, seed {seed}, hidden under {words}",
        f"{scorer.unit} with the pixel shown less hidden",
        grain=max(1, min(height, width) // CELLS),
    )


def rise_masks(numbers: range, size: tuple[int, int], seed: int) -> NDArray[np.float32]:
    """Return masks in [0, 1], (n, h, w); each depends on its number and the seed alone."""
    made = np.empty((len(numbers), *size), np.float32)
    cells = [-(-side // CELLS) for side in size]
    for mask, number in zip(made, numbers, strict=True):
        rng = np.random.default_rng((seed, number))
        grid = (rng.random((CELLS + 1, CELLS + 1)) < _SHOWN).astype(np.float32)
        large = smoothed(grid, ((CELLS + 1) * cells[0], (CELLS + 1) * cells[1]))
        top, left = (int(rng.integers(cell)) for cell in cells)
        mask[:] = large[top : top + size[0], left : left + size[1]]
    return made

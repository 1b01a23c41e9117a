"""The deletion curve: how fast the score falls as the most relevant pixels go; beside it, pixels in random order.

    curves = deletion(scorer, received, maps.values, [cat, dog], grain=32)
    curves[0].area, curves[0].random_area       # a smaller area than by chance: the map found what matters

Reference: V. Petsiuk, A. Das and K. Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models",
BMVC 2018, section 4.2. The random order is dlbench's addition: a network may fall as fast for any missing pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.show.notebook import Progress
from dlbench.viz.attribution.logits import Pictures, Scorer
from dlbench.viz.attribution.relevance_maps import enlarged, hiding_colour

_ORDERS = 5
_SLIGHT = 1e-6


@dataclass(frozen=True)
class Deletion:
    """The score of one class as pixels go."""

    shares: NDArray[np.float64]  # of the pixels that are gone, (S + 1,), from 0 to 1
    scores: NDArray[np.float64]  # (S + 1,), the most relevant first
    random: NDArray[np.float64]  # (R, S + 1), R random orders
    unit: str  # of the scores: probability, or number
    words: str  # how it was done

    @property
    def area(self) -> float:
        """Area under the curve, by the trapezoid rule."""
        return float(np.trapezoid(self.scores, self.shares))

    @property
    def random_areas(self) -> NDArray[np.float64]:
        """Area under each random order's curve, (R,)."""
        return np.asarray(np.trapezoid(self.random, self.shares, axis=1))

    @property
    def random_area(self) -> float:
        """Mean of the random orders' areas."""
        return float(self.random_areas.mean())

    @property
    def passed(self) -> bool | None:
        """Say whether the area is smaller than with every random order; None where the score does not move at all."""
        if np.ptp(self.scores) < _SLIGHT and np.ptp(self.random) < _SLIGHT:
            return None
        return bool(self.area < self.random_areas.min())

    def verdict(self) -> str:
        """Say in words whether the map is better than chance."""
        areas = self.random_areas
        areas_text = (
            f"area {self.area:.3g}, in random order {self.random_area:.3g} ({areas.min():.3g} to {areas.max():.3g})"
        )
        if self.passed is None:
            return f"{areas_text}: the score does not move, so the curve says nothing"
        if self.passed:
            return f"{areas_text}: below every random order, so the map finds what matters"
        if self.area <= areas.max():
            return f"{areas_text}: among the random orders, so no better than chance"
        return f"{areas_text}: above every random order, so worse than chance"


def deletion(
    scorer: Scorer,
    image: Pictures,
    maps: NDArray[np.float32],
    targets: Sequence[int],
    *,
    grain: int = 1,
    steps: int = 20,
    orders: int = _ORDERS,
    seed: int = 0,
    hide: str = "auto",
    on_progress: Progress | None = None,
) -> list[Deletion]:
    """Return the curve of each class.

    Args:
        scorer: the model.
        image: (1, C, h, w).
        maps: (T, h, w), one for each class.
        targets: T classes.
        grain: side of the squares in the random orders, as large as the map's own: single pixels taken out at random
            disturb a network more than a hole of the same size.
        steps: points of the curve, without the whole picture.
        orders: random orders, the same for all classes.
        seed: of the random orders.
        hide: what is put in place of pixels, see `hiding_colour`.
        on_progress: called after each batch.

    Raises:
        InputError: fewer than 1 step.
    """
    if not 1 <= steps <= 1000:
        raise InputError(f"steps of the deletion curve: expected 1 to 1,000, received {steps}.")
    size = (image.shape[2], image.shape[3])
    rng = np.random.default_rng(seed)
    grid = (orders, *(-(-side // grain) for side in size))
    ranked = [np.argsort(-values, axis=None, kind="stable") for values in (*maps, *enlarged(rng.random(grid), size))]
    colour, words = hiding_colour(image, hide)

    def partly(start: int, stop: int) -> Pictures:
        chosen = [(ranked[i // (steps + 1)], (i % (steps + 1)) / steps) for i in range(start, stop)]
        return np.concatenate([without_first(image, order, share, colour) for order, share in chosen])

    logits = scorer.each(len(ranked) * (steps + 1), partly, "deletion curve", on_progress)
    scores = scorer.shares(logits).reshape(len(ranked), steps + 1, -1)  # (T + R, S + 1, classes)
    shares = np.linspace(0, 1, steps + 1)
    how = f"{steps} steps to {words}; random order: mean of {orders}, squares of {grain} pixels, seed {seed}"
    unit = "number" if scorer.problem == "regression" else "probability"
    return [
        Deletion(shares, scores[place, :, target], scores[len(maps) :, :, target], unit, how)
        for place, target in enumerate(targets)
    ]


def without_first(
    image: Pictures, order: NDArray[np.int64], share: float, colour: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the picture (1, C, h, w) without this share of its pixels, those that come first in `order` (h x w,)."""
    left = image.copy()
    gone = order[: round(share * len(order))]
    left.reshape(1, image.shape[1], -1)[:, :, gone] = colour.reshape(1, -1, 1)  # (1, C, h x w)
    return left

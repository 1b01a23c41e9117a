"""Ablation-CAM: put each channel of a layer to 0, and weigh the channel by how far the logit falls.

    maps = ablation_cam(scorer, received, [cat, dog], layer=None)

The graph is cut behind the layer and its tail fed, so that a channel costs the tail alone. Two things differ from the
paper: it divides the fall by the logit, which is only a scale but turns the sign where the logit is negative; and it
keeps the positive part of the sum alone, so that a class with a negative logit would get an empty map.

Reference: S. Desai and H. G. Ramaswamy, "Ablation-CAM: Visual Explanations for Deep Convolutional Network via
Gradient-free Localization", WACV 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlbench.show.notebook import Progress
from dlbench.viz.attribution.channel_layer import after, chosen_maps, strongest
from dlbench.viz.attribution.logits import Pictures, Scorer, expect_finite
from dlbench.viz.attribution.relevance_maps import Maps
from dlbench.viz.capture.subgraph import tail_after

_CHANNELS = 2048
_BATCH_BYTES = 16 << 20  # of maps in one run of the tail


def ablation_cam(
    scorer: Scorer,
    image: Pictures,
    targets: Sequence[int],
    *,
    layer: str | None = None,
    channels: int | None = None,
    on_progress: Progress | None = None,
) -> Maps:
    """Return the weighted sum of a layer's maps for each class, positive where it speaks for the class.

    Everything must go through the layer (see `chosen_maps`); of more than 2,048 channels, or `channels`, those with
    most energy count.

    Raises:
        InputError: no such layer, one without places, or one with a way round it.
    """
    chosen, maps = chosen_maps(scorer, image, layer)
    tail = tail_after(scorer.card, chosen)
    places, counted = strongest(maps, _CHANNELS if channels is None else channels)
    at_once = max(1, _BATCH_BYTES // maps.nbytes)
    whole = after(scorer, tail, maps[None])[:, targets]  # (1, T)
    falls: list[NDArray[np.float64]] = []
    for start in range(0, len(places), at_once):
        some = places[start : start + at_once]
        without = np.repeat(maps[None], len(some), axis=0)  # (n, C, gh, gw)
        without[np.arange(len(some)), some] = 0
        falls.append(whole - expect_finite(after(scorer, tail, without), scorer.card.name)[:, targets])
        if on_progress:
            on_progress("Ablation-CAM", min(len(places), start + at_once), len(places))
    weights = np.concatenate(falls)  # (K, T)
    grid = np.tensordot(weights.T, maps[places], axes=1)  # (T, K) x (K, gh, gw) -> (T, gh, gw)
    return Maps.of_grid(
        grid,
        image,
        f"layer {chosen.title}, {counted}, each put to 0",
        f"sum of maps weighted by the fall of the {scorer.unit}",
    )

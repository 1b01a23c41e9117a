"""Score-CAM: show the picture through each channel of a layer, and weigh the channel by what that does to the logit.

    maps = score_cam(scorer, received, [cat, dog], layer=None, channels=256)

A channel's weight is the logit of the picture seen through it (its map brought to 0 ... 1, bilinear) less the logit of
nothing seen: the paper's increase of confidence. Two things differ from the paper: it takes a softmax over the
channels, which makes hundreds of them nearly equal; and it keeps the positive part of the sum alone, so that a class
with a negative logit would get an empty map.

Reference: H. Wang et al., "Score-CAM: Score-Weighted Visual Explanations for Convolutional Neural Networks", CVPR
Workshops 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlbench.show.notebook import Progress
from dlbench.viz.attribution.channel_layer import chosen_maps, strongest
from dlbench.viz.attribution.logits import Pictures, Scorer
from dlbench.viz.attribution.relevance_maps import Maps, hiding_colour, smoothed

_CHANNELS = 256


def score_cam(
    scorer: Scorer,
    image: Pictures,
    targets: Sequence[int],
    *,
    layer: str | None = None,
    channels: int | None = None,
    hide: str = "auto",
    on_progress: Progress | None = None,
) -> Maps:
    """Return the weighted sum of a layer's maps for each class, positive where it speaks for the class.

    Of more than 256 channels, or `channels`, those with most energy count: each is one run of the whole network.

    Raises:
        InputError: no such layer, or one without places.
    """
    chosen, maps = chosen_maps(scorer, image, layer)
    places, counted = strongest(maps, _CHANNELS if channels is None else channels)
    kept = maps[places]  # (K, gh, gw)
    low, high = kept.min(axis=(1, 2), keepdims=True), kept.max(axis=(1, 2), keepdims=True)
    shown = (kept - low) / np.where(high > low, high - low, 1)  # a channel that is the same everywhere shows nothing
    size = (image.shape[2], image.shape[3])
    colour, words = hiding_colour(image, hide)

    def through(start: int, stop: int) -> Pictures:
        masks = smoothed(shown[start:stop], size)[:, None]  # (n, gh, gw) -> (n, 1, h, w)
        return (colour + masks * (image - colour)).astype(np.float32)

    nothing = scorer.logits(np.broadcast_to(colour, image.shape).astype(np.float32))[:, targets]  # (1, T)
    weights = scorer.each(len(kept), through, "Score-CAM", on_progress)[:, targets] - nothing  # (K, T)
    grid = np.tensordot(weights.T, kept, axes=1)  # (T, K) x (K, gh, gw) -> (T, gh, gw)
    settings = f"layer {chosen.title}, {counted}, hidden under {words}"
    return Maps.of_grid(grid, image, settings, "sum of maps weighted by the logit through them")

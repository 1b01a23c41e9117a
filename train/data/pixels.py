"""From a data set's bytes to what a network takes, and the numbers that normalise it.

inputs = network_input(dataset.images[:8], channels=3, size=(224, 224))
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name for it
from numpy.typing import NDArray
from torch import Tensor

from dlbench.train.data.survey import mean_and_deviation, value_counts


def network_input(images: NDArray[np.uint8], channels: int, size: tuple[int, int]) -> Tensor:
    """Return float32 in [0, 1], grey repeated to `channels` and scaled to `size`: -> (N, channels, *size)."""
    inputs = torch.from_numpy(np.ascontiguousarray(images)).float() / 255  # (N, C, h, w)
    if tuple(inputs.shape[2:]) != tuple(size):
        inputs = F.interpolate(inputs, size=size, mode="bilinear", align_corners=False)  # -> (N, C, H, W)
    return inputs.expand(-1, channels, -1, -1).contiguous()  # (N, 1 or channels, H, W) -> (N, channels, H, W)


def mean_and_std(images: NDArray[np.uint8]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and deviation per channel of (N, C, H, W) bytes, in units of [0, 1]."""
    means, deviations = mean_and_deviation(value_counts(images))
    return tuple(round(mean, 4) for mean in means), tuple(max(round(each, 4), 1e-3) for each in deviations)

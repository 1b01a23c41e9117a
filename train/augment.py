"""Digits moved a little: every epoch sees another version of each image.

    images = random_affine(images, generator)

Batched: one matrix per image, one sampling for all. After M. Jaderberg et al., "Spatial Transformer
Networks", NeurIPS 2015 (the grid and the sampling).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name for it
from torch import Tensor

__all__ = ["random_affine"]

_ROTATION_RAD = math.radians(15)
_SCALE_LOG = 0.12  # each axis by a factor of e^-0.12 to e^0.12
_SHEAR = 0.15
_SHIFT = 0.16  # of half the width: about 2 of 28 pixels


def random_affine(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return every image rotated, scaled, sheared and shifted at random, black outside.

    Args:
        images: float, background 0, (N, C, H, W).
        generator: on the device of the images; all randomness comes from it.
    """
    draws = torch.rand((6, len(images)), generator=generator, device=images.device) * 2 - 1  # (6, N), in [-1, 1]
    angle, shear = draws[0] * _ROTATION_RAD, draws[1] * _SHEAR
    wide, high = torch.exp(draws[2] * _SCALE_LOG), torch.exp(draws[3] * _SCALE_LOG)
    right, down = draws[4] * _SHIFT, draws[5] * _SHIFT
    top = torch.stack([angle.cos() * wide, shear - angle.sin() * wide, right], dim=1)  # (N, 3)
    bottom = torch.stack([angle.sin() * high, angle.cos() * high, down], dim=1)  # (N, 3)
    matrices = torch.stack([top, bottom], dim=1)  # 2 x (N, 3) -> (N, 2, 3)
    grid = F.affine_grid(matrices, list(images.shape), align_corners=False)  # -> (N, H, W, 2)
    return F.grid_sample(images, grid, align_corners=False)  # -> (N, C, H, W)

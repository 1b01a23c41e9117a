"""Digits moved a little, photos mirrored: every epoch sees another version of each image.

    images = random_affine(images, generator)

Batched: one matrix per image, one sampling for all. After M. Jaderberg et al., "Spatial Transformer
Networks", NeurIPS 2015 (the grid and the sampling).
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name for it
from numpy.typing import NDArray
from torch import Tensor

_ROTATION_RAD = math.radians(15)
_SCALE_LOG = 0.12  # each axis by a factor of e^-0.12 to e^0.12
_SHEAR = 0.15
_SHIFT = 0.16  # of half the width: about 2 of 28 pixels


def random_affine(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return every image, (N, C, H, W), rotated, scaled, sheared and shifted at random, black outside."""
    draws = torch.rand((6, len(images)), generator=generator, device=images.device) * 2 - 1  # (6, N), in [-1, 1]
    angle, shear = draws[0] * _ROTATION_RAD, draws[1] * _SHEAR
    wide, high = torch.exp(draws[2] * _SCALE_LOG), torch.exp(draws[3] * _SCALE_LOG)
    right, down = draws[4] * _SHIFT, draws[5] * _SHIFT
    top = torch.stack([angle.cos() * wide, shear - angle.sin() * wide, right], dim=1)  # (N, 3)
    bottom = torch.stack([angle.sin() * high, angle.cos() * high, down], dim=1)  # (N, 3)
    return _moved(images, torch.stack([top, bottom], dim=1))  # 2 x (N, 3) -> (N, 2, 3)


def random_shift(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return every image shifted by up to about 2 of 28 pixels, its angle and its size kept; (N, C, H, W)."""
    right, down = (torch.rand((2, len(images)), generator=generator, device=images.device) * 2 - 1) * _SHIFT  # (2, N)
    one, none = torch.ones_like(right), torch.zeros_like(right)
    rows = [torch.stack(row, dim=1) for row in ((one, none, right), (none, one, down))]
    return _moved(images, torch.stack(rows, dim=1))


def _moved(images: Tensor, matrices: Tensor) -> Tensor:
    """Return images (N, C, H, W) sampled where `matrices` (N, 2, 3) say, black outside."""
    count, _, height, width = images.shape
    # what F.affine_grid gives, in a seventh of its time: two products with the two coordinates of each pixel
    y, x = (((2 * torch.arange(n, device=images.device) + 1) / n - 1) for n in (height, width))
    grid = torch.addcmul(matrices[:, :, 2:], matrices[:, :, :1], x.repeat(height))  # -> (N, 2, H * W)
    grid.addcmul_(matrices[:, :, 1:2], y.repeat_interleave(width))
    places = grid.view(count, 2, height, width).permute(0, 2, 3, 1)  # -> (N, H, W, 2)
    return F.grid_sample(images, places, align_corners=False)  # -> (N, C, H, W)


def mirrored_at_random(images: Tensor, generator: torch.Generator) -> Tensor:
    """Return each image as it is or mirrored, (N, C, H, W): a photo's left and right mean nothing."""
    chosen = torch.rand((len(images), 1, 1, 1), generator=generator, device=images.device) < 0.5  # (N, 1, 1, 1)
    return torch.where(chosen, images.flip(3), images)


def random_crops(images: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Return another part of each photo, 40 to 100 % of it, scaled to the whole and mirrored or not, (N, C, H, W).

    The scale is Inception's: C. Szegedy et al., "Going Deeper with Convolutions", CVPR 2015, with a larger least part.
    """
    from torchvision.transforms import v2

    change = v2.Compose(
        [
            v2.RandomResizedCrop(images.shape[2:], scale=(0.4, 1.0), ratio=(0.8, 1.25), antialias=True),
            v2.RandomHorizontalFlip(),
        ]
    )
    with torch.random.fork_rng(devices=()):  # torchvision draws from torch's own generator
        torch.manual_seed(seed)
        crops: NDArray[np.uint8] = np.stack([change(torch.from_numpy(image)).numpy() for image in images])
    return crops

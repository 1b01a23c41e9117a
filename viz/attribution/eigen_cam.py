"""Eigen-CAM: the pattern that most of a layer's channels share. It is the same for every class.

    maps = eigen_cam(scorer, received, [cat])

The maps of a layer as a matrix (places x channels) are projected on its first right singular vector. The sign, which a
singular vector leaves open, is the one that makes the sum positive.

Reference: M. B. Muhammad and M. Yeasin, "Eigen-CAM: Class Activation Map using Principal Components", IJCNN 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlbench.viz.attribution.channel_layer import chosen_maps
from dlbench.viz.attribution.logits import Pictures, Scorer
from dlbench.viz.attribution.relevance_maps import Maps


def eigen_cam(scorer: Scorer, image: Pictures, targets: Sequence[int], *, layer: str | None = None) -> Maps:
    """Return the first principal pattern of a layer, the same map for each of the targets.

    Raises:
        InputError: no such layer, or one without places.
    """
    chosen, maps = chosen_maps(scorer, image, layer)
    matrix = maps.reshape(len(maps), -1).T.astype(np.float64)  # (C, gh, gw) -> (places, C)
    _, strength, directions = np.linalg.svd(matrix, full_matrices=False)
    pattern = matrix @ directions[0]  # (places,)
    pattern *= -1 if pattern.sum() < 0 else 1
    share = strength[0] ** 2 / max(np.square(strength).sum(), 1e-30)
    grid = np.repeat(pattern.reshape(1, *maps.shape[1:]), len(targets), axis=0)  # (T, gh, gw)
    return Maps.of_grid(
        grid,
        image,
        f"layer {chosen.title}, all {len(maps):,} channels, the first pattern holds {share:.0%} of their energy",
        "activation along the first pattern",
        signed=bool(grid.min() < 0),
        class_specific=False,
        notes=("Eigen-CAM is not class-specific: it shows what the layer responds to, not what speaks for a class",),
    )

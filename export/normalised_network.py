"""Normalisation as the first layer, so that no caller of the exported file can get it wrong.

model = Normalised(network, mean=(0.1307,), std=(0.3081,))
logits = model(images)      # images: float32 in [0, 1], (N, C, H, W)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalised(nn.Module):
    """Subtracts `mean` and divides by `std` per channel, then runs `network`."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        if len(mean) != len(std) or not all(value > 0 for value in std):
            raise ValueError(f"expected one mean and one std > 0 per channel, received mean={mean} and std={std}")
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))  # (C,) -> (1, C, 1, 1)
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))  # (C,) -> (1, C, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        """Return the network's logits, (N, C, H, W) -> (N, classes)."""
        logits: Tensor = self.network((image - self.mean) / self.std)
        return logits

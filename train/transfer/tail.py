"""What transfer learning trains: the last stages with the head, or all of the network on pictures.

trained = TrainedStages(stages, first, head)
logits = trained(values)        # of the frozen part, (N, ...) -> (N, outputs)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name for it
from torch import Tensor, nn

from dlbench.export import Normalised
from dlbench.train.networks.stages import Stage, chained

_AT_ONCE = 32  # pictures in eval mode: the maps of 500 at once would fill the memory


class TrainedStages(nn.Module):
    """The last stages of a backbone and its head, on what the frozen part gives.

    Batch normalisation keeps the statistics of ImageNet, in training too: a few hundred pictures in small batches give
    worse ones, and the head was first trained on these. Its scale and shift are trained. As in F. Chollet, "Transfer
    learning & fine-tuning", the guide of Keras.
    """

    def __init__(self, stages: Sequence[Stage], first: int, head: int) -> None:
        super().__init__()
        self.tail = chained(stages[first:head])
        self.head = chained(stages[head:])

    def forward(self, values: Tensor) -> Tensor:
        """Return logits for the frozen part's values, (N, ...) -> (N, outputs)."""
        logits: Tensor = self.head(self.features(values))
        return logits

    def features(self, values: Tensor) -> Tensor:
        """Return what the head gets, (N, ...) -> (N, ...)."""
        parts = [values] if self.training else torch.split(values, _AT_ONCE)
        return torch.cat([self._features(part) for part in parts])

    def _features(self, values: Tensor) -> Tensor:
        if values.ndim == 4:
            values = values.contiguous(memory_format=torch.channels_last)  # half the time per step on a CPU
        features: Tensor = self.tail(values)
        return features

    def train(self, mode: bool = True) -> TrainedStages:
        """Switch dropout on or off; batch normalisation stays in eval mode."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self


class WholePictures(nn.Module):
    """Pictures as the data set has them, brought to what the backbone takes, and then all of its stages."""

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float], size: tuple[int, int]) -> None:
        super().__init__()
        self.normalised = Normalised(network, mean, std)
        self.size = size

    def forward(self, images: Tensor) -> Tensor:
        """Return logits for images in [0, 1], (N, 1 or 3, h, w) -> (N, outputs)."""
        if tuple(images.shape[2:]) != self.size:
            images = F.interpolate(images, size=self.size, mode="bilinear", align_corners=False)  # -> (N, C, H, W)
        logits: Tensor = self.normalised(images.expand(-1, 3, -1, -1))  # -> (N, 3, H, W) -> (N, outputs)
        return logits


def one_of_several(values: Tensor, generator: torch.Generator) -> Tensor:
    """Return for each picture the values of one of its views, (N, views, ...) -> (N, ...)."""
    chosen = torch.randint(0, values.shape[1], (len(values),), generator=generator, device=values.device)  # (N,)
    return values[torch.arange(len(values), device=values.device), chosen]

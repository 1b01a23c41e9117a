"""A network and the samples that train, validate and test it, before and after its training.

job.trained, job.train, job.validation      # what `fit` takes
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlbench.train.data.dataset import Dataset
from dlbench.train.data.pixels import network_input
from dlbench.train.loop import Augment, Fitted, Samples
from dlbench.train.resume import Spent
from dlbench.train.tasks.losses_and_metrics import Task


@dataclass(frozen=True)
class Job:
    """A network and the samples that train, validate and test it."""

    network: nn.Module  # normalised images -> logits
    trained: nn.Module  # the part that `fit` trains: samples -> logits
    train: Samples
    validation: Samples
    test: Samples
    mean: tuple[float, ...]
    std: tuple[float, ...]
    channels: int
    size: tuple[int, int]  # height, width
    augment: Augment | None = None
    rates: Mapping[str, float] = field(default_factory=dict)  # prefix of parameter names -> share of the learning rate
    blends: bool = False  # what is trained begins with weights that are good already
    weights_sha256: str | None = None
    warnings: tuple[str, ...] = ()
    saved_s: float = 0.0  # what computing features took in an earlier run, from whose cache they came

    def images(self, dataset: Dataset, indices: NDArray[np.int64]) -> Tensor:
        """Return those images as the network's file takes them: float32 in [0, 1], (N, C, H, W)."""
        return network_input(dataset.images[indices], self.channels, self.size)


@dataclass(frozen=True)
class TrainedJob:
    """A job after its training."""

    job: Job
    fitted: Fitted
    spent: Spent
    device: str
    task: Task
    world: int  # processes

    @property
    def training_s(self) -> float:
        """Return the wall time of features and training."""
        return self.spent.prepared_s + self.fitted.elapsed_s


def samples_of(inputs: Tensor, dataset: Dataset, device: torch.device) -> tuple[Samples, Samples, Samples]:
    """Return inputs (N, ...) and answers of training, validation and test, on `device`."""
    answers = torch.from_numpy(dataset.answers)
    train, validation, test = (Samples(inputs[p].to(device), answers[p].to(device)) for p in dataset.split.parts)
    return train, validation, test

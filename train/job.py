"""What exactly is trained on what: all pixels for dense and cnn, a new head on frozen features for transfer.

job = prepare(settings, dataset, device)
fit(job.trained, job.train, job.validation, settings.recipe(), Plan(seed=0))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlbench.errors import InputError
from dlbench.export import Normalised
from dlbench.train.data.augment import mirrored_at_random, random_affine, random_shift
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.pixels import mean_and_std, network_input
from dlbench.train.loop import Augment, Samples
from dlbench.train.networks.architectures import build
from dlbench.train.progress import OnProgress
from dlbench.train.tasks.objectives import Rescaled
from dlbench.train.train_settings import TrainSettings

__all__ = ["Job", "in_unit", "parts_of", "prepare", "samples_of"]

# What may be done to a digit depends on what is asked: a turned digit has another angle, a larger one more ink.
_AUGMENTS: dict[str, Augment] = {
    "binary": random_affine,
    "multiclass": random_affine,
    "multilabel": random_affine,
    "regression": random_shift,
}


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


def prepare(settings: TrainSettings, dataset: Dataset, device: torch.device, on_progress: OnProgress = None) -> Job:
    """Return the job for these settings, with all samples on `device`.

    Raises:
        InputError: transfer with a regression.
        WeightsError: transfer without real ImageNet weights.
    """
    if settings.network == "transfer":
        if settings.pairing.problem.is_regression:
            raise InputError(
                "transfer brings the features of photos: expected the task binary, multiclass or multilabel, received "
                f"{settings.task}; take dense or cnn for it."
            )
        from dlbench.train.transfer.training import transfer_job

        return transfer_job(settings, dataset, device, on_progress)
    return _pixel_job(settings, dataset, device)


def _pixel_job(settings: TrainSettings, dataset: Dataset, device: torch.device) -> Job:
    network = in_unit(build(settings.network, dataset.channels, dataset.size, dataset.outputs), dataset)
    mean, std = mean_and_std(dataset.images[dataset.split.train])
    trained = Normalised(network, mean, std).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.from_numpy(dataset.images)
    train, validation, test = (samples_of(images, dataset, part, device) for part in parts_of(dataset))
    augment = _AUGMENTS.get(dataset.task) if dataset.kind == "digits" else mirrored_at_random
    augment = augment if settings.augment else None
    return Job(network, trained, train, validation, test, mean, std, dataset.channels, dataset.size, augment)


def in_unit(network: nn.Module, dataset: Dataset) -> nn.Module:
    """Return the network; where the answers are numbers of any size, with its outputs brought to their unit."""
    if dataset.task != "regression" or dataset.targets is None:
        return network
    known = torch.from_numpy(dataset.targets[dataset.split.train])
    return Rescaled(network, known.mean(dim=0), known.std(dim=0).clamp_min(1e-6))


def parts_of(dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of training, validation and test."""
    return dataset.split.train, dataset.split.validation, dataset.split.test


def samples_of(inputs: Tensor, dataset: Dataset, indices: NDArray[np.int64], device: torch.device) -> Samples:
    """Return inputs (N, ...) and answers of these indices, on `device`."""
    return Samples(inputs[indices].to(device), torch.from_numpy(dataset.answers[indices]).to(device))

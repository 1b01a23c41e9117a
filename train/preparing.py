"""From settings and data to what is trained: all pixels for dense and cnn, a new head on frozen features for transfer.

job = prepare(settings, dataset, device)
fit(job.trained, job.train, job.validation, settings.recipe(), Plan(seed=0))
"""

from __future__ import annotations

import torch
from torch import nn

from dlbench.errors import InputError
from dlbench.export import Normalised
from dlbench.train.data.augment import mirrored_at_random, random_affine, random_shift
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.pixels import mean_and_std
from dlbench.train.loop import Augment
from dlbench.train.networks.architectures import build
from dlbench.train.progress import OnProgress
from dlbench.train.tasks.losses_and_metrics import Rescaled
from dlbench.train.train_settings import TrainSettings
from dlbench.train.training_job import Job, samples_of
from dlbench.train.transfer.training import transfer_job

# What may be done to a digit depends on what is asked: a turned digit has another angle, a larger one more ink.
_AUGMENTS: dict[str, Augment] = {
    "binary": random_affine,
    "multiclass": random_affine,
    "multilabel": random_affine,
    "regression": random_shift,
}


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
        return transfer_job(settings, dataset, device, on_progress)
    return _pixel_job(settings, dataset, device)


def _pixel_job(settings: TrainSettings, dataset: Dataset, device: torch.device) -> Job:
    network = _in_unit(build(settings.network, dataset.channels, dataset.size, dataset.outputs), dataset)
    mean, std = mean_and_std(dataset.images[dataset.split.train])
    trained = Normalised(network, mean, std).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    samples = samples_of(torch.from_numpy(dataset.images), dataset, device)
    augment = _AUGMENTS.get(dataset.task) if dataset.kind == "digits" else mirrored_at_random
    augment = augment if settings.augment else None
    return Job(network, trained, *samples, mean, std, dataset.channels, dataset.size, augment)


def _in_unit(network: nn.Module, dataset: Dataset) -> nn.Module:
    """Return the network; where the answers are numbers of any size, with its outputs brought to their unit."""
    if dataset.task != "regression" or dataset.targets is None:
        return network
    known = torch.from_numpy(dataset.targets[dataset.split.train])
    return Rescaled(network, known.mean(dim=0), known.std(dim=0).clamp_min(1e-6))

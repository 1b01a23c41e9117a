"""What exactly is trained on what: all pixels for dense and cnn, a new head on frozen features for transfer.

job = prepare(settings, dataset, device)
fit(job.trained, job.train, job.validation, job.recipe, seed=0)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlbench.export import Normalised
from dlbench.train.augment import random_affine
from dlbench.train.dataset import Dataset
from dlbench.train.loop import Augment, Samples
from dlbench.train.models import build
from dlbench.train.pixels import IMAGENET_MEAN, IMAGENET_STD, mean_and_std, network_input
from dlbench.train.progress import OnProgress
from dlbench.train.settings import TrainSettings

__all__ = ["Job", "prepare"]


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
    weights_sha256: str | None = None
    warnings: tuple[str, ...] = ()

    def images(self, dataset: Dataset, indices: NDArray[np.int64]) -> Tensor:
        """Return those images as the network's file takes them: float32 in [0, 1], (N, C, H, W)."""
        return network_input(dataset.images[indices], self.channels, self.size)


def prepare(settings: TrainSettings, dataset: Dataset, device: torch.device, on_progress: OnProgress = None) -> Job:
    """Return the job for these settings, with all samples on `device`.

    Raises:
        WeightsError: transfer without real ImageNet weights.
    """
    if settings.network == "transfer":
        return _transfer_job(settings, dataset, device, on_progress)
    return _pixel_job(settings, dataset, device)


def _pixel_job(settings: TrainSettings, dataset: Dataset, device: torch.device) -> Job:
    network = build(settings.network, dataset.channels, dataset.size, len(dataset.classes))
    mean, std = mean_and_std(dataset.images[dataset.split.train])
    trained = Normalised(network, mean, std).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.from_numpy(dataset.images)
    train, validation, test = (_samples(images, dataset, part, device) for part in _parts(dataset))
    augment = random_affine if dataset.kind == "digits" else None
    return Job(network, trained, train, validation, test, mean, std, dataset.channels, dataset.size, augment)


def _transfer_job(settings: TrainSettings, dataset: Dataset, device: torch.device, on_progress: OnProgress) -> Job:
    from dlbench.train.backbone import fast_backbone
    from dlbench.train.features import frozen_features
    from dlbench.train.weights import WEIGHTS_SHA256, load_backbone_weights

    size = (settings.recipe().picture_size,) * 2
    state = load_backbone_weights(on_progress=on_progress)
    network = build("transfer", 3, size, len(dataset.classes))
    # strict: a layer that torchvision renamed must fail here, not stay random
    network.get_submodule("features").load_state_dict(
        {name.removeprefix("features."): value for name, value in state.items() if name.startswith("features.")}
    )
    network.requires_grad_(False).eval()
    head = network.get_submodule("classifier").requires_grad_(True).to(device)
    extract = fast_backbone(network, WEIGHTS_SHA256, device, network_input(dataset.images[:2], 3, size))
    engine = "torch-cuda" if device.type == "cuda" else "onnx-cpu"
    features = torch.from_numpy(
        frozen_features(extract, dataset.images, size, WEIGHTS_SHA256, engine, on_progress)
    )  # (N, 1280)
    train, validation, test = (_samples(features, dataset, part, device) for part in _parts(dataset))
    warnings = () if dataset.kind == "pictures" else (_digits_warning(dataset, size),)
    return Job(
        network, head, train, validation, test, IMAGENET_MEAN, IMAGENET_STD, 3, size,
        weights_sha256=WEIGHTS_SHA256, warnings=warnings,
    )  # fmt: skip


def _digits_warning(dataset: Dataset, size: tuple[int, int]) -> str:
    return (
        f"transfer was trained on {len(dataset.split.train):,} digits of {dataset.name}, grey, scaled to "
        f"{size[0]} x {size[1]} and repeated to three channels: its time is that of MobileNetV2, "
        "its accuracy says little about photos; give --data FOLDER with pictures"
    )


def _parts(dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    return dataset.split.train, dataset.split.validation, dataset.split.test


def _samples(inputs: Tensor, dataset: Dataset, indices: NDArray[np.int64], device: torch.device) -> Samples:
    return Samples(inputs[indices].to(device), torch.from_numpy(dataset.labels[indices]).to(device))

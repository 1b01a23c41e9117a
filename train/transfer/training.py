"""Transfer learning: a pretrained backbone with a new head; what is frozen is computed once.

    job = transfer_job(settings, dataset, device, on_progress)

`--freeze all` trains the head on features, `last-N` the last N stages too, on what the part before them gives; `none`
trains everything, on pictures. Where more than the head is trained, the head is trained first, alone: a fresh head
would send large gradients into layers that are good already (A. Kumar et al., "Fine-Tuning can Distort Pretrained
Features and Underperform Out-of-Distribution", ICLR 2022).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import psutil
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlbench.export import Normalised
from dlbench.train.data.augment import mirrored_at_random, random_crops
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.pixels import network_input
from dlbench.train.loop import Plan, Samples, fit
from dlbench.train.networks.architectures import expect_backbone, pretrained_network, with_new_head
from dlbench.train.networks.pretrained_weights import BackboneWeights, load_backbone_weights, load_into
from dlbench.train.networks.stage_facts import hollow_network
from dlbench.train.networks.stages import Stage, chained, check_stages, first_trained, split
from dlbench.train.progress import OnProgress, TrainProgress
from dlbench.train.tasks.losses_and_metrics import Task
from dlbench.train.train_settings import TrainSettings
from dlbench.train.training_job import Job, samples_of
from dlbench.train.transfer.backbone import fast_backbone
from dlbench.train.transfer.effort import expect_bearable
from dlbench.train.transfer.features import Extractor, frozen_outputs
from dlbench.train.transfer.tail import TrainedStages, WholePictures, one_of_several

_PRETRAINED_RATE = 0.03  # of the head's learning rate, for stages that bring weights
_MOST_CROPS = 4  # views of each picture beside itself and its mirror image
_VIEWED_PICTURES = 4_000  # so many views by cropping at most: thousands of pictures bring their own variety
_VIEWS_MEMORY_SHARE = 0.25  # of what is available


def expect_possible(settings: TrainSettings) -> None:
    """Refuse a backbone or a cut that does not exist, before any data are read; needs no weights.

    Raises:
        InputError: an unknown backbone, or fewer stages than `last-N` asks for.
    """
    expect_backbone(settings.backbone)
    first_trained(split(hollow_network(settings.backbone, 2)), settings.freeze, settings.backbone)


def transfer_job(settings: TrainSettings, dataset: Dataset, device: torch.device, on_progress: OnProgress) -> Job:
    """Return the job of a new head on a pretrained backbone, of which `settings.freeze` says what is frozen.

    Raises:
        InputError: no such backbone or cut, or too little memory for it.
        WeightsError: no real ImageNet weights.
    """
    size = (settings.recipe().picture_size,) * 2
    weights = load_backbone_weights(settings.backbone, on_progress=on_progress)
    network = pretrained_network(settings.backbone)
    load_into(network, weights)
    with_new_head(network, dataset.outputs).requires_grad_(False).eval()
    stages = split(network)
    backbone = _Backbone(settings, dataset, device, network, weights, stages, check_stages(network, stages, size), size)
    first, head = (first_trained(stages, freeze, settings.backbone) for freeze in (settings.freeze, "all"))
    trained = TrainedStages(stages, first, head).requires_grad_(True)
    trained.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    if settings.freeze == "none":
        return backbone.whole_job(trained, head, on_progress)
    return backbone.cached_job(trained, first, on_progress)


@dataclass(frozen=True)
class _Backbone:
    """A pretrained network in its stages, with what it is to learn."""

    settings: TrainSettings
    dataset: Dataset
    device: torch.device
    network: nn.Module
    weights: BackboneWeights
    stages: tuple[Stage, ...]
    shapes: list[tuple[int, ...]]  # that each stage gives for one picture
    size: tuple[int, int]
    saved_s: list[float] = field(default_factory=list)  # what computing took of all that came from the cache

    def cached_job(self, trained: TrainedStages, first: int, on_progress: OnProgress) -> Job:
        """Return the job of training on what the frozen part gives, computed once."""
        train, validation, test = self._samples(self._before(first, self.dataset.images, on_progress))
        if self.settings.freeze == "all":
            return self._job(trained, (train, validation, test))
        self._start_head(trained, _features(trained, train), _features(trained, validation))
        augment = None
        if self._may_mirror:
            others = [self._before(first, view, on_progress).to(self.device) for view in self._views(first)]
            train, augment = Samples(torch.stack([train.inputs, *others], dim=1), train.labels), one_of_several
        job = self._job(trained, (train, validation, test))
        return replace(job, augment=augment, rates={"tail.": _PRETRAINED_RATE}, blends=True)

    def whole_job(self, trained: TrainedStages, head: int, on_progress: OnProgress) -> Job:
        """Return the job of training everything on the pictures themselves."""
        self._start_head(trained, *self._samples(self._before(head, self.dataset.images, on_progress))[:2])
        published = self.weights.published
        whole = WholePictures(trained, published.mean, published.std, self.size).to(self.device)
        samples = self._samples(torch.from_numpy(self.dataset.images))
        warning = expect_bearable(whole, self.settings.backbone, samples[0], self.settings.recipe())
        if warning and on_progress is not None:
            on_progress(TrainProgress(warning, 0, 1))
        job = self._job(whole, samples)
        return replace(
            job,
            augment=mirrored_at_random if self._may_mirror else None,
            rates={"normalised.network.tail.": _PRETRAINED_RATE},
            blends=True,
            warnings=(*job.warnings, *([warning] if warning else [])),
        )

    def _views(self, first: int) -> Iterator[NDArray[np.uint8]]:
        """Yield the training pictures mirrored, then other parts of them: the fewer there are, the more of these."""
        images = self.dataset.images[self.dataset.split.train]  # (N, C, H, W)
        yield np.ascontiguousarray(images[..., ::-1])
        bytes_each = len(images) * math.prod(self.shapes[first - 1]) * 4
        room = int(psutil.virtual_memory().available * _VIEWS_MEMORY_SHARE) // bytes_each - 2
        for seed in range(min(_MOST_CROPS, _VIEWED_PICTURES // len(images), room)):
            yield random_crops(images, seed)

    @property
    def _may_mirror(self) -> bool:
        return self.dataset.kind == "pictures" and self.settings.augment

    def _before(self, first: int, images: NDArray[np.uint8], on_progress: OnProgress) -> Tensor:
        """Return what the stages before `first` give for these images, (N, ...), on the CPU."""
        published, name = self.weights.published, self.settings.backbone
        frozen = Normalised(chained(self.stages[:first]), published.mean, published.std).eval()

        def make() -> Extractor:
            example = network_input(images[:2], 3, self.size)
            return fast_backbone(frozen, f"{name}-{first}", self.weights.sha256, self.device, example)

        key = f"{name} {self.weights.sha256} until {first} {self.stages[first - 1].name} {self.device.type}"
        shape = self.shapes[first - 1]
        values = frozen_outputs(make, images, self.size, shape, key, on_progress, self.saved_s.append)
        return torch.from_numpy(values)

    def _samples(self, inputs: Tensor) -> tuple[Samples, Samples, Samples]:
        return samples_of(inputs, self.dataset, self.device)

    def _start_head(self, trained: TrainedStages, train: Samples, validation: Samples) -> None:
        """Train the head alone, as with everything frozen."""
        recipe = replace(self.settings, freeze="all", epochs=None, learning_rate=None).recipe()
        plan = Plan(self.settings.seed, task=Task(self.settings.pairing))
        fitted = fit(trained.head, train, validation, recipe, plan)
        if fitted.interrupted:
            raise KeyboardInterrupt
        trained.head.load_state_dict(fitted.best_state)

    def _job(self, trained: nn.Module, samples: tuple[Samples, Samples, Samples]) -> Job:
        published, dataset = self.weights.published, self.dataset
        warnings = () if dataset.kind == "pictures" else (_digits_warning(dataset, self.settings.backbone, self.size),)
        return Job(
            self.network, trained, *samples, published.mean, published.std, 3, self.size,
            weights_sha256=self.weights.sha256, warnings=warnings, saved_s=sum(self.saved_s),
        )  # fmt: skip


@torch.no_grad()
def _features(trained: TrainedStages, samples: Samples) -> Samples:
    """Return what the head gets for these values, in eval mode."""
    return Samples(trained.eval().features(samples.inputs), samples.labels)


def _digits_warning(dataset: Dataset, backbone: str, size: tuple[int, int]) -> str:
    return (
        f"transfer was trained on {len(dataset.split.train):,} digits of {dataset.name}, grey, scaled to "
        f"{size[0]} x {size[1]} and repeated to three channels: its time is that of {backbone}, "
        "its accuracy says little about photos; give a folder of pictures as `data`"
    )

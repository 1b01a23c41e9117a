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

from dlbench.proportion import Proportion
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.pixels import network_input
from dlbench.train.loop import Augment, Fitted, Samples
from dlbench.train.resume import Spent
from dlbench.train.tasks.losses_and_metrics import Task
from dlbench.train.tasks.problems import named
from dlbench.train.train_settings import TrainSettings


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

    settings: TrainSettings
    dataset: Dataset
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

    @property
    def validation_accuracy(self) -> Proportion | None:
        """Return that of the weights that were kept; None: a regression."""
        fitted, total = self.fitted, len(self.job.validation)
        accuracy = (
            fitted.history[fitted.best_epoch - 1].validation_accuracy if fitted.blend is None else fitted.blend_score
        )
        return None if accuracy is None else Proportion(round(accuracy * total), total)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the warnings that go with the figures."""
        warnings, pairing = [*self.dataset.warnings, *self.job.warnings], self.settings.pairing
        if not pairing.fits:
            (fitting, losses), forced = pairing.problem.belongs, named(pairing.activation)
            warnings.insert(0, f"{forced} + {pairing.loss} was forced; what fits is {fitting} + {losses}")
        if saved_s := self.spent.saved_s:
            warnings.append(
                "the features of these pictures come from the cache; computing them took "
                f"{saved_s:.1f} s in an earlier training, which the time and energy of this one leave out"
            )
        return tuple(warnings)


def samples_of(inputs: Tensor, dataset: Dataset, device: torch.device) -> tuple[Samples, Samples, Samples]:
    """Return inputs (N, ...) and answers of training, validation and test, on `device`."""
    answers = torch.from_numpy(dataset.answers)
    train, validation, test = (Samples(inputs[p].to(device), answers[p].to(device)) for p in dataset.split.parts)
    return train, validation, test

"""What to train and how: checked where it is made, with the message that the user will read.

settings = TrainSettings(network="cnn", seed=1)
settings.recipe().epochs
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from dlbench.errors import InputError, close_matches
from dlbench.show.texts import says_errors
from dlbench.train.tasks.problems import Pairing, settle

NETWORKS = ("dense", "cnn", "transfer")
DEVICES = ("auto", "cpu", "cuda")
_FREEZE = re.compile(r"all|none|last-[1-9]\d{0,3}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Recipe:
    """The numbers of a training run: AdamW with a one-cycle learning rate."""

    epochs: int
    batch_size: int
    learning_rate: float  # the peak of the cycle
    weight_decay: float
    label_smoothing: float
    picture_size: int  # pixels: pictures from a folder are brought to this height and width


_RECIPES = {
    "dense": Recipe(8, 100, 2e-3, 0.05, 0.05, 64),
    "cnn": Recipe(15, 100, 5e-3, 0.05, 0.1, 64),
    "transfer": Recipe(30, 64, 3e-3, 0.05, 0.05, 224),
    "transfer-last": Recipe(6, 64, 1e-3, 0.05, 0.05, 224),
    "transfer-none": Recipe(4, 32, 1e-3, 0.05, 0.05, 224),
}


@dataclass(frozen=True)
class TrainSettings:
    """What the user asked for; None means the network's own recipe."""

    network: str
    data: str | os.PathLike[str] | None = None  # a name of data.DATA_NAMES (mnist-sample where None), or a folder
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    device: str = "auto"
    seed: int = 0
    name: str | None = None  # of the files; the network's name where None
    task: str = "multiclass"
    activation: str | None = None  # None: the task's own
    loss: str | None = None
    force: bool = False  # run a pairing that does not fit the task
    positive: str | None = None  # binary: the class that counts as yes
    augment: bool = True  # show moved digits, mirrored pictures
    patience: int | None = None  # stop after so many epochs without a better validation loss
    with_activation: bool = False  # also write a file whose output is probabilities
    keep_paths: bool = False  # the record of the run names the folder of the data, not only its last part
    backbone: str = "mobilenet_v2"  # transfer: a classification network of torchvision
    freeze: str = "all"  # transfer: all, none, or last-N: the last N stages of the backbone are trained too

    @says_errors
    def __post_init__(self) -> None:
        for field in ("network", "device", "task", "backbone", "freeze"):
            _expect_text(field, getattr(self, field))
        for field in ("name", "activation", "loss", "positive"):
            _expect_text(field, getattr(self, field), optional=True)
        if isinstance(self.data, os.PathLike):  # kept as text: it goes into the run's record
            object.__setattr__(self, "data", os.fspath(self.data))
        _expect_text("data", self.data, optional=True)
        _expect_one_of("network", self.network, NETWORKS)
        _expect_one_of("device", self.device, DEVICES)
        _expect_whole("epochs", self.epochs, 1, 100_000)
        _expect_whole("batch size", self.batch_size, 2, 1_000_000)
        _expect_whole("seed", self.seed, 0, 2**32 - 1)
        _expect_whole("patience", self.patience, 1, 100_000)
        settle(self.task, self.activation, self.loss, self.force)
        if not _FREEZE.fullmatch(self.freeze):
            raise InputError(f"--freeze: expected all, none or last-N such as last-3, received {self.freeze!r}.")
        rate = self.learning_rate
        if rate is not None and not (isinstance(rate, int | float) and 0 < rate <= 10):
            raise InputError(f"the learning rate must be above 0 and at most 10, received {rate!r:.80}; try 0.003.")
        if self.name is not None and not _NAME.fullmatch(self.name):
            raise InputError(
                "a model's name must be 1 to 100 letters, digits, dots, dashes or underscores and start with a letter "
                f"or digit, received {self.name!r}; try --name my-cnn."
            )

    @classmethod
    def among(cls, arguments: Mapping[str, Any]) -> TrainSettings:
        """Return the settings that are among a call's arguments, as `locals()` gives them."""
        return cls(**{field.name: arguments[field.name] for field in fields(cls)})

    @property
    def file_name(self) -> str:
        """The stem of the files that the run writes."""
        return self.name or self.network

    @property
    def pairing(self) -> Pairing:
        """The task with its activation and loss."""
        return settle(self.task, self.activation, self.loss, self.force)

    def recipe(self) -> Recipe:
        """Return the network's recipe with these settings in place of its own."""
        partly = self.network == "transfer" and self.freeze != "all"
        own = _RECIPES[f"transfer-{self.freeze[:4]}" if partly else self.network]
        return replace(
            own,
            epochs=own.epochs if self.epochs is None else self.epochs,
            batch_size=own.batch_size if self.batch_size is None else self.batch_size,
            learning_rate=own.learning_rate if self.learning_rate is None else self.learning_rate,
        )


def _expect_text(what: str, value: object, optional: bool = False) -> None:
    if not isinstance(value, str) and not (optional and value is None):
        raise InputError(f"{what}: expected text, received {value!r}.")


def _expect_one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InputError(
            f"unknown {what}: expected {', '.join(known)}, received {value!r}.{close_matches(value, known)}"
        )


def _expect_whole(what: str, value: int | None, low: int, high: int) -> None:
    if value is not None and not (isinstance(value, int) and low <= value <= high):
        raise InputError(f"the {what} must be a whole number from {low} to {high:,}, received {value!r:.80}.")

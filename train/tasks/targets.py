"""Other questions to the same pictures: is it a 3, which two digits, how far turned, how much ink. Numpy only.

    asked = ask(digits, "regression")
    asked.targets, asked.unit       # (N, 1) degrees

What is asked follows from the task; the split stays that of the pictures, so no test picture is ever trained on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dlbench.errors import InputError, close_matches
from dlbench.train.data.dataset import SPLIT_SEED, Dataset
from dlbench.train.tasks.problems import PROBLEMS

_MOST_DEGREES = 45.0
_INK = 127  # a brighter pixel of a digit counts as ink


def ask(dataset: Dataset, task: str, positive: str | None = None) -> Dataset:
    """Return the data set with the answers of this task.

    `positive`: binary: the class that counts as yes; None: the second of two, or 3 of the digits.

    Raises:
        InputError: the task needs other pictures or another class.
    """
    if positive is not None and task != "binary":
        raise InputError(f"--positive goes with --task binary: expected that task, received {task}.")
    if task == "multiclass":
        return dataset
    makers = {"multilabel": _pairs, "regression": _turned, "unit-regression": _ink}
    if task == "binary":
        return _yes_or_no(dataset, positive)
    if dataset.kind != "digits":
        raise InputError(
            f"the task {task} has its own question for digits: expected mnist-sample, mnist or another set of grey "
            f"digits, received {dataset.name}; for pictures take --task binary or multiclass."
        )
    return makers[task](dataset)


def _yes_or_no(dataset: Dataset, positive: str | None) -> Dataset:
    classes = dataset.classes
    if positive is None:
        positive = classes[1] if len(classes) == 2 else "3" if "3" in classes else None
    if positive is None:
        raise InputError(
            f"the binary task needs to know what counts as yes: expected --positive CLASS, one of "
            f"{_listed(classes)}, received none, and {dataset.name} has {len(classes)} classes."
        )
    if positive not in classes:
        raise InputError(
            f"--positive: expected a class of {dataset.name}: {_listed(classes)}, received {positive!r}."
            f"{close_matches(positive, classes)}"
        )
    no = next(c for c in classes if c != positive) if len(classes) == 2 else f"not {positive}"
    labels = (dataset.labels == classes.index(positive)).astype(np.int64)
    return replace(
        dataset,
        labels=labels,
        classes=(no, positive),
        targets=labels[:, None].astype(np.float32),
        task="binary",
        note=_joined(dataset.note, f"the question: is it {positive}?"),
    )


def _listed(classes: tuple[str, ...]) -> str:
    return ", ".join(classes[:12]) + (", ..." if len(classes) > 12 else "")


def _joined(note: str, more: str) -> str:
    return f"{note}; {more}" if note else more


def _pairs(dataset: Dataset) -> Dataset:
    """Two digits side by side; the partner comes from the same part of the split."""
    generator = np.random.default_rng(SPLIT_SEED)
    partner = np.arange(len(dataset.labels))
    for part in dataset.split.parts:
        partner[part] = generator.permutation(part)
    images = np.concatenate([dataset.images, dataset.images[partner]], axis=3)  # (N, C, H, W) -> (N, C, H, 2 W)
    targets = np.zeros((len(partner), len(dataset.classes)), np.float32)
    for labels in (dataset.labels, dataset.labels[partner]):
        targets[np.arange(len(partner)), labels] = 1
    note = _joined(dataset.note, "two side by side, the question: which digits are there?")
    return replace(dataset, images=images, targets=targets, task="multilabel", note=note)


def _turned(dataset: Dataset) -> Dataset:
    """Every digit turned by a known angle, counter-clockwise, in degrees."""
    from PIL import Image

    generator = np.random.default_rng(SPLIT_SEED)
    degrees = generator.uniform(-_MOST_DEGREES, _MOST_DEGREES, len(dataset.labels)).astype(np.float32)
    images = np.empty_like(dataset.images)
    for i, angle in enumerate(degrees):
        for channel in range(dataset.channels):
            picture = Image.fromarray(dataset.images[i, channel])
            images[i, channel] = np.asarray(picture.rotate(float(angle), Image.Resampling.BILINEAR))
    note = _joined(
        dataset.note, f"each turned by -{_MOST_DEGREES:g} to {_MOST_DEGREES:g} degrees, the question: by how many?"
    )
    return replace(
        dataset,
        images=images,
        labels=np.zeros_like(dataset.labels),
        targets=degrees[:, None],
        classes=("angle",),
        task="regression",
        unit=PROBLEMS["regression"].unit,
        note=note,
    )


def _ink(dataset: Dataset) -> Dataset:
    """What share of the pixels is bright."""
    share = (dataset.images > _INK).mean(axis=(1, 2, 3)).astype(np.float32)
    note = _joined(dataset.note, "the question: what share of the pixels is ink?")
    return replace(
        dataset,
        labels=np.zeros_like(dataset.labels),
        targets=share[:, None],
        classes=("ink",),
        task="unit-regression",
        unit="share of pixels",
        note=note,
    )

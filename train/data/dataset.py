"""A data set in memory, and how it is split.

    dataset.images[dataset.split.train]     # uint8, (N, C, H, W)

The split does not depend on the training seed: every run of every seed is judged on the same images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPLIT_SEED = 28  # never changed, or accuracies of different versions could not be compared


@dataclass(frozen=True)
class Split:
    """Indices into a data set; the three parts are disjoint."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    text: str  # how it was made, in words

    @property
    def parts(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Training, validation and test."""
        return self.train, self.validation, self.test


@dataclass(frozen=True)
class Dataset:
    """Images with labels."""

    name: str
    images: NDArray[np.uint8]  # (N, C, H, W), C = 1 (grey) or 3 (RGB)
    labels: NDArray[np.int64]  # (N,), index into classes
    classes: tuple[str, ...]
    split: Split
    kind: str = "digits"  # "digits" or "pictures": which augmentation makes sense
    note: str = ""  # where it comes from, in a sentence
    warnings: tuple[str, ...] = ()
    task: str = "multiclass"
    targets: NDArray[np.float32] | None = None  # (N, outputs); None: the labels are the answers
    unit: str = ""  # of the targets of a regression

    @property
    def answers(self) -> NDArray[np.float32] | NDArray[np.int64]:
        """What the network must say: targets (N, outputs), or the class of each image (N,)."""
        return self.labels if self.targets is None else self.targets

    @property
    def outputs(self) -> int:
        """How many numbers the network gives for each image."""
        return len(self.classes) if self.targets is None else int(self.targets.shape[1])

    @property
    def channels(self) -> int:
        """1 for grey images, 3 for RGB."""
        return int(self.images.shape[1])

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.images.shape[2]), int(self.images.shape[3])

    def counts(self) -> dict[str, int]:
        """Images per class, over the whole set; where an image has several labels it counts for each."""
        if self.task == "multilabel" and self.targets is not None:
            numbers = self.targets.sum(axis=0)
        else:
            numbers = np.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, map(int, numbers), strict=True))


def stratified_parts(
    labels: NDArray[np.int64], indices: NDArray[np.int64], share: float, seed: int = SPLIT_SEED
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Shuffle `indices` and cut off about `share` of every class; return (the rest, the part cut off).

    A class with at least two images leaves at least one on each side.
    """
    generator = np.random.default_rng(seed)
    rest, cut = [], []
    for label in np.unique(labels[indices]):
        members = generator.permutation(indices[labels[indices] == label])
        count = round(len(members) * share)
        count = min(max(count, 1), len(members) - 1) if len(members) > 1 else 0
        cut.append(members[:count])
        rest.append(members[count:])
    return generator.permutation(np.concatenate(rest)), generator.permutation(np.concatenate(cut))


def stratified_split(labels: NDArray[np.int64], test_share: float, validation_share: float) -> Split:
    """Cut `test_share` of every class for testing, then `validation_share` of the whole for validation."""
    everything = np.arange(len(labels))
    kept, test = stratified_parts(labels, everything, test_share)
    train, validation = stratified_parts(labels, kept, validation_share / (1 - test_share), SPLIT_SEED + 1)
    text = f"{len(train):,} train / {len(validation):,} validation / {len(test):,} test, stratified by class, fixed"
    return Split(train, validation, test, text)

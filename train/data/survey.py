"""What is in a data set, before anything is trained on it: sizes, balance, values, duplicates, one sample as numbers.

    pictures = load_with_files("photos/", size=64)
    report = survey(pictures.dataset, pictures.files)
    report.duplicates.across_test          # pictures of the test split that the network trains on

Numpy alone: a survey never waits for torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench.show.texts import said
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.pictures import FileFacts, file_facts

_BLOCK = 1024  # images that are counted at once: numpy widens each byte to eight while it counts
_NAMED = 5  # groups of duplicates that are named
_CHANNELS = {1: ("grey",), 3: ("red", "green", "blue")}


@dataclass(frozen=True)
class ClassCount:
    """How many images one class has, by part of the split."""

    name: str
    train: int
    validation: int
    test: int

    @property
    def total(self) -> int:
        """Images of the class."""
        return self.train + self.validation + self.test


@dataclass(frozen=True)
class Duplicates:
    """Images whose pixels are the same, byte by byte, after decoding and scaling."""

    images: int  # all that are there a second time or more; 0 when every image is its own
    groups: int  # different pictures that are there more than once
    across_test: int  # test images that are also among the training or validation images
    other_label: int  # groups whose images do not all carry the same label
    named: tuple[tuple[str, ...], ...]  # some groups, by file or by index; those that reach into the test split first


@dataclass(frozen=True)
class Survey:
    """What `dlbench data` prints."""

    name: str
    note: str
    images: int
    shape: tuple[int, int, int]  # channels, height, width
    dtype: str
    lowest: int  # of all pixel values
    highest: int
    mean: tuple[float, ...]  # per channel, of the training images, in units of [0, 1]: what the network normalises with
    deviation: tuple[float, ...]
    memory_bytes: int  # of the images as they are kept
    split: str
    classes: tuple[ClassCount, ...]
    duplicates: Duplicates
    constant: int  # images of one value all over
    files: FileFacts | None
    warnings: tuple[str, ...]

    @property
    def imbalance(self) -> float:
        """The largest class over the smallest: 1 is balanced."""
        totals = [count.total for count in self.classes]
        return max(totals) / max(min(totals), 1)


@dataclass(frozen=True)
class Sample:
    """One image as a matrix of numbers, the whole of it or what fits."""

    index: int
    label: str
    part: str  # of the split
    file: str | None
    channel: str
    how: str  # what was done to make it fit, in words; empty where it is the image itself
    values: NDArray[np.uint8]  # (rows, columns)

    def _repr_html_(self) -> str:
        """Return the numbers, each on its own shade: matrix and picture in one."""
        cell = (
            '<td style="background:rgb({0},{0},{0});color:{1};padding:1px 3px;text-align:right;min-width:2em">{0}</td>'
        )
        rows = ("".join(cell.format(v, "#000" if v > 127 else "#bbb") for v in row) for row in self.values.tolist())
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        where = escape(said(f"image {self.index}, class {self.label}, {self.part} split"))
        return f'<div>{where}</div><table style="font:9px monospace;border-spacing:0">{body}</table>'


def survey(dataset: Dataset, files: Sequence[Path] = ()) -> Survey:
    """Count and measure a data set."""
    counts = value_counts(dataset.images)  # (C, 256)
    mean, deviation = mean_and_deviation(value_counts(dataset.images[dataset.split.train]))
    present = np.flatnonzero(counts.sum(axis=0))
    return Survey(
        name=dataset.name,
        note=dataset.note,
        images=len(dataset.images),
        shape=(dataset.channels, *dataset.size),
        dtype=str(dataset.images.dtype),
        lowest=int(present[0]),
        highest=int(present[-1]),
        mean=mean,
        deviation=deviation,
        memory_bytes=dataset.images.nbytes,
        split=dataset.split.text,
        classes=_class_counts(dataset),
        duplicates=_duplicates(dataset, files),
        constant=sum(int(image.min() == image.max()) for image in dataset.images),
        files=file_facts(files),
        warnings=dataset.warnings,
    )


def value_counts(images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how often each of the 256 values occurs in each channel: -> (C, 256)."""
    counts = np.zeros((images.shape[1], 256), np.int64)
    for start in range(0, len(images), _BLOCK):
        block = images[start : start + _BLOCK]  # (n, C, H, W)
        for channel in range(images.shape[1]):
            counts[channel] += np.bincount(block[:, channel].ravel(), minlength=256)
    return counts


def mean_and_deviation(counts: NDArray[np.int64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return each channel's mean and population deviation from its counts: exact, no float copy of the pixels."""
    values = np.arange(256) / 255
    shares = counts / counts.sum(axis=1, keepdims=True)  # (C, 256)
    means = shares @ values  # (C,)
    deviations = np.sqrt((shares * (values - means[:, None]) ** 2).sum(axis=1))  # (C,)
    return tuple(float(m) for m in means), tuple(float(d) for d in deviations)


def _class_counts(dataset: Dataset) -> tuple[ClassCount, ...]:
    split = dataset.split
    parts = [
        np.bincount(dataset.labels[part], minlength=len(dataset.classes))
        for part in (split.train, split.validation, split.test)
    ]
    return tuple(ClassCount(name, *(int(part[index]) for part in parts)) for index, name in enumerate(dataset.classes))


def _duplicates(dataset: Dataset, files: Sequence[Path]) -> Duplicates:
    by_content: dict[bytes, list[int]] = {}
    for index, image in enumerate(dataset.images):
        digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()
        by_content.setdefault(digest, []).append(index)
    groups = [group for group in by_content.values() if len(group) > 1]
    in_test = np.zeros(len(dataset.images), bool)
    in_test[dataset.split.test] = True
    leaks = {id(group): int(in_test[group].sum()) for group in groups if not in_test[group].all()}
    groups.sort(key=lambda group: leaks.get(id(group), 0) == 0)
    return Duplicates(
        images=sum(len(group) - 1 for group in groups),
        groups=len(groups),
        across_test=sum(leaks.values()),
        other_label=sum(len(set(dataset.labels[group].tolist())) > 1 for group in groups),
        named=tuple(tuple(_named(index, files) for index in group) for group in groups[:_NAMED]),
    )


def _named(index: int, files: Sequence[Path]) -> str:
    return f"{files[index].parent.name}/{files[index].name}" if files else str(index)


def sample_of(dataset: Dataset, index: int, files: Sequence[Path] = (), most: tuple[int, int] = (32, 32)) -> Sample:
    """Return an image's first channel, averaged over blocks and cut to the centre until `most` x `most` holds it."""
    values = dataset.images[index, 0]  # (H, W)
    factor = max(_shrink(values.shape[0], most[0]), _shrink(values.shape[1], most[1]))
    how = []
    if factor > 1:
        rows, columns = values.shape[0] // factor, values.shape[1] // factor
        blocks = values[: rows * factor, : columns * factor].reshape(rows, factor, columns, factor)
        values = blocks.mean(axis=(1, 3)).round().astype(np.uint8)  # (rows, f, columns, f) -> (rows, columns)
        how.append(f"each number the mean of {factor} x {factor} pixels")
    shown = _centre(values, most)
    if shown.shape != values.shape:
        how.append(f"the centre {shown.shape[0]} x {shown.shape[1]} of {values.shape[0]} x {values.shape[1]}")
    split = dataset.split
    part = "test" if index in split.test else "validation" if index in split.validation else "training"
    file = _named(index, files) if files else None
    channel = _CHANNELS.get(dataset.channels, ("first",))[0]
    return Sample(index, dataset.classes[dataset.labels[index]], part, file, channel, "; ".join(how), shown)


def _shrink(size: int, most: int) -> int:
    """Return the block that makes `size` fit; what is less than twice too large is cut, since blocks would blur it."""
    return -(-size // most) if size >= 2 * most else 1


def _centre(values: NDArray[np.uint8], most: tuple[int, int]) -> NDArray[np.uint8]:
    rows, columns = min(values.shape[0], most[0]), min(values.shape[1], most[1])
    top, left = (values.shape[0] - rows) // 2, (values.shape[1] - columns) // 2
    return values[top : top + rows, left : left + columns]

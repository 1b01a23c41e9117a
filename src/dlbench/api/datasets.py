"""A data set as a value: its facts, its classes, its duplicates, single images as numbers, a picture of samples.

import dlbench

print(dlbench.survey("mnist-sample").tables())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.api.arguments import PathLike, names_arguments
from dlbench.api.networks import telling_of_training
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.model.card import ModelCard
from dlbench.remembered import data_of
from dlbench.show import units
from dlbench.show.notebook import Png, Progress, notebook_progress
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.show.texts import said
from dlbench.train import Dataset, OnProgress, load
from dlbench.train.data.known_data_sets import DATA_NAMES, load_with_files
from dlbench.train.data.survey import Sample, Survey, sample_of
from dlbench.train.data.survey import survey as count
from dlbench.train.tasks.targets import ask
from dlbench.viz.capture.picture import input_shape
from dlbench.viz.evaluation.class_samples import sample_grid

PARTS = ("test", "validation", "train", "all")

_SMALLEST, _LARGEST = 8, 1024  # pixels
_MOST_CLASSES = 100  # in the table; --json has them all
_MOST_NUMBERS = (32, 32)


@names_arguments
def survey(name_or_path: PathLike | None = None, *, size: int = 64, on_progress: Progress | None = None) -> DataSurvey:
    """Return what is in a data set, as `dlbench data` shows it.

    Args:
        name_or_path: mnist-sample (None), sample-photos, mnist, fashion-mnist, cifar10, oxford-pets, or a folder.
        size: height and width, in pixels, to which picture files are scaled.
        on_progress: called while pictures are read; a notebook shows a bar by itself.

    Raises:
        InputError: a size that makes no sense.
        DataError: the data can't be used.
    """
    with notebook_progress("data", on_progress) as show:
        return survey_of(name_or_path, size, telling_of_training(show))


def survey_of(name_or_path: PathLike | None, size: int, on_progress: OnProgress = None) -> DataSurvey:
    """Read a data set and count; `on_progress` is called while pictures are read.

    Raises:
        InputError: a size that makes no sense.
        DataError: the data can't be used.
    """
    if not _SMALLEST <= size <= _LARGEST:
        raise InputError(f"--size: expected {_SMALLEST} to {_LARGEST} pixels, received {size}.")
    found = load_with_files(name_or_path, size, on_progress)
    facts = count(found.dataset, found.files)
    return DataSurvey(**vars(facts), dataset=found.dataset, paths=tuple(found.files), size=size)


@dataclass(frozen=True, repr=False)
class DataSurvey(WithTables, Survey):
    """What is in a data set, with its tables."""

    dataset: Dataset
    paths: tuple[Path, ...]  # of each image, where each has a file of its own
    size: int  # to which picture files were scaled

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.shape))
        return f"<DataSurvey of {self.name[:80]}: {self.images:,} images, {shape}, {len(self.classes)} classes>"

    def _repr_html_(self) -> str:
        """Return both tables, and what is wrong with the data: a notebook prints nothing else of it."""
        warnings = "".join(f"<p>{escape(said(warning))}</p>" for warning in self.all_warnings())
        return self.tables()._repr_html_() + warnings

    def tables(self) -> TableView:
        """Return the facts, and the images of each class."""
        return TableView((self._facts_table(), self._classes_table()))

    def _records(self) -> list[dict[str, Any]]:
        return [{**asdict(c), "total": c.total} for c in self.classes]

    def duplicate_sentences(self) -> Sequence[str]:
        """Return what there is to know about images that repeat."""
        copies = self.duplicates
        scaled = f" at {self.shape[1]} x {self.shape[2]}" if self.paths else ""
        if not copies.images:
            return (f"no image: each has its own pixels{scaled}.",)
        sentences = [f"{copies.images:,} images repeat another, pixel by pixel{scaled} ({copies.groups:,} pictures)."]
        if copies.across_test:
            sentences.append(
                f"leak: {copies.across_test:,} test images are also among the training or validation images, so the "
                "test is too kind; remove the copies."
            )
        if copies.other_label:
            sentences.append(f"{copies.other_label:,} of the pictures carry different labels: one of them is wrong.")
        sentences.extend(" = ".join(group) for group in copies.named)
        if copies.groups > len(copies.named):
            sentences.append(f"and {copies.groups - len(copies.named):,} more.")
        return sentences

    def all_warnings(self) -> Sequence[str]:
        """Return the problems of the data."""
        constant = f"{self.constant:,} images have one value all over: nothing to see in them."
        return (*self.warnings, *([constant] if self.constant else []))

    @names_arguments
    def sample(self, index: int | None = None, columns: int = _MOST_NUMBERS[1]) -> Sample:
        """Return one image as numbers; None: the first of the training split.

        Raises:
            InputError: no such image.
        """
        last = len(self.dataset.images) - 1
        if index is not None and not 0 <= index <= last:
            raise InputError(f"`index`: expected an image of {self.name}, 0 to {last:,}, received {index:,}.")
        place = int(self.dataset.split.train[0]) if index is None else index
        return sample_of(self.dataset, place, self.paths, (_MOST_NUMBERS[0], columns))

    def picture(self) -> Png:
        """Return a picture of samples (PNG), and what it shows."""
        # not the test images: whoever looks at them before choosing a network has used them
        data, train = self.dataset, self.dataset.split.train
        return Png(*sample_grid(data.name, data.images[train], data.labels[train], data.classes))

    def _facts_table(self) -> Table:
        channels, height, width = self.shape
        kind = {1: "grey", 3: "red, green, blue"}.get(channels, "")
        low, high = (f"{value / 255:.3g}" for value in (self.lowest, self.highest))
        values = f"{self.lowest} to {self.highest}; the network takes them as {low} to {high}"
        rows = [
            ("images", f"{self.images:,}"),
            ("shape", f"{channels} x {height} x {width} (channels: {kind}; height; width), {self.dtype}"),
            ("memory", str(units.size(self.memory_bytes))),
            ("pixel values", values),
            ("mean", f"{_figures(self.mean)} of the training images, in [0, 1]"),
            ("deviation", f"{_figures(self.deviation)}; the network takes (value - mean) / deviation"),
            ("split", self.split),
            *self._file_rows(),
            *([("that is", self.note)] if self.note else []),
        ]
        return Table(
            "data",
            f"The data set {self.name}",
            (Column("fact", False, key=True), Column("value", False, wraps=True)),
            tuple(rows),
        )

    def _file_rows(self) -> list[tuple[str, str]]:
        if self.files is None:
            return []
        files = self.files
        kinds = ", ".join(f"{number:,} {kind}" for kind, number in files.kinds.items())
        smallest, largest = (f"{w:,} x {h:,}" for w, h in (files.smallest, files.largest))
        sizes = f"all {smallest}" if files.sizes == 1 else f"{files.sizes:,} sizes from {smallest} to {largest}"
        turned = f"; {files.turned:,} turned as their EXIF tag says" if files.turned else ""
        return [
            ("files", f"{kinds}{turned}"),
            ("their pixels", f"{sizes} (width x height), the centre square read as {self.size} x {self.size} (`size`)"),
        ]

    def _classes_table(self) -> Table:
        columns = (
            Column("class", False, wraps=True, key=True),
            *(Column(part, secondary=1) for part in ("training", "validation", "test")),
            Column("all"),
            Column("share"),
        )
        rows = tuple(
            (c.name, f"{c.train:,}", f"{c.validation:,}", f"{c.test:,}", f"{c.total:,}", str(units.percent(share, 1)))
            for c in self.classes[:_MOST_CLASSES]
            for share in (c.total / self.images,)
        )
        parts = zip(*((c.train, c.validation, c.test, c.total) for c in self.classes), strict=True)
        total = ("all classes", *(f"{sum(part):,}" for part in parts), str(units.percent(1, 1)))
        notes = [_balance(self)]
        if len(self.classes) > _MOST_CLASSES:
            notes.append(f"{_MOST_CLASSES} of {len(self.classes):,} classes shown; `document()` has them all.")
        return Table("classes", "Images per class", columns, (*rows, total), tuple(notes), totals=1)

    def document(self) -> dict[str, Any]:
        """Return the counts in the machine form, `dlbench.data/1`."""
        own = ("dataset", "paths", "size")
        counts = Survey(**{name: value for name, value in vars(self).items() if name not in own})
        return {"schema": "dlbench.data/1", **asdict(counts), "imbalance": self.imbalance}


def _figures(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4f}" for value in values)


def _balance(facts: Survey) -> str:
    smallest, largest = (pick(facts.classes, key=lambda c: c.total) for pick in (min, max))
    if smallest.total == largest.total:
        share = 1 / len(facts.classes)
        return f"balanced: {largest.total:,} images of each class; always giving one answer is right in {share:.1%}."
    how = "nearly balanced" if facts.imbalance < 1.5 else "unbalanced"
    return (
        f"{how}: {largest.total:,} of {largest.name}, {smallest.total:,} of {smallest.name}, {facts.imbalance:.2f} "
        f"to 1; always saying {largest.name} is right in {largest.total / facts.images:.1%}."
    )


def model_data(card: ModelCard, name: PathLike | None, workspace: PathLike | Workspace | None = None) -> Dataset:
    """Return the data set with the answers that this model was asked for.

    Args:
        card: the model.
        name: of `dlbench data`; None: the one that the model's file names, or the folder that it was trained on.
        workspace: remembers that folder.

    Raises:
        InputError: which data is not known, or its pictures or classes are not those of the model.
    """
    _, channels, height, width = input_shape(card)
    facts = card.facts
    dataset = load(name or _own(card, workspace), max(height, width))
    if facts is not None:
        labels = facts.labels
        dataset = ask(dataset, facts.task, labels[1] if facts.task == "binary" and len(labels) == 2 else None)
        if tuple(labels) != tuple(dataset.classes):
            raise InputError(
                f"{card.name} and {dataset.name} do not fit: expected the model's classes {_listed(labels)}, received "
                f"{_listed(dataset.classes)}; choose the data with --data."
            )
    shape = dataset.images.shape[1:]
    scaled = facts is not None and facts.network == "transfer" and shape[0] in (1, channels)  # as in its training
    if shape != (channels, height, width) and not scaled:
        raise InputError(
            f"{card.name} and {dataset.name} do not fit: expected pictures {channels} x {height} x {width}, received "
            f"{' x '.join(map(str, shape))}; choose the data with --data."
        )
    return dataset


def _own(card: ModelCard, workspace: PathLike | Workspace | None) -> str:
    known = own_data(card, workspace)
    if known is None:
        name = card.facts.data if card.facts else ""
        received = f"the name {name} of a folder that this workspace doesn't know" if name else "none"
        raise InputError(
            f"{card.name} names no data set that can be loaded: expected --data NAME|FOLDER, received {received}."
        )
    return known


def own_data(card: ModelCard, workspace: PathLike | Workspace | None) -> str | None:
    """Return the data set that a model was trained on, a name or a folder; None where neither is known.

    Raises:
        InputError: the folder has been moved or deleted.
    """
    name = card.facts.data if card.facts else ""
    place = Workspace.at(workspace)
    folder = data_of(place, card.sha256, name) if name else None
    if folder is not None and Path(folder).is_dir():
        return folder
    if name in DATA_NAMES:
        return name
    if folder is None:
        return None
    raise InputError(
        f"the pictures that {card.name} was trained on are gone: expected the folder {folder}, received nothing there; "
        "give them with --data."
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(name[:20] for name in names[:8]) + (", ..." if len(names) > 8 else "")


def part_of(dataset: Dataset, part: str) -> NDArray[np.int64]:
    """Return the places of a part's pictures.

    Raises:
        InputError: no such part, or it is empty.
    """
    if part not in PARTS:
        raise InputError(f"--split: expected {', '.join(PARTS)}, received {part[:40]!r}.")
    split = dataset.split
    every = {"test": split.test, "validation": split.validation, "train": split.train}
    places = np.arange(len(dataset.images)) if part == "all" else every[part]
    if not len(places):
        raise InputError(f"--split: expected a part of {dataset.name} with pictures, received {part}, which is empty.")
    return np.asarray(places, np.int64)

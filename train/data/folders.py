"""A folder of pictures with labels as a data set, split as the folder says or anew.

    pictures = picture_folder(Path("photos"), size=224)
    pictures.dataset.classes, pictures.files

Which pictures there are, and what they are called, is found by `folder_layout`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError
from dlbench.picture_files import KNOWN_FORMATS
from dlbench.train.data.dataset import SPLIT_SEED, Dataset, Split, stratified_split
from dlbench.train.data.folder_layout import LabelledPicture, class_name, labelled_pictures
from dlbench.train.data.pictures import decode
from dlbench.train.data.published_files import official_split
from dlbench.train.progress import OnProgress

_FEWEST = 3  # per class: one to train, one to validate, one to test
_NAMED = 5  # files or classes named in a warning


@dataclass(frozen=True)
class FolderSet:
    """A data set with the file of each image."""

    dataset: Dataset
    files: tuple[Path, ...] = ()  # as many as images, or none where they are not from files of their own


def picture_folder(root: Path, size: int, on_progress: OnProgress = None) -> FolderSet:
    """Read all labelled pictures under `root` as (N, 3, size, size).

    A fifth of every class is the test split, unless the folder brings its own; a tenth of the whole validates.

    Raises:
        DataError: no pictures, no labels, fewer than two classes, or a class with too few readable pictures.
    """
    found = labelled_pictures(root)
    if not found.pictures:
        raise DataError(
            f"no labelled pictures in {root}: expected class folders (cat/1.jpg, dog/2.jpg) or flat names "
            f"(cat.1.jpg, dog.2.jpg), received {found.received}; check the folder."
        )
    if len({item.label for item in found.pictures}) < 2:
        raise DataError(
            f"only one class in {root}: expected at least two, received {found.pictures[0].label!r} alone; add a "
            "folder of pictures for another class."
        )
    return read_pictures(class_name(root.name) or "pictures", root, found.pictures, size, on_progress, found.warnings)


def read_pictures(
    name: str,
    root: Path,
    pictures: Sequence[LabelledPicture],
    size: int,
    on_progress: OnProgress = None,
    warnings: tuple[str, ...] = (),
) -> FolderSet:
    """Read these pictures, and split them by their parts.

    Raises:
        DataError: none can be read, or a class has too few readable pictures.
    """
    images, problems = decode([item.path for item in pictures], size, on_progress)
    kept = np.array([index for index in range(len(pictures)) if index not in problems], np.int64)
    if not len(kept):
        raise DataError(
            f"no picture in {root} can be read: expected {KNOWN_FORMATS}, received "
            f"{len(pictures):,} unreadable files, the first: {pictures[0].path.name} ({problems[0]})."
        )
    classes = tuple(sorted({item.label for item in pictures}))
    labels = np.array([classes.index(pictures[index].label) for index in kept], np.int64)
    _expect_enough(root, labels, classes)
    split, split_warning = _split(labels, np.array([pictures[index].part for index in kept]), classes)
    images = images[kept] if problems else images
    note = f"{len(kept):,} pictures of {len(classes)} classes from the folder {root.name}"
    all_warnings = (*_unreadable_warning(problems, pictures), *split_warning, *warnings)
    dataset = Dataset(name, images, labels, classes, split, "pictures", note, all_warnings)
    return FolderSet(dataset, tuple(pictures[index].path for index in kept))


def _split(labels: NDArray[np.int64], parts: NDArray[np.str_], classes: Sequence[str]) -> tuple[Split, tuple[str, ...]]:
    is_test = parts == "test"
    if not is_test.any() and (parts == "train").any():  # a val/ beside train/ alone judges the network
        is_test, parts = parts == "validation", np.where(parts == "validation", "test", parts)
    if not is_test.any():
        return stratified_split(labels, test_share=0.2, validation_share=0.1), ()
    for where, split_labels in (("test", labels[is_test]), ("training", labels[~is_test & (parts != "validation")])):
        missing = _missing(split_labels, classes)
        if missing:
            warning = f"the folder's own {where} split lacks {missing}: all pictures were split anew"
            return stratified_split(labels, test_share=0.2, validation_share=0.1), (warning,)
    is_validation = parts == "validation"
    if not is_validation.any():
        return official_split(labels, is_test, validation_share=0.1, whose="folder's own"), ()
    missing = _missing(labels[is_validation], classes)
    warning = f"the folder's own validation split lacks {missing}: the epoch to keep is chosen without"
    return _whole_split(parts), (warning,) if missing else ()


def _missing(labels: NDArray[np.int64], classes: Sequence[str]) -> str:
    """Return the names of the classes that are not among these labels."""
    missing = [repr(classes[place]) for place in sorted(set(range(len(classes))) - set(labels.tolist()))]
    return ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")


def _whole_split(parts: NDArray[np.str_]) -> Split:
    """Return the three parts as the folder has them, the training pictures shuffled."""
    train, validation, test = (np.flatnonzero(parts == part) for part in ("train", "validation", "test"))
    text = f"{len(train):,} train / {len(validation):,} validation / {len(test):,} test, all three the folder's own"
    return Split(np.random.default_rng(SPLIT_SEED).permutation(train), validation, test, text)


def _expect_enough(root: Path, labels: NDArray[np.int64], classes: tuple[str, ...]) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    for name, count in zip(classes, counts, strict=True):
        if count < _FEWEST:
            raise DataError(
                f"class {name!r} in {root} has too few readable pictures: expected at least {_FEWEST} (to train, "
                f"validate and test), received {count}; add pictures or remove the class."
            )


def _unreadable_warning(problems: dict[int, str], pictures: Sequence[LabelledPicture]) -> tuple[str, ...]:
    if not problems:
        return ()
    named = "; ".join(
        f"{class_name(pictures[index].path.parent.name)[:60]}/{class_name(pictures[index].path.name)[:60]} ({reason})"
        for index, reason in list(problems.items())[:_NAMED]
    )
    more = f"; and {len(problems) - _NAMED:,} more" if len(problems) > _NAMED else ""
    return (f"{len(problems):,} of {len(pictures):,} pictures can't be read and were skipped: {named}{more}",)

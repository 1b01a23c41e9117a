"""A folder of pictures with labels, in the three layouts that people have.

    cats/a.jpg, dogs/b.jpg                      class folders
    cat.12.jpg, dog.7.jpg                       flat, as Kaggle's cats and dogs
    train/cats/a.jpg ... test/cats/c.jpg        class folders with a test split of their own

Only these levels are looked at, so a symbolic link that loops can't trap anyone.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError
from dlbench.train.dataset import Dataset, Split, stratified_parts, stratified_split
from dlbench.train.pictures import PICTURE_SUFFIXES, decode
from dlbench.train.progress import OnProgress

__all__ = ["picture_folder"]

_FLAT = re.compile(r"(?P<label>.*[^\W\d_].*?)[._ -]+\(?\d+\)?\.\w+")
_TRAIN, _TEST = ("train", "training"), ("test", "val", "validation")
_FEWEST = 3  # per class: one to train, one to validate, one to test
_NAMED = 5  # unreadable pictures named in the warning


@dataclass(frozen=True)
class _Found:
    path: Path
    label: str
    is_test: bool = False


def picture_folder(root: Path, size: int, on_progress: OnProgress = None) -> Dataset:
    """Read all labelled pictures under `root` as (N, 3, size, size).

    A fifth of every class is the test split, unless the folder brings its own; a tenth of the whole validates.

    Raises:
        DataError: no pictures, no labels, fewer than two classes, or a class with too few readable pictures.
    """
    found = _find(root)
    images, problems = decode([item.path for item in found], size, on_progress)
    kept = np.array([index for index in range(len(found)) if index not in problems], np.int64)
    if not len(kept):
        raise DataError(
            f"no picture in {root} can be read: expected JPEG, PNG, BMP, GIF, WebP, TIFF or PPM, received "
            f"{len(found):,} unreadable files, the first: {found[0].path.name} ({problems[0]})."
        )
    classes = tuple(sorted({item.label for item in found}))
    labels = np.array([classes.index(found[index].label) for index in kept], np.int64)
    is_test = np.array([found[index].is_test for index in kept])
    _expect_enough(root, labels, classes)
    images = images[kept] if problems else images
    warning = _unreadable_warning(problems, found)
    split = _split(labels, is_test)
    note = f"{len(kept):,} pictures of {len(classes)} classes from the folder {root.name}"
    return Dataset(root.name or "pictures", images, labels, classes, split, "pictures", note, warning)


def _split(labels: NDArray[np.int64], is_test: NDArray[np.bool_]) -> Split:
    missing = set(np.unique(labels)) - set(np.unique(labels[is_test]))
    if not is_test.any() or missing:
        return stratified_split(labels, test_share=0.2, validation_share=0.1)
    train, validation = stratified_parts(labels, np.flatnonzero(~is_test), share=0.1)
    test = np.flatnonzero(is_test)
    text = f"{len(train):,} train / {len(validation):,} validation / {len(test):,} test, the folder's own test split"
    return Split(train, validation, test, text)


def _find(root: Path) -> list[_Found]:
    folders = [entry for entry in _entries(root) if entry.is_dir()]
    named = {entry.name.lower(): entry for entry in folders}
    train = next((named[name] for name in _TRAIN if name in named), None)
    test = next((named[name] for name in _TEST if name in named), None)
    if train and test:
        found = [*_class_folders(train, False), *_class_folders(test, True)]
    else:
        found = _class_folders(root, False)
    found = found or _flat(root)
    if not found:
        raise DataError(
            f"no labelled pictures in {root}: expected class folders (cat/1.jpg, dog/2.jpg) or flat names "
            f"(cat.1.jpg, dog.2.jpg), received {_described(root)}; check the folder."
        )
    if len({item.label for item in found}) < 2:
        raise DataError(
            f"only one class in {root}: expected at least two, received {found[0].label!r} alone; add a folder of "
            "pictures for another class."
        )
    return found


def _class_folders(root: Path, is_test: bool) -> list[_Found]:
    return [
        _Found(path, folder.name, is_test) for folder in _entries(root) if folder.is_dir() for path in _pictures(folder)
    ]


def _flat(root: Path) -> list[_Found]:
    matches = [(path, _FLAT.fullmatch(path.name)) for path in _pictures(root)]
    return [_Found(path, match["label"]) for path, match in matches if match]


def _pictures(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()]


def _entries(folder: Path) -> list[Path]:
    """Return what lies in `folder`, sorted, without hidden files."""
    try:
        return sorted(folder / name for name in os.listdir(folder) if not name.startswith("."))  # noqa: PTH208
    except OSError as error:
        raise DataError(f"can't read the folder {folder}: {error.strerror}; check its permissions.") from error


def _described(root: Path) -> str:
    entries = _entries(root)
    if not entries:
        return "an empty folder"
    pictures = len(_pictures(root))
    return f"{pictures:,} pictures whose names carry no label" if pictures else f"{len(entries):,} other entries"


def _expect_enough(root: Path, labels: NDArray[np.int64], classes: tuple[str, ...]) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    for name, count in zip(classes, counts, strict=True):
        if count < _FEWEST:
            raise DataError(
                f"class {name!r} in {root} has too few readable pictures: expected at least {_FEWEST} (to train, "
                f"validate and test), received {count}; add pictures or remove the class."
            )


def _unreadable_warning(problems: dict[int, str], found: list[_Found]) -> tuple[str, ...]:
    if not problems:
        return ()
    named = "; ".join(f"{found[index].path.name} ({reason})" for index, reason in list(problems.items())[:_NAMED])
    more = f"; and {len(problems) - _NAMED:,} more" if len(problems) > _NAMED else ""
    return (f"{len(problems):,} of {len(found):,} pictures can't be read and were skipped: {named}{more}",)

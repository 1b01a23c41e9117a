"""A folder of pictures with labels, in the layouts that people have.

    cats/a.jpg, dogs/b.jpg                      class folders
    cat.12.jpg, dog.7.jpg                       flat, as Kaggle's cats and dogs
    train/cats/a.jpg ... test/cats/c.jpg        either of them with a test split of its own, and perhaps a val/

Only these levels are looked at, so a symbolic link that loops can't trap anyone. Pictures there without a label, and
folders without a picture, are skipped, and a warning says so.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError
from dlbench.train.data.dataset import SPLIT_SEED, Dataset, Split, stratified_split
from dlbench.train.data.pictures import PICTURE_SUFFIXES, decode
from dlbench.train.data.published_files import official_split
from dlbench.train.progress import OnProgress

__all__ = ["FolderSet", "LabelledPicture", "picture_folder", "read_pictures"]

_FLAT = re.compile(r"(?P<label>.*[^\W\d_].*?)[._ -]+\(?\d+\)?\.\w+")
_PART_NAMES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing", "test1"),  # test1 is Kaggle's, without labels
}
_FEWEST = 3  # per class: one to train, one to validate, one to test
_NAMED = 5  # files named in a warning


@dataclass(frozen=True)
class LabelledPicture:
    """A picture with its label."""

    path: Path
    label: str
    part: str = ""  # "train", "validation" or "test" where the folder says so


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
    parts = _own_split(root)
    pictures = [item for part, folder in (parts or {"": root}).items() for item in _labelled(folder, part)]
    if not pictures:
        raise DataError(
            f"no labelled pictures in {root}: expected class folders (cat/1.jpg, dog/2.jpg) or flat names "
            f"(cat.1.jpg, dog.2.jpg), received {_described(root)}; check the folder."
        )
    if len({item.label for item in pictures}) < 2:
        raise DataError(
            f"only one class in {root}: expected at least two, received {pictures[0].label!r} alone; add a folder of "
            "pictures for another class."
        )
    skipped = _skipped(pictures, {root, *parts.values()}, set(parts.values()))
    return read_pictures(root.name or "pictures", root, pictures, size, on_progress, skipped)


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
            f"no picture in {root} can be read: expected JPEG, PNG, BMP, GIF, WebP, TIFF or PPM, received "
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
    if not is_test.any():
        return stratified_split(labels, test_share=0.2, validation_share=0.1), ()
    for where, split_labels in (("test", labels[is_test]), ("training", labels[~is_test & (parts != "validation")])):
        missing = sorted(set(range(len(classes))) - set(split_labels.tolist()))
        if missing:
            warning = f"the folder's own {where} split lacks {classes[missing[0]]!r}: all pictures were split anew"
            return stratified_split(labels, test_share=0.2, validation_share=0.1), (warning,)
    if (parts == "validation").any():
        return _whole_split(parts), ()
    return official_split(labels, is_test, validation_share=0.1, whose="folder's own"), ()


def _whole_split(parts: NDArray[np.str_]) -> Split:
    """Return the three parts as the folder has them, the training pictures shuffled."""
    train, validation, test = (np.flatnonzero(parts == part) for part in ("train", "validation", "test"))
    text = f"{len(train):,} train / {len(validation):,} validation / {len(test):,} test, all three the folder's own"
    return Split(np.random.default_rng(SPLIT_SEED).permutation(train), validation, test, text)


def _own_split(root: Path) -> dict[str, Path]:
    """Return the folders of the folder's own split, by part; empty where it has none."""
    folders = {entry.name.lower(): entry for entry in _entries(root) if entry.is_dir()}
    parts = {part: folders[name] for part, names in _PART_NAMES.items() for name in reversed(names) if name in folders}
    if "train" not in parts:
        return {}
    # beside bus/ and car/, a folder of pictures called train/ is a class
    if len(parts) == 1 and any(_pictures(folder) for folder in folders.values() if folder != parts["train"]):
        return {}
    if "test" not in parts and "validation" in parts:
        parts["test"] = parts.pop("validation")
    return parts


def _labelled(root: Path, part: str) -> list[LabelledPicture]:
    return _class_folders(root, part) or _flat(root, part)


def _class_folders(root: Path, part: str) -> list[LabelledPicture]:
    return [
        LabelledPicture(path, folder.name, part)
        for folder in _entries(root)
        if folder.is_dir()
        for path in _pictures(folder)
    ]


def _flat(root: Path, part: str) -> list[LabelledPicture]:
    matches = [(path, _FLAT.fullmatch(path.name)) for path in _pictures(root)]
    return [LabelledPicture(path, match["label"], part) for path, match in matches if match]


def _skipped(pictures: Iterable[LabelledPicture], looked_at: Iterable[Path], parts: set[Path]) -> tuple[str, ...]:
    """Return warnings about files and folders that were not used."""
    used = {item.path for item in pictures}
    with_pictures = {path.parent for path in used} | parts
    strays = [path for folder in sorted(looked_at) for path in _pictures(folder) if path not in used]
    empty = [e for folder in sorted(looked_at) for e in _entries(folder) if e.is_dir() and e not in with_pictures]
    warnings = []
    if strays:
        warnings.append(f"{len(strays):,} pictures have no label and were skipped: {_some(strays)}")
    if empty and with_pictures - set(looked_at):
        warnings.append(f"{len(empty):,} folders hold no picture of a known format and were skipped: {_some(empty)}")
    return tuple(warnings)


def _some(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths[:_NAMED]) + (", ..." if len(paths) > _NAMED else "")


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
    return f"{pictures:,} pictures whose names have no label" if pictures else f"{len(entries):,} other entries"


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
    named = "; ".join(f"{pictures[index].path.name} ({reason})" for index, reason in list(problems.items())[:_NAMED])
    more = f"; and {len(problems) - _NAMED:,} more" if len(problems) > _NAMED else ""
    return (f"{len(problems):,} of {len(pictures):,} pictures can't be read and were skipped: {named}{more}",)

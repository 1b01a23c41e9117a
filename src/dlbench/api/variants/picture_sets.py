"""The pictures on which a variant is held against its parent: the parent's test split, or what is given.

    pictures = picture_set(card, None, workspace)       # the test split of the data that the network learned from
    pictures = picture_set(card, "photos", workspace)   # of a foreign file: all pictures of a folder

The set's hash is that of the files' contents, so that nothing is decoded where the answers are known already.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dlbench.api.arguments import PathLike
from dlbench.api.datasets import model_data, own_data, part_of
from dlbench.errors import DataError, InputError, one_line
from dlbench.files import Workspace
from dlbench.model.card import ModelCard
from dlbench.picture_files import looks_like_picture
from dlbench.show.notebook import Progress
from dlbench.train.data.folder_layout import labelled_pictures
from dlbench.train.data.known_data_sets import DATA_NAMES
from dlbench.viz.capture.picture import input_shape, open_picture
from dlbench.viz.evaluation.kept_answers import Pictures, PictureSet

_MOST_PICTURES = 1000  # of a folder without labels
_MOST_FILES = 1_000_000


def picture_set(
    card: ModelCard, data: PathLike | None, workspace: Workspace, on_progress: Progress | None = None
) -> PictureSet:
    """Return the pictures that a network is asked: its own test split, or those of `data`.

    Of a foreign file no labels are known, unless the data have as many classes as it outputs.

    Raises:
        InputError: which data is not known, or it can't be used for this network.
    """
    own = _named(card, data, workspace)
    key = picture_key(card, own, workspace)
    name = own if own in DATA_NAMES else Path(own).name
    if _labelled(card, own):
        return PictureSet(key, name, "test", partial(_test_split, card, own, workspace))
    return PictureSet(key, name, "all", partial(_all_pictures, card, Path(own), on_progress))


def _labelled(card: ModelCard, data: str) -> bool:
    """Say whether the data's classes are the network's, so that answers can be right or wrong."""
    if card.facts is not None or data in DATA_NAMES:
        return True
    if not Path(data).is_dir():
        raise DataError(f"no pictures at {data}: expected a data set or a folder, received nothing there.")
    outputs = card.proto.graph.output[0].type.tensor_type.shape.dim
    try:
        classes = {item.label for item in labelled_pictures(Path(data)).pictures}
    except DataError:
        return False
    return len(classes) > 1 and bool(outputs) and outputs[-1].dim_value == len(classes)


def _test_split(card: ModelCard, data: str, workspace: Workspace) -> Pictures:
    dataset = model_data(card, data, workspace)
    places = part_of(dataset, "test")
    targets = None if dataset.targets is None else dataset.targets[places]
    return Pictures(dataset.images[places], dataset.labels[places], tuple(dataset.classes), targets)


def _all_pictures(card: ModelCard, folder: Path, on_progress: Progress | None) -> Pictures:
    """Read the pictures of a folder as `dlbench viz` reads one; of many, as many as are enough, evenly spread."""
    paths = [path for path in _files(folder) if looks_like_picture(path)]
    if not paths:
        raise DataError(f"no pictures in {folder}: expected picture files, received none.")
    chosen = [paths[i] for i in np.linspace(0, len(paths) - 1, min(_MOST_PICTURES, len(paths))).astype(int)]
    images = []
    for number, path in enumerate(chosen, 1):
        try:
            received = open_picture(card, path).received  # (1, C, h, w) in [0, 1]
        except InputError as error:
            if len(chosen) == 1:
                raise
            unread = error
            continue
        images.append(np.rint(received * 255).astype(np.uint8))
        if on_progress:
            on_progress("reading pictures", number, len(chosen))
    if not images:
        raise DataError(f"no picture in {folder} can be read: {one_line(unread, 200)}")
    return Pictures(np.concatenate(images), np.zeros(0, np.int64), ())


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in an order that no system changes; hidden ones are left alone."""
    count = 0
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            count += 1
            if count > _MOST_FILES:
                raise DataError(f"too many files in {folder}: expected at most {_MOST_FILES:,}; choose a folder in it.")
            yield Path(where) / name


def _named(card: ModelCard, data: PathLike | None, workspace: Workspace) -> str:
    own = own_data(card, workspace) if data is None else os.fspath(data)
    if own is None:
        kind = "its own data are not known" if card.facts else "a foreign file has no test split"
        raise InputError(f"{kind}: expected pictures with --data NAME|FOLDER, received none.")
    return own


def picture_key(card: ModelCard, data: PathLike | None, workspace: Workspace) -> str:
    """Return a hash of what the pictures are: the files' places and contents, and what the network makes of them.

    Raises:
        InputError: which data is not known.
    """
    data, shape = _named(card, data, workspace), input_shape(card)[1:]
    asked: list[Any] = [shape, card.facts and (card.facts.task, card.facts.labels), data in DATA_NAMES and data]
    digest = hashlib.sha256(repr(asked).encode())
    if data not in DATA_NAMES:
        root = Path(data)
        for path in _files(root):
            digest.update(os.fsencode(path.relative_to(root)) + b"\0")
            try:
                with path.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
            except OSError:
                digest.update(b"unreadable")
    return digest.hexdigest()

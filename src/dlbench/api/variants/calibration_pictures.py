"""The pictures on which a variant's ranges are measured: of the validation split or a folder, never of the test split.

found = calibration_pictures(card, None, 200, 0, workspace)
found.kind                          # "validation split of mnist-sample"
write_variant(card, "int8", calibration=found, ...)
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.api.arguments import PathLike
from dlbench.api.datasets import model_data, own_data
from dlbench.errors import DataError, InputError
from dlbench.files import Workspace
from dlbench.model.card import ModelCard
from dlbench.picture_files import KNOWN_FORMATS, looks_like_picture
from dlbench.viz.capture.feeding import fed_batches, feeding_of
from dlbench.viz.capture.picture import open_picture, picture_feeding

_BATCH = 4  # fed at once: entropy and percentile hold all values of a network for so many pictures
_MOST_FILES = 200_000  # of a folder, looked at


@dataclass(frozen=True)
class CalibrationPictures:
    """Batches as the model takes them, made anew each time they are asked for."""

    kind: str  # in words: where they come from
    card: ModelCard = field(repr=False)
    images: NDArray[np.uint8] | None = field(default=None, repr=False)  # (N, C, H, W), of a data set
    files: Sequence[Path] = field(default=(), repr=False)  # or these

    def __iter__(self) -> Iterator[NDArray[Any]]:
        if self.images is not None:
            yield from (fed for _, _, fed in fed_batches(self.card, self.images, _BATCH))
        else:
            yield from (open_picture(self.card, path).fed for path in self.files)

    def __len__(self) -> int:
        if self.images is None:
            return len(self.files)
        alone = picture_feeding(self.card).is_lone or self.card.beside
        return math.ceil(len(self.images) / (1 if alone else _BATCH))


def calibration_pictures(
    card: ModelCard, data: PathLike | None, most: int, seed: int, workspace: Workspace
) -> CalibrationPictures | None:
    """Return so many pictures to calibrate with; None where none are named and the model names none.

    Raises:
        InputError: the data can't be used for this model.
    """
    own = own_data(card, workspace) if data is None or card.facts else None
    if data is None and own is None:
        return None
    name = os.fspath(data if data is not None else str(own))
    if Path(name).is_dir() and not (card.facts and _is_own(card, name, own)):
        return _of_folder(card, Path(name), most, seed)
    dataset = model_data(card, name, workspace)
    places = dataset.split.validation
    if not len(places):
        raise InputError(
            f"{dataset.name} can't calibrate {card.name}: expected a validation split with pictures, received an empty "
            "one; give a folder of pictures with --data."
        )
    return CalibrationPictures(f"validation split of {dataset.name}", card, dataset.images[_chosen(places, most, seed)])


def _is_own(card: ModelCard, name: str, own: str | None) -> bool:
    """Say whether a folder is the one that a network learned from: then only its validation split is used."""
    known = card.facts.data if card.facts else ""
    return Path(name).name == known or (own is not None and Path(own).absolute() == Path(name).absolute())


def _of_folder(card: ModelCard, folder: Path, most: int, seed: int) -> CalibrationPictures:
    if feeding_of(card) is None:
        raise InputError(
            f"{card.name} takes no picture, so a folder can't calibrate it: expected batches of its inputs, received "
            f"{folder.name}; give them from Python: dlbench.export_model(..., data=[{{name: array}}])."
        )
    found = list(islice(folder.rglob("*"), _MOST_FILES + 1))
    if len(found) > _MOST_FILES:
        raise DataError(f"too many files in {folder}: expected at most {_MOST_FILES:,}; choose a folder in it.")
    files = sorted(path for path in found if path.is_file() and looks_like_picture(path))
    if not files:
        raise DataError(f"no pictures in {folder}: expected {KNOWN_FORMATS} files, received none; check the folder.")
    chosen = _chosen(np.arange(len(files)), most, seed)
    return CalibrationPictures(f"folder {folder.name}", card, None, [files[i] for i in chosen])


def _chosen(places: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    """Return at most so many of the places, drawn with this seed, in their own order."""
    if len(places) <= most:
        return places
    return np.sort(np.random.default_rng(seed).choice(places, most, replace=False))

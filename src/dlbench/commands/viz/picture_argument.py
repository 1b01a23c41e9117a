"""Which picture is looked at: a file, an image of a data set (`mnist-sample:17`), or one of the model's own test split.

picture = asked_picture(card, "mnist-sample:17", workspace)  # picture.truth: "3"
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.errors import DlbenchError, InputError

if TYPE_CHECKING:
    from dlbench.files import Workspace
    from dlbench.model.card import ModelCard
    from dlbench.train import Dataset
    from dlbench.viz.capture.picture import OpenedPicture

PictureArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[IMAGE]",
        help="A picture file, or DATA:INDEX such as mnist-sample:17 (default: one from the model's test split).",
    ),
]
TruthOption = Annotated[str | None, typer.Option("--truth", help="The true label, to mark it.")]

_WITH_INDEX = re.compile(r"(?P<data>.+):(?P<index>\d{1,9})")
_CLASS_TASKS = ("multiclass", "binary")
_OTHER_PICTURES = ("multilabel", "regression")  # two digits side by side, turned ones


def asked_picture(card: ModelCard, reference: str | None, workspace: Workspace) -> OpenedPicture:
    """Return the picture that was asked for, with its right label where that is known.

    A reference is a file, or DATA:INDEX with a name or folder of `dlbench data`; None: the first picture of the test
    split that the model's own file names, or of the folder that it was trained on.

    Raises:
        InputError: no such picture, or the model takes none.
    """
    from dlbench.viz.capture.picture import input_shape, open_picture

    input_shape(card)
    if reference is None:
        return _of_data(card, _own_data(card, workspace), None)
    match = _WITH_INDEX.fullmatch(reference)
    if match and not Path(reference).exists():
        return _of_data(card, match["data"], int(match["index"]))
    path = Path(reference)
    if not path.is_file():
        raise InputError(
            f"no picture {reference}: expected a file, or DATA:INDEX such as mnist-sample:17, received "
            f"{'a folder' if path.is_dir() else 'nothing there'}."
        )
    picture = open_picture(card, path)
    if card.facts is None or card.facts.task not in _CLASS_TASKS:
        return picture
    # a class's pictures may lie in folders inside it; letter and accent are one character, as in training
    folders = [unicodedata.normalize("NFC", folder.name) for folder in path.resolve().parents]
    label = next((name for name in folders if name in card.facts.labels), None)
    if label is None:
        return picture
    notes = (*picture.notes, f"the truth, {label}, is the name of the picture's folder")
    return replace(picture, notes=notes, truth=label)


def reference_name(reference: str | None) -> str:
    """Return the part of a file name that stands for the picture."""
    if reference is None:
        return "test-picture"
    return Path(reference).name.replace(":", "-") if _WITH_INDEX.fullmatch(reference) else Path(reference).stem


def _own_data(card: ModelCard, workspace: Workspace) -> str:
    from dlbench.api.datasets import own_data

    known = own_data(card, workspace)
    if known is None:
        raise InputError(
            f"which picture? {card.name} names no data set that can be loaded: expected a picture file, or DATA:INDEX "
            "such as mnist-sample:17, received none."
        )
    return known


def _of_data(card: ModelCard, name: str, index: int | None) -> OpenedPicture:
    from dlbench.train import load
    from dlbench.train.tasks.targets import ask
    from dlbench.viz.capture.picture import input_shape, picture_of_array

    facts = card.facts
    try:
        dataset = load(name, size=max(input_shape(card)[2:]))
        if facts is not None and facts.task in _OTHER_PICTURES:
            dataset = ask(dataset, facts.task)
    except DlbenchError as error:
        raise InputError(f"{name} can't give a picture: {error}") from error
    place = int(dataset.split.test[0]) if index is None else index
    if place >= len(dataset.images):
        raise InputError(
            f"no picture {place:,} in {name}: expected 0 to {len(dataset.images) - 1:,}, received {place:,}."
        )
    label = dataset.classes[int(dataset.labels[place])]
    known = facts is not None and facts.task in _CLASS_TASKS and label in facts.labels
    note = f"picture {place:,} of {dataset.name}, {_part(dataset, place)}"
    truth = label if known else None
    return picture_of_array(card, f"{dataset.name}:{place}", dataset.images[place], (note,), truth)


def _part(dataset: Dataset, place: int) -> str:
    if place in dataset.split.test:
        return "of the test split: the network was not trained on it"
    return (
        "of the training split: the network has seen it" if place in dataset.split.train else "of the validation split"
    )

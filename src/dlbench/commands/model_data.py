"""The data set that a model is judged on: its own by what its file says, or one that is named.

dataset = model_data(card, None)        # with the answers of the model's task
places = part_of(dataset, "test")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dlbench.model.card import ModelCard
    from dlbench.train import Dataset, OnProgress

__all__ = ["PARTS", "DataOption", "SplitOption", "model_data", "part_of"]

PARTS = ("test", "validation", "train", "all")

DataOption = Annotated[
    str | None,
    typer.Option(
        "--data", help="A data set or folder, as for dlbench data (default: the data named in the model file)."
    ),
]
SplitOption = Annotated[str, typer.Option("--split", help="test, validation, train or all.")]


def model_data(card: ModelCard, name: str | None, on_progress: OnProgress = None) -> Dataset:
    """Return the data set with the answers that this model was asked for.

    Args:
        card: the model.
        name: of `dlbench data`; None: the one that the model's file names.
        on_progress: called while pictures are read.

    Raises:
        InputError: which data is not known, or its pictures or classes are not those of the model.
    """
    from dlbench.train import load
    from dlbench.train.tasks.targets import ask
    from dlbench.viz.capture.picture import input_shape

    _, channels, height, width = input_shape(card)
    facts = card.facts
    dataset = load(name or _own(card), max(height, width), on_progress)
    if facts is not None:
        labels = facts.labels
        dataset = ask(dataset, facts.task, labels[1] if facts.task == "binary" and len(labels) == 2 else None)
        if tuple(labels) != tuple(dataset.classes):
            raise InputError(
                f"{card.name} and {dataset.name} do not fit: expected the model's classes {_listed(labels)}, received "
                f"{_listed(dataset.classes)}; choose the data with --data."
            )
    shape = dataset.images.shape[1:]
    if shape != (channels, height, width):
        raise InputError(
            f"{card.name} and {dataset.name} do not fit: expected pictures {channels} x {height} x {width}, received "
            f"{' x '.join(map(str, shape))}; choose the data with --data."
        )
    return dataset


def _own(card: ModelCard) -> str:
    from dlbench.train.data.loading import DATA_NAMES

    known = card.facts.data if card.facts else ""
    if known in DATA_NAMES:
        return known
    told = f"the name {known} of a folder" if known else "none"
    raise InputError(f"{card.name} names no data set that can be loaded: expected --data NAME|FOLDER, received {told}.")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(name[:20] for name in names[:8]) + (", ..." if len(names) > 8 else "")


def part_of(dataset: Dataset, part: str) -> NDArray[np.int64]:
    """Return the places of a part's pictures.

    Raises:
        InputError: no such part, or it is empty.
    """
    import numpy as np

    if part not in PARTS:
        raise InputError(f"--split: expected {', '.join(PARTS)}, received {part[:40]!r}.")
    split = dataset.split
    every = {"test": split.test, "validation": split.validation, "train": split.train}
    places = np.arange(len(dataset.images)) if part == "all" else every[part]
    if not len(places):
        raise InputError(f"--split: expected a part of {dataset.name} with pictures, received {part}, which is empty.")
    return np.asarray(places, np.int64)

"""Pictures of which part decided: the map of the predicted class and of the runner-up side by side, with both checks.

    for drawn in relevance_pictures(card, open_picture(card, Path("cat.jpg"))):
        write_drawn(drawn, folder)

The numbers behind a picture are its arrays: each map, its grid where it is coarse, and the deletion curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.card import ModelCard, card_of
from dlbench.show.notebook import Gallery, Progress, notebook_progress
from dlbench.viz.attribution.methods import Relevance, relevances
from dlbench.viz.attribution.relevance_settings import METHODS, Settings
from dlbench.viz.capture.picture import AnyPicture, OpenedPicture, fed_notes, opened_picture
from dlbench.viz.figures.drawing import Drawn, house_style
from dlbench.viz.figures.relevance_drawing import every_method, one_method, reading

_MIRRORED = -0.95


def relevance_pictures(
    model: str | PathLike[str] | ModelCard,
    picture: AnyPicture,
    method: str = "auto",
    on_progress: Progress | None = None,
    *,
    targets: Sequence[str | int] | None = None,
    asked: Settings | None = None,
) -> Gallery[Drawn]:
    """Return the picture of one method, or with `all` that of every method that fits, one below the other.

    Args:
        model: an ONNX file.
        picture: its path, or of `open_picture`.
        method: auto, all, or one of `dlbench.viz.attribution.methods.METHODS`.
        on_progress: what is done, steps done, steps in all.
        targets: labels or indices, at most two; beside a single one stands the predicted class, or the runner-up where
            it is the predicted one. None: these two.
        asked: settings of the methods.

    Raises:
        InputError: a method, class, layer or setting that does not fit; the line says which do.
        CheckFailedError: the model gives NaN.
    """
    card = card_of(model)
    picture = opened_picture(card, picture)
    with notebook_progress(f"relevance in {picture.name}", on_progress) as progress:
        results, refused = relevance_results(card, picture, method, progress, targets=targets, asked=asked)
    return draw_relevance(card, picture, results, refused)


def relevance_results(
    card: ModelCard,
    picture: OpenedPicture,
    method: str = "auto",
    on_progress: Progress | None = None,
    *,
    targets: Sequence[str | int] | None = None,
    asked: Settings | None = None,
) -> tuple[list[tuple[Relevance, ...]], list[str]]:
    """Return for each method the classes explained, and why methods were left out; as for `relevance_pictures`."""
    if method != "all":
        return [relevances(card, picture, method, targets, asked, on_progress, beside=True)], []
    asked, results, refused = asked or Settings(), [], []
    for name, taken in METHODS.items():
        try:
            results.append(relevances(card, picture, name, targets, asked.only(taken), on_progress, beside=True))
        except InputError as error:
            refused.append(f"{name} is left out: {str(error).split(':')[0]}")
            last = error
    if not results:
        raise last
    return results, refused


def draw_relevance(
    card: ModelCard, picture: OpenedPicture, results: Sequence[Sequence[Relevance]], notes: Sequence[str] = ()
) -> Gallery[Drawn]:
    """Return the picture of these results: for each method the classes that were explained, the same for all."""
    with house_style():
        figure = one_method(card, picture, results[0]) if len(results) == 1 else every_method(card, picture, results)
    name = f"relevance-{results[0][0].method if len(results) == 1 else 'all'}"
    arrays: dict[str, NDArray[Any]] = {"picture": picture.received}
    for explained in results:
        for result in explained:
            key = f"{result.method}-{result.label}"
            arrays[key] = result.map
            if result.grid is not None:
                arrays[f"{key}-grid"] = result.grid
            if result.deletion:
                arrays[f"{key}-deletion"] = np.stack([result.deletion.shares, result.deletion.scores])
                arrays[f"{key}-random"] = result.deletion.random
    lines = [line for explained in results for line in _lines(explained)]
    title = f"Relevance in {picture.name}, by {card.name}"
    every_note = (*picture.notes, *fed_notes(card, picture), *lines, *notes)
    return Gallery([Drawn(name, title, _words(results), figure, arrays, every_note)])


def _words(results: Sequence[Sequence[Relevance]]) -> str:
    """Return the caption: what was explained, by what, and how to read the colours."""
    first = results[0]
    classes = " and ".join(result.title for result in first)
    lines = [f"Which part of the picture decided for {classes}. {reading(first[0])}"]
    if first[0].why:
        lines.append(f"{first[0].why}.")
    if len(first) == 2 and first[0].class_specific and _mirrored(first[0].map, first[1].map):
        lines.append(
            "The second map is nearly the first with its sign reversed: what supports one class opposes the other."
        )
    return " ".join(lines)


def _mirrored(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return False
    return bool(np.corrcoef(first.ravel(), second.ravel())[0, 1] < _MIRRORED)


def _lines(explained: Sequence[Relevance]) -> list[str]:
    """Return what was done by one method, what the two checks say, and its warnings."""
    result = explained[0]
    shown = explained if result.class_specific else explained[:1]  # one map for all classes is checked once
    lines = [f"{result.method}: {result.settings}; computed in {result.seconds_words}"]
    lines += [
        f"{result.method}, deletion of {each.label}: {each.deletion.verdict()}" for each in explained if each.deletion
    ]
    lines += [f"{result.method}, sanity of {each.label}: {each.sanity.verdict()}" for each in shown if each.sanity]
    return [*lines, *dict.fromkeys(f"{result.method}: {note}" for each in explained for note in each.notes)]

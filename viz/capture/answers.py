"""What a network answers, as numbers: its first output, and the probabilities of the classes.

answer = answer_of(card, images)                    # (N, outputs)
shares, labels = probabilities(card, answer)        # (N, classes) and the classes' names
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.sessions import Images, as_feeds, open_session, run_in_batches
from dlbench.viz.capture.feeding import feeding_of, rows_of

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard


def answer_of(card: ModelCard, images: Images) -> NDArray[np.float32]:
    """Return the model's first output for these pictures, one row of numbers for each, (N, outputs).

    Raises:
        InputError: it is something else: a grid of places, a map, a sequence.
        ModelFileError: the model does not take them.
    """
    session = open_session(card, card.proto)
    names = [output.name for output in session.get_outputs()]
    values, *others = run_in_batches(session, card, names, as_feeds(session, images, card.beside))
    if values.ndim == 1:
        values = rows_of(values, feeding_of(card))
    row = values.ndim == 1 or (values.ndim > 1 and values.size == values.shape[0] * values.shape[1])
    numbers = np.issubdtype(values.dtype, np.floating)
    # scores beside boxes: one number for each place, not for each class
    places = [other for other in others if other.ndim > 2 and values.ndim > 1 and other.shape[1] == values.shape[1] > 1]
    if not row or not numbers or (places and card.facts is None):
        received = f"{' x '.join(map(str, values.shape)) or 'one number'} ({values.dtype})"
        beside = f" beside {' x '.join(map(str, places[0].shape))}" if row and places else ""
        raise InputError(
            f"{card.name} gives no classes: expected one number for each class, pictures x classes, received {received}"
            f"{beside}; dlbench viz inputs, filters, activations and depth draw what there is."
        )
    return values.reshape(len(values), -1).astype(np.float32)


def probabilities(card: ModelCard, answer: NDArray[np.float32]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return probabilities (N, classes) and the classes' names, from what the model gives.

    Softmax over logits; for questions with yes and no the sigmoid, and 1 minus it for no. An answer that is already a
    distribution stays as it is. Files without labels get the numbers of their outputs as names.
    """
    from scipy.special import expit, softmax

    values = answer.astype(np.float64)
    facts = card.facts
    labels = tuple(facts.labels) if facts else ()
    already = are_probabilities(card, values)
    certain = values if already else expit(values)
    if facts and facts.task == "multilabel":
        return certain, _named(labels, values.shape[1])
    if values.shape[1] == 1:
        return np.concatenate([1 - certain, certain], axis=1), labels if len(labels) == 2 else ("no", "yes")
    if already:
        return values, _named(labels, values.shape[1])
    return softmax(values, axis=1), _named(labels, values.shape[1])


def share_words(share: float) -> str:
    """Return a probability in percent, never rounded to 0 or 100: `98.1%`, `> 99.9%`, `< 0.1%`."""
    if 0 < share < 0.0005:
        return "< 0.1%"
    return "> 99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"


def are_probabilities(card: ModelCard, values: NDArray[np.float64]) -> bool:
    """Say whether answers (N, outputs) are probabilities: as the file says; of a foreign file, from the numbers."""
    if card.facts:
        return card.facts.output == "probabilities"
    return bool(values.shape[1] > 1 and (values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-3))


def _named(labels: tuple[str, ...], count: int) -> tuple[str, ...]:
    return labels if len(labels) == count else tuple(f"output {place}" for place in range(count))

"""What a model file answers to a whole data set, and where it is wrong.

    judged = judge(card, dataset.images[places], dataset.labels[places], dataset.classes)
    judged.accuracy, judged.confusion(), judged.worst(9), judged.calibration().error

The same file that is timed, in batches of bounded size; formulas in numpy, so that a light install has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.card import ModelCard, card_of
from dlbench.model.sessions import as_feeds, constants_of, only_batch, open_session, run_in_batches
from dlbench.proportion import Proportion
from dlbench.show.notebook import Progress, notebook_progress
from dlbench.viz.capture.answers import are_probabilities
from dlbench.viz.capture.feeding import fed_batches

_BATCH = 32
_SMALLEST = 1e-30  # a probability of 0 has an infinite loss: it stays a large number


@dataclass(frozen=True)
class Calibration:
    """How often answers of one confidence are right (C. Guo et al., "On Calibration of Modern Neural Networks")."""

    edges: NDArray[np.float64]  # (bins + 1,), of the confidence, in [0, 1]
    counts: NDArray[np.int64]  # (bins,)
    confidence: NDArray[np.float64]  # (bins,), mean in the bin; NaN: empty
    accuracy: NDArray[np.float64]  # (bins,), share of right answers; NaN: empty

    @property
    def error(self) -> float:
        """The expected calibration error: the mean gap between confidence and accuracy, weighted by count."""
        used = self.counts > 0
        gaps = np.abs(self.accuracy[used] - self.confidence[used])
        return float((gaps * self.counts[used]).sum() / self.counts.sum())


@dataclass(frozen=True, repr=False)
class Judged:
    """A model's answers to pictures whose classes are known."""

    classes: tuple[str, ...]
    labels: NDArray[np.int64]  # (N,), index into classes
    shares: NDArray[np.float64]  # (N, classes), probabilities
    losses: NDArray[np.float64]  # (N,), -log of the true class's probability, in nats

    def __repr__(self) -> str:
        return f"<answers to {len(self.labels):,} pictures of {len(self.classes)} classes: {self.accuracy.text()}>"

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most likely class of each picture, (N,)."""
        best: NDArray[np.int64] = self.shares.argmax(axis=1)
        return best

    @property
    def accuracy(self) -> Proportion:
        """The share of right answers."""
        return Proportion(int((self.predicted == self.labels).sum()), len(self.labels))

    def confusion(self) -> NDArray[np.int64]:
        """Return how often a class (row) was taken for another (column), (classes, classes)."""
        matrix = np.zeros((len(self.classes),) * 2, np.int64)
        np.add.at(matrix, (self.labels, self.predicted), 1)
        return matrix

    def confused_pairs(self, most: int = 10) -> list[tuple[str, str, int]]:
        """Return (truth, answer, times) of the most frequent mistakes; ties in the order of the classes."""
        matrix = self.confusion()
        np.fill_diagonal(matrix, 0)
        rows, columns = np.nonzero(matrix)
        order = np.argsort(-matrix[rows, columns], kind="stable")[:most]
        pairs = zip(rows[order], columns[order], strict=True)
        return [(self.classes[row], self.classes[column], int(matrix[row, column])) for row, column in pairs]

    def worst(self, most: int = 16) -> NDArray[np.int64]:
        """Return the places of the pictures with the highest loss, worst first, (most,) at most."""
        return np.argsort(-self.losses, kind="stable")[:most]

    def calibration(self, bins: int = 10) -> Calibration:
        """Return accuracy by confidence, in bins of equal width; a value on an edge belongs to the bin below."""
        confidence = self.shares.max(axis=1)
        right = self.predicted == self.labels
        edges = np.linspace(0, 1, bins + 1)
        where = np.clip(np.digitize(confidence, edges, right=True) - 1, 0, bins - 1)
        counts = np.bincount(where, minlength=bins)
        with np.errstate(invalid="ignore"):
            mean = np.bincount(where, confidence, bins) / counts
            share = np.bincount(where, right, bins) / counts
        return Calibration(edges, counts, mean, share)


def judge(
    model: str | PathLike[str] | ModelCard,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    classes: Sequence[str],
    *,
    on_progress: Progress | None = None,
) -> Judged:
    """Run the model over pictures of known classes.

    Args:
        model: an ONNX file with one output for each class, or one logit of the second of two.
        images: uint8 (N, C, H, W).
        labels: (N,), index into classes.
        classes: names, in the order of the outputs.
        on_progress: called after each batch.

    Raises:
        InputError: the outputs do not fit the classes, or an answer is not a number.
        ModelFileError: the model does not take these pictures.
    """
    card = card_of(model)
    return judged_outputs(card, answers_to(card, images, on_progress=on_progress), labels, classes)


def judged_outputs(
    card: ModelCard, outputs: NDArray[np.float64], labels: NDArray[np.int64], classes: Sequence[str]
) -> Judged:
    """Return the answers from a model's outputs (N, outputs); raises as `judge` does."""
    if not np.isfinite(outputs).all():
        bad = int((~np.isfinite(outputs).all(axis=1)).sum())
        raise InputError(
            f"{card.name} gives NaN or infinity for {bad:,} of {len(outputs):,} pictures: expected finite numbers."
        )
    logs = _log_shares(card, outputs, len(classes))
    losses = -logs[np.arange(len(labels)), labels]
    return Judged(tuple(classes), np.asarray(labels, np.int64), np.exp(logs), losses)


def answers_to(
    card: ModelCard, images: NDArray[np.uint8], *, on_progress: Progress | None = None
) -> NDArray[np.float64]:
    """Return the model's first output, (N, outputs), for pictures that are uint8 (N, C, H, W)."""
    session = open_session(card, card.proto)
    name = session.get_outputs()[0].name
    batch, constants = only_batch(session, card) or _BATCH, constants_of(card)
    parts: list[NDArray[Any]] = []
    with notebook_progress(f"judging {card.name}", on_progress) as progress:
        for start, end, part in fed_batches(card, images, batch):
            count = end - start
            (answer,) = run_in_batches(session, card, [name], as_feeds(session, part, card.beside), constants)
            if count > 1 and answer.shape[:1] != (count,):  # it mixes pictures that come together
                singles = [as_feeds(session, part[place : place + 1], card.beside) for place in range(count)]
                answer = np.concatenate([run_in_batches(session, card, [name], one, constants)[0] for one in singles])
            parts.append(answer.reshape(count, -1))  # (B, ...) -> (B, outputs)
            if progress:
                progress("pictures", end, len(images))
    return np.concatenate(parts).astype(np.float64)


def _log_shares(card: ModelCard, outputs: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Return logarithms of probabilities (N, classes), from logits without a detour over tiny probabilities."""
    from scipy.special import log_softmax

    already = are_probabilities(card, outputs)
    if outputs.shape[1] == 1 and classes == 2:
        outputs = np.concatenate([1 - outputs if already else np.zeros_like(outputs), outputs], axis=1)
    if outputs.shape[1] != classes:
        raise InputError(
            f"{card.name} and the data do not fit: expected {classes} classes of the data as outputs, received "
            f"{outputs.shape[1]} outputs; choose other data."
        )
    if already:
        return np.log(np.clip(outputs, _SMALLEST, 1))
    return np.asarray(log_softmax(outputs, axis=1))

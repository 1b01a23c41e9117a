"""Several networks on the same pictures, and how each copes with shifted test digits.

    accuracy_when_moved(settings, result, shifts=range(7))

A dense network ties each weight to one pixel; a convolution looks for the same pattern everywhere (the lecture's
point, after F. Chollet, "Deep Learning with Python", chapter 8).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from dlbench.export import Normalised
from dlbench.train.checkpoint import rebuild
from dlbench.train.data.known_data_sets import load
from dlbench.train.loop import Samples, predict
from dlbench.train.result import TrainResult
from dlbench.train.tasks.losses_and_metrics import Task
from dlbench.train.tasks.targets import ask
from dlbench.train.train_settings import TrainSettings

_DIRECTIONS = ((0, 1), (0, -1), (1, 0), (-1, 0))


def moved(images: NDArray[np.uint8], down: int, right: int) -> NDArray[np.uint8]:
    """Return images (N, C, H, W) moved by whole pixels; new pixels are 0, pixels beyond the edge are lost."""
    result = np.zeros_like(images)
    height, width = images.shape[2:]
    rows, columns = _span(down, height), _span(right, width)
    result[:, :, rows[0], columns[0]] = images[:, :, rows[1], columns[1]]
    return result


def _span(by: int, size: int) -> tuple[slice, slice]:
    """Return where the kept part goes to, and where it comes from."""
    if by >= 0:
        return slice(min(by, size), size), slice(0, max(size - by, 0))
    return slice(0, max(size + by, 0)), slice(min(-by, size), size)


def accuracy_when_moved(settings: TrainSettings, result: TrainResult, shifts: Sequence[int]) -> list[float]:
    """Return the share of right answers on the test split for each shift in pixels, the mean of four directions."""
    dataset = ask(load(settings.data, settings.recipe().picture_size), settings.task, settings.positive)
    network = Normalised(rebuild(result.checkpoint_path), result.facts.mean, result.facts.std)
    test = dataset.split.test
    answers, task = torch.from_numpy(dataset.answers[test]), Task(settings.pairing)
    shares = []
    for by in shifts:
        accuracies = []
        for down, right in _DIRECTIONS if by else ((0, 0),):
            pictures = torch.from_numpy(moved(dataset.images[test], down * by, right * by))
            outputs = predict(network, Samples(pictures, answers))
            accuracies.append(float(task.score(outputs, answers)) / len(test))
        shares.append(float(np.mean(accuracies)))
    return shares


def confused_pairs(confusion: list[list[int]] | None, labels: Sequence[str], most: int = 3) -> list[str]:
    """Return the most frequent mistakes, `4 taken for 9: 3 times`."""
    if confusion is None:
        return []
    pairs = [
        (count, truth, answer)
        for truth, row in enumerate(confusion)
        for answer, count in enumerate(row)
        if truth != answer and count
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    return [f"{labels[truth]} taken for {labels[answer]}: {count}" for count, truth, answer in pairs[:most]]

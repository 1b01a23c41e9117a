"""A few hundred of the digits as a data set, for tests that ask what becomes of a run and not how good it is."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench.train.data.mnist import mnist_sample

TRAINED, TESTED = 480, 100  # of the 480 a twelfth validates


def write_few_digits(place: Path) -> Path:
    """Write 480 digits to train on and 100 to test on, as MNIST's files, and return their folder."""
    digits = mnist_sample()
    for name, indices in (
        ("train", np.sort(digits.split.train)[:: len(digits.split.train) // TRAINED][:TRAINED]),
        ("t10k", np.sort(digits.split.test)[:: len(digits.split.test) // TESTED][:TESTED]),
    ):
        _write_idx(place / f"{name}-images-idx3-ubyte", digits.images[indices, 0])
        _write_idx(place / f"{name}-labels-idx1-ubyte", digits.labels[indices].astype(np.uint8))
    return place


def _write_idx(path: Path, values: NDArray[np.uint8]) -> None:
    path.write_bytes(struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.tobytes())

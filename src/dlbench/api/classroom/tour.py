"""The tour of `dlbench demo`: a digit, what a small CNN answers, which part decided, how long it takes, what it costs.

    tour = look(7)
    tour.label, tour.map.shape
    timed = time_it()
    timed.cells[0].latency_s.p50

The CNN and ten test digits that it has not seen come with dlbench, so this needs neither torch nor the internet
(`docs/demo_files.py` made them).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dlbench.api.measured import Result
from dlbench.api.measuring import compare
from dlbench.errors import CheckFailedError, InputError
from dlbench.model.card import ModelCard, read_model
from dlbench.show.notebook import Progress
from dlbench.viz.capture.picture import OpenedPicture, picture_of_array

_FOLDER = Path(__file__).parent / "demo"
_SIDE = 28  # pixels of a digit


@dataclass(frozen=True, repr=False)
class Look:
    """A digit, and what the shipped network makes of it."""

    card: ModelCard
    picture: OpenedPicture
    digit: int
    label: str  # what the network answers
    probability: float
    second: str  # the runner-up
    second_probability: float
    method: str
    map: NDArray[np.float32]  # (28, 28): red above 0 speaks for the answer, blue below 0 against it

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The digit, (28, 28), 0 dark to 255 bright."""
        return self.picture.original[..., 0]


def shipped_network() -> Path:
    """Return the file of the CNN that comes with dlbench."""
    return _FOLDER / "cnn.onnx"


def shipped_digit(digit: int) -> NDArray[np.uint8]:
    """Return the picture of one digit, (1, 28, 28).

    Raises:
        InputError: not a digit.
    """
    if not 0 <= digit <= 9:
        raise InputError(f"--digit: expected 0 to 9, received {digit}.")
    from PIL import Image

    sheet = np.asarray(Image.open(_FOLDER / "digits.png").convert("L"))  # (28, 280)
    return sheet[None, :, _SIDE * digit : _SIDE * (digit + 1)]


def look(digit: int, on_progress: Progress | None = None) -> Look:
    """Let the network answer, and find which part of the picture decided.

    Raises:
        InputError: not a digit.
    """
    from dlbench.viz.attribution.methods import relevances
    from dlbench.viz.attribution.relevance_settings import Settings

    image = shipped_digit(digit)
    card = read_model(shipped_network())
    picture = picture_of_array(card, f"digit-{digit}", image)
    first, second = relevances(card, picture, asked=Settings(sanity=False, steps=5), on_progress=on_progress)
    assert first.probability is not None and second.probability is not None
    return Look(
        card, picture, digit, first.label, first.probability, second.label, second.probability, first.method, first.map
    )


def time_it(budget: float = 6.0, on_progress: Progress | None = None) -> Result:
    """Time the network on the CPU, one digit and 32 at once, and price it."""
    return compare(
        shipped_network(), providers="cpu", batch_sizes=(1, 32), rounds=3, budget=budget, on_progress=on_progress
    )


def digit_time(model: Path) -> float:
    """Return the median seconds of one digit, from two short rounds.

    Raises:
        CheckFailedError: it did not run.
    """
    (cell,) = compare(model, providers="cpu", batch_sizes=1, rounds=2, budget=1.0).cells
    if cell.latency_s is None:
        raise CheckFailedError(f"{model.name} did not run on the CPU: expected a time, received none.")
    return cell.latency_s.p50

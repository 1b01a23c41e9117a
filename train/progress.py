"""How far the work is: values for whoever wants to draw them. Nothing here prints.

def show(progress: TrainProgress) -> None: ...
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_INTERVAL_S = 0.1  # a terminal is not redrawn more often than that


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images gave."""

    epoch: int  # 1-based
    train_loss: float
    validation_loss: float
    validation_accuracy: float | None  # in [0, 1]; None: a regression
    seconds: float
    validation_error: float | None = None  # mean absolute error of a regression, in the answers' unit
    train_accuracy: float | None = None  # over the epoch's own batches, while the weights were changing


@dataclass(frozen=True)
class TrainProgress:
    """One moment of a run."""

    phase: str  # in words, for example "training" or "reading pictures"
    step: int  # done in this phase, over all epochs
    steps: int  # of this phase, over all epochs
    epoch: int = 0  # 1-based while training, else 0
    epochs: int = 0
    loss: float | None = None  # of the last training epoch
    accuracy: float | None = None  # on the validation split, in [0, 1]
    images_per_s: float | None = None
    seconds_left: float | None = None

    def figures(self) -> list[str]:
        """Return epoch, loss and accuracy as texts, as far as they are known."""
        figures = [f"epoch {self.epoch} of {self.epochs}"] if self.epochs else []
        figures += [f"loss {self.loss:.3f}"] if self.loss is not None else []
        return figures + ([f"accuracy {self.accuracy:.1%}"] if self.accuracy is not None else [])


OnProgress = Callable[[TrainProgress], None] | None


class Ticker:
    """Counts the steps of one phase and calls `on_progress` at most ten times a second, and at the end."""

    def __init__(self, phase: str, steps: int, on_progress: OnProgress, images_per_step: float = 1) -> None:
        self._phase, self._steps, self._call = phase, steps, on_progress
        self._images_per_step = images_per_step
        self._start = time.perf_counter()
        self._last = float("-inf")
        self._step = 0

    def tick(
        self,
        steps: int = 1,
        *,
        epoch: int = 0,
        epochs: int = 0,
        loss: float | None = None,
        accuracy: float | None = None,
    ) -> None:
        """Note that `steps` more are done."""
        self._step += steps
        now = time.perf_counter()
        if self._call is None or (now - self._last < _INTERVAL_S and self._step < self._steps):
            return
        self._last = now
        rate = self._step / max(now - self._start, 1e-9)  # steps per second
        left_s = (self._steps - self._step) / rate if rate else None
        images_per_s = rate * self._images_per_step
        self._call(
            TrainProgress(self._phase, self._step, self._steps, epoch, epochs, loss, accuracy, images_per_s, left_s)
        )

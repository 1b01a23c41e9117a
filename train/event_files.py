"""TensorBoard's event files, through its own writer.

with event_writer(Path("tensorboard/cnn")) as on_epoch: train(..., on_epoch=on_epoch)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dlbench.errors import MissingExtraError
from dlbench.train.resume import RunState


@contextmanager
def event_writer(folder: Path) -> Iterator[Callable[[RunState], None]]:
    """Yield what writes an epoch's figures as it ends.

    Raises:
        MissingExtraError: tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingExtraError(
            'event files need tensorboard, which is not installed; install it with: pip install "dlbench[tensorboard]"'
        ) from error
    writer = SummaryWriter(str(folder))

    def on_epoch(state: RunState) -> None:
        epoch = state.history[-1]
        figures = {
            "loss/train": epoch.train_loss,
            "loss/validation": epoch.validation_loss,
            "accuracy/train": epoch.train_accuracy,
            "accuracy/validation": epoch.validation_accuracy,
            "error/validation": epoch.validation_error,
            "seconds": epoch.seconds,
        }
        for name, value in figures.items():
            if value is not None:
                writer.add_scalar(name, value, epoch.epoch)
        writer.flush()

    try:
        yield on_epoch
    finally:
        writer.close()

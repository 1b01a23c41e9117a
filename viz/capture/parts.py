"""Many pictures, each on a core of its own: what one leaves in its core's caches is there for the next layer.

    parts = shown_in_parts(opened, session, feeds, given)       # None: they have to be looked at all at once
    found = parts.run(feeds)                                    # as one run for all, in less time

The arrays' memory comes back once the caller has let go of them, and the next run writes into it: memory that is new to
the process has to be cleared by the system first, which for whole layers takes as long as computing them.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import ModelFileError, one_line
from dlbench.model.sessions import Feeds, Held, only_batch
from dlbench.system import usable_cores
from dlbench.viz.capture.layout import Opener

__all__ = ["Parts", "shown_in_parts"]

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class Parts:
    """A session of one thread, run for a picture at a time, whose outputs have a row of a known shape for each."""

    session: Any
    workers: int  # pictures at a time
    feeds: Shapes  # of one picture
    outputs: Shapes  # of one picture; all float32
    _spare: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)  # the tensors of arrays let go

    def run(self, feeds: Feeds) -> dict[str, NDArray[np.float32]] | None:
        """Return the outputs for all pictures; None where these feeds can't be run in parts.

        Args:
            feeds: of `as_feeds`.
        """
        counts = {len(array) if array.ndim else 0 for array in feeds.values()}
        if _rows(feeds) != self.feeds or len(counts) != 1 or min(counts) < _fewest(self.workers):
            return None
        count = counts.pop()
        values = {name: self._tensor(name, (count, *row)) for name, row in self.outputs.items()}
        held = {name: Held(value, np.dtype(np.float32)) for name, value in values.items()}
        found = {name: np.asarray(memory) for name, memory in held.items()}
        try:
            with ThreadPoolExecutor(self.workers) as pool:
                for _ in pool.map(lambda place: self._run_one(place, feeds, found), range(count)):
                    pass
        except ModelFileError:  # whoever runs all at once is told what is wrong, if it is
            return None
        for name, memory in held.items():  # which lives as long as any array that shows it
            weakref.finalize(memory, self._spare.__setitem__, name, values[name]).atexit = False
        return found

    def _tensor(self, name: str, shape: tuple[int, ...]) -> Any:
        import onnxruntime as ort

        value = self._spare.pop(name, None)
        if value is not None and tuple(value.shape()) == shape:
            return value
        return ort.OrtValue.ortvalue_from_shape_and_type(shape, np.float32, "cpu")

    def _run_one(self, place: int, feeds: Feeds, found: Feeds) -> None:
        try:
            binding = self.session.io_binding()
            for name, array in feeds.items():
                binding.bind_cpu_input(name, array[place : place + 1])
            for name, array in found.items():
                row = array[place : place + 1]
                binding.bind_output(name, "cpu", 0, np.float32, row.shape, row.ctypes.data)
            self.session.run_with_iobinding(binding)
        except Exception as error:  # ONNX Runtime's errors share no base
            raise ModelFileError(f"the model does not run in parts: received {one_line(error, 200)}.") from error


def shown_in_parts(opened: Opener, session: Any, feeds: Feeds, given: Feeds) -> Parts | None:
    """Return parts for a model whose outputs have one float32 row for each picture; None where they have not.

    That no row depends on the other pictures is for the caller to show, on what `run` gives.

    Args:
        opened: opens sessions of the model, with outputs of the names of `given`.
        session: one of them.
        feeds: of `as_feeds`.
        given: what the session gives for them.
    """
    counts = {len(array) if array.ndim else 0 for array in [*feeds.values(), *given.values()]}
    if len(counts) != 1 or min(counts) < _fewest(usable_cores()):
        return None  # too few for `run` to show anything
    if any(array.dtype.kind not in "fiub" for array in feeds.values()) or _alike(feeds):
        return None  # text can't be bound; pictures that are the same hide what they do to each other
    if only_batch(session) is not None or any(v.dtype != np.float32 for v in given.values()):
        return None
    try:
        return Parts(opened(threads=1), usable_cores(), _rows(feeds), _rows(given))
    except ModelFileError:  # no memory for a second session
        return None


def _alike(feeds: Feeds) -> bool:
    """Say whether two of the pictures are the same in every input."""
    rows = zip(*(map(np.ndarray.tobytes, array) for array in feeds.values()), strict=True)
    seen = [hash(row) for row in rows]
    return len(set(seen)) < len(seen)


def _fewest(workers: int) -> int:
    """Return how many pictures it takes: of fewer than cores, each is looked at by several cores at once."""
    return max(2, workers)


def _rows(arrays: Feeds) -> dict[str, tuple[int, ...]]:
    return {name: array.shape[1:] for name, array in arrays.items()}

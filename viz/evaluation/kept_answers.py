"""What model files answered to a set of pictures, kept so that no file is asked the same twice.

    answers = kept_answers(card, folder, pictures, on_progress=show)
    answers.outputs, answers.labels

Kept by the hash of the model file with its normalisation, and that of the pictures: a file that changed is asked anew.
A damaged or foreign file in the folder counts as none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DlbenchError, InputError
from dlbench.files import read_bounded, read_json, write_atomic
from dlbench.model.card import ModelCard
from dlbench.show.notebook import Progress
from dlbench.version import __version__
from dlbench.viz.evaluation.judging import Judged, answers_to, judged_outputs

_SCHEMA = "dlbench.answers/1"
_MOST_BYTES = 64 << 20  # of one file: what is larger is not kept
_MOST_FILES = 200  # the oldest are forgotten


@dataclass(frozen=True)
class Pictures:
    """Pictures with what they are asked about."""

    images: NDArray[np.uint8]  # (N, C, H, W)
    labels: NDArray[np.int64]  # (N,), index into classes; empty: not known
    classes: tuple[str, ...]
    targets: NDArray[np.float32] | None = None  # (N, outputs), of other tasks than one class


@dataclass(frozen=True)
class PictureSet:
    """Pictures that are read only where they are needed."""

    key: str  # a hash of what is in it
    name: str
    split: str
    read: Callable[[], Pictures]

    @cached_property
    def pictures(self) -> Pictures:
        """The pictures, read once."""
        return self.read()


@dataclass(frozen=True)
class KeptAnswers:
    """A model's first output for each picture, with the truth."""

    outputs: NDArray[np.float32]  # (N, outputs)
    labels: NDArray[np.int64]  # (N,); empty: not known
    classes: tuple[str, ...]
    targets: NDArray[np.float32] | None = None

    def judged(self, card: ModelCard) -> Judged:
        """Return the answers of a model with one class as its answer; raises as `judge` does."""
        return judged_outputs(card, self.outputs.astype(np.float64), self.labels, self.classes)


def kept_answers(
    card: ModelCard, folder: Path, pictures: PictureSet, *, on_progress: Progress | None = None
) -> KeptAnswers:
    """Return what the model answers: from the folder, else by running it, and then it is kept there if it can be.

    Raises:
        ModelFileError: the model does not take these pictures.
    """
    asked = json.dumps([_SCHEMA, __version__, card.sha256, card.normalisation, pictures.key, pictures.split])
    path = folder / f"{hashlib.sha256(asked.encode()).hexdigest()[:32]}.bin"
    known = _read(path)
    if known is not None:
        return known
    of = pictures.pictures
    outputs = answers_to(card, of.images, on_progress=on_progress).astype(np.float32)
    answers = KeptAnswers(outputs, of.labels, of.classes, of.targets)
    with suppress(DlbenchError, OSError):  # a folder that can't be written costs time, no answer
        _write(path, answers)
    return answers


def _arrays(answers: KeptAnswers) -> dict[str, NDArray[Any]]:
    targets = {} if answers.targets is None else {"targets": answers.targets}
    return {"outputs": answers.outputs, "labels": answers.labels, **targets}


def _write(path: Path, answers: KeptAnswers) -> None:
    """Write a line of JSON, then the arrays one after the other."""
    parts = {name: np.ascontiguousarray(array) for name, array in _arrays(answers).items()}
    payload = b"".join(array.tobytes() for array in parts.values())
    if len(payload) > _MOST_BYTES:
        return
    head = {
        "schema": _SCHEMA,
        "sha256": hashlib.sha256(payload).hexdigest(),
        "classes": answers.classes,
        "shapes": {name: array.shape for name, array in parts.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps(head).encode() + b"\n" + payload)
    by_age = sorted(path.parent.glob("*.bin"), key=lambda each: each.stat().st_mtime)
    for old in by_age[:-_MOST_FILES]:
        old.unlink(missing_ok=True)


def _read(path: Path) -> KeptAnswers | None:
    try:
        line, _, payload = read_bounded(path, _MOST_BYTES + (8 << 20), InputError, "kept answers").partition(b"\n")
        head = read_json(line, 200_000)
        if head["schema"] != _SCHEMA or head["sha256"] != hashlib.sha256(payload).hexdigest():
            return None
        arrays = _cut(payload, head["shapes"])
        outputs = arrays["outputs"]
        return KeptAnswers(
            outputs.reshape(len(outputs), -1), arrays["labels"], tuple(map(str, head["classes"])), arrays.get("targets")
        )
    except (DlbenchError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _cut(payload: bytes, shapes: Mapping[str, list[int]]) -> dict[str, NDArray[Any]]:
    """Return the arrays that stand one after the other; raises ValueError where they don't."""
    arrays, at = {}, 0
    for name, shape in shapes.items():
        kind = np.dtype(np.int64 if name == "labels" else np.float32)
        count = int(np.prod([int(size) for size in shape], dtype=object))
        arrays[name] = np.frombuffer(payload, kind, count, at).reshape(shape)
        at += count * kind.itemsize
    if at != len(payload):
        raise ValueError
    return arrays

"""Where a run got to, on disk after each epoch, so that a killed run resumes as if nothing had happened.

    keeper = StateKeeper(Path("models/cnn.state.safetensors"), settings, data)
    keeper.keep(state)
    state = keeper.load()

One file holds tensors and record together, so the two always belong to each other. Nothing is pickled.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from dlbench.energy import EnergyReading
from dlbench.errors import DataError, InputError, one_line
from dlbench.files import read_json, write_atomic
from dlbench.train.progress import Epoch

_SCHEMA = "dlbench.state/2"
_SMALL_BYTES = 8 << 20  # such a state is written after every epoch
_EVERY_S = 15.0  # a larger one not more often than that
_MAX_BYTES = 8 << 30
_MOST_KEYS = 100_000


@dataclass(frozen=True)
class Spent:
    """What a run took beside the time of its epochs."""

    prepared_s: float = 0.0  # before the first step: features, and where they are trained on, the start of the head
    saved_s: float = 0.0  # what computing features took in an earlier run, from whose cache they came
    energy: EnergyReading = field(default_factory=lambda: EnergyReading(0.0, "nothing ran yet"))


@dataclass
class RunState:
    """A run between two epochs."""

    network: dict[str, Tensor]
    best: dict[str, Tensor]
    optimizer: dict[str, Tensor]  # "<parameter number>.<name>", as AdamW keeps them
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    elapsed_s: float = 0.0  # training time until here
    images_per_s: float | None = None
    spent: Spent = field(default_factory=Spent)

    @property
    def bytes(self) -> int:
        """Return the size of all tensors."""
        parts = (self.network, self.best, self.optimizer)
        return sum(t.numel() * t.element_size() for part in parts for t in part.values())


class StateKeeper:
    """Reads and writes the state of the run with these settings."""

    def __init__(self, path: Path, settings: dict[str, Any], data: str) -> None:
        self.path, self._settings, self._data = path, settings, data
        self._last = float("-inf")

    def keep(self, state: RunState, last: bool = False) -> None:
        """Write the state; a large one only every 15 s, unless it is the last.

        Raises:
            WorkspaceError: it can't be written.
        """
        now = time.monotonic()
        if not last and state.bytes > _SMALL_BYTES and now - self._last < _EVERY_S:
            return
        self._last = now
        tensors = {
            f"{part}/{name}": value.detach().cpu().contiguous().clone()
            for part in ("network", "best", "optimizer")
            for name, value in getattr(state, part).items()
        }
        record = {
            "schema": _SCHEMA,
            "settings": self._settings,
            "data": self._data,
            "torch": torch.__version__,
            "history": [asdict(epoch) for epoch in state.history],
            "best_epoch": state.best_epoch,
            "elapsed_s": state.elapsed_s,
            "images_per_s": state.images_per_s,
            "spent": asdict(state.spent),
        }
        write_atomic(self.path, save(tensors, {"dlbench": json.dumps(record, allow_nan=False)}))

    def load(self) -> RunState | None:
        """Return the kept state, or None where there is none.

        Raises:
            DataError: the file is damaged.
            InputError: it belongs to other settings or other data.
        """
        if not self.path.is_file():
            return None
        try:
            record, tensors = _read(self.path)
            history = [Epoch(**epoch) for epoch in record["history"]]
            state = RunState(
                **{part: _part(tensors, part) for part in ("network", "best", "optimizer")},
                history=history,
                best_epoch=int(record["best_epoch"]),
                elapsed_s=float(record["elapsed_s"]),
                images_per_s=_number(record.get("images_per_s")),  # older states lack it
                spent=_spent(record["spent"]),
            )
            if not 0 <= state.best_epoch <= len(history):
                raise ValueError(f"best epoch {state.best_epoch} of {len(history)}")
        except (SafetensorError, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise DataError(
                f"can't resume from {self.path}: expected the state of a run, received {one_line(error, 120)}; delete "
                "it and train again."
            ) from error
        self._expect_same(record)
        return state

    def _expect_same(self, record: dict[str, Any]) -> None:
        old = record.get("settings")
        old = old if isinstance(old, dict) else {}
        # the digest tells whether the data are the same, wherever they lie; states of older versions kept their folder
        differ = [key for key, value in self._settings.items() if key != "data" and old.get(key) != value]
        if differ or record.get("data") != self._data:
            changes = "; ".join(f"{k} {one_line(repr(old.get(k)), 40)}, now {self._settings[k]!r}" for k in differ[:5])
            raise InputError(
                f"can't resume the run in {self.path}: expected the same settings and data, received others "
                f"({changes or 'other data'}); give the same options, or leave --resume out to start again."
            )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"a file of {path.stat().st_size:,} bytes")
    with safe_open(path, "pt") as file:
        record = read_json((file.metadata() or {})["dlbench"], _MOST_KEYS)
        if not isinstance(record, dict) or record.get("schema") != _SCHEMA:
            raise ValueError("another schema")
        return record, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping


def _spent(record: dict[str, Any]) -> Spent:
    energy = EnergyReading(**record["energy"])
    return Spent(float(record["prepared_s"]), float(record["saved_s"]), energy)


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _part(tensors: dict[str, Tensor], part: str) -> dict[str, Tensor]:
    return {name.removeprefix(f"{part}/"): t for name, t in tensors.items() if name.startswith(f"{part}/")}

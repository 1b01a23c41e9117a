"""What is costly to make and only read afterwards: made once a run, whichever of pytest-xdist's workers comes first.

shared = Shared(folder)
shared.once("name", make)               # what make(place) returned, now or in another worker
shared.trained("cnn", epochs=2)         # a trained network and the progress it reported
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from dlbench.train import TrainProgress, TrainResult

T = TypeVar("T")


def use_own_cores() -> None:
    """Keep one of several workers to its share of the cores, so that they do not wait for each other's threads."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1 and worker.startswith("gw") and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        number = int(worker.removeprefix("gw"))
        os.sched_setaffinity(0, cores[number::workers] or [cores[number % len(cores)]])


@dataclass(frozen=True)
class Trained:
    """A trained network; whoever uses it leaves its files as they are."""

    result: TrainResult
    progress: list[TrainProgress]


@dataclass(frozen=True)
class Shared:
    """A folder that all workers of this run share."""

    folder: Path

    @property
    def cache(self) -> Path:
        """Where the features of frozen backbones are kept."""
        return self.folder / "cache"

    def once(self, name: str, make: Callable[[Path], T]) -> T:
        """Return what `make` returns, called once a run with a folder of its own; only values that pickle takes."""
        place = self.folder / name
        place.mkdir(parents=True, exist_ok=True)
        kept = self.folder / f"{name}.pickle"
        with FileLock(self.folder / f"{name}.lock"):
            if not kept.exists():
                kept.write_bytes(pickle.dumps(make(place)))
        return pickle.loads(kept.read_bytes())  # type: ignore[no-any-return]

    def trained(self, network: str, **settings: Any) -> Trained:
        """Return the network trained with these settings."""
        from dlbench.files import Workspace
        from dlbench.train import TrainSettings, train

        def make(place: Path) -> Trained:
            progress: list[TrainProgress] = []
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DLBENCH_CACHE", str(self.cache))
                result = train(TrainSettings(network, **settings), Workspace(place), progress.append)
            return Trained(result, progress)

        digest = hashlib.sha256(repr(sorted(settings.items())).encode()).hexdigest()
        return self.once(f"{network}-{digest[:12]}", make)

"""What is costly to make and only read afterwards: made once a run, whichever of pytest-xdist's workers comes first.

shared = Shared(folder)
shared.once("name", make)               # what make(place) returned, now or in another worker
shared.trained("cnn", epochs=2)         # a trained network and the progress it reported
"""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

import onnx
import pytest
from filelock import FileLock

if TYPE_CHECKING:
    from dlbench.train import TrainProgress, TrainResult

T = TypeVar("T")
QUICKLY = {"epochs": 3, "batch_size": 40}  # a fifth of the recipe's epochs for a CNN, but half of its steps


def use_own_cores() -> None:
    """Keep one of several workers to its share of the cores, so that they do not wait for each other's threads."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1 and worker.startswith("gw") and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        number = int(worker.removeprefix("gw"))
        os.sched_setaffinity(0, cores[number::workers] or [cores[number % len(cores)]])


def export_quickly(patch: pytest.MonkeyPatch) -> None:
    """Export with torch's older exporter where training is the subject: quicker by far, without layer names."""
    import torch

    original = torch.onnx.export

    def export(
        module: Any, arguments: Any, *, input_names: Any, output_names: Any, opset_version: int, **_: Any
    ) -> Any:
        written = io.BytesIO()
        open_axes = {name: {0: "batch"} for name in (*input_names, *output_names)}
        names = {"input_names": input_names, "output_names": output_names, "dynamic_axes": open_axes}
        original(module, arguments, written, dynamo=False, opset_version=opset_version, **names)
        return SimpleNamespace(model_proto=onnx.load_from_string(written.getvalue()))

    patch.setattr(torch.onnx, "export", export)


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

    def trained(self, network: str, *, quickly_exported: bool = False, **settings: Any) -> Trained:
        """Return the network trained with these settings; its file has names of layers unless `quickly_exported`."""
        from dlbench.files import Workspace
        from dlbench.train import TrainSettings, train

        def make(place: Path) -> Trained:
            progress: list[TrainProgress] = []
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("DLBENCH_CACHE", str(self.cache))
                if quickly_exported:
                    export_quickly(patch)
                result = train(TrainSettings(network, **settings), Workspace(place), progress.append)
            return Trained(result, progress)

        asked = (quickly_exported, sorted(settings.items()))
        digest = hashlib.sha256(repr(asked).encode()).hexdigest()
        return self.once(f"{network}-{digest[:12]}", make)

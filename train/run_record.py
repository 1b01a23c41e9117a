"""What a run says of itself: the facts in the model file, and the record beside it from which it can be repeated.

record = run_record(trained)
record["trained_sha256"], record["versions"]["torch"]
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.errors import DataError, one_line
from dlbench.model.facts import Accuracy, ModelFacts, TrainingFacts
from dlbench.proportion import Proportion
from dlbench.train.checkpoint import RUN_SCHEMA, read_record
from dlbench.train.data.dataset import Dataset
from dlbench.train.networks.architectures import architecture
from dlbench.train.tasks.losses_and_metrics import Metrics
from dlbench.train.train_settings import TrainSettings
from dlbench.train.training_job import TrainedJob
from dlbench.version import __version__

_RECORDED = ("torch", "torchvision", "onnx", "onnxruntime", "onnxruntime-gpu", "numpy", "mlxtend")
_KINDS: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}


def model_facts(trained: TrainedJob, test: Proportion | None, metrics: Metrics) -> ModelFacts:
    """Return what the model file says of itself."""
    settings, dataset, job, fitted = trained.settings, trained.dataset, trained.job, trained.fitted
    return ModelFacts(
        network=settings.network,
        architecture=architecture(
            settings.network, job.channels, job.size, dataset.outputs, settings.backbone, settings.freeze
        ),
        task=settings.task,
        labels=dataset.classes,
        mean=job.mean,
        std=job.std,
        data=dataset.name,
        data_note=dataset.note,
        warnings=tuple(one_line(text, 500) for text in trained.warnings[:50]),
        split=dataset.split.text,
        accuracy=Accuracy(correct=test.correct, samples=test.total) if test else None,
        output=dataset.unit if settings.pairing.activation == "none" and dataset.unit else "logits",
        metrics=metrics.values,
        training=TrainingFacts(
            training_s=trained.training_s,
            device=trained.device if trained.world == 1 else f"{trained.world} x {trained.device}",
            epochs=len(fitted.history),
            seed=settings.seed,
            energy_j=trained.spent.energy.energy_j,
            energy_source=trained.spent.energy.source,
            images_per_s=fitted.images_per_s,
            batch_size=min(settings.recipe().batch_size, len(job.train)),
        ),
        parameters=_count(job.network),
        trained_parameters=_count(job.trained),
        weights_sha256=job.weights_sha256,
        version=__version__,
    )


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """Return a SHA-256 over the names, shapes and bytes of all weights."""
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.view(-1).view(torch.uint8).numpy().data if value.numel() else b"")
    return digest.hexdigest()


def dataset_digest(dataset: Dataset) -> str:
    """Return a SHA-256 over the pictures, the answers and the split."""
    digest = hashlib.sha256(f"{dataset.name} {dataset.images.shape}".encode())
    for part in (dataset.images, dataset.answers, dataset.split.train):
        digest.update(part.tobytes())
    return digest.hexdigest()


def run_record(trained: TrainedJob) -> dict[str, Any]:
    """Return what is needed to repeat and to rebuild the run; no path of this machine, unless the settings keep it."""
    settings, dataset, job, fitted = trained.settings, trained.dataset, trained.job, trained.fitted
    return {
        "settings": named_settings(settings),
        "recipe": asdict(settings.recipe()),
        "task": {
            "name": settings.task,
            "activation": settings.pairing.activation,
            "loss": settings.pairing.loss,
            "outputs": dataset.outputs,
            "unit": dataset.unit,
        },
        "input": {"channels": job.channels, "size": list(job.size), "mean": list(job.mean), "std": list(job.std)},
        "labels": list(dataset.classes),
        "data": {
            "name": dataset.name,
            "note": dataset.note,
            "counts": dataset.counts(),
            "split": dataset.split.text,
            "sha256": dataset_digest(dataset),
        },
        "weights_sha256": job.weights_sha256,
        "trained_sha256": weights_digest(job.network.state_dict()),
        "device": trained.device,
        "processes": trained.world,
        "threads": torch.get_num_threads(),
        "training_s": trained.training_s,
        "energy": asdict(trained.spent.energy),
        "best_epoch": fitted.best_epoch,
        "blend": fitted.blend,
        "interrupted": fitted.interrupted,
        "history": [asdict(epoch) for epoch in fitted.history],
        "warnings": list(trained.warnings),
        "versions": {"dlbench": __version__, **_versions()},
    }


def named_settings(settings: TrainSettings) -> dict[str, Any]:
    """Return the settings as files keep them: a folder of pictures by its last part, unless paths are kept."""
    return asdict(settings) | {"data": _named(settings)}


def _named(settings: TrainSettings) -> str | None:
    """Return the data's name, of a folder its last part."""
    if settings.data is None or settings.keep_paths:
        return None if settings.data is None else str(settings.data)
    return Path(settings.data).resolve().name if Path(settings.data).is_dir() else Path(settings.data).name


def _versions() -> dict[str, str]:
    versions = {}
    for name in _RECORDED:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


def recorded_run(path: str | os.PathLike[str]) -> tuple[TrainSettings, str | None]:
    """Return the settings of a run, named by any of its files, and its weights' digest (None in old records).

    Raises:
        DataError: not the record of a run, or one that does not fit.
        InputError: a setting that makes no sense.
    """
    path = Path(path).with_suffix(".json")
    record = read_record(path)
    given = record.get("settings")
    if not isinstance(given, dict):
        raise DataError(f"{path} does not fit {RUN_SCHEMA}: expected the settings, received {type(given).__name__}.")
    digest = record.get("trained_sha256")
    checked: dict[str, Any] = {key: _checked(path, key, value) for key, value in given.items()}
    if "network" not in checked:
        raise DataError(f"{path} does not fit {RUN_SCHEMA}: expected the settings with a network, received none.")
    return TrainSettings(**checked), digest if isinstance(digest, str) else None


def _checked(path: Path, key: str, value: object) -> object:
    """Return the value where the setting exists and the type fits."""
    types = {field.name: str(field.type) for field in fields(TrainSettings)}
    if key not in types:
        raise DataError(f"{path} does not fit {RUN_SCHEMA}: expected a known setting, received {one_line(key, 60)!r}.")
    wanted = [part.strip() for part in types[key].split("|")]
    fits = (value is None and "None" in wanted) or any(
        isinstance(value, _KINDS[kind]) and not (isinstance(value, bool) and kind != "bool")
        for kind in wanted
        if kind in _KINDS
    )
    if not fits:
        raise DataError(
            f"{path} does not fit {RUN_SCHEMA}: expected {types[key]} for {key}, received {one_line(repr(value), 60)}."
        )
    return value

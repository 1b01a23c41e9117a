"""One run from data to model file: load, prepare, fit, keep, test, export.

from dlbench.train import train     # checks first that the extra is installed
"""

from __future__ import annotations

import importlib
import time
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from torch import nn

import dlbench
from dlbench.energy import EnergyMeter, EnergyReading
from dlbench.export import export_onnx
from dlbench.files import Workspace
from dlbench.modelfile import Accuracy, ModelFacts, TrainingFacts
from dlbench.proportion import Proportion
from dlbench.train.checkpoint import save_checkpoint
from dlbench.train.data import load
from dlbench.train.dataset import Dataset
from dlbench.train.device import compute, device_name, pick_device
from dlbench.train.job import Job, prepare
from dlbench.train.loop import Fitted, evaluate, fit
from dlbench.train.models import architecture
from dlbench.train.progress import OnProgress, TrainProgress
from dlbench.train.result import TrainingInterrupted, TrainResult
from dlbench.train.settings import TrainSettings

__all__ = ["run"]

_PARITY_IMAGES = 35  # five batches of seven
_RECORDED = ("torch", "torchvision", "onnx", "onnxruntime", "onnxruntime-gpu", "numpy", "mlxtend")


@dataclass(frozen=True)
class _Trained:
    """A job after its training."""

    job: Job
    fitted: Fitted
    training_s: float
    energy: EnergyReading
    device: str


def run(settings: TrainSettings, workspace: Workspace, on_progress: OnProgress = None) -> TrainResult:
    """Do what `dlbench.train.train` promises."""
    start = time.perf_counter()
    workspace.check_writable()
    # torch loads its compiler (seconds) at the first optimizer step, and the export needs it: before the clock runs
    importlib.import_module("torch._dynamo")
    device = pick_device(settings.device)
    dataset = load(settings.data, settings.recipe().picture_size, on_progress)
    checkpoint_path = workspace.models / f"{settings.file_name}.safetensors"
    with compute(settings.seed):
        trained = _train(settings, dataset, device, on_progress)
        job, fitted = trained.job, trained.fitted
        job.trained.load_state_dict(fitted.best_state)
        record = _record(settings, dataset, trained)
        save_checkpoint(checkpoint_path, job.network, record)
        if fitted.interrupted:
            raise TrainingInterrupted(checkpoint_path, len(fitted.history), settings.recipe().epochs)
        _, correct = evaluate(job.trained, job.test)
        test = Proportion(correct, len(job.test))
        _announce("exporting", on_progress)
        images = job.images(dataset, dataset.split.test[:_PARITY_IMAGES])
        facts = _facts(settings, dataset, trained, test)
        exported = export_onnx(job.network, images, workspace.models / f"{settings.file_name}.onnx", facts)
    save_checkpoint(checkpoint_path, job.network, record | {"test": asdict(test), "interrupted": False})
    return TrainResult(
        model_path=exported.path,
        checkpoint_path=checkpoint_path,
        history_path=checkpoint_path.with_suffix(".json"),
        facts=exported.facts,
        validation_accuracy=_validation(trained),
        test_accuracy=test,
        seconds=time.perf_counter() - start,
        energy=trained.energy,
        parity=exported.parity,
        warnings=(*dataset.warnings, *job.warnings),
    )


def _train(settings: TrainSettings, dataset: Dataset, device: torch.device, on_progress: OnProgress) -> _Trained:
    meter, start = EnergyMeter.start(gpu=device.type == "cuda"), time.perf_counter()
    job = prepare(settings, dataset, device, on_progress)
    fitted = fit(
        job.trained, job.train, job.validation, settings.recipe(), settings.seed,
        augment=job.augment, on_progress=on_progress,
    )  # fmt: skip
    return _Trained(job, fitted, time.perf_counter() - start, meter.stop(), device_name(device))


def _announce(phase: str, on_progress: OnProgress) -> None:
    if on_progress is not None:
        on_progress(TrainProgress(phase, 0, 1))


def _validation(trained: _Trained) -> Proportion:
    best = trained.fitted.history[trained.fitted.best_epoch - 1]
    total = len(trained.job.validation)
    return Proportion(round(best.validation_accuracy * total), total)


def _facts(settings: TrainSettings, dataset: Dataset, trained: _Trained, test: Proportion) -> ModelFacts:
    job, fitted = trained.job, trained.fitted
    return ModelFacts(
        network=settings.network,
        architecture=architecture(settings.network, job.channels, job.size, len(dataset.classes)),
        labels=dataset.classes,
        mean=job.mean,
        std=job.std,
        data=dataset.name,
        data_note=dataset.note,
        warnings=(*dataset.warnings, *job.warnings)[:50],
        split=dataset.split.text,
        accuracy=Accuracy(correct=test.correct, samples=test.total),
        training=TrainingFacts(
            training_s=trained.training_s,
            device=trained.device,
            epochs=len(fitted.history),
            seed=settings.seed,
            energy_j=trained.energy.energy_j,
            energy_source=trained.energy.source,
            images_per_s=fitted.images_per_s,
        ),
        parameters=_count(job.network),
        trained_parameters=_count(job.trained),
        weights_sha256=job.weights_sha256,
        version=dlbench.__version__,
    )


def _count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _record(settings: TrainSettings, dataset: Dataset, trained: _Trained) -> dict[str, Any]:
    """Return what is needed to repeat and to rebuild the run; no path of this machine but the user's own --data."""
    job, fitted = trained.job, trained.fitted
    return {
        "settings": asdict(settings),
        "recipe": asdict(settings.recipe()),
        "input": {"channels": job.channels, "size": list(job.size), "mean": list(job.mean), "std": list(job.std)},
        "labels": list(dataset.classes),
        "data": {"name": dataset.name, "note": dataset.note, "counts": dataset.counts(), "split": dataset.split.text},
        "weights_sha256": job.weights_sha256,
        "device": trained.device,
        "training_s": trained.training_s,
        "energy": asdict(trained.energy),
        "best_epoch": fitted.best_epoch,
        "interrupted": fitted.interrupted,
        "history": [asdict(epoch) for epoch in fitted.history],
        "warnings": [*dataset.warnings, *job.warnings],
        "versions": {"dlbench": dlbench.__version__, **_versions()},
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

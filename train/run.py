"""One run from data to model file: load, prepare, fit, keep, test, export.

from dlbench.train import train     # checks first that the extra is installed
"""

from __future__ import annotations

import hashlib
import importlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.energy import EnergyMeter
from dlbench.errors import InputError
from dlbench.export import export_onnx
from dlbench.files import Workspace
from dlbench.model.facts import Accuracy, ModelFacts, TrainingFacts
from dlbench.proportion import Proportion
from dlbench.train.checkpoint import save_checkpoint
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.loading import load
from dlbench.train.device import compute, device_name, pick_device
from dlbench.train.distributed import Group, process_group
from dlbench.train.loop import Fitted, Plan, TrainingBroke, fit, predict
from dlbench.train.networks.architectures import architecture
from dlbench.train.preparing import prepare
from dlbench.train.progress import OnProgress, TrainProgress
from dlbench.train.result import Follower, TrainingInterrupted, TrainResult
from dlbench.train.resume import RunState, Spent, StateKeeper
from dlbench.train.tasks.objectives import Metrics, Task, activated
from dlbench.train.tasks.targets import ask
from dlbench.train.train_settings import TrainSettings
from dlbench.train.training_job import Job
from dlbench.version import __version__

__all__ = ["run", "weights_digest"]

_PARITY_IMAGES = 35  # five batches of seven
_RECORDED = ("torch", "torchvision", "onnx", "onnxruntime", "onnxruntime-gpu", "numpy", "mlxtend")


@dataclass(frozen=True)
class _Trained:
    """A job after its training."""

    job: Job
    fitted: Fitted
    spent: Spent
    device: str
    task: Task
    world: int

    @property
    def training_s(self) -> float:
        """Return the wall time of features and training."""
        return self.spent.prepared_s + self.fitted.elapsed_s


def run(
    settings: TrainSettings,
    workspace: Workspace,
    on_progress: OnProgress = None,
    *,
    resume: bool = False,
    on_epoch: Callable[[RunState], None] | None = None,
) -> TrainResult:
    """Do what `dlbench.train.train` promises."""
    start = time.perf_counter()
    workspace.check_writable()
    # torch loads its compiler (seconds) at the first optimizer step, and the export needs it: before the clock runs
    importlib.import_module("torch._dynamo")
    with process_group(settings.device) as group, compute(settings.seed, group.world):
        device = pick_device(settings.device, group.rank)
        on_progress = on_progress if group.is_first else None
        with group.first_before_others():  # what the first downloads or computes, the others find in the cache
            dataset = _data(settings, on_progress)
            meter = EnergyMeter.start(gpu=device.type == "cuda", processes=group.world)
            begun = time.perf_counter()
            job = prepare(settings, dataset, device, on_progress)
        clock = _Clock(meter, time.perf_counter() - begun, job.saved_s)
        trained = _train(settings, workspace, dataset, job, device, group, clock, resume, on_epoch, on_progress)
        return _finish(settings, workspace, dataset, trained, group, start, on_progress)


@dataclass
class _Clock:
    """Time and energy of a run beside its epochs, also those before it was taken up again."""

    meter: EnergyMeter
    prepared_s: float
    saved_s: float
    before: Spent | None = None

    def read(self) -> Spent:
        """Return what was spent until now."""
        energy, before = self.meter.stop(), self.before
        if before is None:
            return Spent(self.prepared_s, self.saved_s, energy)
        # the features that come from the cache now were computed, or saved, before the interruption
        return Spent(before.prepared_s + self.prepared_s, before.saved_s, energy.after(before.energy))


def _data(settings: TrainSettings, on_progress: OnProgress) -> Dataset:
    dataset = ask(load(settings.data, settings.recipe().picture_size, on_progress), settings.task, settings.positive)
    if settings.batch_size is not None and settings.batch_size > len(dataset.split.train):
        raise InputError(
            f"--batch-size: expected at most the {len(dataset.split.train):,} training pictures of {dataset.name}, "
            f"received {settings.batch_size:,}."
        )
    return dataset


def _train(
    settings: TrainSettings,
    workspace: Workspace,
    dataset: Dataset,
    job: Job,
    device: torch.device,
    group: Group,
    clock: _Clock,
    resume: bool,
    on_epoch: Callable[[RunState], None] | None,
    on_progress: OnProgress,
) -> _Trained:
    task = Task(settings.pairing)
    keeper = StateKeeper(_state_path(settings, workspace), asdict(settings), _digest(dataset))

    def keep(state: RunState, last: bool) -> None:
        if not last:  # the last one is kept again as it was after its epoch
            state.spent = clock.read()
        keeper.keep(state, last)
        if on_epoch is not None and not last:
            on_epoch(state)

    state = keeper.load() if resume else None
    clock.before = state.spent if state else None
    plan = Plan(
        settings.seed, job.augment, task, job.rates, group, state, keep,
        patience=settings.patience, blends=job.blends, on_progress=on_progress,
    )  # fmt: skip
    try:
        fitted = fit(job.trained, job.train, job.validation, settings.recipe(), plan)
    except TrainingBroke as broke:
        trained = _Trained(job, broke.fitted, clock.read(), device_name(device), task, group.world)
        raise _kept_before(broke, settings, workspace, dataset, trained) from broke
    return _Trained(job, fitted, clock.read(), device_name(device), task, group.world)


def _state_path(settings: TrainSettings, workspace: Workspace) -> Path:
    return workspace.models / f"{settings.file_name}.state.safetensors"


def _kept_before(
    broke: TrainingBroke, settings: TrainSettings, workspace: Workspace, dataset: Dataset, trained: _Trained
) -> TrainingBroke:
    """Save the best weights before the loss broke, and say where they are."""
    if not broke.fitted.history:
        return broke
    path = _checkpoint_path(settings, workspace)
    trained.job.trained.load_state_dict(broke.fitted.best_state)
    save_checkpoint(path, trained.job.network, _record(settings, dataset, trained))
    best = broke.fitted.best_epoch
    words = f"{broke} The weights of {f'epoch {best}' if best else 'the start'}, the last good ones, are in {path}."
    return TrainingBroke(words, broke.fitted)


def _checkpoint_path(settings: TrainSettings, workspace: Workspace) -> Path:
    return workspace.models / f"{settings.file_name}.safetensors"


def _finish(
    settings: TrainSettings,
    workspace: Workspace,
    dataset: Dataset,
    trained: _Trained,
    group: Group,
    start: float,
    on_progress: OnProgress,
) -> TrainResult:
    """Test, save and export; under torchrun the first process alone writes."""
    job, fitted, path = trained.job, trained.fitted, _checkpoint_path(settings, workspace)
    job.trained.load_state_dict(fitted.best_state)
    record = _record(settings, dataset, trained)
    if fitted.interrupted:
        if group.is_first:
            save_checkpoint(path, job.network, record)
        raise TrainingInterrupted(path, len(fitted.history), settings.recipe().epochs)
    outputs = predict(job.trained, job.test, group)
    if not group.is_first:
        raise Follower(0)
    save_checkpoint(path, job.network, record)
    answers = job.test.labels.cpu()
    metrics = trained.task.metrics(outputs, answers)
    test = None
    if not trained.task.is_regression:
        test = Proportion(int(trained.task.score(outputs, answers)), len(job.test))
    if on_progress is not None:
        on_progress(TrainProgress("exporting", 0, 1))
    images = job.images(dataset, dataset.split.test[:_PARITY_IMAGES])
    facts = _facts(settings, dataset, trained, test, metrics)
    exported = export_onnx(job.network, images, workspace.models / f"{settings.file_name}.onnx", facts)
    activated_path = _export_activated(settings, workspace, trained, images, facts)
    judged = {"test": asdict(test) if test else None, "metrics": metrics.values, "confusion": metrics.confusion}
    save_checkpoint(path, job.network, record | judged | {"interrupted": False})
    _state_path(settings, workspace).unlink(missing_ok=True)
    return TrainResult(
        model_path=exported.path,
        checkpoint_path=path,
        history_path=path.with_suffix(".json"),
        facts=exported.facts,
        validation_accuracy=_validation(trained),
        test_accuracy=test,
        prepared_s=trained.spent.prepared_s,
        seconds=time.perf_counter() - start,
        energy=trained.spent.energy,
        parity=exported.parity,
        warnings=_warnings(settings, dataset, trained),
        metrics=metrics.values,
        confusion=metrics.confusion,
        history=tuple(fitted.history),
        best_epoch=fitted.best_epoch,
        blend=fitted.blend,
        activated_path=activated_path,
    )


def _export_activated(
    settings: TrainSettings, workspace: Workspace, trained: _Trained, images: Tensor, facts: ModelFacts
) -> Path | None:
    """Write a second file whose output has gone through the activation, where that was asked for and there is one."""
    activation = settings.pairing.activation
    if not settings.with_activation or activation == "none":
        return None
    path = workspace.models / f"{settings.file_name}-{activation}.onnx"
    network = activated(trained.job.network, activation)
    return export_onnx(network, images, path, facts.model_copy(update={"output": "probabilities"})).path


def _warnings(settings: TrainSettings, dataset: Dataset, trained: _Trained) -> tuple[str, ...]:
    pairing = settings.pairing
    forced = (
        (f"{pairing.activation} with {pairing.loss} was forced; the task's row is {pairing.problem.row}",)
        if not pairing.fits
        else ()
    )
    saved_s = trained.spent.saved_s
    saved = (
        (
            "what the frozen part gives for these pictures was kept from an earlier training, where computing it took "
            f"{saved_s:.1f} s: neither the time nor the energy of this training holds them",
        )
        if saved_s
        else ()
    )
    return (*forced, *dataset.warnings, *trained.job.warnings, *saved)


def _validation(trained: _Trained) -> Proportion | None:
    fitted, total = trained.fitted, len(trained.job.validation)
    accuracy = fitted.history[fitted.best_epoch - 1].validation_accuracy if fitted.blend is None else fitted.blend_score
    return None if accuracy is None else Proportion(round(accuracy * total), total)


def _output(settings: TrainSettings, dataset: Dataset) -> str:
    return dataset.unit if settings.pairing.activation == "none" and dataset.unit else "logits"


def _facts(
    settings: TrainSettings, dataset: Dataset, trained: _Trained, test: Proportion | None, metrics: Metrics
) -> ModelFacts:
    job, fitted = trained.job, trained.fitted
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
        warnings=_warnings(settings, dataset, trained)[:50],
        split=dataset.split.text,
        accuracy=Accuracy(correct=test.correct, samples=test.total) if test else None,
        output=_output(settings, dataset),
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


def _digest(dataset: Dataset) -> str:
    digest = hashlib.sha256(f"{dataset.name} {dataset.images.shape}".encode())
    for part in (dataset.images, dataset.answers, dataset.split.train):
        digest.update(part.tobytes())
    return digest.hexdigest()


def _record(settings: TrainSettings, dataset: Dataset, trained: _Trained) -> dict[str, Any]:
    """Return what is needed to repeat and to rebuild the run; no path of this machine but the user's own --data."""
    job, fitted = trained.job, trained.fitted
    return {
        "settings": asdict(settings),
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
            "sha256": _digest(dataset),
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
        "warnings": list(_warnings(settings, dataset, trained)),
        "versions": {"dlbench": __version__, **_versions()},
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in _RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found

"""One run from data to model file: load, prepare, fit, keep, test, export.

from dlbench.train import train     # checks first that the extra is installed
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from torch import Tensor

from dlbench.energy import EnergyMeter
from dlbench.errors import InputError
from dlbench.export import export_onnx
from dlbench.files import Workspace
from dlbench.model.card import read_model
from dlbench.model.facts import ModelFacts
from dlbench.proportion import Proportion
from dlbench.remembered import remember
from dlbench.train.checkpoint import save_checkpoint
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.known_data_sets import load
from dlbench.train.device import compute, device_name, pick_device
from dlbench.train.distributed import Group, process_group
from dlbench.train.loop import Fitted, Plan, TrainingBroke, fit, predict
from dlbench.train.preparing import prepare
from dlbench.train.progress import OnProgress, TrainProgress
from dlbench.train.result import Follower, TrainingInterrupted, TrainResult, state_path
from dlbench.train.resume import RunState, Spent, StateKeeper
from dlbench.train.run_record import dataset_digest, model_facts, named_settings, run_record
from dlbench.train.tasks.losses_and_metrics import Task, activated
from dlbench.train.tasks.targets import ask
from dlbench.train.train_settings import TrainSettings
from dlbench.train.training_job import Job, TrainedJob

_PARITY_IMAGES = 35  # five batches of seven


def run(
    settings: TrainSettings,
    workspace: Workspace,
    on_progress: OnProgress = None,
    *,
    resume: bool = False,
    on_epoch: Callable[[RunState], None] | None = None,
    keep_state: bool = False,
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
        this = _Run(settings, workspace, dataset, job, device_name(device), group, clock, on_progress)
        result = this.finished(this.trained(resume, keep_state, on_epoch), start)
        if not keep_state:
            result.forget_state()
        return result


@dataclass
class _Clock:
    """Time and energy of a run beside its epochs, also those before it was resumed."""

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


@dataclass(frozen=True)
class _Run:
    """A run whose data and network are ready; under torchrun, in one of its processes."""

    settings: TrainSettings
    workspace: Workspace
    dataset: Dataset
    job: Job
    device: str
    group: Group
    clock: _Clock
    on_progress: OnProgress

    @property
    def checkpoint(self) -> Path:
        return self._model(".safetensors")

    def _model(self, ending: str) -> Path:
        return self.workspace.models / f"{self.settings.file_name}{ending}"

    def trained(self, resume: bool, keep_state: bool, on_epoch: Callable[[RunState], None] | None) -> TrainedJob:
        """Train, from where an interrupted run got to if that is wanted."""
        settings, job, task = self.settings, self.job, Task(self.settings.pairing)
        keeper = StateKeeper(state_path(self.checkpoint), named_settings(settings), dataset_digest(self.dataset))

        def keep(state: RunState, last: bool) -> None:
            if not last:  # the last one is kept again as it was after its epoch
                state.spent = self.clock.read()
            keeper.keep(state, last)
            if on_epoch is not None and not last:
                on_epoch(state)

        def after(fitted: Fitted) -> TrainedJob:
            spent = self.clock.read()
            return TrainedJob(settings, self.dataset, job, fitted, spent, self.device, task, self.group.world)

        state = keeper.load() if resume else None
        self.clock.before = state.spent if state else None
        plan = Plan(
            settings.seed, job.augment, task, job.rates, self.group, state, keep,
            patience=settings.patience, keep_end=keep_state, blends=job.blends, on_progress=self.on_progress,
        )  # fmt: skip
        try:
            return after(fit(job.trained, job.train, job.validation, settings.recipe(), plan))
        except TrainingBroke as broke:
            if not broke.fitted.history:
                raise
            job.trained.load_state_dict(broke.fitted.best_state)
            save_checkpoint(self.checkpoint, job.network, run_record(after(broke.fitted)))
            best, path = broke.fitted.best_epoch, self.checkpoint
            message = (
                f"{broke} The weights of {f'epoch {best}' if best else 'the start'}, the last good ones, are in {path}."
            )
            raise TrainingBroke(message, broke.fitted) from broke

    def finished(self, trained: TrainedJob, start: float) -> TrainResult:
        """Test, save and export; the first process alone writes."""
        dataset, job, fitted, path = self.dataset, self.job, trained.fitted, self.checkpoint
        job.trained.load_state_dict(fitted.best_state)
        record = run_record(trained)
        if fitted.interrupted:
            if self.group.is_first:
                save_checkpoint(path, job.network, record)
            raise TrainingInterrupted(path, len(fitted.history), self.settings.recipe().epochs)
        outputs = predict(job.trained, job.test, self.group)
        if not self.group.is_first:
            raise Follower(0)
        save_checkpoint(path, job.network, record)
        answers = job.test.labels.cpu()
        metrics = trained.task.metrics(outputs, answers)
        test = None
        if not trained.task.is_regression:
            test = Proportion(int(trained.task.score(outputs, answers)), len(job.test))
        if self.on_progress is not None:
            self.on_progress(TrainProgress("exporting", 0, 1))
        images = job.images(dataset, dataset.split.test[:_PARITY_IMAGES])
        facts = model_facts(trained, test, metrics)
        exported = export_onnx(job.network, images, self._model(".onnx"), facts)
        activated_path = self._export_activated(images, facts)
        for written in (exported.path, activated_path):
            self._remember_data(written)
        judged = {"test": asdict(test) if test else None, "metrics": metrics.values, "confusion": metrics.confusion}
        save_checkpoint(path, job.network, record | judged | {"interrupted": False})
        return TrainResult(
            model_path=exported.path,
            checkpoint_path=path,
            history_path=path.with_suffix(".json"),
            facts=exported.facts,
            validation_accuracy=trained.validation_accuracy,
            test_accuracy=test,
            prepared_s=trained.spent.prepared_s,
            seconds=time.perf_counter() - start,
            energy=trained.spent.energy,
            parity=exported.parity,
            warnings=trained.warnings,
            metrics=metrics.values,
            confusion=metrics.confusion,
            history=tuple(fitted.history),
            best_epoch=fitted.best_epoch,
            blend=fitted.blend,
            activated_path=activated_path,
        )

    def _remember_data(self, path: Path | None) -> None:
        """Keep the folder of the pictures in the workspace: the model file, which travels, names no folder."""
        data = self.settings.data
        if path is not None and data is not None and Path(data).is_dir():
            sha256 = read_model(path).sha256
            remember(self.workspace, sha256, data=str(Path(data).resolve()), data_name=self.dataset.name)

    def _export_activated(self, images: Tensor, facts: ModelFacts) -> Path | None:
        """Write a second file with the activation inside, where the settings ask for it and the task has one."""
        activation = self.settings.pairing.activation
        if not self.settings.with_activation or activation == "none":
            return None
        facts = facts.model_copy(update={"output": "probabilities"})
        return export_onnx(
            activated(self.job.network, activation), images, self._model(f"-{activation}.onnx"), facts
        ).path

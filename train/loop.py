"""The training loop: AdamW, a one-cycle learning rate, the best weights on the validation split kept.

    fitted = fit(network, train, validation, recipe, Plan(seed=0))
    network.load_state_dict(fitted.best_state)

References: I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019; L. N. Smith
and N. Topin, "Super-Convergence", 2018; C. Szegedy et al., "Rethinking the Inception Architecture",
CVPR 2016 (label smoothing); M. Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022 (the mean of the
weights before and after).
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.errors import CheckFailedError
from dlbench.train.distributed import ALONE, Group
from dlbench.train.progress import Epoch, OnProgress, Ticker
from dlbench.train.resume import RunState
from dlbench.train.tasks.losses_and_metrics import MULTICLASS, Task
from dlbench.train.train_settings import Recipe

Augment = Callable[[Tensor, torch.Generator], Tensor]
_WARMUP = 0.2  # share of the steps in which the learning rate rises
_EVALUATION_BATCH = 500
_BLENDS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Samples:
    """Inputs and answers, both on the device that trains."""

    inputs: Tensor  # uint8 images (N, C, H, W), or float features (N, F)
    labels: Tensor  # int64 classes (N,), or float32 targets (N, outputs)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Plan:
    """How `fit` trains, beside the recipe; the defaults are those of one process and a plain classification."""

    seed: int = 0
    augment: Augment | None = None
    task: Task = MULTICLASS
    rates: Mapping[str, float] = field(default_factory=dict)  # prefix of parameter names -> share of the learning rate
    group: Group = ALONE
    start: RunState | None = None  # go on from here
    keep: Callable[[RunState, bool], None] | None = None  # called after each epoch; True: the run ends here
    blends: bool = False  # end at the best mean of the start and the last epoch: what starts is good already
    patience: int | None = None  # stop after so many epochs without a better validation loss
    keep_end: bool = False  # keep the state of a run that ends well too
    on_progress: OnProgress = None


@dataclass
class Fitted:
    """Where training got to; after an interruption it holds what there was by then."""

    best_state: dict[str, Tensor]
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0  # 1-based; 0: no epoch was finished or better, so the weights are those of the start
    blend: float | None = None  # share of the last epoch's weights in the mean with those of the start; None: no mean
    blend_score: float | None = None  # share of right answers of that mean on the validation split
    interrupted: bool = False
    images_per_s: float | None = None  # of the passes over the training split, without validation
    elapsed_s: float = 0.0  # of training, over all sessions of a run that was taken up again

    def note(self, record: Epoch, network: nn.Module) -> None:
        """Keep the weights where `record` is the best epoch so far."""
        # Loss, not accuracy: on a few hundred images many epochs tie in accuracy.
        if not self.history or record.validation_loss <= self.best_loss:
            self.best_epoch, self.best_state = record.epoch, copy.deepcopy(network.state_dict())
        self.history.append(record)

    @property
    def best_loss(self) -> float:
        """The lowest validation loss so far."""
        return min(record.validation_loss for record in self.history)


class TrainingBroke(CheckFailedError):  # noqa: N818 - what happened, as TrainingInterrupted
    """The loss is no longer a number; `fitted` holds the best weights before that."""

    def __init__(self, message: str, fitted: Fitted) -> None:
        self.fitted = fitted
        super().__init__(message)


def fit(network: nn.Module, train: Samples, validation: Samples, recipe: Recipe, plan: Plan | None = None) -> Fitted:
    """Train `network` in place and return the best weights; Ctrl-C ends it early with what there is.

    Raises:
        TrainingBroke: the loss is no longer a number.
    """
    plan = plan or Plan()
    trainer = _Trainer(network, train, recipe, plan)
    fitted = trainer.begin()
    try:
        for epoch in range(len(fitted.history), recipe.epochs):
            if plan.patience is not None and fitted.history and epoch - fitted.best_epoch >= plan.patience:
                break
            trainer.run_epoch(epoch, fitted, validation)
        if plan.keep_end and plan.keep is not None and trainer.finished is not None:
            plan.keep(trainer.finished, True)
        if plan.blends:
            trainer.blend(fitted, validation)
    except KeyboardInterrupt:
        fitted.interrupted = True
        if not fitted.history:  # not one epoch is done: a few steps are better than none
            fitted.best_state = copy.deepcopy(network.state_dict())
        elif trainer.finished is not None and plan.keep is not None:
            plan.keep(trainer.finished, True)
    return fitted


class _Trainer:
    """What stays the same from epoch to epoch; its whole state is the network and the optimizer."""

    def __init__(self, network: nn.Module, train: Samples, recipe: Recipe, plan: Plan) -> None:
        self.network, self.train, self.recipe, self.plan = network, train, recipe, plan
        self.called = plan.group.wrap(network)
        self.optimizer = torch.optim.AdamW(_groups(network, plan.rates), weight_decay=recipe.weight_decay, fused=True)
        world = plan.group.world
        self.batch_size = max(world, min(recipe.batch_size, len(train)) // world * world)
        self.steps = len(train) // self.batch_size  # per epoch; what is left over is another part each time
        self.images_per_epoch = self.steps * self.batch_size
        on_progress = plan.on_progress if plan.group.is_first else None
        self.ticker = Ticker("training", self.steps * recipe.epochs, on_progress, images_per_step=self.batch_size)
        self.finished: RunState | None = None  # the state after the last whole epoch
        self._before_s = self._passes_s = 0.0
        self._resumed_epochs = 0

    def begin(self) -> Fitted:
        """Return the start: fresh, or where the plan says to go on."""
        state, fitted = self.plan.start, Fitted(copy.deepcopy(self.network.state_dict()))
        self.first = fitted.best_state
        if state is not None:
            self.network.load_state_dict(state.network)
            self.optimizer.load_state_dict(_optimizer_state(self.optimizer, state.optimizer))
            fitted.best_state, fitted.history, fitted.best_epoch = state.best, list(state.history), state.best_epoch
            fitted.elapsed_s, fitted.images_per_s = state.elapsed_s, state.images_per_s
            self._before_s, self._resumed_epochs = state.elapsed_s, len(state.history)
            self.ticker.tick(self.steps * len(state.history))
        self._began = time.perf_counter()
        return fitted

    def run_epoch(self, epoch: int, fitted: Fitted, validation: Samples) -> None:
        """Train for one pass, validate, and keep what there is."""
        begin = time.perf_counter()
        try:
            train_loss, score = self._pass(epoch, fitted.history)
            self._passes_s += time.perf_counter() - begin
            self.plan.group.same_buffers(self.network)
            loss, validated = evaluate(self.network, validation, self.plan.task, self.plan.group)
            _expect_finite(loss, f"on the validation split in epoch {epoch + 1}")
        except CheckFailedError as error:
            raise TrainingBroke(str(error), fitted) from error
        share, is_error = validated / len(validation), self.plan.task.is_regression
        record = Epoch(
            epoch + 1,
            train_loss,
            loss,
            None if is_error else share,
            time.perf_counter() - begin,
            share if is_error else None,
            None if is_error else score / self.images_per_epoch,
        )
        fitted.note(record, self.network)
        fitted.elapsed_s = self._before_s + time.perf_counter() - self._began
        fitted.images_per_s = (epoch + 1 - self._resumed_epochs) * self.images_per_epoch / self._passes_s
        self._keep(fitted)

    def blend(self, fitted: Fitted, validation: Samples) -> None:
        """End at that mean of the first and the last weights which has the lowest validation loss."""
        last = copy.deepcopy(self.network.state_dict())
        candidates = []
        for share in _BLENDS:
            mean = {
                name: torch.lerp(self.first[name], value, share) if value.is_floating_point() else value
                for name, value in last.items()
            }
            self.network.load_state_dict(mean)
            loss, score = evaluate(self.network, validation, self.plan.task, self.plan.group)
            candidates.append((loss, share, score / len(validation), mean))
        _, fitted.blend, fitted.blend_score, fitted.best_state = min(candidates, key=lambda candidate: candidate[:2])
        fitted.best_epoch = len(fitted.history) if fitted.blend else 0

    def _keep(self, fitted: Fitted) -> None:
        keep = self.plan.keep
        if keep is None or not self.plan.group.is_first:
            return
        tensors = {
            f"{number}.{name}": value
            for number, values in self.optimizer.state_dict()["state"].items()
            for name, value in values.items()
        }
        network = self.network.state_dict()
        self.finished = RunState(
            network,
            fitted.best_state,
            tensors,
            list(fitted.history),
            fitted.best_epoch,
            fitted.elapsed_s,
            fitted.images_per_s,
        )
        keep(self.finished, False)
        # a later step changes the tensors in place: an interruption inside the next epoch needs those of now
        self.finished.network = {name: value.clone() for name, value in network.items()}
        self.finished.optimizer = {name: value.clone() for name, value in tensors.items()}

    def _pass(self, epoch: int, history: list[Epoch]) -> tuple[float, float]:
        """Train for one pass; return the mean loss and the sum of the scores; nothing waits for the device inside."""
        device, group = self.train.labels.device, self.plan.group
        # All randomness of an epoch follows from the seed and its number, so a run can resume between epochs.
        number = self.plan.seed * 100_003 + epoch
        torch.manual_seed(number + group.rank)
        generator = torch.Generator(device).manual_seed(number)
        order = torch.randperm(len(self.train), generator=generator, device=device)[: self.images_per_epoch]
        if group.rank:  # the same order in every process, another augmentation
            generator.manual_seed(number + group.rank)
        losses, score = torch.zeros(self.steps, device=device), torch.zeros((), device=device)
        loss, accuracy = (history[-1].train_loss, history[-1].validation_accuracy) if history else (None, None)
        self.network.train()
        for step, batch in enumerate(order.view(self.steps, self.batch_size)):
            losses[step], right = self._step(group.share(batch), epoch * self.steps + step, generator)
            score += right
            self.ticker.tick(epoch=epoch + 1, epochs=self.recipe.epochs, loss=loss, accuracy=accuracy)
        return _mean_loss(group.sum(losses) / group.world, epoch), float(group.sum(score))

    def _step(self, batch: Tensor, step: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        rate = self.recipe.learning_rate * one_cycle(step, self.steps * self.recipe.epochs)
        for settings in self.optimizer.param_groups:
            settings["lr"] = rate * settings["share"]
        inputs = as_float(self.train.inputs[batch])
        inputs = self.plan.augment(inputs, generator) if self.plan.augment else inputs
        outputs, answers = self.called(inputs), self.train.labels[batch]
        loss = self.plan.task.loss(outputs, answers, self.recipe.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss.detach(), self.plan.task.score(outputs.detach(), answers)


def _groups(network: nn.Module, rates: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the optimizer's groups: parameters by their share of the learning rate; the longest prefix counts."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        prefixes = sorted((p for p in rates if name.startswith(p)), key=len)
        if parameter.requires_grad:
            groups.setdefault(rates[prefixes[-1]] if prefixes else 1.0, []).append(parameter)
    return [{"params": parameters, "share": share} for share, parameters in groups.items()]


def _optimizer_state(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> dict[str, Any]:
    parameters = [p for settings in optimizer.param_groups for p in settings["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", 1)
        parameter = parameters[int(number)]
        if value.shape == parameter.shape and value.ndim:
            # the fused step walks through memory: a file has rows first, the parameter may have channels last
            value = torch.empty_like(parameter).copy_(value)  # noqa: PLW2901
        state.setdefault(int(number), {})[name] = value
    return {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}


def one_cycle(step: int, steps: int) -> float:
    """Return the share of the peak learning rate: cosine up from 1/25 over a fifth, cosine down to about 0."""
    warmup = _WARMUP * steps
    if step < warmup:
        return 1 - (1 - 1 / 25) * (1 + math.cos(math.pi * step / warmup)) / 2
    return (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1))) / 2


def as_float(inputs: Tensor) -> Tensor:
    """Return uint8 images as float32 in [0, 1], laid out channels last; features as they are."""
    if inputs.dtype != torch.uint8:
        return inputs
    # channels last: oneDNN and cuDNN need no reordering, half the time per step on a CPU
    return (inputs.float() / 255).contiguous(memory_format=torch.channels_last)


def _mean_loss(losses: Tensor, epoch: int) -> float:
    values = losses.cpu()
    bad = (~values.isfinite()).nonzero().flatten()
    if len(bad):
        _expect_finite(float(values[bad[0]]), f"at step {int(bad[0]) + 1} of epoch {epoch + 1}")
    return float(values.mean())


def _expect_finite(loss: float, where: str) -> None:
    if not math.isfinite(loss):
        raise CheckFailedError(
            f"training broke down: expected a finite loss, received {loss} {where}; try a lower --learning-rate."
        )


@torch.inference_mode()
def evaluate(
    network: nn.Module, samples: Samples, task: Task = MULTICLASS, group: Group = ALONE
) -> tuple[float, float]:
    """Return the mean loss, and the sum of the task's scores (how many are right), in eval mode over all processes."""
    network.eval()
    device = samples.labels.device
    totals = torch.zeros(2, dtype=torch.float64, device=device)
    chosen = group.share(torch.arange(len(samples), device=device))
    for part in torch.split(chosen, _EVALUATION_BATCH):
        outputs, answers = network(as_float(samples.inputs[part])), samples.labels[part]
        totals[0] += task.loss(outputs, answers) * len(answers)
        totals[1] += task.score(outputs, answers)
    loss, score = group.sum(totals).tolist()
    return loss / len(samples), score


@torch.inference_mode()
def predict(network: nn.Module, samples: Samples, group: Group = ALONE) -> Tensor:
    """Return the outputs (N, K) for all samples, before the activation, on the CPU; each process has them all."""
    network.eval()
    chosen = group.share(torch.arange(len(samples), device=samples.labels.device))
    parts = [network(as_float(samples.inputs[part])) for part in torch.split(chosen, _EVALUATION_BATCH) if len(part)]
    own = torch.cat(parts).cpu() if parts else torch.empty(0)
    if group.world == 1:
        return own
    gathered = group.gather(own)
    outputs = torch.empty((len(samples), *next(g for g in gathered if len(g)).shape[1:]))
    for rank, values in enumerate(gathered):
        if len(values):
            outputs[rank :: group.world] = values
    return outputs

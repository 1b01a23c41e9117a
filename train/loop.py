"""The training loop: AdamW, a one-cycle learning rate, the best weights on the validation split kept.

    fitted = fit(network, train, validation, recipe, seed=0)
    network.load_state_dict(fitted.best_state)

References: I. Loshchilov and F. Hutter, "Decoupled Weight Decay Regularization", ICLR 2019; L. N. Smith
and N. Topin, "Super-Convergence", 2018; C. Szegedy et al., "Rethinking the Inception Architecture",
CVPR 2016 (label smoothing).
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from dlbench.errors import CheckFailedError
from dlbench.train.progress import OnProgress, Ticker
from dlbench.train.settings import Recipe
from dlbench.train.tasks import MULTICLASS, Task

__all__ = ["Augment", "Epoch", "Fitted", "Samples", "evaluate", "fit", "one_cycle"]

Augment = Callable[[Tensor, torch.Generator], Tensor]
_WARMUP = 0.2  # share of the steps in which the learning rate rises
_EVALUATION_BATCH = 500


@dataclass(frozen=True)
class Samples:
    """Inputs and labels, both on the device that trains."""

    inputs: Tensor  # uint8 images (N, C, H, W), or float features (N, F)
    labels: Tensor  # int64, (N,)

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training images gave."""

    epoch: int  # 1-based
    train_loss: float
    validation_loss: float
    validation_accuracy: float  # in [0, 1]
    seconds: float


@dataclass
class Fitted:
    """Where training got to; after an interruption it holds what there was by then."""

    best_state: dict[str, Tensor]
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0  # 1-based; 0: no epoch was finished, so the weights are those of the start
    interrupted: bool = False
    images_per_s: float | None = None

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


def fit(
    network: nn.Module,
    train: Samples,
    validation: Samples,
    recipe: Recipe,
    seed: int,
    *,
    augment: Augment | None = None,
    task: Task = MULTICLASS,
    on_progress: OnProgress = None,
) -> Fitted:
    """Train `network` in place and return the best weights; Ctrl-C ends it early with what there is.

    Raises:
        CheckFailedError: the loss is no longer a number.
    """
    trainer = _Trainer(network, train, recipe, seed, augment, task, on_progress)
    fitted = Fitted(copy.deepcopy(network.state_dict()))
    start = time.perf_counter()
    try:
        for epoch in range(recipe.epochs):
            begin = time.perf_counter()
            train_loss = _mean_loss(trainer.epoch(epoch, fitted.history), epoch)
            loss, correct = evaluate(network, validation, task)
            seconds = time.perf_counter() - begin
            _expect_finite(loss, f"on the validation split in epoch {epoch + 1}")
            fitted.note(Epoch(epoch + 1, train_loss, loss, correct / len(validation), seconds), network)
            fitted.images_per_s = (epoch + 1) * trainer.images_per_epoch / (time.perf_counter() - start)
    except KeyboardInterrupt:
        fitted.interrupted = True
        if not fitted.history:  # not one epoch is done: a few steps are better than none
            fitted.best_state = copy.deepcopy(network.state_dict())
    return fitted


class _Trainer:
    """What stays the same from epoch to epoch; its whole state is the network and the optimizer."""

    def __init__(
        self,
        network: nn.Module,
        train: Samples,
        recipe: Recipe,
        seed: int,
        augment: Augment | None,
        task: Task,
        on_progress: OnProgress,
    ) -> None:
        self.network, self.train, self.recipe, self.seed = network, train, recipe, seed
        self.augment, self.task = augment, task
        self.optimizer = torch.optim.AdamW(network.parameters(), weight_decay=recipe.weight_decay, fused=True)
        self.batch_size = min(recipe.batch_size, len(train))
        self.steps = len(train) // self.batch_size  # per epoch; what is left over is another part each time
        self.images_per_epoch = self.steps * self.batch_size
        self.ticker = Ticker("training", self.steps * recipe.epochs, on_progress, images_per_step=self.batch_size)

    def epoch(self, epoch: int, history: list[Epoch]) -> Tensor:
        """Train for one pass and return the loss of each step, (steps,); nothing waits for the device."""
        device = self.train.labels.device
        # All randomness of an epoch follows from the seed and its number, so a run can be taken up between epochs.
        torch.manual_seed(self.seed * 100_003 + epoch)
        generator = torch.Generator(device).manual_seed(self.seed * 100_003 + epoch)
        order = torch.randperm(len(self.train), generator=generator, device=device)[: self.images_per_epoch]
        losses = torch.zeros(self.steps, device=device)
        loss, accuracy = (history[-1].train_loss, history[-1].validation_accuracy) if history else (None, None)
        self.network.train()
        for step, batch in enumerate(order.view(self.steps, self.batch_size)):
            losses[step] = self._step(batch, epoch * self.steps + step, generator)
            self.ticker.tick(epoch=epoch + 1, epochs=self.recipe.epochs, loss=loss, accuracy=accuracy)
        return losses

    def _step(self, batch: Tensor, step: int, generator: torch.Generator) -> Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.learning_rate * one_cycle(step, self.steps * self.recipe.epochs)
        inputs = as_float(self.train.inputs[batch])
        inputs = self.augment(inputs, generator) if self.augment else inputs
        loss = self.task.loss(self.network(inputs), self.train.labels[batch], self.recipe.label_smoothing)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss.detach()


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
def evaluate(network: nn.Module, samples: Samples, task: Task = MULTICLASS) -> tuple[float, int]:
    """Return the mean loss and how many of `samples` are right, in eval mode."""
    network.eval()
    loss = torch.zeros((), device=samples.labels.device)
    correct = torch.zeros((), dtype=torch.int64, device=samples.labels.device)
    batches = (torch.split(part, _EVALUATION_BATCH) for part in (samples.inputs, samples.labels))
    for inputs, labels in zip(*batches, strict=True):
        logits = network(as_float(inputs))
        loss += task.loss(logits, labels, 0.0) * len(labels)
        correct += task.correct(logits, labels)
    return float(loss) / len(samples), int(correct)

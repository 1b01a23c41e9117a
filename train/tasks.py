"""What a network is asked: the loss to train with and the count that judges it.

loss = MULTICLASS.loss(logits, labels, 0.1)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F  # noqa: N812 - the field's own name for it
from torch import Tensor

__all__ = ["MULTICLASS", "Task"]


@dataclass(frozen=True)
class Task:
    """One problem type."""

    name: str
    activation: str  # applied by whoever reads the logits
    loss: Callable[[Tensor, Tensor, float], Tensor]  # (logits, labels, label smoothing) -> mean loss
    correct: Callable[[Tensor, Tensor], Tensor]  # (logits, labels) -> how many are right


def _cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    # softmax and logarithm in one step, which is stable for large logits
    return F.cross_entropy(logits, labels, label_smoothing=smoothing)


def _same_top1(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.argmax(dim=1) == labels).sum()  # (N, classes) -> ()


MULTICLASS = Task("multiclass", "softmax", _cross_entropy, _same_top1)

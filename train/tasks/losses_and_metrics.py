"""What a network is asked, in torch: the loss to train with, the score to choose by, the metrics to judge by.

    task = Task(settle("multiclass"))
    loss = task.loss(outputs, answers, smoothing=0.1)
    task.metrics(outputs, answers)      # {"accuracy": 0.98, "f1": 0.98, ...}

Losses are computed on the network's outputs before the activation, in the stable form where there is one. Metrics are
scikit-learn's.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch.nn.functional as F  # noqa: N812 - the field's own name for it
from numpy.typing import NDArray
from torch import Tensor, nn

from dlbench.train.tasks.problems import Pairing, settle

_SMALLEST = 1e-7  # a probability further from 0 and 1 than this keeps its logarithm finite


class Rescaled(nn.Module):
    """A network whose standardised outputs are brought to the unit of the answers, such as degrees."""

    def __init__(self, network: nn.Module, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)

    def forward(self, images: Tensor) -> Tensor:
        """Return (N, outputs) in the answers' unit."""
        outputs: Tensor = self.network(images) * self.deviation + self.mean
        return outputs


def activated(network: nn.Module, activation: str) -> nn.Module:
    """Return the network with its last activation, for a file whose output is probabilities."""
    layers = {"none": nn.Identity(), "sigmoid": nn.Sigmoid(), "softmax": nn.Softmax(dim=1)}
    return nn.Sequential(OrderedDict(network=network, activation=layers[activation]))


@dataclass(frozen=True)
class Metrics:
    """What the test split says: single numbers, and the confusion matrix of classes (truth by row), or None."""

    values: dict[str, float] = field(default_factory=dict)
    confusion: list[list[int]] | None = None


@dataclass(frozen=True)
class Task:
    """One problem type with the activation and the loss in use."""

    pairing: Pairing

    @property
    def name(self) -> str:
        """The problem's name."""
        return self.pairing.problem.name

    @property
    def is_regression(self) -> bool:
        """Say whether the score is an error (to be small), not a count of right answers."""
        return self.pairing.problem.is_regression

    def loss(self, outputs: Tensor, answers: Tensor, smoothing: float = 0.0) -> Tensor:
        """Return the mean loss of outputs (N, K) before the activation; answers (N,) classes or (N, K) numbers."""
        activation, loss = self.pairing.activation, self.pairing.loss
        if loss == "categorical-cross-entropy" and activation == "softmax":
            # softmax and logarithm in one step, which is stable for large outputs
            return F.cross_entropy(outputs, answers, label_smoothing=smoothing if answers.ndim == 1 else 0.0)
        targets = self.targets(outputs, answers)
        if loss == "binary-cross-entropy" and activation == "sigmoid":
            return F.binary_cross_entropy_with_logits(outputs, targets)
        values = self.activate(outputs)
        if loss == "mean-squared-error":
            return F.mse_loss(values, targets)
        values = values.clamp(_SMALLEST, 1 - _SMALLEST)  # a forced pairing: its logarithm must stay finite
        if loss == "binary-cross-entropy":
            return F.binary_cross_entropy(values, targets.clamp(0, 1))
        if loss != "categorical-cross-entropy":
            raise AssertionError(f"{loss} stands in LOSSES, but nothing computes it")
        return -(targets * values.log()).sum(dim=1).mean()

    def targets(self, outputs: Tensor, answers: Tensor) -> Tensor:
        """Return the answers as (N, K) numbers: classes become one 1 among zeros."""
        return answers if answers.ndim == 2 else F.one_hot(answers, outputs.shape[1]).to(outputs.dtype)

    def activate(self, outputs: Tensor) -> Tensor:
        """Return probabilities, or numbers, from the outputs."""
        if self.pairing.activation == "softmax":
            return outputs.softmax(dim=1)
        return outputs.sigmoid() if self.pairing.activation == "sigmoid" else outputs

    def score(self, outputs: Tensor, answers: Tensor) -> Tensor:
        """Return how many of these are right (several labels: all of them), or the sum of their mean errors, ()."""
        if self.is_regression:
            return (self.activate(outputs) - answers).abs().mean(dim=1).sum()
        if answers.ndim == 1:
            return (outputs.argmax(dim=1) == answers).sum()
        return ((self.activate(outputs) > 0.5) == (answers > 0.5)).all(dim=1).sum()

    def metrics(self, outputs: Tensor, answers: Tensor) -> Metrics:
        """Return the metrics of the problem's row on outputs (N, K) of a whole split."""
        values = self.activate(outputs).float().cpu().numpy().astype(np.float64)
        truth = answers.cpu().numpy()
        values = np.nan_to_num(values, posinf=1e30, neginf=-1e30)
        if self.is_regression:
            return _regression(values, truth)
        makers = {"binary": _binary, "multiclass": _multiclass, "multilabel": _multilabel}
        return makers[self.name](values, truth)


def _area(truth: NDArray[Any], values: NDArray[np.float64], **options: Any) -> dict[str, float]:
    """Return the area under the ROC curve, or nothing where a class does not appear."""
    from sklearn.metrics import roc_auc_score

    if len(np.unique(truth)) < 2:
        return {}
    try:
        area = float(roc_auc_score(truth, values, **options))
    except ValueError:
        return {}
    return {"auroc": area} if np.isfinite(area) else {}


def _binary(values: NDArray[np.float64], truth: NDArray[Any]) -> Metrics:
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    yes, answers = truth[:, 0] > 0.5, values[:, 0] > 0.5
    numbers = {"accuracy": float(accuracy_score(yes, answers)), **_area(yes, values[:, 0])}
    numbers["f1"] = float(f1_score(yes, answers, zero_division=0))
    return Metrics(numbers, confusion_matrix(yes, answers, labels=[False, True]).tolist())


def _multiclass(values: NDArray[np.float64], truth: NDArray[Any]) -> Metrics:
    from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

    answers, classes = values.argmax(axis=1), list(range(values.shape[1]))
    numbers = {"accuracy": float(accuracy_score(truth, answers))}
    numbers["f1"] = float(f1_score(truth, answers, average="macro", labels=classes, zero_division=0))
    shares = values - values.min(axis=1, keepdims=True)  # a forced pairing may give no probabilities
    shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-30)
    shares = values if np.allclose(values.sum(axis=1), 1) else shares
    if values.shape[1] == 2:
        numbers |= _area(truth, shares[:, 1])
    else:
        numbers |= _area(truth, shares, multi_class="ovr", average="macro", labels=classes)
    return Metrics(numbers, confusion_matrix(truth, answers, labels=classes).tolist())


def _multilabel(values: NDArray[np.float64], truth: NDArray[Any]) -> Metrics:
    from sklearn.metrics import f1_score

    present, answers = truth > 0.5, values > 0.5
    numbers = {
        "exact_match": float((present == answers).all(axis=1).mean()),
        "label_accuracy": float((present == answers).mean()),
    }
    numbers["f1"] = float(f1_score(present, answers, average="macro", zero_division=0))
    return Metrics({**numbers, **_area(present, values, average="macro")})


def _regression(values: NDArray[np.float64], truth: NDArray[Any]) -> Metrics:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    numbers = {"mae": float(mean_absolute_error(truth, values)), "rmse": float(root_mean_squared_error(truth, values))}
    return Metrics({**numbers, "r2": float(r2_score(truth, values))})


MULTICLASS = Task(settle("multiclass"))

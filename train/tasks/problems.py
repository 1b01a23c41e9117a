"""The five problem types of a first course, and which last activation and loss belong to each. No torch here.

pairing = settle("binary", activation=None, loss=None, force=False)
pairing.activation, pairing.loss      # sigmoid, binary-cross-entropy

A new loss or activation gets its name here, and is computed in `losses_and_metrics`.
After F. Chollet, "Deep Learning with Python", chapter 4: the last layer's activation follows from what is asked, the
loss from the activation.
"""

from __future__ import annotations

from dataclasses import dataclass

from dlbench.errors import InputError, close_matches

ACTIVATIONS = ("none", "sigmoid", "softmax")
LOSSES = ("binary-cross-entropy", "categorical-cross-entropy", "mean-squared-error")


@dataclass(frozen=True)
class Problem:
    """One row of the table."""

    name: str
    title: str
    activation: str
    losses: tuple[str, ...]  # the first is the default
    metrics: str
    example: str  # that runs offline on MNIST
    why: str
    unit: str = ""  # of a number that is asked for
    is_regression: bool = False  # a number is asked for, not a class

    @property
    def belongs(self) -> tuple[str, str]:
        """Return the activation and the losses that belong to it, as messages name them."""
        return named(self.activation), " or ".join(self.losses)


PROBLEMS = {
    problem.name: problem
    for problem in (
        Problem(
            "binary",
            "two classes",
            "sigmoid",
            ("binary-cross-entropy",),
            "accuracy, AUROC, F1",
            "is it a 3?",
            "One output is enough: the sigmoid makes it the probability of yes, and that of no is the rest.",
        ),
        Problem(
            "multiclass",
            "several classes, one label",
            "softmax",
            ("categorical-cross-entropy",),
            "accuracy, F1, AUROC, confusion matrix",
            "which digit?",
            "The softmax makes the outputs compete: they add up to 1, as the classes exclude each other.",
        ),
        Problem(
            "multilabel",
            "several classes, several labels",
            "sigmoid",
            ("binary-cross-entropy",),
            "exact matches, accuracy per label, F1, AUROC",
            "two digits side by side: which ones are there?",
            "One sigmoid a label: each is a yes-or-no question of its own, and all or none may be true.",
        ),
        Problem(
            "regression",
            "a number, any value",
            "none",
            ("mean-squared-error",),
            "mean absolute error, R2",
            "by how many degrees was the digit turned?",
            "No activation: it would forbid values, and a sigmoid could never say 30 degrees.",
            unit="degrees",
            is_regression=True,
        ),
        Problem(
            "unit-regression",
            "a number between 0 and 1",
            "sigmoid",
            ("mean-squared-error", "binary-cross-entropy"),
            "mean absolute error, R2",
            "what share of the picture is ink?",
            "The sigmoid keeps the answer between 0 and 1; both losses have their least where it is right.",
            is_regression=True,
        ),
    )
}


@dataclass(frozen=True)
class Pairing:
    """A problem with the activation and the loss that are used."""

    problem: Problem
    activation: str
    loss: str

    @property
    def fits(self) -> bool:
        """Say whether it is the table's own pairing."""
        return self.activation == self.problem.activation and self.loss in self.problem.losses


def settle(task: str, activation: str | None = None, loss: str | None = None, force: bool = False) -> Pairing:
    """Return the pairing for a task; what is None comes from the table.

    Raises:
        InputError: an unknown name, or a wrong pairing without `force`.
    """
    problem = PROBLEMS[_known("task", task, tuple(PROBLEMS))]
    pairing = Pairing(
        problem,
        problem.activation if activation is None else _known("activation", activation, ACTIVATIONS),
        problem.losses[0] if loss is None else _known("loss", loss, LOSSES),
    )
    if not pairing.fits and not force:
        (fitting, losses), received = problem.belongs, named(pairing.activation)
        raise InputError(
            f"{problem.name}: expected {fitting} + {losses}, received {received} + {pairing.loss}. {problem.why} Leave "
            f"out {_wrong(pairing)}, or add --force to see what goes wrong."
        )
    return pairing


def named(activation: str) -> str:
    """Return an activation as messages name it."""
    return "no activation" if activation == "none" else activation


def _wrong(pairing: Pairing) -> str:
    fits = {
        "--activation": pairing.activation == pairing.problem.activation,
        "--loss": pairing.loss in pairing.problem.losses,
    }
    return " and ".join(option for option, fit in fits.items() if not fit)


def _known(what: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise InputError(
            f"unknown {what}: expected {', '.join(known)}, received {value!r}.{close_matches(value, known)}"
        )
    return value

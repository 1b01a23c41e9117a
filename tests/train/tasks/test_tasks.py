"""The five problem types without training: losses and metrics held against oracles, questions, refusals."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from dlbench.cli import main
from dlbench.errors import InputError
from dlbench.train import TrainSettings, load
from dlbench.train.tasks.losses_and_metrics import Task
from dlbench.train.tasks.problems import PROBLEMS, settle
from dlbench.train.tasks.targets import ask


@pytest.mark.parametrize(
    ("task", "activation", "loss"),
    [
        ("multilabel", "softmax", "categorical-cross-entropy"),
        ("multiclass", "softmax", "mean-squared-error"),
        ("regression", "sigmoid", None),
        ("binary", None, "mean-squared-error"),
    ],
)
def test_a_wrong_pairing_is_refused_with_the_row_that_applies(task: str, activation: str | None, loss: str | None):
    with pytest.raises(InputError, match=re.escape(" + ".join(PROBLEMS[task].belongs))) as caught:
        TrainSettings("cnn", task=task, activation=activation, loss=loss)
    assert "--force" in str(caught.value) and "\n" not in str(caught.value)
    assert not settle(task, activation, loss, force=True).fits


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_the_losses_are_those_of_the_formulas():
    rng = np.random.default_rng(0)
    outputs, labels = rng.normal(0, 3, (20, 4)), rng.integers(0, 4, 20)
    many = (rng.random((20, 4)) < 0.5).astype(np.float32)
    x = torch.from_numpy(outputs)
    onehot = np.eye(4)[labels]

    def loss(task: str, answers: np.ndarray, **options: str) -> float:
        return float(Task(settle(task, **options, force=True)).loss(x, torch.from_numpy(answers)))

    p, s = softmax(outputs), 1 / (1 + np.exp(-outputs))
    assert loss("multiclass", labels) == pytest.approx(-np.log(p[range(20), labels]).mean())
    assert loss("multilabel", many) == pytest.approx(-(many * np.log(s) + (1 - many) * np.log(1 - s)).mean(), rel=1e-5)
    assert loss("regression", many) == pytest.approx(((outputs - many) ** 2).mean())
    assert loss("unit-regression", many) == pytest.approx(((s - many) ** 2).mean())
    assert loss("multiclass", labels, loss="mean-squared-error") == pytest.approx(((p - onehot) ** 2).mean())
    forced = loss("multiclass", labels, activation="sigmoid", loss="binary-cross-entropy")
    assert forced == pytest.approx(-(onehot * np.log(s) + (1 - onehot) * np.log(1 - s)).mean())


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_the_losses_stay_finite_for_large_outputs(task: str):
    outputs = torch.tensor([[1000.0], [-1000.0]]) if task == "binary" else torch.tensor([[1e4, -1e4], [-1e4, 1e4]])
    answers = torch.tensor([0, 1]) if task == "multiclass" else torch.ones_like(outputs)
    assert math.isfinite(float(Task(settle(task)).loss(outputs, answers)))


def test_the_metrics_are_those_counted_by_hand():
    outputs = torch.tensor([[2.0], [-1.0], [0.5], [-3.0]])
    answers = torch.tensor([[1.0], [1.0], [0.0], [0.0]])
    found = Task(settle("binary")).metrics(outputs, answers)
    assert found.values == pytest.approx({"accuracy": 0.5, "auroc": 0.75, "f1": 0.5})  # 3 of 4 pairs in order
    assert found.confusion == [[1, 1], [1, 1]]
    numbers = Task(settle("regression")).metrics(torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [2.0]])).values
    assert (numbers["mae"], numbers["rmse"]) == (1.0, 1.0)
    labels = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    several = Task(settle("multilabel")).metrics(torch.tensor([[1.0, -1.0], [1.0, -1.0]]), labels)
    assert several.values["exact_match"] == 0.5 and several.values["label_accuracy"] == 0.75


def test_the_questions_keep_the_split_and_have_answers_that_can_be_checked():
    digits = load(None)
    pairs = ask(digits, "multilabel")
    assert pairs.images.shape == (5000, 1, 28, 56)
    assert np.array_equal(pairs.images[..., :28], digits.images)
    by_picture = {digits.images[i].tobytes(): i for i in range(5000)}
    for part in (digits.split.train, digits.split.test):
        partners = {by_picture[pairs.images[i, :, :, 28:].tobytes()] for i in part}
        assert partners <= set(part.tolist())  # no test digit is ever trained on
    assert np.all(pairs.targets[np.arange(5000), digits.labels] == 1)
    ink = ask(digits, "unit-regression")
    assert ink.targets[7, 0] == pytest.approx((digits.images[7] > 127).mean())
    turned = ask(digits, "regression")
    assert np.abs(turned.targets).max() <= 45 and turned.images.shape == digits.images.shape


def test_the_angle_is_counter_clockwise():
    """A bar that leans to the left was turned by a positive angle: its top is left of its foot."""
    from dlbench.train.data.dataset import Dataset, Split

    images = np.zeros((200, 1, 28, 28), np.uint8)
    images[:, :, 3:25, 13:15] = 255
    nobody = np.arange(0)
    bars = Dataset("bars", images, np.zeros(200, np.int64), ("bar",), Split(np.arange(200), nobody, nobody, ""))
    turned = ask(bars, "regression")
    columns = np.arange(28)
    top, foot = ((turned.images[:, 0, rows].sum(1) @ columns) for rows in (slice(0, 12), slice(16, 28)))
    leans_left = top / turned.images[:, 0, :12].sum((1, 2)) < foot / turned.images[:, 0, 16:].sum((1, 2))
    clear = np.abs(turned.targets[:, 0]) > 5
    assert np.array_equal(leans_left[clear], turned.targets[clear, 0] > 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cnn", "--task", "multi-label"], "Did you mean multilabel"),
        (
            ["cnn", "--task", "multilabel", "--activation", "softmax"],
            "expected sigmoid + binary-cross-entropy, received softmax +",
        ),
        (["cnn", "--task", "binary", "--positive", "11"], "expected a class of mnist-sample"),
        (["cnn", "--positive", "3"], "goes with --task binary"),
        (["transfer", "--task", "regression"], "take dense or cnn"),
        (["cnn", "--batch-size", "100000"], "expected at most the 4,000 training pictures"),
        (["--task", "binary"], "expected a network"),
        (["cnn", "--compare", "dense,cnn", "--seeds", "2"], "do not go together"),
        (["cnn", "--seeds", "1"], "expected 2 to 100"),
        (["--compare", "dense"], "expected two networks"),
        (["cnn", "--freeze", "last"], "expected all, none or last-N"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, workspace: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["train", *arguments]) == 2
    err = [line for line in capsys.readouterr().err.splitlines() if line.startswith("dlbench:")]
    assert len(err) == 1 and words in err[0], err


def test_the_table_explains_every_task(capsys: pytest.CaptureFixture[str]):
    assert main(["train", "--explain-task", "--full"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (*PROBLEMS, "softmax", "categorical-cross-entropy", "never say 30 degrees"):
        assert words in text, words

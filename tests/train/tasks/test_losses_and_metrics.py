"""Losses, scores and metrics against numpy, and against counts made by hand; which pairings fit."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from torch import nn

from dlbench.errors import InputError
from dlbench.train.tasks.losses_and_metrics import MULTICLASS, Metrics, Rescaled, Task, activated
from dlbench.train.tasks.problems import ACTIVATIONS, LOSSES, PROBLEMS, settle

OUTPUTS = np.array([[2.0, -1.0, 0.5], [0.1, 0.3, -2.0], [-0.4, 1.5, 1.0], [3.0, 0.0, -1.0]])
CLASSES = np.array([0, 1, 2, 0])
SEVERAL = np.array([[1.0, 0, 1], [0, 1, 0], [0, 1, 1], [1, 0, 0]])


def task(name: str, **options: str) -> Task:
    return Task(settle(name, **options, force=True))


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def loss(asked: Task, answers: np.ndarray, outputs: np.ndarray = OUTPUTS, **options: float) -> float:
    return float(asked.loss(torch.from_numpy(outputs), torch.from_numpy(answers), **options))


def test_smoothing_moves_a_share_of_each_answer_to_all_classes_alike():
    smoothed = 0.7 * np.eye(3)[CLASSES] + 0.3 / 3
    expected = -(smoothed * np.log(softmax(OUTPUTS))).sum(axis=1).mean()
    assert loss(MULTICLASS, CLASSES, smoothing=0.3) == pytest.approx(expected)
    assert loss(MULTICLASS, CLASSES) == pytest.approx(-np.log(softmax(OUTPUTS)[range(4), CLASSES]).mean())


def test_answers_that_are_shares_already_are_not_smoothed_again():
    shares = softmax(OUTPUTS[::-1])
    expected = -(shares * np.log(softmax(OUTPUTS))).sum(axis=1).mean()
    assert loss(MULTICLASS, shares, smoothing=0.3) == pytest.approx(expected)


def test_cross_entropy_of_a_forced_sigmoid_sums_over_the_classes():
    expected = -np.log(sigmoid(OUTPUTS)[range(4), CLASSES]).mean()
    assert loss(task("multiclass", activation="sigmoid"), CLASSES) == pytest.approx(expected)


def test_cross_entropy_without_an_activation_stays_finite_and_takes_what_is_no_probability_for_the_nearest():
    """Outputs of 2 and -1 count as 1 and 0: the logarithms are those of 1 - 1e-7 and 1e-7."""
    none = task("multiclass", activation="none")
    assert loss(none, np.array([0]), np.array([[2.0, 0.5]])) == pytest.approx(1e-7, rel=1e-3)
    assert loss(none, np.array([0]), np.array([[-1.0, 0.5]])) == pytest.approx(-np.log(1e-7))
    none = task("multilabel", activation="none")
    assert loss(none, np.array([[1.0]]), np.array([[-3.0]])) == pytest.approx(-np.log(1e-7))
    assert loss(none, np.array([[0.0]]), np.array([[9.0]])) == pytest.approx(-np.log(1e-7), rel=1e-4)


def test_answers_outside_0_and_1_count_as_the_nearest_where_a_probability_is_asked_for():
    forced = task("regression", activation="softmax", loss="binary-cross-entropy")
    p = softmax(OUTPUTS)
    expected = -np.log(p[:, 0]).mean() - np.log(1 - p[:, 1]).mean() - np.log(p[:, 2]).mean()
    answers = np.tile([30.0, -30.0, 1.0], (4, 1))
    assert loss(forced, answers) == pytest.approx(expected / 3)


def test_classes_become_one_1_among_zeros_in_the_outputs_type():
    targets = MULTICLASS.targets(torch.zeros(4, 3, dtype=torch.float64), torch.from_numpy(CLASSES))
    assert targets.dtype == torch.float64 and targets.tolist() == np.eye(3)[CLASSES].tolist()
    several = torch.from_numpy(SEVERAL)
    assert MULTICLASS.targets(torch.zeros(4, 3), several) is several


@pytest.mark.parametrize(("name", "function"), [("softmax", softmax), ("sigmoid", sigmoid), ("none", lambda x: x)])
def test_an_activation_is_that_of_the_formula_also_as_the_last_layer_of_a_file(name: str, function):
    outputs = torch.from_numpy(OUTPUTS)
    np.testing.assert_allclose(task("multiclass", activation=name).activate(outputs), function(OUTPUTS))
    np.testing.assert_allclose(activated(nn.Identity(), name)(outputs), function(OUTPUTS))


def test_a_rescaled_network_gives_the_answers_unit_and_keeps_it_in_its_state():
    network = Rescaled(nn.Identity(), mean=torch.tensor([10.0]), deviation=torch.tensor([3.0]))
    assert network(torch.tensor([[0.0], [1.0], [-2.0]])).tolist() == [[10], [13], [4]]
    assert set(network.state_dict()) == {"mean", "deviation"}


@pytest.mark.parametrize("name", PROBLEMS)
def test_only_the_two_regressions_are_scored_by_an_error(name: str):
    assert task(name).name == name
    assert task(name).is_regression is (name in ("regression", "unit-regression"))


def score(asked: Task, outputs: np.ndarray, answers: np.ndarray) -> float:
    return asked.score(torch.from_numpy(outputs), torch.from_numpy(answers)).item()


def test_the_score_of_classes_counts_the_largest_outputs_that_are_right():
    assert score(MULTICLASS, OUTPUTS, CLASSES) == 3  # the third picture is taken for class 1


def test_the_score_of_several_labels_counts_pictures_whose_every_label_is_right():
    outputs = np.where(SEVERAL > 0.5, 1.0, -1.0)
    assert score(task("multilabel"), outputs, SEVERAL) == 4
    outputs[1, 2] = 1.0  # one label too many
    outputs[3, 0] = -1.0  # one label missing
    assert score(task("multilabel"), outputs, SEVERAL) == 2
    assert score(task("multilabel"), np.array([[0.1]]), np.array([[1.0]])) == 1  # over one half is yes
    assert score(task("multilabel"), np.array([[0.0]]), np.array([[1.0]])) == 0  # exactly one half is no


def test_the_score_of_a_regression_is_the_sum_of_the_pictures_mean_errors():
    outputs, answers = np.array([[1.0, 5.0], [2.0, 2.0]]), np.array([[2.0, 2.0], [2.0, 8.0]])
    assert score(task("regression"), outputs, answers) == pytest.approx((1 + 3) / 2 + (0 + 6) / 2)
    unit = score(task("unit-regression"), np.zeros((2, 1)), np.array([[0.75], [0.5]]))
    assert unit == pytest.approx(0.25)  # the error of the sigmoid's 0.5, not of the 0


def metrics(asked: Task, outputs: np.ndarray, answers: np.ndarray) -> Metrics:
    return asked.metrics(torch.tensor(outputs), torch.tensor(answers))


def test_metrics_of_classes_are_those_counted_by_hand():
    found = metrics(MULTICLASS, OUTPUTS, CLASSES)
    assert found.confusion == [[2, 0, 0], [0, 1, 0], [0, 1, 0]]  # truth by row
    assert found.values["accuracy"] == 0.75
    assert found.values["f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)  # per class: 2 TP / (2 TP + FP + FN)
    p = softmax(OUTPUTS)

    def area(name: int) -> float:
        """The share of pairs, one picture of the class and one of others, that the probability puts in order."""
        yes, no = p[name == CLASSES, name], p[name != CLASSES, name]
        return float(np.mean([[(a > b) + 0.5 * (a == b) for b in no] for a in yes]))

    assert found.values["auroc"] == pytest.approx(np.mean([area(name) for name in range(3)]))


def test_of_two_classes_the_area_is_that_of_the_second_ones_probability():
    found = metrics(MULTICLASS, np.array([[2.0, 0], [0.4, 0], [1, 2], [1, 0]]), np.array([0, 1, 1, 0]))
    assert found.values["auroc"] == 1.0 and found.values["accuracy"] == 0.75


def test_a_class_that_no_picture_has_keeps_its_row_and_counts_0_in_f1_and_there_is_no_area():
    found = metrics(MULTICLASS, OUTPUTS[:2], CLASSES[:2])
    assert found.confusion == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert found.values["f1"] == pytest.approx(2 / 3) and "auroc" not in found.values
    assert "auroc" not in metrics(task("binary"), np.ones((2, 1)), np.ones((2, 1))).values
    assert metrics(task("binary"), -np.ones((2, 1)), np.ones((2, 1))).values == {"accuracy": 0.0, "f1": 0.0}


def test_outputs_that_are_no_probabilities_are_shared_out_before_the_area_is_taken():
    """A forced pairing: less the row's smallest, each row is divided by its sum; then ranks by hand."""
    outputs = np.array([[5.0, 1, 0], [0, 3.0, 1], [9.0, 0, 8.0], [0.3, 0.1, 0.2]])
    shares = outputs - outputs.min(1, keepdims=True)
    shares /= shares.sum(1, keepdims=True)
    classes = np.array([0, 1, 2, 2])

    def area(name: int) -> float:
        yes, no = shares[name == classes, name], shares[name != classes, name]
        return float(np.mean([[(a > b) + 0.5 * (a == b) for b in no] for a in yes]))

    found = metrics(task("multiclass", activation="none"), outputs, classes)
    assert found.values["auroc"] == pytest.approx(np.mean([area(name) for name in range(3)]))


def test_outputs_that_are_all_alike_give_metrics_all_the_same():
    found = metrics(task("multiclass", activation="none"), np.zeros((3, 3)), np.array([0, 1, 2]))
    assert found.values["accuracy"] == pytest.approx(1 / 3) and np.isfinite(list(found.values.values())).all()


def test_infinite_and_missing_outputs_count_as_very_large_and_as_0():
    found = metrics(task("regression"), np.array([[np.inf], [np.nan]]), np.array([[0.0], [0.0]]))
    assert found.values["mae"] == pytest.approx(0.5e30)
    found = metrics(task("regression"), np.array([[-np.inf], [0.0]]), np.array([[0.0], [0.0]]))
    assert found.values["mae"] == pytest.approx(0.5e30)


def test_metrics_of_a_yes_or_no_are_those_counted_by_hand():
    found = metrics(
        task("binary"), np.array([[1.0], [0.0], [3.0], [-1.0], [2.0]]), np.array([[1.0], [1], [0], [0], [1]])
    )
    assert found.confusion == [[1, 1], [1, 2]]  # exactly one half is no
    assert found.values["accuracy"] == pytest.approx(0.6)
    assert found.values["f1"] == pytest.approx(2 * 2 / (2 * 2 + 1 + 1))
    assert found.values["auroc"] == pytest.approx(3 / 6)  # 1 > -1, 0 > -1, 2 > -1 of six pairs


def test_metrics_of_several_labels_are_those_counted_by_hand():
    outputs = np.array([[1.0, -1, 1], [-1, 1, -1], [-1, 1, 1], [-1, 0, 2]])
    found = metrics(task("multilabel"), outputs, SEVERAL)
    assert found.confusion is None
    assert found.values["exact_match"] == 0.75 and found.values["label_accuracy"] == pytest.approx(10 / 12)
    assert found.values["f1"] == pytest.approx((2 / 3 + 1 + 4 / 5) / 3)
    assert found.values["auroc"] == pytest.approx((3 / 4 + 1 + 2 / 4) / 3)


def test_metrics_of_numbers_are_those_of_the_formulas():
    outputs, answers = np.array([[1.0], [3.0], [7.0]]), np.array([[2.0], [3.0], [4.0]])
    found = metrics(task("regression"), outputs, answers)
    assert found.values["mae"] == pytest.approx(4 / 3)
    assert found.values["rmse"] == pytest.approx(np.sqrt(10 / 3))
    assert found.values["r2"] == pytest.approx(1 - 10 / 2)  # residuals over the spread around 3
    assert found.confusion is None


@pytest.mark.parametrize(
    ("name", "activation", "losses"),
    [
        ("binary", "sigmoid", ("binary-cross-entropy",)),
        ("multiclass", "softmax", ("categorical-cross-entropy",)),
        ("multilabel", "sigmoid", ("binary-cross-entropy",)),
        ("regression", "none", ("mean-squared-error",)),
        ("unit-regression", "sigmoid", ("mean-squared-error", "binary-cross-entropy")),
    ],
)
def test_exactly_the_textbooks_pairings_fit_and_the_first_is_the_default(
    name: str, activation: str, losses: tuple[str, ...]
):
    default = settle(name)
    assert (default.activation, default.loss) == (activation, losses[0])
    for chosen in ACTIVATIONS:
        for wanted in LOSSES:
            fits = chosen == activation and wanted in losses
            assert settle(name, chosen, wanted, force=True).fits is fits
            if not fits:
                with pytest.raises(InputError, match=re.escape(" + ".join(PROBLEMS[name].belongs))):
                    settle(name, chosen, wanted)
            else:
                assert settle(name, chosen, wanted).loss == wanted


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("unknown task.*Did you mean binary", {"task": "binry"}),
        ("unknown activation.*Did you mean softmax", {"task": "binary", "activation": "soft-max"}),
        ("unknown loss.*Did you mean mean-squared-error", {"task": "binary", "loss": "mean-square-error"}),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(words: str, asked: dict[str, str]):
    with pytest.raises(InputError, match=words):
        settle(**asked, force=True)


@pytest.mark.parametrize("record", [Metrics(), MULTICLASS, PROBLEMS["binary"], settle("binary")])
def test_tasks_and_metrics_cant_be_changed_by_accident(record: object):
    with pytest.raises(AttributeError):
        record.name = "another"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"task": "regression", "activation": "sigmoid"},
            "expected no activation + mean-squared-error, received sigmoid + mean-squared-error. .* Leave out "
            "--activation, or",
        ),
        (
            {"task": "binary", "activation": "none"},
            "expected sigmoid + binary-cross-entropy, received no activation + binary-cross-entropy. .* Leave out "
            "--activation, or",
        ),
        (
            {"task": "multiclass", "loss": "mean-squared-error"},
            "received softmax \\+ mean-squared-error. .* Leave out --loss, or",
        ),
        (
            {"task": "multiclass", "activation": "sigmoid", "loss": "mean-squared-error"},
            "received sigmoid .* Leave out --activation and --loss, or",
        ),
    ],
)
def test_a_wrong_pairing_names_what_fits_and_leaves_out_only_what_does_not(asked: dict[str, str], said: str):
    with pytest.raises(InputError, match=said.replace(" + ", r" \+ ")):
        settle(**asked)


def test_a_picture_with_a_label_too_few_or_too_many_is_no_exact_match():
    outputs = np.array([[4.0, -4, 4], [4.0, -4, -4], [4.0, 4, 4]])
    found = metrics(task("multilabel"), outputs, np.array([[1.0, 0, 1], [1, 0, 1], [1, 0, 1]]))
    assert found.values["exact_match"] == pytest.approx(1 / 3)
    assert found.values["label_accuracy"] == pytest.approx(7 / 9)

"""The five problem types on real digits, each trained to a stated quality."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from sharing import QUICKLY, Shared

from dlbench.train import load


def test_binary_is_it_a_3(shared: Shared):
    result = shared.trained("dense", task="binary", quickly_exported=True).result
    assert result.metrics["accuracy"] >= 0.965 and result.metrics["auroc"] >= 0.99  # always "no" gives 90 %
    assert result.metrics["f1"] >= 0.85
    assert result.facts.labels == ("not 3", "3") and result.facts.task == "binary"
    assert np.sum(result.confusion) == 500 and np.sum(result.confusion, axis=1).tolist() == [450, 50]


@pytest.mark.slow
def test_several_labels_which_two_digits(shared: Shared):
    result = shared.trained("cnn", task="multilabel", **QUICKLY, quickly_exported=True).result
    assert result.metrics["exact_match"] >= 0.8 and result.metrics["auroc"] >= 0.98  # guessing: under 2 % exact
    assert result.test_accuracy.value == pytest.approx(result.metrics["exact_match"])


def test_regression_by_how_many_degrees(shared: Shared):
    result = shared.trained("dense", task="regression", quickly_exported=True).result
    assert result.metrics["mae"] < 12 and result.metrics["r2"] > 0.6  # saying 0 always: 22.5 degrees
    assert result.test_accuracy is None and result.facts.accuracy is None
    assert result.facts.output == "degrees"


@pytest.mark.parametrize("loss", ["mean-squared-error", "binary-cross-entropy"])
def test_regression_between_0_and_1_how_much_ink(shared: Shared, loss: str):
    result = shared.trained("dense", task="unit-regression", loss=loss, quickly_exported=True).result
    assert result.metrics["mae"] < 0.012 and result.metrics["r2"] > 0.9  # the mean always: 0.033


def test_a_forced_softmax_on_several_labels_can_not_say_two_of_them(shared: Shared):
    wrong = {"activation": "softmax", "loss": "categorical-cross-entropy", "force": True, "epochs": 4}
    result = shared.trained("dense", task="multilabel", **wrong, quickly_exported=True).result
    right = shared.trained("dense", task="multilabel", quickly_exported=True).result
    assert result.metrics["exact_match"] < 0.15 < right.metrics["exact_match"]
    assert "was forced" in result.warnings[0]


def test_the_file_with_the_activation_gives_the_probabilities_of_the_file_without(shared: Shared):
    result = shared.trained("dense", task="binary", epochs=1, with_activation=True).result
    assert result.activated_path.name == "dense-sigmoid.onnx"
    data = load(None)
    images = data.images[data.split.test[:50]].astype(np.float32) / 255
    logits = ort.InferenceSession(result.model_path).run(["logits"], {"image": images})[0]
    shares = ort.InferenceSession(result.activated_path).run(["probabilities"], {"image": images})[0]
    assert shares == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-6)
    none = shared.trained("dense", task="regression", epochs=1, with_activation=True).result
    assert none.activated_path is None  # there is no activation to add
    degrees = ort.InferenceSession(none.model_path).run(["values"], {"image": images})[0]
    assert degrees.shape == (50, 1) and np.abs(degrees).max() < 180

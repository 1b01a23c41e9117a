"""Where a model is wrong, what its filters look for, what fewer bits change: against independent oracles."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, numpy_helper
from onnx import helper as h
from placement import words_cut_off
from sharing import QUICKLY

from dlbench.api.variants.accuracy_gate import Gate
from dlbench.cli import main
from dlbench.errors import InputError
from dlbench.export.precision import write_variant
from dlbench.files import Workspace
from dlbench.model.card import read_model
from dlbench.model.layers import choose, layers_of
from dlbench.train import load
from dlbench.viz.capture.activations import activations
from dlbench.viz.capture.receptive_fields import receptive_field
from dlbench.viz.evaluation import kept_answers as kept_answers_module
from dlbench.viz.evaluation.error_figures import draw_errors
from dlbench.viz.evaluation.judging import Judged, judge
from dlbench.viz.evaluation.precision_comparison import changed_answers, layer_noise, matched_layers
from dlbench.viz.figures.top_images import draw_top_images, top_images

FLOAT = TensorProto.FLOAT
RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def trained(shared):
    """A dense network and a small CNN, trained for real, and a dense network for each of the other tasks."""
    settings = {
        "dense": {},
        "cnn": {"network": "cnn", **QUICKLY},
        "binary": {"task": "binary", "quickly_exported": True},
        "ink": {"task": "unit-regression", "loss": "mean-squared-error", "quickly_exported": True},
        "pairs": {"task": "multilabel", "quickly_exported": True},
    }
    return {name: shared.trained(**{"network": "dense", **asked}).result for name, asked in settings.items()}


@pytest.fixture
def judged():
    logits = RNG.normal(size=(400, 5)) * 2
    labels = RNG.integers(0, 5, 400)
    shares = torch.softmax(torch.tensor(logits), dim=1).numpy()
    losses = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(labels), reduction="none").numpy()
    return Judged(tuple("abcde"), labels, shares, losses)


def test_the_file_s_accuracy_is_the_one_that_training_wrote_into_it(trained):
    data = load("mnist-sample")
    test = data.split.test
    for name in ("dense", "cnn"):
        card = read_model(trained[name].model_path)
        found = judge(card, data.images[test], data.labels[test], data.classes)
        assert found.accuracy.correct == card.facts.accuracy.correct


def test_losses_are_those_of_torch(trained):
    data = load("mnist-sample")
    test = data.split.test[:50]
    card = read_model(trained["cnn"].model_path)
    found = judge(card, data.images[test], data.labels[test], data.classes)
    (logits,) = activations(card, data.images[test].astype(np.float32) / 255, layers="-1").values()
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(logits), torch.tensor(data.labels[test]), reduction="none"
    )
    np.testing.assert_allclose(found.losses, expected.numpy(), rtol=1e-4, atol=1e-6)


def test_confusion_and_its_pairs_are_those_of_scikit_learn(judged):
    from sklearn.metrics import confusion_matrix

    expected = confusion_matrix(judged.labels, judged.predicted, labels=range(5))
    np.testing.assert_array_equal(judged.confusion(), expected)
    np.fill_diagonal(expected, 0)
    truth, answer, times = judged.confused_pairs(1)[0]
    assert times == expected.max() == expected["abcde".index(truth), "abcde".index(answer)]


def test_calibration_is_that_of_scikit_learn_and_its_error_the_weighted_gap(judged):
    from sklearn.calibration import calibration_curve

    found = judged.calibration(10)
    right, sure = judged.predicted == judged.labels, judged.shares.max(axis=1)
    accuracy, confidence = calibration_curve(right, sure, n_bins=10)
    used = found.counts > 0
    np.testing.assert_allclose(found.accuracy[used], accuracy)
    np.testing.assert_allclose(found.confidence[used], confidence)
    gap = sum(abs(a - c) * n for a, c, n in zip(accuracy, confidence, found.counts[used], strict=True)) / 400
    assert found.error == pytest.approx(gap)


def test_a_model_that_is_always_as_sure_as_right_has_no_calibration_error():
    shares = np.array([[0.75, 0.25]] * 4)
    assert Judged(("a", "b"), np.array([0, 0, 0, 1]), shares, np.zeros(4)).calibration().error == pytest.approx(0)


def test_the_worst_pictures_come_worst_first_and_are_drawn_with_truth_and_answer(judged):
    worst = judged.worst(5)
    np.testing.assert_array_equal(worst, np.argsort(-judged.losses)[:5])
    images = RNG.integers(0, 255, (400, 1, 6, 6), np.uint8)
    confusion, highest, calibration = draw_errors("m", judged, images, 5)
    np.testing.assert_array_equal(highest.arrays["images"], images[worst])
    title = highest.figure.axes[0].get_title()
    assert f"truth: {judged.classes[judged.labels[worst[0]]]}" in title
    assert calibration.arrays["counts"].sum() == 400 and confusion.arrays["confusion"].sum() == 400


def test_no_word_of_the_pictures_of_errors_is_cut_off(judged):
    ten = Judged(tuple("0123456789"), np.arange(10).repeat(5), np.eye(10)[np.arange(10).repeat(5)], np.zeros(50))
    for each in (judged, ten):
        images = RNG.integers(0, 255, (len(each.labels), 1, 6, 6), np.uint8)
        for drawn in draw_errors("cnn", each, images, 6):
            assert not words_cut_off(drawn.figure), drawn.name


def test_of_many_classes_the_most_confused_are_drawn_and_the_rest_counted():
    labels = np.repeat(np.arange(40), 2)
    shares = np.eye(40)[labels]
    shares[0] = np.eye(40)[39]
    confusion = draw_errors(
        "m", Judged(tuple(map(str, range(40))), labels, shares, np.zeros(80)), np.zeros((80, 1, 2, 2))
    )[0]
    assert "10 are left out" in confusion.notes[0]
    names = [tick.get_text() for tick in confusion.figure.axes[0].get_yticklabels()]
    assert "0" in names and "39" in names


def test_outputs_that_are_probabilities_or_one_logit_are_understood(save):
    def card(name, nodes, weights, outputs):
        return read_model(
            save(name, nodes, [("image", FLOAT, ["N", 1, 2, 2])], [("y", FLOAT, ["N", outputs])], weights)
        )

    flat = h.make_node("Flatten", ["image"], ["f"])
    weights = RNG.normal(size=(4, 3)).astype(np.float32)
    soft = [flat, h.make_node("MatMul", ["f", "w"], ["l"]), h.make_node("Softmax", ["l"], ["y"])]
    plain = [flat, h.make_node("MatMul", ["f", "w"], ["y"])]
    images, labels = RNG.integers(0, 255, (7, 1, 2, 2), np.uint8), RNG.integers(0, 3, 7)
    one = judge(card("soft", soft, {"w": weights}, 3), images, labels, "abc")
    other = judge(card("plain", plain, {"w": weights}, 3), images, labels, "abc")
    np.testing.assert_allclose(one.losses, other.losses, rtol=1e-4)
    yes = judge(card("yes", plain, {"w": weights[:, :1]}, 1), images, labels % 2, "ny")
    logit = images.reshape(7, 4) / 255 @ weights[:, :1].astype(np.float64)
    np.testing.assert_allclose(yes.shares[:, 1], (1 / (1 + np.exp(-logit)))[:, 0], rtol=1e-5)


def test_receptive_fields_are_those_of_brute_force(trained):
    card = read_model(trained["cnn"].model_path)
    image = RNG.random((1, 1, 28, 28)).astype(np.float32)
    for name, place in (("conv1", (7, 9)), ("conv2", (6, 5)), ("conv3", (3, 3))):
        (layer,) = choose(layers_of(card), name)
        first, last_row, left, last_column = receptive_field(card, layer.tensor).box(*place)
        changed = np.zeros((28, 28), bool)
        pixels = [(r, c) for r in range(28) for c in range(28)]
        batch = np.repeat(image, len(pixels), axis=0)
        for number, (r, c) in enumerate(pixels):
            batch[number, 0, r, c] += 5  # large, so that a pooling before lets it through
        base = activations(card, image, name)[name][0, :, place[0], place[1]]
        moved = activations(card, batch, name)[name][:, :, place[0], place[1]]
        changed = (np.abs(moved - base).max(axis=1) > 1e-6).reshape(28, 28)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        assert (max(0, first), min(28, last_row)) == (rows[0], rows[-1] + 1)
        assert (max(0, left), min(28, last_column)) == (columns[0], columns[-1] + 1)


def test_the_top_pictures_are_those_of_brute_force(trained):
    card = read_model(trained["cnn"].model_path)
    data = load("mnist-sample")
    places = data.split.test[:70]
    images = data.images[places]
    (layer,) = choose(layers_of(card), "conv2")
    found = top_images(card, images, layer)
    every = activations(card, images.astype(np.float32) / 255, "conv2")["conv2"]
    peaks = every.reshape(70, 32, -1).max(axis=2)  # (N, C, h, w) -> (N, C)
    np.testing.assert_array_equal(found.places[5], np.argsort(-peaks[:, 5], kind="stable")[:9])
    np.testing.assert_allclose(found.values.T, np.sort(peaks, axis=0)[::-1][:9], rtol=1e-5)
    best, row, column = found.places[5, 0], found.rows[5, 0], found.columns[5, 0]
    assert every[best, 5, row, column] == pytest.approx(found.values[5, 0], rel=1e-5)
    drawn = draw_top_images(found, images, places, [5])
    top, bottom, left, right = found.field.box(row, column)
    inside = images[best, 0, max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    patch = drawn.figure.axes[0].images[0].get_array()[..., 0]
    assert patch.shape == (10, 10)
    held = patch[max(0, -top) :, max(0, -left) :][: inside.shape[0], : inside.shape[1]]
    np.testing.assert_array_equal(held, inside)
    assert drawn.arrays["picture"][5, 0] == places[best] and "1 of 32 channels" in drawn.notes[0]


def test_noise_of_a_known_size_has_the_ratio_that_numpy_gives(save):
    weights = RNG.normal(size=(12, 8)).astype(np.float32)
    noisy = weights + RNG.normal(size=(12, 8)).astype(np.float32) / 100
    nodes = [h.make_node("Flatten", ["image"], ["f"]), h.make_node("MatMul", ["f", "w"], ["y"])]
    shape = [("image", FLOAT, ["N", 3, 2, 2])], [("y", FLOAT, ["N", 8])]
    one, other = (read_model(save(name, nodes, *shape, {"w": w})) for name, w in (("one", weights), ("other", noisy)))
    pairs, alone = matched_layers(one, other)
    images = RNG.integers(0, 255, (11, 3, 2, 2), np.uint8)
    (found,) = layer_noise(one, other, pairs, images)
    x = images.reshape(11, 12) / 255
    expected = 10 * math.log10(((x @ weights) ** 2).sum() / ((x @ (weights - noisy)) ** 2).sum())
    assert found.snr_db == pytest.approx(expected, abs=1e-3) and not alone
    (same,) = layer_noise(one, one, pairs, images)
    assert same.snr_db == math.inf


def test_an_8_bit_version_is_made_and_compared_layer_by_layer(trained, tmp_path):
    card = read_model(trained["cnn"].model_path)
    data = load("mnist-sample")
    pictures = data.images[data.split.validation[:128]].astype(np.float32) / 255
    second = read_model(write_variant(card, "int8", to=tmp_path, calibration=[pictures]).path)
    assert second.precision == "int8" and second.facts.accuracy is None
    assert second.variant.parent_sha256 == card.sha256 and second.variant.recipe["calibration"]["pictures"] == 128
    pairs, _ = matched_layers(card, second)
    assert {a.title for a, _ in pairs} >= {"relu1", "relu2", "relu3", "dense2"}
    noise = layer_noise(card, second, pairs, data.images[data.split.test[:8]])
    ratios = {one.layer.title: one.snr_db for one in noise}
    assert 15 < ratios["relu1"] < 60 and 10 < ratios["dense2"] < 60
    test = data.split.test
    first, coarse = (judge(c, data.images[test], data.labels[test], data.classes) for c in (card, second))
    changed, lost, won, p = changed_answers(first, coarse)
    assert coarse.accuracy.correct == first.accuracy.correct - lost + won
    assert changed >= lost + won and 0 < p <= 1


def test_mcnemar_s_p_is_that_of_a_fair_coin():
    labels = np.zeros(10, int)
    right, wrong = np.array([[0.9, 0.1]]), np.array([[0.1, 0.9]])
    first = Judged(("a", "b"), labels, np.repeat(right, 10, axis=0), np.zeros(10))
    second = Judged(
        ("a", "b"), labels, np.concatenate([np.repeat(wrong, 6, axis=0), np.repeat(right, 4, axis=0)]), np.zeros(10)
    )
    assert changed_answers(first, second) == (6, 6, 0, pytest.approx(2 * 0.5**6))


def test_files_of_different_networks_have_no_layers_in_common(trained, save):
    other = read_model(
        save("x", [h.make_node("Relu", ["a"], ["b"])], [("a", FLOAT, [1, 1, 2, 2])], [("b", FLOAT, [1, 1, 2, 2])])
    )
    with pytest.raises(InputError, match="no layer in common"):
        matched_layers(read_model(trained["dense"].model_path), other)


def test_viz_errors_prints_tables_and_draws(trained, workspace, capsys):
    assert main(["viz", "errors", str(trained["cnn"].model_path), "--top", "3"]) == 0
    out = capsys.readouterr().out
    for words in (
        "Most confused",
        "Pictures with the highest loss",
        "on the test split of mnist-sample",
        "calibration",
    ):
        assert words in out
    assert (workspace / "pictures" / "cnn-errors" / "confusion.png").stat().st_size > 5000
    assert main(["viz", "errors", str(trained["cnn"].model_path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["total"] == 500 == sum(map(sum, facts["confusion"]))


@pytest.mark.parametrize(
    ("name", "words"), [("binary", "not 3"), ("ink", "share of pixels"), ("pairs", "labels wrong")]
)
def test_viz_errors_serves_the_other_tasks(trained, name, words, workspace, capsys):
    assert main(["viz", "errors", str(trained[name].model_path)]) == 0
    assert words in capsys.readouterr().out


def test_viz_top_and_precision_run_from_the_command_line(trained, workspace, capsys, monkeypatch):
    model = str(trained["cnn"].model_path)
    assert main(["viz", "top", model, "--layers", "conv1", "--channels", "0,2"]) == 0
    assert "2 of 16 channels shown" in capsys.readouterr().out
    assert main(["viz", "precision", model, "--pictures", "4"]) == 0
    out = capsys.readouterr().out
    assert "int8" in out and "signal-to-noise" in out and "answers changed" in out
    made = workspace / "models" / "cnn.int8.onnx"
    assert read_model(made).variant.parent_sha256 == read_model(model).sha256
    # the answers are kept, so that compare and diff judge the same pair without asking again
    monkeypatch.setattr(kept_answers_module, "answers_to", lambda *a, **k: pytest.fail("asked again"))
    (against,) = Gate.of(1).judged([Path(model), made], Workspace(workspace))
    assert against.pictures == 500 and against.correct is not None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["errors", "{model}", "--split", "holdout"], "--split: expected test"),
        (["errors", "{model}", "--top", "0"], "--top: expected"),
        (["errors", "{model}", "--data", "nowhere"], "no data at nowhere"),
        (["top", "{model}", "--channels", "a"], "--channels: expected"),
        (["top", "{model}", "--layers", "conv1", "--channels", "16"], "expected 0 to 15 for conv1"),
        (["top", "{model}", "--layers", "conv9"], "no layer matches"),
        (["precision", "{model}", "--pictures", "0"], "--pictures: expected"),
    ],
)
def test_bad_input_is_one_line(trained, arguments, words, workspace, capsys):
    assert main(["viz", *(part.format(model=trained["cnn"].model_path) for part in arguments)]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_data_of_other_classes_is_refused(dense_file, trained, workspace, capsys):
    model = onnx.load(dense_file)
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.ones((16, 4), np.float32), "w2"))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 4
    onnx.save(model, dense_file)
    assert main(["viz", "errors", str(dense_file), "--data", "mnist-sample"]) == 2
    assert "received 4 outputs" in capsys.readouterr().err
    assert main(["viz", "errors", str(dense_file)]) == 2
    assert "--data NAME|FOLDER" in capsys.readouterr().err

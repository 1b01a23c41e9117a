"""The two checks of a relevance map: the deletion curve against random order, and shuffled weights."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from relevance_models import SIZE, Node, linear_model, make, patch_model, planted_picture, saved, weights

from dlbench.model.card import read_model
from dlbench.model.facts import ModelFacts, write_facts
from dlbench.viz import relevance
from dlbench.viz.attribution.deletion import Deletion, deletion
from dlbench.viz.attribution.logits import open_scorer
from dlbench.viz.attribution.sanity import rank_correlation, shuffled

PICTURE = planted_picture()


def test_the_deletion_curve_and_its_area_equal_those_by_hand(tmp_path):
    plane = np.zeros((SIZE, SIZE))
    plane[:16] = 1 / 512  # the number is the mean of the upper half
    picture = np.ones((1, 1, SIZE, SIZE), np.float32)
    scorer = open_scorer(read_model(saved(linear_model(plane), tmp_path)), picture)
    upper_first = np.linspace(1, 0, SIZE * SIZE, dtype=np.float32).reshape(SIZE, SIZE)
    (best,) = deletion(scorer, picture, upper_first[None], [0], steps=4, grain=8)
    np.testing.assert_allclose(best.shares, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(best.scores, [1, 0.5, 0, 0, 0], atol=1e-6)
    # trapezoids a quarter wide: (1 + 0.5) / 2, (0.5 + 0) / 2, 0, 0
    assert best.area == pytest.approx(0.25 * (0.75 + 0.25))
    (worst,) = deletion(scorer, picture, -upper_first[None], [0], steps=4, grain=8)
    np.testing.assert_allclose(worst.scores, [1, 1, 1, 0.5, 0], atol=1e-6)
    assert "finds what matters" in best.verdict() and "worse than chance" in worst.verdict()
    assert best.passed is True and worst.passed is False


def test_random_orders_take_out_squares_of_the_grain_and_depend_on_the_seed(tmp_path):
    plane = np.full((SIZE, SIZE), 1 / SIZE**2)
    plane[:8, :8] += 1  # one square of 8 x 8 decides: it goes in one step or not at all
    picture = np.ones((1, 1, SIZE, SIZE), np.float32)
    scorer = open_scorer(read_model(saved(linear_model(plane), tmp_path)), picture)
    maps = np.zeros((1, SIZE, SIZE), np.float32)
    curves = [deletion(scorer, picture, maps, [0], steps=16, grain=8, orders=4, seed=seed)[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(curves[0].random, curves[1].random)
    assert not np.array_equal(curves[0].random, curves[2].random)
    falls = -np.diff(curves[0].random, axis=1)  # (R, S)
    assert ((falls > 60).sum(axis=1) == 1).all() and (np.sort(falls, axis=1)[:, :-1] < 1).all()


def test_a_map_among_the_random_orders_is_called_no_better_than_chance_and_a_score_that_stays_nothing():
    shares, orders = np.array([0, 0.5, 1]), np.array([[1, 0.2, 0], [1, 0.8, 0]])
    among = Deletion(shares, np.array([1, 0.5, 0]), orders, "probability", "")
    assert "no better than chance" in among.verdict() and among.passed is False
    still = Deletion(shares, np.ones(3), np.ones((2, 3)), "probability", "")
    assert "says nothing" in still.verdict() and still.passed is None


def test_the_deletion_score_is_the_probability_of_the_class(tmp_path):
    found = relevance(saved(patch_model(), tmp_path), PICTURE, "cam", 1, sanity=False)
    assert found.deletion.scores[0] == pytest.approx(found.probability)
    assert len(found.deletion.scores) == 21 and found.deletion.unit == "probability"


@pytest.mark.parametrize("method", ["cam", "occlusion", "ablation-cam"])
def test_a_map_that_depends_on_the_weights_changes_when_they_are_shuffled(tmp_path, method):
    found = relevance(saved(patch_model(), tmp_path), PICTURE, method, 0)
    assert found.sanity.passed and found.sanity.middle <= found.sanity.limit
    assert not any("hardly changes" in note for note in found.notes)
    assert len(set(found.sanity.all)) == 3  # draws, each of another order
    assert found.sanity.map.shape == found.map.shape and not np.array_equal(found.sanity.map, found.map)


@pytest.mark.parametrize(("classes", "ending"), [(1, "Sigmoid"), (3, "Sigmoid"), (3, "Softmax")])
def test_files_that_give_probabilities_are_checked_like_those_that_give_logits(tmp_path, classes, ending):
    plain = {"sanity": True, "steps": 2}
    ended = relevance(saved(patch_model(classes=classes, ending=ending), tmp_path, "ended"), PICTURE, "cam", 0, **plain)
    model = patch_model(classes=classes)
    if classes == 1:
        write_facts(model, _facts("binary"))
    logits = relevance(saved(model, tmp_path, "logits"), PICTURE, "cam", 0, **plain)
    assert ended.sanity.all == pytest.approx(logits.sanity.all) and ended.sanity.head == pytest.approx(
        logits.sanity.head
    )


def _facts(task):
    base = {"network": "x", "architecture": "x", "mean": (0,), "std": (1,), "data": "x", "split": "x", "version": "0"}
    return ModelFacts(**base, labels=("no", "yes"), task=task, parameters=0, trained_parameters=0)


@pytest.mark.parametrize("method", ["cam", "occlusion"])
def test_a_map_that_stays_when_the_weights_are_shuffled_is_told(tmp_path, method):
    same = {"kernels": np.full((6, 3, 3, 3), 0.1, np.float32), "head": np.ones((6, 3), np.float32)}
    model = patch_model(kept={**same, "bias": weights()["bias"]})
    found = relevance(saved(model, tmp_path), PICTURE, method, 0)
    assert found.sanity.passed is False and found.sanity.middle == pytest.approx(1)
    assert any("class 0: the map hardly changes when the weights are shuffled" in note for note in found.notes)


def test_a_network_without_weights_is_told_to_have_nothing_to_shuffle(tmp_path):
    nodes = [Node("ReduceMean", ["image"], ["mean"], keepdims=0), Node("Reshape", ["mean", "shape"], ["logits"])]
    path = saved(make(nodes, {"shape": np.array([1, 1])}, "logits", 1, batch=1), tmp_path)
    found = relevance(path, PICTURE, "occlusion", patch=8)
    assert found.sanity.passed is None
    assert any("not known" in note and "no weights" in note for note in found.notes)


def test_shuffling_keeps_the_values_of_every_tensor_and_leaves_biases_and_the_file_alone(tmp_path):
    path = saved(patch_model(), tmp_path)
    card = read_model(path)
    before, after, head = (_tensors(one.proto) for one in (card, shuffled(card, "all", 0), shuffled(card, "head", 0)))
    for name in ("kernels", "head"):
        assert not np.array_equal(after[name], before[name])
        np.testing.assert_array_equal(np.sort(after[name], axis=None), np.sort(before[name], axis=None))
    np.testing.assert_array_equal(after["bias"], before["bias"])
    np.testing.assert_array_equal(head["kernels"], before["kernels"])
    assert not np.array_equal(head["head"], before["head"])
    assert _tensors(onnx.load(path)).keys() == before.keys()
    np.testing.assert_array_equal(_tensors(card.proto)["head"], weights()["head"])


def test_weights_kept_beside_the_file_are_shuffled_too(tmp_path):
    path = tmp_path / "outside.onnx"
    onnx.save_model(patch_model(), path, save_as_external_data=True, location="outside.bin", size_threshold=0)
    inside = relevance(saved(patch_model(), tmp_path, "inside"), PICTURE, "cam", 0)
    outside = relevance(path, PICTURE, "cam", 0)
    np.testing.assert_allclose(outside.map, inside.map, atol=1e-6)
    assert outside.sanity.all == pytest.approx(inside.sanity.all)


def _tensors(model):
    return {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}


def test_the_rank_correlation_is_spearman_s_on_the_grid_of_the_grain():
    from scipy.stats import spearmanr

    a, b = np.random.default_rng(0).random((2, 12, 12)).round(1)  # rounded: with ties
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic)
    assert rank_correlation(np.kron(a, np.ones((4, 4))), np.kron(b, np.ones((4, 4))), 4) == pytest.approx(
        rank_correlation(a, b)
    )
    assert rank_correlation(np.ones((3, 3)), np.zeros((3, 3))) == 1 and rank_correlation(a, np.ones_like(a)) == 0

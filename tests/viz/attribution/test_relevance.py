"""Which part decided: every method against an oracle of its own, and planted patches that must be found."""

from __future__ import annotations

import itertools

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import numpy_helper
from relevance_models import BLUE, RED, SIZE, Node, linear_model, make, patch_model, planted_picture, saved, weights

from dlbench.cli import main
from dlbench.errors import CheckFailedError, InputError
from dlbench.model.card import read_model
from dlbench.model.facts import ModelFacts, write_facts
from dlbench.viz import relevance
from dlbench.viz.attribution.logits import open_scorer
from dlbench.viz.attribution.methods import _FUNCTIONS, relevances
from dlbench.viz.attribution.relevance_maps import enlarged, smoothed
from dlbench.viz.attribution.relevance_settings import METHODS, Settings
from dlbench.viz.attribution.rise import rise_masks

PICTURE = planted_picture()


def test_every_method_has_a_function_and_stands_in_the_help(capsys):
    assert set(_FUNCTIONS) == set(METHODS)
    assert main(["viz", "relevance", "--help"]) == 0
    text = capsys.readouterr().out
    assert not [name for name in METHODS if name not in text]


QUICK = {"sanity": False, "steps": 2}


def direct(path, pictures):
    """Return the logits by ONNX Runtime itself, one picture at a time."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(["logits"], {"image": picture[None]})[0] for picture in pictures])


def features(path):
    """Return the maps before the head, (6, 8, 8)."""
    model = onnx.load(path)
    model.graph.output.append(onnx.ValueInfoProto(name="maps"))
    return ort.InferenceSession(model.SerializeToString()).run(["maps"], {"image": PICTURE})[0][0]


def facts(**values):
    base = {"network": "x", "architecture": "x", "labels": (), "mean": (0,), "std": (1,), "data": "x", "split": "x"}
    return ModelFacts(**{**base, "parameters": 0, "trained_parameters": 0, "version": "0", **values})


@pytest.mark.parametrize(("patch", "stride"), [(6, 4), (7, 7), (32, 1)])
def test_occlusion_equals_hiding_square_by_square_and_averaging_pixel_by_pixel(tmp_path, patch, stride):
    path = saved(patch_model(), tmp_path)
    first, second = relevances(path, PICTURE, "occlusion", None, Settings(patch=patch, stride=stride, **QUICK))
    starts = [*range(0, SIZE - patch, stride), SIZE - patch]
    over = [[[] for _ in range(SIZE)] for _ in range(SIZE)]
    whole = direct(path, PICTURE)[0]
    for top, left in itertools.product(starts, starts):
        changed = PICTURE[0].copy()
        for channel in range(3):
            changed[channel, top : top + patch, left : left + patch] = PICTURE[0, channel].mean()
        fall = whole - direct(path, changed[None])[0]
        for y, x in itertools.product(range(top, top + patch), range(left, left + patch)):
            over[y][x].append(fall)
    expected = np.array([[np.mean(falls, axis=0) for falls in row] for row in over])  # (h, w, classes)
    order = np.argsort(-whole)
    assert (first.target, second.target) == (order[0], order[1])
    for one in (first, second):
        np.testing.assert_allclose(one.map, expected[..., one.target], atol=2e-5)


@pytest.mark.parametrize("head", ["gemm", "matmul", "averagepool", "normalised"])
def test_cam_is_the_hand_computation_and_adds_up_to_the_logit_less_the_bias(tmp_path, head):
    path = saved(patch_model(head), tmp_path)
    tensors = {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    kept, maps, bias = weights(), features(path), weights()["bias"].astype(float)
    scale = np.ones(6)
    if head == "normalised":
        scale = tensors["gamma"] / np.sqrt(tensors["variance"] + 1e-5)
        bias = bias + (tensors["beta"] - tensors["mean"] * scale) @ kept["head"]
    logits = direct(path, PICTURE)[0]
    for one in relevances(path, PICTURE, "cam", None, Settings(**QUICK)):
        by_hand = sum(kept["head"][c, one.target] * scale[c] * maps[c] for c in range(6)) / 64
        np.testing.assert_allclose(one.grid, by_hand, atol=1e-5)
        assert one.grid.sum() == pytest.approx(logits[one.target] - bias[one.target], abs=1e-4)
        np.testing.assert_array_equal(one.map, np.kron(one.grid, np.ones((4, 4))))


def test_cam_of_a_quantised_head_is_that_of_its_integers_and_tells_what_rounding_moves(tmp_path):
    path = saved(patch_model("rounded"), tmp_path)
    head = 0.4 * np.round(weights()["head"] / 0.4)
    logits, maps = direct(path, PICTURE)[0], features(path)
    moved = []
    found = relevances(path, PICTURE, "auto", None, Settings(**QUICK))
    for one in found:
        assert one.method == "cam"
        by_hand = sum(head[c, one.target] * maps[c] for c in range(6)) / 64
        np.testing.assert_allclose(one.grid, by_hand, atol=1e-5)
        moved.append(abs(by_hand.sum() + weights()["bias"][one.target] - logits[one.target]))
    assert max(moved) > 1e-3
    assert f"rounding to integers moves it by {max(moved):.2g}" in found[0].settings


@pytest.mark.parametrize("head", ["flatten", "hidden", "squared", "halved", "beside"])
def test_a_head_that_allows_no_cam_is_told_with_methods_that_do_and_auto_takes_occlusion(tmp_path, head):
    path = saved(patch_model(head), tmp_path)
    with pytest.raises(InputError, match=r"no class activation map.*occlusion, rise"):
        relevance(path, PICTURE, "cam", **QUICK)
    found = relevance(path, PICTURE, **QUICK)
    assert found.method == "occlusion" and "occlusion was chosen" in found.why


def test_auto_takes_cam_where_the_head_allows_it_and_the_method_of_a_setting_that_was_given(tmp_path):
    path = saved(patch_model(), tmp_path)
    assert relevance(path, PICTURE, **QUICK).method == "cam"
    assert relevance(path, PICTURE, masks=10, **QUICK).method == "rise"
    assert relevance(path, PICTURE, layer="relu", **QUICK).method == "ablation-cam"
    with pytest.raises(InputError, match="masks together"):
        relevance(path, PICTURE, patch=3, masks=10, **QUICK)


@pytest.mark.parametrize("method", ["cam", "occlusion", "rise", "score-cam", "ablation-cam"])
def test_the_peak_of_every_class_specific_map_lies_inside_the_planted_patch(tmp_path, method):
    path = saved(patch_model(), tmp_path)
    for target, (rows, columns) in ((0, RED), (1, BLUE)):
        values = relevance(path, PICTURE, method, target, **QUICK).map
        y, x = np.argwhere(values == values.max()).mean(axis=0)  # the middle of the square with the peak
        assert rows.start <= y < rows.stop and columns.start <= x < columns.stop


def test_eigen_cam_is_the_first_principal_pattern_and_the_same_for_every_class(tmp_path):
    path = saved(patch_model(), tmp_path)
    first, second = relevances(path, PICTURE, "eigen-cam", [0, 1], Settings(**QUICK))
    maps = features(path).reshape(6, 64).astype(float)
    values, vectors = np.linalg.eigh(maps @ maps.T)  # (C, C): the same direction by another way
    pattern = (vectors[:, values.argmax()] @ maps).reshape(8, 8)
    np.testing.assert_allclose(first.grid, pattern * np.sign(pattern.sum()), atol=1e-4)
    np.testing.assert_array_equal(first.map, second.map)
    assert not first.class_specific and any("not class-specific" in note for note in first.notes)


def test_ablation_cam_of_a_linear_head_weighs_each_channel_by_its_weight_times_its_mean(tmp_path):
    path = saved(patch_model(), tmp_path)
    maps, head = features(path), weights()["head"]
    for one in relevances(path, PICTURE, "ablation-cam", [0, 2], Settings(**QUICK)):
        by_hand = sum(head[c, one.target] * maps[c].mean() * maps[c] for c in range(6))
        np.testing.assert_allclose(one.grid, by_hand, atol=1e-4)
    limited = relevance(path, PICTURE, "ablation-cam", 0, channels=2, **QUICK)
    strongest = np.argsort(-np.square(maps).sum(axis=(1, 2)))[:2]
    by_hand = sum(head[c, 0] * maps[c].mean() * maps[c] for c in strongest)
    np.testing.assert_allclose(limited.grid, by_hand, atol=1e-4)
    assert "2 of 6 channels" in limited.settings


def test_score_cam_equals_a_loop_over_channels_with_the_masks_of_torch(tmp_path):
    path = saved(patch_model(), tmp_path)
    maps, colour = features(path), PICTURE[0].mean(axis=(1, 2))[:, None, None]
    empty = direct(path, np.broadcast_to(colour, (1, *PICTURE.shape[1:])).astype(np.float32))[0]
    expected = np.zeros((8, 8))
    for channel in maps:
        shown = torch.from_numpy((channel - channel.min()) / (channel.max() - channel.min()))
        mask = torch.nn.functional.interpolate(shown[None, None], SIZE, mode="bilinear", align_corners=False)[0].numpy()
        score = direct(path, (mask * PICTURE[0] + (1 - mask) * colour)[None].astype(np.float32))[0]
        expected += (score - empty)[1] * channel
    found = relevance(path, PICTURE, "score-cam", 1, **QUICK)
    np.testing.assert_allclose(found.grid, expected, atol=1e-3)


def test_rise_is_the_mean_logit_with_a_pixel_shown_less_hidden_over_seeded_masks(tmp_path):
    path = saved(patch_model(), tmp_path)
    found = relevance(path, PICTURE, "rise", 0, masks=30, seed=5, **QUICK)
    masks = rise_masks(range(30), (SIZE, SIZE), 5).astype(float)
    colour = PICTURE[0].mean(axis=(1, 2))[:, None, None]
    scores = [direct(path, (m * PICTURE[0] + (1 - m) * colour)[None].astype(np.float32))[0, 0] for m in masks]
    for y, x in [(0, 0), (9, 20), (31, 31), (24, 7)]:
        shown = np.average(scores, weights=masks[:, y, x])
        hidden = np.average(scores, weights=1 - masks[:, y, x])
        assert found.map[y, x] == pytest.approx(shown - hidden, abs=1e-4)
    np.testing.assert_array_equal(found.map, relevance(path, PICTURE, "rise", 0, masks=30, seed=5, **QUICK).map)
    assert not np.array_equal(found.map, relevance(path, PICTURE, "rise", 0, masks=30, seed=6, **QUICK).map)


def test_rise_masks_show_half_of_the_picture_everywhere_in_smooth_cells():
    masks = rise_masks(range(600), (35, 28), 0)
    assert masks.shape == (600, 35, 28) and masks.min() >= 0 and masks.max() <= 1
    assert abs(masks.mean(axis=0) - 0.5).max() < 0.1  # 4.9 standard errors of a cell
    assert abs(np.diff(masks, axis=2)).max() <= 0.25 + 1e-6  # cells of 4 pixels: a quarter from pixel to pixel


def test_grids_are_enlarged_in_nearest_neighbour_and_smoothed_bilinearly_as_torch_does():
    grid = np.random.default_rng(0).random((2, 7, 5), dtype=np.float32)
    tensor = torch.from_numpy(grid)[None]
    nearest = torch.nn.functional.interpolate(tensor, (31, 28), mode="nearest-exact")[0].numpy()
    np.testing.assert_array_equal(enlarged(grid, (31, 28)), nearest)
    bilinear = torch.nn.functional.interpolate(tensor, (31, 28), mode="bilinear", align_corners=False)[0].numpy()
    np.testing.assert_allclose(smoothed(grid, (31, 28)), bilinear, atol=1e-6)


@pytest.mark.parametrize("method", ["cam", "occlusion", "ablation-cam"])
@pytest.mark.parametrize("ending", ["Softmax", "LogSoftmax"])
def test_probabilities_at_the_end_leave_the_map_as_it_is_as_the_logit_is_explained(tmp_path, method, ending):
    plain = relevance(saved(patch_model(), tmp_path, "plain"), PICTURE, method, 0, **QUICK)
    ended = relevance(saved(patch_model(ending=ending), tmp_path, "ended"), PICTURE, method, 0, **QUICK)
    np.testing.assert_allclose(ended.map, plain.map, atol=1e-5)
    assert (ended.logit, ended.probability) == pytest.approx((plain.logit, plain.probability), abs=1e-5)
    assert any("before its softmax" in note for note in ended.notes)


@pytest.mark.parametrize("method", ["cam", "occlusion", "ablation-cam", "rise", "score-cam"])
def test_one_logit_of_two_classes_counts_for_class_1_as_it_is_and_for_class_0_turned(tmp_path, method):
    path = saved(patch_model(classes=1, ending="Sigmoid"), tmp_path)
    logit = float(direct_logit(path))
    first, second = relevances(path, PICTURE, method, [1, 0], Settings(masks=20 if method == "rise" else None, **QUICK))
    assert (first.logit, second.logit) == pytest.approx((logit, -logit), abs=1e-5)
    assert first.probability == pytest.approx(1 / (1 + np.exp(-logit)), abs=1e-6)
    assert first.probability + second.probability == pytest.approx(1)
    np.testing.assert_allclose(first.map, -second.map, atol=1e-4)
    assert relevance(path, PICTURE, "cam", **QUICK).target == int(logit > 0)


def direct_logit(path):
    model = onnx.load(path)
    model.graph.output.append(onnx.ValueInfoProto(name="logits"))
    return ort.InferenceSession(model.SerializeToString()).run(["logits"], {"image": PICTURE})[0][0, 0]


def test_labels_of_a_binary_file_name_both_classes(tmp_path):
    model = patch_model(classes=1)
    write_facts(model, facts(task="binary", labels=("other", "red")))
    first, second = relevances(saved(model, tmp_path), PICTURE, "occlusion", ["RED", "other"], Settings(**QUICK))
    assert (first.label, first.target, second.label, second.target) == ("red", 1, "other", 0)


def test_several_labels_are_each_a_yes_or_no_and_the_two_most_sure_are_shown(tmp_path):
    path = saved(patch_model(classes=3, ending="Sigmoid"), tmp_path)
    logits = open_scorer(read_model(path), PICTURE).logits(PICTURE)[0]
    found = relevances(path, PICTURE, "cam", None, Settings(**QUICK))
    assert [one.target for one in found] == list(np.argsort(-logits)[:2])
    assert found[0].probability == pytest.approx(1 / (1 + np.exp(-logits.max())))


def test_a_number_is_explained_as_it_is_by_one_map_equal_to_what_each_pixel_adds(tmp_path):
    plane = np.random.default_rng(2).standard_normal((SIZE, SIZE))
    picture = np.random.default_rng(3).random((1, 1, SIZE, SIZE), dtype=np.float32)
    (found,) = relevances(saved(linear_model(plane), tmp_path), picture, "occlusion", None, Settings(patch=1, **QUICK))
    np.testing.assert_allclose(found.map, plane * picture[0, 0], atol=1e-4)  # hidden under black
    assert found.probability is None and found.logit == pytest.approx((plane * picture[0, 0]).sum(), abs=1e-3)
    assert any("treated as a number" in note for note in found.notes)


@pytest.mark.parametrize("method", ["cam", "occlusion", "ablation-cam", "score-cam", "rise", "eigen-cam"])
def test_a_file_that_takes_batches_of_4_alone_gives_the_same_maps(tmp_path, method):
    asked = Settings(masks=21 if method == "rise" else None, sanity=True, steps=2)
    free = relevances(saved(patch_model(), tmp_path, "free"), PICTURE, method, None, asked)
    fixed = relevances(saved(patch_model(batch=4), tmp_path, "fixed"), PICTURE, method, None, asked)
    for a, b in zip(free, fixed, strict=True):
        np.testing.assert_allclose(b.map, a.map, atol=1e-4 * max(1, np.abs(a.map).max()))
        np.testing.assert_allclose(b.deletion.scores, a.deletion.scores, atol=1e-5)


def test_a_class_that_is_not_there_is_told_with_near_names(tmp_path):
    model = patch_model()
    write_facts(model, facts(labels=("red", "blue", "grey")))
    path = saved(model, tmp_path)
    assert relevance(path, PICTURE, "cam", "blue", **QUICK).target == 1
    assert relevance(path, PICTURE, "cam", "2", **QUICK).label == "grey"
    with pytest.raises(InputError, match=r"no class 'gray'.*Did you mean grey"):
        relevance(path, PICTURE, "cam", "gray", **QUICK)
    with pytest.raises(InputError, match="index from 0 to 2"):
        relevance(path, PICTURE, "cam", 3, **QUICK)


@pytest.mark.parametrize(
    ("method", "settings", "told"),
    [
        ("occlusion", {"patch": 33}, "patch: expected 1 to 32 pixels"),
        ("occlusion", {"patch": 8, "stride": 0}, "stride: expected 1 to the patch's 8"),
        ("occlusion", {"patch": 8, "stride": 9}, "every pixel is hidden at least once"),
        ("occlusion", {"hide": "green"}, "expected auto, mean, black, white"),
        ("rise", {"masks": 1}, "masks: expected 2 to 100,000"),
        ("score-cam", {"channels": 0}, "channels: expected 1 or more"),
        ("ablation-cam", {"layer": "nothing"}, "no layer matches"),
        ("ablation-cam", {"layer": "all"}, "expected one layer"),
        ("eigen-cam", {"layer": "logits"}, "has no places"),
        ("cam", {"patch": 8}, "belongs to occlusion"),
        ("cam", {"steps": 0}, "steps of the deletion curve"),
        ("gradcam", {}, "Did you mean.*-cam"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_one_line(tmp_path, method, settings, told):
    with pytest.raises(InputError, match=told):
        relevance(saved(patch_model(), tmp_path), PICTURE, method, **{**QUICK, **settings})


def test_a_layer_with_a_way_round_it_can_t_be_cut_and_the_default_layer_is_one_that_can(tmp_path):
    nodes = [
        Node("Conv", ["image", "kernels"], ["conv"], pads=[1, 1, 1, 1]),
        Node("Relu", ["conv"], ["inner"]),
        Node("Add", ["inner", "conv"], ["sum"]),
        Node("GlobalAveragePool", ["sum"], ["pooled"]),
        Node("Flatten", ["pooled"], ["flat"]),
        Node("Gemm", ["flat", "head", "bias"], ["logits"]),
    ]
    path = saved(make(nodes, weights(), "logits", 3), tmp_path)
    with pytest.raises(InputError, match="a way round it"):
        relevance(path, PICTURE, "ablation-cam", layer="inner", **QUICK)
    assert "layer sum" in relevance(path, PICTURE, "ablation-cam", **QUICK).settings


def test_nan_logits_are_told_and_so_are_those_of_a_changed_picture(tmp_path):
    kept = weights()
    path = saved(patch_model(kept={**kept, "bias": np.full(3, np.nan, np.float32)}), tmp_path)
    with pytest.raises(CheckFailedError, match="NaN or infinite"):
        relevance(path, PICTURE, "occlusion", **QUICK)
    nodes = [Node("ReduceMean", ["image"], ["mean"], keepdims=0), Node("Log", ["mean"], ["log"])]
    nodes += [Node("Reshape", ["log", "shape"], ["logits"])]  # the logarithm of a black picture
    black = saved(make(nodes, {"shape": np.array([1, 1])}, "logits", 1, batch=1), tmp_path, "log")
    with pytest.raises(CheckFailedError, match="NaN or infinite"):
        relevance(black, PICTURE, "occlusion", patch=32, hide="black", **QUICK)


def test_a_network_that_gives_a_picture_or_takes_none_is_refused(tmp_path, dense_file):
    nodes = [Node("Conv", ["image", "kernels"], ["logits"])]
    model = make(nodes, {"kernels": weights()["kernels"]}, "logits", 3)
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    model.graph.output[0].type.tensor_type.ClearField("shape")
    path = tmp_path / "segments.onnx"
    onnx.save_model(model, path)
    with pytest.raises(InputError, match="no single answer"):
        relevance(path, PICTURE, "occlusion", **QUICK)
    with pytest.raises(InputError, match="one picture is explained at a time"):
        relevance(dense_file, np.zeros((2, 1, 28, 28), np.float32), **QUICK)


def test_a_single_precision_layer_of_a_half_precision_file_can_be_cut(tmp_path):
    kept = {name: values.astype(np.float16) for name, values in weights().items()}
    nodes = [
        Node("Cast", ["image"], ["half"], to=onnx.TensorProto.FLOAT16),
        Node("Conv", ["half", "kernels"], ["conv"], pads=[1, 1, 1, 1]),
        Node("Cast", ["conv"], ["wide"], to=onnx.TensorProto.FLOAT),
        Node("Relu", ["wide"], ["relu"]),
        Node("AveragePool", ["relu"], ["maps"], kernel_shape=[4, 4], strides=[4, 4]),
        Node("GlobalAveragePool", ["maps"], ["pooled"]),
        Node("Flatten", ["pooled"], ["flat"]),
        Node("Cast", ["flat"], ["thin"], to=onnx.TensorProto.FLOAT16),
        Node("Gemm", ["thin", "head", "bias"], ["answer"]),
        Node("Cast", ["answer"], ["logits"], to=onnx.TensorProto.FLOAT),
    ]
    half = saved(make(nodes, kept, "logits", 3), tmp_path, "half")
    for method in ("ablation-cam", "cam"):
        expected = relevance(saved(patch_model(), tmp_path), PICTURE, method, 0, **QUICK).map
        found = relevance(half, PICTURE, method, 0, **QUICK).map
        np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())


def test_nodes_out_of_order_as_some_converters_write_them_leave_the_map_as_it_is(tmp_path):
    model = patch_model()
    expected = relevance(saved(model, tmp_path), PICTURE, "ablation-cam", 0, **QUICK)
    first = onnx.NodeProto()
    first.CopyFrom(model.graph.node[0])
    del model.graph.node[0]
    model.graph.node.append(first)
    path = tmp_path / "turned.onnx"
    path.write_bytes(model.SerializeToString())
    found = relevance(path, PICTURE, "ablation-cam", 0, **QUICK)
    np.testing.assert_allclose(found.map, expected.map, atol=1e-5)
    assert found.settings == expected.settings


def test_a_network_without_convolutions_has_no_layer_to_weigh_and_is_told_what_needs_none(dense_file):
    picture = np.random.default_rng(0).random((1, 1, 28, 28), dtype=np.float32)
    with pytest.raises(InputError, match="occlusion and rise need no layer"):
        relevance(dense_file, picture, "ablation-cam", **QUICK)
    assert relevance(dense_file, picture, **QUICK).method == "occlusion"

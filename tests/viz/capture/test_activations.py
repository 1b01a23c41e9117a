"""What the layers give, held against torch's forward hooks and hand counts, for files of every origin."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from looked_at import SIZE, exported, hooked, pictures, small_network
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

from dlbench.errors import CheckFailedError, InputError, ModelFileError
from dlbench.model.card import read_model
from dlbench.model.layers import hidden_in
from dlbench.model.sessions import open_session
from dlbench.viz import activations, choose, layers_of
from dlbench.viz.attribution.channel_layer import tensors_of
from dlbench.viz.attribution.logits import open_scorer
from dlbench.viz.capture.activations import each_layer, expect_same, view
from dlbench.viz.capture.subgraph import tail_after

F, F16, I64, U8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT64, TensorProto.UINT8
CONVOLUTIONS = ("conv1", "conv2", "conv3")


@pytest.fixture(scope="module")
def small_file(tmp_path_factory) -> Path:
    """The small network through torch's older exporter, dynamic batch."""
    return exported(tmp_path_factory.mktemp("small") / "small.onnx")


def expect_hooks(found: dict, images: np.ndarray, names: tuple[str, ...] = CONVOLUTIONS) -> None:
    expected = hooked(small_network(), images, names)
    assert len(found) == len(names)
    for name, values in zip(names, found.values(), strict=True):
        np.testing.assert_allclose(values, expected[name], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("dynamo", [False, True])
def test_convolutions_give_what_torch_s_hooks_see(tmp_path, small_file, dynamo):
    path = exported(tmp_path / "new.onnx", dynamo=True) if dynamo else small_file
    expect_hooks(activations(path, pictures(3), "conv"), pictures(3))


def test_the_dense_layer_is_the_graph_s_own_output_and_may_be_chosen(small_file):
    images = pictures(3)
    (values,) = activations(small_file, images, "dense").values()
    np.testing.assert_allclose(values, hooked(small_network(), images, ("dense",))["dense"], atol=1e-4)


def test_optimised_and_plain_give_every_layer_alike(small_file):
    images = pictures(2)
    card = read_model(small_file)
    plain, fast = (view(card, layers_of(card), proof).run(images) for proof in (None, images))
    assert list(plain) == list(fast)
    for name, values in plain.items():
        np.testing.assert_allclose(fast[name], values, atol=1e-4)


def test_a_view_can_be_run_again_and_its_arrays_stay_as_they_were(small_file):
    card = read_model(small_file)
    viewed = view(card, choose(layers_of(card), "conv"), pictures(2))
    first = viewed.run(pictures(40, seed=1))  # large enough to be ONNX Runtime's own memory
    kept = {name: values.copy() for name, values in first.items()}
    viewed.run(pictures(40, seed=2))
    del viewed
    for name, values in kept.items():
        np.testing.assert_array_equal(first[name], values)
        assert first[name].flags.writeable


def test_arrays_that_share_memory_in_the_graph_can_be_changed_apart(save):
    weights = {"c": np.ones((8, 3, 64, 64), np.float32), "to": np.array([-1, 64])}
    nodes = [
        helper.make_node("Add", ["x", "x"], ["a"]),
        helper.make_node("Reshape", ["a", "to"], ["b"]),
        helper.make_node("Identity", ["c"], ["d"]),
        helper.make_node("Add", ["a", "d"], ["y"]),
    ]
    card = read_model(save("alias", nodes, [("x", F, [8, 3, 64, 64])], [("y", F, [8, 3, 64, 64])], weights))
    viewed = view(card, layers_of(card))
    images = np.ones((8, 3, 64, 64), np.float32)
    found = viewed.run(images)
    found["a"][:] = 7
    found["d"][:] = 9
    assert (found["b"] == 2).all()
    assert (viewed.run(images)["y"] == 3).all()  # the file's own constant is as it was


def test_little_memory_gives_the_same_in_more_steps_and_too_little_is_refused_at_once(small_file):
    images, card = pictures(4), read_model(small_file)
    largest = 4 * 8 * SIZE * SIZE * 4
    much, little = activations(card, images, "all"), activations(card, images, "all", memory_bytes=largest)
    assert list(much) == list(little)
    for name, values in much.items():
        np.testing.assert_array_equal(values, little[name])
    with pytest.raises(InputError, match="needs 0 MB for 4 pictures") as caught:
        next(each_layer(card, images, layers_of(card), memory_bytes=largest - 1))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_file_for_a_fixed_batch_takes_any_number_of_pictures(tmp_path, batch):
    path = exported(tmp_path / "fixed.onnx", batch=batch)
    expect_hooks(activations(path, pictures(3), "conv"), pictures(3))
    everything = activations(path, pictures(3), "all")
    assert {values.shape[0] for values in everything.values() if values.ndim > 1} == {3}


def test_several_inputs_take_a_mapping_and_only_what_is_a_picture_is_split(save):
    nodes = [
        helper.make_node("MatMul", ["a", "table"], ["m"]),
        helper.make_node("Mul", ["m", "factor"], ["s"]),
        helper.make_node("Shape", ["s"], ["size"]),
        helper.make_node("Add", ["s", "b"], ["y"]),
    ]
    inputs = [("a", F, [2, 3]), ("b", F, [2, 3]), ("table", F, [3, 3]), ("factor", F, [])]
    path = save("inputs", nodes, inputs, [("y", F, [2, 3])])
    rng = np.random.default_rng(0)
    feeds = {"a": rng.random((5, 3)), "b": rng.random((5, 3)), "table": rng.random((3, 3)), "factor": np.float32(2)}
    found = activations(path, feeds, "all")
    product = feeds["a"] @ feeds["table"]
    np.testing.assert_allclose(found["m"], product, rtol=1e-5)
    np.testing.assert_allclose(found["y"], 2 * product + feeds["b"], rtol=1e-5)
    assert found["size"].tolist() == [2, 3]
    with pytest.raises(InputError, match="has 4 inputs"):
        activations(path, feeds["a"], "all")
    with pytest.raises(InputError, match="expected arrays for a, b, table, factor, received a"):
        activations(path, {"a": feeds["a"]}, "all")


def test_inputs_of_different_first_sizes_are_not_split(save):
    nodes = [
        helper.make_node("ReduceSum", ["anchors"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["x", "sum"], ["y"]),
    ]
    inputs = [("anchors", F, [100, 4]), ("x", F, [1, 3, 8, 8])]
    path = save("two", nodes, inputs, [("y", F, None)])
    feeds = {"x": np.ones((1, 3, 8, 8)), "anchors": np.full((100, 4), 0.5)}
    found = activations(path, feeds, "all")
    assert {name: values.shape for name, values in found.items()} == {"sum": (), "y": (1, 3, 8, 8)}
    several = activations(path, feeds | {"x": np.ones((3, 3, 8, 8))}, "all")
    assert several["y"].shape == (3, 3, 8, 8)
    assert np.allclose(several["y"], 200)


def test_a_weight_table_beside_an_open_batch_does_not_fix_it(save):
    nodes = [helper.make_node("MatMul", ["x", "t"], ["y"])]
    path = save("open", nodes, [("x", F, ["n", 4]), ("t", F, [4, 2])], [("y", F, ["n", 2])])
    images = np.random.default_rng(0).random((7, 4), dtype=np.float32)
    table = np.ones((4, 2), np.float32)
    np.testing.assert_allclose(activations(path, {"x": images, "t": table}, "dense")["y"], images @ table, rtol=1e-5)


@pytest.mark.parametrize(
    ("shape", "words"),
    [((2, 1, SIZE, SIZE), "does not fit"), ((3, SIZE, SIZE), "does not fit"), ((0, 3, SIZE, SIZE), "no pictures")],
)
def test_pictures_that_do_not_fit_are_refused(small_file, shape, words):
    with pytest.raises(InputError, match=words):
        activations(small_file, np.zeros(shape, np.float32))


def test_bytes_are_made_of_a_picture_between_zero_and_one(save):
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=F), helper.make_node("Relu", ["f"], ["y"])]
    path = save("bytes", nodes, [("x", U8, ["n", 2])], [("y", F, ["n", 2])])
    assert activations(path, np.array([[0.5, 1.0]], np.float32), "Relu")["y"].tolist() == [[128, 255]]
    assert activations(path, np.array([[7, 200]], np.uint8), "Relu")["y"].tolist() == [[7, 200]]


class _Pictures(CalibrationDataReader):
    def __init__(self) -> None:
        self._left = [{"image": pictures(1, seed)} for seed in range(8)]

    def get_next(self):
        return self._left.pop() if self._left else None


def noise_ratio_db(found: np.ndarray, expected: np.ndarray) -> float:
    return float(10 * np.log10((expected**2).sum() / ((found - expected) ** 2).sum()))


@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator])
def test_maps_of_quantised_models_are_real_values_close_to_the_float_model_s(tmp_path, small_file, form):
    path = tmp_path / "int8.onnx"
    # 7-bit weights: with 8 bits the sums of a CPU without VNNI overflow in the timed session, not in the one that looks
    quantize_static(small_file, path, _Pictures(), quant_format=form, reduce_range=True)
    expected = hooked(small_network(), pictures(3), CONVOLUTIONS)
    if form is QuantFormat.QOperator:  # its first convolution rounds to 0 and up: the Relu behind it is part of it
        expected["conv1"] = np.maximum(expected["conv1"], 0)
    found = activations(path, pictures(3), "conv")
    assert len(found) == 3
    for name, values in zip(CONVOLUTIONS, found.values(), strict=True):
        assert values.dtype == np.float32
        assert noise_ratio_db(values, expected[name]) > 20
    if form is QuantFormat.QDQ:  # the bytes themselves, too
        for name, values in activations(path, pictures(3), "QuantizeLinear").items():
            assert values.dtype == np.float32, name


@pytest.mark.parametrize("batch", [None, 2])
def test_convolutions_of_dynamic_quantisation_give_real_values_with_their_bias(tmp_path, batch):
    """Their scales are found at every run; a fixed batch of 2 takes 3 pictures in two runs, of other scales."""
    path = tmp_path / "dynamic.onnx"
    quantize_dynamic(exported(tmp_path / "float.onnx", batch=batch), path, weight_type=QuantType.QUInt8)
    card = read_model(path)
    assert {layer.kind for layer in choose(layers_of(card), "conv")} == {"ConvInteger"}
    expected = hooked(small_network(), pictures(3), (*CONVOLUTIONS, "dense"))
    found = activations(card, pictures(3), "ConvInteger,MatMulInteger,Cast")
    products = choose(layers_of(card), "ConvInteger,MatMulInteger")
    for layer, name in zip(products, (*CONVOLUTIONS, "dense"), strict=True):
        assert noise_ratio_db(found[layer.title], expected[name]) > 20
    again = activations(card, pictures(3), "all")  # beside the tensors that hold them
    for name, values in found.items():
        np.testing.assert_array_equal(again[name], values)
    (bias,) = [numpy_helper.to_array(t) for t in card.proto.graph.initializer if t.name == "conv1.bias"]
    scaled, biased = (
        next(again[one.title] for one in layers_of(card) if one.kind == kind and "/conv1/Conv_output_0" in one.tensor)
        for kind in ("Mul", "Add")
    )
    np.testing.assert_allclose(scaled + bias.reshape(-1, 1, 1), biased, atol=1e-5)  # Mul is real, before the bias
    for one, other in itertools.combinations(again.values(), 2):
        assert not np.shares_memory(one, other)


def test_what_is_fed_back_into_a_dynamically_quantised_graph_is_what_it_gave(tmp_path):
    path = tmp_path / "dynamic.onnx"
    quantize_dynamic(exported(tmp_path / "float.onnx"), path, weight_type=QuantType.QUInt8)
    card, image = read_model(path), pictures(1)
    scorer = open_scorer(card, image)
    for kind in ("Mul", "Add"):
        layer = next(one for one in layers_of(card) if one.kind == kind and "/conv3/Conv_output_0" in one.tensor)
        (values,) = tensors_of(scorer, image, [layer.tensor])
        tail = tail_after(card, layer, optimised=False)
        np.testing.assert_allclose(tail.run(values), scorer.logits(image), atol=1e-3)


def test_one_scale_for_each_channel_is_applied_along_its_axis(save):
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"], axis=2),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"], axis=2),
    ]
    weights = {"s": np.array([0.1, 0.5, 2], np.float32), "z": np.array([0, 10, 20], np.uint8)}
    path = save("axis", nodes, [("x", F, ["n", 2, 3])], [("y", F, ["n", 2, 3])], weights)
    found = activations(path, np.random.default_rng(0).random((4, 2, 3)), "all")
    np.testing.assert_allclose(found["q"], found["y"], atol=1e-6)


def test_half_precision_gives_half_precision(tmp_path, small_file):
    model = onnx.load_model(small_file)
    weights = {tensor.name for tensor in model.graph.initializer}
    for tensor in model.graph.initializer:
        if tensor.data_type == F:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), tensor.name))
    for node in model.graph.node:  # what the exporter keeps as constants
        for attribute in node.attribute:
            if attribute.name == "value" and attribute.t.data_type == F:
                attribute.t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(attribute.t).astype(np.float16)))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.elem_type = F16
    del model.graph.value_info[:]
    path = tmp_path / "half.onnx"
    onnx.save_model(model, path)
    assert weights and read_model(path).precision == "fp16"
    expected = hooked(small_network(), pictures(2), CONVOLUTIONS)
    for name, values in zip(CONVOLUTIONS, activations(path, pictures(2), "conv").values(), strict=True):
        assert values.dtype == np.float16
        assert noise_ratio_db(values.astype(np.float32), expected[name]) > 40


def test_channels_last_and_names_of_tensorflow(save):
    weights = {"conv/kernel:0": np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype(np.float32)}
    nodes = [
        helper.make_node("Transpose", ["image:0"], ["t:0"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t:0", "conv/kernel:0"], ["block/conv:0"], pads=[1, 1, 1, 1], name="same"),
        helper.make_node("Transpose", ["block/conv:0"], ["block/out:0"], perm=[0, 2, 3, 1], name="same"),
        helper.make_node("Relu", ["block/out:0"], ["out:0"]),
    ]
    path = save("nhwc", nodes, [("image:0", F, ["n", 8, 8, 3])], [("out:0", F, ["n", 8, 8, 4])], weights)
    images = np.random.default_rng(1).random((2, 8, 8, 3), dtype=np.float32)
    (maps,) = activations(path, images, "block/conv:0").values()
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    kernel = weights["conv/kernel:0"]
    expected = sum(
        np.einsum("nhwc,kc->nkhw", padded[:, i : i + 8, j : j + 8], kernel[:, :, i, j])
        for i in range(3)
        for j in range(3)
    )
    np.testing.assert_allclose(maps, expected, atol=1e-4)
    assert list(activations(path, images, "same")) == ["block/conv:0", "block/out:0"]  # a repeated node name: both
    assert len(activations(path, images, "all")) == 4


def inner_graph(name: str, nodes: list, outputs: list[str], inputs: tuple = ()) -> onnx.GraphProto:
    return helper.make_graph(
        nodes, name, list(inputs), [helper.make_tensor_value_info(output, F, None) for output in outputs]
    )


def test_what_is_inside_if_and_loop_is_told_and_the_rest_is_looked_at(save):
    yes = inner_graph("yes", [helper.make_node("Mul", ["r", "r"], ["y1"])], ["y1"])
    no = inner_graph("no", [helper.make_node("Identity", ["r"], ["n1"])], ["n1"])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["state", "state"], ["next"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", I64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", F, None),
        ],
        [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []), helper.make_tensor_value_info("next", F, None)],
    )
    nodes = [
        helper.make_node("Relu", ["x"], ["r"]),
        helper.make_node("If", ["cond"], ["chosen"], then_branch=yes, else_branch=no),
        helper.make_node("Loop", ["times", "", "chosen"], ["looped"], body=body),
        helper.make_node("Neg", ["looped"], ["out"]),
    ]
    weights = {"cond": np.array(True), "times": np.array(3)}
    card = read_model(save("control", nodes, [("x", F, ["n", 4])], [("out", F, ["n", 4])], weights))
    images = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)
    found = activations(card, images, "all")
    rectified = np.maximum(images, 0)
    assert list(found) == ["r", "chosen", "looped", "out"]
    np.testing.assert_allclose(found["chosen"], rectified**2, rtol=1e-5)
    np.testing.assert_allclose(found["out"], -8 * rectified**2, rtol=1e-5)
    assert hidden_in(card.proto.graph) == {"If": 2, "Loop": 2}
    with pytest.raises(InputError, match="no layer matches 'next'"):
        activations(card, images, "next")


def test_weights_of_more_than_2_gb_beside_the_file_are_looked_at(tmp_path):
    """A sparse file: a hole of zeros on disk, of which the model reads four slices; only those are ever in memory."""
    rows, columns = 9_000_000, 64  # 2.3 GB of float32
    weight = TensorProto(name="w", data_type=F, dims=[rows, columns], data_location=TensorProto.EXTERNAL)
    weight.external_data.add(key="location", value="w.bin")
    weight.external_data.add(key="offset", value="0")
    weight.external_data.add(key="length", value=str(rows * columns * 4))
    last = np.random.default_rng(0).standard_normal(columns).astype(np.float32)
    with (tmp_path / "w.bin").open("wb") as file:
        file.truncate(rows * columns * 4)
        file.seek((rows - 1) * columns * 4)
        file.write(last.tobytes())
    assert (tmp_path / "w.bin").stat().st_size > 2**31
    graph = helper.make_graph(
        [helper.make_node("Gather", ["w", "places"], ["rows"]), helper.make_node("MatMul", ["x", "rows"], ["y"])],
        "large",
        [helper.make_tensor_value_info("x", F, ["n", 2]), helper.make_tensor_value_info("places", I64, [2])],
        [helper.make_tensor_value_info("y", F, ["n", columns])],
        [weight],
    )
    path = tmp_path / "large.onnx"
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    card = read_model(path)
    assert card.size_bytes > 2**31 and card.parameters == rows * columns
    found = activations(card, {"x": np.array([[5, 1]], np.float32), "places": np.array([0, rows - 1])}, "all")
    np.testing.assert_allclose(found["y"][0], last, rtol=1e-5)
    np.testing.assert_array_equal(found["rows"][0], np.zeros(columns))


@pytest.mark.parametrize("kind", ["ConstantOfShape", "Expand", "Tile"])
def test_a_small_foreign_graph_that_makes_40_gb_is_refused(save, kind):
    made = {
        "ConstantOfShape": [helper.make_node("ConstantOfShape", ["size"], ["big"])],
        "Expand": [helper.make_node("Expand", ["one", "size"], ["big"])],
        "Tile": [helper.make_node("Tile", ["one", "size"], ["big"])],
    }[kind]
    weights = {"sizes": np.array([100_000, 100_000]), "one": np.ones((1, 1), np.float32)}
    nodes = [helper.make_node("Mul", ["sizes", "times"], ["size"]), *made]
    nodes += [helper.make_node("ReduceMax", ["big"], ["top"], keepdims=0), helper.make_node("Add", ["x", "top"], ["y"])]
    path = save("huge", nodes, [("x", F, ["n", 2]), ("times", I64, [1])], [("y", F, ["n", 2])], weights)
    with pytest.raises(
        ModelFileError, match=r"does not run on x 1 x 2, times 1: received (too little free memory|.*4294967296)"
    ):
        activations(path, {"x": np.ones((1, 2), np.float32), "times": np.array([1])}, "y")


def test_values_that_are_no_numbers_pass_through(save):
    nodes = [helper.make_node("Log", ["x"], ["l"]), helper.make_node("Relu", ["l"], ["y"])]
    path = save("nan", nodes, [("x", F, ["n", 3])], [("y", F, ["n", 3])])
    found = activations(path, np.array([[-1, 0, 1]], np.float32), "all")
    np.testing.assert_array_equal(found["l"], [[np.nan, -np.inf, 0]])


def test_an_initializer_that_is_listed_as_an_input_too_is_no_input(save):
    path = save("old", [helper.make_node("MatMul", ["x", "w"], ["y"])], [("x", F, ["n", 2])], [("y", F, ["n", 2])])
    model = onnx.load_model(path)
    model.ir_version = 3
    model.opset_import[0].version = 7
    model.graph.input.append(helper.make_tensor_value_info("w", F, [2, 2]))
    model.graph.initializer.append(numpy_helper.from_array(np.eye(2, dtype=np.float32) * 3, "w"))
    onnx.save_model(model, path)
    assert activations(path, np.ones((1, 2), np.float32), "all")["y"].tolist() == [[3, 3]]


def test_outputs_that_are_left_out_are_no_layers(save):
    nodes = [
        helper.make_node("Dropout", ["x"], ["d", ""]),
        helper.make_node("MaxPool", ["d"], ["p", "places"], kernel_shape=[2, 2]),
        helper.make_node("Reshape", ["p", "to"], ["steps"]),
        helper.make_node("LSTM", ["steps", "w", "r"], ["", "last"], hidden_size=3),
    ]
    rng = np.random.default_rng(0)
    weights = {"w": rng.random((1, 12, 9), dtype=np.float32), "r": rng.random((1, 12, 3), dtype=np.float32)}
    weights["to"] = np.array([2, -1, 9])
    path = save("optional", nodes, [("x", F, ["n", 2, 4, 4])], [("last", F, [1, "n", 3])], weights)
    found = activations(path, rng.random((2, 2, 4, 4)), "all")
    assert list(found) == ["d", "p", "places", "steps", "last"]
    assert found["places"].dtype == np.int64 and found["last"].shape == (1, 2, 3)


def test_an_answer_that_looking_changed_is_refused(small_file):
    card = read_model(small_file)
    answer = np.array([[5.0, 1, 0], [0, 3, 2]], np.float32)
    expect_same(card, {"y": answer + 1e-5}, {"y": answer})
    for changed in (answer + 0.01, answer[:1], answer * np.nan):
        with pytest.raises(CheckFailedError, match="changed its answer"):
            expect_same(card, {"y": changed}, {"y": answer})
    close = np.array([[1.0, 1.0 + 1e-6]], np.float32)  # as good as equal: either may be first
    expect_same(card, {"y": close[:, ::-1]}, {"y": close})


def test_another_first_answer_is_refused_within_a_wide_tolerance(small_file):
    int8 = replace(read_model(small_file), precision="fp16")  # 2 % of the largest value
    answer = np.array([[100.0, 90.0, 50.0]], np.float32)
    expect_same(int8, {"y": answer + 1}, {"y": answer})
    with pytest.raises(CheckFailedError):
        expect_same(int8, {"y": np.array([[90.0, 100.0, 50.0]], np.float32)}, {"y": answer})


def test_a_session_that_gives_other_tensors_is_not_taken(save, monkeypatch):
    """A network whose optimised session is made to differ: the plain one must be the one that is returned."""
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    inputs, outputs = [("x", F, ["n", 2])], [("y", F, ["n", 2])]
    card = read_model(save("right", nodes, inputs, outputs, {"w": np.eye(2, dtype=np.float32)}))
    wrong = read_model(save("wrong", nodes, inputs, outputs, {"w": np.eye(2, dtype=np.float32) * 1.001}))

    def other(model_card, model, *, optimised=True):
        if not optimised:
            return open_session(model_card, model, optimised=False)
        del model.graph.initializer[:]
        model.graph.initializer.extend(wrong.proto.graph.initializer)
        return open_session(model_card, model)

    monkeypatch.setattr("dlbench.viz.capture.activations.open_session", other)
    found = view(card, layers_of(card), np.ones((1, 2), np.float32)).run(np.ones((1, 2), np.float32))
    assert found["h"].tolist() == [[1, 1]]


def test_an_operator_that_onnx_runtime_lacks_is_one_line(save):
    path = save("secret", [helper.make_node("Secret", ["x"], ["y"], domain="nobody")], [("x", F, [1])], [("y", F, [1])])
    with pytest.raises(ModelFileError, match="can't be opened for looking") as caught:
        activations(path, np.ones(1, np.float32), "all")
    assert "\n" not in str(caught.value)


def test_no_module_of_viz_imports_torch(small_file):
    """In a process of its own: every module of viz is imported and layers are looked at."""
    code = """
import importlib, pkgutil, sys
import numpy as np
import dlbench.viz
for module in pkgutil.iter_modules(dlbench.viz.__path__):
    importlib.import_module("dlbench.viz." + module.name)
found = dlbench.viz.activations(sys.argv[1], np.zeros((1, 3, 16, 16), np.float32), "all")
from dlbench.model.card import read_model
from dlbench.model.inspection import inspect_model
from pathlib import Path
assert inspect_model(read_model(Path(sys.argv[1]))).total_parameters
assert len(found) > 5
assert "torch" not in sys.modules, "torch was imported"
"""
    subprocess.run([sys.executable, "-c", code, str(small_file)], check=True, env=os.environ, timeout=120)


def test_text_is_looked_at_too(tmp_path):
    nodes = [
        helper.make_node(
            "LabelEncoder", ["x"], ["f"], domain="ai.onnx.ml", keys_strings=["a", "b"], values_floats=[1.0, -2.0]
        ),
        helper.make_node("Relu", ["f"], ["y"]),
    ]
    value = helper.make_tensor_value_info
    shapes = [value("x", TensorProto.STRING, ["n", 2])], [value("y", F, ["n", 2])]
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 2)]
    model = helper.make_model(helper.make_graph(nodes, "g", *shapes), opset_imports=opsets, ir_version=9)
    onnx.save(model, tmp_path / "t.onnx")
    words = np.array([["a", "b"], ["b", "a"], ["a", "a"]], dtype=object)
    found = activations(tmp_path / "t.onnx", {"x": words}, "all")
    assert found["y"].tolist() == [[1, 0], [0, 1], [1, 1]]


def test_sequences_are_left_aside_and_an_empty_input_of_several_is_taken(tmp_path: Path):
    halves = helper.make_tensor_sequence_value_info("halves", F, None)
    x, y = (helper.make_tensor_value_info(name, F, ["n", 4]) for name in "xy")
    nodes = [helper.make_node("SplitToSequence", ["x"], ["halves"], axis=1), helper.make_node("Relu", ["x"], ["y"])]
    graph = helper.make_graph(nodes, "g", [x], [y, halves])
    path = tmp_path / "sequence.onnx"
    onnx.save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    assert list(activations(path, np.ones((2, 4), np.float32), "all")) == ["y"]
    assert activations(path, {"x": np.ones((0, 4), np.float32)}, "all")["y"].shape == (0, 4)


def test_a_model_with_an_optional_input_is_not_run_in_this_process(tmp_path: Path):
    kind = helper.make_optional_type_proto(helper.make_tensor_type_proto(F, [2]))
    there = helper.make_tensor_value_info("y", onnx.TensorProto.BOOL, [])
    graph = helper.make_graph(
        [helper.make_node("OptionalHasElement", ["o"], ["y"])], "g", [helper.make_value_info("o", kind)], [there]
    )
    path = tmp_path / "optional.onnx"
    onnx.save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    with pytest.raises(ModelFileError, match="optional input 'o'"):
        activations(path, {}, "all")

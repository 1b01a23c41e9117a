"""Every reader of ONNX files under attack: broken in fields or bytes, a model opens or is refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from damage import broken_bytes, broken_message, survives
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from small_models import dense_model

import dlbench
from dlbench.model.card import read_model
from dlbench.model.layers import layers_of
from dlbench.viz.capture.layer_weights import weights_of
from dlbench.viz.capture.picture import input_shape

SEEDS = st.integers(0, 2**32 - 1)
F32 = TensorProto.FLOAT


def cnn_model() -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    weights = {"w": (4, 3, 3, 3), "b": (4,), "s": (4,), "m": (4,), "v": (4,), "d": (4, 5)}
    nodes = [
        helper.make_node("Conv", ["image", "w", "b"], ["c"], name="conv", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("BatchNormalization", ["c", "s", "b", "m", "v"], ["n"], epsilon=1e-5),
        helper.make_node("Relu", ["n"], ["r"]),
        helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2]),
        helper.make_node("GlobalAveragePool", ["p"], ["g"]),
        helper.make_node("Flatten", ["g"], ["f"]),
        helper.make_node("Constant", [], ["one"], value=numpy_helper.from_array(np.float32(1), "one")),
        helper.make_node("Mul", ["f", "one"], ["fs"]),
        helper.make_node("Gemm", ["fs", "d"], ["logits"], alpha=1.0),
    ]
    graph = helper.make_graph(
        nodes,
        "cnn",
        [helper.make_tensor_value_info("image", F32, ["N", 3, 16, 16])],
        [helper.make_tensor_value_info("logits", F32, ["N", 5])],
        [numpy_helper.from_array(rng.random(shape, dtype=np.float32), name) for name, shape in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"dlbench.model_schema": '"dlbench.model/1"', "other": "x"})
    return model


def nested_model() -> onnx.ModelProto:
    """An If inside a Loop, a function of the file's own, an optional and a sparse tensor."""
    then = helper.make_graph([helper.make_node("Add", ["v", "v"], ["t"])], "then", [], [_info("t")])
    other = helper.make_graph([helper.make_node("Double", ["v"], ["e"], domain="own")], "else", [], [_info("e")])
    body = helper.make_graph(
        [helper.make_node("If", ["keep"], ["v2"], then_branch=then, else_branch=other), _same("keep", "k2")],
        "body",
        [_info("i", TensorProto.INT64, []), _info("keep", TensorProto.BOOL, []), _info("v")],
        [_info("k2", TensorProto.BOOL, []), _info("v2")],
    )
    own = helper.make_function(
        "own", "Double", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], [helper.make_opsetid("", 18)]
    )
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("sp", F32, [1], [2.0]), helper.make_tensor("si", TensorProto.INT64, [1], [1]), [4]
    )
    graph = helper.make_graph(
        [
            helper.make_node("Loop", ["times", "yes", "x"], ["y"], body=body),
            helper.make_node("Double", ["y"], ["z"], domain="own"),
            helper.make_node("Add", ["z", "sp"], ["answer"]),
            helper.make_node("SequenceConstruct", ["answer"], ["several"]),
        ],
        "nested",
        [_info("x")],
        [_info("answer"), helper.make_tensor_sequence_value_info("several", F32, None)],
        [numpy_helper.from_array(np.int64(3), "times"), numpy_helper.from_array(np.bool_(True), "yes")],
        sparse_initializer=[sparse],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=[own], ir_version=9)


def outside_model() -> onnx.ModelProto:
    """Weights in a file beside the model."""
    model = dense_model()
    for tensor in model.graph.initializer:
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", "weights.bin"), ("offset", "0"), ("length", "640")):
            tensor.external_data.add(key=key, value=value)
    return model


def _info(name: str, kind: int = F32, shape: list[int] | None = None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, [4] if shape is None else shape)


def _same(given: str, gives: str) -> onnx.NodeProto:
    return helper.make_node("Identity", [given], [gives])


MODELS = {"dense": dense_model(inner=4), "cnn": cnn_model(), "nested": nested_model(), "outside": outside_model()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("fuzz")
    (made / "weights.bin").write_bytes(bytes(200_000))
    return made


def open_everywhere(path: Path) -> None:
    """Read the file as `inspect` and `viz` do."""
    dlbench.inspect(path).tables()
    card = read_model(path)
    layers = layers_of(card)
    weights = weights_of(card)
    for layer in layers:
        if layer.tensor in weights:
            assert weights[layer.tensor].dtype == np.float32
    survives(lambda: input_shape(card))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_with_broken_fields_opens_or_is_refused_in_one_line(name: str, folder: Path, examples: Callable):
    @examples(25)
    @given(SEEDS)
    def attack(seed: int) -> None:
        path = folder / f"{name}.onnx"
        path.write_bytes(broken_message(MODELS[name], seed).SerializeToString())
        survives(lambda: open_everywhere(path))

    attack()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_with_broken_bytes_opens_or_is_refused_in_one_line(name: str, folder: Path, examples: Callable):
    @examples(15)
    @given(SEEDS)
    def attack(seed: int) -> None:
        path = folder / f"{name}-bytes.onnx"
        path.write_bytes(broken_bytes(MODELS[name].SerializeToString(), seed))
        survives(lambda: open_everywhere(path))

    attack()

"""Batch normalisation in a graph becomes part of a neighbour, or a convolution, and the answers stay."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from dlbench.export.norm_absorbing import absorb_norms

RNG = np.random.default_rng(0)
CHANNELS = 4


def norm(before: str, after: str, *, positive: bool = True, **settings: int) -> list:
    gain = RNG.uniform(0.5, 1.5, CHANNELS) * (1 if positive else [1, -1, 1, 1])
    values = {"gain": gain, "bias": RNG.normal(size=CHANNELS), "mean": RNG.normal(size=CHANNELS), "var": gain**2}
    names = [f"{after}_{name}" for name in values]
    node = helper.make_node("BatchNormalization", [before, *names], [after], name=f"norm_{after}", **settings)
    return [node, *(stored(name, value) for name, value in zip(names, values.values(), strict=True))]


def stored(name: str, value: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value, np.float32), name)


def layer(kind: str, before: str, after: str, shape: tuple[int, ...], bias: tuple[int, ...] = (), **settings) -> list:
    weights = [stored(f"{after}_w", RNG.normal(size=shape))]
    weights += [stored(f"{after}_b", RNG.normal(size=bias))] if bias else []
    names = [weight.name for weight in weights]
    return [helper.make_node(kind, [before, *names], [after], name=f"layer_{after}", **settings), *weights]


def node(kind: str, before: str, after: str, **settings) -> list:
    return [helper.make_node(kind, [before], [after], name=f"{kind}_{after}", **settings)]


def model_of(parts: list, shape: tuple[int, ...], outputs: tuple[str, ...] = ("y",)) -> onnx.ModelProto:
    graph = helper.make_graph(
        [part for part in parts if isinstance(part, onnx.NodeProto)],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [part for part in parts if isinstance(part, onnx.TensorProto)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnx.shape_inference.infer_shapes(model)


def answers(model: onnx.ModelProto) -> list[np.ndarray]:
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.random.default_rng(1).normal(size=shape).astype(np.float32)})


POOL = {"kernel_shape": [2, 2], "strides": [2, 2]}
WIDE = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
MAPS, ROWS = (2, 4, 8, 8), (3, 4)
CONV = (4, 4, 3, 3)

GRAPHS = {
    "behind a maximum": (
        MAPS,
        [
            *layer("Conv", "x", "c", CONV, (4,)),
            *node("MaxPool", "c", "p", **POOL),
            *norm("p", "n"),
            *node("Relu", "n", "y"),
        ],
        ["Conv", "Relu", "MaxPool"],
    ),
    "behind two pools": (
        MAPS,
        [
            *layer("Conv", "x", "c", CONV),
            *node("MaxPool", "c", "p", **WIDE),
            *node("AveragePool", "p", "q", **POOL),
            *norm("q", "y"),
        ],
        ["Conv", "MaxPool", "AveragePool"],
    ),
    "behind a maximum with a scale below 0": (
        MAPS,
        [*layer("Conv", "x", "c", CONV), *node("MaxPool", "c", "p", **POOL), *norm("p", "y", positive=False)],
        ["Conv", "MaxPool", "Conv"],
    ),
    "behind a mean with a scale below 0": (
        MAPS,
        [*layer("Conv", "x", "c", CONV), *node("GlobalAveragePool", "c", "p"), *norm("p", "y", positive=False)],
        ["Conv", "GlobalAveragePool"],
    ),
    "behind a mean that counts the zeros around it": (
        MAPS,
        [*layer("Conv", "x", "c", CONV), *node("AveragePool", "c", "p", count_include_pad=1, **WIDE), *norm("p", "y")],
        ["Conv", "AveragePool", "Conv"],
    ),
    "behind a pool that others take too": (
        MAPS,
        [
            *(*layer("Conv", "x", "c", CONV), *node("MaxPool", "c", "p", **POOL), *norm("p", "n")),
            helper.make_node("Add", ["p", "n"], ["y"], name="sum"),
        ],
        ["Conv", "MaxPool", "Conv", "Add"],
    ),
    "behind an activation, before padding": (
        MAPS,
        [*node("Relu", "x", "r"), *norm("r", "n"), *layer("Conv", "n", "y", CONV, pads=[1, 1, 1, 1])],
        ["Relu", "Conv", "Conv"],
    ),
    "before a convolution without padding": (
        MAPS,
        [*node("Relu", "x", "r"), *norm("r", "n", positive=False), *layer("Conv", "n", "y", CONV, (4,))],
        ["Relu", "Conv"],
    ),
    "before a convolution in groups": (
        MAPS,
        [*node("Relu", "x", "r"), *norm("r", "n"), *layer("Conv", "n", "y", (4, 1, 3, 3), group=4)],
        ["Relu", "Conv", "Conv"],
    ),
    "behind a dense layer": (ROWS, [*layer("Gemm", "x", "g", (4, 4), (1,)), *norm("g", "y")], ["Gemm"]),
    "behind a dense layer that is stored the other way": (
        ROWS,
        [*layer("Gemm", "x", "g", (4, 4), (1, 4), transB=1), *norm("g", "y")],
        ["Gemm"],
    ),
    "before a dense layer": (
        ROWS,
        [*node("Relu", "x", "r"), *norm("r", "n"), *layer("Gemm", "n", "y", (4, 5), (5,))],
        ["Relu", "Gemm"],
    ),
    "behind a dense layer with a bias for each row": (
        ROWS,
        [*layer("Gemm", "x", "g", (4, 4), (3, 4)), *norm("g", "y")],
        ["Gemm", "BatchNormalization"],
    ),
    "behind a dense layer with a factor": (
        ROWS,
        [*layer("Gemm", "x", "g", (4, 4), (4,), alpha=2.0), *norm("g", "y")],
        ["Gemm", "BatchNormalization"],
    ),
    "a bias of one row": (ROWS, layer("Gemm", "x", "y", (4, 5), (1, 5)), ["Gemm"]),
    "a bias of one number": (ROWS, layer("Gemm", "x", "y", (5, 4), (1,), transB=1), ["Gemm"]),
    "of a sequence": ((2, 4, 9), norm("x", "y"), ["Conv"]),
    "of volumes": ((1, 4, 3, 3, 3), norm("x", "y"), ["Conv"]),
    "an activation behind a maximum": (
        MAPS,
        [*layer("Conv", "x", "c", CONV), *node("MaxPool", "c", "p", **POOL), *node("Relu", "p", "y")],
        ["Conv", "Relu", "MaxPool"],
    ),
    "an activation behind a mean": (
        MAPS,
        [*layer("Conv", "x", "c", CONV), *node("AveragePool", "c", "p", **POOL), *node("Relu", "p", "y")],
        ["Conv", "AveragePool", "Relu"],
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_the_answers_stay_and_no_normalisation_stands_alone_where_that_is_exact(name):
    shape, parts, operators = GRAPHS[name]
    model = model_of(parts, shape)
    expected = answers(model)[0]
    changed = absorb_norms(model)
    onnx.checker.check_model(model, full_check=True)
    assert [each.op_type for each in model.graph.node] == operators
    assert changed == (name not in ("an activation behind a mean",) and "BatchNormalization" not in operators)
    np.testing.assert_allclose(answers(model)[0], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    biases = [each.input[2] for each in model.graph.node if each.op_type == "Gemm" and name.startswith("a bias")]
    assert all(len(tensor.dims) == 1 for tensor in model.graph.initializer if tensor.name in biases)
    used = {each for made in model.graph.node for each in made.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used


def test_an_output_of_the_network_stays():
    parts = [*layer("Conv", "x", "c", CONV), *node("MaxPool", "c", "p", **POOL), *norm("p", "y")]
    model = model_of(parts, MAPS, ("c", "y"))
    expected = answers(model)
    absorb_norms(model)
    assert [each.op_type for each in model.graph.node] == ["Conv", "MaxPool", "Conv"]
    for made, wanted in zip(answers(model), expected, strict=True):
        np.testing.assert_allclose(made, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("kept", "as_layers", "settings"), [(["norm_y"], True, {}), ([], False, {}), ([], True, {"training_mode": 1})]
)
def test_what_is_kept_stays(kept, as_layers, settings):
    made = norm("x", "y", **settings)
    if settings:
        made[0].output.extend(["", ""])
    model = model_of(made, MAPS)
    assert not absorb_norms(model, kept, as_layers=as_layers)
    assert [each.op_type for each in model.graph.node] == ["BatchNormalization"]


def test_a_scale_that_is_no_number_stays():
    model = model_of(norm("x", "y"), MAPS)
    model.graph.initializer[0].CopyFrom(stored(model.graph.initializer[0].name, np.full(CHANNELS, np.inf)))
    assert not absorb_norms(model)

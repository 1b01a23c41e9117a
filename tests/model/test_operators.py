"""The table of operators, held against ONNX's own list, ONNX Runtime's, and what the operators really do."""

from __future__ import annotations

import itertools
from typing import get_args

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, defs, helper
from onnxruntime.capi import onnxruntime_pybind11_state as runtime

from dlbench.model.card import read_model
from dlbench.model.layers import choose, layers_of
from dlbench.model.operators import MICROSOFT, OPERATORS, Linear, Reach, Work, named, of_node
from dlbench.model.work import multiply_accumulates, node_macs
from dlbench.viz.capture.receptive_fields import receptive_field

F = TensorProto.FLOAT
OWN = ("", "ai.onnx.ml", "ai.onnx.preview")


def schemas(domain: str) -> set[str]:
    return {schema.name for schema in runtime.get_all_operator_schema() if schema.domain == domain}


def test_every_operator_of_the_standard_has_a_row():
    missing = {schema.name for schema in defs.get_all_schemas() if schema.domain in OWN} - set(OPERATORS)
    assert not missing


@pytest.mark.parametrize("domain", sorted({row.domain for row in OPERATORS.values()}))
def test_every_row_is_an_operator_of_the_domain_that_it_names(domain: str):
    known = schemas(domain) | {s.name for s in defs.get_all_schemas() if domain == "" and s.domain in OWN}
    assert {row.name for row in OPERATORS.values() if row.domain == domain} <= known


def test_every_word_of_a_row_is_one_that_its_readers_know():
    for row in OPERATORS.values():
        assert row.reach in get_args(Reach) and row.work in get_args(Work) and row.linear in get_args(Linear), row.name


def test_places_of_inputs_lie_within_what_the_operator_takes():
    most: dict[str, int] = {}
    for schema in (*defs.get_all_schemas(), *runtime.get_all_operator_schema()):
        most[schema.name] = max(schema.max_input, most.get(schema.name, 0))
    for row in OPERATORS.values():
        places = (*row.weights, *row.settings, *(row.scale or ()), *([row.integer_bias] if row.integer_bias else []))
        assert all(place < most[row.name] for place in places), row.name
        assert not set(row.weights) & set(row.settings), row.name


def test_places_of_scales_are_those_that_the_standard_calls_so():
    for name in ("QLinearConv", "QLinearMatMul", "QuantizeLinear"):
        inputs = [value.name for value in defs.get_schema(name).inputs]
        scale, zero = named(name).scale or (0, 0)
        assert (inputs[scale], inputs[zero]) == ("y_scale", "y_zero_point")
    for name, weight in (
        ("Conv", "W"),
        ("QLinearConv", "w"),
        ("LSTM", "W"),
        ("Gemm", "B"),
        ("BatchNormalization", "scale"),
    ):
        assert defs.get_schema(name).inputs[named(name).weights[0]].name == weight


def test_words_are_short_where_they_stand_above_a_tile():
    assert all(len(row.brief.format(window="3 x 3")) <= 30 for row in OPERATORS.values())
    assert not [row.name for row in OPERATORS.values() if row.brief and not row.words]


def test_an_operator_of_another_domain_or_without_a_row_is_unknown():
    assert of_node(helper.make_node("Relu", ["x"], ["y"])).kind == "activation"
    assert of_node(helper.make_node("Gelu", ["x"], ["y"], domain=MICROSOFT)).kind == "activation"
    for node in (helper.make_node("Relu", ["x"], ["y"], domain="mine"), helper.make_node("Nothing", ["x"], ["y"])):
        assert of_node(node).kind == ""
        assert node_macs(node, {"x": (1,), "y": (1,)}) is None


UNARY = {"Clip", "Softmax", "Identity", "LRN", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"}
UNARY |= {row.name for row in OPERATORS.values() if row.kind in ("activation", "elementwise") and row.is_pointwise}


def run(name: str, values: np.ndarray) -> np.ndarray | None:
    """Return what the operator gives for one tensor; None where it takes more, or ONNX Runtime lacks it."""
    attributes = {"size": 3} if name == "LRN" else {}
    node = helper.make_node(name, ["x"], ["y"], domain=named(name).domain, **attributes)
    value = helper.make_tensor_value_info("x", F, list(values.shape))
    graph = helper.make_graph([node], "g", [value], [onnx.ValueInfoProto(name="y")])
    opsets = [helper.make_opsetid("", 24), helper.make_opsetid(MICROSOFT, 1)]
    try:
        model = helper.make_model(graph, opset_imports=opsets, ir_version=11).SerializeToString()
        return ort.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": values})[0]
    except Exception:  # noqa: BLE001  # of many classes
        return None


def test_pointwise_operators_change_one_place_where_one_place_changes():
    """The oracle is the operator itself: one number is changed and the places that change are counted."""
    rng = np.random.default_rng(0)
    before = rng.standard_normal((1, 4, 5, 5)).astype(np.float32)
    after = before.copy()
    after[0, 1, 2, 3] += 0.37
    tried = set()
    for name in sorted(UNARY):
        first, second = run(name, before), run(name, after)
        if first is None or second is None:
            continue
        tried.add(name)
        maps, rows, columns = np.nonzero((first != second) & ~(np.isnan(first) & np.isnan(second)))[1:]
        reach = named(name).reach
        if reach in ("place", "channels"):
            assert set(zip(rows, columns, strict=True)) <= {(2, 3)}, name
        if reach in ("place", "map"):
            assert set(maps) <= {1}, name
    assert tried >= {
        "Relu",
        "Celu",
        "Softsign",
        "Mish",
        "HardSwish",
        "ThresholdedRelu",
        "Shrink",
        "Gelu",
        "Selu",
        "LRN",
    }
    assert len(tried) > 40


POINTWISE = sorted(row.name for row in OPERATORS.values() if row.kind == "activation" and row.reach == "place")


@pytest.mark.parametrize("name", POINTWISE)
def test_a_convolution_behind_any_pointwise_activation_keeps_its_receptive_field(save, name: str):
    weights = {"a": np.ones((2, 1, 3, 3), np.float32), "b": np.ones((2, 2, 5, 5), np.float32)}
    weights["slope"] = np.ones((2, 1, 1), np.float32)
    path = save(
        "net",
        [
            helper.make_node("Conv", ["x", "a"], ["c1"], strides=[2, 2]),
            helper.make_node(name, ["c1", "slope"][: 2 if name == "PRelu" else 1], ["act"], domain=named(name).domain),
            helper.make_node("Conv", ["act", "b"], ["c2"]),
        ],
        [("x", F, ["n", 1, 32, 32])],
        [("c2", F, None)],
        weights,
    )
    card = read_model(path)
    field = receptive_field(card, "c2")
    assert field is not None
    assert (field.size, field.stride) == ((3 + 4 * 2, 3 + 4 * 2), (2, 2))
    assert [layer.tensor for layer in choose(layers_of(card), "activation")] == ["act"]


def brute_force(output: tuple[int, ...], weight: tuple[int, ...]) -> int:
    """Count the products of a convolution one by one: for each value, each weight of its filter."""
    count = 0
    for _ in itertools.product(*map(range, output)):
        for _ in itertools.product(*map(range, weight[1:])):
            count += 1
    return count


@pytest.mark.parametrize("name", [row.name for row in OPERATORS.values() if row.work == "convolution"])
def test_every_form_of_a_convolution_is_counted_as_a_loop_counts_it(name: str):
    place = named(name).weights[0]
    inputs = [f"i{number}" for number in range(place + 1)]
    shapes = {"i0": (2, 4, 6, 6), inputs[place]: (6, 2, 3, 3), "y": (2, 6, 4, 4)}
    node = helper.make_node(name, inputs, ["y"], domain=named(name).domain, group=2)
    assert node_macs(node, shapes) == brute_force((2, 6, 4, 4), (6, 2, 3, 3))


@pytest.mark.parametrize("name", [row.name for row in OPERATORS.values() if row.work == "product"])
def test_every_form_of_a_product_is_counted_as_rows_times_columns_times_inner_size(name: str):
    place = named(name).weights[0]
    inputs = [f"i{number}" for number in range(place + 1)]
    shapes = {"i0": (5, 7), inputs[place]: (7, 3), "y": (5, 3)}
    assert node_macs(helper.make_node(name, inputs, ["y"], domain=named(name).domain), shapes) == 5 * 7 * 3


def test_work_behind_an_operator_of_the_runtime_is_counted(save):
    """Shape inference of ONNX does not know FusedMatMul: the runtime tells what it gives."""
    path = save(
        "fused",
        [
            helper.make_node("FusedMatMul", ["x", "a"], ["h"], domain=MICROSOFT),
            helper.make_node("MatMul", ["h", "b"], ["y"]),
        ],
        [("x", F, ["n", 8])],
        [("y", F, ["n", 4])],
        {"a": np.ones((8, 16), np.float32), "b": np.ones((16, 4), np.float32)},
    )
    model = onnx.load(path)
    model.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    onnx.save(model, path)
    assert multiply_accumulates(read_model(path), {"x": (3, 8)}) == 3 * (8 * 16 + 16 * 4)


def test_weights_of_a_recurrent_layer_count_as_initializers_and_as_constants(save):
    rng = np.random.default_rng(0)
    tensors = {
        "w": rng.random((1, 20, 3), dtype=np.float32),
        "r": rng.random((1, 20, 5), dtype=np.float32),
        "b": rng.random((1, 40), dtype=np.float32),
    }
    lstm = helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=5)
    ends = ([("x", F, [4, "n", 3])], [("y", F, None)])
    stated = [
        helper.make_node("Constant", [], [k], value=onnx.numpy_helper.from_array(v, k)) for k, v in tensors.items()
    ]
    expected = 20 * 3 + 20 * 5 + 40
    assert read_model(save("stored", [lstm], *ends, tensors)).parameters == expected
    assert read_model(save("stated", [*stated, lstm], *ends)).parameters == expected

"""What counts as a parameter: where training put its numbers, and what is only a setting."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from dlbench.model.parameters import WeightOwners, parameters_of

F, I64 = TensorProto.FLOAT, TensorProto.INT64
RNG = np.random.default_rng(0)
node = helper.make_node


def constant(name: str, array: np.ndarray) -> object:
    return node("Constant", [], [name], value=numpy_helper.from_array(array, name))


def noise(*shape: int) -> np.ndarray:
    return RNG.standard_normal(shape).astype(np.float32)


def count(nodes: list, constants: dict, inputs: tuple = ("x",), kind: int = F) -> tuple[int, int]:
    """Return the parameters with constants as nodes and as initializers; their owners hand out the same."""
    totals = []
    for as_nodes in (True, False):
        graph = helper.make_graph(
            [*(constant(n, a) for n, a in constants.items()), *nodes] if as_nodes else nodes,
            "g",
            [helper.make_tensor_value_info(name, kind, None) for name in inputs],
            [helper.make_tensor_value_info("y", F, None)],
            [] if as_nodes else [numpy_helper.from_array(a, n) for n, a in constants.items()],
        )
        owners = WeightOwners(graph)
        handed = sum(owners.take(one, one.output[0])[0] for one in graph.node) + owners.unused
        assert handed == parameters_of(graph)
        totals.append(handed)
    return totals[0], totals[1]


@pytest.mark.parametrize(
    ("between", "wanted"),
    [
        ([node("Identity", ["w"], ["v"])], 12),
        ([node("Transpose", ["w"], ["v"])], 12),
        ([node("Cast", ["w"], ["half"], to=10), node("Cast", ["half"], ["v"], to=1)], 12),
        ([node("Slice", ["w", "from", "to"], ["v"])], 12),
        (
            [
                node("Slice", ["w", "from", "to"], ["s"]),
                node("Transpose", ["s"], ["t"]),
                node("Cast", ["t"], ["v"], to=1),
            ],
            12,
        ),
        ([node("Split", ["w"], ["v", "other"], axis=0, num_outputs=2)], 12),
    ],
)
def test_weights_behind_what_only_moves_them_count(between, wanted):
    settings = {"from": np.array([0]), "to": np.array([2])} if any("Slice" in one.op_type for one in between) else {}
    both = count([*between, node("MatMul", ["x", "v"], ["y"])], {"w": noise(4, 3), **settings})
    assert both == (wanted, wanted)


def test_lstm_embedding_layer_norm_gain_and_shift_count():
    nodes = [
        node("Gather", ["table", "x"], ["words"]),
        node("LSTM", ["words", "w", "r", "b"], ["all"], hidden_size=2),
        node("LayerNormalization", ["all", "scale", "bias"], ["calm"]),
        node("Mul", ["calm", "gain"], ["some"]),
        node("Add", ["some", "shift"], ["y"]),
    ]
    shapes = {"table": (5, 3), "w": (1, 8, 3), "r": (1, 8, 2), "b": (1, 16), "scale": (2,), "bias": (2,)}
    shapes |= {"gain": (2,), "shift": (2,)}
    total = sum(int(np.prod(shape)) for shape in shapes.values())
    assert count(nodes, {name: noise(*shape) for name, shape in shapes.items()}, kind=I64) == (total, total)


def test_weights_of_an_einsum_count():
    assert count([node("Einsum", ["x", "w"], ["y"], equation="ij,jk->ik")], {"w": noise(4, 3)}) == (12, 12)


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([node("Add", ["x", "c"], ["y"])], {"c": np.float32(1e-5)}),
        ([node("Conv", ["x", "w"], ["m"]), node("Mul", ["m", "c"], ["y"])], {"c": np.full((2, 1, 1), 0.3, np.float32)}),
        (
            [node("Conv", ["x", "w"], ["m"]), node("Add", ["m", "c"], ["y"])],
            {"c": np.arange(64, dtype=np.float32) + 0.5},
        ),
        (
            [node("Conv", ["x", "w"], ["m"]), node("Add", ["m", "c"], ["y"])],
            {"c": np.triu(np.full((9, 9), -np.inf, np.float32), 1)},
        ),
        ([node("Sub", ["x", "mean"], ["c"]), node("Conv", ["c", "w"], ["y"])], {"mean": noise(1, 3, 1, 1)}),
        ([node("Clip", ["x", "low"], ["y"])], {"low": np.float32(0)}),
        ([node("Reshape", ["x", "s"], ["y"])], {"s": np.array([0, -1])}),
        ([node("Where", ["x", "a", "b"], ["y"])], {"a": noise(3), "b": noise(3)}),
    ],
)
def test_a_constant_that_is_no_weight_does_not_count(nodes, constants):
    uses_w = any("w" in one.input for one in nodes)
    assert count(nodes, {**constants, **({"w": noise(2, 3, 3, 3)} if uses_w else {})})[0] == (54 if uses_w else 0)

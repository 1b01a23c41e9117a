"""The guard where foreign ONNX files are opened: each kind of malformed model is refused in one line, none is run."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from damage import limits
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from small_models import dense_model

import dlbench
from dlbench.errors import ModelFileError
from dlbench.model.card import read_model

F32, I64 = TensorProto.FLOAT, TensorProto.INT64


def model_of(
    *nodes: NodeProto, weights: tuple[TensorProto, ...] = (), functions: tuple = (), **graph: object
) -> ModelProto:
    made = helper.make_graph(
        list(nodes),
        "g",
        [helper.make_tensor_value_info("x", F32, [1, 4])],
        [helper.make_tensor_value_info("y", F32, None)],
        list(weights),
        **graph,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    return helper.make_model(made, opset_imports=opsets, functions=list(functions), ir_version=9)


def function(name: str, *nodes: NodeProto) -> onnx.FunctionProto:
    return helper.make_function(
        "own", name, ["a"], ["b"], list(nodes), [helper.make_opsetid("", 18), helper.make_opsetid("own", 1)]
    )


def call(name: str, given: str, gives: str) -> NodeProto:
    return helper.make_node(name, [given], [gives], domain="own")


def doubling(levels: int) -> ModelProto:
    """Each function calls the next one twice: a file of a few KB that holds 2^levels nodes."""
    functions = [function(f"f{i}", call(f"f{i + 1}", "a", "m"), call(f"f{i + 1}", "m", "b")) for i in range(levels)]
    functions.append(function(f"f{levels}", helper.make_node("Relu", ["a"], ["b"])))
    return model_of(call("f0", "x", "y"), functions=tuple(functions))


def chained(levels: int) -> ModelProto:
    functions = [function(f"f{i}", call(f"f{i + 1}", "a", "b")) for i in range(levels)]
    functions.append(function(f"f{levels}", helper.make_node("Relu", ["a"], ["b"])))
    return model_of(call("f0", "x", "y"), functions=tuple(functions))


def heavy() -> ModelProto:
    """A constant of 1 MB in a function that is called a thousand times."""
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(np.zeros(2**18, np.float32)))
    size = helper.make_node("Size", ["c"], ["s"])
    own = function("f", constant, size, helper.make_node("Relu", ["a"], ["b"]))
    calls = [call("f", "x" if i == 0 else f"t{i}", f"t{i + 1}") for i in range(999)]
    return model_of(*calls, call("f", "t999", "y"), functions=(own,))


def inside(node: NodeProto, levels: int) -> NodeProto:
    """Return a node that holds graphs inside graphs, and the node in the innermost one."""
    for _ in range(levels):
        graph = helper.make_graph([node], "g", [], [helper.make_tensor_value_info("y", F32, None)])
        node = helper.make_node("Own", ["x"], ["y"], domain="else.where", body=graph)
    return node


def nested(functions: int, levels: int) -> ModelProto:
    """Functions that call each other out of graphs inside graphs."""
    own = [function(f"f{i}", inside(call(f"f{i + 1}", "a", "b"), levels)) for i in range(functions)]
    own.append(function(f"f{functions}", helper.make_node("Relu", ["a"], ["b"])))
    return model_of(call("f0", "x", "y"), functions=tuple(own))


def tensor(**fields: object) -> TensorProto:
    made = TensorProto(name="w", data_type=F32, dims=[4])
    for name, value in fields.items():
        if isinstance(value, list):
            made.ClearField(name)
            getattr(made, name).extend(value)
        else:
            setattr(made, name, value)
    return made


def with_tensor(**fields: object) -> ModelProto:
    return model_of(helper.make_node("Add", ["x", "w"], ["y"]), weights=(tensor(**fields),))


def with_segment() -> ModelProto:
    model = with_tensor(raw_data=bytes(16))
    model.graph.initializer[0].segment.end = 4
    return model


def twice_outside() -> ModelProto:
    model = with_tensor(data_location=TensorProto.EXTERNAL)
    for location in ("weights.bin", "../secret.bin"):
        model.graph.initializer[0].external_data.add(key="location", value=location)
    return model


def not_utf8(field: str) -> bytes:
    return (
        model_of(helper.make_node("Relu", ["x"], ["y"], name="nnnn"))
        .SerializeToString()
        .replace({"name": b"nnnn", "operator": b"Relu"}[field], b"a\xff\xfeb")
    )


RELU_OF_A = helper.make_node("Relu", ["a"], ["b"])
RELU = helper.make_node("Relu", ["x"], ["y"])
MALFORMED: dict[str, tuple[ModelProto | bytes, str]] = {
    "node without inputs": (model_of(helper.make_node("Relu", [], ["y"])), "'Relu' ('y') with 0 inputs"),
    "node with an empty input": (model_of(helper.make_node("Relu", [""], ["y"])), "without an input"),
    "node without outputs": (model_of(RELU, helper.make_node("Relu", ["x"], [])), "with 0 outputs"),
    "constant without outputs": (model_of(RELU, helper.make_node("Constant", [], [], value_float=1.0)), "0 outputs"),
    "convolution of one input": (model_of(helper.make_node("Conv", ["x"], ["y"])), "with 1 inputs"),
    "attribute of another type": (
        model_of(helper.make_node("MaxPool", ["x"], ["y"], kernel_shape="ab")),
        "kernel_shape is of another type",
    ),
    "unknown element type": (with_tensor(data_type=99, raw_data=bytes(16)), "unknown element type 99"),
    "negative element type": (with_tensor(data_type=-1), "unknown element type -1"),
    "negative size": (with_tensor(dims=[-4], raw_data=b""), "impossible shape"),
    "product past 2^63": (with_tensor(dims=[2**40, 2**40], raw_data=b""), "impossible shape"),
    "two places outside": (twice_outside(), "says twice"),
    "segments": (with_segment(), "in segments"),
    "more inputs than its function has": (
        model_of(helper.make_node("f", ["x", "x"], ["y"], domain="own"), functions=(function("f", RELU_OF_A),)),
        "more inputs or outputs",
    ),
    "custom node without outputs": (
        model_of(RELU, helper.make_node("Own", ["x"], [], domain="else.where")),
        "0 outputs",
    ),
    "raw data too short": (with_tensor(raw_data=bytes(15)), "15 bytes where its shape asks for 16"),
    "raw data too long": (with_tensor(raw_data=bytes(20)), "20 bytes"),
    "no data": (with_tensor(), "0 values"),
    "data in the wrong field": (with_tensor(int64_data=[1, 2, 3, 4]), "0 values"),
    "name that is not UTF-8": (not_utf8("name"), "not UTF-8"),
    "operator that is not UTF-8": (not_utf8("operator"), "not UTF-8"),
    "function that calls itself": (
        model_of(call("f", "x", "y"), functions=(function("f", call("f", "a", "b")),)),
        "calls itself",
    ),
    "functions in a circle": (
        model_of(
            call("f", "x", "y"), functions=(function("f", call("g", "a", "b")), function("g", call("f", "a", "b")))
        ),
        "calls itself",
    ),
    "two functions of one name": (
        model_of(call("f", "x", "y"), functions=(function("f", helper.make_node("Relu", ["a"], ["b"])),) * 2),
        "two functions",
    ),
    "functions that double": (doubling(31), "nodes once its functions are inlined"),
    "functions that double without end": (doubling(49), "nodes once its functions are inlined"),
    "functions in a long chain": (chained(200), "deep"),
    "a function that grows the file": (heavy(), "bytes once they are inlined"),
    "graphs inside graphs": (nested(10, 10), "graphs inside graphs"),
}


def saved(folder: Path, model: ModelProto | bytes) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return path


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_model_is_refused_in_one_line_that_names_the_problem(tmp_path: Path, kind: str):
    model, words = MALFORMED[kind]
    path = saved(tmp_path, model)
    start = time.monotonic()
    with pytest.raises(ModelFileError) as caught, limits():
        read_model(path)
    assert time.monotonic() - start < 10
    assert words in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


SOUND: dict[str, ModelProto] = {
    "functions that call each other": doubling(8),
    "a chain of functions": chained(20),
    "graphs inside graphs": nested(3, 3),
    "half bytes": with_tensor(data_type=TensorProto.INT4, dims=[3], raw_data=bytes(2)),
    "text": with_tensor(data_type=TensorProto.STRING, string_data=[b"a", b"b", b"\xff", b"d"]),
    "complex": with_tensor(data_type=TensorProto.COMPLEX64, float_data=[0.0] * 8),
    "half floats as int32": with_tensor(data_type=TensorProto.FLOAT16, int32_data=[0] * 4),
    "an empty tensor": with_tensor(dims=[0], raw_data=b""),
    "an operator that nobody knows": model_of(helper.make_node("What", [], ["y"], domain="else.where")),
    "an operator of a later opset": model_of(helper.make_node("Swish", ["x"], ["y"])),
    "an output that is left out": model_of(
        helper.make_node("LSTM", ["x", "w", "r"], ["", "y"], hidden_size=1),
        weights=(
            tensor(name="w", dims=[1, 4, 1], raw_data=bytes(16)),
            tensor(name="r", dims=[1, 4, 1], raw_data=bytes(16)),
        ),
    ),
}


@pytest.mark.parametrize("kind", SOUND)
def test_an_unusual_model_that_is_sound_is_opened(tmp_path: Path, kind: str):
    dlbench.inspect(saved(tmp_path, SOUND[kind])).tables()


def outside(location: str, **entries: str) -> ModelProto:
    model = dense_model(inner=2)
    first = model.graph.initializer[0]
    first.ClearField("raw_data")
    first.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        first.external_data.add(key=key, value=value)
    return model


def loop(folder: Path) -> None:
    (folder / "a.bin").symlink_to("b.bin")
    (folder / "b.bin").symlink_to("a.bin")


@pytest.mark.parametrize(
    "model",
    [
        outside("a.bin"),
        outside("we\x00ights.bin"),
        outside("x" * 5000),
        outside(""),
        outside("."),
        outside("/dev/zero"),
        outside("../weights.bin"),
        outside("*/_ORT_MEM_ADDR_/*", offset="4096"),
        outside("weights.bin", offset="-1"),
        outside("weights.bin", length="-5"),
        outside("weights.bin", length="9" * 30),
        outside("weights.bin", length="9" * 5000),
        outside("weights.bin", offset=str(2**63)),
        outside("weights.bin", length="abc"),
        outside("weights.bin", length=""),
        outside("weights.bin", offset=""),
        outside("short.bin"),
    ],
)
def test_weights_outside_that_are_not_there_or_do_not_fit_are_refused_in_one_line(tmp_path: Path, model: ModelProto):
    (tmp_path / "weights.bin").write_bytes(bytes(784 * 2 * 4))
    (tmp_path / "short.bin").write_bytes(bytes(100))
    loop(tmp_path)
    with pytest.raises(ModelFileError) as caught:
        read_model(saved(tmp_path, model))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


def test_an_attribute_that_points_outside_the_folder_is_refused(tmp_path: Path):
    secret = tensor(data_location=TensorProto.EXTERNAL)
    secret.external_data.add(key="location", value="../secret.bin")
    (tmp_path / "secret.bin").write_bytes(bytes(16))
    (tmp_path / "inner").mkdir()
    path = saved(
        tmp_path / "inner",
        model_of(helper.make_node("Constant", [], ["w"], value=secret), helper.make_node("Add", ["x", "w"], ["y"])),
    )
    with pytest.raises(ModelFileError, match="points outside its folder"):
        read_model(path)


@pytest.mark.parametrize("entries", [{}, {"offset": "0"}, {"length": str(784 * 2 * 4)}])
def test_weights_outside_that_fit_are_counted(tmp_path: Path, entries: dict[str, str]):
    (tmp_path / "weights.bin").write_bytes(bytes(784 * 2 * 4))
    path = saved(tmp_path, outside("weights.bin", **entries))
    assert read_model(path).size_bytes == path.stat().st_size + 784 * 2 * 4


def without_end() -> ModelProto:
    """A loop of 2^40 turns, whose output's shape only a run can tell."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["v", "v"], ["w"])],
        "body",
        [
            helper.make_tensor_value_info("i", I64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("v", F32, None),
        ],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), helper.make_tensor_value_info("w", F32, None)],
    )
    weights = (numpy_helper.from_array(np.int64(2**40), "times"), numpy_helper.from_array(np.bool_(True), "yes"))
    nodes = [
        helper.make_node("Loop", ["times", "yes", "x"], ["l"], body=body),
        helper.make_node("NonZero", ["l"], ["n"]),
        helper.make_node("Cast", ["n"], ["y"], to=F32),
    ]
    return model_of(*nodes, weights=weights)


def grown() -> ModelProto:
    """68 GB made from two numbers, and a shape that only a run can tell."""
    nodes = [
        helper.make_node("ConstantOfShape", ["sizes"], ["c"]),
        helper.make_node("NonZero", ["c"], ["n"]),
        helper.make_node("Cast", ["n"], ["t"], to=F32),
        helper.make_node("ReduceSum", ["t"], ["s"], keepdims=0),
        helper.make_node("Add", ["x", "s"], ["y"]),
    ]
    return model_of(*nodes, weights=(numpy_helper.from_array(np.array([2**17, 2**17], np.int64), "sizes"),))


@pytest.mark.parametrize("model", [without_end(), grown()], ids=["a loop without end", "68 GB"])
def test_a_run_that_only_learns_shapes_ends_in_time_and_memory(
    tmp_path: Path, model: ModelProto, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("dlbench.model.shapes._LONGEST_RUN_S", 0.2)
    opened = dlbench.inspect(saved(tmp_path, model))
    assert any("can't be run to learn it" in note for note in opened.notes)

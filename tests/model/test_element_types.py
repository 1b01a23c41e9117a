"""The table of element types, held against onnx, ml_dtypes and ONNX Runtime."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from dlbench.model.element_types import ELEMENT_TYPES, FEEDABLE, by_number, by_runtime_name, element_bytes


def test_the_table_has_every_type_of_onnx_under_its_number_and_name():
    numbers = {number: name for name, number in TensorProto.DataType.items() if name != "UNDEFINED"}
    assert {row.number: row.name for row in ELEMENT_TYPES} == {n: name.lower() for n, name in numbers.items()}


@pytest.mark.parametrize("row", ELEMENT_TYPES, ids=lambda row: row.name)
def test_names_and_bytes_are_those_of_numpy_and_ml_dtypes(row):
    dtype = helper.tensor_dtype_to_np_dtype(row.number)
    assert row.numpy == str(dtype)
    assert row.bytes == (None if row.name == "string" else dtype.itemsize)
    assert element_bytes(row.numpy) == row.bytes
    digits = "".join(filter(str.isdigit, row.name.partition("e")[0]))
    assert row.packed_bits == (int(digits) if digits and int(digits) < 8 else 0)
    assert row.is_float == (np.dtype(dtype).kind == "f" or "float" in str(dtype))
    assert by_number(row.number) is by_runtime_name(row.runtime_name) is row


@pytest.mark.parametrize("runtime_name", FEEDABLE)
def test_onnx_runtime_names_the_types_that_can_be_fed_so(runtime_name: str):
    row = by_runtime_name(runtime_name)
    value = [helper.make_tensor_value_info(name, row.number, [2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].type == runtime_name
    assert session.run(None, {"x": np.ones(2, row.numpy)})[0].dtype == row.numpy


def test_what_is_not_in_the_table_is_not_known():
    assert by_number(0) is None
    assert by_runtime_name("seq(tensor(float))") is None
    assert element_bytes("") is element_bytes("object") is None

"""Small real ONNX models, made by hand, so that their counts and outputs are known."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def dense_model(batch: str | int = "N", opset: int = 18, inner: int = 16) -> onnx.ModelProto:
    """784 -> inner -> 10 on pictures of 28 x 28: the smallest network that is fed like a real one."""
    rng = np.random.default_rng(0)
    first = rng.standard_normal((784, inner)).astype(np.float32)
    second = rng.standard_normal((inner, 10)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Flatten", ["image"], ["flat"], name="flatten"),
            helper.make_node("MatMul", ["flat", "w1"], ["h"], name="first"),
            helper.make_node("Relu", ["h"], ["r"], name="relu"),
            helper.make_node("MatMul", ["r", "w2"], ["logits"], name="second"),
        ],
        "dense",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 1, 28, 28])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [batch, 10])],
        [numpy_helper.from_array(first, "w1"), numpy_helper.from_array(second, "w2")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)

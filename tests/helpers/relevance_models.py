"""Small ONNX networks whose relevance is known: detectors of coloured patches, heads of every kind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 32
RED, BLUE = (slice(5, 14), slice(17, 26)), (slice(20, 29), slice(3, 12))  # rows, columns of the planted patches
Node = helper.make_node


def planted_picture() -> np.ndarray:
    """Return grey noise with a red patch and a blue one, (1, 3, 32, 32)."""
    picture = 0.45 + 0.1 * np.random.default_rng(3).random((1, 3, SIZE, SIZE), dtype=np.float32)
    for place, channel in ((RED, 0), (BLUE, 2)):
        picture[0, :, *place] = 0.1
        picture[0, channel, *place] = 0.9
    return picture


def weights(classes: int = 3) -> dict[str, np.ndarray]:
    """Return a detector of red, one of blue and four channels of noise, and a head for `classes` classes."""
    rng = np.random.default_rng(0)
    kernels = 0.02 * rng.standard_normal((6, 3, 3, 3)).astype(np.float32)
    kernels[0] += np.array([1, -0.5, -0.5], np.float32)[:, None, None] / 9
    kernels[1] += np.array([-0.5, -0.5, 1], np.float32)[:, None, None] / 9
    head = 0.05 * rng.standard_normal((6, classes)).astype(np.float32)
    head[:2, :2] += np.eye(2, dtype=np.float32)[:, :classes] * 40 if classes > 1 else np.array([[40], [-40]])
    bias = np.array([0.3, -0.2, 0.1, 0.4][:classes], np.float32)
    return {"kernels": kernels, "head": head, "bias": bias}


AVERAGE = (Node("GlobalAveragePool", ["maps"], ["pooled"]), Node("Flatten", ["pooled"], ["flat"]))
HEADS = {
    "gemm": [*AVERAGE, Node("Gemm", ["flat", "head", "bias"], ["logits"])],
    "matmul": [
        Node("ReduceMean", ["maps", "places"], ["pooled"], keepdims=0),
        Node("Identity", ["pooled"], ["same"]),
        Node("MatMul", ["same", "head"], ["product"]),
        Node("Add", ["bias", "product"], ["logits"]),
    ],
    "averagepool": [
        Node("AveragePool", ["maps"], ["pooled"], kernel_shape=[8, 8]),
        Node("Dropout", ["pooled"], ["kept"]),
        Node("Reshape", ["kept", "shape"], ["flat"]),
        Node("Gemm", ["flat", "turned", "bias"], ["logits"], transB=1),
    ],
    "normalised": [
        Node("GlobalAveragePool", ["maps"], ["pooled"]),
        Node("BatchNormalization", ["pooled", "gamma", "beta", "mean", "variance"], ["normed"]),
        Node("Conv", ["normed", "points", "bias"], ["scores"]),
        Node("Flatten", ["scores"], ["logits"]),
    ],
    "rounded": [
        *AVERAGE,
        Node("QuantizeLinear", ["flat", "fine", "zero"], ["flat8"]),
        Node("DequantizeLinear", ["flat8", "fine", "zero"], ["near"]),
        Node("DequantizeLinear", ["head8", "coarse", "zero"], ["head_near"]),
        Node("Gemm", ["near", "head_near", "bias"], ["sum"]),
        Node("QuantizeLinear", ["sum", "coarse", "zero"], ["sum8"]),
        Node("DequantizeLinear", ["sum8", "coarse", "zero"], ["logits"]),
    ],
    # what follows allows no class activation map
    "flatten": [Node("Flatten", ["maps"], ["flat"]), Node("MatMul", ["flat", "wide"], ["logits"])],
    "hidden": [*AVERAGE, Node("Relu", ["flat"], ["positive"]), Node("Gemm", ["positive", "head", "bias"], ["logits"])],
    "squared": [*AVERAGE, Node("Mul", ["flat", "flat"], ["square"]), Node("Gemm", ["square", "head"], ["logits"])],
    "halved": [
        Node("AveragePool", ["maps"], ["smaller"], kernel_shape=[2, 2], strides=[2, 2]),
        Node("Flatten", ["smaller"], ["flat"]),
        Node("MatMul", ["flat", "quarter"], ["logits"]),
    ],
    "beside": [
        *AVERAGE,
        Node("GlobalMaxPool", ["maps"], ["largest"]),
        Node("Flatten", ["largest"], ["flatter"]),
        Node("Add", ["flat", "flatter"], ["both"]),
        Node("Gemm", ["both", "head", "bias"], ["logits"]),
    ],
}


def patch_model(
    head: str = "gemm",
    *,
    classes: int = 3,
    ending: str = "",
    batch: str | int = "N",
    kept: dict[str, np.ndarray] | None = None,
) -> onnx.ModelProto:
    """Return conv 3 x 3, ReLU, average over 4 x 4 (maps: 6 x 8 x 8), and a head; `ending` is a last activation."""
    kept = weights(classes) if kept is None else kept
    rng = np.random.default_rng(1)
    extra = {
        "fine": np.float32(0.005),
        "coarse": np.float32(0.4),
        "zero": np.int8(0),
        "head8": np.clip(np.round(kept["head"] / 0.4), -128, 127).astype(np.int8),
        "places": np.array([2, 3]),
        "shape": np.array([0, 6]),
        "turned": kept["head"].T.copy(),
        "points": kept["head"].T[:, :, None, None].copy(),
        "gamma": 1 + rng.random(6, dtype=np.float32),
        "beta": rng.random(6, dtype=np.float32),
        "mean": rng.random(6, dtype=np.float32) / 10,
        "variance": 1 + rng.random(6, dtype=np.float32),
        "wide": np.repeat(kept["head"], 64, axis=0) / 64,
        "quarter": np.repeat(kept["head"], 16, axis=0) / 16,
    }
    nodes = [
        Node("Conv", ["image", "kernels"], ["conv"], pads=[1, 1, 1, 1]),
        Node("Relu", ["conv"], ["relu"]),
        Node("AveragePool", ["relu"], ["maps"], kernel_shape=[4, 4], strides=[4, 4]),
        *HEADS[head],
    ]
    output = "logits"
    if ending:
        nodes.append(Node(ending, ["logits"], ["answer"]))
        output = "answer"
    used = {name for node in nodes for name in node.input}
    return make(nodes, {k: v for k, v in (kept | extra).items() if k in used}, output, classes, batch)


def make(
    nodes: list, tensors: dict[str, np.ndarray], output: str, classes: int, batch: str | int = "N", channels: int = 3
) -> onnx.ModelProto:
    """Return a model from `image` (batch, channels, 32, 32) to `output` (batch, classes)."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, channels, SIZE, SIZE])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, classes])],
        [numpy_helper.from_array(np.asarray(values), name) for name, values in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def linear_model(plane: np.ndarray) -> onnx.ModelProto:
    """Return a network of one channel whose one number is the sum of pixels x plane (32, 32), no ending."""
    nodes = [Node("Flatten", ["image"], ["flat"]), Node("MatMul", ["flat", "plane"], ["number"])]
    return make(nodes, {"plane": plane.reshape(-1, 1).astype(np.float32)}, "number", 1, channels=1)


def saved(model: onnx.ModelProto, folder: Path, name: str = "patches") -> Path:
    """Write the model and return its path."""
    onnx.checker.check_model(model)
    path = folder / f"{name}.onnx"
    onnx.save_model(model, path)
    return path

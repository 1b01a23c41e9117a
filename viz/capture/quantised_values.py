"""Tensors of quantised models that hold small integers, and the scale that turns them into real values.

    scales = quantised_tensors(model.graph)
    scales["conv1_quantized"].real(values)          # (values - zero point) * scale
    rescaled_tensors(model.graph, constants)["conv1_integer"]       # "conv1_output": the same, as real numbers

Reference: B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
Inference", CVPR 2018 (r = S (q - Z)); the inputs' order is that of the ONNX operators and of ONNX Runtime's own.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.model.parameters import constant_tensors

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

__all__ = ["Quantised", "quantised_tensors", "rescaled_tensors"]

# operator -> places of the output's scale and zero point among its inputs
_PLACES = {
    "QuantizeLinear": (1, 2),
    "QLinearConv": (6, 7),
    "QLinearMatMul": (6, 7),
    "QLinearAdd": (6, 7),
    "QLinearMul": (6, 7),
    "QLinearSigmoid": (3, 4),
    "QLinearLeakyRelu": (3, 4),
    "QLinearGlobalAveragePool": (3, 4),
    "QLinearAveragePool": (3, 4),
    "QLinearSoftmax": (3, 4),
    "QLinearConcat": (0, 1),
    "QGemm": (7, 8),
}
# what they give are some of the values that they take
_PASSED_ON = {"MaxPool", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Slice", "Gather", "Resize", "Pad"}
_PASSED_ON |= {"Relu", "Clip", "DepthToSpace", "SpaceToDepth", "Expand", "Tile", "Transpose"}
_MOST_AXES = 1
_REAL = 2  # product and cast: what comes after them has real values


@dataclass(frozen=True)
class Quantised:
    """How integers stand for real values."""

    scale: NDArray[np.float32]  # one, or one for each place along an axis
    zero_point: NDArray[Any]
    axis: int = 1

    def real(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return (values - zero point) x scale, in the shape of the values."""
        if not np.issubdtype(values.dtype, np.integer):
            return values
        result: NDArray[np.float32] = (values.astype(np.float32) - self._along(self.zero_point, values.ndim)) * (
            self._along(self.scale, values.ndim)
        )
        return result

    def _along(self, constants: NDArray[Any], rank: int) -> NDArray[np.float32]:
        """Return one number, or one for each place along the axis in the rank of the values."""
        shape = [-1 if place == self.axis % rank else 1 for place in range(rank)] if constants.size > 1 else []
        return np.asarray(constants, np.float32).reshape(shape)


def quantised_tensors(graph: GraphProto) -> dict[str, Quantised]:
    """Return the scale of each tensor that holds quantised values, as far as scales are constants of the file."""
    from onnx import numpy_helper

    constants = {t.name: t for t in graph.initializer if t.data_location != 1} | dict(constant_tensors(graph))
    found: dict[str, Quantised] = {}
    for node in graph.node:
        if (
            node.op_type in _PASSED_ON
            and node.input
            and node.input[0] in found
            and found[node.input[0]].scale.size == 1
        ):
            found[node.output[0]] = found[node.input[0]]
        places = _PLACES.get(node.op_type)
        if places is None or len(node.input) <= places[0]:
            continue
        names = [node.input[place] if len(node.input) > place else "" for place in places]
        if names[0] not in constants or (names[1] and names[1] not in constants):
            continue
        scale = numpy_helper.to_array(constants[names[0]]).astype(np.float32)
        zero = numpy_helper.to_array(constants[names[1]]) if names[1] else np.zeros((), np.uint8)
        if scale.ndim <= _MOST_AXES:
            axis = next((int(a.i) for a in node.attribute if a.name == "axis" and node.op_type == "QuantizeLinear"), 1)
            found[node.output[0]] = Quantised(scale, zero, axis)
    return found


def rescaled_tensors(graph: GraphProto, constants: Container[str]) -> dict[str, str]:
    """Return for each product of integers, and its cast to floats, the tensor that holds its real values.

    Dynamic quantisation finds the scale of what comes in at every run, so it is no constant: ConvInteger and
    MatMulInteger give 32-bit sums, Cast makes floats of them, Mul brings them to their size, Add gives them their bias.

    Args:
        graph: of the file.
        constants: tensors that no picture changes.
    """
    users: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    found: dict[str, str] = {}
    for node in graph.node:
        if node.op_type not in ("ConvInteger", "MatMulInteger"):
            continue
        chain = [node]
        for kind in ("Cast", "Mul", "Add"):
            following = users.get(chain[-1].output[0], [])
            if len(following) != 1 or following[0].op_type != kind:
                break
            if kind == "Add" and not any(name in constants for name in following[0].input):
                break  # a shortcut
            chain.append(following[0])
        if len(chain) > _REAL:
            found.update((each.output[0], chain[-1].output[0]) for each in chain[:_REAL])
    return found

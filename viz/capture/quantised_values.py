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

from dlbench.model.graphs import attribute, constants, consumers, is_external
from dlbench.model.operators import of_node

if TYPE_CHECKING:
    from onnx import GraphProto

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

    stored = {name: tensor for name, tensor in constants(graph).items() if not is_external(tensor)}
    scales: dict[str, Quantised] = {}
    for node in graph.node:
        operator = of_node(node)
        before = scales.get(node.input[0]) if operator.keeps_scale and node.input else None
        if before is not None and before.scale.size == 1:
            scales[node.output[0]] = before
        if operator.scale is None or len(node.input) <= operator.scale[0]:
            continue
        names = [node.input[place] if len(node.input) > place else "" for place in operator.scale]
        if names[0] not in stored or (names[1] and names[1] not in stored):
            continue
        scale = numpy_helper.to_array(stored[names[0]]).astype(np.float32)
        zero = numpy_helper.to_array(stored[names[1]]) if names[1] else np.zeros((), np.uint8)
        if scale.ndim <= _MOST_AXES:
            axis = attribute(node, "axis", 1) if operator.kind == "convert" else 1
            scales[node.output[0]] = Quantised(scale, zero, axis)
    return scales


def rescaled_tensors(graph: GraphProto, constants: Container[str]) -> dict[str, str]:
    """Return for each product of integers, and its cast to floats, the tensor that holds its real values.

    Dynamic quantisation finds the scale of what comes in at every run, so it is no constant: ConvInteger and
    MatMulInteger give 32-bit sums, Cast makes floats of them, Mul brings them to their size, Add gives them their bias.
    """
    users = consumers(graph)
    real: dict[str, str] = {}
    for node in graph.node:
        if not of_node(node).gives_sums:
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
            real.update((each.output[0], chain[-1].output[0]) for each in chain[:_REAL])
    return real

"""Batch normalisation in a graph that becomes part of a neighbour, or a convolution: the same function, fit for int8.

    absorb_norms(model, kept=["norm1"])     # the model itself changes; norm1 stays as it is

At inference y = scale * x + shift in each channel. ONNX Runtime folds that into a convolution right before it. Here it
also moves to the layer before a pool (a maximum keeps its place if scale > 0, a mean with any), into a dense layer, or
into the layer behind it, where no padding stands between. What is left becomes a convolution of one pixel, one map at
a time, which has an 8-bit kernel; normalisation has none, and would cost two conversions (B. Jacob et al.,
"Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018, section 3.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.model.graphs import attribute, constants, consumers, names_used, producers

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import GraphProto, ModelProto, NodeProto

_LAYERS = ("Conv", "Gemm")
_POOLS = ("MaxPool", "AveragePool", "GlobalAveragePool")


def absorb_norms(model: ModelProto, kept: Collection[str] = (), *, as_layers: bool = True) -> bool:
    """Change the model so that no batch normalisation stands by itself where that is exact; return whether it changed.

    Its shapes are inferred. `as_layers`: what has no neighbour to take it becomes a convolution; it needs a scale for
    each channel in int8.
    """
    changed = False
    for norm in [node for node in model.graph.node if node.op_type == "BatchNormalization" and node.name not in kept]:
        work = _Graph(model.graph)
        ways = (work.fold_back, work.fold_on, *([work.become_convolution] if as_layers else []))
        affine = work.affine(norm)
        changed |= affine is not None and any(way(norm, *affine) for way in ways)
    for gemm in [node for node in model.graph.node if node.op_type == "Gemm"]:
        changed |= _Graph(model.graph).flatten_bias(gemm)
    for relu in [node for node in model.graph.node if node.op_type == "Relu" and node.name not in kept]:
        changed |= _Graph(model.graph).move_before_pools(relu)
    used = _Graph(model.graph).uses
    stored = [tensor for tensor in model.graph.initializer if used[tensor.name]]
    del model.graph.initializer[:]
    model.graph.initializer.extend(stored)
    return changed


class _Graph:
    """A graph with what is asked of it again and again; it is read anew after each change."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph
        self.makers, self.takers = producers(self.graph), consumers(self.graph)
        self.stored = constants(self.graph)
        self.uses = Counter(name for node in self.graph.node for name in names_used([node]))
        self.uses.update(value.name for value in self.graph.output)

    def affine(self, norm: NodeProto) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return scale and shift of each channel, (C,); None: they are not known, or no numbers."""
        values = [self._values(name) for name in norm.input[1:5]]
        if attribute(norm, "training_mode", 0) or any(norm.output[1:]) or any(value is None for value in values):
            return None
        gain, bias, mean, variance = (np.asarray(value, np.float64) for value in values)
        scale = gain / np.sqrt(variance + attribute(norm, "epsilon", 1e-5))
        shift = bias - mean * scale
        return (scale, shift) if np.isfinite(scale).all() and np.isfinite(shift).all() else None

    def fold_back(self, norm: NodeProto, scale: NDArray[np.float64], shift: NDArray[np.float64]) -> bool:
        """Fold into the layer before, past pools; say whether it went."""
        before = self._chain_before(norm)
        parts = self._parts(before[-1]) if before and all(_keeps(pool, scale) for pool in before[:-1]) else None
        if parts is None or parts[0].shape[0] != len(scale):
            return False
        weights, bias = parts  # (C, ...), (C,)
        if not self._put(before[-1], (weights.T * scale).T, bias * scale + shift):
            return False
        before[0].output[0] = norm.output[0]
        self.graph.node.remove(norm)
        return True

    def fold_on(self, norm: NodeProto, scale: NDArray[np.float64], shift: NDArray[np.float64]) -> bool:
        """Fold into the layer behind, where it fills in no zeros; say whether it went."""
        following = next(iter(self.takers.get(norm.output[0], [])), None)
        if following is None or self.uses[norm.output[0]] != 1 or attribute(following, "group", 1) != 1:
            return False
        parts = self._parts(following)
        if parts is None or parts[0].shape[1] != len(scale) or following.input[0] != norm.output[0]:
            return False
        if _pads(following):
            return False
        weights, bias = parts  # (out, C, ...), (out,)
        per_channel = weights.reshape(*weights.shape[:2], -1).sum(axis=2)  # (out, C, ...) -> (out, C)
        scaled = weights * scale.reshape(-1, *[1] * (weights.ndim - 2))
        if not self._put(following, scaled, bias + per_channel @ shift):
            return False
        following.input[0] = norm.input[0]
        self.graph.node.remove(norm)
        return True

    def become_convolution(self, norm: NodeProto, scale: NDArray[np.float64], shift: NDArray[np.float64]) -> bool:
        """Become a convolution of one pixel for each map; say whether it did."""
        from onnx import helper

        known = (*self.graph.input, *self.graph.value_info)
        rank = next((len(v.type.tensor_type.shape.dim) for v in known if v.name == norm.input[0]), 0)
        if not 3 <= rank <= 5:
            return False
        ones = [1] * (rank - 2)
        layer = helper.make_node(
            "Conv",
            norm.input[:1],
            norm.output[:1],
            name=f"{norm.name}_convolution",
            group=len(scale),
            kernel_shape=ones,
        )
        if not self._put(layer, scale.reshape(-1, 1, *ones), shift):
            return False
        norm.CopyFrom(layer)
        return True

    def move_before_pools(self, relu: NodeProto) -> bool:
        """Move an activation before the pools that it stands behind, to the layer that merges with it."""
        from onnx import NodeProto

        *pools, layer = self._chain_before(relu) or [relu]
        if not pools or any(pool.op_type != "MaxPool" for pool in pools):
            return False
        first, moved = pools[-1], NodeProto()
        moved.CopyFrom(relu)
        moved.input[0], moved.output[0] = layer.output[0], self._fresh(f"{layer.output[0]}_active")
        first.input[0], pools[0].output[0] = moved.output[0], relu.output[0]
        self.graph.node.remove(relu)
        self.graph.node.insert(list(self.graph.node).index(first), moved)
        return True

    def flatten_bias(self, gemm: NodeProto) -> bool:
        """Store a bias of (1, N) or of one number as (N,), which the quantiser takes alone; say whether it was done."""
        parts, bias = self._parts(gemm), self._values(gemm.input[2]) if len(gemm.input) > 2 else None
        if parts is None or bias is None or bias.shape == parts[1].shape:
            return False
        return self._put(gemm, *parts)

    def _chain_before(self, node: NodeProto) -> list[NodeProto]:
        """Return the pools before a node, the nearest first, then the layer before them; none where others take it."""
        found: list[NodeProto] = []
        tensor = node.input[0]
        while (maker := self.makers.get(tensor)) is not None and self.uses[tensor] == 1 and len(maker.output) == 1:
            found.append(maker)
            if maker.op_type in _LAYERS:
                return found
            if maker.op_type not in _POOLS:
                return []
            tensor = maker.input[0]
        return []

    def _parts(self, layer: NodeProto) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return the weights with the outputs first, and the bias; None: not stored, or the layer does more."""
        if layer.op_type not in _LAYERS:
            return None
        weights = self._values(layer.input[1])
        has_bias = len(layer.input) > 2 and bool(layer.input[2])
        bias = self._values(layer.input[2]) if has_bias else np.zeros(1)
        if weights is None or bias is None:
            return None
        if layer.op_type == "Gemm":
            if attribute(layer, "transA", 0) or attribute(layer, "alpha", 1.0) * attribute(layer, "beta", 1.0) != 1:
                return None
            weights = weights if attribute(layer, "transB", 0) else weights.T
        try:
            bias = np.broadcast_to(bias, (1, len(weights)))[0]
        except ValueError:  # a bias of its own for each row
            return None
        return weights.astype(np.float64), bias.astype(np.float64)

    def _put(self, layer: NodeProto, weights: NDArray[np.float64], bias: NDArray[np.float64]) -> bool:
        """Give a layer weights and bias of its own; refuse what 32 bits can't hold."""
        from onnx import numpy_helper

        with np.errstate(over="ignore"):
            values = [array.astype(np.float32) for array in (weights, bias)]
        if not all(np.isfinite(array).all() for array in values):
            return False
        if layer.op_type == "Gemm" and not attribute(layer, "transB", 0):
            values[0] = values[0].T
        names = []
        for array, what in zip(values, ("weight", "bias"), strict=True):
            names.append(self._fresh(f"{layer.output[0]}.{what}"))
            self.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(array), names[-1]))
        del layer.input[1:]
        layer.input.extend(names)
        return True

    def _values(self, name: str) -> NDArray[Any] | None:
        from onnx import numpy_helper

        tensor = self.stored.get(name)
        if tensor is None or tensor.data_type != 1:  # TensorProto.FLOAT
            return None
        return numpy_helper.to_array(tensor)

    def _fresh(self, name: str) -> str:
        taken = {*self.uses, *self.makers, *self.stored}
        while name in taken:
            name += "_"
        return name


def _keeps(pool: NodeProto, scale: NDArray[np.float64]) -> bool:
    """Say whether scaling and shifting each channel gives the same before the pool as behind it."""
    if pool.op_type == "MaxPool":
        return bool((scale > 0).all())
    counts_zeros = attribute(pool, "count_include_pad", 0) and (_pads(pool) or attribute(pool, "ceil_mode", 0))
    return not counts_zeros


def _pads(node: NodeProto) -> bool:
    """Say whether a window may reach over the edge."""
    return any(attribute(node, "pads", ())) or attribute(node, "auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID")

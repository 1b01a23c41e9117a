"""The weights of convolutions and dense layers, by the tensor that they give, as they lie in the file.

    weights_of(card)["conv1"]       # (filters, channels / groups, h, w); of a dense layer (neurons, inputs)

Weights that are quantised are turned into the numbers that they stand for; fp16 becomes float32.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.model.graphs import attribute, constants, producers
from dlbench.model.operators import of_node
from dlbench.model.soundness import stored_array
from dlbench.viz.capture.quantised_values import Quantised

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

    from dlbench.model.card import ModelCard

_MOST_VALUES = 64_000_000


class _Weights(dict[str, NDArray[np.float32]]):
    """Read one by one, when they are asked for: a large file's weights are never all in memory."""

    def __init__(self, card: ModelCard) -> None:
        super().__init__()
        graph = card.proto.graph
        self._folder = str(card.data_folder)
        self._constants, self._makers = constants(graph), producers(graph)
        self._nodes = {node.output[0]: node for node in graph.node if self._is_weighted(node)}

    def __contains__(self, tensor: object) -> bool:
        return tensor in self._nodes

    def __missing__(self, tensor: str) -> NDArray[np.float32]:
        node = self._nodes[tensor]
        values, operator = self._values(self._source(node)), of_node(node)
        is_turned = operator.kind == "dense" and not attribute(node, "transB", 0)
        if operator.scale:  # it takes integers: the weights' scale and zero point stand behind them
            place = operator.weights[0]
            values = self._real(values, node.input[place + 1 : place + 3], 1 if is_turned else 0)
        if is_turned:
            values = values.T  # (inputs, neurons) -> (neurons, inputs)
        self[tensor] = np.ascontiguousarray(values, np.float32)
        return self[tensor]

    def _is_weighted(self, node: NodeProto) -> bool:
        operator = of_node(node)
        if operator.kind not in ("conv", "dense") or operator.work == "unknown" or operator.gives_sums:
            return False
        dims = self._dims(self._source(node), 0)
        return math.prod(dims) <= _MOST_VALUES and (len(dims) == 2 if operator.kind == "dense" else len(dims) > 2)

    def _source(self, node: NodeProto) -> str:
        place = next(iter(of_node(node).weights), len(node.input))
        return node.input[place] if len(node.input) > place else ""

    def _dims(self, name: str, depth: int) -> tuple[int, ...]:
        if name in self._constants:
            return tuple(self._constants[name].dims)
        maker = self._makers.get(name)
        if maker is None or depth > 4 or not (_keeps_numbers(maker) or _is_turn(maker)):
            return ()
        if maker.op_type == "DequantizeLinear" and maker.input[1] not in self._constants:
            return ()
        dims = self._dims(maker.input[0], depth + 1)
        return tuple(dims[i] for i in _order(maker, len(dims))) if _is_turn(maker) else dims

    def _values(self, name: str) -> NDArray[Any]:
        if name in self._constants:
            return self._array(self._constants[name])
        maker = self._makers[name]
        inner = self._values(maker.input[0])
        if _is_turn(maker):
            return inner.transpose(_order(maker, inner.ndim))
        if maker.op_type != "DequantizeLinear":
            return inner
        return self._real(inner, maker.input[1:3], attribute(maker, "axis", 1))

    def _real(self, values: NDArray[Any], names: Sequence[str], axis: int) -> NDArray[Any]:
        """Return the numbers that quantised weights stand for; the weights where their scale is no constant.

        `names` are those of scale and zero point, which may be left out; a row of scales lies along `axis`.
        """
        if names[0] not in self._constants:
            return values
        scale, zero = (
            self._array(self._constants[name]) if name in self._constants else 0 for name in (*names, "")[:2]
        )
        return Quantised(np.asarray(scale, np.float32), np.asarray(zero), axis).real(values)

    def _array(self, tensor: TensorProto) -> NDArray[Any]:
        return stored_array(tensor, self._folder)


def weights_of(card: ModelCard) -> dict[str, NDArray[np.float32]]:
    """Return a mapping from a layer's tensor to its weights; each is read when it is asked for.

    `tensor in weights_of(card)` says whether a layer has weights that are constants of the file, of at most 64 million
    values. Convolutions: (filters, channels / groups, h, w). Dense layers: (neurons, inputs).
    """
    return _Weights(card)


def _order(node: NodeProto, rank: int) -> tuple[int, ...]:
    return attribute(node, "perm") or tuple(reversed(range(rank)))


def _keeps_numbers(node: NodeProto) -> bool:
    """Say whether a node gives the numbers that it takes, in another type at most."""
    operator = of_node(node)
    return operator.kind in ("identity", "convert") and operator.is_pointwise and operator.scale is None


def _is_turn(node: NodeProto) -> bool:
    return node.op_type == "Transpose"

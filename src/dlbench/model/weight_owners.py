"""Which layer of a graph each parameter belongs to: the first that uses it, so that every one counts once.

    owners = WeightOwners(model.graph)
    for node in model.graph.node:
        parameters, shares_with = owners.take(node, name)
    owners.unused                                   # parameters that no node uses

Constants flow: a node whose inputs are all constant (DequantizeLinear or Transpose of a weight) is computed once, on
loading, and its weights belong to the layer that uses its result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.model.parameters import inner_graphs, learned, parameters_of

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

__all__ = ["WeightOwners"]

_RANDOM = frozenset({"RandomNormal", "RandomUniform", "Multinomial", "Bernoulli"})


class WeightOwners:
    """Walks through a graph's nodes in order and hands out parameters; each is handed out once."""

    def __init__(self, graph: GraphProto) -> None:
        self._sizes = learned(graph)
        # constant tensor -> the learned tensors that it was made from
        self._made_from = {tensor.name: frozenset({tensor.name} & set(self._sizes)) for tensor in graph.initializer}
        self._owners: dict[str, str] = {}

    @property
    def unused(self) -> int:
        """Parameters that no node used so far."""
        return sum(size for name, size in self._sizes.items() if name not in self._owners)

    def is_constant(self, node: NodeProto) -> bool:
        """Say whether the node gives the same for every picture."""
        if node.op_type in _RANDOM or inner_graphs(node):
            return False
        return all(name in self._made_from for name in node.input if name)

    def take(self, node: NodeProto, name: str) -> tuple[int, str]:
        """Return how many parameters this node, of that name, is the first to use, and with whom it shares others.

        Weights inside If, Loop and Scan are the node's.
        """
        used = frozenset[str]().union(*(self._made_from.get(one, frozenset()) for one in _names_used(node)))
        if self.is_constant(node):
            own = frozenset(one for one in node.output if one in self._sizes)  # a Constant node that holds a weight
            self._made_from.update(dict.fromkeys((one for one in node.output if one), used | own))
            return 0, ""
        new = used - set(self._owners)
        shared = next((self._owners[one] for one in sorted(used - new)), "")
        self._owners.update(dict.fromkeys(new, name))
        inner = sum(parameters_of(graph) for graph in inner_graphs(node))
        return sum(self._sizes[one] for one in new) + inner, shared


def _names_used(node: NodeProto) -> set[str]:
    """Return the tensors that a node takes, with those that graphs inside it take from outside."""
    names = {name for name in node.input if name}
    for graph in inner_graphs(node):
        names.update(name for inner in graph.node for name in _names_used(inner))
    return names

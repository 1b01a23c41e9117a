"""Which constants of a graph are parameters (what training learned, not what it only recorded), and whose they are.

    learned(model.graph)["conv1.weight"]        # 400 elements
    parameters_of(model.graph)                  # with the graphs inside If, Loop and Scan
    owners = WeightOwners(model.graph)          # hands each parameter to the first layer that uses it
    parameters, shares_with = owners.take(node, name)

A file does not say what a constant is for; the place where it is used does. Not counted: running statistics of batch
normalisation, bounds of Clip, scales and zero points of quantisation, normalisation of the picture, single numbers and
indices. A Constant node counts where weights are expected, also behind Slice, Transpose or Cast, and where it is added
or multiplied and is no grid, mask or single number. So a file counts as its torch module does: weights and biases yes,
buffers no. A table of sines can't be told from weights and counts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dlbench.model.element_types import by_number
from dlbench.model.graphs import all_graphs, inner_graphs, input_names, is_external, names_used, stated_constants
from dlbench.model.operators import Operator, of_node

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

_MOST_CHANNELS = 4
_WEIGHTED = ("conv", "dense", "recurrent", "attention", "norm")
_MOST_LOOKED_AT = 100_000

Uses = set[tuple[Operator, int]]  # by which operators a tensor is taken, at which place


def parameters_of(graph: GraphProto) -> int:
    """Return all learned elements of a graph and of the graphs inside its nodes, each tensor once."""
    return sum(sum(learned(part).values()) for part in all_graphs(graph))


def learned(graph: GraphProto) -> dict[str, int]:
    """Return the learned constants of this graph, without the graphs inside its nodes: name -> elements."""
    users = _users(graph)
    stored = {tensor.name: tensor for tensor in graph.initializer}
    stated = stated_constants(graph)
    of_picture = _of_the_picture(graph, stored | stated)
    uses = {name: _final_uses(name, users) for name in stored | stated}
    weights = {name: tensor for name, tensor in stated.items() if _is_weight(tensor, uses[name])}
    return {
        name: math.prod(tensor.dims)
        for name, tensor in (stored | weights).items()
        if name not in of_picture and _is_learned(tensor, uses[name], stored)
    }


def _users(graph: GraphProto) -> dict[str, list[tuple[NodeProto, int]]]:
    """Return who takes each tensor at which place, in the graph and in those inside its nodes."""
    users: dict[str, list[tuple[NodeProto, int]]] = {}
    for part in all_graphs(graph):
        for node in part.node:
            for place, name in enumerate(node.input):
                users.setdefault(name, []).append((node, place))
    return users


def _final_uses(name: str, users: dict[str, list[tuple[NodeProto, int]]]) -> Uses:
    """Return by which operators a tensor is taken in the end: behind what slices, turns, reshapes or converts it."""
    uses: Uses = set()
    seen, stack = {name}, [name]
    while stack:
        for node, place in users.get(stack.pop(), ()):
            operator = of_node(node)
            if place in (operator.weights or operator.settings) or not _hands_on(operator, place):
                uses.add((operator, place))
                continue
            new = [output for output in node.output if output and output not in seen]
            seen.update(new)
            stack += new
    return uses


def _hands_on(operator: Operator, place: int) -> bool:
    return place == 0 and (operator.passes_on or operator.kind == "select")


def _is_weight(tensor: TensorProto, uses: Uses) -> bool:
    """Say whether a Constant node holds a weight: it stands where weights do, or is added or multiplied.

    Beside sums and products also stand settings: single numbers, one number many times, grids and masks of whole and
    half numbers. What training learned is none of these.
    """
    element = by_number(tensor.data_type)
    if element is None or not (element.is_float or element.precision == "int8"):
        return False
    if any(place in operator.weights for operator, place in uses):
        return True
    expecting = [operator for operator, place in uses if place not in operator.settings]
    if any(operator.kind in _WEIGHTED and not operator.weights for operator in expecting):  # Einsum, attention
        return True
    if not any(operator.kind in ("arithmetic", "") for operator in expecting) or math.prod(tensor.dims) < 2:
        return False
    return not _is_regular(tensor)


def _is_regular(tensor: TensorProto) -> bool:
    """Say whether a tensor holds one number many times, or whole and half numbers alone."""
    from onnx import numpy_helper

    if is_external(tensor) or not by_number(tensor.data_type):  # outside: too large for a setting
        return False
    values = numpy_helper.to_array(tensor).ravel()[:_MOST_LOOKED_AT].astype("float64")
    finite = values[abs(values) < math.inf]
    return bool((values == values[0]).all() or (finite * 2 == (finite * 2).round()).all())


def _is_learned(tensor: TensorProto, uses: Uses, stored: dict[str, TensorProto]) -> bool:
    element = by_number(tensor.data_type)
    if element is None or element.name in ("int64", "bool", "string") or not tensor.dims:
        return False
    if element.name == "int32" and len(tensor.dims) < 2:
        return any(operator.integer_bias == place for operator, place in uses)
    if uses and all(place in operator.settings for operator, place in uses):
        return False
    # ONNX Runtime's dynamic quantisation multiplies by the scale in a node of its own
    stem = tensor.name.removesuffix("_scale").removesuffix("_zero_point")
    return stem == tensor.name or f"{stem}_quantized" not in stored


def _of_the_picture(graph: GraphProto, stored: dict[str, TensorProto]) -> set[str]:
    """Return the constants that normalise the picture: up to four values that the input meets before any layer."""
    raw = set(input_names(graph))
    of_picture = set()
    for node in graph.node:
        operator = of_node(node)
        if raw.isdisjoint(node.input):
            continue
        if operator.kind == "arithmetic":
            beside = [name for name in node.input if name not in raw]
            if all(name in stored and math.prod(stored[name].dims) <= _MOST_CHANNELS for name in beside):
                of_picture.update(beside)
                raw.add(node.output[0])
        elif operator.passes_on:
            raw.add(node.output[0])
    return of_picture


class WeightOwners:
    """Walks through a graph's nodes in order and hands out parameters; each is handed out once.

    Constants flow: a node whose inputs are all constant (DequantizeLinear or Transpose of a weight) is computed once,
    on loading, and its weights belong to the layer that uses its result.
    """

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
        if of_node(node).kind == "random" or inner_graphs(node):
            return False
        return all(name in self._made_from for name in node.input if name)

    def take(self, node: NodeProto, name: str) -> tuple[int, str]:
        """Return how many parameters this node, of that name, is the first to use, and with whom it shares others.

        Weights inside If, Loop and Scan are the node's.
        """
        used = frozenset[str]().union(*(self._made_from.get(tensor, frozenset()) for tensor in names_used([node])))
        if self.is_constant(node):
            own = frozenset(tensor for tensor in node.output if tensor in self._sizes)  # a Constant that holds a weight
            self._made_from.update(dict.fromkeys((tensor for tensor in node.output if tensor), used | own))
            return 0, ""
        new = used - set(self._owners)
        shared = next((self._owners[tensor] for tensor in sorted(used - new)), "")
        self._owners.update(dict.fromkeys(new, name))
        inner = sum(parameters_of(graph) for graph in inner_graphs(node))
        return sum(self._sizes[tensor] for tensor in new) + inner, shared

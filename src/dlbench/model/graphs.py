"""What everybody asks of an ONNX graph: its real inputs, its constants, who gives and takes a tensor, what is inside.

    real_inputs(graph)                  # what the caller feeds
    producers(graph)["conv1"]           # the node that gives it
    with_outputs(model, ["conv1"])      # a copy that gives this tensor and nothing else

onnx is imported where it is used: `dlbench --help` has no time for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from dlbench.errors import ModelFileError, one_line

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto


def real_inputs(graph: GraphProto) -> list[ValueInfoProto]:
    """Return the inputs that a caller feeds: old files list their weights among the inputs too."""
    stored = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in stored]


def input_names(graph: GraphProto) -> list[str]:
    """Return the names of the inputs that a caller feeds."""
    return [value.name for value in real_inputs(graph)]


def constants(graph: GraphProto) -> dict[str, TensorProto]:
    """Return the tensors that are stored in the graph, by name: initializers, and what Constant nodes give."""
    return {tensor.name: tensor for tensor in graph.initializer} | stated_constants(graph)


def stated_constants(graph: GraphProto) -> dict[str, TensorProto]:
    """Return what the Constant nodes of a graph give, by name, where it is a tensor."""
    nodes = (node for node in graph.node if node.op_type == "Constant")
    return {node.output[0]: a.t for node in nodes for a in node.attribute if a.name == "value"}


def producers(graph: GraphProto) -> dict[str, NodeProto]:
    """Return the node that gives each tensor, by the tensor's name."""
    return {name: node for node in graph.node for name in node.output if name}


def consumers(graph: GraphProto) -> dict[str, list[NodeProto]]:
    """Return the nodes that take each tensor, in the graph's order, by the tensor's name."""
    users: dict[str, list[NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    return users


def inner_graphs(node: NodeProto) -> list[GraphProto]:
    """Return the graphs inside a node (If, Loop, Scan), not those inside them."""
    if not node.attribute:  # most nodes of a large graph
        return []
    return [graph for a in node.attribute for graph in ([a.g] if a.HasField("g") else a.graphs)]


def all_graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """Yield the graph and every graph inside its nodes, at any depth."""
    stack = [graph]
    while stack:
        current = stack.pop()
        yield current
        stack += [inner for node in current.node for inner in inner_graphs(node)]


def names_used(nodes: Iterable[NodeProto]) -> set[str]:
    """Return the tensors that nodes take, with all that graphs inside them take or give: it may come from outside."""
    names: set[str] = set()
    for node in nodes:
        names.update(name for name in node.input if name)
        for graph in inner_graphs(node):
            names |= names_used(graph.node) | {output.name for output in graph.output}
    return names


def nodes_behind(graph: GraphProto, output: str, stop_at: str | None = None) -> tuple[list[NodeProto], set[str]]:
    """Return the nodes that lead to `output`, in the graph's order, and every tensor that they need.

    What leads to the tensor `stop_at` alone, and the node that gives it, are left out.
    """
    needed, nodes = {output}, []
    for node in reversed(graph.node):
        if stop_at not in node.output and not needed.isdisjoint(node.output):
            nodes.append(node)
            needed |= names_used([node])
    return nodes[::-1], needed


def is_external(tensor: TensorProto) -> bool:
    """Say whether the values of a tensor lie in another file."""
    return tensor.data_location == 1  # TensorProto.EXTERNAL


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """Return the value of a node's attribute: a number, bytes or a tuple of numbers; the default where it has none."""
    for a in node.attribute:
        if a.name == name:
            return {1: a.f, 2: a.i, 3: a.s, 6: tuple(a.floats), 7: tuple(a.ints)}.get(a.type, default)
    return default


def copy_of(model: ModelProto) -> ModelProto:
    """Return a copy of the model that can be changed."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    return copy


def with_outputs(model: ModelProto, names: Iterable[str], *, beside_its_own: bool = False) -> ModelProto:
    """Return a copy of the model that gives these tensors, and its own outputs if wanted; the types are left open."""
    import onnx

    copy = copy_of(model)
    if not beside_its_own:
        del copy.graph.output[:]
    given = {value.name for value in copy.graph.output}
    copy.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in given)
    return copy


def inlined(model: ModelProto) -> ModelProto:
    """Return the model with the functions that it defines put where they are called; itself where it has none.

    Raises:
        ModelFileError: onnx can't put them there.
    """
    if not model.functions:
        return model
    from onnx.inliner import inline_local_functions

    try:
        result: ModelProto = inline_local_functions(model)
    except RuntimeError as error:  # what its C++ code throws
        raise ModelFileError(
            f"the functions of the model can't be inlined: received {one_line(error, 150)}."
        ) from error
    return result

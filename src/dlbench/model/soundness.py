"""The one guard where foreign ONNX files are opened: what a graph must hold before anybody looks into it.

    check_sound(model)          # raises Unsound with the words of one problem

Behind it, names are text, tensors hold the bytes that their type and shape ask for, nodes of the standard have the
inputs, outputs and attributes that the standard asks for, and functions end when they are put where they are called.
ONNX Runtime refuses what is refused here, but for the limits: 100,000 nodes once functions are inlined, calls 50 deep
and graphs 30 deep.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dlbench.errors import one_line
from dlbench.model.element_types import by_number
from dlbench.model.graphs import all_graphs, inner_graphs, is_external

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto
    from onnx.defs import OpSchema

_MOST_NODES = 100_000
_MOST_INLINED_BYTES = 1 << 28
_DEEPEST_CALLS = 50
_DEEPEST_GRAPHS = 30  # protobuf reads 100 messages deep, and a graph inside a graph takes three
_MOST_ELEMENTS = 2**63 - 1
_STANDARD = ("", "ai.onnx")
_STRING = 8
_COMPLEX = (14, 15)

Key = tuple[str, str, str]


class Unsound(Exception):  # noqa: N818  # read as a sentence: the model is unsound
    """A model that no reader can make sense of; the text names the problem."""


def check_sound(model: ModelProto) -> None:
    """Look through a parsed model.

    Raises:
        Unsound: a part that can't be what it says, or more than the limits allow.
    """
    functions = _functions(model)
    # a function's own opset wins where it is called, so its nodes are checked against that
    parts = [(model.graph, _opsets(model.opset_import))] + [(f, _opsets(f.opset_import)) for f in model.functions]
    for part, opsets in parts:
        _check_part(part, opsets)
    for tensor in tensors_of(model):
        _check_tensor(tensor)
    _check_names("metadata", (t for entry in model.metadata_props for t in (entry.key, entry.value)))
    _Inlined(functions).check(model.graph)


def tensor_bytes(tensor: TensorProto) -> int | None:
    """Return the bytes that a tensor's type and shape ask for; None for strings, whose size its shape does not tell."""
    element = by_number(tensor.data_type)
    if element is None or element.number == _STRING:
        return None
    bits = element.packed_bits or 8 * (element.bytes or 1)
    return (math.prod(map(int, tensor.dims)) * bits + 7) // 8


def stored_array(tensor: TensorProto, folder: str) -> NDArray[Any]:
    """Return a checked tensor's values; from a file in `folder` no more than its shape asks for."""
    from onnx import TensorProto, numpy_helper

    if is_external(tensor) and not any(entry.key == "length" for entry in tensor.external_data):
        sized = TensorProto()
        sized.CopyFrom(tensor)
        sized.external_data.add(key="length", value=str(tensor_bytes(tensor)))
        tensor = sized
    array: NDArray[Any] = numpy_helper.to_array(tensor, folder)
    return array


def _opsets(imports: Iterable[Any]) -> Mapping[str, int]:
    return {entry.domain: entry.version for entry in imports}


def _functions(model: ModelProto) -> dict[Key, Any]:
    functions: dict[Key, Any] = {}
    for function in model.functions:
        _check_names("function", (function.domain, function.name, function.overload, *function.input, *function.output))
        key = (function.domain, function.name, function.overload)
        if key in functions:
            raise Unsound(f"two functions called {_quoted(function.name)}")
        functions[key] = function
    return functions


def tensors_of(model: ModelProto) -> Iterator[TensorProto]:
    """Yield every tensor that a model stores: initializers, sparse ones, attributes, in graphs and in functions."""
    for part in (model.graph, *model.functions):
        for graph in _graphs(part):
            yield from graph.initializer
            yield from (tensor for sparse in graph.sparse_initializer for tensor in (sparse.values, sparse.indices))
        for node, _ in _all_nodes(part.node):
            for attribute in node.attribute:
                yield from (*([attribute.t] if attribute.HasField("t") else ()), *attribute.tensors)


def _graphs(part: Any) -> list[GraphProto]:
    """Return the graphs of a graph or a function: itself where it is one, and those inside its nodes."""
    inside = [graph for node in part.node for inner in inner_graphs(node) for graph in all_graphs(inner)]
    return [part, *inside] if hasattr(part, "initializer") else inside


def _check_part(part: Any, opsets: Mapping[str, int]) -> None:
    """Check the nodes and values of a graph or a function, and of the graphs inside."""
    for graph in _graphs(part):
        for value in (*graph.input, *graph.output, *graph.value_info):
            _check_names("tensor", (value.name,))
            _check_names("size", (d.dim_param for d in value.type.tensor_type.shape.dim if d.HasField("dim_param")))
    for node, _ in _all_nodes(part.node):
        _check_names("node", (node.name, node.op_type, node.domain, node.overload, *node.input, *node.output))
        _check_names("attribute", (text for a in node.attribute for text in (a.name, a.ref_attr_name)))
        if not node.output:
            raise Unsound(f"{_called(node)} with 0 outputs")
        schema = _schema(node.op_type, opsets.get(node.domain)) if node.domain in _STANDARD else None
        if schema is not None:
            _check_schema(node, schema)


def _schema(name: str, version: int | None) -> OpSchema | None:
    from onnx import defs

    if version is None or not 0 < version < 2**31:
        return None
    try:
        return defs.get_schema(name, version, "")
    except defs.SchemaError:
        return None  # ONNX Runtime says so, in better words


def _check_schema(node: NodeProto, schema: OpSchema) -> None:
    from onnx import defs

    for what, names, fewest, most in (
        ("inputs", node.input, schema.min_input, schema.max_input),
        ("outputs", node.output, schema.min_output, schema.max_output),
    ):
        if not fewest <= len(names) <= most:
            expected = f"{fewest} or more" if most > 1000 else f"{fewest} to {most}"
            raise Unsound(f"{_called(node)} with {len(names)} {what} (expected {expected})")
    single = defs.OpSchema.FormalParameterOption.Single
    if any(not name and formal.option == single for name, formal in zip(node.input, schema.inputs, strict=False)):
        raise Unsound(f"{_called(node)} without an input that it needs")
    for attribute in node.attribute:
        formal = schema.attributes.get(attribute.name)
        kind: Any = formal.type if formal is not None else None
        if kind is not None and not attribute.ref_attr_name and attribute.type != kind.value:
            raise Unsound(f"{_called(node)} whose {attribute.name} is of another type than the standard's")


def _called(node: NodeProto) -> str:
    name = node.name or next(iter(node.output), "")
    return f"a node {_quoted(node.op_type)}{f' ({_quoted(name)})' if name else ''}"


def _check_tensor(tensor: TensorProto) -> None:
    _check_names("tensor", (tensor.name, *(text for e in tensor.external_data for text in (e.key, e.value))))
    name = f"a tensor {_quoted(tensor.name)}"
    element = by_number(tensor.data_type)
    if element is None:
        raise Unsound(f"{name} of the unknown element type {tensor.data_type}")
    elements = math.prod(tensor.dims)
    if any(size < 0 for size in tensor.dims) or elements > _MOST_ELEMENTS // 16 or len(tensor.dims) > 64:
        raise Unsound(f"{name} of an impossible shape ({one_line(str(list(tensor.dims[:8])), 80)})")
    keys = [entry.key for entry in tensor.external_data]
    if len(set(keys)) < len(keys):  # readers differ on which one counts
        raise Unsound(f"{name} that says twice where its bytes lie")
    if tensor.HasField("segment"):
        raise Unsound(f"{name} in segments, which no runtime reads")
    expected = tensor_bytes(tensor)
    if is_external(tensor):
        return
    if tensor.HasField("raw_data"):
        if expected != len(tensor.raw_data):
            raise Unsound(f"{name} of {len(tensor.raw_data):,} bytes where its shape asks for {expected or 0:,}")
    elif not element.packed_bits:  # packed ones are left to who reads them
        from onnx import helper

        stored = len(getattr(tensor, helper.tensor_dtype_to_field(tensor.data_type)))
        wanted = elements * (2 if tensor.data_type in _COMPLEX else 1)
        if stored != wanted:
            raise Unsound(f"{name} of {stored:,} values where its shape asks for {wanted:,}")


def _check_names(what: str, names: Iterable[Any]) -> None:
    for name in names:
        if not isinstance(name, str):  # protobuf gives bytes for what it can't decode
            raise Unsound(f"a name of a {what} that is not UTF-8 ({one_line(repr(name), 60)})")


def _quoted(name: str) -> str:
    return repr(one_line(name, 60)) if name else "without a name"


@dataclass(frozen=True)
class _Size:
    nodes: int
    added_bytes: int = 0
    depth: int = 0  # graphs inside graphs


class _Inlined:
    """Counts what a graph holds once its functions are put where they are called, without doing it."""

    def __init__(self, functions: Mapping[Key, Any]) -> None:
        self._functions = functions
        self._known: dict[Key, _Size] = {}
        self._open: list[Key] = []

    def check(self, graph: GraphProto) -> None:
        size = self._count(graph.node)
        if size.nodes > _MOST_NODES:
            raise Unsound(f"{size.nodes:,} nodes once its functions are inlined (at most {_MOST_NODES:,} are read)")
        if size.added_bytes > _MOST_INLINED_BYTES:
            raise Unsound(f"functions that take {size.added_bytes:,} bytes once they are inlined")
        if size.depth > _DEEPEST_GRAPHS:
            raise Unsound(f"graphs inside graphs over {_DEEPEST_GRAPHS} deep once its functions are inlined")

    def _count(self, nodes: Iterable[NodeProto]) -> _Size:
        total, added, deepest = 0, 0, 0
        for node, depth in _all_nodes(nodes):
            key = (node.domain, node.op_type, node.overload)
            inner = self._function(key, node) if key in self._functions else _Size(1)
            total, added, deepest = total + inner.nodes, added + inner.added_bytes, max(deepest, depth + inner.depth)
        return _Size(total, added, deepest)

    def _function(self, key: Key, caller: NodeProto) -> _Size:
        function = self._functions[key]
        if len(caller.input) > len(function.input) or len(caller.output) > len(function.output):
            raise Unsound(f"{_called(caller)} with more inputs or outputs than its function has")
        if key in self._open:
            raise Unsound(f"a function {_quoted(key[1])} that calls itself")
        if len(self._open) >= _DEEPEST_CALLS:
            raise Unsound(f"functions that call each other over {_DEEPEST_CALLS} deep")
        if key not in self._known:
            self._open.append(key)
            size = self._count(function.node)
            self._known[key] = replace(size, added_bytes=size.added_bytes + function.ByteSize())
            self._open.pop()
        return self._known[key]


def _all_nodes(nodes: Iterable[NodeProto]) -> Iterator[tuple[NodeProto, int]]:
    """Yield nodes and those of the graphs inside them, each with its depth."""
    stack = [(node, 0) for node in nodes]
    while stack:
        node, depth = stack.pop()
        yield node, depth
        stack += [(below, depth + 1) for graph in inner_graphs(node) for below in graph.node]

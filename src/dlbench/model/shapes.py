"""The shape and type of every tensor of a graph for given inputs: inferred, and where that fails, learned by running.

    facts = tensor_facts(model, card, {"image": (1, 1, 28, 28)})
    facts.shapes["conv1"], facts.types["conv1"]      # (1, 16, 28, 28), float32

Shape inference does not know ONNX Runtime's own operators, nor shapes that depend on values. For those tensors the
model runs once on zeros with a Shape node behind each, so that only shapes are kept, never the tensors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.errors import ModelFileError, one_line
from dlbench.model.card import graph_shapes
from dlbench.model.feeds import ELEMENT_TYPES
from dlbench.model.sessions import open_session

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

    from dlbench.model.card import ModelCard

__all__ = ["TensorFacts", "element_bytes", "tensor_facts"]

Shape = tuple[int, ...]
_PREFIX = "dlbench_shape_of_"


@dataclass(frozen=True)
class TensorFacts:
    """What is known of a graph's tensors; a tensor that is missing is unknown."""

    shapes: Mapping[str, Shape]
    types: Mapping[str, str]  # as numpy names them, such as float32; what is no tensor has none
    notes: tuple[str, ...] = field(default=())  # where the shapes come from, if not from the file


def element_bytes(name: str) -> int | None:
    """Return the bytes of one element of this type, None where it has no fixed size (text)."""
    if name.startswith(("bfloat16", "float8", "int4", "uint4", "float4")):
        return 2 if name == "bfloat16" else 1  # ONNX Runtime packs two 4-bit values only in weights
    try:
        return np.dtype(name).itemsize or None
    except TypeError:
        return None


def tensor_facts(model: ModelProto, card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> TensorFacts:
    """Return shapes and types of the tensors that the model's nodes give.

    Args:
        model: `card`'s, its own functions inlined, with the shapes that could be inferred.
        card: the file, for its external data.
        shapes: of the inputs, by name.
    """
    known, types = graph_shapes(model.graph), _stated_types(model.graph)
    given = [name for node in model.graph.node for name in node.output if name and node.op_type != "Constant"]
    missing = [name for name in given if name not in known or name not in types]
    if not missing:
        return TensorFacts(known, types)
    try:
        loaded = _loaded(model, card, missing)
        types |= {name: kind for name, (kind, _) in loaded.items() if kind}
        known |= {name: shape for name, (_, shape) in loaded.items() if shape is not None}
        still = [name for name, (kind, shape) in loaded.items() if kind and name not in known]
        known |= _run_on_zeros(model, card, still, shapes) if still else {}
    except ModelFileError as error:
        words = f"{len(missing)} tensors have no known shape, and the model can't be run to learn it: "
        return TensorFacts(known, types, (words + one_line(error, 200),))
    if not still:
        return TensorFacts(known, types)
    return TensorFacts(known, types, (f"the shapes of {len(still)} tensors come from one run on zeros.",))


def _stated_types(graph: GraphProto) -> dict[str, str]:
    from onnx import helper

    types: dict[str, str] = {}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        number = value.type.tensor_type.elem_type
        if number:
            types[value.name] = str(helper.tensor_dtype_to_np_dtype(number))
    return types


def _with_outputs(model: ModelProto, names: Sequence[str], shape_nodes: bool) -> ModelProto:
    """Return a copy that gives these tensors, or their shapes, and nothing else."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    if shape_nodes:
        copy.graph.node.extend(onnx.helper.make_node("Shape", [name], [_PREFIX + name]) for name in names)
    copy.graph.output.extend(onnx.ValueInfoProto(name=_PREFIX + name if shape_nodes else name) for name in names)
    return copy


def _loaded(model: ModelProto, card: ModelCard, names: Sequence[str]) -> dict[str, tuple[str, Shape | None]]:
    """Return type and, where it is fixed, shape of each tensor as ONNX Runtime infers them when it loads the model."""
    session = open_session(card, _with_outputs(model, names, shape_nodes=False), optimised=False)
    found = {}
    for value in session.get_outputs():
        fixed = value.type.startswith("tensor(") and all(isinstance(d, int) and d >= 0 for d in value.shape)
        kind = ELEMENT_TYPES.get(value.type) or value.type.removeprefix("tensor(").removesuffix(")")
        # an empty shape stands for a single number and for an unknown rank alike
        found[value.name] = (
            kind if value.type.startswith("tensor(") else "",
            tuple(value.shape) if fixed and value.shape else None,
        )
    return found


def _run_on_zeros(
    model: ModelProto, card: ModelCard, names: Sequence[str], shapes: Mapping[str, Sequence[int]]
) -> dict[str, Shape]:
    session = open_session(card, _with_outputs(model, names, shape_nodes=True), optimised=False)
    feeds: dict[str, Any] = {
        value.name: np.zeros(tuple(shapes[value.name]), ELEMENT_TYPES.get(value.type, "float32"))
        for value in session.get_inputs()
    }
    try:
        found = session.run([_PREFIX + name for name in names], feeds)
    except Exception as error:  # ONNX Runtime's errors share no base
        raise ModelFileError(f"{card.path} does not run on zeros: received {one_line(error, 150)}.") from error
    return {name: tuple(map(int, shape)) for name, shape in zip(names, found, strict=True)}

"""The shape and type of every tensor of a graph for given inputs: inferred, and where that fails, learned by running.

    model = inferred_model(card, {"image": (1, 1, 28, 28)})
    graph_shapes(model.graph)["conv1"]               # (1, 16, 28, 28)
    facts = tensor_facts(model, card, {"image": (1, 1, 28, 28)})
    facts.shapes["conv1"], facts.types["conv1"]      # (1, 16, 28, 28), float32
    layer_bytes(card, {"image": (1, 1, 28, 28)})["conv1"]       # before it is computed

Shape inference does not know ONNX Runtime's own operators, nor shapes that depend on values. For those tensors the
model runs with a Shape node behind each, so that only shapes are kept, never the tensors: once on zeros (integers are
what `compare` feeds), and once more on noise. A shape that differs between the two depends on values and is unknown;
one that does not is marked (`from_run`), for other values may still change it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.errors import ModelFileError, one_line
from dlbench.model.element_types import BITS, FEEDABLE, by_number, by_runtime_name, element_bytes
from dlbench.model.graphs import copy_of, inlined, with_outputs
from dlbench.model.inputs.feeds import make_arrays
from dlbench.model.sessions import expect_all_fed, open_session
from dlbench.runtime import run_within

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, ValueInfoProto

    from dlbench.model.card import ModelCard

Shape = tuple[int, ...]
_PREFIX = "dlbench_shape_of_"
_MOST_NAMES = 4
_LONGEST_RUN_S = 4.0  # of each of two runs that only tell shapes
_MOST_MADE = 1 << 26  # elements of inputs that are made for it: more stay zeros, which take no memory
_MOST_ZEROS = 1 << 28  # 1 GB as floats
_REAL_BYTES = 4  # quantised values are given as float32


@dataclass(frozen=True)
class TensorFacts:
    """What is known of a graph's tensors; a tensor that is missing is unknown."""

    shapes: Mapping[str, Shape]
    types: Mapping[str, str]  # as numpy names them, such as float32; what is no tensor has none
    notes: tuple[str, ...] = field(default=())  # where the shapes come from, if not from the file
    from_run: frozenset[str] = frozenset()  # tensors whose shape is known from a run alone


def known_shapes(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> dict[str, Shape]:
    """Return the shape of every tensor that can be inferred for inputs of these shapes, by name; empty if none can."""
    inferred = inferred_model(card, shapes)
    return {} if inferred is None else graph_shapes(inferred.graph)


def inferred_model(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> ModelProto | None:
    """Return the model with inferred shapes, its own functions inlined; None where that fails."""
    from onnx import shape_inference

    model = copy_of(inlined(card.proto))
    _settle_shapes(model.graph, shapes)
    try:
        return shape_inference.infer_shapes(model, data_prop=True)
    except Exception:  # noqa: BLE001  # the checker's own classes, and protobuf's for models over 2 GB
        return None


def _settle_shapes(graph: GraphProto, shapes: Mapping[str, Sequence[int]]) -> None:
    """Write the asked sizes into the inputs and drop recorded shapes, which may say otherwise."""
    del graph.value_info[:]
    for value in graph.input:
        if value.name in shapes:
            dims = value.type.tensor_type.shape.dim
            del dims[:]
            for size in shapes[value.name]:
                dims.add().dim_value = int(size)
    for value in graph.output:
        value.type.tensor_type.ClearField("shape")


def graph_shapes(graph: GraphProto) -> dict[str, Shape]:
    """Return the shapes that a graph states in full, by tensor name."""
    known = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(d.HasField("dim_value") and d.dim_value >= 0 for d in dims):
            known[value.name] = tuple(d.dim_value for d in dims)
    return known


def stated_dims(value: ValueInfoProto) -> list[int | str | None]:
    """Return the sizes that a graph states of an input or output; text or None where they are open."""
    return [
        d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else d.dim_param or None
        for d in value.type.tensor_type.shape.dim
    ]


def fixed_on_loading(card: ModelCard, shapes: Mapping[str, Sequence[int]], names: Sequence[str]) -> frozenset[str]:
    """Return those of these outputs whose shape ONNX Runtime knows before a run; it knows operators of its own."""
    try:
        loaded = _loaded(inferred_model(card, shapes) or card.proto, card, names)
    except ModelFileError:  # what is wrong with the model shows where it is timed
        return frozenset()
    return frozenset(name for name, (_, shape) in loaded.items() if shape is not None)


def layer_bytes(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Return bytes by tensor, at least four to a value, where the shape is known or a run on zeros tells it."""
    facts = tensor_facts(inferred_model(card, shapes) or card.proto, card, shapes)
    return {
        name: max(_REAL_BYTES, element_bytes(facts.types.get(name, "")) or 0) * math.prod(shape)
        for name, shape in facts.shapes.items()
    }


def tensor_facts(
    model: ModelProto, card: ModelCard, shapes: Mapping[str, Sequence[int]], fed: Sequence[Mapping[str, Any]] = ()
) -> TensorFacts:
    """Return shapes and types of the tensors that the model's nodes give.

    Its own functions are inlined. `fed` is what the inputs are fed, as `OpenedModel.fed`; zeros where empty.
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
        seen = _seen_in_runs(model, card, still, shapes, fed) if still else {}
    except ModelFileError as error:
        unknown = f"{len(missing)} tensors have no known shape, and the model can't be run to learn it: "
        return TensorFacts(known, types, (unknown + one_line(error, 200),))
    same = {name: shape for name, shape in seen.items() if shape is not None}
    return TensorFacts(known | same, types, tuple(_run_notes(seen)), frozenset(same))


def _run_notes(seen: Mapping[str, Shape | None]) -> Iterator[str]:
    same = [name for name, shape in seen.items() if shape is not None]
    other = [name for name, shape in seen.items() if shape is None]
    if same:
        yield f"the shapes of {len(same)} tensors come from one run on zeros ({_listed(same)}): totals say at least."
    if other:
        yield f"the shapes of {len(other)} tensors depend on the values that are fed ({_listed(other)}): unknown."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")


def _stated_types(graph: GraphProto) -> dict[str, str]:
    values = [*graph.input, *graph.value_info, *graph.output]
    elements = {value.name: by_number(value.type.tensor_type.elem_type) for value in values}
    return {name: element.numpy for name, element in elements.items() if element}


def _loaded(model: ModelProto, card: ModelCard, names: Sequence[str]) -> dict[str, tuple[str, Shape | None]]:
    """Return type and, where it is fixed, shape of each tensor as ONNX Runtime infers them when it loads the model."""
    session = open_session(card, with_outputs(model, names), optimised=False)
    loaded: dict[str, tuple[str, Shape | None]] = {}
    for value in session.get_outputs():
        element = by_runtime_name(value.type)
        fixed = element is not None and all(isinstance(d, int) and d >= 0 for d in value.shape)
        # an empty shape stands for a single number and for an unknown rank alike
        loaded[value.name] = (element.numpy if element else "", tuple(value.shape) if fixed and value.shape else None)
    return loaded


def _seen_in_runs(
    model: ModelProto,
    card: ModelCard,
    names: Sequence[str],
    shapes: Mapping[str, Sequence[int]],
    fed: Sequence[Mapping[str, Any]],
) -> dict[str, Shape | None]:
    """Return the shapes that tensors have in a run; None where another run gives another."""
    from onnx import helper

    outputs = [_PREFIX + name for name in names]
    shapes_alone = with_outputs(model, outputs)
    shapes_alone.graph.node.extend(helper.make_node("Shape", [name], [_PREFIX + name]) for name in names)
    session = open_session(card, shapes_alone, optimised=False, bounded=True)
    expect_all_fed(session, card)
    elements = sum(math.prod(shapes[value.name]) for value in session.get_inputs() if value.name in shapes)
    if elements > _MOST_ZEROS:
        raise ModelFileError(f"{card.path} takes {elements:,} numbers: at most {_MOST_ZEROS:,} are fed to learn of it.")
    zeros: dict[str, Any] = {
        value.name: np.zeros(tuple(shapes[value.name]), FEEDABLE.get(value.type, "float32"))
        for value in session.get_inputs()
        if value.name in shapes
    }
    small = sum(math.prod(entry["shape"]) for entry in fed) <= _MOST_MADE
    made = make_arrays(fed, 0) if fed and small and not any(entry["type"] in BITS for entry in fed) else zeros
    first = {name: zeros[name] if made[name].dtype.kind == "f" else made[name] for name in zeros}
    try:
        before = _run(session, outputs, first)
    except Exception as error:  # ONNX Runtime's errors share no base
        raise ModelFileError(f"{card.path} does not run on zeros: received {one_line(error, 150)}.") from error
    try:
        after = _run(session, outputs, made)
    except Exception:  # noqa: BLE001  # ONNX Runtime's errors share no base; then the first run is all that is known
        after = before
    pairs = zip(names, before, after, strict=True)
    return {n: tuple(map(int, a)) if np.array_equal(a, b) else None for n, a, b in pairs}


def _run(session: Any, outputs: Sequence[str], feeds: Mapping[str, Any]) -> list[Any]:
    with run_within(_LONGEST_RUN_S) as options:
        answers: list[Any] = session.run(outputs, feeds, options)
    return answers

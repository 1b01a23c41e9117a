"""A model file as a table of layers: shapes, parameters, multiply-accumulates, bytes, and totals that add up.

    inspection = inspect_model(read_model(Path("cnn.onnx")), batch=1)
    inspection.layers[3].name, inspection.layers[3].parameters, inspection.total_parameters

Each parameter counts once, at the first layer that uses it; a weight that passes through DequantizeLinear or Transpose
belongs to the layer behind. Multiply-accumulates are those of `model.work`: convolutions and matrix products, as
torch.utils.flop_counter counts them (half its FLOP). Activation bytes are those of every output of a node
in its own type; the runtime reuses memory, so a run needs less.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlbench.model.element_types import element_bytes
from dlbench.model.inputs.given_values import GivenValues
from dlbench.model.layers import hidden_in
from dlbench.model.opening import InputFacts, OpenedModel, how_to_mark, open_model
from dlbench.model.operators import of_node
from dlbench.model.parameters import WeightOwners
from dlbench.model.shapes import TensorFacts
from dlbench.model.work import node_macs

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

    from dlbench.model.card import ModelCard

_MOST_NAMES = 4
_UNUSED = "(used by no layer)"
_MERGED = "(merged on export)"
_ADDED = "(added on export)"


@dataclass(frozen=True)
class InspectedLayer:
    """One node of the graph."""

    order: int  # place among all nodes, from 0; -1: what no node uses, or what is no longer in the file
    name: str  # of the architecture's layer where the file knows it, else of the tensor
    operator: str
    shape: tuple[int, ...] | None  # of its first output, batch included; None: unknown
    element_type: str  # of its first output, as numpy names it; empty: unknown
    parameters: int  # those that no earlier layer uses
    macs: int | None  # for the whole batch; None: can't be counted
    activation_bytes: int | None  # of all its outputs, for the whole batch; None: unknown
    is_small: bool = False  # an operator that only moves, renames or converts values
    shares_with: str = ""  # the layer where its weights were counted
    shape_from_run: bool = False  # its shape is known from one run on zeros alone: other values may change it


@dataclass(frozen=True)
class Inspection:
    """The layers of a model for one batch."""

    inputs: tuple[InputFacts, ...]
    layers: tuple[InspectedLayer, ...]
    notes: tuple[str, ...]  # what is unknown or was assumed
    batch: int  # that was counted; 1 where there is no batch axis

    @property
    def total_parameters(self) -> int:
        """All parameters: the card's."""
        return sum(layer.parameters for layer in self.layers)

    @property
    def total_macs(self) -> int:
        """Multiply-accumulates of all layers where they are known."""
        return sum(layer.macs or 0 for layer in self.layers)

    @property
    def total_activation_bytes(self) -> int:
        """Bytes of all outputs where they are known."""
        return sum(layer.activation_bytes or 0 for layer in self.layers)

    @property
    def uncounted(self) -> tuple[InspectedLayer, ...]:
        """The layers whose multiply-accumulates are unknown or known from one run: with any, the total is a bound."""
        return tuple(layer for layer in self.layers if layer.macs is None or (layer.macs and layer.shape_from_run))

    @property
    def unsized(self) -> tuple[InspectedLayer, ...]:
        """The layers whose bytes are unknown, or known from one run alone: with any, the total is a lower bound."""
        return tuple(layer for layer in self.layers if layer.activation_bytes is None or layer.shape_from_run)


def inspect_model(
    card: ModelCard,
    batch: int | None = None,
    shapes: Mapping[str, Sequence[int | str]] | None = None,
    given: Mapping[str, GivenValues] | None = None,
) -> Inspection:
    """Return the layers of a model file, for one picture at once unless `batch`, or the model, says otherwise.

    Raises:
        InputError: the model takes another batch, or an input has an open size that nothing settles.
    """
    opened = open_model(card, shapes or {}, batch, given=given)
    layers = tuple(_layers(opened.graph_model, card, opened.tensors))
    notes = [*opened.notes, *opened.tensors.notes, *_graph_notes(opened.graph_model.graph, layers)]
    left_out = [f"the optional input {name} is left out." for name in opened.left_out]
    notes = [*_batch_notes(opened), *left_out, *notes]
    return Inspection(opened.inputs, layers, tuple(notes), opened.batch)


def _batch_notes(opened: OpenedModel) -> list[str]:
    only = opened.only_batch or 1
    if only > 1:
        return [f"this file is made for batches of {only} ({opened.batch_axis.why}), so everything here is for {only}."]
    if not opened.batch_axis.axes:
        return [f"no batch axis: {opened.batch_axis.why}; everything here is for one run; {how_to_mark(opened)}."]
    return []


def _layers(model: ModelProto, card: ModelCard, facts: TensorFacts) -> list[InspectedLayer]:
    """Return a row for each node, and those for parameters that are not at any node."""
    names = {tensor: name for name, tensor in (card.facts.layers if card.facts else {}).items()}
    owners = WeightOwners(model.graph)
    layers = [_layer(order, node, names, owners, facts) for order, node in enumerate(model.graph.node)]
    if owners.unused:
        layers.append(_beside(_UNUSED, owners.unused))
    merged = card.parameters - sum(layer.parameters for layer in layers)
    if merged:
        layers.append(_beside(_MERGED if merged > 0 else _ADDED, merged))
    return layers


def _layer(
    order: int, node: NodeProto, names: Mapping[str, str], owners: WeightOwners, facts: TensorFacts
) -> InspectedLayer:
    outputs = [name for name in node.output if name]
    first = outputs[0] if outputs else ""
    name = names.get(first) or first or node.name
    is_constant = owners.is_constant(node)
    parameters, shared = owners.take(node, name)
    macs = node_macs(node, facts.shapes)
    small = is_constant or (of_node(node).only_moves and first not in names) or _is_index(outputs, facts)
    return InspectedLayer(
        order,
        name,
        node.op_type,
        facts.shapes.get(first),
        facts.types.get(first, ""),
        parameters,
        macs,
        0 if is_constant else _bytes(outputs, facts),
        is_small=small and not parameters and macs == 0,
        shares_with=shared,
        shape_from_run=first in facts.from_run,
    )


def _beside(name: str, parameters: int) -> InspectedLayer:
    return InspectedLayer(-1, name, "", None, "", parameters, 0, 0)


def _bytes(outputs: Sequence[str], facts: TensorFacts) -> int | None:
    """Return the bytes of these tensors; None where a shape or a type is unknown."""
    total = 0
    for name in outputs:
        size = element_bytes(facts.types.get(name, ""))
        if size is None or name not in facts.shapes:
            return None
        total += size * math.prod(facts.shapes[name])
    return total


def _is_index(outputs: Sequence[str], facts: TensorFacts) -> bool:
    """Say whether a node computes shapes or indices: it gives 64-bit integers of one dimension at most."""
    return all(facts.types.get(name) == "int64" and len(facts.shapes.get(name, (0, 0))) <= 1 for name in outputs)


def _graph_notes(graph: GraphProto, layers: Sequence[InspectedLayer]) -> list[str]:
    notes = [
        f"{count} nodes inside {operator} are not reached: their parameters count at the {operator}, their shapes and "
        "multiply-accumulates are unknown."
        for operator, count in hidden_in(graph).items()
    ]
    operators = Counter(layer.operator for layer in layers if layer.macs is None)
    if operators:
        listed = ", ".join(f"{count} {operator}" for operator, count in operators.items())
        notes.append(f"the multiply-accumulates of {listed} can't be counted: the total is a lower bound.")
    unknown = [layer.name for layer in layers if layer.activation_bytes is None]
    if unknown:
        listed = _first_names(unknown)
        notes.append(f"the size of what {len(unknown)} layers give is unknown ({listed}): the bytes are a lower bound.")
    sharing = [f"{layer.name} those of {layer.shares_with}" for layer in layers if layer.shares_with]
    if sharing:
        count = "1 layer uses" if len(sharing) == 1 else f"{len(sharing)} layers use"
        notes.append(f"{count} weights of another layer, where they count ({_first_names(sharing)}).")
    if any(layer.name == _MERGED for layer in layers):
        notes.append(
            "batch normalisation is part of the convolution before it: the parameters that training had and the file "
            f"no longer holds stand in the row {_MERGED}."
        )
    if any(layer.name == _ADDED for layer in layers):
        notes.append(f"{_ADDED}: parameters that the file holds beyond those that it says were trained.")
    return notes


def _first_names(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")

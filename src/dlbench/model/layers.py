"""Which tensors of an ONNX graph can be looked at, and how a user names them.

    card = read_model(Path("cnn.onnx"))
    layers = layers_of(card)
    chosen = choose(layers, "conv")             # or all, relu, 3, conv1, *features*

A layer is one tensor that a node gives. Tensor names are used throughout: node names may be empty or repeat. What is
inside If, Loop and Scan has no name outside them and can't be reached; `hidden_in` counts it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from os import PathLike
from typing import TYPE_CHECKING

from dlbench.errors import InputError, close_matches
from dlbench.model.card import ModelCard, card_of
from dlbench.model.graphs import all_graphs, inner_graphs
from dlbench.model.operators import Operator, named

if TYPE_CHECKING:
    from onnx import GraphProto

_KINDS = ("conv", "dense", "activation", "pool", "norm")  # of `dlbench.model.operators` that a user can name
_MOST_LISTED = 12


@dataclass(frozen=True)
class Layer:
    """One tensor of the graph."""

    order: int  # place among all layers, from 0
    tensor: str  # its name in the graph
    kind: str  # operator that gives it, such as Conv
    node: str = ""  # that node's name, often empty
    name: str = ""  # of the architecture's layer, where the file knows it

    @property
    def operator(self) -> Operator:
        """What is known of the operator that gives it."""
        return named(self.kind)

    @property
    def title(self) -> str:
        """The shortest name that a person knows it by."""
        return self.name or self.tensor


def layers_of(model: str | PathLike[str] | ModelCard) -> tuple[Layer, ...]:
    """Return every tensor that the nodes of a model give, in the order of the graph."""
    card = card_of(model)
    names = {tensor: name for name, tensor in (card.facts.layers if card.facts else {}).items()}
    values = (*card.proto.graph.output, *card.proto.graph.value_info)
    others = {v.name for v in values if v.type.WhichOneof("value") not in (None, "tensor_type")}  # sequences, maps
    layers: list[Layer] = []
    for node in card.proto.graph.node:
        if node.op_type == "Constant" or named(node.op_type).kind == "sequence":
            continue  # no result of the picture, or no tensor
        for tensor in node.output:
            if tensor and tensor not in others:  # an optional output that is left out has an empty name
                layers.append(Layer(len(layers), tensor, node.op_type, node.name, names.get(tensor, "")))
    return tuple(layers)


def hidden_in(graph: GraphProto) -> dict[str, int]:
    """Return how many nodes lie inside If, Loop and Scan at any depth, by the outermost operator that holds them."""
    hidden: Counter[str] = Counter()
    for node in graph.node:
        for inner in inner_graphs(node):
            hidden[node.op_type] += sum(len(part.node) for part in all_graphs(inner))
    return dict(hidden)


def choose(layers: Sequence[Layer], wanted: str) -> tuple[Layer, ...]:
    """Return the layers that any part of `wanted` names, in the graph's order, none twice.

    Args:
        layers: of `layers_of`.
        wanted: parts between commas, each `all`, a kind (conv, dense, activation, pool, norm), an operator (Relu), a
            place in the list (3, or 3-7; -1 is the last), a name of layer, tensor or node, or a pattern with * and ?.

    Raises:
        InputError: a part matches nothing; the line lists what there is.
    """
    chosen: dict[int, Layer] = {}
    whole = any(wanted in (layer.tensor, layer.name, layer.node) for layer in layers)  # a name may hold a comma
    for part in [wanted] if whole else [text.strip() for text in wanted.split(",")]:
        matched = _matching(layers, part) if part else []
        if not matched:
            raise InputError(_nothing(layers, part))
        chosen.update((layer.order, layer) for layer in matched)
    return tuple(chosen[order] for order in sorted(chosen))


def choose_one(layers: Sequence[Layer], wanted: str) -> Layer:
    """Return the one layer that `wanted` names; arguments as of `choose`.

    Raises:
        InputError: it names none, or several.
    """
    chosen = choose(layers, wanted)
    if len(chosen) > 1:
        last = ", ".join(layer.title for layer in chosen[-3:])
        raise InputError(
            f"layer: expected one layer, received {wanted!r}, which matches {len(chosen)}; name one of them, "
            f"such as the last: {last}."
        )
    return chosen[0]


def usual(layers: Sequence[Layer]) -> str:
    """Return what is looked at where nothing is named: convolutions; without any, dense layers; else all."""
    for kind in ("conv", "dense"):
        if any(layer.operator.kind == kind for layer in layers):
            return kind
    return "all"


def _matching(layers: Sequence[Layer], part: str) -> list[Layer]:
    """Return the first of these that matches: all, exact names, kinds, operators, places, patterns."""
    if part == "all":
        return list(layers)
    exact = [layer for layer in layers if part in (layer.tensor, layer.name) or (layer.node and part == layer.node)]
    if exact:
        return exact
    if part.lower() in _KINDS:
        return [layer for layer in layers if layer.operator.kind == part.lower()]
    of_operator = [layer for layer in layers if layer.kind.lower() == part.lower()]
    return of_operator or _places(layers, part) or _by_pattern(layers, part)


def _places(layers: Sequence[Layer], part: str) -> list[Layer]:
    single, span = re.fullmatch(r"-?\d{1,9}", part), re.fullmatch(r"(\d{1,9})-(\d{1,9})", part)
    if single:
        place = int(part)
        return [layers[place]] if -len(layers) <= place < len(layers) else []
    return list(layers[int(span[1]) : int(span[2]) + 1]) if span else []


def _by_pattern(layers: Sequence[Layer], part: str) -> list[Layer]:
    names = {layer: (layer.tensor, layer.name, layer.node) for layer in layers}
    return [layer for layer in layers if any(fnmatchcase(name, part) for name in names[layer] if name)]


def _nothing(layers: Sequence[Layer], part: str) -> str:
    kinds = Counter(layer.kind for layer in layers)
    listed = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(_MOST_LISTED))
    more = ", ..." if len(kinds) > _MOST_LISTED else ""
    close = close_matches(part, [t for layer in layers for t in {layer.title, layer.tensor}]) if part else ""
    return (
        f"no layer matches {part[:80]!r}: expected all, conv, dense, activation, pool, norm, an operator, a name or a "
        f"pattern; this model has {listed}{more}; dlbench viz activations MODEL --list shows them.{close}"
    )

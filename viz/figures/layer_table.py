"""Every layer of a model in one table: what it gives, how much of the picture one place sees, what it does.

    table = layer_table(card, {"image": (1, 3, 224, 224)}, {0: "activations-000-conv1"})

Pictures of a deep network can show some of its layers only; the table leaves none out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dlbench.errors import DlbenchError
from dlbench.model.inspection import InspectedLayer, inspect_model
from dlbench.model.layers import Layer, layers_of
from dlbench.model.operators import of_node
from dlbench.viz.capture.receptive_fields import receptive_fields
from dlbench.viz.figures.activation_figures import shape_words
from dlbench.viz.figures.layer_words import Meanings
from dlbench.viz.figures.picture_page import PageTable

if TYPE_CHECKING:
    from onnx import GraphProto

    from dlbench.model.card import ModelCard
    from dlbench.viz.capture.receptive_fields import Field

_MOST_ROWS = 2000
_COLUMNS = ("place", "layer", "operator", "gives", "parameters", "one place sees", "what it does")


def layer_table(
    card: ModelCard, shapes: Mapping[str, Sequence[int]], anchors: Mapping[int, str] | None = None
) -> PageTable:
    """Return a row for each layer, in the order of the graph; its name links to its place's picture in `anchors`."""
    every = layers_of(card)
    known = _inspected(card, shapes)
    meanings, fields, whole = Meanings(card), receptive_fields(card), _whole(card.proto.graph)
    rows, links = [], []
    for layer in every[:_MOST_ROWS]:
        facts = known.get(layer.title)
        gives = shape_words(facts.shape) if facts and facts.shape is not None else "unknown"
        sees = "the whole picture" if layer.tensor in whole else _sees(fields.get(layer.tensor))
        parameters = f"{facts.parameters:,}" if facts and facts.parameters else "-"
        rows.append((str(layer.order), layer.title, layer.kind, gives, parameters, sees, meanings.of(layer)))
        links.append((anchors or {}).get(layer.order, ""))
    return PageTable(_caption(every), _COLUMNS, tuple(rows), tuple(links))


def _caption(every: Sequence[Layer]) -> str:
    if len(every) > _MOST_ROWS:
        return f"The first {_MOST_ROWS:,} of {len(every):,} layers, in order"
    return f"All {len(every):,} layers, in order" if len(every) != 1 else "The only layer"


def _inspected(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> dict[str, InspectedLayer]:
    """Return what is known of the layers, by their names."""
    try:
        inspection = inspect_model(card, None, shapes)
    except DlbenchError:  # the rest of the page does not need the shapes
        return {}
    return {layer.name: layer for layer in inspection.layers}


def _whole(graph: GraphProto) -> set[str]:
    """Return the tensors whose every number depends on the whole picture: dense and global layers, and all behind."""
    tensors: set[str] = set()
    for node in graph.node:
        if of_node(node).sees_everything or not tensors.isdisjoint(node.input):
            tensors.update(node.output)
    return tensors


def _sees(field: Field | None) -> str:
    if field is None:
        return "-"
    return "1 pixel" if field.size == (1, 1) else f"{field.size[0]} x {field.size[1]} pixels"

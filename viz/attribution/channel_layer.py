"""The layer whose channels Score-CAM, Ablation-CAM and Eigen-CAM weigh, and what it gives for a picture.

layer, maps = chosen_maps(scorer, received, None)   # the last one that still has places: (C, gh, gw)
strongest(maps, 256)                                # the channels with most energy
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.element_types import FEEDABLE
from dlbench.model.layers import Layer, choose_one, layers_of
from dlbench.model.operators import of_node
from dlbench.model.shapes import known_shapes
from dlbench.viz.attribution.logits import Pictures, Scorer
from dlbench.viz.capture.activations import view
from dlbench.viz.capture.picture import input_shape
from dlbench.viz.capture.quantised_values import quantised_tensors
from dlbench.viz.capture.subgraph import Tail, tail_after

if TYPE_CHECKING:
    from onnx import GraphProto


def chosen_maps(scorer: Scorer, image: Pictures, wanted: str | None) -> tuple[Layer, NDArray[np.float32]]:
    """Return a layer, by default the last with places through which everything goes, and its maps (C, gh, gw).

    Raises:
        InputError: no such layer, several, or one without places.
    """
    layers = layers_of(scorer.card)
    layer = _last_with_places(scorer, image, layers) if wanted is None else choose_one(layers, wanted)
    (values,) = tensors_of(scorer, image, [layer.tensor])
    if values.ndim != 4 or values[0, 0].size < 2:
        raise InputError(
            f"layer {layer.title} has no places: expected channels x height x width with more than one place, received "
            f"{' x '.join(map(str, values.shape[1:])) or 'one number'}; take a convolution or its activation."
        )
    return layer, values[0].astype(np.float32)


def _last_with_places(scorer: Scorer, image: Pictures, layers: tuple[Layer, ...]) -> Layer:
    name = input_shape(scorer.card)[0]
    shapes = known_shapes(scorer.card, {name: (scorer.viewed.batch or 1, *scorer.fed(image).shape[1:])})
    integers = quantised_tensors(scorer.card.proto.graph)
    seen = _behind_convolutions(scorer.card.proto.graph)
    candidates = [layer for layer in reversed(layers) if layer.tensor in seen and layer.tensor not in integers]
    for layer in candidates:
        shape = shapes.get(layer.tensor, ())
        if len(shape) != 4 or shape[2] * shape[3] < 2:
            continue
        try:
            tail_after(scorer.card, layer)
        except InputError:
            continue  # a way round it, or a layer that does not lead to the answer
        return layer
    raise InputError(
        f"{scorer.card.name} has no layer with places through which everything goes: expected real numbers, channels "
        "x height x width, behind a convolution, received none that can be cut; occlusion and rise need no layer."
    )


def _behind_convolutions(graph: GraphProto) -> set[str]:
    """Return the tensors that come from a convolution: the picture itself, scaled or cast, is no layer."""
    behind: set[str] = set()
    for node in graph.node:
        if of_node(node).kind == "conv" or not behind.isdisjoint(node.input):
            behind.update(name for name in node.output if name)
    return behind


def tensors_of(scorer: Scorer, image: Pictures, names: Sequence[str]) -> list[NDArray[Any]]:
    """Return what tensors of the graph hold for the picture, each (1, ...)."""
    tensors = view(scorer.card, [Layer(0, name, "") for name in names]).run(scorer.fed(image))
    return [tensors[name][:1] for name in names]


def after(scorer: Scorer, tail: Tail, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the logits for values of the tail's layer, (N, ...) -> (N, classes), in the batch that the graph takes."""
    kind = FEEDABLE.get(tail.session.get_inputs()[0].type, "float32")
    step = scorer.viewed.batch or len(values)
    full = np.pad(values, [(0, -len(values) % step), *[(0, 0)] * (values.ndim - 1)], mode="edge")  # whole batches
    parts = [tail.run(full[start : start + step].astype(kind)) for start in range(0, len(full), step)]
    return scorer.columns(np.concatenate(parts)[: len(values)])


def strongest(maps: NDArray[np.float32], most: int) -> tuple[NDArray[np.int64], str]:
    """Return the channels with most energy, at most `most`, in the layer's order, and words that count them.

    Energy is the sum of squares of a channel's map (C, gh, gw).

    Raises:
        InputError: fewer than 1.
    """
    if most < 1:
        raise InputError(f"channels: expected 1 or more, received {most}.")
    energy = np.square(maps.astype(np.float64)).sum(axis=(1, 2))
    chosen = np.sort(np.argsort(-energy, kind="stable")[:most])
    if len(chosen) == len(maps):
        return chosen, f"all {len(maps):,} channels"
    share = energy[chosen].sum() / max(energy.sum(), 1e-30)
    return chosen, f"{len(chosen):,} of {len(maps):,} channels, those with most energy ({share:.0%} of it)"

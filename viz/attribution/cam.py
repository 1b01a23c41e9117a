"""Class activation maps: what each place of the last layer adds to the logit; exact, where the head allows it.

    maps = cam(scorer, received, [cat, dog])
    maps.grid[0].sum()                          # the logit of cat less the head's bias

The head must be a global average and then nothing but linear operators: logit = bias + W mean(A), so that the share of
place (x, y) is sum over c of W[c] A[c, x, y] / places. W is measured by feeding unit vectors to the graph behind the
average, which counts normalisation and scaling in, and is held against the graph's own answer. A quantised head is
linear but for its rounding: W is measured without it, and the caption says how far rounding moves the logit.

Reference: B. Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.graphs import copy_of, input_names, nodes_behind
from dlbench.model.layers import Layer, layers_of
from dlbench.model.operators import of_node
from dlbench.viz.attribution.channel_layer import after, tensors_of
from dlbench.viz.attribution.logits import Pictures, Scorer
from dlbench.viz.attribution.relevance_maps import Maps
from dlbench.viz.capture.subgraph import tail_after

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

    from dlbench.model.card import ModelCard

_CLOSE = {"fp16": 2e-2, "bf16": 1e-1}
_FINE = 1e-3


def cam(scorer: Scorer, image: Pictures, targets: Sequence[int]) -> Maps:
    """Return what each place adds to each class's logit, on the grid of the layer before the global average.

    Raises:
        InputError: the head is another one; the line names methods that need none.
    """
    head = _head(scorer, image)
    if head is None:
        raise _no_head(scorer, "received a head without a global average, or with more than linear layers behind it")
    pool, maps, pooled = head  # maps: (C, gh, gw); pooled: (1, C) or (1, C, 1, 1)
    card = _unrounded(scorer.card, pool)
    tail = tail_after(card or scorer.card, Layer(0, pool.output[0], pool.op_type), optimised=card is None)
    channels = maps.shape[0]
    unit = np.eye(channels + 1, channels, dtype=np.float32)  # the last row is 0: it gives the bias
    answers = after(scorer, tail, unit.reshape(-1, *pooled.shape[1:]))  # (C + 1, classes)
    bias, weights = answers[-1], answers[:-1] - answers[-1]
    mean = maps.reshape(channels, -1).mean(axis=1, dtype=np.float64)
    limit = _CLOSE.get(scorer.card.precision, _FINE)
    summed, expected = bias + mean @ weights, scorer.logits(image)[0]
    rounding = ""
    if card is not None:
        moved = max(abs(summed[target] - expected[target]) for target in targets)
        rounding = f"; the head's rounding to integers moves it by {moved:.2g}"
        expected = after(scorer, tail, pooled)[0]
    if not np.allclose(summed, expected, rtol=limit, atol=limit * max(1, float(np.abs(expected).max()))):
        raise _no_head(scorer, "received an average whose parts do not add up to the logits")
    grid = np.tensordot(weights[:, targets].T, maps, axes=1) / maps[0].size  # (T, C) x (C, gh, gw) -> (T, gh, gw)
    name = next((layer.title for layer in layers_of(scorer.card) if layer.tensor == pool.input[0]), pool.input[0])
    return Maps.of_grid(
        grid,
        image,
        f"{grid.shape[1]} x {grid.shape[2]} places of {name}; with a constant "
        f"({', '.join(f'{bias[target]:+.3g}' for target in targets)}) they add up to the {scorer.unit}{rounding}",
        f"what each place adds to the {scorer.unit}",
    )


def allows_cam(scorer: Scorer, image: Pictures) -> bool:
    """Say whether the head is a global average and nothing but linear operators behind it."""
    return _head(scorer, image) is not None


def _head(scorer: Scorer, image: Pictures) -> tuple[NodeProto, NDArray[Any], NDArray[Any]] | None:
    """Return the global average of the head with what it gets, (C, gh, gw), and gives for the picture; else None."""
    pool = _last_pool(scorer.card.proto.graph)
    if pool is None:
        return None
    maps, pooled = tensors_of(scorer, image, [pool.input[0], pool.output[0]])
    if maps.ndim != 4 or pooled.size != maps.shape[1]:
        return None
    limit = _CLOSE.get(scorer.card.precision, _FINE) * max(1e-6, float(np.abs(maps).max()))
    mean = maps[0].mean(axis=(1, 2), dtype=np.float64)
    return (pool, maps[0], pooled) if np.abs(pooled.ravel() - mean).max() <= limit else None


def _last_pool(graph: GraphProto) -> NodeProto | None:
    """Return the average behind which everything is linear, or None; the graph's first output is the logits."""
    leading, _ = nodes_behind(graph, graph.output[0].name)
    inputs = set(input_names(graph))
    for node in reversed(leading):
        if of_node(node).is_average:
            return node if _is_linear_behind(leading, node.output[0], inputs) else None
    return None


def _unrounded(card: ModelCard, pool: NodeProto) -> ModelCard | None:
    """Return the model without the rounding of what follows the average; None where nothing there is rounded."""
    import onnx

    nodes, integers, changed, skipped = [], {}, {pool.output[0]}, False  # integers: by what they were rounded from
    for node in card.proto.graph.node:
        if node.op_type == "QuantizeLinear" and node.input[0] in changed:
            integers[node.output[0]] = node.input[0]
            skipped = True
        elif node.op_type == "DequantizeLinear" and node.input[0] in integers:
            nodes.append(onnx.helper.make_node("Identity", [integers[node.input[0]]], node.output))
            changed.update(node.output)
        else:
            nodes.append(node)
            if not changed.isdisjoint(node.input):
                changed.update(node.output)
    if not skipped:
        return None
    model = copy_of(card.proto)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return replace(card, proto=model)


def _is_linear_behind(nodes: Sequence[NodeProto], tensor: str, inputs: set[str]) -> bool:
    """Say whether the answer is linear in `tensor` and depends on the picture through it alone."""
    linear, other = {tensor}, set(inputs)  # names that depend on the picture: through the tensor, and else
    for node in nodes:
        if tensor in node.output:
            continue
        if of_node(node).kind == "shape":
            continue  # how large, not what
        if any(name in linear for name in node.input):
            if not _is_linear(node, linear) or any(name in other for name in node.input):
                return False
            linear.update(node.output)
        elif any(name in other for name in node.input):
            other.update(name for name in node.output if name != tensor)
    return any(name in linear for name in nodes[-1].output)


def _is_linear(node: NodeProto, linear: set[str]) -> bool:
    places = [place for place, name in enumerate(node.input) if name in linear]
    match of_node(node).linear:
        case "all":
            return True
        case "either":
            return len(places) == 1 and places[0] < 2
        case "first":  # rounding to integers and back nearly is
            return places == [0]
    return False


def _no_head(scorer: Scorer, received: str) -> InputError:
    return InputError(
        f"{scorer.card.name} allows no class activation map: expected a head of a global average pool with only linear "
        f"layers behind it, {received}; use occlusion, rise, score-cam or ablation-cam."
    )

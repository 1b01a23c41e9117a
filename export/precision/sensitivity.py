"""Which layers lose most in int8, and how many of them must stay float for a goal.

    steps = path_to_goal(card, model, make, batches, goal_db=30)
    steps[-1].kept          # nodes that stay float

Each layer is ranked by the noise that it adds: noise to signal of its values, less that of its input's. Then the first
one, two, ... of the ranking stay float until the answers' signal-to-noise ratio, measured anew at each step, reaches
the goal. 20 dB are an error of a tenth of the values, 40 dB of a hundredth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.errors import ModelFileError
from dlbench.export.precision.conversions import Step
from dlbench.model.graphs import consumers, with_outputs
from dlbench.model.operators import of_node
from dlbench.model.sessions import Images, as_feeds, open_session, picture_count, session_batch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto, NodeProto

    from dlbench.model.card import ModelCard

_PICTURES = 32  # on which steps are measured
_MOST_STEPS = 12
_REMOVED = ("Relu", "Clip")  # merged into the layer before them

Sums = dict[str, tuple[float, float]]  # by tensor: sum of squares of the float values, and of the differences


def path_to_goal(
    card: ModelCard,
    model: ModelProto,
    make: Callable[[list[str]], ModelProto],
    batches: Iterable[Images],
    goal_db: float,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Step]:
    """Return the steps from all-int8 to the goal, a signal-to-noise ratio; else those up to the last layer but one.

    `make` quantises the prepared model, leaving the named nodes float; 32 of the calibration pictures are used.
    """
    layers = [node for node in model.graph.node if of_node(node).is_weighted]
    feeds = _first(card, model, batches)
    whole = make([])
    own = [value.name for value in model.graph.output]
    reference, ranking = _ranked(card, model, whole, layers, feeds)
    ranking = ranking[:-1]  # without any layer in int8 it would be no such model
    steps: list[Step] = []
    kept: list[str] = []
    for number in range(_MOST_STEPS):
        more = [] if number == 0 else ranking[len(kept) : len(kept) + max(1, len(kept) // 2)]
        if number and not more:
            break
        kept = kept + more
        made = whole if not kept else make(kept)
        steps.append(_measured(card, made, own, feeds, reference, more, kept))
        if progress:
            progress("layers that stay float", number + 1, _MOST_STEPS)
        if steps[-1].snr_db >= goal_db:
            break
    return steps


def _first(card: ModelCard, model: ModelProto, batches: Iterable[Images]) -> list[dict[str, NDArray[Any]]]:
    """Return the feeds of the first pictures."""
    session = open_session(card, model)
    axes, count, feeds = session_batch(session, card).axes, 0, []
    for batch in islice(batches, _PICTURES):
        feeds.append(as_feeds(session, batch, card.beside))
        count += picture_count(feeds[-1], axes)
        if count >= _PICTURES:
            break
    return feeds


def _ranked(
    card: ModelCard, model: ModelProto, whole: ModelProto, layers: Sequence[NodeProto], feeds: Sequence[Any]
) -> tuple[list[list[NDArray[Any]]], list[str]]:
    """Return the float model's answers, and its layers from the one that adds most noise to the one that adds least."""
    pairs = _tensor_pairs(model, whole)
    watched = list(dict.fromkeys(t for node in layers for t in (_result_of(model, node), node.input[0]) if t in pairs))
    own = [value.name for value in model.graph.output]
    fine = _session(card, model, watched)
    coarse = _session(card, whole, [pairs[t] for t in watched])
    sums: Sums = {}
    answers = []
    for feed in feeds:
        exact = fine.run([*own, *watched], feed)
        rough = coarse.run([pairs[t] for t in watched], feed) if watched else []
        answers.append(exact[: len(own)])
        for tensor, a, b in zip(watched, exact[len(own) :], rough, strict=True):
            _add(sums, tensor, a, b)
    ratio = {tensor: noise / signal if signal else math.inf for tensor, (signal, noise) in sums.items()}
    added = {n.name: ratio.get(_result_of(model, n), 0.0) - ratio.get(n.input[0], 0.0) for n in layers}
    return answers, sorted(added, key=lambda name: -added[name])


def _session(card: ModelCard, model: ModelProto, tensors: Sequence[str]) -> Any:
    return open_session(card, with_outputs(model, tensors, beside_its_own=True), optimised=False)


def _result_of(model: ModelProto, node: NodeProto) -> str:
    """Return the tensor in which a layer's values are rounded: behind the Relu that is merged into it."""
    takers = consumers(model.graph).get(node.output[0], [])
    is_merged = len(takers) == 1 and takers[0].op_type in _REMOVED
    return str(takers[0].output[0] if is_merged else node.output[0])


def _tensor_pairs(model: ModelProto, whole: ModelProto) -> Mapping[str, str]:
    """Return the tensor of rounded values in the quantised model for each float tensor that has one."""
    given = {name for node in whole.graph.node for name in node.output}
    pairs = {}
    for node in model.graph.node:
        for name in node.output:
            result, rounded = _result_of(model, node), f"{name}_DequantizeLinear_Output"
            merged = f"{result}_DequantizeLinear_Output"
            if merged in given:
                pairs[result] = merged
            elif rounded in given:
                pairs[result] = rounded  # the Relu is gone, and its values bear the layer's name
    return pairs


def _add(sums: Sums, tensor: str, exact: NDArray[Any], rough: NDArray[Any]) -> None:
    signal, noise = sums.get(tensor, (0.0, 0.0))
    a, b = exact.astype(np.float64), rough.astype(np.float64)
    sums[tensor] = signal + float((a * a).sum()), noise + float(((a - b) ** 2).sum())


def _measured(
    card: ModelCard,
    made: ModelProto,
    own: Sequence[str],
    feeds: Sequence[Any],
    reference: Sequence[Sequence[NDArray[Any]]],
    added: Sequence[str],
    kept: Sequence[str],
) -> Step:
    """Return a step with what its answers lost against the float model's."""
    session = open_session(card, made)
    sums: Sums = {}
    same, total = 0, 0
    for feed, exact in zip(feeds, reference, strict=True):
        rough = session.run(list(own), feed)
        for name, a, b in zip(own, exact, rough, strict=True):
            if a.shape != b.shape:
                raise ModelFileError(f"{card.path} gives outputs of another shape in int8; leave out --keep-fp32 auto.")
            if a.dtype.kind == "f":
                _add(sums, name, a, b)
        if exact[0].ndim == 2 and exact[0].shape[1] > 1:
            same += int((exact[0].argmax(axis=1) == rough[0].argmax(axis=1)).sum())
            total += len(exact[0])
    signal, noise = (sum(each[place] for each in sums.values()) for place in (0, 1))
    ratio = math.inf if noise == 0 else 10 * math.log10(signal / noise) if signal > 0 else -math.inf
    size = sum(len(tensor.raw_data) for tensor in made.graph.initializer)
    return Step(tuple(added), tuple(kept), ratio, same / total if total else None, size)

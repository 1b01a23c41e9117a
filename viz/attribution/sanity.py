"""The sanity check: a network with shuffled weights must get another map; one that stays shows the picture alone.

    (found,) = sanity(card, make_maps, maps.values, grain=32)
    found.head, found.all                       # rank correlation of the maps before and after

The values inside each weight tensor are put in random order, which keeps their distribution: first those of the head,
then all. A rank correlation above 0.5 means that more than a quarter of the ranks' variance needed no training, and is
reported as a warning. On small grids, chance alone reaches further, so the limit there is two standard errors.

Reference: J. Adebayo et al., "Sanity Checks for Saliency Maps", NeurIPS 2018 (model parameter randomisation test).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import CheckFailedError
from dlbench.model.element_types import by_number
from dlbench.model.graphs import constants, copy_of, producers
from dlbench.model.operators import of_node
from dlbench.model.soundness import stored_array

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

    from dlbench.model.card import ModelCard

LIMIT = 0.5
_MAX_BYTES = 1 << 30


@dataclass(frozen=True)
class Sanity:
    """How alike a map is to those of the same network with shuffled weights."""

    head: float | None  # rank correlation with the head's weights shuffled; None: could not be computed
    all: tuple[float, ...]  # with all weights shuffled, one for each draw
    limit: float  # above it, in absolute value, the map is called unchanged
    words: str
    map: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)  # (h, w), all weights shuffled

    @property
    def middle(self) -> float | None:
        """Median of the absolute correlations with all weights shuffled; None where there are none."""
        return float(np.median(np.abs(self.all))) if self.all else None

    @property
    def passed(self) -> bool | None:
        """Say whether the map changed with the weights; None where that is unknown."""
        return None if self.middle is None else self.middle <= self.limit

    def verdict(self) -> str:
        """Say in words whether the map changed with the weights."""
        if self.middle is None:
            return self.words
        times = "once" if len(self.all) == 1 else f"{len(self.all)} times"
        changed = "changed" if self.passed else "hardly changed"
        median = f"median of {len(self.all)}; " if len(self.all) > 1 else ""
        numbers = f"{self.middle:.2f} ({median}1: the same; at most {self.limit:.2f} passes)"
        return f"the map {changed} when the weights were shuffled {times}: likeness to the real map {numbers}"


def sanity(
    card: ModelCard,
    make: Callable[[ModelCard], NDArray[np.float32]],
    maps: NDArray[np.float32],
    *,
    grain: int,
    seed: int = 0,
    draws: int = 1,
) -> list[Sanity]:
    """Return for each map (h, w) how far it depends on the weights, which are shuffled `draws` times.

    `make` gives the maps (T, h, w) of another model of the same graph; one pixel of each `grain` a side is compared.
    """
    count = len(_weights(card, "all"))
    places = maps[0, grain // 2 :: grain, grain // 2 :: grain].size
    limit = max(LIMIT, 2 / float(np.sqrt(max(1, places - 1))))
    if card.size_bytes > _MAX_BYTES:
        return [Sanity(None, (), limit, f"not made: the model takes more than {_MAX_BYTES >> 20:,} MiB")] * len(maps)
    if not count:
        return [Sanity(None, (), limit, "not made: the model has no weights that could be shuffled")] * len(maps)
    head = _map_of(shuffled(card, "head", seed), make)
    others = [_map_of(shuffled(card, "all", seed + draw), make) for draw in range(draws)]
    usable = [other for other in others if other is not None]
    words = f"values inside each of {count} weight tensors shuffled, seed {seed}, draws: {draws}"
    if len(usable) < draws:
        words += f"; {draws - len(usable)} of them gave no finite logits"
    return [
        Sanity(
            None if head is None else rank_correlation(values, head[place], grain),
            tuple(rank_correlation(values, other[place], grain) for other in usable),
            limit,
            words,
            usable[0][place] if usable else None,
        )
        for place, values in enumerate(maps)
    ]


def _map_of(card: ModelCard, make: Callable[[ModelCard], NDArray[np.float32]]) -> NDArray[np.float32] | None:
    """Return the maps of a shuffled network; None where its outputs are no numbers any more."""
    try:
        return make(card)
    except CheckFailedError:
        return None


def rank_correlation(first: NDArray[Any], second: NDArray[Any], grain: int = 1) -> float:
    """Return Spearman's rank correlation of maps (h, w), one pixel in `grain` a side; 1: both are flat, 0: one is."""
    from scipy.stats import spearmanr

    a, b = (values[grain // 2 :: grain, grain // 2 :: grain].ravel() for values in (first, second))
    flat = [np.ptp(values) == 0 for values in (a, b)]
    if any(flat):
        return 1.0 if all(flat) else 0.0
    return float(spearmanr(a, b).statistic)


def shuffled(card: ModelCard, part: str, seed: int) -> ModelCard:
    """Return the model with the values inside each weight tensor in random order, of all of it or of its head alone."""
    from onnx import numpy_helper

    other = replace(card, proto=copy_of(card.proto))
    rng = np.random.default_rng(seed)
    for tensor in _weights(other, part):
        values = stored_array(tensor, str(card.data_folder))
        mixed = rng.permutation(values.ravel()).reshape(values.shape)
        tensor.CopyFrom(numpy_helper.from_array(mixed, tensor.name))
    return other


def _weights(card: ModelCard, part: str) -> list[TensorProto]:
    """Return the weight tensors with two or more axes of weighted nodes: all, or those of the last node."""
    graph = card.proto.graph
    tensors, makers = constants(graph), producers(graph)
    layers = []
    for node in graph.node:
        if of_node(node).is_weighted:
            sources = [_source(name, tensors, makers) for name in node.input]
            weights = [tensor for tensor in sources if tensor is not None and _is_weight(tensor)]
            layers += [weights] if weights else []
    chosen = layers if part == "all" else layers[-1:]
    return list({id(tensor): tensor for layer in chosen for tensor in layer}.values())


def _is_weight(tensor: TensorProto) -> bool:
    element = by_number(tensor.data_type)
    return len(tensor.dims) > 1 and element is not None and bool(element.precision)


def _source(name: str, tensors: dict[str, TensorProto], makers: dict[str, NodeProto]) -> TensorProto | None:
    """Return the stored tensor behind a name, through casts, transposes and dequantisation."""
    for _ in range(4):
        if name in tensors:
            return tensors[name]
        node = makers.get(name)
        if node is None or not of_node(node).passes_on:
            return None
        name = node.input[0]
    return None

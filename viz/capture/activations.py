"""What every layer of an ONNX file gives for a picture: its tensors, added to the graph as outputs.

    from dlbench.viz import activations

    maps = activations("cnn.onnx", images, layers="conv")       # {"conv1": (N, 16, 28, 28), ...}

No torch, no gradients: the file that is timed is the file that is looked at. The graph runs with optimisation off, so
that no fused tensor is missing, and its answer is held against that of the session as it is timed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import CheckFailedError, InputError, ModelFileError
from dlbench.model.card import ModelCard, card_of
from dlbench.model.graphs import with_outputs
from dlbench.model.inputs.batch_axis import BatchAxis
from dlbench.model.layers import Layer, choose, layers_of
from dlbench.model.sessions import (
    Feeds,
    Images,
    as_feeds,
    constants_of,
    only_batch,
    open_session,
    picture_count,
    run_in_batches,
    session_batch,
)
from dlbench.model.shapes import layer_bytes
from dlbench.viz.capture.picture import AnyImages, images_of
from dlbench.viz.capture.quantised_values import Quantised, quantised_tensors, rescaled_tensors

if TYPE_CHECKING:
    from onnx import ModelProto

MEMORY_BYTES = 1 << 30
_TOLERANCE = {"fp16": 2e-2, "bf16": 1e-1, "int8": 5e-2}  # of the largest output; whoever rounds differs by a step
_FINE = 1e-4
_CLEAR = 1e-3  # a lead of the first answer, relative to the largest: below it two answers are as good as equal


@dataclass(frozen=True)
class Viewed:
    """A session that gives the chosen layers beside the model's own outputs; made once, run again and again."""

    card: ModelCard
    layers: tuple[Layer, ...]
    session: Any
    outputs: tuple[str, ...]  # the model's own
    quantised: Mapping[str, Quantised]
    batch: int | None  # the only batch that the model takes, others are split into it; None: any
    constants: frozenset[str]  # tensors that no picture changes
    rescaled: Mapping[str, str]  # tensors of integers whose real values another tensor holds

    def run(self, images: Images) -> dict[str, NDArray[Any]]:
        """Return each layer's tensor, and the model's outputs, by tensor name; quantised values as real ones.

        Raises:
            ModelFileError: the model does not take them.
        """
        feeds = as_feeds(self.session, images, self.card.beside)
        holders = {layer.tensor: self.rescaled.get(layer.tensor, layer.tensor) for layer in self.layers}
        holders |= {name: name for name in self.outputs}
        wanted = list(dict.fromkeys(holders.values()))
        received = dict(
            zip(wanted, run_in_batches(self.session, self.card, wanted, feeds, self.constants), strict=True)
        )
        real = {name: self.quantised[name].real(v) if name in self.quantised else v for name, v in received.items()}
        # a tensor that stands for others too is copied for each: whoever changes one array shall not change another
        return {tensor: real[name] if name == tensor else real[name].copy() for tensor, name in holders.items()}


def activations(
    model: str | PathLike[str] | ModelCard, images: AnyImages, layers: str = "conv", *, memory_bytes: int = MEMORY_BYTES
) -> dict[str, NDArray[Any]]:
    """Return what the chosen layers give for these pictures, by the layer's name.

    Args:
        model: an ONNX file.
        images: float32 as the model takes them, (N, C, H, W); one array for each input by name; or a picture's path.
        layers: `all`, a kind (conv, dense, activation, pool, norm), an operator, a place, names or patterns; see
            `dlbench.model.layers.choose`.
        memory_bytes: the layers are computed in groups that need no more than this at once.

    Returns:
        One array for each layer, in the graph's order; for a convolution (N, channels, height, width), for a dense
        layer (N, neurons). Names are the architecture's where the file knows them, else the tensors'.

    Raises:
        InputError: no such layer, or a tensor larger than `memory_bytes`.
        ModelFileError: the file can't be read, or does not take these pictures.
        CheckFailedError: looking changed the model's answer.
    """
    card = card_of(model)
    chosen = choose(layers_of(card), layers)
    layer_values = each_layer(card, images_of(card, images), chosen, memory_bytes=memory_bytes)
    return {layer.title: values for layer, values in layer_values}


def each_layer(
    card: ModelCard, images: Images, chosen: Sequence[Layer], *, memory_bytes: int = MEMORY_BYTES
) -> Iterator[tuple[Layer, NDArray[Any]]]:
    """Yield the chosen layers with their values, group by group; each group is computed when it is asked for."""
    plain = open_session(card, card.proto)
    feeds = as_feeds(plain, images, card.beside)
    names = [output.name for output in plain.get_outputs() if output.type.startswith("tensor")]
    found = session_batch(plain, card, feeds)
    groups = list(_groups(card, chosen, feeds, memory_bytes, found))  # a refusal comes before the work
    expected = dict(zip(names, run_in_batches(plain, card, names, feeds), strict=True))
    del plain
    for group in groups:
        received = view(card, group).run(feeds)
        expect_same(card, received, expected)
        for layer in group:
            yield layer, received.pop(layer.tensor) if layer.tensor not in names else received[layer.tensor]


def view(card: ModelCard, chosen: Sequence[Layer], proven_on: Images | None = None) -> Viewed:
    """Return a session that gives the chosen layers; it can be run again and again.

    With pictures to prove it on, the session has optimisations where it gives the same tensors for them as without.
    """
    # sequences and maps are left aside
    own = [v.name for v in card.proto.graph.output if v.type.WhichOneof("value") in (None, "tensor_type")]
    constants = constants_of(card)
    rescaled = rescaled_tensors(card.proto.graph, constants)
    new = dict.fromkeys(rescaled.get(layer.tensor, layer.tensor) for layer in chosen)
    model = with_outputs(card.proto, new, beside_its_own=True)
    plain = open_session(card, model, optimised=False)
    scales = quantised_tensors(card.proto.graph)
    viewed = Viewed(card, tuple(chosen), plain, tuple(own), scales, only_batch(plain, card), constants, rescaled)
    return viewed if proven_on is None else _faster(viewed, model, proven_on)


def _faster(viewed: Viewed, model: ModelProto, images: Images) -> Viewed:
    """Return a view by a session with optimisations if it gives the same for these pictures, else this one."""
    try:
        fast = replace(viewed, session=open_session(viewed.card, model))
        expected, received = viewed.run(images), fast.run(images)
    except ModelFileError:  # what is wrong with the model shows in the session without optimisations
        return viewed
    same = all(
        received[name].shape == values.shape and _distance(received[name], values) <= _FINE
        for name, values in expected.items()
    )
    return fast if same else viewed


def _groups(
    card: ModelCard, chosen: Sequence[Layer], feeds: Feeds, memory_bytes: int, found: BatchAxis
) -> Iterator[list[Layer]]:
    """Yield groups of layers that fit in memory together; a layer of unknown size is a group of its own."""
    count, batch = picture_count(feeds, found.axes), found.size
    times = 1 if batch is None else -(-count // batch)
    shapes = {name: list(array.shape) for name, array in feeds.items()}
    if times > 1:
        for name, axis in found.axes.items():
            shapes[name][axis] = batch or 1
    sizes = {name: times * size for name, size in layer_bytes(card, shapes).items()}
    group: list[Layer] = []
    used = 0
    for layer in chosen:
        needed = sizes.get(layer.tensor)
        if needed is not None and needed > memory_bytes:
            raise InputError(
                f"layer {layer.title} needs {needed / 1e6:,.0f} MB for {count} pictures: "
                f"expected at most {memory_bytes / 1e6:,.0f} MB; give fewer pictures or allow more memory."
            )
        if group and (needed is None or used + needed > memory_bytes):
            yield group
            group, used = [], 0
        group.append(layer)
        used += memory_bytes if needed is None else needed
    if group:
        yield group


def expect_same(card: ModelCard, received: Feeds, expected: Feeds) -> None:
    """Refuse answers that looking has changed; integers are not compared, one step of rounding may turn them.

    Raises:
        CheckFailedError: an output has another shape, differs by more than the precision explains, or puts another
            answer first.
    """
    limit = _TOLERANCE.get(card.precision, _FINE)
    for name, wanted in expected.items():
        if not np.issubdtype(wanted.dtype, np.floating):
            continue
        distance = _distance(received[name], wanted, 1.0) if received[name].shape == wanted.shape else math.inf
        if not distance <= limit or not _same_first(received[name], wanted, limit):
            raise CheckFailedError(
                f"looking into {card.name} changed its answer: expected {name} as in the timed session, "
                f"within {limit:g} of its largest value, received a difference of {distance:.2g}; don't trust them."
            )


def _distance(received: NDArray[Any], expected: NDArray[Any], least_scale: float = 0.0) -> float:
    """Return the largest difference, relative to the largest expected value; equal NaN count as equal."""
    if not np.issubdtype(expected.dtype, np.number) or not expected.size:
        return 0.0 if np.array_equal(received, expected) else math.inf
    a, b = received.astype(np.float64), expected.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(a - b))
    largest = float(np.nan_to_num(apart, nan=np.inf).max())
    scale = max(least_scale, float(np.abs(b[np.isfinite(b)]).max(initial=0.0)))
    return largest / scale if scale else largest and math.inf


def _same_first(received: NDArray[Any], expected: NDArray[Any], limit: float) -> bool:
    """Say whether the first answer of every picture is the same; a lead within the tolerance may turn."""
    if expected.ndim != 2 or expected.shape[1] < 2 or not np.isfinite(expected).all():
        return True
    first = expected.argmax(1)
    ordered = np.sort(expected.astype(np.float64), axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > max(_CLEAR, 2 * limit) * np.maximum(1.0, np.abs(ordered).max(1))
    return bool(((received.argmax(1) == first) | ~clear).all())

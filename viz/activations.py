"""What every layer of an ONNX file gives for a picture: its tensors, added to the graph as outputs.

    from dlbench.viz import activations

    maps = activations("cnn.onnx", images, layers="conv")       # {"conv1": (N, 16, 28, 28), ...}

No torch, no gradients: the file that is timed is the file that is looked at. The graph runs with optimisation off, so
that no fused tensor is missing, and its answer is held against that of the session as it is timed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.bench.onnxfile import ModelCard, read_model
from dlbench.errors import CheckFailedError, InputError, ModelFileError, one_line
from dlbench.system import usable_cores
from dlbench.viz.layers import Layer, choose, layers_of
from dlbench.viz.quantised import Quantised, quantised_tensors
from dlbench.viz.sizes import layer_bytes

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["MEMORY_BYTES", "Feeds", "Viewed", "activations", "as_feeds", "each_layer", "open_session", "view"]

MEMORY_BYTES = 1 << 30
_TOLERANCE = {"fp16": 2e-2, "bf16": 1e-1, "int8": 5e-2}  # of the largest output; whoever rounds differs by a step
_FINE = 1e-4
_CLEAR = 1e-3  # a lead of the first answer, relative to the largest: below it two answers are as good as equal

Feeds = Mapping[str, NDArray[Any]]
Images = NDArray[np.float32] | Feeds


@dataclass(frozen=True)
class Viewed:
    """A session that gives the chosen layers beside the model's own outputs."""

    card: ModelCard
    layers: tuple[Layer, ...]
    session: Any
    outputs: tuple[str, ...]  # the model's own
    quantised: Mapping[str, Quantised]
    batch: int | None  # the only batch that the model takes; None: any

    def run(self, images: Images) -> dict[str, NDArray[Any]]:
        """Return each layer's tensor, and the model's outputs, by tensor name; quantised values as real ones.

        Args:
            images: float32 (N, C, H, W), or one array for each input by name.

        Raises:
            ModelFileError: the model does not take them.
        """
        feeds = as_feeds(self.session, images)
        wanted = list(dict.fromkeys([*(layer.tensor for layer in self.layers), *self.outputs]))
        parts = [_run(self.session, wanted, part, self.card) for part in _batches(feeds, self.batch)]
        joined = parts[0] if len(parts) == 1 else [_joined(values) for values in zip(*parts, strict=True)]
        found = dict(zip(wanted, joined, strict=True))
        return {name: self.quantised[name].real(v) if name in self.quantised else v for name, v in found.items()}


def activations(
    model: str | Path | ModelCard,
    images: Images,
    layers: str = "conv",
    *,
    memory_bytes: int = MEMORY_BYTES,
    optimised: bool = False,
) -> dict[str, NDArray[Any]]:
    """Return what the chosen layers give for these pictures, by the layer's name.

    Args:
        model: an ONNX file.
        images: float32 as the model takes them, (N, C, H, W); or one array for each input by name.
        layers: `all`, a kind (conv, dense, activation, pool, norm), an operator, a place, names or patterns; see
            `dlbench.viz.layers.choose`.
        memory_bytes: the layers are computed in groups that need no more than this at once.
        optimised: leave ONNX Runtime's optimisations on where every chosen tensor is shown to come out the same.

    Returns:
        One array for each layer, in the graph's order; for a convolution (N, channels, height, width), for a dense
        layer (N, neurons). Names are the architecture's where the file knows them, else the tensors'.

    Raises:
        InputError: no such layer, or a tensor larger than `memory_bytes`.
        ModelFileError: the file can't be read, or does not take these pictures.
        CheckFailedError: looking changed the model's answer.
    """
    card = model if isinstance(model, ModelCard) else read_model(Path(model))
    chosen = choose(layers_of(card), layers)
    return {
        layer.title: values
        for layer, values in each_layer(card, images, chosen, memory_bytes=memory_bytes, optimised=optimised)
    }


def each_layer(
    card: ModelCard,
    images: Images,
    chosen: Sequence[Layer],
    *,
    memory_bytes: int = MEMORY_BYTES,
    optimised: bool = False,
) -> Iterator[tuple[Layer, NDArray[Any]]]:
    """Yield the chosen layers with their values, group by group; each group is computed when it is asked for."""
    plain = open_session(card, card.proto)
    feeds = as_feeds(plain, images)
    names = [output.name for output in plain.get_outputs()]
    expected = [
        _joined(v) for v in zip(*(_run(plain, names, f, card) for f in _batches(feeds, _fixed(plain))), strict=True)
    ]
    del plain
    for group in _groups(card, chosen, feeds, memory_bytes):
        viewed = view(card, group, feeds if optimised else None)
        found = viewed.run(feeds)
        _expect_same(card, {name: found[name] for name in names}, dict(zip(names, expected, strict=True)))
        for layer in group:
            yield layer, found.pop(layer.tensor) if layer.tensor not in names else found[layer.tensor]


def view(card: ModelCard, chosen: Sequence[Layer], proven_on: Images | None = None) -> Viewed:
    """Return a session that gives the chosen layers; it can be run again and again.

    Args:
        card: the model.
        chosen: layers of `layers_of(card)`.
        proven_on: pictures on which a session with optimisations must give the same tensors; then that one is
            returned, else (and without them) the one without optimisations.
    """
    import onnx

    own = [output.name for output in card.proto.graph.output]
    model = onnx.ModelProto()
    model.CopyFrom(card.proto)
    # without a type: the runtime infers it, where shape inference may not know the operator
    new = dict.fromkeys(layer.tensor for layer in chosen if layer.tensor not in own)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in new)
    scales = quantised_tensors(card.proto.graph)
    plain = open_session(card, model, optimised=False)
    viewed = Viewed(card, tuple(chosen), plain, tuple(own), scales, _fixed(plain))
    if proven_on is None:
        return viewed
    fast = Viewed(card, tuple(chosen), open_session(card, model, optimised=True), tuple(own), scales, _fixed(plain))
    return fast if _all_survive(viewed, fast, proven_on) else viewed


def _all_survive(plain: Viewed, fast: Viewed, images: Images) -> bool:
    slow, quick = plain.run(images), fast.run(images)
    return all(slow[name].shape == quick[name].shape and _distance(quick[name], slow[name]) <= _FINE for name in slow)


def open_session(card: ModelCard, model: ModelProto, *, optimised: bool = True) -> Any:
    """Return a session on the CPU for `model`, which is `card`'s or was made from it.

    Raises:
        ModelFileError: ONNX Runtime can't run it.
    """
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.log_severity_level = 4  # what fails is told by the error
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_EXTENDED if optimised else level.ORT_DISABLE_ALL
    # external data lie beside the file; the graph comes from memory, so that nothing is written and 2 GB are no limit
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(card.path.parent))
    try:
        return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base
        raise ModelFileError(
            f"{card.path} can't be opened for looking: received {one_line(error, 200)}; check that ONNX Runtime knows "
            "its operators (dlbench compare says more)."
        ) from error


def as_feeds(session: Any, images: Images) -> dict[str, NDArray[Any]]:
    """Return one array for each input, of the type that the model takes.

    Raises:
        InputError: several inputs and one array, an unknown or missing name, or a rank that does not fit.
    """
    inputs = {value.name: value for value in session.get_inputs()}
    if not isinstance(images, Mapping):
        if len(inputs) != 1:
            raise InputError(
                f"this model has {len(inputs)} inputs: expected an array for each of {', '.join(inputs)}, received one "
                "array; give a mapping of names to arrays."
            )
        images = {next(iter(inputs)): images}
    if set(images) != set(inputs):
        raise InputError(f"expected arrays for {', '.join(inputs)}, received {', '.join(images) or 'none'}.")
    return {name: _fitting(name, array, inputs[name]) for name, array in images.items()}


_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
}


def _fitting(name: str, array: NDArray[Any], value: Any) -> NDArray[Any]:
    array = np.ascontiguousarray(array, dtype=_TYPES.get(value.type))
    told = " x ".join(str(dim) for dim in value.shape) or "a single number"
    fixed = [(axis, dim) for axis, dim in enumerate(value.shape) if isinstance(dim, int) and axis > 0]
    if array.ndim != len(value.shape) or any(array.shape[axis] != dim for axis, dim in fixed):
        raise InputError(
            f"input {name!r} does not fit: expected {told}, received {' x '.join(map(str, array.shape))}; bring the "
            "picture to that size and number of channels."
        )
    if array.size == 0:
        raise InputError(f"input {name!r} is empty: expected {told}, received {' x '.join(map(str, array.shape))}.")
    return array


def _fixed(session: Any) -> int | None:
    """Return the only batch that the model takes, or None."""
    sizes = [value.shape[0] for value in session.get_inputs() if value.shape and isinstance(value.shape[0], int)]
    return sizes[0] if sizes else None


def _batches(feeds: Feeds, batch: int | None) -> Iterator[dict[str, NDArray[Any]]]:
    count = len(next(iter(feeds.values())))
    if batch is None or count == batch:
        yield dict(feeds)
        return
    if count % batch:
        raise InputError(
            f"this model takes batches of {batch}: expected a multiple of that, received {count} pictures; give "
            f"{-(-count // batch) * batch} or fewer."
        )
    for start in range(0, count, batch):
        yield {name: array[start : start + batch] for name, array in feeds.items()}


def _run(session: Any, wanted: list[str], feeds: Feeds, card: ModelCard) -> list[NDArray[Any]]:
    try:
        found: list[NDArray[Any]] = session.run(wanted, dict(feeds))
    except Exception as error:  # ONNX Runtime's errors share no base
        shapes = ", ".join(f"{name} {' x '.join(map(str, array.shape))}" for name, array in feeds.items())
        raise ModelFileError(f"{card.path} does not run on {shapes}: received {one_line(error, 200)}.") from error
    return found


def _joined(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if len(parts) == 1 or np.ndim(parts[0]) == 0 else np.concatenate(parts)


def _groups(card: ModelCard, chosen: Sequence[Layer], feeds: Feeds, memory_bytes: int) -> Iterator[list[Layer]]:
    """Yield groups of layers that fit in memory together; a layer of unknown size is a group of its own."""
    sizes = layer_bytes(card, {name: array.shape for name, array in feeds.items()})
    group: list[Layer] = []
    used = 0
    for layer in chosen:
        needed = sizes.get(layer.tensor)
        if needed is not None and needed > memory_bytes:
            raise InputError(
                f"layer {layer.title} needs {needed / 1e6:,.0f} MB for {len(next(iter(feeds.values())))} pictures: "
                f"expected at most {memory_bytes / 1e6:,.0f} MB; give fewer pictures or more --memory."
            )
        if group and (needed is None or used + needed > memory_bytes):
            yield group
            group, used = [], 0
        group.append(layer)
        used += memory_bytes if needed is None else needed
    if group:
        yield group


def _expect_same(card: ModelCard, found: Feeds, expected: Feeds) -> None:
    limit = _TOLERANCE.get(card.precision, _FINE)
    for name, wanted in expected.items():
        if not np.issubdtype(wanted.dtype, np.floating):
            continue
        distance = _distance(found[name], wanted)
        if not distance <= limit or not _same_first(found[name], wanted, limit):
            raise CheckFailedError(
                f"looking into {card.name} changed its answer: expected {name} as in the timed session, "
                f"within {limit:g} of its largest value, received a difference of {distance:.2g}; do not trust them."
            )


def _distance(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Return the largest difference, relative to the largest expected value (at least 1); equal NaN count as equal."""
    if not np.issubdtype(expected.dtype, np.number) or not expected.size:
        return 0.0 if np.array_equal(found, expected) else float("inf")
    a, b = found.astype(np.float64), expected.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(a - b))
    scale = max(1.0, float(np.abs(b[np.isfinite(b)]).max(initial=0.0)))
    return float(np.nan_to_num(apart, nan=np.inf).max()) / scale


def _same_first(found: NDArray[Any], expected: NDArray[Any], limit: float) -> bool:
    """Say whether the first answer of every picture is the same; a lead within the tolerance may turn."""
    if expected.ndim != 2 or expected.shape[1] < 2 or not np.isfinite(expected).all():
        return True
    first = expected.argmax(1)
    ordered = np.sort(expected.astype(np.float64), axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > max(_CLEAR, 2 * limit) * np.maximum(1.0, np.abs(ordered).max(1))
    return bool(((found.argmax(1) == first) | ~clear).all())

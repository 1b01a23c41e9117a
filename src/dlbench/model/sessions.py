"""Sessions for looking: opened from memory, fed with what the model takes, read without copies.

    session = open_session(card, card.proto)
    feeds = as_feeds(session, images)
    logits, = run_in_batches(session, card, ["logits"], feeds)

ONNX Runtime's `run` copies every output into memory that the system has to clear first, which for whole layers takes
as long as computing them; here the arrays are ONNX Runtime's own memory, and keep it alive.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError, ModelFileError, one_line
from dlbench.model.element_types import FEEDABLE
from dlbench.model.graphs import copy_of, inner_graphs
from dlbench.model.inputs.batch_axis import BatchAxis, InputSizes, find_batch
from dlbench.model.operators import of_node
from dlbench.runtime import bound_memory, onnx_runtime, out_of_memory, run_within
from dlbench.system import usable_cores

if TYPE_CHECKING:
    from onnx import ModelProto

    from dlbench.model.card import ModelCard

Feeds = Mapping[str, NDArray[Any]]
Images = NDArray[Any] | Feeds

_LONGEST_RUN_S = 300.0  # of one batch: a foreign graph may loop without end
_MOST_FILLED = 1 << 28  # numbers in a batch that is filled up to the only size: 1 GB
_SMALL_BYTES = 1 << 16  # copied: so small an array should not keep the memory of a session alive


def open_session(card: ModelCard, model: ModelProto, *, optimised: bool = True, bounded: bool = False) -> Any:
    """Return a session on the CPU for `model`, which is `card`'s or was made from it.

    It has all of ONNX Runtime's optimisations, as models are timed, or none; `bounded`: it takes at most 2 GB, for a
    run that only learns about the model.

    Raises:
        ModelFileError: ONNX Runtime can't run it.
    """
    ort = onnx_runtime()

    options = ort.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.log_severity_level = 4  # the error says what fails
    if bounded:
        bound_memory(options)
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimised else level.ORT_DISABLE_ALL
    # external data lie beside the file; the graph comes from memory, so that nothing is written and 2 GB are no limit
    options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(card.data_folder))
    try:
        return ort.InferenceSession(
            _unique_names(model).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime's errors share no base
        raise ModelFileError(
            f"{card.path} can't be opened for looking: received {one_line(error, 200)}; check that ONNX Runtime knows "
            "its operators (dlbench compare says more)."
        ) from error


def _unique_names(model: ModelProto) -> ModelProto:
    """Return the model without node names where two are the same, which ONNX allows and ONNX Runtime refuses."""
    names = [node.name for node in model.graph.node if node.name]
    if len(names) == len(set(names)):
        return model
    copy = copy_of(model)
    for node in copy.graph.node:
        node.name = ""
    return copy


def expect_all_fed(session: Any, card: ModelCard) -> None:
    """Refuse to run a model with an optional input in this process: left out, it may end the process.

    Raises:
        ModelFileError: an input is optional.
    """
    for value in session.get_inputs():
        if value.type.startswith("optional"):
            raise ModelFileError(
                f"{card.path} can't be run for looking: its optional input {one_line(value.name, 60)!r} is left out, "
                "and ONNX Runtime may end the process without it; dlbench compare times it in a process of its own."
            )


def as_feeds(session: Any, images: Images, beside: Feeds | None = None) -> dict[str, NDArray[Any]]:
    """Return one array for each input, of the type that the model takes.

    Floats in [0, 1] become 0 to 255 where the model takes bytes. One array is fed to the input that `beside` leaves.

    Raises:
        InputError: several inputs and one array, an unknown or missing name, or a rank that does not fit.
    """
    inputs = {value.name: value for value in session.get_inputs() if not value.type.startswith("optional")}
    if not isinstance(images, Mapping):
        filled = {name: array for name, array in (beside or {}).items() if name in inputs}
        names = [name for name in inputs if name not in filled]
        if len(names) != 1:
            raise InputError(
                f"this model has {len(inputs)} inputs: expected an array for each of {', '.join(inputs)}, received one "
                "array; give a mapping of names to arrays."
            )
        if not np.size(images):
            raise InputError("no pictures: expected at least one, received an empty array.")
        images = {names[0]: images, **filled}
    if set(images) != set(inputs):
        raise InputError(f"expected arrays for {', '.join(inputs)}, received {', '.join(images) or 'none'}.")
    return {name: _fitting(name, array, inputs[name]) for name, array in images.items()}


def _fitting(name: str, array: NDArray[Any], value: Any) -> NDArray[Any]:
    array = np.asarray(array)
    expected = " x ".join(str(dim) for dim in value.shape) or "a single number"
    fixed = [(axis, dim) for axis, dim in enumerate(value.shape) if isinstance(dim, int) and axis > 0]
    # without sizes the rank may be open as well: then the run decides
    if value.shape and (array.ndim != len(value.shape) or any(array.shape[axis] != dim for axis, dim in fixed)):
        raise InputError(
            f"input {name!r} does not fit: expected {expected}, received {' x '.join(map(str, array.shape))}; bring "
            "the picture to that size and number of channels."
        )
    return np.asarray(_as_type(array, FEEDABLE.get(value.type)), order="C")


def _as_type(array: NDArray[Any], kind: str | None) -> NDArray[Any]:
    if kind == "uint8" and array.dtype.kind == "f" and array.min() >= 0 and array.max() <= 1:
        array = np.rint(array * 255)
    return array if kind is None else array.astype(kind, copy=False)


def session_batch(session: Any, card: ModelCard, feeds: Feeds | None = None) -> BatchAxis:
    """Return where the batch is, by the one rule for all commands, from what a session says of its inputs.

    Arrays with another first size than the file's are evidence too: whoever gives 5 where the file says 2 has 5 rows.
    """
    own = {value.name for value in card.proto.graph.output}
    inputs = [InputSizes(value.name, value.type, tuple(value.shape)) for value in session.get_inputs()]
    metadata = {entry.key: entry.value for entry in card.proto.metadata_props}
    found = find_batch(inputs, lambda: [tuple(v.shape) for v in session.get_outputs() if v.name in own], metadata)
    firsts = {one.name: one.dims[0] for one in inputs if one.dims and isinstance(one.dims[0], int)}
    others = {name: size for name, size in firsts.items() if feeds and feeds[name].shape[0] != size}
    sizes = set(others.values())
    if found.axes or len(sizes) != 1:
        return found
    return BatchAxis(dict.fromkeys(others, 0), sizes.pop(), "the arrays that are given have other first sizes")


def only_batch(session: Any, card: ModelCard) -> int | None:
    """Return the only batch that the model takes; None: any, or there is none."""
    return session_batch(session, card).size


def picture_count(feeds: Feeds, axes: Mapping[str, int]) -> int:
    """Return how many pictures (rows of the batch) are fed; 1 where there is no batch."""
    return max((array.shape[axes[name]] for name, array in feeds.items() if name in axes), default=1)


def run_in_batches(
    session: Any, card: ModelCard, wanted: Sequence[str], feeds: Feeds, constants: Container[str] | None = None
) -> list[NDArray[Any]]:
    """Return the wanted tensors for all pictures, in batches where the model takes only one size.

    A model that declares any batch and runs with one picture alone gets them one by one. The last batch is filled up
    with its last picture; what comes of the filling is dropped.

    Raises:
        ModelFileError: the model does not take them.
    """
    if not wanted:
        return []  # ONNX Runtime takes no names for all of them
    expect_all_fed(session, card)
    constants = constants_of(card) if constants is None else constants
    found = session_batch(session, card, feeds)
    batch, count = found.size, picture_count(feeds, found.axes)
    sized = {name: axis for name, axis in found.axes.items() if feeds[name].shape[axis] == count}
    if batch is None:
        try:
            return _run(session, wanted, feeds, card, constants)
        except ModelFileError:
            if count < 2:
                raise
            batch = 1  # declared open, but a Reshape to 1 x ... inside takes one only
    elif count == batch:
        return _run(session, wanted, feeds, card, constants)
    filled = sum(feeds[name].size // count * batch for name in sized)
    if filled > _MOST_FILLED:
        raise ModelFileError(
            f"{card.path} takes batches of {batch:,} only: expected at most {_MOST_FILLED:,} numbers a batch, received "
            f"{filled:,}; export it for a smaller batch."
        )
    parts = [_run(session, wanted, part, card, constants) for part in _batches(feeds, sized, batch, count)]
    once = _from(card, set(feeds) - set(sized), through_shape=True)
    return [
        values[0] if name in once else _joined(values, batch, count)
        for name, values in zip(wanted, zip(*parts, strict=True), strict=True)
    ]


def _batches(feeds: Feeds, sized: Mapping[str, int], batch: int, count: int) -> Iterator[dict[str, NDArray[Any]]]:
    for start in range(0, count, batch):
        places = np.minimum(np.arange(start, start + batch), count - 1)
        yield {n: np.take(array, places, sized[n]) if n in sized else array for n, array in feeds.items()}


def _joined(parts: Sequence[NDArray[Any]], batch: int, count: int) -> NDArray[Any]:
    """Return the parts one behind the other, without what comes of the filling."""
    if np.ndim(parts[0]) == 0:
        return parts[0]
    joined = np.concatenate(parts)
    rows, rest = divmod(len(joined), len(parts) * batch)
    return joined if rest else joined[: count * rows]


def _run(
    session: Any, wanted: Sequence[str], feeds: Feeds, card: ModelCard, constants: Container[str]
) -> list[NDArray[Any]]:
    try:
        return _read(session, list(wanted), feeds, constants)
    except Exception as error:  # ONNX Runtime's errors share no base
        shapes = ", ".join(f"{name} {' x '.join(map(str, array.shape))}" for name, array in feeds.items())
        what = "too little free memory" if out_of_memory(str(error)) else one_line(error, 200)
        raise ModelFileError(f"{card.path} does not run on {shapes}: received {what}.") from error


def _read(session: Any, wanted: list[str], feeds: Feeds, constants: Container[str]) -> list[NDArray[Any]]:
    ort = onnx_runtime()

    if any(array.dtype.kind not in "fiub" for array in feeds.values()):  # text
        with run_within(_LONGEST_RUN_S) as options:
            answers: list[NDArray[Any]] = session.run(wanted, dict(feeds), options)
        return answers
    given = {name: ort.OrtValue.ortvalue_from_numpy(array) for name, array in feeds.items()}
    with run_within(_LONGEST_RUN_S) as options:
        values = session.run_with_ort_values(wanted, given, options)
    seen: set[int] = set()
    arrays = []
    for name, value in zip(wanted, values, strict=True):
        kind = FEEDABLE.get(value.data_type())
        if kind is None:
            arrays.append(value.numpy())
            continue
        array = np.asarray(_Held(value, np.dtype(kind)))
        shared = bool(array.size) and value.data_ptr() in seen  # a Reshape may give its input's memory
        seen.add(value.data_ptr())
        arrays.append(array.copy() if shared or name in constants or array.nbytes <= _SMALL_BYTES else array)
    return arrays


class _Held:
    """A tensor's memory for numpy, which keeps the tensor; `OrtValue.numpy` copies, DLPack gives read-only arrays."""

    def __init__(self, value: Any, dtype: np.dtype[Any]) -> None:
        self._value = value
        self.__array_interface__ = {
            "version": 3,
            "shape": tuple(value.shape()),
            "typestr": dtype.str,
            "data": (value.data_ptr(), False),
        }


def constants_of(card: ModelCard) -> frozenset[str]:
    """Return the tensors that no picture changes: they are copied, so that a caller can't change the session's own."""
    return frozenset(_from(card))


def _from(card: ModelCard, sources: Iterable[str] = (), *, through_shape: bool = False) -> set[str]:
    """Return the tensors that are made from these and the file's constants alone; shapes count as such if asked."""
    made = {tensor.name for tensor in card.proto.graph.initializer} | set(sources)
    for node in card.proto.graph.node:
        is_shape = through_shape and of_node(node).kind == "shape"
        if is_shape or (not inner_graphs(node) and all(name in made for name in node.input if name)):
            made.update(node.output)
    return made

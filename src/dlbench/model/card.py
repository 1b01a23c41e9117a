"""What an ONNX file says of itself, before anything runs: size, weights, opset, precision.

    card = read_model(Path("cnn.onnx"))
    card.parameters, card.size_bytes, card.facts

Files come from anywhere: sizes are bounded, external data must lie beside the file, nothing is executed.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import ModelFileError, one_line
from dlbench.files import Workspace
from dlbench.model.element_types import by_number
from dlbench.model.facts import ModelFacts, VariantFacts, read_facts, read_variant
from dlbench.model.graphs import all_graphs, inlined, is_external
from dlbench.model.parameters import parameters_of
from dlbench.model.soundness import Unsound, check_sound, tensor_bytes, tensors_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto, TensorProto

_MAX_BYTES = 2**31 - 1  # protobuf's own limit; larger models keep their weights in external data


@dataclass(frozen=True)
class ModelCard:
    """One ONNX file: where it is, what it holds, and its dlbench facts (None for a foreign file)."""

    path: Path
    name: str
    size_bytes: int
    parameters: int
    precision: str
    opset: int | None
    facts: ModelFacts | None
    proto: ModelProto = field(repr=False, compare=False)
    # mean and deviation of pictures, as the user says for a file that does not: one number, or one for each channel
    normalisation: tuple[tuple[float, ...], tuple[float, ...]] | None = None
    # for looking: what the user says of the inputs' sizes, and the arrays of those that are fed beside a picture
    sizes: Mapping[str, tuple[int, ...]] = field(default_factory=dict, compare=False)
    beside: Mapping[str, NDArray[Any]] = field(default_factory=dict, repr=False, compare=False)
    beside_note: str = ""
    variant: VariantFacts | None = None  # of a file that was made from another: its recipe and its parent's hash
    data_folder: Path = Path()  # where the external data that `proto` names lie
    _hash: Callable[[], str] = field(default=str, repr=False, compare=False)

    @property
    def sha256(self) -> str:
        """The hash of the file and its external data, read when it is first asked for: that can be gigabytes.

        Raises:
            ModelFileError: a file can't be read any more.
        """
        return self._hash()


def card_of(model: str | PathLike[str] | ModelCard) -> ModelCard:
    """Return the model itself, or read it: a path, or a name of the workspace such as "cnn".

    Raises:
        ModelFileError: no such file, or it can't be read; see `read_model`.
    """
    if isinstance(model, ModelCard):
        return model
    path = Path(model)
    kept = Workspace.at(None).models / f"{path}.onnx"
    return read_model(kept if len(path.parts) == 1 and not path.exists() and kept.is_file() else path)


def read_model(path: str | PathLike[str]) -> ModelCard:
    """Read and describe an ONNX file, external data included (which is measured, not loaded).

    Raises:
        ModelFileError: missing, not ONNX, too large, or external data that is missing or outside its folder.
    """
    import onnx

    path = Path(path)
    if any("\ud800" <= c <= "\udfff" for c in str(path)):
        raise ModelFileError(
            f"the name {one_line(ascii(str(path)), 200)} can't be used: expected UTF-8, received other bytes; "
            "rename the file or folder."
        )
    raw = _read(path)
    try:
        model = onnx.load_model_from_string(raw)
    except Exception as error:  # protobuf raises classes of its own
        raise ModelFileError(
            f"{path} is not a readable ONNX file: expected a serialised ONNX model, received {_what_is(raw)}; "
            "check the download, or export it again."
        ) from error
    if not model.graph.node or not model.graph.output:
        raise ModelFileError(
            f"{path} is not a usable ONNX model: expected a graph with nodes and outputs, received "
            f"{_what_is(raw) if not model.ir_version else 'an empty graph'}; check the file, or export it again."
        )
    try:
        check_sound(model)
    except Unsound as error:
        raise ModelFileError(
            f"{path} is not a usable ONNX model: expected a sound graph, received {error}; check the file, or export "
            "it again."
        ) from error
    weights = [tensor for graph in all_graphs(model.graph) for tensor in graph.initializer]
    outside = [tensor for tensor in tensors_of(model) if is_external(tensor)]
    external = sum(_external_size(path, tensor) for tensor in outside)
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None)
    facts, variant = read_facts(model), read_variant(model)
    hash_once = cache(partial(_digest, path, sorted({_location(tensor) for tensor in outside})))
    return ModelCard(
        path=path,
        name=path.stem,
        size_bytes=len(raw) + external,
        parameters=facts.parameters if facts else parameters_of(inlined(model).graph),
        precision=variant.precision if variant else _precision(model, weights),
        opset=opset,
        facts=facts,
        variant=variant,
        data_folder=_data_folder(path, outside),
        proto=model,
        _hash=hash_once,
    )


def _read(path: Path) -> bytes:
    from dlbench.files import read_bounded

    raw = read_bounded(path, _MAX_BYTES, ModelFileError, "model file")
    if not raw:
        raise ModelFileError(f"{path} is empty: expected an ONNX model, received 0 bytes; export or copy it again.")
    return raw


def _what_is(raw: bytes) -> str:
    for magic, what in ((b"PK\x03\x04", "a zip or PyTorch file"), (b"\x89PNG", "a PNG picture"), (b"<", "HTML or XML")):
        if raw.startswith(magic):
            return what
    return f"{len(raw):,} bytes that are cut short or not ONNX"


def _digest(path: Path, locations: Sequence[str]) -> str:
    """Return the hash of a model file and then of the files beside it that hold its external data."""
    digest = hashlib.sha256()
    for part in (path, *(path.parent / location for location in locations)):
        try:
            with part.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
        except OSError as error:
            raise ModelFileError(
                f"{part} can't be read any more: expected the file that was opened, received {one_line(error, 150)}; "
                "leave model files where they are while dlbench works on them."
            ) from error
    return digest.hexdigest()


def _location(tensor: TensorProto) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def _external_size(path: Path, tensor: TensorProto) -> int:
    """Return how many bytes a tensor takes of the file that its location names."""
    location = _location(tensor)
    folder = path.parent.resolve()
    try:
        if "\x00" in location or "\x00" in str(path):
            raise ValueError
        target = (folder / location).resolve()
        held = target.stat().st_size if target.is_file() else None
    except (OSError, ValueError, RuntimeError):  # a link to itself, a name that is too long, or one with a NUL
        target, held = folder, None
    if not location or not _lies_beside(path, location, target):
        raise ModelFileError(
            f"{path} points outside its folder: expected external data beside the model, received "
            f"{one_line(location, 80)!r}; don't use this file unless you trust it, then export it again."
        )
    if held is None:
        raise ModelFileError(
            f"{path} lacks its external data: expected the file {one_line(location, 80)} beside it, received nothing; "
            "copy both files together."
        )
    return _external_bytes(path, tensor, {e.key: e.value for e in tensor.external_data}, held)


def _lies_beside(path: Path, location: str, target: Path) -> bool:
    """Say whether a location stays in the model's folder, or is a link into the store that the model itself lies in.

    A hub's cache keeps both as links (snapshots/REVISION/model.onnx) to one folder of files (blobs).
    """
    if Path(location).is_absolute() or ".." in location.replace("\\", "/").split("/"):
        return False
    folder, store = path.parent.resolve(), path.resolve().parent
    return folder in target.parents or target.parent == store or target == folder


def _data_folder(path: Path, outside: Sequence[TensorProto]) -> Path:
    """Return the folder of the external data; where they are links into a store, the locations become its files' names.

    ONNX Runtime and onnx follow no link out of the folder that they are told.
    """
    folder, store = path.parent.resolve(), path.resolve().parent
    targets = [(folder / _location(tensor)).resolve() for tensor in outside]
    linked = [folder not in target.parents for target in targets]
    if not any(linked):
        return path.parent
    if not all(linked):
        raise ModelFileError(
            f"{path} has external data in two places: expected all beside it or all in {store.name}, received both; "
            "copy all files into one folder."
        )
    for tensor, target in zip(outside, targets, strict=True):
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = target.name
    return store


def _external_bytes(path: Path, tensor: TensorProto, entries: Mapping[str, str], held: int) -> int:
    """Return how many bytes a tensor takes of a file that holds `held` bytes."""
    expected = tensor_bytes(tensor)
    try:
        offset = int(entries.get("offset", 0))
        length = int(entries.get("length", held - offset))
    except ValueError:
        raise ModelFileError(f"{path} has external data of unreadable length; export it again.") from None
    if min(offset, length) < 0 or offset + length > held or expected is None or expected > length:
        raise ModelFileError(
            f"{path} has external data that does not fit: expected {expected or 0:,} bytes of "
            f"{one_line(tensor.name, 60)!r}, received {length:,} from byte {offset:,} of {held:,}; copy both files "
            "together, or export them again."
        )
    return length


def _precision(model: ModelProto, weights: Sequence[TensorProto]) -> str:
    """Name the type that most weight elements have: fp32, fp16, bf16, fp64 or int8."""
    totals: Counter[str] = Counter()
    for tensor in weights:
        totals[_precision_of(tensor.data_type)] += math.prod(tensor.dims)
    known = [name for name, _ in totals.most_common() if name]
    inputs = [_precision_of(value.type.tensor_type.elem_type) for value in model.graph.input]
    return next((name for name in [*known, *inputs] if name), "unknown")


def _precision_of(number: int) -> str:
    element = by_number(number)
    return element.precision if element else ""

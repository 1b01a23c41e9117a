"""What an ONNX file says of itself, before anything runs: size, weights, opset, multiply-accumulates.

    card = read_model(Path("cnn.onnx"))
    card.parameters, card.size_bytes, card.facts
    multiply_accumulates(card, {"image": (1, 1, 28, 28)})

Files come from anywhere: sizes are bounded, external data must lie beside the file, nothing is executed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import ModelFileError, one_line
from dlbench.model.facts import ModelFacts, read_facts
from dlbench.model.parameters import elements, inner_graphs, parameters_of

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

__all__ = [
    "ModelCard",
    "graph_shapes",
    "inferred_model",
    "known_shapes",
    "multiply_accumulates",
    "node_macs",
    "read_model",
]

_MAX_BYTES = 2**31 - 1  # protobuf's own limit; larger models keep their weights in external data


@dataclass(frozen=True)
class ModelCard:
    """One ONNX file: where it is, what it holds, and its dlbench facts (None for a foreign file)."""

    path: Path
    name: str
    sha256: str
    size_bytes: int
    parameters: int
    precision: str
    opset: int | None
    facts: ModelFacts | None
    proto: ModelProto = field(repr=False, compare=False)


def read_model(path: Path) -> ModelCard:
    """Read and describe an ONNX file, external data included (which is measured, not loaded).

    Raises:
        ModelFileError: missing, not ONNX, too large, or external data that is missing or outside its folder.
    """
    import onnx

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
    weights = list(_weights(model.graph))
    external = sum(size for tensor in weights for size in _external_sizes(path, tensor))
    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None)
    facts = read_facts(model)
    return ModelCard(
        path=path,
        name=path.stem,
        sha256=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw) + external,
        parameters=facts.parameters if facts else parameters_of(_inlined(model).graph),
        precision=_precision(model, weights),
        opset=opset,
        facts=facts,
        proto=model,
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


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """Yield the graph and every graph inside its nodes (If, Loop, Scan)."""
    stack = [graph]
    while stack:
        current = stack.pop()
        yield current
        stack += [inner for node in current.node for inner in inner_graphs(node)]


def _weights(graph: GraphProto) -> Iterator[TensorProto]:
    for part in _graphs(graph):
        yield from part.initializer


def _external_sizes(path: Path, tensor: TensorProto) -> Iterator[int]:
    if tensor.data_location != 1:  # TensorProto.EXTERNAL
        return
    entries = {e.key: e.value for e in tensor.external_data}
    location = entries.get("location", "")
    folder = path.parent.resolve()
    target = (folder / location).resolve()
    if not location or Path(location).is_absolute() or folder not in target.parents:
        raise ModelFileError(
            f"{path} points outside its folder: expected external data beside the model, received "
            f"{one_line(location, 80)!r}; don't use this file unless you trust it, then export it again."
        )
    if not target.is_file():
        raise ModelFileError(
            f"{path} lacks its external data: expected the file {one_line(location, 80)} beside it, received nothing; "
            "copy both files together."
        )
    try:
        yield int(entries.get("length") or target.stat().st_size)
    except ValueError:
        raise ModelFileError(f"{path} has external data of unreadable length; export it again.") from None


def _precision(model: ModelProto, weights: Sequence[TensorProto]) -> str:
    """Name the type that most weight elements have: fp32, fp16, bf16, fp64 or int8."""
    from onnx import TensorProto

    names: dict[int, str] = {
        TensorProto.FLOAT: "fp32",
        TensorProto.FLOAT16: "fp16",
        TensorProto.BFLOAT16: "bf16",
        TensorProto.DOUBLE: "fp64",
        TensorProto.INT8: "int8",
        TensorProto.UINT8: "int8",
    }
    totals: dict[str, int] = {}
    for tensor in weights:
        if tensor.data_type in names:
            name = names[tensor.data_type]
            totals[name] = totals.get(name, 0) + elements(tensor.dims)
    if totals:
        return max(totals, key=lambda name: totals[name])
    inputs = [i.type.tensor_type.elem_type for i in model.graph.input]
    return next((names[t] for t in inputs if t in names), "unknown")


_CONVOLUTIONS = {"Conv", "ConvInteger", "QLinearConv", "FusedConv", "NhwcConv", "NhwcFusedConv"}
_PRODUCTS = {"MatMul", "MatMulInteger", "QLinearMatMul", "FusedMatMul", "FusedGemm", "Gemm", "QGemm"}
# Operators that multiply but whose count is not written down here: then the total is unknown, not too small.
_UNCOUNTED = {"LSTM", "GRU", "RNN", "Einsum", "Attention", "MultiHeadAttention", "If", "Loop", "Scan", "DeformConv"}
_UNCOUNTED |= {"MatMulNBits", "QAttention", "GroupQueryAttention", "DynamicQuantizeLSTM", "MoE", "QMoE"}
_KNOWN_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"}


def multiply_accumulates(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> int | None:
    """Count multiply-accumulates of convolutions and matrix products for inputs of these shapes.

    Conv: output elements x (input channels / groups) x kernel elements. MatMul and Gemm: output elements x inner
    size. Elementwise operators, pooling and normalisation are not counted, as is usual (torchinfo, fvcore).
    Returns None where a shape can't be inferred or an operator can't be counted.
    """
    inferred = inferred_model(card, shapes)
    if inferred is None:
        return None
    known = graph_shapes(inferred.graph)
    total = 0
    for node in inferred.graph.node:
        macs = node_macs(node, known)
        if macs is None:
            return None
        total += macs
    return total


def known_shapes(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor that can be inferred for inputs of these shapes, by name; empty if none can."""
    inferred = inferred_model(card, shapes)
    return {} if inferred is None else graph_shapes(inferred.graph)


def inferred_model(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> ModelProto | None:
    """Return the model with inferred shapes, its own functions inlined; None where that fails."""
    import onnx
    from onnx import shape_inference

    model = onnx.ModelProto()
    model.CopyFrom(_inlined(card.proto))
    _settle_shapes(model, shapes)
    try:
        return shape_inference.infer_shapes(model, data_prop=True)
    except Exception:  # noqa: BLE001  # the checker's own classes, and protobuf's for models over 2 GB
        return None


def _inlined(model: ModelProto) -> ModelProto:
    """Return the model with the functions that it defines put where they are called; itself where it has none."""
    if not model.functions:
        return model
    from onnx.inliner import inline_local_functions

    inlined: ModelProto = inline_local_functions(model)
    return inlined


def _settle_shapes(model: ModelProto, shapes: Mapping[str, Sequence[int]]) -> None:
    """Write the asked sizes into the inputs and drop recorded shapes, which may say otherwise."""
    del model.graph.value_info[:]
    for value in model.graph.input:
        if value.name in shapes:
            dims = value.type.tensor_type.shape.dim
            del dims[:]
            for size in shapes[value.name]:
                dims.add().dim_value = size
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")


def graph_shapes(graph: GraphProto) -> dict[str, tuple[int, ...]]:
    """Return the shapes that a graph states in full, by tensor name."""
    known = {t.name: tuple(t.dims) for t in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField("shape") and all(d.HasField("dim_value") for d in dims):
            known[value.name] = tuple(d.dim_value for d in dims)
    return known


def node_macs(node: Any, known: Mapping[str, tuple[int, ...]]) -> int | None:
    """Return one node's multiply-accumulates, None where they can't be counted."""
    if node.op_type in _UNCOUNTED or node.domain not in _KNOWN_DOMAINS:
        return None
    quantised = node.op_type.startswith("QLinear") or node.op_type == "QGemm"
    inputs = [node.input[0], node.input[3]] if quantised and len(node.input) > 3 else list(node.input[:2])
    if node.op_type in _CONVOLUTIONS:
        output, weight = known.get(node.output[0]), known.get(inputs[1])
        if output is None or weight is None:
            return None
        return elements(output) * elements(weight[1:])  # weight: (M, C / group, kernel...)
    if node.op_type == "ConvTranspose":
        source, weight = known.get(inputs[0]), known.get(inputs[1])
        return None if source is None or weight is None else elements(source) * elements(weight[1:])
    if node.op_type in _PRODUCTS:
        output, left = known.get(node.output[0]), known.get(inputs[0])
        if output is None or not left:
            return None
        transposed = any(a.name == "transA" and a.i for a in node.attribute)
        return elements(output) * (left[-2] if transposed and len(left) > 1 else left[-1])
    return 0

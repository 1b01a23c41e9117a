"""What comes before a conversion: batch normalisation folded, shapes inferred, every node with a name of its own.

with prepared(card) as path:        # a file in a temporary folder, which ONNX Runtime's tools read
    ...
kept = kept_nodes(model, card, ["fc1"])     # names of layers, nodes or tensors -> names of nodes
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.errors import InputError, ModelFileError, close_matches, one_line
from dlbench.export.precision.model_storage import loaded, write_model
from dlbench.export.quiet import quiet
from dlbench.model.graphs import inlined

if TYPE_CHECKING:
    from onnx import ModelProto

    from dlbench.model.card import ModelCard

__all__ = ["kept_nodes", "named_nodes", "prepared", "with_products"]

_LOWEST_OPSET = 13  # the first whose DequantizeLinear takes a scale for each channel


@contextmanager
def prepared(card: ModelCard) -> Iterator[Path]:
    """Yield a file of the model as the quantiser wants it; it goes with the block.

    Raises:
        ModelFileError: its operators can't be brought to opset 13.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory(prefix="dlbench-", ignore_cleanup_errors=True) as folder:
        source, ready = Path(folder) / "source.onnx", Path(folder) / "ready.onnx"
        model = at_least(named_nodes(inlined(loaded(card))), _LOWEST_OPSET, card)
        write_model(model, source)
        is_large = (Path(folder) / "source.onnx.data").exists()
        try:
            with quiet():
                quant_pre_process(
                    str(source),
                    str(ready),
                    skip_symbolic_shape=True,  # it needs sympy; onnx's own inference follows
                    save_as_external_data=is_large,
                    all_tensors_to_one_file=True,
                    external_data_location="ready.onnx.data",
                )
        except Exception:  # noqa: BLE001  # of many classes; what the quantiser can do without, it does without
            ready = source
        yield ready


def with_products(card: ModelCard, kept: Sequence[str]) -> tuple[ModelProto, list[str]]:
    """Return the model with its dense layers as MatMul and Add, which weights alone are quantised in, and what is kept.

    Raises:
        InputError: a layer to keep that is not there.
    """
    from onnxruntime.quantization.onnx_model import ONNXModel

    model = named_nodes(inlined(loaded(card)))
    names = kept_nodes(model, card, kept)
    gemms = {node.output[0]: node.name for node in model.graph.node if node.op_type == "Gemm"}
    split = ONNXModel(model)
    split.replace_gemm_with_matmul()
    del split.model.graph.value_info[:]  # some are of weights that are transposed now
    named_nodes(split.model)
    kept_tensors = {tensor for tensor, name in gemms.items() if name in names}
    sums = {node.input[0] for node in split.model.graph.node if kept_tensors & set(node.output)}
    names += [node.name for node in split.model.graph.node if sums & set(node.output)]
    return split.model, names


def at_least(model: ModelProto, opset: int, card: ModelCard) -> ModelProto:
    """Return the model with its operators raised to an opset where they are older.

    Raises:
        ModelFileError: onnx can't convert an operator.
    """
    from onnx import version_converter

    now = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), opset)
    if now >= opset:
        return model
    try:
        raised: ModelProto = version_converter.convert_version(model, opset)
    except Exception as error:  # what its C++ code throws
        raise ModelFileError(
            f"{card.path} can't be converted: expected operators of opset {opset}, received opset {now}, and "
            f"{one_line(error, 160)}; export the network again with a newer opset."
        ) from error
    return raised


def named_nodes(model: ModelProto) -> ModelProto:
    """Give every node of the graph a name of its own, where it has none or shares it; return the same model."""
    taken = {node.name for node in model.graph.node}
    seen: set[str] = set()
    for place, node in enumerate(model.graph.node):
        if not node.name or node.name in seen:
            name = f"{node.op_type}_{place}"
            while name in taken:
                name += "_"
            node.name = name
            taken.add(name)
        seen.add(node.name)
    return model


def kept_nodes(model: ModelProto, card: ModelCard, asked: Sequence[str]) -> list[str]:
    """Return the nodes that stay float, named by the network's layer, the node or its output.

    Raises:
        InputError: nothing of that name.
    """
    layers = card.facts.layers if card.facts else {}
    by_name = {name: node.name for node in model.graph.node for name in (*node.output, node.name) if name}
    by_name |= {layer: by_name[tensor] for layer, tensor in layers.items() if tensor in by_name}
    unknown = [name for name in asked if name not in by_name]
    if unknown:
        raise InputError(
            f"--keep-fp32: expected layers of {card.name}, received {one_line(unknown[0], 80)!r}; dlbench inspect "
            f"lists them.{close_matches(unknown[0], by_name)}"
        )
    return list(dict.fromkeys(by_name[name] for name in asked))

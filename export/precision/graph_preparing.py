"""What comes before a conversion: batch normalisation absorbed, shapes inferred, every node with a name of its own.

with prepared(card, settings) as path:        # a file in a temporary folder, which ONNX Runtime's tools read
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
from dlbench.export.norm_absorbing import absorb_norms
from dlbench.export.precision.model_storage import loaded, write_model
from dlbench.export.quiet import quiet
from dlbench.model.graphs import consumers, inlined

if TYPE_CHECKING:
    from onnx import ModelProto

    from dlbench.export.precision.variant_settings import VariantSettings
    from dlbench.model.card import ModelCard

_LOWEST_OPSET = 13  # the first whose DequantizeLinear takes a scale for each channel


@contextmanager
def prepared(card: ModelCard, settings: VariantSettings) -> Iterator[Path]:
    """Yield a file of the model as the quantiser wants it; it goes with the block.

    Raises:
        ModelFileError: its operators can't be brought to opset 13.
    """
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory(prefix="dlbench-", ignore_cleanup_errors=True) as folder:
        source, ready = Path(folder) / "source.onnx", Path(folder) / "ready.onnx"
        model = _at_opset(source_of(card, settings), _LOWEST_OPSET, card, only_up=True)
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
        yield _absorbed(ready, card, settings)


def _absorbed(path: Path, card: ModelCard, settings: VariantSettings) -> Path:
    """Return a file beside this one in which no normalisation stands alone but those that are kept float by name."""
    import onnx

    model = onnx.load(str(path))
    layers = card.facts.layers if card.facts else {}
    asked = {*settings.named_kept, *(layers.get(name, name) for name in settings.named_kept)}
    kept = [node.name for node in model.graph.node if not asked.isdisjoint((node.name, *node.output))]
    if not absorb_norms(model, kept, as_layers=settings.per_channel):
        return path
    write_model(model, path.with_name("absorbed.onnx"))
    return path.with_name("absorbed.onnx")


def with_products(card: ModelCard, settings: VariantSettings) -> tuple[ModelProto, list[str]]:
    """Return the model with its dense layers as MatMul and Add, which weights alone are quantised in, and what is kept.

    Raises:
        InputError: a layer to keep that is not there.
    """
    from onnxruntime.quantization.onnx_model import ONNXModel

    model = source_of(card, settings)
    names = kept_nodes(model, card, settings.named_kept)
    gemms = {node.output[0]: node.name for node in model.graph.node if node.op_type == "Gemm"}
    split = ONNXModel(model)
    split.replace_gemm_with_matmul()
    del split.model.graph.value_info[:]  # some are of weights that are transposed now
    named_nodes(split.model)
    kept_tensors = {tensor for tensor, name in gemms.items() if name in names}
    sums = {node.input[0] for node in split.model.graph.node if kept_tensors & set(node.output)}
    names += [node.name for node in split.model.graph.node if sums & set(node.output)]
    return split.model, names


def source_of(card: ModelCard, settings: VariantSettings) -> ModelProto:
    """Return what every conversion starts from: weights in memory, functions inlined, nodes named, the opset asked for.

    Raises:
        InputError: no such opset.
        ModelFileError: onnx can't convert an operator.
    """
    from onnx.defs import onnx_opset_version

    model = named_nodes(inlined(loaded(card)))
    if settings.opset is None:
        return model
    if not _LOWEST_OPSET <= settings.opset <= onnx_opset_version():
        raise InputError(f"--opset: expected {_LOWEST_OPSET} to {onnx_opset_version()}, received {settings.opset}.")
    return _at_opset(model, settings.opset, card)


def _at_opset(model: ModelProto, opset: int, card: ModelCard, *, only_up: bool = False) -> ModelProto:
    """Return the model with operators of an opset; with `only_up`, newer ones may stay."""
    from onnx import version_converter

    now = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), opset)
    if now == opset or (only_up and now > opset):
        return model
    try:
        converted: ModelProto = version_converter.convert_version(model, opset)
    except Exception as error:  # what its C++ code throws
        raise ModelFileError(
            f"{card.path} can't be converted: expected operators of opset {opset}, received opset {now}, and "
            f"{one_line(error, 160)}; export the network again with that opset."
        ) from error
    return named_nodes(converted)


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

    A layer that was merged into the next one stands for that one.

    Raises:
        InputError: nothing of that name.
    """
    here = {name: node.name for node in model.graph.node for name in (*node.output, node.name) if name}
    tensors = {node.name: node.output[0] for node in card.proto.graph.node if node.name and node.output}
    tensors |= card.facts.layers if card.facts else {}
    takers = consumers(card.proto.graph)
    found = []
    for name in asked:
        tensor = tensors.get(name, name)
        while tensor not in here and len(takers.get(tensor, [])) == 1:
            tensor = takers[tensor][0].output[0]
        node = here.get(name) or here.get(tensor)
        if node is None:
            raise InputError(
                f"--keep-fp32: expected layers of {card.name}, received {one_line(name, 80)!r}; dlbench inspect lists "
                f"them.{close_matches(name, [*tensors, *here])}"
            )
        found.append(node)
    return list(dict.fromkeys(found))

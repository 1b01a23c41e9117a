"""16-bit floats: fp16 by ONNX Runtime's converter, and bf16 from the same graph.

    made = to_half(card, "fp16", batches, settings, progress)

Operators whose definition has no such type stay float, with casts around them. fp16 ends at 65504: a layer that gives
more on the calibration pictures is refused by name. bf16 has the range of fp32 and 8 bits of precision.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dlbench.errors import ModelFileError, one_line
from dlbench.export.precision.calibration import Measured, calibrate
from dlbench.export.precision.conversions import Made
from dlbench.export.precision.graph_preparing import kept_nodes, source_of
from dlbench.export.precision.model_storage import write_model
from dlbench.export.quiet import quiet
from dlbench.model.graphs import all_graphs, attribute, consumers, copy_of, names_used, producers, real_inputs

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

    from dlbench.export.precision.variant_settings import VariantSettings
    from dlbench.model.card import ModelCard
    from dlbench.model.sessions import Images

_FLOAT, _HALF = 1, 10  # of TensorProto
_LARGEST = {"fp16": 65504.0, "bf16": 3.38e38}
_TYPES = {"fp16": "tensor(float16)", "bf16": "tensor(bfloat16)"}


def to_half(
    card: ModelCard,
    precision: str,
    batches: Iterable[Images] | None,
    settings: VariantSettings,
    progress: Callable[[str, int, int], None] | None,
) -> Made:
    """Return the model in 16-bit floats with 32-bit inputs and outputs, its recipe, and the nodes that stayed float.

    Raises:
        InputError: a layer to keep that is not there, or pictures that don't fit.
        ModelFileError: a value is too large, or the converter can't convert the model.
    """
    source = source_of(card, settings)
    blocked = _blocked_operators(source, precision)
    kept = kept_nodes(source, card, settings.named_kept)
    measured = None
    if batches is not None:
        with tempfile.TemporaryDirectory(prefix="dlbench-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "source.onnx"
            write_model(copy_of(source), path)  # not prepared: a layer that is folded into another can overflow too
            measured = calibrate(path, batches, "minmax", card, None, progress)
    too_large = _overflowing(source, precision, measured)
    if settings.finds_kept:
        kept = list(dict.fromkeys(name for name, *_ in too_large if name))
    left = [node for node in source.graph.node if node.op_type in blocked or node.name in kept]
    floats = {node.name for node in left}
    for name, what, value in too_large:
        if name not in floats:
            raise _refused(card, precision, name, what, value)
    model = _converted(card, source, blocked, kept)
    _drop_round_trips(model)
    if precision == "bf16":
        _to_bfloat16(model, source)
    recipe = {
        "blocked_operators": sorted({node.op_type for node in left if node.op_type in blocked}),
        "kept_fp32": kept,
        "calibration": measured and measured.facts() | settings.calibration_facts(),
    }
    return Made(model, recipe, tuple(f"{node.name} ({node.op_type})" for node in left))


def _blocked_operators(model: ModelProto, precision: str) -> set[str]:
    """Return the operators of the model that can't work on such numbers, or that ONNX Runtime's converter leaves."""
    from onnx import defs
    from onnxruntime.transformers.float16 import DEFAULT_OP_BLOCK_LIST

    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 1)
    found = set()
    for graph in all_graphs(model.graph):
        for node in graph.node:
            is_known = node.domain in ("", "ai.onnx") and defs.has(node.op_type, opset)
            if node.op_type in DEFAULT_OP_BLOCK_LIST or not is_known:
                found.add(node.op_type)
                continue
            schema = defs.get_schema(node.op_type, opset)
            allowed = {kind for rule in schema.type_constraints for kind in rule.allowed_type_strs}
            if "tensor(float)" in allowed and _TYPES[precision] not in allowed:
                found.add(node.op_type)
    return found


def _overflowing(model: ModelProto, precision: str, measured: Measured | None) -> list[tuple[str, str, float]]:
    """Return the nodes that give, take or hold values too large for the type: their names, what it is and the value.

    The empty name stands for an input or output of the network, which no node that is kept can help.
    """
    from onnx import numpy_helper

    limits, takers = (measured.limits() if measured else {}), consumers(model.graph)
    makers = [("", value.name, f"the input {value.name}") for value in real_inputs(model.graph)]
    makers += [(n.name, name, f"{n.name} ({n.op_type})") for n in model.graph.node for name in n.output]
    outputs = {value.name for value in model.graph.output}
    found = []
    for maker, tensor, what in makers:
        value = max(map(abs, limits.get(tensor, (0.0,))))
        if value > _LARGEST[precision]:
            at_end = [""] if tensor in outputs else []  # it is cast, whatever node gives it
            found += [(n, what, value) for n in (maker, *(node.name for node in takers.get(tensor, ())), *at_end)]
    for weights in model.graph.initializer:
        value = float(np.abs(numpy_helper.to_array(weights)).max(initial=0.0)) if weights.data_type == _FLOAT else 0.0
        if value > _LARGEST[precision]:
            what = f"the weights {one_line(weights.name, 60)}"
            found += [(node.name, f"{node.name} ({node.op_type}), {what}", value) for node in takers[weights.name]]
    return found


def _refused(card: ModelCard, precision: str, name: str, what: str, value: float) -> ModelFileError:
    advice = f"leave it float with `keep_fp32` {one_line(name, 80)}, or choose bf16" if name else "choose bf16"
    return ModelFileError(
        f"{card.path} overflows in {precision}: expected values up to {_LARGEST[precision]:g}, received {value:.4g} in "
        f"{what}; {advice}."
    )


def _converted(card: ModelCard, source: ModelProto, blocked: set[str], kept: list[str]) -> ModelProto:
    from onnxruntime.transformers.float16 import convert_float_to_float16

    try:
        with quiet():
            model: ModelProto = convert_float_to_float16(
                copy_of(source), keep_io_types=True, op_block_list=sorted(blocked), node_block_list=kept
            )
    except Exception as error:  # the converter asserts and raises classes of its own
        raise ModelFileError(
            f"{card.path} can't be converted to 16 bits: received {one_line(error, 160)}; export the network again."
        ) from error
    return model


def _drop_round_trips(model: ModelProto) -> None:
    """Join nodes that stay float directly: the converter casts to 16 bits and back between two of them."""
    graph = model.graph
    makers, outputs = producers(graph), {value.name for value in graph.output}
    direct: dict[str, str] = {}
    for node in graph.node:
        before = makers.get(node.input[0]) if _casts_to(node, _FLOAT) and node.output[0] not in outputs else None
        if before is not None and _casts_to(before, _HALF):
            direct[node.output[0]] = before.input[0]
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = direct.get(name, name)
    used = names_used(graph.node) | outputs
    kept = [node for node in graph.node if node.op_type != "Cast" or used & set(node.output)]
    used = names_used(kept) | outputs
    kept = [node for node in kept if node.op_type != "Cast" or used & set(node.output)]
    del graph.node[:]
    graph.node.extend(kept)


def _casts_to(node: NodeProto, kind: int) -> bool:
    return node.op_type == "Cast" and attribute(node, "to") == kind


def _to_bfloat16(model: ModelProto, source: ModelProto) -> None:
    """Turn every fp16 of a converted model into bf16, its weights anew from those of the source."""
    import ml_dtypes
    from onnx import TensorProto, numpy_helper

    half, brain = TensorProto.FLOAT16, TensorProto.BFLOAT16
    originals = {tensor.name: tensor for tensor in source.graph.initializer}
    for graph in all_graphs(model.graph):
        constants = [setting.t for node in graph.node for setting in node.attribute if setting.HasField("t")]
        for tensor in (*graph.initializer, *constants):
            if tensor.data_type == half:
                values = numpy_helper.to_array(originals.get(tensor.name, tensor))
                tensor.CopyFrom(numpy_helper.from_array(values.astype(ml_dtypes.bfloat16), tensor.name))
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.type.tensor_type.elem_type == half:
                value.type.tensor_type.elem_type = brain
        for node in graph.node:
            for setting in node.attribute:
                if setting.name in ("to", "dtype") and setting.i == half:
                    setting.i = brain

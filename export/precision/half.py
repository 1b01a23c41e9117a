"""16-bit floats: fp16 by ONNX Runtime's converter, and bf16 from the same graph.

    model, recipe, left = to_half(card, "fp16", batches, settings, progress)

Operators whose definition has no such type stay float, with casts around them. fp16 ends at 65504: a layer that gives
more on the calibration pictures is refused by name. bf16 has the range of fp32 and 8 bits of precision.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlbench.errors import ModelFileError, one_line
from dlbench.export.precision.calibration import Measured, calibrate
from dlbench.export.precision.graph_preparing import kept_nodes, named_nodes
from dlbench.export.precision.model_storage import loaded, write_model
from dlbench.export.quiet import quiet
from dlbench.model.graphs import all_graphs, copy_of, inlined, real_inputs

if TYPE_CHECKING:
    from onnx import ModelProto

    from dlbench.export.precision.variant_settings import VariantSettings
    from dlbench.model.card import ModelCard
    from dlbench.model.sessions import Images

__all__ = ["to_half"]

_LARGEST = {"fp16": 65504.0, "bf16": 3.38e38}
_TYPES = {"fp16": "tensor(float16)", "bf16": "tensor(bfloat16)"}


def to_half(
    card: ModelCard,
    precision: str,
    batches: Iterable[Images] | None,
    settings: VariantSettings,
    progress: Callable[[str, int, int], None] | None,
) -> tuple[ModelProto, dict[str, Any], tuple[str, ...]]:
    """Return the model in 16-bit floats with 32-bit inputs and outputs, its recipe, and the nodes that stayed float.

    Raises:
        InputError: a layer to keep that is not there, or pictures that don't fit.
        ModelFileError: a value is too large, or the converter can't convert the model.
    """
    source = named_nodes(inlined(loaded(card)))
    blocked = _blocked_operators(source, precision)
    kept = kept_nodes(source, card, settings.keep_fp32)
    left = [node for node in source.graph.node if node.op_type in blocked or node.name in kept]
    measured = None
    if batches is not None:
        with tempfile.TemporaryDirectory(prefix="dlbench-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "source.onnx"
            write_model(copy_of(source), path)  # not prepared: a layer that is folded into another can overflow too
            measured = calibrate(path, batches, "minmax", card, None, progress)
    _expect_in_range(card, source, precision, measured, {node.name for node in left})
    model = _converted(card, source, blocked, kept)
    if precision == "bf16":
        _to_bfloat16(model, source)
    recipe = {
        "blocked_operators": sorted({node.op_type for node in left if node.op_type in blocked}),
        "kept_fp32": kept,
        "calibration": measured and measured.facts() | settings.calibration_facts(),
    }
    return model, recipe, tuple(f"{node.name} ({node.op_type})" for node in left)


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


def _expect_in_range(
    card: ModelCard, model: ModelProto, precision: str, measured: Measured | None, left: set[str]
) -> None:
    """Refuse values that the type can't hold: in the weights, and in what layers give on the calibration pictures."""
    from onnx import numpy_helper

    largest = _LARGEST[precision]
    limits = measured.limits() if measured else {}
    makers = [(value.name, f"the input {value.name}") for value in real_inputs(model.graph)]
    nodes = [node for node in model.graph.node if node.name not in left]
    makers += [(name, f"{node.name} ({node.op_type})") for node in nodes for name in node.output]
    for name, what in makers:
        value = max(map(abs, limits.get(name, (0.0,))))
        if value > largest:
            raise _too_large(card, precision, what, value)
    for tensor in model.graph.initializer:
        if tensor.data_type == 1:
            values = numpy_helper.to_array(tensor)
            value = float(np.abs(values).max(initial=0.0))
            if value > largest:
                raise _too_large(card, precision, f"the weights {one_line(tensor.name, 60)}", value)


def _too_large(card: ModelCard, precision: str, what: str, value: float) -> ModelFileError:
    name = what.partition(" (")[0]
    return ModelFileError(
        f"{card.path} overflows in {precision}: expected values up to {_LARGEST[precision]:g}, received {value:.4g} in "
        f"{what}; leave it float with --keep-fp32 {one_line(name, 80)}, or choose bf16."
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


def _to_bfloat16(model: ModelProto, source: ModelProto) -> None:
    """Turn every fp16 of a converted model into bf16, its weights anew from those of the source."""
    import ml_dtypes
    from onnx import TensorProto, numpy_helper

    half, brain = TensorProto.FLOAT16, TensorProto.BFLOAT16
    originals = {tensor.name: tensor for tensor in source.graph.initializer}
    for graph in all_graphs(model.graph):
        constants = [attribute.t for node in graph.node for attribute in node.attribute if attribute.HasField("t")]
        for tensor in (*graph.initializer, *constants):
            if tensor.data_type == half:
                values = numpy_helper.to_array(originals.get(tensor.name, tensor))
                tensor.CopyFrom(numpy_helper.from_array(values.astype(ml_dtypes.bfloat16), tensor.name))
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.type.tensor_type.elem_type == half:
                value.type.tensor_type.elem_type = brain
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.name in ("to", "dtype") and attribute.i == half:
                    attribute.i = brain

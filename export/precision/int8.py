"""8-bit integers: weights and activations with ranges measured on pictures (int8), or weights alone (int8-dynamic).

    made = to_int8(card, batches, settings, progress)

Static quantisation writes explicit QuantizeLinear and DequantizeLinear around each layer, which ONNX Runtime fuses to
integer kernels (B. Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018). Dynamic quantisation finds the range of each activation while it runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.errors import ModelFileError, one_line
from dlbench.export.precision.calibration import Measured, calibrate
from dlbench.export.precision.conversions import Made, Step
from dlbench.export.precision.graph_preparing import kept_nodes, named_nodes, prepared, with_products
from dlbench.export.precision.integer_types import IntegerTypes, integer_types
from dlbench.export.precision.model_storage import write_model
from dlbench.export.precision.quantised import between_float, layers_left_float, quantised_operators
from dlbench.export.precision.sensitivity import path_to_goal
from dlbench.export.quiet import quiet
from dlbench.model.graphs import copy_of
from dlbench.runtime import onnx_runtime

if TYPE_CHECKING:
    from onnx import ModelProto

    from dlbench.export.precision.variant_settings import VariantSettings
    from dlbench.model.card import ModelCard
    from dlbench.model.sessions import Images

_INT32 = 6  # TensorProto.INT32
_NO_DYNAMIC = ("Conv",)  # ConvInteger is slower than Conv, and takes no weights of int8


def to_int8(
    card: ModelCard,
    batches: Iterable[Images] | None,
    settings: VariantSettings,
    progress: Callable[[str, int, int], None] | None,
) -> Made:
    """Return the model in int8 with ranges from the batches, its recipe, and the nodes that stayed float.

    Raises:
        InputError: no pictures, pictures that don't fit, or a layer to keep that is not there.
        ModelFileError: ONNX Runtime can't quantise the model, or has nothing to quantise.
    """
    onnx_runtime()  # told here, if it can't be imported
    types = integer_types(settings.activations, settings.reduce_range)
    steps: list[Step] = []
    with prepared(card, settings) as path:
        measured = calibrate(path, batches, settings.method, card, _static_operators(), progress)
        model = _inferred(path)
        kept = kept_nodes(model, card, settings.named_kept)
        make = partial(quantised, card, model, measured, types, settings.per_channel)
        if settings.finds_kept:
            steps = path_to_goal(card, model, make, batches or (), settings.goal_db, progress)
            kept = list(steps[-1].kept)
        made = make(kept)
    recipe = {
        "method": settings.method,
        "per_channel": settings.per_channel,
        "kept_fp32": kept,
        "calibration": measured.facts() | settings.calibration_facts(),
        **types.facts(),
    }
    return Made(made, recipe, layers_left_float(made), tuple(steps))


def quantised(
    card: ModelCard, model: ModelProto, measured: Measured, types: IntegerTypes, per_channel: bool, kept: list[str]
) -> ModelProto:
    """Return a prepared model with quantised weights and activations.

    Raises:
        ModelFileError: ONNX Runtime can't, or nothing in it can be quantised.
    """
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
    from onnxruntime.quantization.quant_utils import QuantType

    kinds = {"uint8": QuantType.QUInt8, "int8": QuantType.QInt8}
    try:
        with quiet():
            quantizer = QDQQuantizer(
                copy_of(model),
                per_channel,
                types.reduce_range,
                kinds["int8"],
                kinds[types.activations],
                measured.ranges,
                [],
                [*kept, *between_float(model, kept)],
                _static_operators(),
                {},
            )
            quantizer.quantize_model()
            quantizer.model.topological_sort()
        made: ModelProto = quantizer.model.model
        _drop_zero_points_of_biases(made)
    except Exception as error:  # the quantiser raises classes of its own
        raise _refused(card, one_line(error, 160)) from error
    return _expect_quantised(card, made)


def to_dynamic_int8(card: ModelCard, settings: VariantSettings) -> Made:
    """Return the model with the weights of its dense and recurrent layers in int8, its recipe, and what stayed float.

    Raises:
        InputError: a layer to keep that is not there.
        ModelFileError: ONNX Runtime can't quantise the model, or has nothing to quantise.
    """
    onnx_runtime()
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.registry import IntegerOpsRegistry

    types = integer_types("auto", settings.reduce_range)
    model, kept = with_products(card, settings)
    with tempfile.TemporaryDirectory(prefix="dlbench-", ignore_cleanup_errors=True) as folder:
        source, target = Path(folder) / "source.onnx", Path(folder) / "made.onnx"
        write_model(model, source)
        try:
            with quiet():
                quantize_dynamic(
                    str(source),
                    str(target),
                    op_types_to_quantize=sorted({*IntegerOpsRegistry} - {*_NO_DYNAMIC}),
                    per_channel=settings.per_channel,
                    reduce_range=types.reduce_range,
                    weight_type=QuantType.QInt8,
                    nodes_to_exclude=kept,
                    use_external_data_format=source.with_name(f"{source.name}.data").exists(),
                )
            made = onnx.load(str(target))
        except Exception as error:  # the quantiser raises classes of its own
            raise _refused(card, one_line(error, 160)) from error
    recipe = {"per_channel": settings.per_channel, "kept_fp32": kept, "weight_type": "int8"}
    recipe["reduce_range"] = types.reduce_range
    return Made(_expect_quantised(card, made), recipe, layers_left_float(made, weights_only=True))


def _static_operators() -> list[str]:
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

    return sorted({*QDQRegistry, *QLinearOpsRegistry})


def _inferred(path: Path) -> ModelProto:
    from onnxruntime.quantization.quant_utils import load_model_with_shape_infer

    return named_nodes(load_model_with_shape_infer(path))


def _drop_zero_points_of_biases(model: ModelProto) -> None:
    """Leave out the zero points of 32-bit biases: they are zero by definition, and take as much as the biases."""
    biases = {tensor.name for tensor in model.graph.initializer if tensor.data_type == _INT32}
    dropped = set()
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in biases and len(node.input) > 2:
            dropped.add(node.input.pop(2))
    used = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in dropped - used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def _expect_quantised(card: ModelCard, made: ModelProto) -> ModelProto:
    if not quantised_operators(made):
        raise _refused(card, "no operator that has an 8-bit form")
    return made


def _refused(card: ModelCard, why: str) -> ModelFileError:
    return ModelFileError(
        f"{card.path} can't be quantised: expected layers with stored weights, received {why}; leave it in fp32, or "
        "try fp16."
    )

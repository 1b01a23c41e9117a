"""Weights of 4 bits in blocks of 32: MatMulNBits, for the dense layers and matrix products of a network.

    made = to_int4(card, settings)

Each block of a column has a scale of its own; what is computed stays float. Convolutions stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.errors import MissingExtraError, ModelFileError, one_line
from dlbench.export.precision.conversions import Made
from dlbench.export.precision.graph_preparing import with_products
from dlbench.export.precision.quantised import layers_left_float, quantised_operators
from dlbench.export.quiet import quiet

if TYPE_CHECKING:
    from onnx import ModelProto

    from dlbench.export.precision.variant_settings import VariantSettings
    from dlbench.model.card import ModelCard

_BLOCK = 32  # weights that share a scale


def to_int4(card: ModelCard, settings: VariantSettings) -> Made:
    """Return the model with 4-bit weights, its recipe, and the nodes that stayed float.

    Raises:
        InputError: a layer to keep that is not there.
        MissingExtraError: ONNX Runtime's quantiser needs a package that is not installed.
        ModelFileError: it can't quantise the model, or has nothing to quantise.
    """
    try:
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"int4 needs {error.name}: expected it installed, received nothing; install it with: "
            f"pip install {str(error.name).replace('_', '-')}"
        ) from error
    model, kept = with_products(card, settings)
    try:
        with quiet():
            quantizer = MatMulNBitsQuantizer(model, bits=4, block_size=_BLOCK, is_symmetric=True, nodes_to_exclude=kept)
            quantizer.process()
        made: ModelProto = quantizer.model.model
    except Exception as error:  # the quantiser raises classes of its own
        raise ModelFileError(
            f"{card.path} can't be quantised to int4: received {one_line(error, 160)}; choose another precision."
        ) from error
    if not quantised_operators(made):
        raise ModelFileError(
            f"{card.path} has nothing for int4: expected a dense layer or matrix product with stored weights, received "
            "none; choose int8."
        )
    recipe = {"method": "round to nearest", "block_size": _BLOCK, "weight_type": "int4", "kept_fp32": kept}
    return Made(made, recipe, layers_left_float(made, weights_only=True))

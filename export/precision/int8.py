"""An 8-bit version of a model file, so that a class can compare the two.

    path = quantise(card, images, Path("cnn-int8.onnx"))

Static quantisation by ONNX Runtime: weights per channel and activations become 8-bit integers, with ranges measured on
the pictures that are given (B. Jacob et al., CVPR 2018).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import ModelFileError, one_line
from dlbench.files import atomic_path
from dlbench.model.facts import Accuracy, read_facts, write_facts
from dlbench.model.graphs import input_names
from dlbench.runtime import onnx_runtime

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard
    from dlbench.proportion import Proportion

__all__ = ["quantise", "record_accuracy"]

_PICTURES = 128  # enough for ranges


def quantise(card: ModelCard, images: NDArray[np.uint8], path: str | os.PathLike[str]) -> Path:
    """Write an int8 version of the model, with explicit QuantizeLinear and DequantizeLinear, and return its path.

    Args:
        card: a float model with one input.
        images: uint8 (N, C, H, W), pictures of the training split; at most 128 of them are used.
        path: of the new file. Its facts are those of the model without the accuracy, which has changed.

    Raises:
        ModelFileError: ONNX Runtime can't quantise this model.
    """
    import logging

    import onnx

    onnx_runtime()  # told here, if it can't be imported
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    name = input_names(card.proto.graph)[0]

    class Pictures(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = [images[i : i + 1] for i in range(min(_PICTURES, len(images)))]

        def get_next(self) -> dict[str, Any] | None:
            return {name: self.left.pop().astype(np.float32) / 255} if self.left else None

    level = logging.root.level
    logging.root.setLevel(logging.ERROR)  # it advises to preprocess, which would merge the layers that are compared
    try:
        with atomic_path(Path(path)) as temporary:
            quantize_static(
                str(card.path),
                str(temporary),
                Pictures(),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
            made = onnx.load(str(temporary))
            if card.facts is not None:
                count = min(_PICTURES, len(images))
                origin = f"8-bit version of {card.path.name}, made by ONNX Runtime with {count} pictures"
                facts = card.facts.model_copy(
                    update={
                        "accuracy": None,
                        "metrics": {},
                        "parity_max_abs_error": None,
                        "warnings": (*card.facts.warnings, origin)[:50],
                    }
                )
                write_facts(made, facts)
            onnx.save(made, str(temporary))
    except Exception as error:  # the quantiser raises classes of its own
        raise ModelFileError(
            f"{card.path} can't be quantised: received {one_line(error, 160)}; give the second file yourself."
        ) from error
    finally:
        logging.root.setLevel(level)
    return Path(path)


def record_accuracy(path: str | os.PathLike[str], accuracy: Proportion, split: str) -> None:
    """Write the accuracy of a model that `quantise` made into its facts, so that later comparisons can show it.

    Args:
        path: the file.
        accuracy: right answers of all pictures of the split.
        split: its name.
    """
    import onnx

    model = onnx.load(str(path))
    facts = read_facts(model)
    if facts is None:
        return
    reached = Accuracy(correct=accuracy.correct, samples=accuracy.total, split=split)
    write_facts(model, facts.model_copy(update={"accuracy": reached}))
    with atomic_path(Path(path)) as temporary:
        onnx.save(model, str(temporary))

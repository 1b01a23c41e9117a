"""A model with its weights in memory, and back into a file: above 2 GB with the weights beside it.

model = loaded(card)
write_model(model, Path("cnn.int8.onnx"))
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.errors import ModelFileError, one_line
from dlbench.files import atomic_path
from dlbench.model.element_types import by_number
from dlbench.model.graphs import copy_of

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

    from dlbench.model.card import ModelCard

_LARGEST_FILE = 2**31 - 2**24  # protobuf's limit, less some room for the graph
_SMALLEST_OUTSIDE = 1024  # bytes: smaller tensors stay in the file


def loaded(card: ModelCard) -> ModelProto:
    """Return a copy of the model with its weights in memory.

    Raises:
        ModelFileError: the external data can't be read.
    """
    from onnx.external_data_helper import load_external_data_for_model

    model = copy_of(card.proto)
    try:
        load_external_data_for_model(model, str(card.data_folder))
    except Exception as error:  # onnx raises classes of its own, and OSErrors
        raise ModelFileError(
            f"the external data of {card.path} can't be read: received {one_line(error, 160)}; copy both files "
            "together."
        ) from error
    return model


def write_model(model: ModelProto, path: Path) -> int:
    """Write the model whole or not at all, and return its bytes; large weights go to PATH.data beside it.

    Raises:
        WorkspaceError: the folder can't be written, or the disk is full.
    """
    import onnx

    if sum(map(_bytes_of, model.graph.initializer)) < _LARGEST_FILE:
        with atomic_path(path) as temporary:
            temporary.write_bytes(model.SerializeToString(deterministic=True))
        return path.stat().st_size
    data = path.with_name(f"{path.name}.data")
    with atomic_path(data) as weights:
        onnx.external_data_helper.convert_model_to_external_data(
            model, location=weights.name, size_threshold=_SMALLEST_OUTSIDE
        )
        onnx.external_data_helper.write_external_data_tensors(model, str(weights.parent))
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
    return path.stat().st_size + data.stat().st_size


def _bytes_of(tensor: TensorProto) -> int:
    kind = by_number(tensor.data_type)
    return int(math.prod(tensor.dims)) * ((kind.bytes if kind else None) or 1)

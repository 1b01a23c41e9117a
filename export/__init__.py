"""From a torch network to one self-describing ONNX file, checked against torch on real images.

    from dlbench.export import export_onnx

    exported = export_onnx(network, images, Path("cnn.onnx"), facts)
    exported.parity.max_abs_error

Importing this package does not import torch; using it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlbench.errors import MissingExtraError
from dlbench.lazy_names import lazy_names
from dlbench.show.texts import says_errors

if TYPE_CHECKING:
    from dlbench.export.model_writing import Exported, export_onnx
    from dlbench.export.normalised_network import Normalised
    from dlbench.export.parity import TOLERANCE, Parity, check_parity
    from dlbench.export.torch_to_onnx import to_onnx

__all__ = ["TOLERANCE", "Exported", "Normalised", "Parity", "check_parity", "export_onnx", "to_onnx"]

_named = lazy_names(
    __name__,
    {
        "export.model_writing": "Exported export_onnx",
        "export.normalised_network": "Normalised",
        "export.parity": "Parity TOLERANCE check_parity",
        "export.torch_to_onnx": "to_onnx",
    },
)


@says_errors
def __getattr__(name: str) -> Any:
    try:
        return _named(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f'exporting needs {error.name}, which is not installed; install it with: pip install "dlbench[train]"'
        ) from error

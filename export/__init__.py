"""From a torch network to one self-describing ONNX file, checked against torch on real images.

    from dlbench.export import export_onnx

    exported = export_onnx(network, images, Path("cnn.onnx"), facts)
    exported.parity.max_abs_error

Importing this package does not import torch; using it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlbench.export.model_writing import Exported, export_onnx
    from dlbench.export.normalised_network import Normalised
    from dlbench.export.parity import TOLERANCE, Parity, check_parity
    from dlbench.export.torch_to_onnx import to_onnx

__all__ = ["TOLERANCE", "Exported", "Normalised", "Parity", "check_parity", "export_onnx", "to_onnx"]

_HOME = {
    "Exported": "model_writing",
    "Normalised": "normalised_network",
    "Parity": "parity",
    "TOLERANCE": "parity",
    "check_parity": "parity",
    "export_onnx": "model_writing",
    "to_onnx": "torch_to_onnx",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    from dlbench.errors import MissingExtraError

    try:
        return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f'exporting needs {error.name}, which is not installed; install it with: pip install "dlbench[train]"'
        ) from error

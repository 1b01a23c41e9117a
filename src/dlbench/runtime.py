"""ONNX Runtime, imported where it is used; one that can't be imported is told as that, not as a bad model file.

    ort = onnx_runtime()

Its wheel would start a telemetry thread and write into the user's cache: `import dlbench` has switched that off
(ORT_DISABLE_TELEMETRY) before this.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dlbench.errors import RuntimeBrokenError, one_line

__all__ = ["IMPORTING", "broken_runtime", "onnx_runtime"]

IMPORTING = "importing ONNX Runtime"  # a child's last line on standard output, if its runtime crashes meanwhile


def onnx_runtime() -> Any:
    """Import ONNX Runtime and return it.

    Raises:
        RuntimeBrokenError: it can't be imported, or is half installed.
    """
    try:
        runtime = import_module("onnxruntime")
        runtime.InferenceSession  # noqa: B018  # a folder that an uninstall left behind can be imported, and is empty
    except Exception as error:  # a missing library, half a package, another numpy: their errors share no base
        raise broken_runtime(f"{type(error).__name__}: {one_line(error, 200)}") from error
    return runtime


def broken_runtime(why: str) -> RuntimeBrokenError:
    """Return the error for a runtime that can't be imported."""
    return RuntimeBrokenError(
        f"ONNX Runtime can't be imported here: expected one that works, received {why}; "
        "install it anew (pip install --force-reinstall --no-deps onnxruntime)."
    )

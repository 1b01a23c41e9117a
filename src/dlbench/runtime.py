"""ONNX Runtime, imported where it is used; one that can't be imported is told as that, not as a bad model file.

    ort = onnx_runtime()

Its wheel would start a telemetry thread and write into the user's cache: `import dlbench` has switched that off
(ORT_DISABLE_TELEMETRY) before this.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any

from dlbench.errors import RuntimeBrokenError, one_line

__all__ = ["IMPORTING", "bound_memory", "broken_runtime", "onnx_runtime", "run_within"]

_MOST_BYTES = 2 << 30
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


def bound_memory(options: Any) -> None:
    """Let sessions with these `SessionOptions` take at most 2 GB for what they compute, their weights aside."""
    _make_bounded_arena()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")


@cache
def _make_bounded_arena() -> None:
    """Make the memory that sessions share if they ask for it; once in a process."""
    ort = onnx_runtime()
    own = import_module("onnxruntime.capi._pybind_state")
    limits = {"max_mem": _MOST_BYTES, "arena_extend_strategy": 1}  # 1: as much as is asked for, not the next power of 2
    where = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    own.create_and_register_allocator(where, ort.OrtArenaCfg(limits))


@contextmanager
def run_within(seconds: float) -> Iterator[Any]:
    """Yield `RunOptions` that end a run after so many seconds."""
    options = onnx_runtime().RunOptions()
    timer = threading.Timer(seconds, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        yield options
    finally:
        timer.cancel()


def broken_runtime(why: str) -> RuntimeBrokenError:
    """Return the error for a runtime that can't be imported."""
    return RuntimeBrokenError(
        f"ONNX Runtime can't be imported here: expected one that works, received {why}; "
        "install it anew (pip install --force-reinstall --no-deps onnxruntime)."
    )

"""ONNX Runtime, imported where it is used; one that can't be imported is told as that, not as a bad model file.

    ort = onnx_runtime()

Its wheel would start a telemetry thread and write into the user's cache: `import dlbench` has switched that off
(ORT_DISABLE_TELEMETRY) before this.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from dlbench.errors import RuntimeBrokenError, one_line

_MOST_BYTES = 2 << 30
_OUT_OF_MEMORY = re.compile(r"bad_alloc|out of memory|MemoryError|failed to allocate|CUDA failure 2\b", re.IGNORECASE)
_BOUNDING = threading.Lock()
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
    """Yield `RunOptions` that end a run after so many seconds; where the system can, bound the run's memory too.

    A small foreign graph may make tensors of any size. On Linux a run gets half of the memory that is free, and 2 GB
    where that is less; ONNX Runtime then says that it can't allocate more.
    """
    options = onnx_runtime().RunOptions()
    timer = threading.Timer(seconds, setattr, (options, "terminate", True))
    timer.daemon = True
    timer.start()
    try:
        with _bounded_addresses():
            yield options
    finally:
        timer.cancel()


@contextmanager
def _bounded_addresses() -> Iterator[None]:
    """Let this process take no more addresses than it has, half of the free memory, and 2 GB where that is less."""
    if not sys.platform.startswith("linux") or not _BOUNDING.acquire(blocking=False):  # another thread's bound holds
        yield
        return
    import resource

    before, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        with suppress(OSError, ValueError):  # no /proc in here: the run goes on unbounded
            room = max(_MOST_BYTES, _available_bytes() // 2)
            wanted = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + room
            limits = [limit for limit in (before, hard, wanted) if limit != resource.RLIM_INFINITY]
            resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (before, hard))
        _BOUNDING.release()


def _available_bytes() -> int:
    """Return the memory that Linux could give without swapping (no psutil: the timed process imports this module)."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    return int(found[1]) * 1024 if found else 0


def out_of_memory(text: str) -> bool:
    """Tell whether this error of ONNX Runtime, or a process's last words, say that memory was lacking."""
    return _OUT_OF_MEMORY.search(text) is not None


def broken_runtime(why: str) -> RuntimeBrokenError:
    """Return the error for a runtime that can't be imported."""
    return RuntimeBrokenError(
        f"ONNX Runtime can't be imported here: expected one that works, received {why}; "
        "install it anew (pip install --force-reinstall --no-deps onnxruntime)."
    )

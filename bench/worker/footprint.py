"""Inside the measuring process: how much memory it holds, on the host and on the GPU.

reset_peak(); before = resident_bytes(peak=False); ...; resident_bytes(peak=True) - before
"""

from __future__ import annotations

import os
from pathlib import Path


def resident_bytes(peak: bool) -> int | None:
    """Return this process's resident memory now, or its peak; None where the system does not tell."""
    field = "VmHWM:" if peak else "VmRSS:"
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    except OSError:
        return _elsewhere(peak)
    return _elsewhere(peak)


def _elsewhere(peak: bool) -> int | None:
    import psutil

    info = psutil.Process().memory_info()
    if not peak:
        return int(info.rss)
    if hasattr(info, "peak_wset"):  # Windows
        return int(info.peak_wset)
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # bytes on macOS


def reset_peak() -> None:
    """Start the peak afresh (Linux), so that the probe's memory is not counted as the model's."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # not Linux, or not allowed: the peak then covers the whole process


def gpu_memory_bytes(device_index: int = 0) -> int | None:
    """Return what this process holds of the GPU's memory, from NVML; None where it can't tell."""
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(device_index)
        for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle):
            if process.pid == os.getpid():
                return int(process.usedGpuMemory) if process.usedGpuMemory else None
    except Exception:  # noqa: BLE001  # NVML's own classes: any of them means that it can't tell
        return None
    return None

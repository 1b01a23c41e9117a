"""Facts about the machine and the software, for the result file: no host name, user name or path.

facts = machine_facts()          # results.Machine
software = software_facts()      # results.Software
"""

from __future__ import annotations

import functools
import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.processes import child_environment
from dlbench.system import cpu_name, instructions, memory_limit, usable_cores

if TYPE_CHECKING:
    from dlbench.bench.results.records import Machine, Software

# bits of nvmlDeviceGetCurrentClocksThrottleReasons (NVML API reference)
_GPU_THROTTLES = {0x4: "power cap", 0x8: "hardware slowdown", 0x20: "heat", 0x40: "heat", 0x80: "power brake"}


def machine_facts() -> Machine:
    """Return what this machine is."""
    import hashlib

    import psutil

    from dlbench.bench.results.records import Gpu, Machine

    memory = int(psutil.virtual_memory().total)
    gpu, driver = gpu_facts()
    cpu = cpu_name()
    special = instructions()
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    # A short fingerprint of the hardware, so that a class can tell machines apart without names.
    marks = "|".join([cpu, str(os.cpu_count()), str(memory >> 30), gpu["name"] if gpu else "", platform.machine()])
    return Machine(
        cpu=cpu,
        architecture=platform.machine(),
        logical_cores=os.cpu_count() or 1,
        physical_cores=psutil.cpu_count(logical=False),
        usable_cores=usable_cores(),
        memory_bytes=min(memory, memory_limit() or memory),
        gpu=Gpu(**gpu) if gpu else None,
        gpu_driver=driver,
        os=system,
        fingerprint=hashlib.sha256(marks.encode()).hexdigest()[:8],
        on_battery=_on_battery(),
        instructions=special.has,
        instructions_unread=special.unread,
    )


def gpu_facts() -> tuple[dict[str, Any] | None, str | None]:
    """Return the first NVIDIA GPU (name, memory, power limit) and the driver version; (None, None) without one."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001  # NVML's own classes: no driver, no library, no permission
        return None, None
    try:
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        gpu: dict[str, Any] = {
            "name": _text(pynvml.nvmlDeviceGetName(handle)),
            "memory_bytes": int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
            "power_limit_w": None,
        }
        try:
            gpu["power_limit_w"] = pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1e3
        except pynvml.NVMLError:
            gpu["power_limit_w"] = None  # some laptops do not tell
        gpu["compute_capability"] = _compute_capability(pynvml, handle)
        return gpu, _text(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError:
        return None, None
    finally:
        pynvml.nvmlShutdown()


def _compute_capability(pynvml: Any, handle: Any) -> str | None:
    try:
        return ".".join(map(str, pynvml.nvmlDeviceGetCudaComputeCapability(handle)))
    except (pynvml.NVMLError, AttributeError):
        return None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _on_battery() -> bool | None:
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError):
        return None
    return None if battery is None else not battery.power_plugged


def load_warnings() -> tuple[str, ...]:
    """Say what else keeps this machine busy right now (a 0.2 s look), and whether it runs on battery."""
    import psutil

    warnings = []
    busy = psutil.cpu_percent(interval=0.2)
    if busy > 20:
        warnings.append(
            f"other programs used {busy:.0f} % of the CPU just before the start: close them and run again for "
            "steadier figures."
        )
    if _on_battery():
        warnings.append("this machine runs on battery, which lowers its speed: plug it in for figures that compare.")
    return tuple(warnings)


class ThrottleWatch:
    """Sees whether heat or a power limit held the clock down, from when it is made until `warnings()`."""

    def __init__(self) -> None:
        self._before = _cpu_throttles()

    def warnings(self) -> tuple[str, ...]:
        """Return one line for each kind of throttling that the kernel or the GPU's driver reports."""
        lines = []
        if _cpu_throttles() > self._before:
            lines.append(
                "the processor got hot and lowered its clock during the run: let it cool, or give it air, and run "
                "again."
            )
        reasons = _gpu_throttle_reasons()
        if reasons:
            lines.append(f"the GPU holds its clock down ({', '.join(reasons)}): its figures are lower than it can do.")
        return tuple(lines)


def _cpu_throttles() -> int:
    """Return the kernel's count of thermal throttle events since boot; 0 if it gives none."""
    total = 0
    for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/*_throttle_count"):
        try:
            total += int(path.read_text())
        except (OSError, ValueError):
            continue
    return total


def _gpu_throttle_reasons() -> tuple[str, ...]:
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001  # NVML's own classes: no driver, no library, no permission
        return ()
    try:
        bits = pynvml.nvmlDeviceGetCurrentClocksThrottleReasons(pynvml.nvmlDeviceGetHandleByIndex(0))
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()
    return tuple(words for bit, words in _GPU_THROTTLES.items() if bits & bit)


@functools.lru_cache(maxsize=8)
def _runtime(path: str) -> tuple[str, tuple[str, ...]]:
    """Return ONNX Runtime's version and the providers built into it; asked once for a PYTHONPATH."""
    code = "import json, onnxruntime as o; print(json.dumps([o.__version__, o.get_available_providers()]))"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=child_environment({"PYTHONPATH": path} if path else None),
    )
    if done.returncode != 0:
        return "unknown", ()
    version, built_in = json.loads(done.stdout.splitlines()[-1])
    return version, tuple(built_in)


def software_facts() -> Software:
    """Return versions and providers; importing ONNX Runtime happens in a child, so that no session idles here."""
    from dlbench.bench.results.records import Software

    version, built_in = _runtime(child_environment().get("PYTHONPATH", ""))
    versions = {name: v for name in ("torch", "onnx", "numpy", "onnxscript") if (v := _version(name))}
    from dlbench.version import __version__

    return Software(
        dlbench=__version__,
        python=platform.python_version(),
        onnxruntime=version,
        packages=versions,
        providers_built_in=built_in,
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None

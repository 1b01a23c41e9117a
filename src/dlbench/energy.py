"""Energy of a stretch of work: read from a counter, else estimated by a named formula.

    meter = EnergyMeter.start(gpu=False)
    ...
    reading = meter.stop()          # EnergyReading(energy_j=..., source="...")

Sources, best first: NVML's total energy counter (GPU), the kernel's RAPL counter (CPU package, where the
file is readable), an estimate from the number of threads and the process's CPU load, labelled "estimated".
The estimate's formula, TDP * (0.1 + 0.9 * load^3) with 4 W per thread where the TDP is unknown, is
codecarbon's (see `facts` in the price catalogue). RAPL is read from /sys: the kept libraries for it (zeus, codecarbon)
bring pandas and scikit-learn or a tracker of their own, too much for a machine that only measures.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from dlbench.system import usable_cores

UNKNOWN_TDP_W_PER_THREAD = 4.0


@dataclass(frozen=True)
class EnergyReading:
    """Energy of a stretch of work; None where nothing is known."""

    energy_j: float | None
    source: str
    seconds: float = 0.0
    counter: str = ""  # the counter that was read: NVML or RAPL; empty for an estimate

    @property
    def power_w(self) -> float | None:
        """Return the mean power in W, or None where nothing is known."""
        return self.energy_j / self.seconds if self.energy_j is not None and self.seconds > 0 else None

    def after(self, earlier: EnergyReading) -> EnergyReading:
        """Return this reading and one of the same work before an interruption as one; unknown where either is."""
        if self.energy_j is None or earlier.energy_j is None:
            return EnergyReading(None, "n/a: not known for a part of the run", self.seconds + earlier.seconds)
        return EnergyReading(
            self.energy_j + earlier.energy_j,
            f"{self.source}; with the {earlier.energy_j:.3g} J of {earlier.seconds:.3g} s before the interruption",
            self.seconds + earlier.seconds,
            self.counter if self.counter == earlier.counter else "",
        )


def estimated_cpu_power_w(tdp_w: float, load: float) -> float:
    """Return TDP * (0.1 + 0.9 * load^3) in watts; `load` in [0, 1] is the busy share of all threads."""
    return tdp_w * (0.1 + 0.9 * min(max(load, 0.0), 1.0) ** 3)


def _rapl_files() -> list[Path]:
    files = sorted(Path("/sys/class/powercap").glob("intel-rapl:[0-9]*/energy_uj"))
    return [f for f in files if f.parent.name.count(":") == 1 and os.access(f, os.R_OK)]


def _rapl_j(files: list[Path]) -> float | None:
    try:
        return sum(int(f.read_text()) for f in files) / 1e6 if files else None
    except (OSError, ValueError):
        return None


def _nvml_j(gpus: int) -> float | None:
    try:
        import pynvml

        pynvml.nvmlInit()
        try:
            handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(gpus)]
            return sum(float(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) for handle in handles) / 1e3
        finally:
            pynvml.nvmlShutdown()
    except Exception:  # noqa: BLE001  # NVML raises its own classes, and any of them means "no counter here"
        return None


class EnergyMeter:
    """Reads the counters at the start and at the end of a stretch of work."""

    def __init__(self, gpu: bool, processes: int = 1) -> None:
        self._gpu, self._processes = gpu, processes
        self._rapl = _rapl_files()
        self._cpu0, self._wall0 = time.process_time(), time.perf_counter()
        self._rapl0, self._nvml0 = _rapl_j(self._rapl), _nvml_j(processes) if gpu else None

    @classmethod
    def start(cls, gpu: bool = False, processes: int = 1) -> EnergyMeter:
        """Start a stretch of work in so many processes that are alike.

        `gpu` says that it runs on the first NVIDIA GPU, or with several processes on as many GPUs.
        """
        return cls(gpu, processes)

    def stop(self) -> EnergyReading:
        """Return the energy since `start` in joules, with its source in words."""
        wall_s = time.perf_counter() - self._wall0
        if self._gpu:
            end = _nvml_j(self._processes)
            if end is None or self._nvml0 is None:
                return EnergyReading(None, "n/a: the GPU has no energy counter", wall_s)
            gpus = "the GPU" if self._processes == 1 else f"{self._processes} GPUs"
            words = f"measured: NVML total energy of {gpus}, idle power included"
            return EnergyReading(end - self._nvml0, words, wall_s, "NVML")
        end = _rapl_j(self._rapl)
        if end is not None and self._rapl0 is not None and end >= self._rapl0:
            words = "measured: RAPL, CPU package, idle power included"
            return EnergyReading(end - self._rapl0, words, wall_s, "RAPL")
        threads = usable_cores()
        load = min(self._processes * (time.process_time() - self._cpu0) / max(wall_s * threads, 1e-9), 1.0)
        power_w = estimated_cpu_power_w(UNKNOWN_TDP_W_PER_THREAD * threads, load)
        return EnergyReading(
            power_w * wall_s,
            f"estimated: {UNKNOWN_TDP_W_PER_THREAD:g} W x {threads} threads x (0.1 + 0.9 x load^3), load {load:.2f}",
            wall_s,
        )

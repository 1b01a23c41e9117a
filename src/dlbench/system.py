"""Small facts about this process and machine that training and measuring share.

from dlbench.system import usable_cores
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cpu_name", "usable_cores"]


def usable_cores() -> int:
    """Return how many cores this process may use: affinity, then the cgroup's CPU quota (at least 1)."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity call in os
        cores = os.cpu_count() or 1
    quota = _cgroup_cores()
    return max(1, min(cores, int(quota)) if quota else cores)


def _cgroup_cores() -> float | None:
    v2 = Path("/sys/fs/cgroup/cpu.max")
    v1_quota, v1_period = (Path(f"/sys/fs/cgroup/cpu/cpu.cfs_{name}_us") for name in ("quota", "period"))
    try:
        if v2.is_file():
            quota, period = v2.read_text().split()[:2]
        elif v1_quota.is_file():
            quota, period = v1_quota.read_text().strip(), v1_period.read_text().strip()
        else:
            return None
        return float(quota) / float(period) if quota not in ("max", "-1") else None
    except (OSError, ValueError):
        return None


def cpu_name() -> str:
    """Return the CPU's model name as the system tells it, or 'unknown'."""
    # /proc first: py-cpuinfo takes about a second, because it looks in many places.
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return _cpu_name_elsewhere()
    return _cpu_name_elsewhere()


def _cpu_name_elsewhere() -> str:
    import cpuinfo

    return str(cpuinfo.get_cpu_info().get("brand_raw") or "unknown")

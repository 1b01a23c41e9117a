"""Small facts about this process and machine that training and measuring share.

from dlbench.system import usable_cores
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["core_kinds", "cpu_name", "default_affinities", "last_level_cache", "memory_limit", "usable_cores"]

_CPUS = Path("sys/devices/system/cpu")
_MOST_CPUS = 1 << 16


def usable_cores(root: Path = Path("/")) -> int:
    """Return how many cores this process may use: affinity, then its control groups' sets and quotas (at least 1).

    Args:
        root: where `proc` and `sys` lie.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity call in os
        cores = os.cpu_count() or 1
    quotas = [int(q) for folder in _control_groups("cpu", root) if (q := _cores_of(folder)) is not None]
    sets = [n for folder in _control_groups("cpuset", root) if (n := _cores_in_set(folder)) > 0]
    return max(1, min([cores, *quotas, *sets]))


def memory_limit(root: Path = Path("/")) -> int | None:
    """Return the bytes that this process's control groups allow it; None without a limit.

    Args:
        root: where `proc` and `sys` lie.
    """
    limits = []
    for folder in _control_groups("memory", root):
        text = _first_text(folder / "memory.max", folder / "memory.limit_in_bytes")
        if text.isdigit() and int(text) < 1 << 60:  # version 1 writes a huge number where there is no limit
            limits.append(int(text))
    return min(limits, default=None)


def _control_groups(controller: str, root: Path) -> list[Path]:
    """Return the folders of this process's own control group and of its parents, versions 1 and 2 (cgroups(7))."""
    try:
        own = (root / "proc/self/cgroup").read_text().splitlines()
        mounts = (root / "proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return []
    paths: dict[str, str] = {}  # by controller; version 2 has one group for all, with an empty name
    for line in own:
        _, names, path = line.split(":", 2)
        paths |= dict.fromkeys(names.split(","), path)
    folders: list[Path] = []
    for line in mounts:
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        name = "" if kind == "cgroup2" else controller if controller in options.split(" ")[-1].split(",") else None
        if kind not in ("cgroup", "cgroup2") or name is None or name not in paths:
            continue
        shown, mounted = (part.replace("\\040", " ") for part in before.split(" ")[3:5])
        top = root / mounted.lstrip("/")
        inside = paths[name].removeprefix(shown.rstrip("/")).strip("/")
        folder = top if inside.startswith("..") else top / inside
        folders += [each for each in (folder, *folder.parents) if each == top or top in each.parents]
    return folders


def _cores_of(folder: Path) -> float | None:
    quota, _, period = _first_text(folder / "cpu.max").partition(" ")
    if not quota:
        quota, period = _first_text(folder / "cpu.cfs_quota_us"), _first_text(folder / "cpu.cfs_period_us")
    try:
        return float(quota) / float(period) if quota not in ("", "max", "-1") else None
    except (ValueError, ZeroDivisionError):
        return None


def _cores_in_set(folder: Path) -> int:
    """Return how many cores the group's set names; 0 where it names none."""
    return len(_cpus_in(_first_text(folder / "cpuset.cpus.effective", folder / "cpuset.cpus")))


def _cpus_in(text: str) -> list[int]:
    """Return the processors of a list such as "0-3,8"; none where it is not such a list."""
    try:
        ends = [[int(end) for end in part.split("-")] for part in text.split(",") if part]
    except ValueError:
        return []
    return [cpu for part in ends for cpu in range(part[0], min(part[-1], part[0] + _MOST_CPUS) + 1)]


def _first_text(*files: Path) -> str:
    for file in files:
        try:
            return file.read_text().strip()
        except OSError:
            continue
    return ""


def default_affinities(threads: int, root: Path = Path("/")) -> str:
    """Return how ONNX Runtime pins a pool of its default size, as its option of a session takes it; "": it does not.

    The default pool has a thread for each physical core, and each but the calling one stays on its core
    (onnxruntime/core/platform/posix/env.cc). A pool whose size is given is not pinned by the runtime, so that a thread
    of it may share a core with the caller. A pool of the default size is therefore pinned here as the default one is.
    """
    if threads < 2 or not hasattr(os, "sched_getaffinity"):
        return ""
    cores: dict[str, list[int]] = {}
    for cpu in sorted(os.sched_getaffinity(0)):
        siblings = _first_text(root / _CPUS / f"cpu{cpu}/topology/thread_siblings_list")
        cores.setdefault(siblings or str(cpu), []).append(cpu + 1)  # the runtime counts from 1
    if len(cores) != threads:
        return ""
    return ";".join(",".join(map(str, cpus)) for cpus in list(cores.values())[1:])


def core_kinds(root: Path = Path("/")) -> dict[int, int]:
    """Return how strong each core is compared with the others, where a processor has cores of several kinds; else {}.

    Linux tells it of Arm's big and little cores (cpu_capacity), and of Intel's P and E cores (cpu_core, cpu_atom).
    """
    strength: dict[int, int] = {}
    for folder in (root / _CPUS).glob("cpu[0-9]*"):
        text = _first_text(folder / "cpu_capacity")
        if text.isdigit():
            strength[int(folder.name.removeprefix("cpu"))] = int(text)
    for kind, rank in (("cpu_atom", 1), ("cpu_core", 2)):
        strength |= dict.fromkeys(_cpus_in(_first_text(root / "sys/devices" / kind / "cpus")), rank)
    return strength if len(set(strength.values())) > 1 else {}


def last_level_cache(root: Path = Path("/")) -> int | None:
    """Return the bytes of the first core's largest cache; None where the system does not tell."""
    sizes = []
    for folder in (root / _CPUS / "cpu0/cache").glob("index*"):
        text = _first_text(folder / "size")
        if text[:-1].isdigit() and text[-1] in "KM":
            sizes.append(int(text[:-1]) * (1 << 10 if text[-1] == "K" else 1 << 20))
    return max(sizes, default=None)


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

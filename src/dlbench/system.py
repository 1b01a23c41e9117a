"""Small facts about this process and machine that training and measuring share.

from dlbench.system import usable_cores
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_CPUS = Path("sys/devices/system/cpu")
_MOST_CPUS = 1 << 16

ARM = ("aarch64", "arm64", "armv7l", "armv8l")
# What matters for numbers of few bits: name -> what systems call it (proc_cpuinfo(5); sysctl on macOS, "Determining
# instruction set characteristics", Apple; py-cpuinfo elsewhere)
_X86 = {
    "AVX2": ("avx2", "avx2_0"),
    "AVX512": ("avx512f",),
    "AVX-VNNI": ("avx_vnni",),
    "AVX512-VNNI": ("avx512_vnni", "avx512vnni"),
    "AVX512-BF16": ("avx512_bf16",),
    "AVX512-FP16": ("avx512_fp16",),
    "AMX-INT8": ("amx_int8",),
    "AMX-BF16": ("amx_bf16",),
    "AMX-FP16": ("amx_fp16",),
}
_ARM_NAMES = {
    "NEON": ("asimd", "neon", "advsimd"),
    "dot product": ("asimddp", "feat_dotprod"),
    "i8mm": ("i8mm", "feat_i8mm"),
    "SVE": ("sve",),
    "BF16": ("bf16", "feat_bf16"),
    "FP16 arithmetic": ("asimdhp", "fphp", "feat_fp16"),
}
EIGHT_BIT = (
    "AVX-VNNI",
    "AVX512-VNNI",
    "AMX-INT8",
    "dot product",
    "i8mm",
)  # products of 8-bit numbers summed in 32 bits
_WINDOWS = {19: "neon", 40: "avx2", 41: "avx512f", 43: "asimddp", 46: "sve", 66: "i8mm", 67: "asimdhp", 68: "bf16"}
_UNREAD_ON_WINDOWS = ("AVX-VNNI", "AVX512-BF16", "AVX512-FP16", "AMX-INT8", "AMX-BF16", "AMX-FP16")


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


@dataclass(frozen=True)
class Instructions:
    """What a processor has beside its basic instructions."""

    has: tuple[str, ...]
    unread: tuple[str, ...] = ()


@cache
def instructions() -> Instructions:
    """Return the instructions of this machine's processor."""
    system, architecture = platform.system(), platform.machine().lower()
    words = {"Linux": _linux_words, "Darwin": _macos_words, "Windows": _windows_words}.get(system, _any_words)()
    unread = _UNREAD_ON_WINDOWS if system in ("Windows", "") and words else ()
    return instructions_in(words, architecture, unread)


def instructions_in(words: Iterable[str], architecture: str, unread: Iterable[str] = ()) -> Instructions:
    """Return the instructions that a system's words mean.

    Args:
        words: what it calls its processor's features, in small letters; none: nothing could be read.
        architecture: as `platform.machine` names it.
        unread: what this system doesn't tell of.
    """
    known = _ARM_NAMES if architecture in ARM else _X86
    seen = frozenset(words)
    if not seen:
        return Instructions((), tuple(known))
    has = tuple(name for name, called in known.items() if seen.intersection(called))
    return Instructions(has, tuple(name for name in unread if name in known and name not in has))


def _linux_words(root: Path = Path("/")) -> list[str]:
    try:
        lines = (root / "proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return []
    listed = (line.partition(":") for line in lines)
    return next((words.split() for name, _, words in listed if name.strip() in ("flags", "Features")), [])


def _macos_words() -> list[str]:
    """Return the keys of sysctl that are 1, by their last part, and Intel's lists of features."""
    command = ["/usr/sbin/sysctl", "hw.optional", "machdep.cpu.features", "machdep.cpu.leaf7_features"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    words = []
    for line in done.stdout.lower().splitlines():
        key, _, value = line.partition(":")
        words += [key.rpartition(".")[2]] if value.strip() == "1" else value.split()
    return words


def _windows_words() -> list[str]:
    import ctypes

    present = getattr(ctypes, "windll").kernel32.IsProcessorFeaturePresent  # noqa: B009  # of Windows alone
    return [*(word for number, word in _WINDOWS.items() if present(number)), *_any_words()]


def _any_words() -> list[str]:
    import cpuinfo

    return [str(flag).lower() for flag in cpuinfo.get_cpu_info().get("flags") or ()]

"""What a process may use: the quotas, sets and limits of its control groups, as prepared trees (cgroups(7))."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dlbench.system import memory_limit, usable_cores

V2 = "30 24 0:26 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = "".join(
    f"3{i} 24 0:2{i} / /sys/fs/cgroup/{names} rw - cgroup cgroup rw,{names}\n"
    for i, names in enumerate(("cpu,cpuacct", "memory", "cpuset"))
)


@pytest.fixture(autouse=True)
def _eight_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)


def tree(root: Path, own: str, mounts: str, files: dict[str, str]) -> Path:
    """Write a tree with what `/proc` says of the own group and the mounts, and the groups' files."""
    proc = {"proc/self/cgroup": own, "proc/self/mountinfo": mounts}
    for name, text in {**proc, **{f"sys/fs/cgroup/{name}": text for name, text in files.items()}}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.mark.parametrize(
    ("own", "mounts", "files", "cores"),
    [
        ("0::/\n", V2, {"cpu.max": "300000 100000\n"}, 3),
        ("0::/a/b\n", V2, {"a/b/cpu.max": "200000 100000\n", "a/cpu.max": "max 100000\n"}, 2),
        ("0::/a/b\n", V2, {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "100000 100000\n"}, 1),
        ("0::/a/b\n", V2, {"a/b/cpu.max": "50000 100000\n"}, 1),  # half a core is one
        ("0::/a\n", V2, {"b/cpu.max": "100000 100000\n"}, 8),  # another group's
        ("0::/a\n", V2, {"a/cpuset.cpus.effective": "0-2,5\n"}, 4),
        ("0::/../../x\n", V2, {"cpu.max": "200000 100000\n"}, 2),  # of a namespace above
        ("0::/a\n", V2, {"a/cpu.max": "nonsense\n"}, 8),
        ("4:cpu,cpuacct:/job\n", V1, {"cpu,cpuacct/job/cpu.cfs_quota_us": "250000\n"} | {
            "cpu,cpuacct/job/cpu.cfs_period_us": "100000\n"}, 2),
        ("4:cpu,cpuacct:/job/x\n", V1, {"cpu,cpuacct/job/cpu.cfs_quota_us": "100000\n"} | {
            "cpu,cpuacct/job/cpu.cfs_period_us": "100000\n", "cpu,cpuacct/job/x/cpu.cfs_quota_us": "-1\n"}, 1),
        ("6:cpuset:/job\n", V1, {"cpuset/job/cpuset.cpus": "4-6\n"}, 3),
    ],
)  # fmt: skip
def test_the_cores_are_those_of_the_own_group_and_its_parents(tmp_path: Path, own, mounts, files, cores):
    assert usable_cores(tree(tmp_path, own, mounts, files)) == cores


def test_a_container_sees_its_own_group_at_the_top_of_the_mount(tmp_path: Path):
    mounts = V1.replace(" / /sys/fs/cgroup/cpu,cpuacct", " /docker/abc /sys/fs/cgroup/cpu,cpuacct")
    files = {"cpu,cpuacct/cpu.cfs_quota_us": "100000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"}
    assert usable_cores(tree(tmp_path, "4:cpu,cpuacct:/docker/abc\n", mounts, files)) == 1


@pytest.mark.parametrize(
    ("own", "mounts", "files", "limit"),
    [
        ("0::/a/b\n", V2, {"a/b/memory.max": "max\n", "a/memory.max": "4096000\n"}, 4096000),
        ("0::/a\n", V2, {"a/memory.max": "max\n"}, None),
        ("5:memory:/job\n", V1, {"memory/job/memory.limit_in_bytes": "8192000\n"}, 8192000),
        ("5:memory:/job\n", V1, {"memory/job/memory.limit_in_bytes": "9223372036854771712\n"}, None),
    ],
)
def test_the_memory_is_that_of_the_own_group_and_its_parents(tmp_path: Path, own, mounts, files, limit):
    assert memory_limit(tree(tmp_path, own, mounts, files)) == limit


def test_without_control_groups_the_affinity_counts(tmp_path: Path):
    assert usable_cores(tmp_path) == 8 and memory_limit(tmp_path) is None

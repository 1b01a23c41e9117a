"""How ONNX Runtime's default pool would be pinned, and the size of the last cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dlbench.system import core_kinds, default_affinities, last_level_cache


def _cpus(root: Path, siblings: dict[int, str]) -> Path:
    for cpu, text in siblings.items():
        folder = root / f"sys/devices/system/cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("siblings", "threads", "expected"),
    [
        ({0: "0", 1: "1"}, 2, "2"),
        ({0: "0", 1: "1", 2: "2"}, 3, "2;3"),
        ({0: "0", 1: "1"}, 1, ""),
        ({0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}, 2, "2,4"),  # a thread for each physical core
        ({0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}, 4, ""),  # not the default size: the runtime does not pin it
        ({0: "0-1", 1: "0-1"}, 2, ""),
    ],
)
def test_a_pool_of_the_default_size_is_pinned_as_the_default_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, siblings: dict[int, str], threads: int, expected: str
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(siblings), raising=False)
    assert default_affinities(threads, _cpus(tmp_path, siblings)) == expected


def test_without_affinities_nothing_is_pinned(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert default_affinities(8) == ""


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [(("32K", "1024K", "32M"), 32 << 20), ((), None), (("none", ""), None), (("512K",), 512 << 10)],
)
def test_the_last_cache_is_the_largest(tmp_path: Path, sizes: tuple[str, ...], expected: int | None):
    for number, size in enumerate(sizes):
        folder = tmp_path / f"sys/devices/system/cpu/cpu0/cache/index{number}"
        folder.mkdir(parents=True)
        (folder / "size").write_text(size + "\n")
    assert last_level_cache(tmp_path) == expected


def test_the_kinds_of_cores_are_those_of_arm_or_of_intel_and_none_where_all_are_alike(tmp_path: Path):
    for cpu, capacity in enumerate(("1024", "1024", "446")):
        folder = tmp_path / f"arm/sys/devices/system/cpu/cpu{cpu}"
        folder.mkdir(parents=True)
        (folder / "cpu_capacity").write_text(capacity + "\n")
    assert core_kinds(tmp_path / "arm") == {0: 1024, 1: 1024, 2: 446}
    for kind, cpus in (("cpu_core", "0-3"), ("cpu_atom", "4-7,9")):
        folder = tmp_path / f"intel/sys/devices/{kind}"
        folder.mkdir(parents=True)
        (folder / "cpus").write_text(cpus + "\n")
    kinds = core_kinds(tmp_path / "intel")
    assert [cpu for cpu, kind in kinds.items() if kind == 1] == [4, 5, 6, 7, 9] and kinds[0] == 2
    (tmp_path / "arm/sys/devices/system/cpu/cpu2/cpu_capacity").write_text("1024")
    assert core_kinds(tmp_path / "arm") == {} == core_kinds(tmp_path / "nothing")

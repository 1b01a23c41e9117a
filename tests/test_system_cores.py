"""How ONNX Runtime's default pool would be pinned, and the size of the last cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dlbench.system import default_affinities, last_level_cache


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

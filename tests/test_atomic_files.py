"""Files are written whole or not at all, and a killed process leaves none that a command would take for its own."""

import multiprocessing
import os
import stat
import sys
from pathlib import Path

import pytest

from dlbench.files import atomic_path, free_stem, write_atomic


def write_half(path: Path) -> None:
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"half")
        os._exit(9)


@pytest.mark.skipif(sys.platform != "linux", reason="forks: a process that dies at a chosen place")
def test_a_killed_process_leaves_no_file_that_a_pattern_finds(tmp_path: Path):
    for name in ("models/cnn.onnx", "results/compare-1.json", "results/compare-1.rounds.jsonl"):
        process = multiprocessing.get_context("fork").Process(target=write_half, args=(tmp_path / name,))
        process.start()
        process.join()
        assert process.exitcode == 9
        assert not list((tmp_path / name).parent.glob(f"*{Path(name).suffix}"))
    assert free_stem(tmp_path / "results", "compare").parent == tmp_path / "results"
    write_atomic(tmp_path / "models/cnn.onnx", b"whole")
    assert [p.name for p in (tmp_path / "models").glob("*.onnx")] == ["cnn.onnx"]


def test_what_is_written_may_be_read_by_others_and_leaves_nothing_beside_it(tmp_path: Path):
    path = write_atomic(tmp_path / "a" / "report.html", "text")
    assert path.read_text() == "text" and [p.name for p in path.parent.iterdir()] == ["report.html"]
    mask = os.umask(0)
    os.umask(mask)
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask


def test_what_a_killed_process_left_is_deleted_a_day_later(tmp_path: Path):
    old, new = tmp_path / ".writing-old", tmp_path / ".writing-new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "compare-1.json").write_text("{")
    os.utime(old, (0, 0))
    write_atomic(tmp_path / "report.html", "text")
    assert not old.exists() and new.exists()  # another process may be writing in the new one


def test_a_block_that_fails_leaves_the_old_file(tmp_path: Path):
    path = write_atomic(tmp_path / "kept.txt", "old")
    with pytest.raises(ValueError, match="half"), atomic_path(path) as temporary:
        temporary.write_text("new")
        raise ValueError("half")
    assert path.read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["kept.txt"]

"""Processes that dlbench starts, and itself: they import nothing of the current folder and leave nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlbench.bench.machine.machine_facts import software_facts
from dlbench.bench.measure.launch import ask
from dlbench.errors import RuntimeBrokenError
from dlbench.processes import child_environment, temporary_folder

NAMES = ("random", "numpy", "json", "typing", "onnxruntime", "sitecustomize", "usercustomize", "dlbench/__init__")


@pytest.fixture
def homework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder whose files are called like modules; each says so on standard error and in a file."""
    for name in NAMES:
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"open({str(tmp_path / 'executed')!r}, 'a').write({name!r})\nraise ImportError({name!r})\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", [None, "", os.pathsep, "."])
def test_the_measuring_process_runs_no_file_of_the_current_folder(homework: Path, dense_file, monkeypatch, path):
    if path is None:
        monkeypatch.delenv("PYTHONPATH", raising=False)
    else:
        monkeypatch.setenv("PYTHONPATH", path)
    reply = ask({"do": "inspect", "model": str(dense_file), "provider": "CPUExecutionProvider", "threads": 1}, 60)
    assert reply.problem is None, reply
    assert not (homework / "executed").exists()


def test_the_child_that_asks_for_providers_runs_no_file_of_the_current_folder(homework: Path):
    assert "CPUExecutionProvider" in software_facts().providers_built_in
    assert not (homework / "executed").exists()


def test_the_command_runs_no_file_of_the_current_folder(homework: Path):
    """`dlbench` itself is not among them: who types `python -m dlbench` beside a folder of this name asks for it."""
    (homework / "dlbench" / "__init__.py").unlink()
    (homework / "dlbench").rmdir()
    environment = {**os.environ, "PYTHONPATH": os.pathsep}
    for name in ("sitecustomize", "usercustomize"):  # Python itself imports them before any command
        (homework / f"{name}.py").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "dlbench", "cost", "catalogue", "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (homework / "executed").exists()


def test_a_child_gets_only_absolute_places_to_import_from(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", "lib", "/opt/lib", str(Path.cwd())]))
    kept = child_environment()["PYTHONPATH"].split(os.pathsep)
    assert "/opt/lib" in kept and all(map(os.path.isabs, kept)) and str(Path.cwd()) not in kept


def test_children_keep_what_they_compile_in_the_cache_where_nothing_may_be_written_beside_the_sources(
    monkeypatch, tmp_path: Path
):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    monkeypatch.delenv("PYTHONPYCACHEPREFIX", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "compiled_once.py").write_text("")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    subprocess.run([sys.executable, "-c", "import compiled_once"], env=child_environment(), check=True)
    assert [*(tmp_path / "bytecode").rglob("compiled_once.*.pyc")] and not [*(tmp_path / "lib").rglob("*.pyc")]
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE")
    assert "PYTHONPYCACHEPREFIX" not in child_environment()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os; os.abort()", "SIGABRT"),
        ("raise ImportError('libcudart.so.12: cannot open')", "libcudart"),
        ("import sys; sys.exit(3)", "code 3"),
        ("", "no attribute 'InferenceSession'"),  # what an uninstall leaves
    ],
)
def test_a_runtime_that_cannot_be_imported_is_named_and_not_the_model(monkeypatch, tmp_path, dense_file, code, words):
    (tmp_path / "broken" / "onnxruntime").mkdir(parents=True)
    (tmp_path / "broken" / "onnxruntime" / "__init__.py").write_text(code + "\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
    request = {"model": str(dense_file), "provider": "CPUExecutionProvider", "threads": 1}
    with pytest.raises(RuntimeBrokenError, match="ONNX Runtime can't be imported here") as raised:
        ask({"do": "inspect", **request}, 60)
    assert words in str(raised.value) and dense_file.name not in str(raised.value)


def test_onnx_runtime_leaves_nothing_at_home_and_starts_no_thread_of_its_own(tmp_path: Path):
    code = (
        "import os, dlbench, onnxruntime as o; o.get_available_providers(); print(len(os.listdir('/proc/self/task')))"
    )
    bare = code.replace("dlbench, onnxruntime as o; o.get_available_providers()", "dlbench, numpy")
    environment = {k: v for k, v in os.environ.items() if k not in ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME")}
    environment |= {"HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    counts = [
        subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True).stdout
        for text in (code, bare)
        if sys.platform == "linux"
    ]
    assert len(set(counts)) <= 1, "a thread beside those of numpy"
    assert not list(tmp_path.rglob("*onnxruntime*"))


def test_telemetry_is_off_whatever_the_environment_said():
    code = "import os, dlbench; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": ""}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


def test_folders_of_killed_processes_are_swept_and_others_are_left(monkeypatch, tmp_path: Path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    gone = tmp_path / "dlbench-999999999-abc"  # larger than any process number of Linux
    mine = tmp_path / f"dlbench-{os.getppid()}-abc"
    other, long = tmp_path / "dlbench-notes", tmp_path / f"dlbench-{'9' * 40}-abc"
    for folder in (gone, mine, other, long):
        folder.mkdir()
        (folder / "file").write_text("x")
    with temporary_folder() as folder:
        assert folder.is_dir() and not gone.exists() and mine.exists() and other.exists()
    assert not folder.exists()

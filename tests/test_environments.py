"""What surrounds a command: signals, names, folders that can't be written, settings of others."""

from __future__ import annotations

import errno
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.results.schema import read_result
from dlbench.cli import main
from dlbench.commands.options import as_typed
from dlbench.errors import WorkspaceError
from dlbench.files import as_workspace_error, cache_dir

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals, bytes and limits of POSIX")


@posix
@pytest.mark.usefixtures("short_rounds")
def test_sigterm_keeps_what_was_measured_as_ctrl_c_does(dense_file, workspace, capsys, monkeypatch):
    from dlbench.bench.measure.rounds import RoundLoop

    whole, done = RoundLoop._one_round, []

    def round_with_signal(self, job):
        whole(self, job)
        done.append(job)
        if len(done) == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    monkeypatch.setattr(RoundLoop, "_one_round", round_with_signal)
    try:
        options = ["--batch-sizes", "1", "--rounds", "9", "--budget", "0", "--threads", "1"]
        assert main(["compare", str(dense_file), *options]) == 130
    finally:
        signal.signal(signal.SIGTERM, before)
    (file,) = (workspace / "results").glob("*.json")
    result = read_result(file)
    assert not result.complete and sum(len(cell.rounds) for cell in result.cells) == 2
    assert "--resume" in capsys.readouterr().out


@posix
@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_closed_terminal_ends_a_run_as_ctrl_c_does_unless_nohup_said_otherwise(before, capsys):
    kept = signal.signal(signal.SIGHUP, before)
    try:
        main(["--version"])
        assert (signal.getsignal(signal.SIGHUP) == before) == (before == signal.SIG_IGN)
    finally:
        signal.signal(signal.SIGHUP, kept)


NAMES = ["net.onnx", "my net.onnx", "it's.onnx", "-net.onnx", "a;b&c.onnx", "$(x).onnx", "net\n.onnx", "a\x1b[31m.onnx",
         "net\udcff.onnx", "é 猫.onnx", "*.onnx", "~net", "#net", "back\\slash"]  # fmt: skip


@posix
@pytest.mark.parametrize("name", NAMES)
def test_a_quoted_name_is_the_same_name_in_a_shell_and_has_no_control_code(name: str):
    typed = as_typed(name, None, "IMAGE")
    assert typed.isprintable() and typed.endswith(" IMAGE")
    if not typed.startswith("$'"):
        assert shlex.split(typed)[0].removeprefix("./") == name
    done = subprocess.run(["bash", "-c", f"printf %s {typed.removesuffix(' IMAGE')}"], capture_output=True, check=True)
    assert done.stdout.removeprefix(b"./") == os.fsencode(name)


@posix
def test_a_cache_that_cannot_be_written_is_said_with_what_helps(monkeypatch, tmp_path: Path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "file" / "below"))
    assert "DLBENCH_CACHE" in MachineHistory.load("abc", "1.0").save()


@pytest.mark.parametrize(
    "command", ["inspect {}", "viz filters {}", "data {}", "report {}", "diff {} {}", "viz inputs x {}"]
)
def test_a_name_that_is_too_long_is_one_line(command: str, capsys, dense_file):
    words = [str(dense_file) if word == "x" else word.format("n" * 300) for word in command.split()]
    assert main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@posix
def test_a_name_that_is_no_utf_8_is_one_line(capsys):
    assert main(["inspect", "net\udcff.onnx"]) == 2
    told = capsys.readouterr().err
    assert "UTF-8" in told and len(told.splitlines()) == 1


@pytest.mark.parametrize("command", ["filters {}", "inputs {}", "depth {}", "all {}"])
def test_viz_says_in_one_line_that_its_workspace_cannot_be_written(command: str, capsys, dense_file, tmp_path: Path):
    (tmp_path / "file").write_text("")
    arguments = ["viz", *command.format(dense_file).split(), "--workspace", str(tmp_path / "file" / "below")]
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert "can't write" in told and len(told.splitlines()) == 1


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "nonsense", "tkagg"])
def test_pictures_are_drawn_whatever_matplotlib_was_told(tmp_path: Path, backend: str):
    """A settings file in the current folder counts for Matplotlib, too."""
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\nbackend: module://random\nfigure.facecolor: red\n")
    code = (
        "from dlbench.show.svg import draw; import os; svg = draw('a', lambda axes: axes.plot([1, 2]));"
        f"assert '<svg' in svg and 'ff0000' not in svg; assert os.environ['MPLBACKEND'] == {backend!r}"
    )
    environment = {**os.environ, "MPLBACKEND": backend}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@posix
def test_without_a_home_the_history_is_not_kept_and_downloads_say_what_helps(monkeypatch, tmp_path: Path):
    monkeypatch.delenv("DLBENCH_CACHE")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_, **__: Path("~/.cache/dlbench"))
    history = MachineHistory.load("abc", "1.0")
    assert "DLBENCH_CACHE" in history.note and not history.save()
    with pytest.raises(WorkspaceError, match="DLBENCH_CACHE"):
        cache_dir()
    with pytest.raises(WorkspaceError, match="`workspace`"), as_workspace_error(tmp_path):
        raise PermissionError(errno.EACCES, "no")


@pytest.mark.parametrize(("below", "helps"), [("cache/data", "set DLBENCH_CACHE"), ("out", "`workspace` DIR")])
def test_the_advice_for_a_folder_that_cannot_be_written_can_help(below, helps, monkeypatch, tmp_path: Path):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(WorkspaceError, match=helps), as_workspace_error(tmp_path / below):
        raise PermissionError(errno.EACCES, "no")


@posix
def test_a_deleted_current_folder_is_one_line(tmp_path: Path):
    (tmp_path / "gone").mkdir()
    code = "import os, sys; os.rmdir('../gone'); from dlbench.cli import main; sys.exit(main(['cost', 'catalogue']))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "gone", capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and done.stderr.startswith("dlbench: the current folder was deleted")


@posix
def test_a_reader_that_leaves_the_pipe_gets_no_traceback():
    command = [sys.executable, "-m", "dlbench", "cost", "catalogue"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1

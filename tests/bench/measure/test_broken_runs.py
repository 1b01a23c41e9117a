"""What may go wrong while measuring: a kill at any moment, no memory, a crash, a hang; one cell is lost at most."""

from __future__ import annotations

import json
import multiprocessing
import random
import signal
import subprocess
import sys
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import psutil
import pytest
import short_rounds
from onnx import TensorProto, helper

from dlbench.bench.measure import launch
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.comparison import compare
from dlbench.bench.measure.journal import Journal, JournalHeader, find_journal, read_journal
from dlbench.bench.measure.rounds import Event
from dlbench.bench.results.schema import Result, read_result
from dlbench.cli import main
from dlbench.errors import ResultFileError, WorkspaceError

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX"),
    pytest.mark.usefixtures("own_processes"),
]

QUICK = {"batch_sizes": (1, 2, 3), "min_rounds": 2, "budget_s": 0.0}


@pytest.fixture
def own_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure in short rounds whose process does all by itself, so that it gets the signals."""
    monkeypatch.setattr(launch, "WORKER", short_rounds.COMMAND)


def workers() -> list[psutil.Process]:
    mine = psutil.Process().children(recursive=True)
    return [p for p in mine if p.cmdline() == short_rounds.COMMAND]


def signal_the_worker_of(batch: int, number: int) -> object:
    """Return a watcher that sends a signal to the measuring process of the cell with this batch size, once."""
    sent: list[bool] = []

    def send() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for process in workers():
                process.send_signal(number)
                return
            time.sleep(0.01)

    def watch(event: Event) -> None:
        if event.running is not None and event.running.batch == batch and not sent:
            sent.append(True)
            threading.Thread(target=send).start()

    return watch


@pytest.mark.parametrize(
    ("number", "words"),
    [(signal.SIGABRT, "SIGABRT"), (signal.SIGSEGV, "SIGSEGV"), (signal.SIGSTOP, "did not end within")],
)
def test_a_crash_or_a_hang_is_the_verdict_of_its_cell_and_the_others_go_on(dense_file: Path, number: int, words: str):
    settings = CompareSettings(**QUICK, round_timeout_s=6.0)
    result = compare([dense_file], settings, on_event=signal_the_worker_of(2, number))
    by_batch = {c.batch: c for c in result.cells}
    assert by_batch[2].verdict == "failed" and words in by_batch[2].reason
    assert all(by_batch[n].verdict == "ran" and len(by_batch[n].rounds) == 2 for n in (1, 3))


def test_a_killed_measuring_process_is_told_as_out_of_memory(dense_file: Path):
    result = compare([dense_file], CompareSettings(**QUICK), on_event=signal_the_worker_of(3, signal.SIGKILL))
    assert {c.batch: c.verdict for c in result.cells} == {1: "ran", 2: "ran", 3: "out_of_memory"}


def test_too_little_memory_for_one_batch_size_is_the_verdict_of_that_cell(save):
    """A real limit on the address space: 16 MB of output at batch 1, 8 GB at batch 512."""
    path = save(
        "wide",
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        [("x", TensorProto.FLOAT, ["N", 1])],
        [("y", TensorProto.FLOAT, ["N", 1 << 22])],
        {"w": np.ones((1, 1 << 22), np.float32)},
    )
    code = (
        "import resource, json, sys; resource.setrlimit(resource.RLIMIT_AS, (7 << 30, 7 << 30));"
        "from pathlib import Path; from dlbench.bench import CompareSettings, compare;"
        "s = CompareSettings(batch_sizes=(1, 512), min_rounds=2, budget_s=0, threads=1);"
        f"r = compare([Path({str(path)!r})], s); print(json.dumps([[c.batch, c.verdict] for c in r.cells]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert json.loads(done.stdout) == [[1, "ran"], [512, "out_of_memory"]]


def compare_in_a_process(worker: list[str], arguments: list[str]) -> None:
    launch.WORKER = worker
    sys.exit(main(arguments))


def begin(model: Path, workspace: Path) -> BaseProcess:
    """Start `dlbench compare --resume` in a process of its own, forked where that is safe: it need not import again."""
    options = ["--batch-sizes", "1,2,3", "--rounds", "6", "--budget", "0", "--workspace", str(workspace), "--resume"]
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    process = context.Process(target=compare_in_a_process, args=(launch.WORKER, ["compare", str(model), *options]))
    process.start()
    return process


def kill_after(seconds: float, process: BaseProcess) -> int | None:
    """Kill -9 a process after a time, where it is still running; return its exit code."""
    process.join(seconds)
    process.kill()
    process.join()
    return process.exitcode


@pytest.mark.slow
@pytest.mark.usefixtures("replayed_rounds")
def test_a_run_that_is_killed_20_times_at_random_ends_with_every_cell_and_no_round_lost_or_doubled(
    dense_file: Path, workspace: Path
):
    rng = random.Random(0)
    kills, seen = 0, 0
    while kills < 20:
        code = kill_after(rng.uniform(0.05, 0.6), begin(dense_file, workspace))
        if code != 0:
            assert code == -signal.SIGKILL
            kills += 1
        if is_written(workspace):  # it came to its end before the kill: begin another one
            check_whole(workspace)
            for path in (workspace / "results").glob("[!.]*"):  # a killed process leaves a hidden folder too
                path.unlink()
            seen = 0
            continue
        rounds = journalled_rounds(workspace)
        assert rounds >= seen, "a finished round was lost"
        seen = rounds
    assert kill_after(300, begin(dense_file, workspace)) == 0
    result = check_whole(workspace)
    assert result.settings.resumed == seen
    assert not list((workspace / "results").glob("*.jsonl"))


def is_written(workspace: Path) -> bool:
    """Say whether a run has written its result and cleared its journal away."""
    files = [p.name for p in (workspace / "results").glob("*")] if (workspace / "results").exists() else []
    return any(n.endswith(".json") for n in files) and not any(n.endswith(".jsonl") for n in files)


def journalled_rounds(workspace: Path) -> int:
    journals = list((workspace / "results").glob("*.jsonl")) if (workspace / "results").exists() else []
    assert len(journals) <= 1, "a resumed run began a second journal"
    if not journals or not journals[0].read_bytes().count(b"\n"):
        return 0
    return len(read_journal(journals[0])[1])


def check_whole(workspace: Path) -> Result:
    (path,) = (workspace / "results").glob("*.json")
    result = read_result(path)
    assert [(c.batch, c.verdict, len(c.rounds)) for c in result.cells] == [(n, "ran", 6) for n in (1, 2, 3)]
    ends = [r.at_s for c in result.cells for r in c.rounds]
    assert len(set(ends)) == 18
    return result


def test_a_kill_before_the_first_line_leaves_no_journal_and_no_second_one_takes_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, header = tmp_path / "compare-1.rounds.jsonl", JournalHeader(identity={"a": 1})

    def killed(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "replace", killed)
        Journal.create(path, header)
    assert not list(tmp_path.glob("*.jsonl")) and find_journal(tmp_path, {"a": 1}) is None
    Journal.create(path, header).__exit__()
    assert find_journal(tmp_path, {"a": 1}) == path
    with pytest.raises(WorkspaceError, match="a file of that name is there"):
        Journal.create(path, header)


@pytest.mark.usefixtures("replayed_rounds")
def test_an_interrupted_run_goes_on_and_ends_as_one_run(dense_file: Path, tmp_path: Path):
    journal = tmp_path / "rounds.jsonl"

    def interrupt(event: Event) -> None:
        if event.rounds_done == 3:
            raise KeyboardInterrupt

    first = compare([dense_file], CompareSettings(**QUICK), on_event=interrupt, journal=journal)
    assert not first.complete and sum(len(c.rounds) for c in first.cells) == 3
    with journal.open("a") as stream:
        stream.write('{"key": ["tiny", "cpu"')  # as a kill in the middle of a write leaves it
    second = compare([dense_file], CompareSettings(**QUICK), journal=journal)
    assert second.complete and second.settings.resumed == 3
    assert [len(c.rounds) for c in second.cells] == [2, 2, 2]
    before = {(c.batch, r.at_s) for c in first.cells for r in c.rounds}
    assert before < {(c.batch, r.at_s) for c in second.cells for r in c.rounds}
    assert len(read_journal(journal)[1]) == 6


@pytest.mark.usefixtures("replayed_rounds")
def test_rounds_of_another_comparison_are_not_mixed_in(dense_file: Path, tmp_path: Path):
    journal = tmp_path / "compare.rounds.jsonl"
    compare([dense_file], CompareSettings(**QUICK), journal=journal)
    with pytest.raises(ResultFileError, match=r"seed: expected 0, received 1"):
        compare([dense_file], CompareSettings(**QUICK, seed=1), journal=journal)
    header, _ = read_journal(journal)
    assert find_journal(tmp_path, header.identity) == journal
    assert find_journal(tmp_path, {**header.identity, "seed": 1}) is None


@pytest.mark.parametrize("text", ["", "not json\n", '{"schema": "dlbench.journal/9", "identity": {}}\n', "[]\n"])
def test_a_file_that_is_no_journal_is_refused_in_one_line(tmp_path: Path, text: str):
    path = tmp_path / "x.rounds.jsonl"
    path.write_text(text)
    with pytest.raises(ResultFileError, match="can't be resumed from") as caught:
        read_journal(path)
    assert "\n" not in str(caught.value)
    assert find_journal(tmp_path, {}) is None

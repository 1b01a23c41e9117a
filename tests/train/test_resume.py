"""A run that was cut off, repeated, spread over processes or seeds ends where it should."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from sharing import Shared

from dlbench.cli import main
from dlbench.errors import DataError, InputError
from dlbench.files import Workspace
from dlbench.train import TrainingInterrupted, TrainProgress, TrainSettings, preparing, train
from dlbench.train.checkpoint import load_checkpoint
from dlbench.train.loop import Plan, Samples, TrainingBroke, _Trainer, fit
from dlbench.train.network_comparison import confused_pairs, moved
from dlbench.train.resume import RunState, StateKeeper
from dlbench.train.run_record import named_settings, recorded_run

pytestmark = pytest.mark.usefixtures("quick_export")


@pytest.fixture
def settings(few_digits: str) -> TrainSettings:
    return TrainSettings("cnn", data=few_digits, epochs=3, batch_size=20)


def digest(folder: Path, name: str = "cnn") -> str:
    return json.loads((folder / "models" / f"{name}.json").read_text())["trained_sha256"]


@pytest.fixture
def unbroken(shared: Shared, few_digits: str) -> str:
    trained = shared.trained("cnn", data=few_digits, epochs=3, batch_size=20)
    return digest(trained.result.history_path.parents[1])


def test_ctrl_c_and_resume_end_at_the_weights_of_an_unbroken_run(
    tmp_path: Path, unbroken: str, settings: TrainSettings
):
    def interrupt(progress: TrainProgress) -> None:
        if progress.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted, match="`resume`"):
        train(settings, Workspace(tmp_path), interrupt)
    state = tmp_path / "models" / "cnn.state.safetensors"
    with safe_open(state, "pt") as file:
        spent = json.loads(file.metadata()["dlbench"])["spent"]
    result = train(settings, Workspace(tmp_path), resume=True)
    assert digest(tmp_path) == unbroken
    assert len(result.history) == 3
    assert not state.exists()  # the run is complete
    # both halves cost time and energy
    assert result.energy.seconds >= result.facts.training.training_s
    assert result.energy.seconds > sum(epoch.seconds for epoch in result.history) > spent["energy"]["seconds"] > 0
    assert result.energy.energy_j > spent["energy"]["energy_j"] > 0
    assert "before the interruption" in result.energy.source


KILLED = """
import os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from dlbench.files import Workspace
from dlbench.train import TrainSettings, progress, train
progress._INTERVAL_S = 0.0  # every step is told
def die(progress):
    if progress.epoch == int(last) and progress.step % 22 > 5:
        os.kill(os.getpid(), signal.SIGKILL)
settings = TrainSettings("cnn", data=sys.argv[2], epochs=3, batch_size=20)
for last in sys.argv[3:]:  # a process each, in which torch has been imported and nothing computed
    if not (child := os.fork()):
        train(settings, Workspace(Path(sys.argv[1])), die, resume=True)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
"""


@pytest.mark.slow
def test_kill_9_and_resume_end_at_the_weights_of_an_unbroken_run(
    tmp_path: Path, unbroken: str, settings: TrainSettings
):
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(settings.data), "2", "3"], check=False)
    assert done.returncode == 0  # each of the two was killed
    train(settings, Workspace(tmp_path), resume=True)
    assert digest(tmp_path) == unbroken


def test_a_state_of_other_settings_is_refused_and_a_damaged_one_too(tmp_path: Path):
    def interrupt(progress: TrainProgress) -> None:
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted):
        train(TrainSettings("dense", epochs=3), Workspace(tmp_path), interrupt)
    with pytest.raises(InputError, match="epochs 3, now 5"):
        train(TrainSettings("dense", epochs=5), Workspace(tmp_path), resume=True)
    path = tmp_path / "models" / "dense.state.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="delete it and train again"):
        train(TrainSettings("dense", epochs=3), Workspace(tmp_path), resume=True)


def test_a_state_goes_on_wherever_the_folder_of_its_data_lies(tmp_path: Path):
    """The digest tells whether the data are the same; states of older versions hold a path."""
    path = tmp_path / "dense.state.safetensors"
    kept = {"data": "/home/ann/photos", "seed": 0}
    StateKeeper(path, kept, "digest").keep(RunState({}, {}, {}), last=True)
    assert StateKeeper(path, kept | {"data": "photos"}, "digest").load() is not None
    for settings, digest in ((kept | {"seed": 1}, "digest"), (kept, "another")):
        with pytest.raises(InputError, match="same settings and data"):
            StateKeeper(path, settings, digest).load()


def test_a_state_names_its_pictures_without_their_folder(tmp_path: Path):
    for kept in (False, True):
        settings = named_settings(TrainSettings("dense", data=str(tmp_path), keep_paths=kept))
        assert settings["data"] == (str(tmp_path) if kept else tmp_path.name)


def test_networks_side_by_side_are_resumed_and_those_that_were_done_are_not_trained_again(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], few_digits: str
):
    arguments = ["train", "--compare", "dense,cnn", "--data", few_digits, "--epochs", "2", "--batch-size", "40"]
    trained: list[tuple[str, int]] = []
    passes = _Trainer._pass

    def one_pass(self: _Trainer, epoch: int, history: list) -> tuple[float, float]:
        network = "cnn" if any(isinstance(m, torch.nn.Conv2d) for m in self.network.modules()) else "dense"
        if (network, epoch) == ("cnn", 1) and not resuming:
            raise KeyboardInterrupt
        trained.append((network, epoch))
        return passes(self, epoch, history)

    monkeypatch.setattr(_Trainer, "_pass", one_pass)
    resuming = False
    assert main(arguments) == 130
    assert "the same again with --resume" in capsys.readouterr().err
    assert trained == [("dense", 0), ("dense", 1), ("cnn", 0)]
    resuming, first = True, digest(workspace, "dense")
    trained.clear()
    assert main([*arguments, "--resume"]) == 0
    assert trained == [("cnn", 1)]
    text = capsys.readouterr().out
    assert "407,050" in text and "n/a" not in text  # the dense network has its speed too
    assert digest(workspace, "dense") == first
    assert not list((workspace / "models").glob("*.state.safetensors"))


def test_a_run_that_stopped_early_stays_where_it_stopped_when_it_is_resumed():
    samples = Samples(torch.randn(64, 4), torch.randint(0, 2, (64,)))
    recipe = TrainSettings("dense", epochs=200, learning_rate=1.0, batch_size=16).recipe()
    kept: list[RunState] = []
    network = torch.nn.Linear(4, 2)

    def keep(state: RunState, last: bool) -> None:
        kept.append(state)

    first = fit(network, samples, samples, recipe, Plan(patience=3, keep=keep, keep_end=True))
    again = fit(network, samples, samples, recipe, Plan(patience=3, start=kept[-1]))
    assert [e.epoch for e in again.history] == [e.epoch for e in first.history] and len(first.history) < 200
    assert again.images_per_s == first.images_per_s


def test_a_loss_that_breaks_keeps_the_last_good_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    calls = 0

    def poison(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return images * float("nan") if calls > 50 else images  # in the second epoch of 40 steps

    monkeypatch.setitem(preparing._AUGMENTS, "multiclass", poison)
    with pytest.raises(TrainingBroke, match=r"step 11 of epoch 2.*weights of epoch 1.*dense\.safetensors"):
        train(TrainSettings("dense", epochs=3), Workspace(tmp_path))
    state, record = load_checkpoint(tmp_path / "models" / "dense.safetensors")
    assert all(torch.isfinite(value).all() for value in state.values())
    assert record["best_epoch"] == 1 and len(record["history"]) == 1


def test_training_stops_when_it_no_longer_gets_better():
    generator = torch.Generator().manual_seed(0)
    noise = Samples(torch.randn(64, 4, generator=generator), torch.randint(0, 2, (64,), generator=generator))
    other = Samples(torch.randn(64, 4, generator=generator), torch.randint(0, 2, (64,), generator=generator))
    recipe = TrainSettings("dense", epochs=200, learning_rate=1.0, batch_size=16).recipe()
    fitted = fit(torch.nn.Linear(4, 2), noise, other, recipe, Plan(patience=5))
    assert len(fitted.history) < 200 and len(fitted.history) - fitted.best_epoch == 5


def test_shares_of_the_learning_rate_reach_their_parameters_alone():
    called = torch.nn.Sequential(OrderedDict(tail=torch.nn.Linear(4, 4), head=torch.nn.Linear(4, 2)))
    tail, head = called.tail.weight.clone(), called.head.weight.clone()
    samples = Samples(torch.randn(32, 4), torch.randint(0, 2, (32,)))
    recipe = TrainSettings("dense", epochs=2, batch_size=16).recipe()
    fit(called, samples, samples, recipe, Plan(rates={"tail.": 0.0}))
    assert torch.equal(called.tail.weight, tail) and not torch.equal(called.head.weight, head)


def test_a_recorded_run_gives_the_same_weights_again(
    workspace: Path, capsys: pytest.CaptureFixture[str], few_digits: str
):
    assert main(["train", "dense", "--data", few_digits, "--epochs", "2", "--seed", "5"]) == 0
    record = workspace / "models" / "dense.json"
    assert main(["train", "--repeat", str(record)]) == 0
    assert "the same weights, bit by bit" in " ".join(capsys.readouterr().err.split())
    assert digest(workspace, "dense") == digest(workspace, "dense-repeated")
    changed = json.loads(record.read_text()) | {"trained_sha256": "0" * 64}
    record.write_text(json.dumps(changed))
    assert main(["train", "--repeat", str(record)]) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": "dlbench.run/9"}, "expected schema"),
        ({"settings": []}, "expected the settings"),
        ({"settings": {"network": "cnn", "seed": "1"}}, "for seed"),
        ({"settings": {"network": "cnn", "speed": 1}}, "known setting"),
        ({"settings": {"network": "cnn", "force": 1}}, "for force"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(tmp_path: Path, change: dict, words: str):
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"schema": "dlbench.run/1", "settings": {"network": "cnn"}} | change))
    with pytest.raises(DataError, match=words):
        recorded_run(path)


@pytest.mark.slow
def test_two_processes_train_the_network_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Gloo on the CPU: files by the first process alone, the same global batch, accuracy as of one process."""
    one = train(TrainSettings("dense", epochs=3), Workspace(tmp_path / "one"))
    arguments = ["train", "dense", "--epochs", "3", "--workspace", str(tmp_path / "two"), "--json"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launched = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}  # as torchrun sets it
    for name, value in {**launched, "RANK": "0", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    second = subprocess.Popen(
        [sys.executable, "-m", "dlbench", *arguments],
        env={**os.environ, "RANK": "1", "LOCAL_RANK": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    capsys.readouterr()
    assert main(arguments) == 0
    printed, told = second.communicate(timeout=60)
    assert second.returncode == 0, told[-2000:]
    assert not printed  # the first process alone prints
    facts = json.loads(capsys.readouterr().out)
    assert facts["training"]["device"] == "2 x cpu"
    accuracy = facts["accuracy"]["correct"] / facts["accuracy"]["samples"]
    assert facts["accuracy"]["samples"] == 500 and abs(accuracy - one.test_accuracy.value) < 0.03
    two = json.loads((tmp_path / "two" / "models" / "dense.json").read_text())
    first = json.loads(one.history_path.read_text())
    assert two["processes"] == 2 and two["recipe"] == first["recipe"]
    for ours, theirs in zip(two["history"], first["history"], strict=True):
        assert ours["train_loss"] == pytest.approx(theirs["train_loss"], rel=0.1)


def test_seeds_give_mean_and_spread(workspace: Path, capsys: pytest.CaptureFixture[str], few_digits: str):
    assert main(["train", "dense", "--data", few_digits, "--epochs", "1", "--seeds", "2"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "mean" in text and "standard deviation over the seeds" in text
    assert {p.stem for p in (workspace / "models").glob("*.onnx")} == {"dense-seed0", "dense-seed1"}


def test_networks_side_by_side_with_moved_digits(workspace: Path, capsys: pytest.CaptureFixture[str], few_digits: str):
    arguments = ["--data", few_digits, "--epochs", "3", "--batch-size", "20", "--no-augment"]
    assert main(["train", "--compare", "dense,cnn", *arguments, "--full"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in ("most confused", "taken for", "6 px", "cnn still reads", "407,050"):
        assert words in text, words
    names = {p.name for p in (workspace / "pictures").iterdir()}
    assert names == {f"compare-dense-cnn-{n}.svg" for n in ("loss", "accuracy", "moved-digits")}


@pytest.mark.parametrize(("down", "right"), [(0, 0), (3, 0), (-2, 0), (0, 5), (0, -6), (2, -1)])
def test_moved_pictures_are_those_of_numpys_roll_without_what_comes_round(down: int, right: int):
    images = np.random.default_rng(0).integers(1, 255, (2, 1, 9, 11), dtype=np.uint8)
    padded = np.pad(images, ((0, 0), (0, 0), (8, 8), (8, 8)))
    expected = np.roll(padded, (down, right), axis=(2, 3))[:, :, 8:-8, 8:-8]
    assert np.array_equal(moved(images, down, right), expected)


def test_the_most_confused_pairs_come_first():
    pairs = confused_pairs([[8, 2, 0], [1, 9, 0], [0, 3, 7]], ("a", "b", "c"))
    assert pairs == ["c taken for b: 3", "a taken for b: 2", "b taken for a: 1"]
    assert confused_pairs(None, ()) == []


def test_curves_are_drawn_and_event_files_hold_the_history(workspace: Path, few_digits: str):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert main(["train", "dense", "--data", few_digits, "--epochs", "2", "--tensorboard"]) == 0
    svg = (workspace / "pictures" / "dense-accuracy.svg").read_text()
    assert "validation" in svg and "training" in svg
    events = EventAccumulator(str(workspace / "tensorboard" / "dense"))
    events.Reload()
    history = json.loads((workspace / "models" / "dense.json").read_text())["history"]
    told = [(e.step, e.value) for e in events.Scalars("loss/validation")]
    assert told == [(e["epoch"], pytest.approx(e["validation_loss"])) for e in history]


def test_the_record_of_a_run_names_its_pictures_without_their_folder_unless_it_is_told_to(
    workspace: Path, few_digits: str, capsys: pytest.CaptureFixture[str]
):
    folder = Path(few_digits)
    for arguments, kept in (([], folder.name), (["--keep-paths"], few_digits)):
        assert main(["train", "dense", "--data", few_digits, "--epochs", "1", *arguments]) == 0
        record = (workspace / "models" / "dense.json").read_text()
        assert json.loads(record)["settings"]["data"] == kept
        assert (str(folder.parent) in record) == bool(arguments)


@pytest.mark.parametrize(
    ("right", "words"),
    [((480, 400), "has most test pictures right, 96.0%; dense has 80.0%"), ((480, 475), "Can't tell which has most")],
)
def test_a_network_is_called_best_only_outside_its_interval(right: tuple[int, int], words: str):
    from dlbench.api.side_by_side import _best
    from dlbench.proportion import Proportion

    names, shares = ("cnn", "dense"), [SimpleNamespace(test_accuracy=Proportion(n, 500)) for n in right]
    runs = [(SimpleNamespace(network=name), result) for name, result in zip(names, shares, strict=True)]
    (sentence,) = _best(runs)  # type: ignore[arg-type]
    assert words in sentence

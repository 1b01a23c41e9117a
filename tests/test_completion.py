"""Shell completion: commands, options and the scripts for the shells."""

from __future__ import annotations

import pytest

from dlbench.cli import main
from dlbench.commands.help_pages.command_list import SUMMARIES


def completed(typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> set[str]:
    monkeypatch.setattr("sys.argv", ["dlbench"])
    monkeypatch.setenv("_DLBENCH_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(typed.count(" ")))
    try:
        main([])
    except SystemExit as done:
        assert not done.code
    return set(capsys.readouterr().out.split())


def test_commands_are_completed(monkeypatch, capsys):
    assert completed("dlbench ", monkeypatch, capsys) == set(SUMMARIES)
    assert completed("dlbench tr", monkeypatch, capsys) == {"train"}
    assert completed("dlbench viz re", monkeypatch, capsys) == {"relevance"}


def test_options_are_completed(monkeypatch, capsys):
    assert completed("dlbench compare --prov", monkeypatch, capsys) == {"--providers", "--provider-option"}
    assert completed("dlbench doctor --cl", monkeypatch, capsys) == {"--class"}


@pytest.mark.parametrize(("shell", "words"), [("bash", "complete -o default"), ("zsh", "compdef"), ("fish", "dlbench")])
def test_a_script_for_each_shell_is_printed(shell, words, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["dlbench"])
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")  # else the shell that runs the tests
    with pytest.raises(SystemExit) as done:
        main(["--show-completion", shell])
    text = capsys.readouterr().out
    assert not done.value.code and words in text and "_DLBENCH_COMPLETE" in text

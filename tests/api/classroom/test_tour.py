"""`dlbench demo`: a digit, what the shipped network makes of it, its time and its cost."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from dlbench.api.classroom import tour
from dlbench.cli import main
from dlbench.commands.demo.text_pictures import beside, grey_lines, signed_lines
from dlbench.model.card import read_model
from dlbench.viz.capture.answers import answer_of


def test_the_shipped_network_reads_the_ten_shipped_digits():
    images = np.concatenate([tour.shipped_digit(digit)[None] for digit in range(10)])  # (10, 1, 28, 28)
    answers = answer_of(read_model(tour.shipped_network()), images.astype(np.float32) / 255)
    assert answers.argmax(axis=1).tolist() == list(range(10))


def test_the_shipped_network_names_no_folder_of_who_trained_it():
    assert b"/home" not in tour.shipped_network().read_bytes()


@pytest.mark.usefixtures("short_tour")
@pytest.mark.parametrize(("lang", "words"), [("en", "dlbench doctor --class"), ("hu", "dlbench doctor --class")])
def test_the_tour_shows_digit_answer_time_cost_and_what_next(lang, words, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["demo", "--digit", "4", "--lang", lang]) == 0
    text = capsys.readouterr().out
    assert [line[0] for line in text.splitlines() if line[1:3] == ". "] == list("12345")
    assert words in text and "@@@" in text and "+++" in text and "µs" in text
    assert all(len(line.rstrip()) <= 80 for line in text.splitlines())


@pytest.mark.usefixtures("short_tour")
def test_the_machine_form_holds_the_map_and_the_result(capsys):
    assert main(["demo", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["answer"] == "7" and np.shape(said["relevance"]) == (28, 28)
    assert [cell["batch"] for cell in said["result"]["cells"]] == [1, 32]


@pytest.mark.parametrize("digit", ["10", "-1", "seven", "1e400", ""])
def test_what_is_no_digit_is_refused_in_one_line(digit, capsys):
    assert main(["demo", f"--digit={digit}"]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1 and "--digit" in captured.err


def test_the_tour_needs_no_torch():
    code = (
        "import sys; from dlbench.api.classroom.tour import look; look(3); "
        "print([m for m in ('torch', 'torchvision', 'mlxtend') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_small_pictures_show_bright_and_signed_parts_and_leave_out_empty_lines():
    pixels = np.zeros((6, 4), np.uint8)
    pixels[:2, 0] = 255
    signed = np.zeros((6, 4), np.float32)
    signed[2:4, 1], signed[2:4, 2] = 1, -0.5
    lines = [line.plain for line in beside(grey_lines(pixels), signed_lines(signed))]
    assert lines == ["  @           ", "           #- "]

"""The command line under attack: whatever is typed ends with exit code 0, 1 or 2, and a refusal is one line."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from damage import limits
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reports import document
from small_models import dense_model

from dlbench.cli import app, main

# training, timing and looking through whole data sets take too long here
SLOW = {
    "demo",
    "train",
    "doctor",
    "viz errors",
    "viz top",
    "viz precision",
    "viz all",
    "viz relevance",
    "viz activations",
}
VALUES = (
    *(
        "",
        " ",
        "\x00",
        "x" * 300,
        "-1",
        "0",
        "1",
        "2.5",
        "1e400",
        "nan",
        "inf",
        "9" * 400,
        "1,,2",
        "a=b",
        "=",
        "N",
        "x=N,1",
    ),
    *(
        "漢字",
        "\ud800",
        "-",
        "--",
        "[red]",
        "\x1b[31m",
        "a\nb",
        "{",
        "%s",
        "1:2",
        "cpu",
        "cpu:a=b",
        "none",
        "all",
        "5%",
        "-5%",
    ),
    *(
        "image=1,1,28,28",
        "image=" + "9" * 30,
        "image=0,1,28,28",
        "en",
        "hu",
        "html,md",
        "terminal",
        "eur",
        "last-99999999",
    ),
)


def commands(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    for part, command in group.commands.items():
        full = f"{name} {part}".strip()
        if hasattr(command, "commands"):
            yield from commands(command, full)
        elif full not in SLOW:
            yield full, command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What may be named on the command line: a model, a picture, a result, a folder, and broken ones of them."""
    with suppress(ImportError):  # its libraries take more room than the limits give, and a second import is refused
        import torch  # noqa: F401
    monkeypatch.chdir(tmp_path)
    Path("net.onnx").write_bytes(dense_model(inner=4).SerializeToString())
    Path("broken.onnx").write_bytes(dense_model(inner=4).SerializeToString()[:900])
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save("picture.png")
    Path("r.json").write_text(json.dumps(document()))
    Path("broken.json").write_text("{")
    Path("prices.toml").write_text("[[[[")
    Path("folder").mkdir()
    return ["net.onnx", "broken.onnx", "picture.png", "r.json", "broken.json", "prices.toml", "folder", "missing"]


def typed(name: str, files: list[str], chance: random.Random) -> list[str]:
    command, words = COMMANDS[name], name.split()
    for parameter in command.params:
        options = [text for text in getattr(parameter, "opts", ()) if text.startswith("--")]
        if not options:  # an argument
            words += [chance.choice((*files, *files, *VALUES)) for _ in range(chance.choice((1, 1, 1, 0, 2)))]
        elif options[0] in ("--help", "--workspace", "--out"):
            continue
        elif chance.random() < 0.25:
            value = chance.choice((*VALUES, *VALUES, *files))
            words += options[:1] if parameter.is_flag else [options[0], value]
    if name == "compare":
        words += ["--rounds", "0"]  # refused before anything is timed
    elif name == "diff":
        words += ["--budget", "-1"]
    return words


@pytest.mark.parametrize("name", COMMANDS)
def test_whatever_is_typed_ends_in_an_exit_code_and_a_refusal_in_one_line(
    name: str, files: list[str], examples: Callable, capsys: pytest.CaptureFixture[str]
):
    @examples(2 if name.startswith("viz") else 5)
    @given(st.integers(0, 2**32 - 1))
    def attack(seed: int) -> None:
        arguments = typed(name, files, random.Random(seed))
        capsys.readouterr()
        with limits():
            code = main(arguments)
        said = capsys.readouterr().err
        assert code in (0, 1, 2), arguments
        if code == 2:
            lines = [line for line in said.splitlines() if line.startswith("dlbench: ")]
            assert len(lines) == 1 and len(lines[0]) < 3000, (arguments, said[-2000:])

    attack()

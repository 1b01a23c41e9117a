"""Nothing visible stays untranslated: commands run in a made-up language, and no English word may be left.

Pictures have tests of their own, `tests/viz/figures/test_untranslated_pictures.py`.

When a text is left: add it to the catalogue (`.ci/texts.py --add`), or, if it is a name, to
`tests/helpers/pseudo_language.py` with its reason.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from made_tables import every_table
from pseudo_language import TYPED, left_in, printed, pseudo_language, visible_texts
from reports import machine_document, saved_machines

from dlbench.bench.cost.latency.published_inference import published_inference
from dlbench.cli import app
from dlbench.show.texts import localised_table


def texts_of_tables(folder: Path) -> list[str]:
    with pseudo_language():
        tables = [localised_table(table) for table in every_table(folder)]
    return [
        text
        for table in tables
        for text in (
            table.title,
            *table.notes,
            *(c.title for c in table.columns),
            *(x for row in table.rows for x in row),
        )
    ]


def test_every_table_speaks_the_reader_s_language(tmp_path: Path):
    assert not left_in(texts_of_tables(tmp_path), as_published())


def as_published() -> frozenset[str]:
    """Return the words of published rows: devices, runtimes and sources stand as their authors wrote them."""
    rows = published_inference()
    texts = {text for row in rows for text in (row.device, row.runtime, row.runtime_note, row.format_note, row.source)}
    return frozenset(word for text in texts for word in re.split(r"[\s,;:()\[\]{}|=+]+", text)) | {"npu", "edge-tpu"}


def every_command() -> list[list[str]]:
    def below(command: Any, names: list[str], context: Any) -> list[list[str]]:
        lines = [names]
        for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
            lines += below(command.get_command(context, name), [*names, name], context)
        return lines

    command = typer.main.get_command(app)
    return below(command, [], command.make_context("dlbench", [], resilient_parsing=True))


def test_every_help_screen_is_translated(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("TERMINAL_WIDTH", "400")
    commands = every_command()
    assert len(commands) > 20
    text = printed([[*names, "--help"] for names in commands] + [["help", "words"], ["help", "interval"]], capsys)
    assert not left_in(text.splitlines(), TYPED | {word for names in commands for word in names})


BAD = [  # a line of each kind of error
    ["compare", "nosuch.onnx"],
    ["compare", "--batch-sizes", "x"],
    ["compare", "--country", "xx"],
    ["compare", "--providers", "xx"],
    ["compare", "--precision", "xx"],
    ["compare", "--budget", "much"],
    ["train", "--epochs", "x"],
    ["train", "--nosuch"],
    ["train", "nosuch"],
    ["train", "dense", "--data", "nosuch"],
    ["nosuch"],
    ["help", "nosuch"],
    ["cost", "nosuch"],
    ["cost", "catalogue", "--kind", "x"],
    ["cost", "estimate", "x"],
    ["cost", "buy-or-rent", "--hours-per-day", "25"],
    ["cost", "buy-or-rent", "--from", "x"],
    ["report"],
    ["report", "{result}", "--format", "x"],
    ["report", "{result}", "--format", "terminal", "--columns", "nosuch"],
    ["report", "{result}", "--format", "terminal", "--sort", "nosuch"],
    ["report", "{result}", "--name", "x"],
    ["report", "{text}"],
    ["report", "{folder}/nosuch.json"],
    ["diff", "{result}"],
    ["diff", "{result}", "{text}"],
    ["diff", "{result}", "{result}", "--same-within", "x"],
    ["history"],
    ["history", "nosuch", "--results", "{result}"],
    ["inspect", "nosuch"],
    ["inspect", "{text}"],
    ["data", "nosuch"],
    ["viz", "nosuch"],
    ["viz", "all", "nosuch"],
    ["viz", "all", "{text}", "{text}"],
    ["viz", "relevance", "{text}", "--method", "x"],
]


def test_every_kind_of_error_is_translated(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (result,) = saved_machines(tmp_path, machine_document(1))
    text = tmp_path / "text.onnx"
    text.write_text("{}")
    places = {"result": str(result), "text": str(text), "folder": str(tmp_path)}
    text_of = {}
    for line in BAD:
        filled = [part.format(**places) for part in line]
        text_of[" ".join(line)] = printed([filled], capsys)
    assert all(text_of.values())
    left = {line: words for line, text in text_of.items() if (words := left_in(text.splitlines(), TYPED))}
    assert not left


def test_screens_and_pages_of_results_are_translated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "400")
    paths = [str(path) for path in saved_machines(tmp_path, machine_document(1), machine_document(2, 2.0))]
    out = ["--out", str(tmp_path / "out")]
    text = printed(
        [
            ["report", paths[0], "--format", "terminal", "--full"],
            ["report", *paths, "--format", "terminal"],
            ["report", paths[0], "--format", "html,md", *out],
            ["report", *paths, "--format", "html,md", *out],
            ["diff", *paths, "--full"],
            ["diff", paths[0], paths[0], "--format", "md"],
            ["history", "--results", str(tmp_path)],
            ["cost", "catalogue", "--kind", "edge"],
            ["cost", "training"],
            ["cost", "buy-or-rent", "--preset", "chen-2018"],
            ["cost", "estimate", paths[0]],
            ["train", "--explain-task"],
            ["doctor", "--provider-options"],
            ["doctor"],
        ],
        capsys,
    )
    names = TYPED | {"machine", "class", "html", "estimate", "svg"}  # of files
    assert not left_in(text.splitlines(), names)
    pages = [path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir()]
    assert len(pages) == 4
    visible = [text for page in pages for text in (visible_texts(page) if "<html" in page else page.splitlines())]
    assert len(visible) > 300
    assert not left_in(visible)

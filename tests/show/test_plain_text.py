"""Text on its way out: no control codes in any format, something readable in any encoding."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import pytest

from dlbench import commands as commands_package
from dlbench.cli import main
from dlbench.show.console import messages, output, show_notes, show_tables, show_wrote
from dlbench.show.csv_text import csv_text
from dlbench.show.markdown import markdown_table
from dlbench.show.plain_text import accept_any_encoding, json_for_terminals, without_controls
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView

CODES = ("\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x08\x08", "\r", "\x00", "\x7f", "\u202e", "\u2066", "\x85")
NAME = f"a{''.join(CODES)}b"
TABLE = Table("speed", NAME, (Column(NAME, False), Column("median")), ((NAME, "38 µs"),), (NAME,))
MARKS = set("".join(CODES)) - set("[]0;title31m2J")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_no_control_code_of_a_name_reaches_terminal_markdown_or_csv(capsys, monkeypatch):
    console = output()
    show_tables(console, [TABLE])
    show_notes(console, NAME, [NAME])
    show_wrote(console, (), (NAME,))
    messages().print(NAME, markup=False)
    printed = capsys.readouterr()
    texts = (printed.out, printed.err, repr(TableView([TABLE])), "\n".join(markdown_table(TABLE)))
    for text in (*texts, csv_text((NAME,), [(NAME,)])):
        assert not MARKS & set(text) and "a" in text and "b" in text


@pytest.mark.parametrize(
    "arguments", [[NAME], ["viz", "filters", NAME], ["report", NAME], ["compare", "--threads", NAME]]
)
def test_no_control_code_of_an_argument_reaches_the_terminal(capsys, arguments):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("dlbench: ") and not MARKS & set(printed.err + printed.out)


def test_json_holds_control_codes_as_escapes_and_stays_the_same_document():
    document = {"name": NAME, "é": ["ő", 1]}
    text = json_for_terminals(json.dumps(document, ensure_ascii=False))
    assert json.loads(text) == document and not MARKS & set(text) and "ő" in text


def test_letters_line_feeds_and_tabs_stay():
    assert without_controls("árvíztűrő 猫 👩‍💻\n\t$") == "árvíztűrő 猫 👩‍💻\n\t$"


STARTS = ("", " ", "\n", "\t", "\r\n", "\xa0", "\u3000", "\x00", "\x1b", "\ufeff", "\u200b", "\u200e")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠"])  # full-width ones too
def test_no_cell_of_a_csv_file_is_a_formula(sign: str):
    for start in STARTS:
        text = f"{start}{sign}1+1"
        for row in csv.reader(io.StringIO(csv_text((text,), [(text,)]))):
            assert row[0].startswith("'"), (start, row)


def through(encoding: str, monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """Let standard output and error go through this encoding, strict as Python's are."""
    raw = io.BytesIO()
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(raw, encoding, errors="strict", write_through=True))
    return raw


ENCODINGS = ("ascii", "cp437", "cp932", "cp1250", "cp1252", "latin-1", "utf-8", "utf-16", "koi8-r")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_any_encoding_takes_any_text(encoding: str, monkeypatch):
    raw = through(encoding, monkeypatch)
    accept_any_encoding()
    text = "µ × – … ≥ ő 猫 👩 \udce9 \ud800"
    sys.stdout.write(text)
    output().print(text)
    show_tables(output(), [Table("t", text, (Column(text, False),), ((text,),), (text,))])
    written = raw.getvalue().decode(encoding, errors="replace")
    assert "\\xe9" in written
    if encoding == "ascii":
        assert written.startswith("u x - ... >= o")


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp932"])
@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["compare", "--help"], ["cost", "catalogue"], ["cost", "catalogue", "--json"], ["őű猫\udcff"]],
)
def test_commands_print_in_any_encoding(encoding: str, arguments: list[str], monkeypatch):
    raw = through(encoding, monkeypatch)
    assert main(arguments) in (0, 2)
    assert raw.getvalue()


def test_a_notebook_gets_lines_even_where_its_stream_says_it_is_a_terminal(monkeypatch):
    from dlbench.commands.live_views import comparison_view

    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert messages().is_terminal
    for name, value in {"JPY_PARENT_PID": "1", "FORCE_COLOR": "1"}.items():
        monkeypatch.setenv(name, value)
    assert not messages().is_terminal
    with comparison_view(2):
        messages().print("a line")
    assert sys.stderr.getvalue() == "a line\n"


def test_a_pipe_gets_lines_even_under_force_color(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not messages().is_terminal


def test_every_command_prints_its_json_through_the_one_door():
    commands = Path(commands_package.__file__).parent
    echoes = {path.name: re.findall(r"(?:echo|stdout\.write)\(.*", path.read_text()) for path in commands.rglob("*.py")}
    assert [name for name, lines in echoes.items() if any("json" in line for line in lines)] == ["showing.py"]

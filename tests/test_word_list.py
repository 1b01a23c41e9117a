"""The words of the tables: one list for the terminal, the pages, the notebooks and the documentation."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest
from reports import document

from dlbench.bench.report.tables.result_tables import all_tables
from dlbench.bench.results.schema import Result
from dlbench.cli import main
from dlbench.show.html import html_table, meaning, with_meanings
from dlbench.show.locale.word_list import MEANINGS, WORDS
from dlbench.show.texts import language

DOCS = Path(__file__).parents[1] / "docs"


def test_each_word_has_one_sentence_and_stands_in_alphabetical_order():
    assert list(WORDS) == sorted(WORDS, key=str.lower)
    for word, sentence in WORDS.items():
        assert re.fullmatch(r".{20,110}\.", sentence), word
    assert {"calm round", "interval", "provider", "MACs", "PUE"} <= WORDS.keys()


@pytest.mark.parametrize(
    ("asked", "starts"),
    [
        ("calm round", "calm round: a round during which"),
        ("calm rounds", "calm round: a round during which"),
        ("macs", "MACs: multiply-accumulates"),
        ("95 % interval", "interval: the range"),
        ("p90", "p95: the time"),
        ("p99", "p99: the time within which 99"),
        ("the machine was", "the machine was: mostly calm"),
        ("weight", "weights: the numbers"),
    ],
)
def test_a_word_is_explained_in_whatever_form_it_is_asked_for(asked, starts, capsys):
    assert main(["help", *asked.split()]) == 0
    assert capsys.readouterr().out.startswith(starts)


def test_a_word_that_is_not_in_the_list_is_refused_with_close_ones(capsys):
    assert main(["help", "provder"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "received 'provder'" in err and "provider" in err.partition("Did you mean")[2]


def test_all_words_are_listed_also_as_json_and_in_the_readers_language(capsys):
    assert main(["help", "words", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == WORDS
    assert main(["help", "pue", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"PUE": WORDS["PUE"]}
    assert main(["help", "words"]) == 0
    assert "calm round" in capsys.readouterr().out
    assert main(["--lang", "hu", "help", "köteg"]) == 0
    assert capsys.readouterr().out.startswith("köteg: hány bemeneten")


@pytest.mark.parametrize(("topic", "usage"), [("diff", "diff [OPTIONS]"), ("cost catalogue", "catalogue [OPTIONS]")])
def test_help_of_a_command_is_that_commands_help(topic, usage, capsys):
    assert main(["help", *topic.split()]) == 0
    assert usage in capsys.readouterr().out
    assert main(["help"]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_the_heads_of_a_table_explain_themselves():
    html = "".join(map(html_table, all_tables(Result.model_validate(document()))))
    for head in ("provider", "median", "95 % interval", "calm rounds"):
        assert re.search(rf'<th title="[^"]+"[^>]*>{head}</th>', html), head
    assert meaning("answers\na second") == WORDS["per second"] and meaning("no such head") == ""
    with language("hu"):
        assert meaning("medián").startswith("az összes futás")


def test_words_in_the_middle_of_a_text_are_explained_once_and_the_text_is_escaped():
    html = with_meanings("<b>: PUE 1, PUE 2; 3 calm rounds, 1 vCPU, MACs & MACsX")
    assert html.startswith("&lt;b&gt;: <abbr title=") and html.endswith("&amp; MACsX")
    assert html.count("<abbr") == 4 and html.count("PUE</abbr>") == 1
    assert with_meanings("nothing here") == "nothing here"


def test_the_page_of_the_documentation_holds_the_list():
    spec = importlib.util.spec_from_file_location("words_page", DOCS / "words.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run: uv run python docs/words.py"
    assert len(MEANINGS) > len(WORDS)

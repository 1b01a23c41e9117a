"""Which language a command speaks, and how finished texts find their translation."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from reports import machine_document, saved_machines

from dlbench.cli import main
from dlbench.errors import InputError
from dlbench.show.locale.filled_texts import Catalogue
from dlbench.show.locale.hungarian import filled
from dlbench.show.locale.typed_options import as_arguments, as_options
from dlbench.show.table import Column, Table
from dlbench.show.texts import (
    chosen_language,
    command_typed,
    current_language,
    language,
    localised,
    localised_table,
    said,
    tr,
)
from dlbench.show.units import Figure, count, duration, thousands

TEXTS = Catalogue(
    {
        "{name}: expected {n} sizes, received {given}.": "{name}: {n} méret kell, ehelyett ez érkezett: {given}.",
        " Did you mean {near}?": " Erre gondoltál: {near}?",
        "{a} or {b}": "{a} vagy {b}",
        "nothing at all": "semmi",
        "The machine was busy.": "A gép foglalt volt.",
        "ran": "lefutott",
        "failed": "nem sikerült",
        "{n} of {m}": "{m} közül {n}",
        "these are {{{items}}}": "ezek: {{{items}}}",
    }
)


def translated(text: str) -> str:
    return TEXTS.translated(text, str)


@pytest.mark.parametrize(
    ("english", "hungarian"),
    [
        ("x: expected 3 sizes, received 2.", "x: 3 méret kell, ehelyett ez érkezett: 2."),
        ("x: expected 3 sizes, received nothing at all.", "x: 3 méret kell, ehelyett ez érkezett: semmi."),
        # a text that ends in another, and one that stands beside another
        ("x: expected 3 sizes, received 2. Did you mean y or z?", "x: 3 méret kell, ehelyett ez érkezett: 2. "),
        ("The machine was busy. x: expected 1 sizes, received 2.", "A gép foglalt volt. x: 1 méret kell, "),
        ("failed: The machine was busy", "nem sikerült: A gép foglalt volt"),
        ("ran, failed", "lefutott, nem sikerült"),
        ("3 of 5", "5 közül 3"),
        ("these are {1, 2}", "ezek: {1, 2}"),
        # names are no texts
        ("two of the best friends of mine", "two of the best friends of mine"),
        ("cnn, ran, x", "cnn, ran, x"),
        ("", ""),
        (" \n ", " \n "),
    ],
)
def test_a_finished_text_finds_its_translation(english: str, hungarian: str):
    assert translated(english).startswith(hungarian)


def test_what_fills_a_text_is_translated_too():
    text = translated("x: expected 3 sizes, received 2. Did you mean y or z?")
    assert text.endswith(" Erre gondoltál: y vagy z?")


@pytest.mark.parametrize(
    "text", ["x: expected " * 400, ", received " * 500, "a. " * 1900, "{" * 5000, "\x00: expected"]
)
def test_hostile_texts_take_no_time_and_stay(text: str):
    assert len(translated(text)) >= len(text.strip()) // 2


@pytest.mark.parametrize(
    ("given", "environment", "code"),
    [
        (None, {}, "en"),
        ("hu", {"DLBENCH_LANG": "en"}, "hu"),
        (None, {"DLBENCH_LANG": "hu", "LANG": "en_US.UTF-8"}, "hu"),
        (None, {"DLBENCH_LANG": "", "LANG": "hu_HU.UTF-8"}, "hu"),
        (None, {"LC_ALL": "C", "LANG": "hu_HU.UTF-8"}, "en"),
        (None, {"LC_MESSAGES": "hu_HU"}, "hu"),
        (None, {"LANG": "de_DE.UTF-8"}, "en"),
        ("HU-hu", {}, "hu"),
    ],
)
def test_the_language_is_the_one_asked_for_or_the_systems(given: str | None, environment: dict[str, str], code: str):
    assert chosen_language(given, environment) == code


@pytest.mark.parametrize(
    ("given", "near"), [("magyar", "hu"), ("hungarian", "hu"), ("hun", "hu"), ("English", "en"), ("xx", None)]
)
def test_an_unknown_language_suggests_a_known_one(given: str, near: str | None):
    with pytest.raises(InputError) as caught:
        chosen_language(given)
    assert str(caught.value).startswith(f"--lang: expected one of en, hu, received {given!r}.")
    assert ("Did you mean" in str(caught.value)) == (near is not None)
    assert near is None or str(caught.value).endswith(f"Did you mean {near}?")


def test_an_unknown_language_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert main(["report", "x.json", "--lang", "hun"]) == 2
    assert capsys.readouterr().err == "dlbench: --lang: expected one of en, hu, received 'hun'. Did you mean hu?\n"
    monkeypatch.setenv("DLBENCH_LANG", "xx")
    assert main(["--version"]) == 2
    assert capsys.readouterr().err == "dlbench: DLBENCH_LANG: expected one of en, hu, received 'xx'.\n"


@pytest.mark.parametrize(
    "arguments", [["--lang", "hu", "report", "--help"], ["report", "--help", "--lang=hu"], ["report", "--lang=hu"]]
)
def test_the_language_may_stand_anywhere(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    main(arguments)
    printed = capsys.readouterr()
    assert "--lang" in printed.out or "dlbench: " in printed.err
    assert tr("Speed") == "Speed"  # the process speaks English again


def test_figures_have_decimal_commas_and_groups_and_other_numbers_stay():
    with language("hu"):
        assert localised(duration(0.00312)) == "3,12 ms"
        assert localised(thousands(1234567)) == "1\u202f234\u202f567"
        assert [localised(count(n)) for n in (12_300, 4.5e6, 7e9)] == ["12,3 ezer", "4,50 millió", "7,00 milliárd"]
        assert localised(Figure("~467 k @32", 467e3)) == "~467 ezer @32"
        assert said("1.20.1") == "1.20.1"
        assert said("model-1.5.onnx") == "model-1.5.onnx"
    assert said("3.12 ms") == "3.12 ms"


def texts_module() -> ModuleType:
    path = Path(__file__).parents[2] / ".ci" / "texts.py"
    spec = importlib.util.spec_from_file_location("collected_texts", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_text_that_people_read_is_translated_with_the_same_holes():
    module = texts_module()
    found, catalogue = module.texts(), module.read_catalogue()
    assert len(found) > 1500
    missing = [
        f"{places[0]}: {text}" for text, places in found.items() if not getattr(catalogue.get(text), "string", "")
    ]
    assert not missing, "run .ci/texts.py --add, and translate: " + "; ".join(missing[:20])
    assert not [m.id for m in catalogue if m.id and module.holes(m.id) != module.holes(m.string)]
    # a text that follows another one begins with the space between them, in every language
    assert not [m.id for m in catalogue if m.id and (m.id[0] == " ") != (m.string[:1] == " ")]


def test_no_article_stands_before_a_name_whose_first_letter_nobody_knows():
    stiff = [m.id for m in texts_module().read_catalogue() if m.id and "a(z) " in str(m.string).lower()]
    assert not stiff


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ('raise InputError(f"{path.name}: no such file, {n:,} others.")', ["{name}: no such file, {n} others."]),
        ('Column("median")', ["median"]),
        ('Table("speed", "Speed", ())', ["Speed"]),
        (
            'note = "fed: " + ("a picture of a cat" if cat else "noise in here")',
            ["a picture of a cat", "noise in here"],
        ),
        ('re.compile("[a-z] and so on")', []),
        ('x = values["a key of two words"]', []),
        ('def f():\n    """Do it now."""\n    return "one two"', ["one two"]),
        ('axes.set_xlabel(f"batch {n} {n}")', ["batch {n} {n_2}"]),
    ],
)
def test_texts_are_found_where_people_read_them(code: str, texts: list[str]):
    assert [text for _, text in texts_module().texts_of(code)] == texts


# names of things: options' values, packages, systems, and what a made result calls its machine
NAMES = {"linux", "tune", "some", "driver", "training", "answers", "result", "results"}


def english_words() -> set[str]:
    """Return the words that stand in English texts and in no Hungarian one."""
    english, hungarian = set[str](), set[str]()
    for message in texts_module().read_catalogue():
        for words, text in ((english, message.id), (hungarian, message.string)):
            words.update(re.findall(r"[a-z]{3,}", re.sub(r"\{\w*\}", "", str(text).lower())))
    return english - hungarian - NAMES


def test_what_commands_print_in_hungarian_holds_no_english_word(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    paths = [str(path) for path in saved_machines(tmp_path, machine_document(1), machine_document(2, 2.0))]
    helped = ["train", "data", "inspect", "compare", "diff", "report", "doctor", "history", "cost", "viz", "viz all"]
    lines = [[*command.split(), "--help"] for command in ("", *helped, "cost estimate", "viz relevance")]
    lines += [
        ["help", "words"],
        ["train", "--explain-task"],
        ["doctor", "--provider-options"],
        ["report", *paths, "--format", "terminal"],
        ["diff", *paths],
        ["compare", "nosuch.onnx"],
        ["compare", "--batch-sizes", "x"],
        ["train", "--epochs", "x"],
        ["train", "--nosuch"],
        ["nosuch"],
        ["cost", "catalogue", "--kind", "x"],
        ["report", "--format", "x", *paths],
        ["report", *paths, "--format", "terminal", "--columns", "nosuch"],
    ]
    printed = ""
    for line in lines:
        assert main(["--lang", "hu", *line]) in (0, 1, 2)
        captured = capsys.readouterr()
        printed += captured.out + captured.err
    # a word of its own: no option, path, file name or value in quotes
    word, english = re.compile(r"(?<![\w/.'`=\[{<-])[A-Za-z]{3,}(?![\w/'`=\]}>-]|\.\w)"), english_words()
    left = {
        line.strip(): found for line in printed.splitlines() if (found := english & set(word.findall(line.lower())))
    }
    assert not left


@pytest.mark.parametrize(
    ("value", "article"),
    [
        *(("5", "az"), ("50", "az"), ("1", "az"), ("1000", "az"), ("1\u202f234\u202f567", "az"), ("1,5", "az")),
        *(("10", "a"), ("15,2", "a"), ("100", "a"), ("12\u202f345", "a"), ("2", "a"), ("0,3", "a"), ("", "a")),
        *(
            ("ablation", "az"),
            ("cuda", "a"),
            ("CPU", "a"),
            ("FP16", "az"),
            ("NVIDIA", "az"),
            ("RTX", "az"),
            ("Ő", "az"),
        ),
    ],
)
def test_an_article_is_chosen_by_the_sound_of_what_follows(value: str, article: str):
    assert filled("Mind a {x} itt", {"x": value}) == f"Mind {article} {value} itt"
    assert filled("Az {x}", {"x": value}) == f"{article.title()} {value}"


def without_names(text: object) -> str:
    return re.sub(r"`[^`]*`|--[\w-]+|\{\w+\}|dlbench [\w -]+", "", str(text)).lower()


def test_every_entry_follows_the_glossary_at_the_head_of_the_catalogue():
    catalogue = texts_module().read_catalogue()
    head = (texts_module().FOLDER / "dlbench.po").read_text(encoding="utf-8").split("msgid", 1)[0]
    terms = re.findall(r"^# +([\w -]+) = ([^(\n]+)(?: \(not: ([^)]+)\))?$", head, re.MULTILINE)
    assert len(terms) > 30
    exact = {str(m.id): str(m.string) for m in catalogue if m.id}
    assert not [(term, exact[term]) for term, word, _ in terms if exact.get(term, word.strip()) != word.strip()]
    wrong = [
        (term, other, text)
        for term, _, others in terms
        for other in others.split(", ")
        if other
        for source, text in exact.items()
        if re.search(rf"\b{term}s?\b", without_names(source)) and re.search(rf"\b{other}", without_names(text))
    ]
    assert not wrong


def test_no_suffix_is_glued_to_what_fills_a_text():
    # -féle fits every word, and a percent sign is always read "százalék"; others would have to follow its vowels
    shares = r"\{(?:share|part|blend|total_3|macs_each_step|shifts(?:_2)?)\}-(?:a|át|ában)\b"
    texts = [re.sub(shares, "", str(m.string)) for m in texts_module().read_catalogue()]
    glued = [text for text in texts if re.search(r"\{\w+\}-(?!féle)[a-zá-ű]", text)]
    assert not glued


def test_the_python_api_speaks_the_language_of_the_environment(monkeypatch: pytest.MonkeyPatch):
    for asked, code in (("hu", "hu"), ("en", "en"), ("nosuch", "en")):
        monkeypatch.setenv("DLBENCH_LANG", asked)
        assert current_language() == code
        with language("hu"):
            assert current_language() == "hu"


def test_what_can_be_set_is_an_argument_in_python_and_an_option_in_a_command():
    text = "give a longer `budget`, see `dlbench cost template`"
    table = Table("t", "T", (Column("`task`"),), (("`document()` has all",),), (text,))
    for code in ("en", "hu"):
        with language(code):
            assert said(text) == text and localised_table(table).columns[0].title == "`task`"
            with command_typed():
                typed = localised_table(table)
            assert said(text) == text
        assert typed.notes == ("give a longer --budget, see `dlbench cost template`",)
        assert (typed.columns[0].title, typed.rows) == ("--task", (("--json has all",),))


def test_what_commands_say_can_be_said_in_python():
    english = "leave it float with --keep-fp32 conv1; dlbench inspect cnn --all lists them; or --no-augment"
    python = "leave it float with `keep_fp32` conv1; dlbench inspect cnn --all lists them; or `augment=False`"
    assert as_arguments(english) == python and as_options(python) == english

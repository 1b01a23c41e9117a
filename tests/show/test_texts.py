"""Which language a command speaks, and how finished texts find their translation."""

from __future__ import annotations

import pytest

from dlbench.cli import main
from dlbench.errors import InputError
from dlbench.show.locale.filled_texts import Catalogue
from dlbench.show.texts import chosen_language, language, localised, said, tr
from dlbench.show.units import duration, thousands

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
        assert said("1.20.1") == "1.20.1"
        assert said("model-1.5.onnx") == "model-1.5.onnx"
    assert said("3.12 ms") == "3.12 ms"

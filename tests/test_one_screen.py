"""The default of a command is one screen of 80 x 24, whatever it found; --full shows all."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlbench.commands.one_screen import SCREEN_LINES, Screen, show_screen
from dlbench.show.table import Column, Table
from dlbench.show.table_choice import TableChoice, choosing

COLUMNS = (Column("network", False, key=True), Column("what", False, secondary=1, wraps=True), Column("median"))
SENTENCES = tuple(
    f"Sentence {i}: " + "a long one that says what there is to know, with its reason. " * 2 for i in range(4)
)


def table(rows: int, name: str = "net") -> Table:
    cells = tuple((f"{name}{i}", "words " * 12, f"{i}.0 µs") for i in range(rows))
    return Table(name, f"Table {name}", COLUMNS, (*cells, ("all", "", "9 µs")), ("a note",), totals=1)


def shown(screen: Screen, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **choice: object) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    with choosing(TableChoice.of(**choice)):
        show_screen(screen)
    return capsys.readouterr().out


@pytest.mark.parametrize("rows", [1, 5, 12, 40, 400])
@pytest.mark.parametrize("sentences", [0, 1, 4])
@pytest.mark.parametrize("tables", [1, 2])
def test_whatever_was_found_fits_one_screen(rows, sentences, tables, capsys, monkeypatch):
    warnings = ("the machine was busy " * 30, "another")
    paths = [Path("dlbench-out/models") / f"a-network-of-a-long-name-{i}.onnx" for i in range(4)]
    every = [table(rows), table(3, "other")][:tables]
    text = shown(Screen(every, SENTENCES[:sentences], warnings, paths, ("dlbench compare",)), capsys, monkeypatch)
    lines = text.splitlines()
    assert sum(-(-max(1, len(line.rstrip())) // 80) for line in lines) <= SCREEN_LINES, text
    assert "net0" in text and "(+1 more)" in text and "next: dlbench compare" in text
    assert ("all" in [line.split()[0] for line in lines if line.strip()]) and "--full shows" in text


@pytest.mark.parametrize(
    ("warning", "said"),
    [
        ("one thing; another " + "of many words " * 20, "warning: one thing. (+1 more)"),
        ("one (a; b) thing; another " + "of many words " * 20, "warning: one (a; b) thing. (+1 more)"),
        (
            "of cpu, batch 1: it failed; the reason: " + "many words " * 20,
            "warning: of cpu, batch 1: it failed. (+1 more)",
        ),
        ("what: why: " + "many words " * 30, "warning: what: why. (+1 more)"),
        ("a short one", "warning: a short one (+1 more)"),
    ],
)
def test_no_statement_of_a_warning_is_cut_in_its_middle(warning, said, capsys, monkeypatch):
    text = shown(Screen([table(20)], SENTENCES, (warning, "other")), capsys, monkeypatch)
    assert said in " ".join(text.split()) and "..." not in text


def test_what_is_left_out_is_named(capsys, monkeypatch):
    text = shown(Screen([table(40), table(3, "other")], ("short",)), capsys, monkeypatch)
    assert 'next: --full shows all 40 rows, "Table other" and what the figures mean' in " ".join(text.split())
    assert "left out on this screen: what" in text


def test_full_shows_every_table_row_sentence_and_note(capsys, monkeypatch):
    text = shown(Screen([table(40), table(3, "other")], SENTENCES), capsys, monkeypatch, full=True)
    assert "net39" in text and "Table other" in text and text.count("a note") == 2 and "Sentence 3" in text


def test_the_rows_of_a_screen_are_the_first_after_sorting(capsys, monkeypatch):
    text = shown(Screen([table(40)]), capsys, monkeypatch, sort="-median")
    assert "net39" in text and "net0 " not in text


def test_files_are_named_once_a_folder(capsys, monkeypatch):
    paths = [Path("out/models/a.onnx"), Path("out/pictures/a.svg"), Path("out/models/a.json")]
    text = shown(Screen([table(1)], written=paths), capsys, monkeypatch)
    many = [Path(f"out/models/seed{i}.onnx") for i in range(30)]
    assert "wrote seed0.onnx, seed1.onnx, seed2.onnx, seed3.onnx, seed4.onnx and 25 more in" in shown(
        Screen([table(1)], written=many), capsys, monkeypatch
    )
    assert "wrote a.onnx, a.json in out/models" in text.replace("\\", "/") and "wrote a.svg in" in text


def test_what_the_marks_mean_stands_below_the_table_and_sentences_stay_before_rows(capsys, monkeypatch):
    screen = Screen([table(18)], SENTENCES, foot=("~: a mark.",), least=2)
    text = shown(screen, capsys, monkeypatch)
    assert "  ~: a mark." in text and "Sentence 1" in text and "Sentence 2" not in text and "net4" in text


def test_a_star_is_explained_where_a_row_that_is_shown_has_one(capsys, monkeypatch):
    rows = (("a", "", "1 µs"), ("b", "", "2 µs*"))
    for shown_rows, explained in ((rows[:1], False), (rows, True)):
        screen = Screen([Table("net", "", COLUMNS, shown_rows)], ("A sentence.",), foot=("*: an old price.",))
        assert ("*: an old price." in shown(screen, capsys, monkeypatch)) is explained


def test_a_figure_with_its_mark_has_it_explained_on_every_screen(capsys, monkeypatch):
    disturbed = Table("t", "T", COLUMNS, (("net", "words", "~2.0 µs"),))
    assert shown(Screen([disturbed]), capsys, monkeypatch).count("~: a rough guide") == 1
    assert shown(Screen([disturbed], foot=("~: here.",)), capsys, monkeypatch).count("~:") == 1
    assert "~" not in shown(Screen([table(3)]), capsys, monkeypatch)


@pytest.mark.parametrize("columns", ["30", "40", "60", "200"])
def test_odd_widths_hold_one_screen_too(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    wide = Table("w", "Wide", COLUMNS, (("a_network_of_a_long_name", "words " * 9, "~1.0 µs"),) * 9)
    show_screen(Screen([wide], SENTENCES, ("busy " * 40,), [Path("out/a.json")], ("dlbench compare",)))
    lines = capsys.readouterr().out.splitlines()
    assert sum(-(-max(1, len(line.rstrip())) // int(columns)) for line in lines) <= SCREEN_LINES


def test_a_screen_of_no_columns_is_taken_for_none(capsys, monkeypatch):
    assert "net0" in shown(Screen([table(2)]), capsys, monkeypatch)
    monkeypatch.setenv("COLUMNS", "0")
    show_screen(Screen([table(2)]))
    assert "net0" in capsys.readouterr().out


def test_a_table_without_rows_has_no_head_on_the_screen(capsys, monkeypatch):
    assert "median" not in shown(Screen([Table("t", "T", COLUMNS, ())], ("Nothing ran.",)), capsys, monkeypatch)


def made_screens(folder: Path) -> dict[str, object]:
    """What each command with a screen of its own prints, with long names and many rows: nothing is trained or timed."""
    from made_tables import NETWORK, made_estimates, made_freezing, made_networks, made_seeds, saved_model, trained

    from dlbench.cli import main
    from dlbench.commands.showing import show_or_print

    paths = [folder / "models" / f"{NETWORK}{end}" for end in (".onnx", ".safetensors", ".json")]
    then = (f"dlbench compare {NETWORK}",)
    several = {"train --compare": made_networks(), "train --compare-freezing": made_freezing()}
    many_layers = str(saved_model(folder, 60))
    estimates = made_estimates()
    return {
        "inspect": lambda: main(["inspect", many_layers]),
        "inspect --sort": lambda: main(["inspect", many_layers, "--sort=-parameters"]),
        "train --explain-task": lambda: main(["train", "--explain-task"]),
        "cost estimate": lambda: show_screen(Screen([estimates.short_table()], estimates.sentences(), (), paths, then)),
        "train": lambda: show_screen(Screen(trained(NETWORK).tables(), (), ("a warning " * 30,), paths, then)),
        "train --seeds": lambda: show_or_print(made_seeds(40), False, ("spread",), (), paths * 10, then),
        **{
            name: lambda runs=runs: show_or_print(runs, False, runs.sentences(), ("one", "two"), paths, then)
            for name, runs in several.items()
        },
    }


def test_the_screen_of_each_command_fits_and_holds_its_answer(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for name, show in made_screens(tmp_path).items():
        show()  # type: ignore[operator]
        text = capsys.readouterr().out
        height = sum(-(-max(1, len(line.rstrip())) // 80) for line in text.splitlines())
        assert height <= SCREEN_LINES, f"{name}: {height} lines\n{text}"
        assert "next: dlbench" in text and "--full shows" in text, name

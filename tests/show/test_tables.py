"""What a narrow screen shows of a table, and what --columns and --sort choose."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlbench.cli import main
from dlbench.errors import InputError
from dlbench.show.console import CleanConsole, show_tables
from dlbench.show.table import Column, Table
from dlbench.show.table_choice import TableChoice, choosing
from dlbench.show.texts import language
from dlbench.show.units import Figure, duration

LONG = "efficientnet_v2_s_of_the_second_group_int8"
COLUMNS = (
    Column("network", False, key=True),
    Column("batch", key=True),
    Column("median"),
    Column("p99", secondary=2),
    Column("95 % interval", secondary=1),
    Column("rounds", secondary=2),
)
ROWS = (
    ("cnn", Figure("8", 8), duration(2e-3), "2.1 ms", "1.9-2.1 ms", "5/5"),
    (LONG, Figure("32", 32), duration(38e-6), "41 µs", "37-39 µs", "4/5"),
    ("dense", Figure("1", 1), Figure("n/a"), "", "can't tell", "0/5"),
    ("all", "", "", "", "", "9/15"),
)
TABLE = Table("speed", "Speed", COLUMNS, ROWS, ("a note",), totals=1)


def drawn(tables: list[Table], width: int, **choice: str) -> list[str]:
    console = CleanConsole(width=width, record=True, color_system=None, force_terminal=False, quiet=False)
    with console.capture() as capture, choosing(TableChoice.of(**choice)):
        show_tables(console, tables)
    return [line.rstrip() for line in capture.get().splitlines()]


def first_words(lines: list[str]) -> list[str]:
    return [line.split()[0] for line in lines if line.split() and line.split()[0] in ("cnn", LONG, "dense", "all")]


def test_a_wide_screen_has_every_column_and_no_remark():
    lines = drawn([TABLE], 120)
    assert lines[2].split() == ["network", "batch", "median", "p99", "95", "%", "interval", "rounds"]
    assert not any("left out" in line for line in lines)


@pytest.mark.parametrize(
    ("width", "left_out"), [(80, "rounds"), (77, "p99, rounds"), (60, "p99, 95 % interval, rounds")]
)
def test_columns_are_given_up_in_their_order_and_named_under_the_table(width: int, left_out: str):
    lines = drawn([TABLE], width)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    assert f"left out on this screen: {left_out}; `to_frame()` shows all." in text
    assert LONG in text and "38.0 µs" in text


def test_where_the_keys_leave_no_room_each_row_becomes_a_record():
    lines = drawn([TABLE], 50)
    assert max(map(len, lines)) <= 50
    start = lines.index(f"{LONG}, batch 32"[:50]) if f"{LONG}, batch 32" in lines else lines.index(LONG)
    record = " ".join(" ".join(lines[start : start + 4]).split())
    assert f"{LONG}" in record and "batch 32" in record and "median: 38.0 µs" in record
    assert "p99: 41 µs" in record and "95 % interval: 37-39 µs" in record  # a record gives up nothing


def test_a_name_that_is_wider_than_the_screen_stays_whole():
    assert LONG in drawn([TABLE], 30)


def test_chosen_columns_stand_in_their_order_behind_the_keys_that_were_not_named():
    assert drawn([TABLE], 120, columns="rounds,median")[2].split() == ["network", "batch", "rounds", "median"]
    named = drawn([TABLE], 120, columns="median,batch,network")
    assert named[2].split() == ["median", "batch", "network"]


def test_chosen_columns_are_not_given_up():
    text = " ".join(drawn([TABLE], 60, columns="all"))
    assert "rounds: 4/5" in text and "left out" not in text


def test_a_column_is_named_by_its_title_or_by_its_words():
    for name in ("95 % interval", "95-interval", "95-INTERVAL"):
        assert "37-39 µs" in " ".join(drawn([TABLE], 120, columns=name))


def test_tables_without_a_chosen_column_are_left_out():
    other = Table("other", "Other", (Column("thing", False, key=True),), (("x",),))
    assert "Other" not in drawn([TABLE, other], 120, columns="median")


def test_rows_are_sorted_by_the_number_behind_the_text_and_totals_stay_last():
    assert first_words(drawn([TABLE], 120, sort="median")) == [LONG, "cnn", "dense", "all"]
    assert first_words(drawn([TABLE], 120, sort="-median")) == ["cnn", LONG, "dense", "all"]
    assert first_words(drawn([TABLE], 120, sort="network")) == ["cnn", "dense", LONG, "all"]
    assert first_words(drawn([TABLE], 120, sort="-batch")) == [LONG, "cnn", "dense", "all"]


def test_rows_keep_their_anchors_when_they_are_sorted():
    keys = TableChoice.of(sort="median").applied([Table("t", "T", COLUMNS, ROWS[:3], keys=("a", "b", "c"))])[0].keys
    assert keys == ("b", "a", "c")


@pytest.mark.parametrize("option", ["columns", "sort"])
def test_an_unknown_column_is_told_with_those_that_are_near(option: str):
    with pytest.raises(
        InputError, match=rf"--{option}: expected network, .*received 'medain'\. Did you mean median"
    ) as e:
        drawn([TABLE], 120, **{option: "medain"})
    assert e.value.exit_code == 2


@pytest.mark.parametrize("typed", ["", " ", "network,,median", "-"])
def test_an_empty_name_is_refused(typed: str):
    with pytest.raises(InputError, match="--columns: expected names of columns"):
        TableChoice.of(columns=typed)


def test_english_names_are_known_in_every_language():
    from dlbench.show.texts import tr

    with language("hu"):
        table = Table("t", "T", (Column(tr("network"), False, key=True), Column(tr("calm rounds"))), (("cnn", "5/5"),))
        for name in ("calm rounds", "calm-rounds", tr("calm rounds")):
            assert "5/5" in " ".join(drawn([table], 80, columns=name))


def test_a_figure_is_written_in_the_language_once():
    table = Table("t", "T", (Column("network", False, key=True), Column("ms")), (("cnn", Figure("0.164", 0.164)),))
    with language("hu"):
        assert "0,164" in " ".join(drawn([table], 80))
        assert "0,164" in " ".join(drawn([table], 12))  # as a record


def test_wide_characters_count_as_two_columns():
    table = Table("t", "T", (Column("network", False, key=True), Column("ms")), (("猫" * 30, "1.5"),))
    assert any(line == "猫" * 30 for line in drawn([table], 61))
    assert any(line.endswith("1.5") and line.startswith("猫") for line in drawn([table], 70))


def test_of_many_columns_an_error_names_some():
    many = Table("m", "M", tuple(Column(f"column {n}") for n in range(60)), (("1",) * 60,))
    with pytest.raises(
        InputError, match=r"expected column-0, .*, column-15 or one of 44 more, received 'colum 7'\. Did"
    ):
        drawn([many], 80, columns="colum 7")


def test_after_long_work_an_unknown_column_is_told_when_all_is_shown(capsys: pytest.CaptureFixture[str]):
    from dlbench.commands.options import shows_tables_late
    from dlbench.show.console import output

    def command() -> None:
        show_tables(output(), [TABLE])
        show_tables(output(), [TABLE])

    with pytest.raises(InputError, match="received 'medain'"):
        shows_tables_late(command)(columns="medain")
    assert capsys.readouterr().out.count("38.0 µs") == 2


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("train dense", "fact, value"),
        ("train --compare dense,cnn", "network, architecture"),
        ("train cnn --seeds 2", "seed, on-the-test-split"),
        ("train transfer --compare-freezing", "way-of-training, architecture"),
        ("train --explain-task", "task, question"),
        ("tune dense", "setting, rounds"),
        ("export dense", "file, precision"),
        ("viz errors dense", "truth, taken-for"),
        ("viz precision dense", "file, precision, size, accuracy, layer"),
        ("diff dense cnn", "verdict, network"),
        ("doctor --noise", "figure, value"),
        ("doctor --thread-advice", "session, median"),
    ],
)
@pytest.mark.parametrize("option", ["--columns", "--sort"])
def test_an_unknown_column_is_told_before_the_work_where_all_are_known(
    command: str, known: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main([*command.split(), option, "nosuch", "--workspace", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"dlbench: {option}: expected {known}")
    assert list(tmp_path.iterdir()) == []  # nothing was trained, made or timed


def test_plain_text_in_a_column_of_numbers_is_sorted_by_its_first_number():
    cells = ("1,234", "12.5 min", "1,8,32", "at least 99", "-3", "n/a")
    table = Table("t", "T", (Column("n", key=True),), tuple((cell,) for cell in cells))
    rows = TableChoice.of(sort="n").applied([table])[0].rows
    assert [row[0] for row in rows] == ["-3", "1,8,32", "12.5 min", "at least 99", "1,234", "n/a"]

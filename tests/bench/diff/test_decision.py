"""PASS, FAIL or UNCLEAR: the rule at its edges, what counts, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len
from test_diff import result_of, with_cell

from dlbench.bench.diff.decision import by_rule, decide, medians_that_disagree, outcome
from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import Diff, DiffRow
from dlbench.bench.report.diff_words import decision_sentence, disagreements, left_out, rule_sentence
from dlbench.bench.report.tables.diff_tables import diff_markdown, diff_summary, diff_table, short_diff_table
from dlbench.bench.results.against_parent import AgainstParent
from dlbench.bench.results.schema import Result
from dlbench.cli import main
from dlbench.proportion import PairedDifference


def cell(model: str = "cnn", ratio: float = 1.0, half: float = 0.01, verdict: str = "same", **changes) -> DiffRow:
    figures = {"a_s": 1e-3, "b_s": 1e-3 * ratio, "ratio": ratio, "ratio_low": ratio - half, "ratio_high": ratio + half}
    plain = {"model_a": model, "model_b": model, "provider": "cpu", "batch": 1, "threads": 2, "verdict": verdict}
    return DiffRow(**{**plain, **figures, "ran_a": "ran", "ran_b": "ran", **changes})


LOST = {"a_s": None, "b_s": None, "ratio": None, "ratio_low": None, "ratio_high": None}
NEVER = cell(verdict="not comparable", provider="cuda", ran_a="unavailable", ran_b="unavailable").model_copy(
    update=LOST
)
BROKE = cell(verdict="can't tell", ran_b="failed", reason="B has no figures: failed")
BROKE = BROKE.model_copy(update={**LOST, "a_s": 1e-3})


def diff_of(*rows: DiffRow, **changes) -> Diff:
    whole = {"a": "old.json", "b": "new.json", "in_turn": False, "floor": 0.01, "floor_source": "assumed"}
    return Diff(**{**whole, "same_within": 0.03, "rows": rows, **changes})


@pytest.mark.parametrize(
    ("verdict", "ratio", "high", "slower_by", "found"),
    [
        ("slower", 1.02, 1.03, None, "fail"),  # without a share any difference outside the noise counts
        ("same", 1.0, 1.02, None, "pass"),
        ("faster", 0.8, 0.82, None, "pass"),
        ("can't tell", 1.0, 1.2, None, "unclear"),
        ("slower", 1.06, 1.08, 0.05, "fail"),
        ("slower", 1.05, 1.05, 0.05, "pass"),  # by that much it may be slower
        ("slower", 1.03, 1.049, 0.05, "pass"),
        ("slower", 1.03, 1.06, 0.05, "unclear"),
        ("same", 1.0, 1.029, 0.02, "unclear"),  # the same within 3 %, which is more than is allowed
        ("can't tell", 0.98, 1.049, 0.05, "pass"),  # whatever it is, it is not slower by more than 5 %
        ("can't tell", 1.04, 1.2, 0.05, "unclear"),
        ("faster", 0.8, 0.82, 0.05, "pass"),
    ],
)
def test_the_rule_at_its_edges(verdict, ratio, high, slower_by, found):
    assert by_rule(verdict, ratio, high, slower_by) == found


def test_one_cell_that_fails_fails_the_diff_else_one_that_cant_be_told_makes_it_unclear():
    fine, slow, wide = cell(), cell("slow", 1.2, verdict="slower"), cell("wide", 1.0, 0.2, "can't tell")
    for rows, verdict in (((fine,), "PASS"), ((fine, wide), "UNCLEAR"), ((fine, wide, slow), "FAIL"), ((), "UNCLEAR")):
        decision = decide(diff_of(*rows), 0.05).decision
        assert decision.verdict == verdict
    assert decide(diff_of(fine, wide, slow), 0.05).decision.failed == ("slow on cpu, batch 1, 2 threads",)
    assert decide(diff_of(fine, wide, slow), 0.05).decision.unclear == ("wide on cpu, batch 1, 2 threads",)


def test_a_variant_that_lost_more_than_was_allowed_fails_however_fast_it_is():
    fast = cell("B cnn.int8", 0.5, verdict="faster").model_copy(update={"model_a": "A cnn"})
    of = {"model": "B cnn.int8", "parent": "A cnn", "parent_sha256": "0" * 64}
    kept, lost = (AgainstParent.judged(PairedDifference(500, n, 0), 490, **of) for n in (5, 20))
    assert decide(diff_of(fast).judged_as([kept])).decision.verdict == "PASS"
    failed = decide(diff_of(fast).judged_as([lost]), 0.05)
    assert failed.decision.verdict == "FAIL" and failed.rows[0].lost_accuracy
    assert "lost 4 points of accuracy against A cnn" in decision_sentence(failed)
    assert short_diff_table(failed).rows[0][0] == "FAIL"
    unknown = AgainstParent(verdict="not judged", reason="no pictures", **of)
    told = decide(diff_of(fast).judged_as([unknown]))
    assert told.decision.verdict == "PASS" and "were not held against" in told.warnings[0]


def test_cells_that_never_ran_are_left_out_of_the_count_and_said_once():
    diff = decide(diff_of(cell(), NEVER, NEVER), 0.05)
    assert diff.decision.verdict == "PASS" and diff.decision.passed == 1 and len(diff.decision.never_ran) == 2
    assert list(left_out(diff)) == ["left out, for neither side ran: 2 x cuda (unavailable)."]
    assert len(diff_table(diff).rows) == len(short_diff_table(diff).rows) == 1
    assert diff_summary(diff)[0] == "1 cells, B against A: 1 same."
    assert "2 x cuda (unavailable)" in " ".join(diff_table(diff).notes)
    assert decide(diff_of(NEVER), 0.05).decision.verdict == "UNCLEAR"
    assert decision_sentence(decide(diff_of(NEVER))) == "UNCLEAR: no cell ran in either."


def test_what_ran_in_a_and_broke_in_b_fails_and_what_is_unavailable_now_is_unclear():
    assert outcome(BROKE, 0.05) == outcome(BROKE, None) == "fail"
    assert outcome(BROKE.model_copy(update={"ran_b": "unavailable"}), 0.05) == "unclear"
    assert short_diff_table(decide(diff_of(BROKE))).rows[0][-1] == "B did not run: failed"
    both = decide(diff_of(BROKE, cell("slow", 1.2, verdict="slower")), 0.05)
    assert decision_sentence(both) == (
        "FAIL: B is slower by more than 5% in 1 of 2 cells: slow on cpu, batch 1, 2 threads takes 1.20 times "
        "(1.19-1.21) as long. B did not run in 1 of 2 cells where A did: cnn on cpu, batch 1, 2 threads: B has no "
        "figures: failed."
    )


def test_two_models_in_turn_are_called_by_the_name_of_b():
    diff = decide(diff_of(cell("x", model_a="A old", model_b="B new"), in_turn=True))
    assert short_diff_table(diff).rows[0][1] == "new"
    assert decision_sentence(diff).startswith("PASS: B is not slower: new on cpu, batch 1, 2 threads: about")


def test_a_ratio_that_something_speaks_against_passes_no_rule():
    assert outcome(cell(verdict="can't tell", trusted=False), 0.05) == "unclear"
    assert outcome(cell(ratio=1.3, verdict="can't tell", trusted=False), 0.05) == "unclear"
    assert outcome(cell(verdict="not comparable"), 0.05) == "unclear"


@pytest.mark.parametrize(
    ("rows", "slower_by", "sentence"),
    [
        ((cell(),), 0.05, "PASS: B is not slower by more than 5%: cnn on cpu, batch 1, 2 threads: about the same (0"),
        ((cell(), cell("x")), 0.05, "PASS: B is not slower by more than 5% in any of 2 cells."),
        ((cell(), cell("x")), None, "PASS: B is not slower in any of 2 cells."),
        ((cell(ratio=0.8, verdict="faster"), cell("x")), None, "PASS: B is faster in 1 of 2 cells, most of all cnn on"),
        (
            (cell(ratio=1.4, verdict="slower"),),
            None,
            "FAIL: B is slower: cnn on cpu, batch 1, 2 threads takes 1.40 times",
        ),
        (
            (cell(ratio=1.02, verdict="can't tell"),),
            None,
            "UNCLEAR: nobody can tell whether B is slower: cnn on cpu, batch 1",
        ),
        ((cell(ratio=0.5, verdict="faster"),), 0.05, "PASS: B is faster: cnn on cpu, batch 1, 2 threads takes 0.50"),
        ((cell(half=0.2, verdict="can't tell"),), 0.025, "UNCLEAR: nobody can tell whether B is slower by more than"),
        ((), 0.05, "UNCLEAR: A and B have no cell in common."),
        ((cell(verdict="not comparable", reason="machine, cpu: X and Y"),), 0.05, "UNCLEAR: A and B can't be compared"),
    ],
)  # fmt: skip
def test_the_decision_in_a_sentence(rows, slower_by, sentence):
    decided = decide(diff_of(*rows), slower_by)
    assert decision_sentence(decided).startswith(sentence)
    assert rule_sentence(decided.decision).startswith("Rule: FAIL if")


def test_the_rule_names_accuracy_where_a_variant_was_judged():
    judged = AgainstParent.judged(
        PairedDifference(500, 4, 1), 492, model="b", parent="a", allowed_drop=0.005, parent_sha256="0"
    )
    diff = decide(diff_of(cell())).judged_as([judged])
    assert short_diff_table(diff).notes[1].startswith("FAIL too if B lost more than 0.5% of the answers")
    assert len(short_diff_table(decide(diff_of(cell()))).notes) == 1


def test_two_models_are_timed_until_the_rule_is_clear_too():
    from dlbench.bench.diff.live import _is_clear
    from dlbench.bench.diff.ratio import RatioInterval

    slower = RatioInterval(1.04, 1.02, 1.06, 0.999, 8)
    assert _is_clear(slower, DiffSettings())
    assert not _is_clear(slower, DiffSettings(slower_by=0.05))
    assert _is_clear(slower, DiffSettings(slower_by=0.03)) and _is_clear(slower, DiffSettings(slower_by=0.1))


def test_medians_that_say_something_else_than_the_rounds_are_explained():
    busy = cell(ratio=1.05, half=0.02, verdict="slower", b_s=1.3e-3)
    near = cell("near", ratio=1.05, half=0.001, b_s=1.055e-3)  # inside the noise floor
    diff = diff_of(busy, near, cell("x"))
    assert [row.model_a for row in medians_that_disagree(diff)] == ["cnn"]
    (words,) = disagreements(diff)
    assert "the medians alone would say 1.30 times, the rounds say 1.05 times (1.03-1.07)" in words
    (words,) = disagreements(diff.model_copy(update={"in_turn": True}))
    assert "The machine was busier while one side ran" in words


def test_a_median_and_a_ratio_from_disturbed_rounds_carry_their_mark():
    row = cell(ratio=1.2, verdict="slower", a_s=1e-3, b_s=1.2e-3, b_disturbed=True)
    judged = decide(diff_of(row), None)
    for table in (short_diff_table(judged), diff_table(judged)):
        shown = dict(zip([column.title for column in table.columns], table.rows[0], strict=True))
        assert (shown["A"], shown["B"]) == ("1.00 ms", "~1.20 ms")
    assert short_diff_table(judged).rows[0][-1].startswith("~1.2")


def test_the_markdown_is_one_sentence_and_one_table_which_no_name_breaks():
    rows = [cell(f"net|{n}\n**x**", 1.2, verdict="slower") for n in range(12)]
    lines = diff_markdown(decide(diff_of(*rows, NEVER, a="a|b.json"), 0.05)).splitlines()
    assert lines[0].startswith("**FAIL**: B is slower by more than 5% in 12 of 12 cells: net\\|0")
    assert lines[0].endswith("2 more cells are not shown. (left out, for neither side ran: 1 x cuda (unavailable))")
    assert lines[1] == "" and len(lines) == 2 + 2 + 10
    assert all(line.replace("\\|", "").count("|") == 8 for line in lines[2:])


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    results = {
        "a": result_of(0),
        "slower": result_of(1, scale=1.2),
        "same": result_of(1),
        "few": result_of(1, rounds=2),
        "broke": with_cell(result_of(1), verdict="failed", latency_s=None),
    }
    for name, whole in results.items():
        (tmp_path / f"{name}.json").write_text(whole.to_json())
    return {name: str(tmp_path / f"{name}.json") for name in results}


@pytest.mark.parametrize(
    ("b", "options", "code"),
    [
        ("slower", [], 0),
        ("slower", ["--fail-if-unclear"], 0),
        ("slower", ["--fail-if-slower", "5%"], 1),
        ("same", ["--fail-if-slower", "5%", "--fail-if-unclear"], 0),
        ("same", ["--fail-if-slower", "0.1%"], 0),
        ("same", ["--fail-if-slower", "0.1%", "--fail-if-unclear"], 1),
        ("few", [], 0),
        ("few", ["--fail-if-unclear"], 1),
        ("broke", ["--fail-if-slower", "5%"], 1),
    ],
)
def test_the_exit_code_follows_the_decision(b: str, options: list[str], code: int, files, capsys):
    assert main(["diff", files["a"], files[b], *options]) == code


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "mark"], "expected one or more of terminal, md, json, received 'mark'"),
        (["--format", "md,json"], "--format: expected one form, received md, json"),
        (["--format", "md", "--json"], "--format: expected one form, received md, --json"),
        (["--format", ""], "expected one or more of"),
        (["--fail-if-slower", "0"], "such as 5%"),
    ],
)
def test_bad_options_are_one_line(options: list[str], words: str, files, capsys):
    assert main(["diff", files["a"], files["same"], *options]) == 2
    told = capsys.readouterr()
    assert words in told.err and told.err.count("\n") == 1 and not told.out


def test_each_form_holds_the_decision_and_nothing_else_on_standard_output(files, capsys):
    arguments = ["diff", files["a"], files["slower"], "--fail-if-slower", "5%"]
    assert main([*arguments, "--format", "md"]) == 1
    assert capsys.readouterr().out.startswith("**FAIL**: ")
    for form in (["--format", "json"], ["--json"]):
        assert main([*arguments, *form]) == 1
        document = json.loads(capsys.readouterr().out)
        assert document["decision"]["verdict"] == "FAIL" and document["decision"]["slower_by"] == 0.05
    Diff.model_validate(document)


def many_cells(scale: float) -> Result:
    """A result of thirty cells, with networks of long names, and as many that never ran."""
    whole = result_of(int(scale * 10))
    timed, lost = whole.cells
    names = [f"a-network-with-a-rather-long-name-{n}" for n in range(10)]
    cells = [
        c.model_copy(update={"model": name, "batch": b}) for name in names for b in (1, 8, 32) for c in (timed, lost)
    ]
    models = tuple(whole.models[0].model_copy(update={"name": name}) for name in names)
    moved = [c.model_copy(update={"rounds": result_of(i, scale=scale).cells[0].rounds}) if c.timed else c
             for i, c in enumerate(cells)]  # fmt: skip
    return whole.model_copy(update={"cells": tuple(moved), "models": models})


@pytest.mark.parametrize(("scale", "verdict"), [(1.0, "PASS"), (1.3, "FAIL")])
def test_a_diff_fits_one_screen(scale: float, verdict: str, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr("dlbench.show.console.PIPE_WIDTH", 80)
    paths = []
    for name, of in (("a-result-file-with-a-long-name", 1.0), ("another-result-file-with-a-long-name", scale)):
        paths.append(str(tmp_path / f"{name}.json"))
        Path(paths[-1]).write_text(many_cells(of).to_json())
    assert main(["diff", *paths, "--fail-if-slower", "10%"]) == (1 if verdict == "FAIL" else 0)
    text = capsys.readouterr().out
    assert sum(max(1, -(-cell_len(line.rstrip()) // 80)) for line in text.splitlines()) <= 22
    assert f"{verdict}: B is " in text and "--full shows all 30 rows" in text

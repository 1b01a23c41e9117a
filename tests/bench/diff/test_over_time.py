"""Cells over the kept results: changes outside the noise alone, at the right place, and what is shown of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_diff import result_of, with_cell

import dlbench
from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.over_time import Series, series_over_time
from dlbench.bench.report.charts.history_charts import history_charts
from dlbench.bench.report.tables.history_tables import history_table, points_table, sparkline
from dlbench.bench.results.schema import Result
from dlbench.cli import main


def dated(day: int, scale: float = 1.0, **changes) -> Result:
    return result_of(day, scale=scale).model_copy(
        update={"created": f"2026-11-{day:02d}T08:00:00+00:00", "label": f"c{day}", **changes}
    )


def series_of(*results: Result) -> Series:
    (series,) = series_over_time([(f"{r.label}.json", r) for r in results], DiffSettings())
    return series


def test_a_step_is_marked_once_where_it_happened_whatever_the_order_of_the_files():
    results = [dated(day, 1.2 if day > 5 else 1.0) for day in (9, 1, 3, 6, 2, 8, 4, 5, 7)]
    series = series_of(*results)
    assert [p.label for p in series.points] == [f"c{n}" for n in range(1, 10)]
    assert [(p.label, p.change) for p in series.changes] == [("c6", "slower")]
    assert series.changes[0].row.ratio == pytest.approx(1.2, rel=0.02)


def test_a_slow_drift_is_marked_although_no_neighbours_differ_outside_the_noise():
    series = series_of(*(dated(day, 1.008**day) for day in range(1, 12)))
    assert series.changes and all(p.change == "slower" for p in series.changes)
    assert not series_of(*(dated(day) for day in range(1, 12))).changes


def test_the_chance_of_a_false_mark_is_shared_out_over_all_comparisons_that_are_drawn():
    """A step that two results show is none where it may be the largest of many chance ones."""
    small = 1.019
    assert series_of(dated(1), dated(2, small)).changes
    many = series_of(*(dated(day) for day in range(1, 28)), dated(28, small))
    assert not many.changes and many.points[-1].row.verdict == "can't tell"
    assert many.points[-1].row.level == pytest.approx(1 - 0.01 / 27)
    assert series_of(*(dated(day) for day in range(1, 28)), dated(28, 1.3)).changes


def test_a_result_that_is_no_base_for_a_comparison_is_shown_and_passed_over():
    """The first has no calm rounds, the third neither: the change is found against the second."""
    busy = [with_cell(dated(day, 3.0), interval_covers="all rounds") for day in (1, 3)]
    series = series_of(busy[0], dated(2), busy[1], dated(4, 1.2))
    assert [p.change for p in series.points] == ["", "", "", "slower"]
    assert series.points[2].row.verdict == "can't tell" and series.points[3].row.ratio == pytest.approx(1.2, rel=0.02)


def test_other_machines_and_settings_are_no_change():
    first, other = dated(1), dated(2, 2.0)
    settings = other.settings.model_copy(update={"seed": 7})
    series = series_of(first, other.model_copy(update={"settings": settings}), dated(3, 2.0, settings=settings))
    assert not series.changes and series.points[1].row.verdict == "not comparable"
    moved = other.model_copy(update={"machine": other.machine.model_copy(update={"fingerprint": "12345678"})})
    assert len(series_over_time([("a", first), ("b", moved)], DiffSettings())) == 2


def test_what_may_be_the_cause_of_a_change_stands_beside_it():
    new = dated(2, 1.2)
    new = new.model_copy(update={"software": new.software.model_copy(update={"onnxruntime": "2.0"})})
    new = new.model_copy(update={"models": (new.models[0].model_copy(update={"sha256": "1" * 64}),)})
    series = series_of(dated(1), new, new.model_copy(update={"created": "2026-11-03T08:00:00+00:00"}))
    assert [p.notes for p in series.points] == [(), ("another model file", "ONNX Runtime 1.31.1 -> 2.0"), ()]


@pytest.mark.parametrize(
    ("values", "bars"),
    [((1.0, 1.0, 2.0), "▁▁█"), ((1.0, 1.01, 1.0), "▄▅▄"), ((5.0,), "▅"), ((), ""), ((1e-30, 1e30), "▁█")],
)
def test_bars_show_changes_and_leave_noise_flat(values: tuple[float, ...], bars: str):
    shown = sparkline(values)
    assert len(shown) == len(values)
    assert shown == bars or (values == (1.0, 1.01, 1.0) and set(shown) <= set("▄▅"))


def test_tables_and_charts_show_the_change_and_no_name_breaks_them():
    series = series_of(*(dated(day, 1.2 if day > 2 else 1.0, label=f"<b>{day}") for day in range(1, 5)))
    assert [row[5] for row in points_table(series).rows] == ["", "", "slower", ""]
    assert history_table([series]).rows[0][-1].startswith("2026-11-03, <b>3: 1.2")
    ((title, alt, svg),) = history_charts([series])
    assert title == "cnn over time" and "4 results" in alt and svg.count(">slower<") == 1
    assert "<b>" not in svg and "&lt;b&gt;3" in svg


@pytest.fixture
def kept(tmp_path: Path, workspace: Path) -> Path:
    folder = workspace / "results"
    folder.mkdir(parents=True)
    for day in range(1, 6):
        (folder / f"compare-{day}.json").write_text(dated(day, 1.2 if day > 3 else 1.0).to_json())
    (folder / "copy.json").write_text(dated(5, 1.2).to_json())
    (folder / "diff-1.json").write_text(json.dumps({"schema": "dlbench.diff/1"}))
    (folder / "notes.json").write_text("[]")
    return folder


def test_the_command_reads_the_workspace_and_says_what_moved(kept: Path, workspace: Path, capsys):
    assert main(["history"]) == 0
    text = capsys.readouterr().out
    assert "1 of 1 cells changed over 5 results; the last change: 2026-11-04, c4: 1.20 times" in " ".join(text.split())
    assert "note: " in text and "all 2 warnings" not in text
    assert (workspace / "pictures" / "history-cnn.svg").is_file()
    assert main(["history", "cnn", "--last", "2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [p["label"] for p in document["series"][0]["points"]] == ["c4", "c5"]
    assert len(document["left_out"]) == 1 and "notes.json" in document["left_out"][0]


def test_the_function_takes_files_and_folders(kept: Path):
    assert dlbench.history(results=[kept / "compare-1.json", kept / "compare-4.json"]).series[0].changes
    assert len(dlbench.history("cnn", providers="cpu", batch_sizes=1, results=kept).table()[0].rows) == 5
    assert "one result" in dlbench.history(results=str(kept / "compare-1.json")).sentences()[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["cn"], "unknown network: expected one of cnn, received 'cn'. Did you mean cnn?"),
        (["--providers", "cuda"], "--providers: expected one of cpu, received 'cuda'"),
        (["--batch-sizes", "7"], "--batch-sizes: expected one of 1, received '7'"),
        (["--batch-sizes", "x"], "--batch-sizes: expected numbers"),
        (["--threads", "9"], "--threads: expected one of 2, received '9'"),
        (["--last", "1"], "--last: expected 2 to 200 results, received 1"),
        (["--results", "nothing.json"], "no result file at nothing.json"),
        (["--results", "{folder}/notes.json"], "is not a result"),
        (["--columns", "nothing"], "--columns: expected"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, kept: Path, capsys):
    assert main(["history", *(a.replace("{folder}", str(kept)) for a in arguments)]) == 2
    told = capsys.readouterr()
    assert words in told.err and told.err.count("\n") == 1 and told.out == ""


def test_results_without_a_figure_are_told(tmp_path: Path, capsys):
    (tmp_path / "a.json").write_text(with_cell(dated(1), verdict="failed", latency_s=None).to_json())
    assert main(["history", "--results", str(tmp_path)]) == 2
    assert "no figures: expected results in which a cell ran" in capsys.readouterr().err


def test_an_empty_workspace_is_told_what_to_do(workspace: Path, capsys):
    assert main(["history"]) == 2
    assert "run dlbench compare first" in capsys.readouterr().err


def test_a_label_is_kept_in_the_result_and_older_results_have_none(replayed_rounds, dense_file, workspace, capsys):
    arguments = ["compare", str(dense_file), "--batch-sizes", "1", "--rounds", "2", "--budget", "0", "--json"]
    assert main([*arguments, "--label", " a1b2c3 "]) == 0
    assert json.loads(capsys.readouterr().out)["label"] == "a1b2c3"
    assert len(dlbench.compare(dense_file, batch_sizes=1, rounds=2, budget=0, label="x" * 999).label) == 200
    old = json.loads(dated(1).to_json())
    del old["label"]
    assert Result.model_validate_json(json.dumps(old)).label == ""

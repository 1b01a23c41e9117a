"""Differences: claimed where they are, not where they are not, and never across machines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from reports import document
from small_models import dense_model

from dlbench.bench.diff.judge import DiffSettings, diff_results, judge, parse_share
from dlbench.bench.diff.live import LOOK_LEVEL, LOOKS, diff_models
from dlbench.bench.diff.ratio import RatioInterval, fast_ratio, paired_ratio, unpaired_ratio
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.report.tables.diff_tables import diff_summary, diff_table
from dlbench.bench.results.schema import Result
from dlbench.bench.results.sketch import Sketch
from dlbench.cli import main
from dlbench.errors import InputError


def sketch(rng: np.random.Generator, median_s: float, spread: float = 0.01, n: int = 200) -> Sketch:
    return Sketch.of((median_s * 1e9 * rng.lognormal(0, spread, n)).astype(int).tolist())


def pairs(rng: np.random.Generator, n: int, ratio: float, state: float = 0.3) -> list[tuple[Sketch, Sketch]]:
    """Pairs that share a wandering state of the machine, and differ by their own 1 %."""
    levels = 1e-3 * np.exp(rng.normal(0, state, n))
    return [
        (sketch(rng, level * rng.lognormal(0, 0.01)), sketch(rng, ratio * level * rng.lognormal(0, 0.01)))
        for level in levels
    ]


def result_of(seed: int = 0, scale: float = 1.0, rounds: int = 8, **machine: object) -> Result:
    """A result whose first cell has calm rounds of 1 ms times `scale`."""
    rng = np.random.default_rng(seed)
    whole = document()
    whole["machine"].update(machine)
    cell = whole["cells"][0]
    blank = cell["rounds"][0]
    cell["rounds"] = []
    for _ in range(rounds):
        s = sketch(rng, scale * 1e-3 * rng.lognormal(0, 0.005))
        cell["rounds"].append({**blank, "values_ns": s.values_ns, "counts": s.counts})
    cell["interval_covers"] = "calm rounds"
    return Result.model_validate_json(json.dumps(whole))


@pytest.mark.parametrize("true", [0.9, 1.0, 1.05, 2.0])
def test_the_ratio_of_pairs_is_found_through_a_wandering_machine(true: float):
    rng = np.random.default_rng(1)
    found = paired_ratio(pairs(rng, 24, true), 0.95)
    assert found.low <= true <= found.high
    assert found.ratio == pytest.approx(true, rel=0.015)
    assert found.high / found.low - 1 < 0.03


def test_equal_pairs_are_called_different_about_as_often_as_the_level_says():
    rng = np.random.default_rng(2)
    false = sum(
        not (found.low <= 1 <= found.high) for found in (paired_ratio(pairs(rng, 8, 1.0), 0.95) for _ in range(300))
    )
    assert false <= 300 * 0.09


def test_a_few_pairs_that_catch_a_change_of_state_do_not_move_the_ratio():
    rng = np.random.default_rng(3)
    clean = pairs(rng, 20, 1.0)
    a, b = clean[0]
    broken = [(a, sketch(rng, b.median_s() * 1.8)), *clean[1:]]
    assert paired_ratio(broken, 0.95).ratio == pytest.approx(1.0, abs=0.01)


def test_the_fastest_rounds_tell_the_ratio_where_hardly_a_round_is_calm():
    """Two thirds of the rounds are slowed by 5 to 150 %, at random and on either side."""
    rng = np.random.default_rng(5)
    sides = [
        [sketch(rng, true * 1e-3 * (1 + (rng.uniform(0.05, 1.5) if rng.random() < 0.67 else 0))) for _ in range(40)]
        for true in (1.0, 1.05)
    ]
    found = fast_ratio(*sides, level=0.999)
    assert 1.0 < found.low <= 1.05 <= found.high
    same = fast_ratio(sides[0], sides[0][20:] + sides[0][:20], level=0.999)
    assert same.low <= 1 <= same.high


def test_rounds_of_two_runs_are_compared_with_a_wider_interval():
    rng = np.random.default_rng(4)
    a = [sketch(rng, 1e-3 * rng.lognormal(0, 0.01)) for _ in range(12)]
    b = [sketch(rng, 1.1e-3 * rng.lognormal(0, 0.01)) for _ in range(12)]
    apart, together = unpaired_ratio(a, b, 0.95), paired_ratio(list(zip(a, b, strict=True)), 0.95)
    assert apart.low <= 1.1 <= apart.high
    assert apart.high - apart.low > together.high - together.low


@pytest.mark.parametrize(
    ("ratio", "low", "high", "verdict"),
    [
        (1.10, 1.05, 1.15, "slower"),
        (0.90, 0.85, 0.95, "faster"),
        (1.00, 0.99, 1.01, "same"),
        (1.00, 0.90, 1.10, "can't tell"),
        (1.005, 1.002, 1.04, "can't tell"),  # leaves out 1, but lies below the noise floor of 1 %
    ],
)
def test_the_verdict_follows_interval_and_noise_floor(ratio: float, low: float, high: float, verdict: str):
    assert judge(RatioInterval(ratio, low, high, 0.99, 10), DiffSettings())[0] == verdict


def test_all_looks_together_claim_falsely_at_most_once_in_a_hundred():
    ways = 2
    assert (len(LOOKS) + 1) * ways * (1 - LOOK_LEVEL) == pytest.approx(0.01)


def test_two_result_files_of_one_machine_are_told_apart():
    slower = diff_results(result_of(0), result_of(1, scale=1.2), DiffSettings())
    assert slower.rows[0].verdict == "slower" and slower.rows[0].ratio == pytest.approx(1.2, rel=0.02)
    assert [r.model_a for r in slower.slower_than(0.05)] == ["cnn"] and not slower.slower_than(0.5)
    same = diff_results(result_of(0), result_of(1), DiffSettings())
    assert same.rows[0].verdict == "same"
    assert "Slowest against A: cnn on cpu, batch 1, takes" in diff_summary(slower)[1]
    assert diff_table(slower).rows[0][3] == "slower"


def test_cells_of_different_machines_are_not_called_a_regression():
    found = diff_results(result_of(0), result_of(1, scale=2, cpu="another one", fingerprint="12345678"), DiffSettings())
    assert {r.verdict for r in found.rows} == {"not comparable"}
    assert any("another one" in d for d in found.differences)
    assert "machine, cpu" in found.rows[0].reason
    assert not found.slower_than(0.01)


def test_cells_with_other_settings_are_listed_and_not_compared():
    other = result_of(1)
    cells = (other.cells[0].model_copy(update={"threads": 1}), *other.cells[1:])
    found = diff_results(result_of(0), other.model_copy(update={"cells": cells}), DiffSettings())
    assert any("2 threads" in name for name in found.only_in_a) and any("1 threads" in name for name in found.only_in_b)
    options = (other.cells[0].model_copy(update={"provider_options": {"use_tf32": "0"}}), *other.cells[1:])
    found = diff_results(result_of(0), other.model_copy(update={"cells": options}), DiffSettings())
    assert found.rows[0].verdict == "not comparable" and "use_tf32" in found.rows[0].reason


def test_too_few_calm_rounds_can_not_be_told():
    other = result_of(1, scale=3)
    cells = (other.cells[0].model_copy(update={"interval_covers": "all rounds"}), *other.cells[1:])
    found = diff_results(result_of(0), other.model_copy(update={"cells": cells}), DiffSettings())
    assert found.rows[0].verdict == "can't tell" and "calm rounds" in found.rows[0].reason


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.05", 0.05), (" 12.5 % ", 0.125)])
def test_a_share_is_read_with_and_without_the_sign(text: str, share: float):
    assert parse_share("--x", text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "0", "100%", "-5%", "five", "nan"])
def test_what_is_no_share_is_refused(text: str):
    with pytest.raises(InputError, match="--x: expected a share"):
        parse_share("--x", text)


@pytest.mark.slow
def test_a_network_of_twice_the_work_is_found_slower_by_timing_in_turn(tmp_path: Path):
    """Real rounds: 784 -> 2048 -> 10 against 784 -> 64 -> 10, a difference that no machine state hides."""
    onnx.save_model(dense_model(inner=64), tmp_path / "small.onnx")
    onnx.save_model(dense_model(inner=2048), tmp_path / "large.onnx")
    settings = CompareSettings(batch_sizes=(1,), budget_s=60)
    found = diff_models((tmp_path / "small.onnx", tmp_path / "large.onnx"), settings, DiffSettings())
    assert found.rows[0].verdict == "slower" and found.rows[0].ratio > 1.5
    assert found.measured is not None
    a, b = found.measured.cells
    assert len(a.rounds) == len(b.rounds) >= LOOKS[0]
    times = sorted((r.at_s, name) for name, cell in (("a", a), ("b", b)) for r in cell.rounds)
    assert "".join(name for _, name in times[:8]) == "abbaabba"  # there and back


def test_the_exit_code_says_slower(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    files = {}
    for name, whole in (("a", result_of(0)), ("b", result_of(1, scale=1.2)), ("c", result_of(1, cpu="another"))):
        files[name] = str(tmp_path / f"{name}.json")
        Path(files[name]).write_text(whole.to_json())
    assert main(["diff", files["a"], files["b"]]) == 0
    assert main(["diff", files["a"], files["b"], "--fail-if-slower", "5%"]) == 1
    assert main(["diff", files["b"], files["a"], "--fail-if-slower", "5%"]) == 0
    capsys.readouterr()
    assert main(["diff", files["a"], files["c"], "--fail-if-slower", "5%"]) == 2
    assert "received none" in capsys.readouterr().err
    assert main(["diff", files["a"], files["b"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["verdict"] == "slower"

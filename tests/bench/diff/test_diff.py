"""Differences: claimed where they are, not where they are not, and never across machines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from reports import document
from small_models import dense_model

from dlbench.bench.diff.diff_settings import DiffSettings, parse_share
from dlbench.bench.diff.judge import diff_results, judge
from dlbench.bench.diff.live import LOOK_LEVEL, LOOKS, diff_models
from dlbench.bench.diff.ratio import RatioInterval, fast_ratio, paired_ratio, unpaired_ratio
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.report.tables.diff_tables import diff_summary, diff_table
from dlbench.bench.results.records import FedInput
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
    ways = 3
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
@pytest.mark.usefixtures("short_rounds")
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


def test_the_exit_code_says_slower(tmp_path: Path, workspace: Path, capsys: pytest.CaptureFixture[str]):
    files = {}
    for name, whole in (("a", result_of(0)), ("b", result_of(1, scale=1.2)), ("c", result_of(1, cpu="another"))):
        files[name] = str(tmp_path / f"{name}.json")
        Path(files[name]).write_text(whole.to_json())
    assert main(["diff", files["a"], files["b"]]) == 0
    (kept,) = (workspace / "diffs").glob("diff-*.json")  # as one of two models timed in turn is
    assert json.loads(kept.read_text())["rows"][0]["verdict"] == "slower"
    assert main(["diff", files["a"], files["b"], "--fail-if-slower", "5%"]) == 1
    assert main(["diff", files["b"], files["a"], "--fail-if-slower", "5%"]) == 0
    capsys.readouterr()
    assert main(["diff", files["a"], files["c"], "--fail-if-slower", "5%"]) == 2
    assert "received none" in capsys.readouterr().err
    assert main(["diff", files["a"], files["b"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["verdict"] == "slower"


def test_where_nothing_could_be_told_b_is_not_fast_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    files = []
    for name in ("a", "b"):
        files.append(str(tmp_path / f"{name}.json"))
        Path(files[-1]).write_text(result_of(rounds=2).to_json())  # its cells on cuda never ran
    assert main(["diff", *files, "--json"]) == 0
    verdicts = {row["provider"]: row["verdict"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert verdicts == {"cpu": "can't tell", "cuda": "not comparable"}
    assert main(["diff", *files, "--fail-if-slower", "5%"]) == 1
    assert "nothing could be told" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ratio", "low", "high", "same_within", "verdict", "reason"),
    [
        (1.02, 1.005, 1.029, 0.03, "slower", "the interval leaves out 1, and 2.0% is above the noise floor of 1.0%"),
        (0.98, 0.97, 0.995, 0.03, "faster", "the interval leaves out 1, and 2.0% is above the noise floor of 1.0%"),
        (1.02, 1.0, 1.03, 0.03, "same", "the interval lies within 3% of 1"),  # it holds 1, if only just
        (0.98, 0.97, 1.0, 0.03, "same", "the interval lies within 3% of 1"),
        (1.0, 0.969, 1.0, 0.03, "can't tell", "the interval holds 1 and reaches further than what counts as the same"),
        (1.0, 1.0, 1.031, 0.03, "can't tell", "the interval holds 1 and reaches further than what counts as the same"),
        (1.005, 1.001, 1.04, 0.03, "can't tell", "0.5% is below the noise floor of 1.0%"),
        (0.995, 0.96, 0.999, 0.03, "can't tell", "0.5% is below the noise floor of 1.0%"),
        (1.005, 1.001, 1.04, 0.05, "same", "the interval lies within 5% of 1"),
        (1.05, 1.0, 1.1, 0.03, "can't tell", "the interval holds 1 and reaches further than what counts as the same"),
    ],
)
def test_a_verdict_at_its_edges_and_why(ratio, low, high, same_within, verdict, reason):
    settings = DiffSettings(same_within=same_within)
    assert judge(RatioInterval(ratio, low, high, 0.99, 10), settings) == (verdict, reason)


def test_a_difference_as_large_as_the_noise_floor_is_none():
    half = DiffSettings(floor=0.5)
    assert judge(RatioInterval(1.5, 1.2, 1.7, 0.99, 10), half)[0] == "can't tell"
    assert judge(RatioInterval(1.5, 1.2, 1.7, 0.99, 10), DiffSettings(floor=0.499))[0] == "slower"


@pytest.mark.parametrize("share", [0.0, 1.0, -0.01, float("nan")])
def test_a_floor_or_a_sameness_that_is_no_share_is_refused(share: float):
    with pytest.raises(InputError, match="the noise floor: expected a share"):
        DiffSettings(floor=share)
    with pytest.raises(InputError, match="`same_within`: expected a share"):
        DiffSettings(same_within=share)


def test_settings_and_intervals_cant_be_changed_by_accident():
    for record in (DiffSettings(), RatioInterval(1, 1, 1, 0.9, 5)):
        with pytest.raises(AttributeError):
            record.floor = record.low = 2.0


def with_cell(whole: Result, **changes: object) -> Result:
    """The result with its first cell changed."""
    return whole.model_copy(update={"cells": (whole.cells[0].model_copy(update=changes), *whole.cells[1:])})


def first_row(a: Result, b: Result):
    return diff_results(a, b, DiffSettings()).rows[0]


def test_a_row_holds_both_medians_the_ratio_its_interval_and_how_many_rounds_it_is_of():
    a, b = result_of(0, rounds=7), result_of(1, scale=1.2, rounds=9)
    row = first_row(a, b)
    assert (row.a_s, row.b_s) == (a.cells[0].latency_s.p50, b.cells[0].latency_s.p50)
    assert row.ratio_low < row.ratio < row.ratio_high and row.ratio_low > 1.1
    assert (row.level, row.pairs) == (0.99, 7)
    assert (row.provider, row.batch, row.threads, row.how) == ("cpu", 1, 2, "")


def test_under_five_rounds_nothing_is_said_and_with_five_something_is():
    row = first_row(result_of(0), result_of(1, scale=2, rounds=4))
    assert (row.verdict, row.reason) == ("can't tell", "B has only 4 rounds; at least 5 are needed")
    assert (row.ratio, row.level, row.pairs) == (None, None, 0)
    assert first_row(result_of(0, rounds=5), result_of(1, scale=2, rounds=5)).verdict == "slower"


def test_a_cell_that_ran_elsewhere_or_not_at_all_is_not_judged():
    a, b = result_of(0), result_of(1, scale=2)
    assert first_row(a, with_cell(b, verdict="partial")).reason == "the nodes ran elsewhere: A ran, B partial"
    lost = first_row(with_cell(a, verdict="unavailable", latency_s=None), b)
    assert (lost.verdict, lost.reason, lost.a_s) == ("can't tell", "A has no figures: unavailable", None)


def test_a_machine_whose_own_probe_took_longer_is_not_blamed_on_the_model():
    def probed(whole: Result, seconds: float, threads: int = 2) -> Result:
        from dlbench.bench.results.schema import Result as Schema

        content = json.loads(whole.to_json())
        content["probes"] = [
            {"provider": "cpu", "threads": n, "here_s": s, "reference_s": s, "median_s": s}
            for n, s in ((1, 9.0), (threads, seconds))
        ]
        return Schema.model_validate(content)

    a, b = result_of(0), result_of(1, scale=2)
    moved = first_row(probed(a, 1e-3), probed(b, 1.5e-3))
    assert moved.verdict == "can't tell" and "probe took 1.50 times as long in B" in moved.reason
    assert moved.ratio == pytest.approx(2, rel=0.02)  # the figures are shown all the same
    assert first_row(probed(a, 1e-3), probed(b, 0.9e-3)).verdict == "can't tell"
    for alike in (1.029e-3, 0.971e-3):
        assert first_row(probed(a, 1e-3), probed(b, alike)).verdict == "slower"
    assert first_row(probed(a, 1e-3), b).verdict == "slower"  # no probe on one side: nothing speaks against it
    assert first_row(b, probed(a, 1e-3)).verdict == "faster"
    assert first_row(probed(a, 1e-3), probed(b, 5e-3, threads=3)).verdict == "slower"  # a probe of other threads


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("memory_bytes", 1 << 33, "machine, memory bytes: 17179869184 and 8589934592"),
        ("on_battery", True, "machine, on battery: None and True"),
        ("usable_cores", 1, "machine, usable cores: 2 and 1"),
    ],
)
def test_another_machine_is_told_by_what_differs(field: str, value: object, words: str):
    found = diff_results(result_of(0), result_of(1, **{field: value}), DiffSettings())
    assert found.differences == (words,) and found.rows[0].verdict == "not comparable"


def test_another_gpu_or_other_inputs_forbid_a_comparison_and_other_software_does_not():
    a, b = result_of(0), result_of(1)
    gpu = diff_results(a, result_of(1, gpu={"name": "T4", "memory_bytes": 1 << 34}), DiffSettings())
    assert gpu.differences == ("machine, GPU: none and T4",)
    changes = {
        "seed": (7, "settings, seed of the inputs: 0 and 7"),
        "spinning": (not a.settings.spinning, "spinning: "),
    }
    for name, (value, words) in changes.items():
        other = b.model_copy(update={"settings": b.settings.model_copy(update={name: value})})
        found = diff_results(a, other, DiffSettings())
        assert words in found.differences[0] and found.rows[0].verdict == "not comparable"
    newer = b.model_copy(update={"software": b.software.model_copy(update={"onnxruntime": "2.0"})})
    found = diff_results(a, newer, DiffSettings())
    assert found.differences == ("software, ONNX Runtime: 1.31.1 and 2.0",) and found.rows[0].verdict == "same"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": ("N", 256)}, "input ids: int64 [N, 128] of ids below 100 and int64 [N, 256] of ids below 100"),
        ({"source": "--input ids.npy"}, "input ids: int64 [N, 128] of ids below 100 and int64 [N, 128] of --input ids"),
        ({"type": "int32"}, "input ids: int64 [N, 128] of ids below 100 and int32"),
        ({"name": "mask"}, "input ids: fed in A alone; input mask: fed in B alone"),
        ({}, None),
    ],
)
def test_cells_that_were_fed_otherwise_are_not_comparable(change: dict, words: str | None):
    fed = FedInput(name="ids", type="int64", shape=("N", 128), source="ids below 100")
    a, b = (
        r.model_copy(update={"models": (r.models[0].model_copy(update={"fed": (each,)}),)})
        for r, each in ((result_of(0), fed), (result_of(1), fed.model_copy(update=change)))
    )
    row = diff_results(a, b, DiffSettings()).rows[0]
    assert (row.verdict == "not comparable") == bool(words) and (words or "") in row.reason
    older = b.model_copy(update={"models": (b.models[0].model_copy(update={"fed": ()}),)})
    assert diff_results(a, older, DiffSettings()).rows[0].verdict == "same"


def test_a_changed_model_file_of_the_same_name_is_told():
    a, b = result_of(0), result_of(1)
    other = b.model_copy(update={"models": (b.models[0].model_copy(update={"sha256": "1" * 64}),)})
    assert diff_results(a, other, DiffSettings()).differences == ("model files that differ: cnn",)


def test_one_model_on_each_side_needs_no_common_name_and_several_do():
    a, b = result_of(0), result_of(1)
    renamed = b.model_copy(
        update={
            "models": (b.models[0].model_copy(update={"name": "new"}),),
            "cells": tuple(c.model_copy(update={"model": "new"}) for c in b.cells),
        }
    )
    row = first_row(a, renamed)
    assert (row.model_a, row.model_b, row.verdict) == ("cnn", "new", "same")
    two = renamed.model_copy(update={"models": (*renamed.models, *a.models)})
    found = diff_results(a, two, DiffSettings())
    assert not found.rows and "cnn on cpu, batch 1, 2 threads" in found.only_in_a


def test_a_cell_is_named_by_all_that_is_not_plain():
    from dlbench.bench.diff.judge import label

    cell = result_of(0).cells[0]
    assert label(cell) == "cnn on cpu, batch 1, 2 threads"
    copies = [label(cell.model_copy(update={"copies_included": on})) for on in (True, False)]
    assert [name.rsplit(", ", 1)[1] for name in copies] == ["with copies", "without copies"]
    changes = {"scenario": "server", "streams": 3, "rate_per_s": 250.0, "cuda_graph": True}
    loaded = cell.model_copy(update=changes)
    assert label(loaded).endswith("2 threads, server, 3 streams, 250 runs/s offered, CUDA graph")


def test_only_differences_above_the_share_count_as_slower_than_it():
    slower = diff_results(result_of(0), result_of(1, scale=1.2), DiffSettings())
    ratio = slower.rows[0].ratio
    assert slower.slower_than(ratio - 1.001) and not slower.slower_than(ratio - 0.999)
    faster = diff_results(result_of(1, scale=1.2), result_of(0), DiffSettings())
    assert faster.rows[0].verdict == "faster" and not faster.slower_than(0.001)


@pytest.mark.parametrize("text", ["1", "1.0", "100 %", "0%", "-0.05"])
def test_a_share_of_nothing_or_of_all_is_refused(text: str):
    with pytest.raises(InputError, match="expected a share"):
        parse_share("--x", text)


def exact(ns: int, count: int = 400) -> Sketch:
    """A round whose every sample took so many nanoseconds."""
    return Sketch((ns,), (count,))


def trimmed(values: np.ndarray) -> float:
    """The 20 % trimmed mean, by SciPy."""
    import scipy.stats

    return float(scipy.stats.trim_mean(values, 0.2))


def yuen(logs: np.ndarray, level: float, draws: int = 20_000) -> float:
    """Half the width of the interval of a trimmed mean, by an independent bootstrap of the rounds."""
    import scipy.stats

    n = len(logs)
    rng = np.random.default_rng(9)
    error = scipy.stats.trim_mean(rng.choice(logs, (draws, n)), 0.2, axis=1).std() * np.sqrt(n / (n - 1))
    return float(scipy.stats.t.ppf(0.5 + level / 2, n - 2 * (n // 5) - 1) * error)


@pytest.mark.parametrize("level", [0.9, 0.99])
def test_rounds_without_any_spread_inside_have_the_interval_of_a_trimmed_mean_of_pairs(level: float):
    rng = np.random.default_rng(6)
    a, b = (rng.integers(900_000, 1_100_000, 12) for _ in range(2))
    found = paired_ratio([(exact(x), exact(y)) for x, y in zip(a, b, strict=True)], level)
    logs = np.log(b / a)
    half = yuen(logs, level)
    assert found.ratio == pytest.approx(np.exp(trimmed(logs)))
    assert np.log(found.high / found.ratio) == pytest.approx(half, rel=0.05)
    assert np.log(found.ratio / found.low) == pytest.approx(half, rel=0.05)
    assert (found.level, found.rounds) == (level, 12)


def test_rounds_of_two_runs_have_both_sides_errors_widened_for_rounds_that_are_alike():
    import scipy.stats

    rng = np.random.default_rng(7)
    sides = [rng.integers(900_000, 1_100_000, n) for n in (10, 14)]
    found = unpaired_ratio(*([exact(x) for x in side] for side in sides), level=0.95)
    logs = [np.log(side) for side in sides]
    draws = np.random.default_rng(8)
    errors = [scipy.stats.trim_mean(draws.choice(x, (20_000, len(x))), 0.2, axis=1).std() for x in logs]
    widened = np.sqrt(1.4 / 0.6) * np.hypot(*errors) * np.sqrt(10 / 9)  # of the side with fewer rounds
    assert found.ratio == pytest.approx(np.exp(trimmed(logs[1]) - trimmed(logs[0])))
    assert np.log(found.high / found.ratio) == pytest.approx(scipy.stats.t.ppf(0.975, 5) * widened, rel=0.05)
    assert found.rounds == 10 and unpaired_ratio(*([exact(x) for x in s] for s in sides[::-1]), level=0.9).rounds == 10


def test_the_ratio_of_the_fastest_is_that_of_the_15_per_cent_quantile_of_5_per_cent_quantiles():
    rng = np.random.default_rng(8)
    sides = [
        [Sketch.of(rng.integers(low, 2 * low, 50).tolist()) for _ in range(n)] for low, n in ((1000, 9), (1100, 7))
    ]
    found = fast_ratio(*sides, level=0.95)
    written = [[np.repeat(np.asarray(s.values_ns) / 1e9, s.counts) for s in side] for side in sides]
    fastest = [np.quantile(np.log([np.quantile(samples, 0.05) for samples in side]), 0.15) for side in written]
    assert found.ratio == pytest.approx(np.exp(fastest[1] - fastest[0]))
    assert found.low < found.ratio < found.high and found.rounds == 7


def test_the_interval_of_the_fastest_is_as_wide_as_that_of_drawing_rounds_anew():
    import scipy.stats

    rng = np.random.default_rng(10)
    sides = [rng.integers(1_000_000, 1_500_000, n) for n in (12, 20)]
    found = fast_ratio(*([exact(x) for x in side] for side in sides), level=0.95)
    draws = np.random.default_rng(11)
    errors = []
    for side in sides:
        drawn = np.quantile(np.log(draws.choice(side, (20_000, len(side)))), 0.15, axis=1)
        errors.append((np.quantile(drawn, 0.9) - np.quantile(drawn, 0.1)) / (2 * scipy.stats.norm.ppf(0.9)))
    half = scipy.stats.t.ppf(0.975, 12 - 2 * 2 - 1) * np.hypot(*errors) * np.sqrt(12 / 11)
    assert np.log(found.high / found.ratio) == pytest.approx(half, rel=0.07)


def test_the_samples_inside_a_round_widen_the_interval_where_they_are_few():
    """Rounds that are all alike: what differs is the median of 101 samples; a round drawn twice keeps its samples."""
    values = np.round(1e6 * np.exp(np.random.default_rng(12).normal(0, 0.05, 101))).astype(int)
    round_ = Sketch.of(values.tolist())
    found = unpaired_ratio([round_] * 10, [round_] * 10, level=0.95)
    draws = np.random.default_rng(13)
    medians = np.log(np.median(draws.choice(values, (20_000, 10, 101)), axis=2))
    drawn = np.take_along_axis(medians, draws.integers(0, 10, medians.shape), axis=1)
    import scipy.stats

    error = scipy.stats.trim_mean(drawn, 0.2, axis=1).std()
    half = scipy.stats.t.ppf(0.975, 5) * np.sqrt(1.4 / 0.6) * np.sqrt(2) * error * np.sqrt(10 / 9)
    assert found.ratio == 1 and np.log(found.high) == pytest.approx(half, rel=0.1)


def test_four_rounds_are_too_few_for_a_ratio_and_five_enough():
    few, enough = [exact(1000)] * 4, [exact(1000)] * 5
    for refused in (
        lambda: paired_ratio([(exact(1000), exact(1000))] * 4, 0.95),
        lambda: unpaired_ratio(few, enough, 0.95),
        lambda: unpaired_ratio(enough, few, 0.95),
        lambda: fast_ratio(few, enough, 0.95),
    ):
        with pytest.raises(ValueError, match=r"at least 5 .*received 4"):
            refused()
    for found in (paired_ratio([(exact(1000), exact(2000))] * 5, 0.95), unpaired_ratio(enough, enough, 0.95)):
        assert found.low == found.ratio == found.high  # no spread at all
    assert fast_ratio(enough, [exact(3000)] * 5, 0.95).ratio == pytest.approx(3)


def test_the_same_seed_gives_the_same_interval_and_another_one_almost_the_same():
    rng = np.random.default_rng(14)
    a, b = ([sketch(rng, 1e-3) for _ in range(8)] for _ in range(2))
    assert unpaired_ratio(a, b, 0.95) == unpaired_ratio(a, b, 0.95, seed=0) != unpaired_ratio(a, b, 0.95, seed=1)
    assert fast_ratio(a, b, 0.95) == fast_ratio(a, b, 0.95, seed=0)
    both = list(zip(a, b, strict=True))
    assert paired_ratio(both, 0.95) == paired_ratio(both, 0.95, seed=0)
    assert unpaired_ratio(a, b, 0.95, seed=1).high == pytest.approx(unpaired_ratio(a, b, 0.95).high, rel=0.01)


def test_a_clock_that_reads_0_ns_gives_a_ratio_all_the_same():
    found = paired_ratio([(Sketch((0, 1000), (1, 9)), Sketch((0, 1000), (1, 9)))] * 6, 0.95)
    assert found.ratio == 1 and np.isfinite([found.low, found.high]).all()


def test_a_diff_of_two_files_names_them_and_says_that_they_were_not_measured_in_turn():
    found = diff_results(result_of(0), result_of(1), DiffSettings(), ("old.json", "new.json"))
    assert (found.a, found.b, found.in_turn) == ("old.json", "new.json", False)
    assert (found.floor, found.same_within, found.measured) == (0.01, 0.03, None)


def test_the_order_of_rounds_of_a_run_does_not_change_how_sure_a_ratio_is():
    """One slow round of five: what it adds to the error is the same wherever it stands."""
    slow_first = [exact(1_500_000), *[exact(1_000_000)] * 4]
    for ratio in (unpaired_ratio, fast_ratio):
        first, last = (ratio(rounds, slow_first, 0.95) for rounds in (slow_first, slow_first[::-1]))
        assert first.ratio == last.ratio and first.high == pytest.approx(last.high, rel=0.05)
    assert unpaired_ratio(slow_first, slow_first, 0.95).high > 1.1


@pytest.mark.parametrize("calm", [1, 2, 4])
def test_with_few_calm_rounds_among_enough_rounds_nothing_is_said(calm: int):
    """`--rounds 2` calls two calm rounds enough for an interval; a ratio needs more."""
    few = result_of(1, scale=2, rounds=9)
    rounds = tuple(r.model_copy(update={"undisturbed": i < calm}) for i, r in enumerate(few.cells[0].rounds))
    cell = few.cells[0].model_copy(update={"rounds": rounds, "undisturbed_rounds": calm})
    other = few.model_copy(update={"cells": (cell, *few.cells[1:])})
    for pair in ((result_of(0), other), (other, result_of(0)), (other, other)):
        row = first_row(*pair)
        assert row.verdict == "can't tell" and f"only {calm} calm rounds" in row.reason


def test_rounds_of_absurd_length_give_a_finite_ratio():
    absurd = result_of(1, rounds=9)
    blank = absurd.cells[0].rounds[0]
    rounds = tuple(
        blank.model_copy(update={"values_ns": (0 if i % 2 else 2**63 - 1,), "counts": (1,)}) for i in range(9)
    )
    other = absurd.model_copy(update={"cells": (absurd.cells[0].model_copy(update={"rounds": rounds}),)})
    for pair in ((result_of(0), other), (other, result_of(0)), (other, other)):
        assert first_row(*pair).verdict == "can't tell"

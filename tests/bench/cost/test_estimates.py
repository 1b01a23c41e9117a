"""Estimates for absent hardware: worked numbers of the model, what must always hold, and the two commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import document

from dlbench.api.costs import estimate as estimate_result
from dlbench.bench.cost.absent_hardware import network_estimates, work_of
from dlbench.bench.cost.catalogue import Device, load_catalogue
from dlbench.bench.cost.estimates import (
    Work,
    estimate,
    inference_work,
    rent_of,
    resnet50_span,
    resnet50_training,
    training_work,
)
from dlbench.bench.results.schema import Result
from dlbench.cli import main
from dlbench.errors import InputError, PriceError

CARD = Device("card", "A card", "gpu", fp32_tflops=10, fp16_tflops=100, bandwidth_gbs=500, tdp_w=250, hourly_usd=1.0)


def with_macs() -> dict:
    whole = document()
    whole["models"][0]["macs"] = 1_000_000_000
    whole["models"][0]["inputs"] = ["image float32 [N, 3, 10, 10]"]
    return whole


def test_an_older_result_is_counted_in_its_file_if_that_is_still_the_one_that_was_measured(tmp_path: Path):
    import onnx
    from small_models import dense_model

    from dlbench.bench.measure.subjects import counted_from_files, model_record
    from dlbench.model.card import read_model
    from dlbench.model.opening import open_model

    path = tmp_path / "models" / "dense.onnx"
    path.parent.mkdir()
    onnx.save(dense_model(), path)
    record = model_record(open_model(read_model(path), {}), "dense")
    whole = document()
    older = {**record.model_dump(mode="json"), "work": None, "fed": []}
    whole["models"] = [older]
    whole["cells"] = [{**cell, "model": "dense", "precision": "fp32"} for cell in whole["cells"][:1]]
    result = Result.model_validate(whole)
    assert counted_from_files(result, path.parent).models[0].work == record.work
    assert result.models[0].input_shapes == {"image": ("N", 1, 28, 28)}

    def rests_on() -> str:
        return " ".join(estimate_result(result, on=["rpi5-8gb"], workspace=tmp_path).rows[0].span.rests_on)

    assert "guessed for this network" not in rests_on()
    onnx.save(dense_model(inner=17), path)
    assert counted_from_files(result, path.parent) == result and "guessed for this network" in rests_on()
    path.unlink()
    assert counted_from_files(result, path.parent) == result


def test_a_table_without_anything_to_rent_has_no_column_of_money():
    from dlbench.bench.report.tables.estimate_tables import inference_table

    catalogue = load_catalogue()
    titles = {}
    for name in ("rpi5-8gb", "t4"):
        rows = network_estimates(Result.model_validate(with_macs()), [catalogue.device(name)], catalogue)
        table = inference_table(rows, short=True)
        assert all(len(row) == len(table.columns) for row in table.rows)
        titles[name] = " ".join(column.title for column in table.columns)
    assert "million" in titles["t4"] and "million" not in titles["rpi5-8gb"]


def test_a_published_time_of_the_same_network_there_narrows_the_estimate_as_in_choose():
    from dlbench.api.choosing.hardware_choice import choose

    whole = document()
    counts = {"macs": 313_600_000, "parameters": 3_504_872, "network": "mobilenet_v2", "name": "mobilenet_v2"}
    whole["models"] = [{**whole["models"][0], **counts, "inputs": ["x float32 [N, 3, 224, 224]"]}]
    whole["cells"] = [{**whole["cells"][0], "model": "mobilenet_v2", "batch": 1}]
    result, catalogue = Result.model_validate(whole), load_catalogue()
    (row,) = network_estimates(result, [catalogue.device("rpi5-8gb")], catalogue)
    chosen = next(o.latency for o in choose(result, edge=True).options if o.way.device.id == "rpi5-8gb-2026")
    assert any("published by " in words for words in row.span.rests_on)
    assert (row.span.fast_s, row.span.slow_s) == pytest.approx((chosen.fast_s, chosen.slow_s))


def test_a_calm_time_on_a_known_machine_narrows_the_estimates_of_other_devices_and_moves_them_its_way():
    def row(cpu: str, median_s: float):
        whole = with_macs()
        whole["machine"]["cpu"] = cpu
        cell = whole["cells"][0]
        cell["latency_s"].update(p50=median_s, ci_low=median_s, ci_high=median_s)
        whole["cells"] = [cell]
        result, catalogue = Result.model_validate(whole), load_catalogue()
        (found,) = network_estimates(result, [catalogue.device("rpi5-8gb")], catalogue)
        return found.span

    unknown = row("a CPU that nobody sells", 1e-3)
    quick, slow = (row("AMD Ryzen 9 5950X 16-Core Processor", s) for s in (1e-3, 1e-1))
    assert quick.slow_s / quick.fast_s < unknown.slow_s / unknown.fast_s
    assert quick.typical_s < slow.typical_s
    assert any("cnn, measured on " in words for words in quick.rests_on)
    assert not any("measured on" in words for words in unknown.rests_on)


def test_a_file_in_fp16_is_worth_the_same_timing_as_one_in_fp32_where_the_cores_compute_it_so():
    def row(precision: str):
        whole, catalogue = with_macs(), load_catalogue()
        whole["models"][0]["precision"] = whole["cells"][0]["precision"] = precision
        whole["cells"] = whole["cells"][:1]
        (found,) = network_estimates(Result.model_validate(whole), [catalogue.device("rpi4-4gb")], catalogue)
        return found

    half, full = row("fp16"), row("fp32")
    assert half.worth_timing == full.worth_timing is not None
    assert (half.span.fast_s, half.span.slow_s) == (full.span.fast_s, full.span.slow_s)


def test_the_fast_end_is_the_roofline_and_one_launch():
    arithmetic = estimate(Work(flop=1e10, bytes_moved=1e6, nodes=10), CARD, ("fp32",))
    assert arithmetic.fast_s == pytest.approx(1e10 / 10e12 + 2e-6) and arithmetic.bound == "compute"
    memory = estimate(Work(flop=1e6, bytes_moved=1e9, nodes=10), CARD, ("fp32",))
    assert memory.fast_s == pytest.approx((1e9 - 6e6) / 500e9 + 2e-6) and memory.bound == "bandwidth"
    tiny = estimate(Work(flop=1e3, bytes_moved=1e3, nodes=10), CARD, ("fp32",))
    assert tiny.bound == "launch" and tiny.slow_s > 10 * 20e-6


def test_the_slow_end_adds_the_three_times_at_the_stated_shares():
    span = estimate(Work(flop=1e10, bytes_moved=1e9, nodes=10), CARD, ("fp32",))
    assert span.slow_s == pytest.approx(1e10 / (0.15 * 10e12) + 1e9 / (0.5 * 500e9) + 10 * 20e-6 + 2e-6)


def test_a_faster_format_moves_the_fast_end_alone_and_a_slower_one_is_not_used():
    work = Work(flop=1e12, bytes_moved=1e6, nodes=10)
    plain, mixed = estimate(work, CARD, ("fp32",)), estimate(work, CARD, ("fp32", "fp16"))
    assert mixed.fast_s < plain.fast_s and mixed.slow_s == plain.slow_s
    pascal = replace(CARD, fp16_tflops=0.1)  # such as the GTX 1080 Ti, at 1/64 of the fp32 rate
    assert estimate(work, pascal, ("fp32", "fp16")) == estimate(work, pascal, ("fp32",))


def test_a_tpu_without_an_fp32_rate_takes_its_bfloat16():
    chip = load_catalogue().device("tpu-v2-chip")
    span = estimate(Work(flop=45e12, bytes_moved=0, nodes=1), chip, ("fp32",))
    assert span.fast_s == pytest.approx(1, rel=1e-3) and "bandwidth_gbs" in span.from_memory


def test_resnet_50_on_one_t4_takes_between_a_few_hours_and_weeks():
    least, most = resnet50_training()
    assert least.flop == pytest.approx(2 * 3 * 4.1e9 * 28 * 1_281_167)
    span = estimate(least, load_catalogue().device("t4"), ("fp32", "fp16"), most=most)
    assert span.fast_s == pytest.approx(least.flop / 65e12, rel=0.01)
    assert 10 < span.slow_s / 86400 < 20


works = st.builds(
    Work,
    flop=st.floats(0, 1e18),
    bytes_moved=st.floats(0, 1e15),
    nodes=st.integers(0, 5000),
    runs=st.floats(1, 1e6),
)


@given(works, st.sampled_from(["t4", "gtx-1080-ti", "tpu-v2-chip", "rpi4-4gb", "desktop-5950x", "h100-sxm-80gb"]))
def test_the_ends_are_in_order_and_never_below_the_hardware(work: Work, device_id: str):
    span = estimate(work, load_catalogue().device(device_id))
    assert 0 < span.fast_s <= span.slow_s
    assert 0 < span.fast_s <= span.slow_s


@given(works, st.floats(1, 10))
def test_a_faster_device_is_never_slower_and_more_of_them_neither(work: Work, factor: float):
    assert CARD.fp32_tflops and CARD.bandwidth_gbs
    faster = replace(CARD, fp32_tflops=CARD.fp32_tflops * factor, bandwidth_gbs=CARD.bandwidth_gbs * factor)
    slow, fast = estimate(work, CARD, ("fp32",)), estimate(work, faster, ("fp32",))
    assert fast.fast_s <= slow.fast_s and fast.slow_s <= slow.slow_s
    assert estimate(work, CARD, count=8).fast_s <= estimate(work, CARD).fast_s


def test_training_counts_backward_twice_and_a_step_for_every_batch():
    work = training_work(macs=1000, parameters_bytes=400, images=6400, batch=64, nodes=5)
    assert (work.flop, work.runs, work.nodes) == (6000 * 6400, 100, 15)
    with pytest.raises(ValueError, match="flop"):
        Work(-1, 0, 0)


def test_the_work_of_a_cell_counts_weights_once_and_inputs_once_a_picture():
    result = Result.model_validate(with_macs())
    cell = result.cells[0].model_copy(update={"batch": 8})
    work = work_of(result.models[0], cell)
    assert work.flop == 8 * 2e9
    assert work.bytes_moved == result.models[0].bytes + 8 * 300 * 4
    assert inference_work(5, 7, 11, 3) == Work(10, 18, 3)


def test_what_fits_in_the_caches_does_not_bound_the_fast_end():
    cpu = Device("cpu", "A CPU", "cpu", fp32_tflops=1, bandwidth_gbs=10)
    small = estimate(Work(flop=1e6, bytes_moved=30e6, nodes=4), cpu, ("fp32",))
    assert small.fast_s == pytest.approx(1e6 / 1e12 + 1e-6) and small.slow_s > 30e6 / 10e9


def test_a_rent_is_of_one_card_and_says_from_where():
    catalogue = load_catalogue()
    rent = rent_of(catalogue.device("gtx-1080-ti"), catalogue)
    assert rent and rent.usd_per_hour == pytest.approx(1.5 / 4) and "1 of 4 cards" in rent.source
    assert rent_of(catalogue.device("rpi4-4gb"), catalogue) is None


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("aws-p3-2xlarge", "expected a device that computes"),
        ("tpu-v6e-chip", "expected a peak rate"),
    ],
)
def test_a_row_that_can_not_be_estimated_says_what_is_missing(device: str, words: str):
    with pytest.raises(PriceError, match=words):
        estimate(Work(1, 1, 1), load_catalogue().device(device))


def test_a_result_without_known_multiply_accumulates_is_refused():
    whole = document()
    whole["models"][0]["macs"] = None
    with pytest.raises(PriceError, match="no cell that can be estimated"):
        network_estimates(Result.model_validate(whole), [CARD], load_catalogue())


def test_the_commands_label_every_estimate_and_draw_it_as_a_range(workspace: Path, capsys: pytest.CaptureFixture[str]):
    path = workspace / "result.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(with_macs()))
    everywhere = ("stimates, not measurements", "(m)", "2.00 ms")
    all_of_it = (*everywhere, "estimates, not measurements", "Raspberry Pi 4", "Tesla T4", "roofline")
    for options, expected in (((), (*everywhere, "rpi4-4gb", "t4")), (("--full",), all_of_it)):
        assert main(["cost", "estimate", str(path), *options]) == 0
        text = " ".join(capsys.readouterr().out.split())
        for words in expected:
            assert words in text, words
    assert "estimate: range of the model" in (workspace / "pictures" / "estimate.svg").read_text()
    assert main(["cost", "estimate", str(path), "--on", "t4", "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["kind"] == "estimate" and row["fast_s"] < row["slow_s"] and row["rent_usd_per_hour"] == 0.526
    assert main(["cost", "training"]) == 0
    assert "Training on hardware that is not here".lower() in capsys.readouterr().out.lower()
    assert "estimate for one device" in (workspace / "pictures" / "training-cost.svg").read_text()
    assert main(["cost", "training", "--estimate", "none"]) == 0
    assert "not here" not in capsys.readouterr().out


def test_a_file_in_fp16_is_estimated_in_fp32_where_the_cores_have_no_such_arithmetic():
    facts = {"macs": 313_600_000, "parameters": 3_504_872, "network": "mobilenet_v2"}
    whole, seen = with_macs(), {}
    for form in ("fp32", "fp16"):
        whole["models"] = [{**whole["models"][0], **facts, "precision": form}]
        whole["cells"] = [{**whole["cells"][0], "precision": form}]
        rows = network_estimates(
            Result.model_validate(whole), [load_catalogue().device("rpi4-4gb"), CARD], load_catalogue()
        )
        seen[form] = [(row.span.fast_s, row.span.slow_s) for row in rows]
    assert seen["fp16"][0] == seen["fp32"][0] and seen["fp16"][1] < seen["fp32"][1]


def test_each_network_has_a_row_before_files_in_fewer_bits_have_any(tmp_path: Path):
    whole = with_macs()
    names = ("a", "a.int8", "b")
    whole["models"] = [{**whole["models"][0], "name": name, "sha256": name * 9} for name in names]
    whole["cells"] = [{**whole["cells"][0], "model": name} for name in names]
    whole["variants"] = [{"model": "a.int8", "parent": "a", "parent_sha256": "0" * 64, "verdict": "kept"}]
    result = Result.model_validate(whole)
    every = estimate_result(result, on=["t4", "rpi4-4gb"], workspace=tmp_path)
    first = every.some_rows(every.short_table(), 4).rows
    assert [row[0] for row in first] == ["a", "a", "b", "b"] and len(every.rows) == 6
    one = estimate_result(result, on=["t4"], network="a.int8", workspace=tmp_path)
    assert {row.work for row in one.rows} == {"a", "a.int8"}
    with pytest.raises(InputError, match="network: expected one of a, b, received 'c'"):
        estimate_result(result, network="c", workspace=tmp_path)


def test_a_device_of_the_users_own_price_file_is_estimated(
    tmp_path: Path, workspace: Path, capsys: pytest.CaptureFixture[str]
):
    prices = tmp_path / "prices.toml"
    prices.write_text(
        '[[device]]\nid = "lab"\nname = "Lab card"\nkind = "gpu"\nfp32_tflops = 20\nbandwidth_gbs = 400\n'
        "hourly_usd = 0.5\n"
    )
    assert main(["cost", "training", "--estimate", "lab", "--prices", str(prices), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["estimates"]
    assert row["device"] == "lab" and row["rent_usd_per_hour"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["estimate"], "run dlbench compare"),
        (["training", "--estimate", "t5"], "Did you mean"),
        (["training", "--estimate", ","], "expected devices"),
        (["training", "--estimate", "colab-free"], "expected a device that computes"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, workspace: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cost", *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("device", "number_format"), [("t4", "fp16"), ("v100-sxm2-16gb", "fp16"), ("tpu-v3-chip", "fp16")]
)
def test_a_published_training_is_estimated_at_most_eight_times_wide(device: str, number_format: str):
    span = resnet50_span(load_catalogue().device(device), number_format)
    assert span.typical_s and span.fast_s < span.typical_s < span.slow_s <= 8 * span.fast_s
    assert "27 of 30" in span.rests_on[0]


def test_the_training_of_8_v100_in_mlperf_is_inside():
    span = resnet50_span(load_catalogue().device("v100-sxm2-16gb"), "fp16", count=8)
    assert span.fast_s < 134.6 * 60 < span.slow_s

"""Which device to buy or rent: what surely serves, what may, what it costs, and what would settle it."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest
from reports import document
from small_models import dense_model

from dlbench.api.choosing.hardware_choice import HardwareChoice, choose
from dlbench.bench.choosing.advice import settling
from dlbench.bench.choosing.goals import Load, answers_of, seconds_of, share_of, usd_of
from dlbench.bench.choosing.latencies import Latency
from dlbench.bench.choosing.months import month_of
from dlbench.bench.choosing.rentable import Way, ways_to_have
from dlbench.bench.cost.catalogue import Device, load_catalogue
from dlbench.bench.cost.countries import Rates
from dlbench.bench.results.schema import Result, write_result
from dlbench.cli import main
from dlbench.errors import InputError, PriceError
from dlbench.model.card import read_model
from dlbench.model.facts import VariantFacts, write_variant_facts
from dlbench.show.texts import language

MOBILENET = {"macs": 300_000_000, "parameters": 2_200_000, "bytes": 9_000_000, "inputs": ["x float32 [N, 3, 224, 224]"]}


def a_result(**changes: Any) -> Result:
    """A result of one network of MobileNetV2's size, 2 ms on this machine's CPU."""
    base = document()
    base["models"] = [{**base["models"][0], **MOBILENET, **changes}]
    return Result.model_validate(base)


def chosen(**wishes: Any) -> HardwareChoice:
    return choose(a_result(), **wishes)


def test_every_option_says_what_its_time_is_and_those_that_surely_serve_come_first():
    choice = chosen(latency="5ms")
    assert {option.latency.basis for option in choice.options} == {"measured", "estimated"}
    places = [("surely", "may", "no").index(option.meets) for option in choice.options]
    assert places == sorted(places) and {0, 1} <= set(places)
    for option in choice.options:
        fast, slow = option.latency.fast_s, option.latency.slow_s
        assert slow is not None and fast <= slow
        assert option.meets == ("surely" if slow <= 0.005 else "may" if fast <= 0.005 else "no")


def test_what_costs_least_a_month_stands_first_among_those_that_serve_alike():
    serving = [o for o in chosen(latency="1s").options if o.meets == "surely"]
    assert [o.way.sold_in is not None for o in serving] == sorted(o.way.sold_in is not None for o in serving)
    surely = [o.month.usd[1] for o in serving if o.way.sold_in is None]
    surely = [usd if usd is None else float(f"{usd:.2e}") for usd in surely]
    known = [usd for usd in surely if usd is not None]
    assert len(known) > 20 and known == sorted(known) and surely[: len(known)] == known


def test_the_machine_that_was_measured_is_an_option_that_costs_electricity_alone():
    here = next(option for option in chosen(latency="5ms").options if option.way.kind == "have")
    assert (here.latency.basis, here.latency.fast_s, here.latency.slow_s, here.meets) == (
        "measured",
        0.0019,
        0.0021,
        "surely",
    )
    assert here.month.purchase_usd == (0.0, 0.0)


@pytest.mark.parametrize(
    ("wishes", "kinds"),
    [
        ({"buy": True}, {"buy"}),
        ({"rent": True}, {"rent"}),
        ({"edge": True, "buy": True}, {"buy"}),
        ({}, {"have", "buy", "rent"}),
    ],
)
def test_only_the_ways_that_were_asked_for_are_shown(wishes: dict[str, bool], kinds: set[str]):
    choice = chosen(**wishes)
    assert {option.way.kind for option in choice.options} == kinds
    if "edge" in wishes:
        assert {option.way.device.kind for option in choice.options} == {"edge"}


def test_a_budget_is_the_price_of_what_is_bought_and_a_month_of_what_is_rented():
    choice = chosen(budget="100USD")
    for option in choice.options:
        if option.meets == "surely" and option.way.kind != "have":
            ends = option.month.usd if option.way.kind == "rent" else option.month.purchase_usd
            assert ends[1] is not None and ends[1] <= 100
    assert {"rpi5-8gb-2026", "rtx-4090"} <= {o.way.id for o in choice.options if o.meets == "no"}


def test_an_accuracy_that_only_a_part_of_the_interval_reaches_may_serve():
    def best(percent: float) -> str:
        return choose(a_result(accuracy={"correct": 97, "samples": 100}), accuracy=percent).options[0].meets

    assert [best(90), best(97), best(99.9)] == ["surely", "may", "no"]
    assert chosen(accuracy=97).options[0].meets == "may"  # nobody knows
    assert any("accuracy of cnn is not known" in s for s in chosen(accuracy=97).sentences())


def test_the_advice_names_one_device_with_its_price_time_and_cost():
    first = chosen(latency="10s", edge=True, buy=True).sentences()[0]
    assert first.startswith("Buy rpi5-1gb (Raspberry Pi 5 1GB, 45 USD): estimated ") and "USD a month" in first


@pytest.mark.parametrize(("latency", "told"), [("40ms", True), ("20ms", False)])
def test_a_cheaper_device_that_is_hardly_sold_any_more_is_not_denied(latency: str, told: bool):
    choice = chosen(latency=latency, edge=True)
    best, *others = [o for o in choice.options if o.meets == "surely"]
    assert best.way.sold_in is None
    assert told == any(o.way.sold_in is not None and o.month.usd < best.month.usd for o in others)
    assert told == ("of what is still sold" in choice.sentences()[0])


def test_what_a_measurement_would_settle_is_told_with_the_price_of_ten_minutes():
    first = next(o for o in chosen(rent=True).options if o.way.id == "aws-g6-xlarge").latency
    choice = chosen(latency=(first.fast_s + (first.slow_s or 0.0)) / 2, rent=True)
    open_one = settling(choice)
    assert open_one is not None and open_one.usd is not None
    rent = load_catalogue().device(open_one.instance).hourly_usd
    assert rent is not None and open_one.usd == pytest.approx(rent / 6)
    told = " ".join(choice.sentences())
    assert f"rent {open_one.instance} for 10 minutes ({open_one.usd:,.2f} USD)" in told
    assert choice.document()["settled_by"]["usd"] == open_one.usd


def test_a_board_that_nobody_rents_out_is_borrowed_or_bought_to_settle_it():
    first = chosen(buy=True, edge=True).options[0].latency
    choice = chosen(latency=(first.fast_s + (first.slow_s or 0.0)) / 2, edge=True)
    assert settling(choice) is not None and "borrow or buy one" in " ".join(choice.sentences())


def test_what_surely_serves_by_an_estimate_alone_is_to_be_settled_too():
    choice = chosen(latency="10min", edge=True)
    open_one = settling(choice)
    assert open_one is not None and open_one.option is choice.options[0] and choice.options[0].meets == "surely"
    told = choice.sentences()[1]
    assert told.startswith("Network and board alone: ") and "power supply" in told
    assert "Nothing ran on this device (about 9 of 10" in told and "borrow or buy one (45 USD)" in told


def test_a_measured_device_has_nothing_to_be_settled_but_its_time_is_the_networks_alone():
    choice = chosen(latency="3ms")
    here = replace(choice, options=tuple(o for o in choice.options if o.way.kind == "have"))
    assert settling(here) is None
    assert here.sentences()[1] == "Network alone, median; camera, decoding and resizing come on top."


def test_where_nothing_serves_a_time_that_could_be_asked_for_is_named():
    told = chosen(latency="0.2us").sentences()[0]
    match = re.match(r"Nothing serves: (\S+) (ms|µs) is within reach: ", told)
    assert match
    reached = float(match[1]) * {"ms": 1e-3, "µs": 1e-6}[match[2]]
    assert chosen(latency=reached).options[0].meets == "surely"


def test_what_does_not_serve_says_which_wish_it_misses():
    choice = chosen(latency="1ms", budget="60USD", edge=True)
    serves = {row[0]: row[-3] for row in choice.tables()[0].rows}
    assert set(serves.values()) <= {"surely", "may", "no: too slow", "no: price"}
    assert serves["rpi5-1gb"] == "no: too slow" and serves["jetson-orin-nano-super"] == "no: price"
    assert [o.misses for o in choice.options if o.way.id == "rpi5-4gb-2026"] == [("latency", "budget")]


def with_variants(**accuracy: dict[str, int]) -> Result:
    """A network and its files in fewer bits, with the right answers of those that were counted."""
    base = document()
    names = {"cnn": "fp32", "cnn.int8": "int8"}
    base["models"] = [
        {
            **base["models"][0],
            **MOBILENET,
            "name": name,
            "precision": precision,
            "sha256": name * 9,
            "accuracy": accuracy.get(precision),
        }
        for name, precision in names.items()
    ]
    base["cells"] = []
    base["variants"] = [{"model": "cnn.int8", "parent": "cnn", "parent_sha256": "0" * 64, "verdict": "not judged"}]
    return Result.model_validate(base)


@pytest.mark.parametrize("lang", ["en", "hu"])
@pytest.mark.parametrize("per_day", [1, 10_000, 20_000, 100_000])
def test_of_files_that_cost_the_same_the_one_of_known_accuracy_comes_first(per_day: int, lang: str):
    known = with_variants(fp32={"correct": 96, "samples": 100})
    with language(lang):
        choice = choose(known, latency="1s", per_day=per_day, edge=True)
    for option in choice.best_of_each:
        assert option.variant.name == "cnn"
    better = with_variants(fp32={"correct": 96, "samples": 100}, int8={"correct": 97, "samples": 100})
    assert choose(better, latency="1s", edge=True).options[0].variant.name == "cnn.int8"


def test_a_file_that_nobody_counted_is_marked_and_hardly_better_than_its_network():
    known = with_variants(fp32={"correct": 960, "samples": 1000})
    assert {row[1] for row in choose(known, edge=True).tables()[0].rows} == {"fp32", "int8?"}
    best = {o.way.id: o.latency.slow_s for o in choose(known, edge=True).best_of_each}
    between = choose(known, edge=True, latency=0.99 * (best["rpi4-4gb"] or 0))  # for the file in int8 alone
    assert any("?: nobody counted" in sentence for sentence in between.sentences())
    assert {o.meets for o in choose(known, accuracy=99.9).options} == {"no"}
    told = choose(known, accuracy=99.9).sentences()[0]
    assert told == "Nothing serves: cnn is right in 96.00 % (94.60-97.05, n = 1,000): train a better network."
    open_ones = [o for o in choose(known, accuracy=95, edge=True).options if o.variant.name == "cnn.int8"]
    assert {o.meets for o in open_ones} <= {"may", "no"}


def test_old_prices_have_one_mark_by_one_rule():
    choice = chosen(edge=True)
    for option, row in zip(choice.options, choice.tables()[0].rows, strict=True):
        price = next(
            cell for cell, column in zip(row, choice.tables()[0].columns, strict=True) if "price" in column.title
        )
        assert price.endswith("*") == (option.way.old_since is not None)
    old = {option.way.id for option in choice.options if option.way.old_since}
    assert {"rpi4-4gb", "jetson-orin-nano-super", "jetson-nano"} == old


def test_a_file_in_fp16_is_no_faster_where_the_cores_have_no_such_arithmetic():
    seen = {}
    for precision in ("fp32", "fp16"):
        options = choose(a_result(precision=precision), edge=True).options
        seen[precision] = {o.way.id: o.latency for o in options}
    assert seen["fp16"]["rpi4-4gb"].fast_s == seen["fp32"]["rpi4-4gb"].fast_s
    assert "no arithmetic in fp16" in seen["fp16"]["rpi4-4gb"].rests_on
    assert seen["fp16"]["rpi5-1gb"].fast_s < seen["fp32"]["rpi5-1gb"].fast_s
    assert "assumes that ONNX Runtime computes in fp16" in seen["fp16"]["rpi5-1gb"].rests_on


def test_what_times_rest_on_stands_once_with_its_devices():
    choice = choose(with_variants(fp32={"correct": 96, "samples": 100}), edge=True)
    table = next(table for table in choice.tables() if table.key == "rests")
    texts = [row[0] for row in table.rows]
    assert len(set(texts)) == len(texts)
    (boards,) = [row[1] for row in table.rows if row[0].startswith("published measurements of boards")]
    assert {"rpi5-1gb", "rpi4-4gb"} <= set(boards.split(", "))
    (narrow,) = [row[1] for row in table.rows if row[0].startswith("no units for 8 bits")]
    assert narrow == "jetson-nano (int8?)"
    said = {text for option in choice.options for text in option.latency.rests_on.split("; ")}
    assert said == set(texts)


def test_the_guide_says_how_often_ranges_hold_as_the_benchmark_found():
    root = Path(__file__).parents[3]
    found = json.loads((root / "benchmarks/results/estimates.json").read_text())["coverage"]
    inside = {(row["device_class"], row["state"]): round(100 * row["inside"]) for row in found}
    guide = (root / "docs/choosing.md").read_text()
    for kind, words in (
        ("board", "boards"),
        ("cpu", "processors"),
        ("gpu-one", "graphics cards, one picture at a time"),
    ):
        ends = [
            sorted(inside[kind, state] for state in states) for states in (("nothing", "factor"), ("measured", "both"))
        ]
        cells = [f"{low} %" if low == high else f"{low}-{high} %" for low, high in ends]
        assert f"| {words} | {cells[0]} | {cells[1]} |" in guide
        assert all(88 <= end <= 97 for pair in ends for end in pair)  # "about 9 of 10"


def test_rows_that_are_not_shown_are_counted(
    result_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    every = len(choose(a_result(), edge=True).best_of_each)
    for columns in ("all", "device,rests on", "price"):
        assert main(["choose", str(result_file), "--edge", "--columns", columns]) == 0
        text = capsys.readouterr().out
        shown = sum(way.id in text.partition("Buy ")[0] for way in choose(a_result(), edge=True).ways)
        hidden = re.search(r"(\d+) more (?:board|device)", text)
        assert shown + int(hidden[1] if hidden else 0) == every


def test_a_measured_row_of_the_price_list_replaces_its_estimate(tmp_path: Path):
    base = document()
    base["models"] = [{**base["models"][0], **MOBILENET}]
    base["machine"] = {**base["machine"], "cpu": "Raspberry Pi 5", "fingerprint": "pi5", "architecture": "aarch64"}
    other = tmp_path / "pi.json"
    other.write_text(json.dumps(base))
    options = choose(a_result(), from_=[other]).options
    pi = [o for o in options if o.way.kind == "buy" and o.way.id.startswith("rpi5") and o.latency.basis == "measured"]
    assert pi and pi[0].latency.slow_s == 0.0021


def test_a_result_of_another_machine_that_timed_other_networks_is_refused(tmp_path: Path):
    other = tmp_path / "other.json"
    other.write_text(a_result(sha256="9" * 64, macs=5).model_dump_json(by_alias=True))
    with pytest.raises(InputError, match=r"expected a result that timed cnn, received .*other.json"):
        choose(a_result(), from_=[other])


def test_disturbed_measurements_never_rule_a_device_out():
    base = document()
    base["models"] = [{**base["models"][0], **MOBILENET}]
    base["cells"][0]["interval_covers"] = "busy rounds"
    here = next(o for o in choose(Result.model_validate(base), latency="1ms").options if o.way.kind == "have")
    assert here.latency.disturbed and here.meets == "may"


def test_variants_are_options_and_those_that_lost_their_answers_are_left_out():
    base = document()
    base["models"] = [{**base["models"][0], **MOBILENET, "name": n} for n in ("cnn", "cnn.int8", "cnn.int4")]
    base["variants"] = [
        {"model": f"cnn.{form}", "parent": "cnn", "parent_sha256": "0" * 64, "verdict": verdict}
        for form, verdict in (("int8", "kept"), ("int4", "lost"))
    ]
    choice = choose(Result.model_validate(base), latency="5ms")
    assert {o.variant.name for o in choice.options} == {"cnn", "cnn.int8"} and choice.lost == ("cnn.int4",)
    assert "cnn.int8" in choice.tables()[0].rows[1] + choice.tables()[0].rows[0]
    assert "format" in [column.title for column in choice.tables()[0].columns]
    assert len(choice.best_of_each) < len(choice.options)


def test_what_results_found_of_files_counts_also_where_the_model_is_named(tmp_path: Path):
    models = tmp_path / "models"
    models.mkdir()
    onnx.save(dense_model(), models / "net.onnx")
    parent = read_model(models / "net.onnx")
    for form in ("fp16", "int8"):
        variant = dense_model(inner=16)
        write_variant_facts(variant, VariantFacts(precision=form, parent_sha256=parent.sha256, recipe={}))
        onnx.save(variant, models / f"net.{form}.onnx")
    base = document()
    files = {f"net.{form}": read_model(models / f"net.{form}.onnx").sha256 for form in ("fp16", "int8")}
    base["models"] = [{**base["models"][0], "name": name, "sha256": sha} for name, sha in files.items()]
    base["cells"] = []
    judged = {"parent": "net", "parent_sha256": parent.sha256, "pictures": 100}
    base["variants"] = [
        {**judged, "model": "net.fp16", "verdict": "kept", "correct": 97},
        {**judged, "model": "net.int8", "verdict": "lost", "correct": 50},
    ]
    write_result(Result.model_validate(base), tmp_path / "results" / "compare-20260101-000000.json")
    choice = choose("net", edge=True, workspace=tmp_path)
    counted = {v.name: v.accuracy and v.accuracy.correct for v in choice.variants}
    assert counted == {"net": None, "net.fp16": 97} and choice.lost == ("net.int8",)
    assert any("net.int8 lost its answers" in sentence for sentence in choice.sentences())


def test_networks_whose_work_is_partly_unknown_have_no_upper_end_and_never_surely_serve():
    choice = choose(a_result(macs=None, macs_at_least=1000, sha256="1" * 64), latency="1s", buy=True)
    assert all(o.latency.slow_s is None and o.meets == "may" for o in choice.options)
    assert "or more" in choice.tables()[0].rows[0][1]


def test_networks_of_unknown_work_have_their_measured_rows_alone():
    choice = choose(a_result(macs=None), latency="5ms")
    assert {o.latency.basis for o in choice.options} == {"measured"}
    with pytest.raises(PriceError, match="multiply-accumulates can be counted"):
        choose(a_result(macs=None), latency="5ms", buy=True)


def test_recurrent_networks_have_wider_ranges_that_say_so():
    from dlbench.bench.choosing.latencies import Variant, estimated
    from dlbench.bench.cost.latency.workload import NetworkWork

    model, device = a_result().models[0], load_catalogue().device("rtx-3090")
    works = [NetworkWork(3e8, 2.2e6, 7e6, 53, 2e7, recurrent=r) for r in (False, True)]
    plain, stepwise = (estimated(Variant(model, work), device) for work in works)
    assert plain.slow_s is not None and stepwise.slow_s is not None
    assert stepwise.slow_s / stepwise.fast_s > 2 * plain.slow_s / plain.fast_s and "recurrent" in stepwise.rests_on


def test_a_published_time_of_the_network_on_that_chip_is_told_and_leaned_on():
    facts = {"name": "mobilenet_v2", "macs": 313_600_000, "parameters": 3_504_872, "network": "mobilenet_v2"}
    base = document()
    base["models"] = [{**base["models"][0], **MOBILENET, **facts}]
    base["cells"] = []
    choice = choose(Result.model_validate(base), edge=True)
    published = [option for option in choice.options if option.latency.basis == "published"]
    assert published and all("published by " in option.latency.rests_on for option in published)
    assert choice.options[0] in published
    told = choice.sentences()[0]
    assert choice.options[0].latency.published_as in told and "published by ncnn, 20" in told and "threads" in told


def test_a_time_in_floating_point_is_no_published_one_of_a_file_in_8_bits():
    facts = {"name": "mobilenet_v2", "macs": 313_600_000, "parameters": 3_504_872, "network": "mobilenet_v2"}
    base, seen = document(), {}
    for precision in ("fp32", "int8"):
        base["models"] = [{**base["models"][0], **MOBILENET, **facts, "precision": precision}]
        base["cells"] = []
        options = choose(Result.model_validate(base), edge=True).options
        seen[precision] = next(o.latency for o in options if o.way.id == "jetson-nano")
    assert (seen["fp32"].basis, seen["int8"].basis) == ("published", "estimated")
    assert not seen["int8"].published_as and "published by " in seen["int8"].rests_on  # it leans on it all the same
    assert "no units for 8 bits" in seen["int8"].rests_on and "no units for 8 bits" not in seen["fp32"].rests_on


def test_the_newest_result_is_looked_up_once_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from dlbench.api.choosing import asked_networks
    from dlbench.bench.results import schema

    place = tmp_path / "results" / "compare-20260101-000000.json"
    schema.write_result(a_result(), place)
    opened: list[Path] = []
    read = schema.read_bounded
    monkeypatch.setattr(schema, "read_bounded", lambda path, *rest: opened.append(path) or read(path, *rest))
    looked: list[object] = []
    newest = asked_networks.newest_result
    monkeypatch.setattr(asked_networks, "newest_result", lambda folder: looked.append(folder) or newest(folder))
    assert main(["choose", "--latency", "5ms", "--workspace", str(tmp_path)]) == 0
    assert "the newest result: compare-20260101-000000.json" in " ".join(capsys.readouterr().out.split())
    assert len(looked) == 1 and opened.count(place) == 1


def test_every_row_of_the_price_list_is_an_option_or_says_why_not():
    choice = chosen()
    named = {option.way.id for option in choice.options} | set(choice.left_out)
    assert set(load_catalogue().devices) <= named
    assert "TPU" in choice.left_out["tpu-v3-chip"] and "TPU" in choice.left_out["gcp-tpu-v2-8"]
    assert "rpi5-8gb-2026" in choice.left_out["rpi5-8gb"]


def test_a_price_file_adds_devices_and_tells_their_rates(tmp_path: Path):
    prices = tmp_path / "prices.toml"
    prices.write_text('[[device]]\nid = "my-box"\nname = "My box"\nkind = "cpu"\nprice_usd = 10\ntdp_w = 5\n')
    assert "add fp32_tflops (TFLOP/s) in a price file" in chosen(prices=prices).left_out["my-box"]
    prices.write_text(prices.read_text() + "fp32_tflops = 0.5\nbandwidth_gbs = 20\n")
    assert chosen(prices=prices, latency="1s", buy=True).options[0].way.id == "my-box"


def test_a_month_adds_up():
    board = Way("buy", "b", "B", Device("b", "B", "edge"), price_usd=36, power_w=10)
    load = Load(answers_per_day=86_400, usd_per_kwh=0.1)
    month = month_of(board, Latency(0.5, 1.5, "estimated", ""), load)
    assert month.busy == (0.5, 1.5) and month.machines == (1, 3)
    hours, kwh = 30.4 * 24, 0.1 * 10 / 1000
    assert month.usd[0] == pytest.approx(1 + hours * kwh * (0.5 + 0.3 * 0.5))
    assert month.usd[1] == pytest.approx(3 + hours * kwh * (1.5 + 0.3 * 1.5))
    rented = Way("rent", "r", "R", Device("b", "B", "gpu"), 8, hourly_usd=2.0)
    assert month_of(rented, Latency(0.5, 1.5, "estimated", ""), load).usd == (2 * hours, 2 * hours)
    day = replace(load, hours_per_day=8.0)
    assert month_of(rented, Latency(0.1, 0.1, "estimated", ""), day).usd[0] == pytest.approx(2 * 30.4 * 8 * 1.1)
    card = replace(board, needs_host=True)
    assert month_of(card, Latency(0.5, None, "estimated", ""), load).purchase_usd == (636, None)


def test_the_cards_of_the_instances_are_in_the_price_list():
    ways, left_out = ways_to_have(load_catalogue())
    rented = {way.id: way.device.id for way in ways if way.kind == "rent"}
    assert rented["aws-g6-xlarge"] == "l4" and rented["aws-c7g-large"] == "aws-c7g-large"
    assert not {"aws-g4dn-xlarge", "aws-c7i-2xlarge", "azure-d4s-v5"} & set(left_out)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("5ms", 0.005), ("5 ms", 0.005), ("300us", 3e-4), ("300µs", 3e-4), (0.005, 0.005), ("1.5s", 1.5)],
)
def test_a_latency_is_read_with_its_unit(text: str | float, seconds: float):
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["0ms", "5", "-5ms", "1e99s", "2 days", "", "ms", "nan ms", 0, float("nan"), float("inf"), "5mss"]
)
def test_an_absurd_latency_is_refused(text: str | float):
    with pytest.raises(InputError, match=r"--latency: expected a time .* received"):
        seconds_of(text)


@pytest.mark.parametrize("text", ["1e30", "0", "-1", "many", "1e6 a day", float("inf"), float("nan"), 1e30])
def test_an_absurd_load_is_refused(text: str | float):
    with pytest.raises(InputError, match=r"--per-day: expected .* received"):
        answers_of(text)


@pytest.mark.parametrize("percent", [200, 0, -3, 0.97, float("nan"), float("inf")])
def test_an_absurd_accuracy_is_refused(percent: float):
    with pytest.raises(InputError, match=r"--accuracy: expected a percentage .* received"):
        share_of(percent)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-5USD", "above 0"),
        ("0USD", "above 0"),
        ("5GBP", "expected one of USD, EUR, HUF, received 'GBP'; convert it"),
        ("USD", "above 0"),
        ("1e300EUR", "above 0"),
    ],
)
def test_an_absurd_budget_is_refused(text: str, said: str):
    with pytest.raises(InputError, match=rf"--budget: .*{said}"):
        usd_of(text, Rates())


def test_a_budget_has_a_currency():
    rates = Rates()
    assert usd_of("200USD", rates) == usd_of(200, rates) == usd_of("200", rates) == 200
    assert usd_of("100 eur", rates) == pytest.approx(113) and usd_of("10,000HUF", rates) == pytest.approx(28)


@pytest.fixture
def result_file(tmp_path: Path) -> Path:
    path = tmp_path / "compare-1.json"
    path.write_text(a_result().model_dump_json(by_alias=True))
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--latency", "0ms"], "--latency: expected a time"),
        (["--buy", "--rent"], "--buy and --rent"),
        (["--edge", "--rent"], "boards can't be rented"),
        (["--hours-per-day", "25"], "--hours-per-day: expected a number from 0.01 to 24"),
        (["--years", "0"], "--years: expected a number"),
        (["--base-price", "-1"], "--base-price: expected a number"),
        (["--format", "pdf"], "--format: expected one of terminal, md, csv, json"),
        (["--format", "csv", "--json"], "--format: expected one form"),
        (["--network", "cmn"], "Did you mean cnn?"),
        (["--country", "XX"], "unknown country"),
        (["--from", "nothing.json"], "nothing.json"),
    ],
)
def test_bad_input_gets_one_line(
    arguments: list[str], said: str, result_file: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["choose", str(result_file), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_without_model_and_result_the_next_step_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["choose", "--workspace", str(tmp_path)]) == 2
    assert "run dlbench compare first" in capsys.readouterr().err


def test_a_result_with_several_networks_asks_for_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    base = document()
    base["models"] = [{**base["models"][0], **MOBILENET, "name": n, "sha256": n * 64} for n in ("a", "b")]
    path = tmp_path / "two.json"
    path.write_text(json.dumps(base))
    assert main(["choose", str(path)]) == 2
    assert f"name one, as in dlbench choose {path} --network b" in capsys.readouterr().err
    with pytest.raises(InputError, match="name one with network"):
        choose(Result.model_validate(base))
    assert main(["choose", str(path), "--network", "b", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["network"] == "b"


def test_a_result_without_a_usable_cell_has_estimates_all_the_same():
    base = document()
    base["models"] = [{**base["models"][0], **MOBILENET}]
    base["cells"] = base["cells"][1:]
    assert {o.latency.basis for o in choose(Result.model_validate(base)).options} == {"estimated"}


@pytest.mark.parametrize(
    "wishes", [["--latency", "5ms"], ["--latency", "1us"], ["--edge"], ["--latency", "1s", "--per-day", "1e9"]]
)
@pytest.mark.parametrize("lang", ["en", "hu"])
def test_the_default_fits_one_screen(
    wishes: list[str], lang: str, result_file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["--lang", lang, "choose", str(result_file), *wishes]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum(-(-max(1, len(line.rstrip())) // 80) for line in lines) <= 22


@pytest.mark.parametrize(("precision", "told"), [("fp32", True), ("int8", False)])
def test_fewer_bits_are_proposed_only_for_a_file_that_has_many(
    precision: str, told: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    path = tmp_path / "compare-1.json"
    path.write_text(a_result(precision=precision).model_dump_json(by_alias=True))
    assert main(["choose", str(path), "--edge"]) == 0
    text = capsys.readouterr().out
    assert ("--precision int8, then choose again" in text) == told
    assert all(len(line) <= 80 for line in text.splitlines())


def test_full_shows_all_options_and_what_is_left_out(result_file: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["choose", str(result_file), "--latency", "5ms", "--full"]) == 0
    text = capsys.readouterr().out
    assert "Left out of the choice" in text and "coral-usb" in text and "In short" in text


def test_json_csv_and_markdown_hold_the_same_options(result_file: Path, capsys: pytest.CaptureFixture[str]):
    def printed(form: str) -> str:
        assert main(["choose", str(result_file), "--latency", "5ms", "--format", form]) == 0
        return capsys.readouterr().out

    read = json.loads(printed("json"))
    rows = list(csv.DictReader(io.StringIO(printed("csv"))))
    assert read["schema"] == "dlbench.choice/1" and read["advice"]
    assert [row["device"] for row in rows] == [option["device"] for option in read["options"]]
    assert float(rows[0]["slow_s"]) == read["options"][0]["slow_s"]
    assert "| device | buy or rent |" in printed("md")


def test_a_backbone_with_a_head_of_its_own_is_the_published_backbone():
    from dlbench.bench.cost.latency.model_work import work_of_model

    counts = {"activations": 6_678_114, "layers": 53, "depthwise_macs": 20_716_416, "attention": False}
    facts = {"macs": 299_496_832, "parameters": 2_226_434, "work": counts}
    assert work_of_model(a_result(**facts).models[0]).name.startswith("mobilenet_v2")
    named = {"macs": 4_089_184_256, "parameters": 25_557_032, "architecture": "resnet50 of torchvision"}
    assert work_of_model(a_result(**named).models[0]).name == "resnet50"
    other = {**facts, "work": {**counts, "layers": 20}}
    assert work_of_model(a_result(**other).models[0]).name == ""

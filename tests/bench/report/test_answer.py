"""The answer of a run: which is fastest, what answers cost, what to trust."""

from __future__ import annotations

import csv
import io
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from reports import machine_document, merged_machines

from dlbench.bench.cost.absent_hardware import Estimate
from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.bench.cost.estimates import Span
from dlbench.bench.cost.renting import other_card, other_maker
from dlbench.bench.diff.cell_ratio import Times
from dlbench.bench.diff.decision import disagrees
from dlbench.bench.diff.standings import standings
from dlbench.bench.report.answer import Answer, answer_of
from dlbench.bench.report.answer_words import times_text
from dlbench.bench.report.charts.answer_chart import answer_chart
from dlbench.bench.report.charts.result_charts import result_charts
from dlbench.bench.report.first_screen import first_screen
from dlbench.bench.report.in_short import in_short
from dlbench.bench.report.page import make_page
from dlbench.bench.report.result_csv import class_csv
from dlbench.bench.report.tables.answer_table import answer_table
from dlbench.bench.report.tables.estimate_tables import inference_table
from dlbench.bench.results.against_parent import AgainstParent
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Result
from dlbench.commands.answer_screen import show_answer
from dlbench.commands.one_screen import SCREEN_LINES
from dlbench.commands.options import typed_again, with_longer_budget
from dlbench.proportion import PairedDifference, Proportion
from dlbench.show.texts import language, said


def rounds_of(medians_us: list[float], calm: bool = True) -> list[dict[str, Any]]:
    return [
        {
            "load_s": 0.01,
            "first_run_s": 0.003,
            "values_ns": [round(m * 1000 * s) for s in (0.999, 1, 1.001)],
            "counts": [100, 100, 100],
            "timer_cost_s": 5e-8,
            "undisturbed": calm,
        }
        for m in medians_us
    ]


def run(folder: Path, speeds: dict[str, float], calm: bool = True, batches: tuple[int, ...] = (1,)) -> Answer:
    return answer_of(merged_machines(folder, run_document(speeds, calm, batches)))


def run_document(speeds: dict[str, float], calm: bool = True, batches: tuple[int, ...] = (1,)) -> dict[str, Any]:
    """One machine's run: each network with its time of one answer in µs, larger batches no better or worse."""
    base = machine_document(1)
    plain = next(c for c in base["cells"] if c["verdict"] == "ran")
    cells = []
    for model, us in speeds.items():
        for batch in batches:
            medians = [us * batch * wave for wave in (1, 1.01, 1.6, 1.61, 1, 1.01, 1.6, 1, 1.01, 1)]
            p50 = us * batch * 1e-6
            ends = {"ci_low": 0.98 * p50, "ci_high": 1.02 * p50} if calm else {"ci_low": None, "ci_high": None}
            latency = plain["latency_s"] | {"p50": p50} | ends
            costs = [
                {"option": "own", "title": "this PC", "usd_per_hour": None, "usd_per_million": None, "why": "no price"},
                {"option": "rent", "title": "a cloud", "usd_per_hour": 0.36, "usd_per_million": 1e2 * us * 1e-6},
            ]
            changes = {"model": model, "batch": batch, "latency_s": latency, "rounds": rounds_of(medians, calm)}
            changes |= {"throughput_per_s": 1e6 / us, "cost_usd_per_million": costs}
            changes |= {"interval_covers": "calm rounds" if calm else "nothing: no round was calm"}
            cells.append(plain | changes)
    lost = next(c for c in base["cells"] if c["verdict"] == "unavailable")
    base["cells"] = [*cells, lost]
    return base


def test_the_fastest_is_named_with_how_far_behind_the_next_is(tmp_path: Path):
    answer = run(tmp_path, {"cnn": 30, "dense": 10})
    assert [(r.network, r.place) for r in answer.rows] == [("dense", 1), ("cnn", 2)]
    assert answer.sentences[0].startswith("dense is fastest: 10.0 µs for a batch of 1; cnn takes 3.00 times (")
    times = answer.rows[1].times
    assert times is not None and times.low and times.high and times.low < 3 < times.high


def test_inside_the_noise_nothing_is_fastest_or_cheapest(tmp_path: Path):
    answer = run(tmp_path, {"one": 10, "two": 10.02})
    assert [r.place for r in answer.rows] == [1, 1] and [r.cost_place for r in answer.rows] == [1, 1]
    assert "fastest" not in answer.sentences[0] and "one and two" in answer.sentences[0]
    assert times_text(answer.rows[1].times).startswith("about the same")


def test_a_disturbed_figure_carries_its_mark_into_times_costs_and_sentences(tmp_path: Path):
    answer = run(tmp_path, {"cnn": 30, "dense": 10}, calm=False)
    assert all(r.disturbed and r.best_disturbed for r in answer.rows)
    assert times_text(answer.rows[1].times).startswith("~3.00 times (")
    assert "~10.0 µs" in answer.sentences[0] and "~" in answer.sentences[1]
    assert answer.warning.startswith("2 of 2 measurements") and "had hardly a calm round (~)" in answer.warning


def test_a_larger_batch_that_brings_nothing_is_not_called_the_best(tmp_path: Path):
    assert {r.best_batch for r in run(tmp_path, {"dense": 10}, batches=(1, 8, 32)).rows} == {1}


def test_the_cost_is_of_a_way_that_has_a_price_and_the_place_follows_it(tmp_path: Path):
    answer = run(tmp_path, {"cnn": 30, "dense": 10})
    assert {r.cost_title for r in answer.rows} == {"a cloud"}
    assert [r.cost_place for r in answer.rows] == [1, 2]
    assert (
        answer.sentences[1]
        == "Answers cost 0.100 cents per million with dense, up to 0.300 with cnn, each at its best batch."
    )
    assert answer.pricing == ("The price: rented a cloud, at the speed measured here; 0.360 USD an hour.",)


def test_networks_of_other_batch_sizes_are_not_held_against_each_other(tmp_path: Path):
    document = machine_document(1)
    for cell in document["cells"]:
        if cell["model"] == "dense":
            cell["batch"] = 4
    rows = answer_of(merged_machines(tmp_path, document)).rows
    assert {(r.network, r.times is None, r.place) for r in rows if r.network == "dense"} <= {
        ("dense", True, None),
        ("dense", False, 1),
    }
    assert len({r.batch for r in rows if r.place is not None}) == 1


def test_machines_of_a_class_are_rows_and_what_could_not_run_is_one_line_a_reason(tmp_path: Path):
    answer = answer_of(merged_machines(tmp_path, machine_document(1), machine_document(2, 0.5)))
    assert {r.machine for r in answer.rows} == {"00000001", "00000002"} and answer.rows[0].machine == "00000002"
    assert answer.lost == ("cuda could not run on 2 machines: no driver",)


@pytest.mark.parametrize("code", ["en", "hu"])
def test_a_result_without_a_figure_has_an_answer_all_the_same(tmp_path: Path, code: str):
    document = machine_document(1)
    document["cells"] = [c for c in document["cells"] if c["verdict"] != "ran"]
    with language(code):
        answer = answer_of(merged_machines(tmp_path, document))
    assert answer.rows == () and answer.sentences == () and len(answer.lost) == 1


def test_a_class_is_told_which_network_is_fastest_then_on_which_machine(tmp_path: Path):
    documents = []
    for number, speeds in enumerate(({"cnn": 30, "dense": 10}, {"cnn": 16, "dense": 8}, {"cnn": 60, "dense": 20}), 1):
        document = run_document(speeds)
        document["machine"]["fingerprint"] = f"0000000{number}"
        documents.append(document)
    sentence = answer_of(merged_machines(tmp_path, *documents)).sentences[0]
    assert sentence.startswith("dense is the fastest network on all 3 machines; it takes least on 00000002 (")
    assert sentence.endswith("): 8.00 µs; cnn takes 2.0-3.0 times as long on the same machine.")
    for model, cell in ((c["model"], c) for c in documents[0]["cells"] if c["verdict"] == "ran"):
        us = 10 if model == "cnn" else 30
        cell["rounds"], cell["latency_s"] = rounds_of([us] * 10), cell["latency_s"] | {"p50": us * 1e-6}
    sentence = answer_of(merged_machines(tmp_path, *documents)).sentences[0]
    assert sentence.startswith("The fastest network: dense on 2 of 3 machines, cnn on 1 of 3 machines; dense takes")


def test_a_rented_instance_of_another_maker_is_not_taken_for_the_machine_that_was_measured():
    assert other_maker("AMD EPYC", "AWS c7i.large (2 vCPU Intel)")
    assert other_maker("Intel(R) Xeon(R)", "AWS c7g.large (2 vCPU Arm Graviton3)")
    assert not other_maker("Intel(R) Core(TM) i7", "AWS c7i.2xlarge (8 vCPU CPU-only), 1/2 of its price")
    assert not other_maker("a processor", "AWS c7i.large (2 vCPU Intel)")
    assert other_card("NVIDIA H100 80GB HBM3", "AWS g4dn.xlarge (1x T4)")
    assert not other_card("Tesla T4", "AWS g4dn.xlarge (1x T4)")
    assert not other_card("NVIDIA A100-SXM4-40GB", "AWS p4d.24xlarge (8x A100 40GB)")
    assert not other_card("", "AWS g4dn.xlarge (1x T4)") and not other_card("NVIDIA L4", "a cloud")


def test_each_processor_has_the_sentence_of_the_machine_that_its_answers_are_priced_by(tmp_path: Path):
    document = run_document({"cnn": 30, "dense": 10})
    for cell in document["cells"]:
        if cell["model"] == "dense":
            cell["provider"], cell["copies_included"] = "cuda", True
            for way in cell["cost_usd_per_million"]:
                way["title"] = "another cloud (1x T4)"
    answer = answer_of(merged_machines(tmp_path, document))
    on_cpu, on_cuda = answer.pricing
    assert on_cpu.startswith("The price on cpu: rented a cloud, at") and "another" not in on_cpu
    assert on_cuda.startswith("The price on cuda: rented another cloud (1x T4)")
    assert {r.network: r.cost_title for r in answer.rows} == {"cnn": "a cloud", "dense": "another cloud (1x T4)"}


def test_what_is_disturbed_or_batched_or_estimated_is_explained_below_the_table(tmp_path: Path):
    calm, busy = (answer_table(run(tmp_path, {"cnn": 30, "dense": 10}, calm=c)) for c in (True, False))
    assert calm.notes == ("±, (): 95% intervals; times: paired rounds.",)
    assert busy.notes == (f"~: a rough guide; {calm.notes[0]}",)
    assert answer_table(run(tmp_path, {"cnn": 30})).notes == ("±: 95% interval.",)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "words"),
    [
        (2.88, 2.856, 2.908, "2.88 times (2.86-2.91)"),  # close together: two decimals tell them apart
        (2.2, 1.82, 2.84, "2.20 times (1.82-2.84)"),  # as many decimals as the least needs
        (3.1, 2.5, 3.8, "3.1 times (2.5-3.8)"),
        (20.6, 19.4, 22.04, "20.6 times (19.4-22.0)"),
        (742, 291, 1492, "742 times (291-1,492)"),
    ],
)
def test_a_ratio_and_the_ends_of_its_interval_have_as_many_decimals(ratio: float, low: float, high: float, words: str):
    assert times_text(Times(ratio, low, high, "slower", False)) == words


def test_medians_that_are_about_the_same_as_the_rounds_in_turn_are_no_disagreement():
    assert not disagrees(2.848, 2.882, 2.856, 2.908, 0.01)  # outside the interval, but by 1.2 %
    assert disagrees(2.7, 2.882, 2.856, 2.908, 0.01) and not disagrees(2.7, 2.882, 2.856, 2.908, 0.1)


def test_energy_is_called_measured_or_estimated(tmp_path: Path):
    document = run_document({"cnn": 30, "dense": 10})
    shown = []
    for counters in (0, 1, 2):
        for number, cell in enumerate(document["cells"][:2]):
            how = "measured: RAPL" if number < counters else "estimated: 8 W / throughput"
            cell |= {"energy_j_per_inference": 1e-6 * (number + 1), "energy_source": how}
        table = answer_table(answer_of(merged_machines(tmp_path, document)))
        assert table.notes[0].endswith("; energy: of one answer.")
        place = next(i for i, column in enumerate(table.columns) if "energy" in column.title)
        shown.append((table.columns[place].title, [row[place] for row in table.rows]))
    assert shown == [
        ("est.\nenergy", ["2.00 µJ", "1.00 µJ"]),
        ("energy\neach", ["2.00 µJ estimated", "1.00 µJ"]),
        ("energy\nmeasured", ["2.00 µJ", "1.00 µJ"]),
    ]


def test_medians_that_say_otherwise_than_the_rounds_in_turn_are_explained(tmp_path: Path):
    document = run_document({"cnn": 30, "dense": 10})
    assert len(answer_of(merged_machines(tmp_path, document)).sentences) == 2
    for cell in document["cells"]:
        if cell["model"] == "cnn" and cell["latency_s"]:
            cell["latency_s"]["p50"] = 45e-6
    told = answer_of(merged_machines(tmp_path, document)).sentences[2]
    assert told.startswith("cnn: the medians alone would say 4.5 times, the rounds in turn say 3.00 times (")


@pytest.mark.parametrize(
    ("correct", "sentence"),
    [
        (
            {"cnn": 496, "dense": 478, "net": 480},
            "cnn is right most often: 99.2% (98.0-99.7%) of 500; net and dense are about equal.",
        ),
        ({"cnn": 496, "dense": 478}, "cnn is right most often: 99.2% (98.0-99.7%) of 500."),
        ({"cnn": 480, "dense": 478}, "cnn and dense are right about equally often (of 500 test pictures)."),
        (
            {"cnn": 496, "net": 495, "dense": 478},
            "Right most often, with no difference shown between them: cnn and net.",
        ),
        ({"cnn": 496}, ""),
    ],
)
def test_a_difference_in_correct_answers_is_said_only_outside_its_interval(correct, sentence, tmp_path: Path):
    document = run_document(dict.fromkeys(correct, 10))
    for cell in document["cells"]:
        if cell["model"] in correct:
            cell["accuracy"] = {"correct": correct[cell["model"]], "samples": 500}
    document["training"] = []
    document["models"] = [{**document["models"][0], "name": name} for name in correct]
    answer = answer_of(merged_machines(tmp_path, document))
    assert answer.right == sentence
    shares = {row[0]: row[-1] for row in answer_table(answer, width=200).rows}
    low, high = (100 * end for end in Proportion(correct["cnn"], 500).wilson())
    assert shares["cnn"] == f"{correct['cnn'] / 5:.1f}% ({low:.1f}-{high:.1f})"
    assert {row[0]: row[-1] for row in answer_table(answer, width=20).rows}["cnn"] == f"{correct['cnn'] / 5:.1f}%"


def test_networks_of_other_data_are_not_held_against_each_other(tmp_path: Path):
    document = run_document({"cnn": 10, "dense": 10})
    entries = merged_machines(tmp_path, document)
    assert answer_of(entries).right == ""  # only of one the data are known
    shares = {"cnn": {"correct": 496, "samples": 500}, "dense": {"correct": 24, "samples": 24}}
    for cell in document["cells"]:
        cell["accuracy"] = shares.get(cell["model"])
    for samples, sizes in ((24, 1), (500, 2)):  # on the same 500 pictures marks have sizes, else one size
        shares["dense"]["samples"] = samples
        document["models"] = [{**document["models"][0], "name": name} for name in shares]
        document["training"] = []
        entries = merged_machines(tmp_path, document)
        plot = answer_chart(entries, answer_of(entries))
        assert len({mark.size for mark in plot.marks}) == sizes
        assert ("more often right" in plot.alt) == (sizes == 2)
        drawn = {mark.network for chart in result_charts(entries[0].result) if chart.key == "accuracy"
                 for mark in chart.marks}  # fmt: skip
        assert drawn in (set(), {"cnn", "dense"}) if sizes == 2 else not drawn


def test_an_interval_of_answers_stays_within_100_percent_and_a_time_above_0(tmp_path: Path):
    document = run_document({"cnn": 10, "dense": 10})
    for cell in document["cells"]:
        cell["accuracy"] = {"correct": 24, "samples": 24}
        if cell["latency_s"]:
            cell["latency_s"] |= {"p50": 1e-5, "ci_low": 0.5e-5, "ci_high": 2.5e-5}
    row = answer_table(answer_of(merged_machines(tmp_path, document)), width=200).rows[0]
    assert row[-1] == "100.0% (86-100)" and row[1].startswith("10.0 µs (5.000-25.00 µs)")


def test_money_has_one_unit_on_a_page(tmp_path: Path):
    document = run_document({"cnn": 30, "dense": 1}, True, (1, 32))
    for cell in document["cells"]:  # electricity is a hundredth of the rent
        rent = next((o for o in cell["cost_usd_per_million"] if o["option"] == "rent"), None)
        if rent:
            cell["cost_usd_per_million"].append({**rent, "option": "electricity", "usd_per_million": 1e-7})
    page = make_page(merged_machines(tmp_path, document))
    titles = [page.first.plot.y.title, *(table.title for table in page.tables), *(plot.x.title for plot in page.charts)]
    named = {found[0] for title in titles if (found := re.search(r"(cents|USD) per (m|b)illion", title))}
    assert len(named) == 1


def test_forints_stand_beside_cents_for_as_many_answers(tmp_path: Path):
    with language("hu"):
        answer = run(tmp_path, {"cnn": 30, "dense": 10})
        assert "0,100 cent/millió, azaz 0,357 Ft/millió (dense)" in said(answer.sentences[1])


def test_the_warning_counts_measurements_as_the_reader_sees_them(tmp_path: Path):
    warning = run(tmp_path, {"cnn": 30, "dense": 10}, calm=False, batches=(1, 8, 32)).warning
    assert warning.startswith(
        "6 of 6 measurements (2 networks x 3 batch sizes) had hardly a calm round (~), so their times"
    )


def test_a_busy_run_says_first_how_to_measure_again_and_keeps_its_sentences(tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.argv", ["dlbench", "compare", "cnn", "--budget", "15", "--rounds=3"])
    assert with_longer_budget(15.0) == "dlbench compare cnn --rounds=3 --budget 60s"
    typed = typed_again("dlbench compare cnn --providers cpu,cuda --full --budget=9")
    assert with_longer_budget(90.0, ("cpu",), typed) == "dlbench compare cnn --providers cpu --budget 180s"
    for strange in ("dlbench compare cnn; ls", "dlbench diff a b", "dlbench compare $(ls)", "dlbench compare a.onnx"):
        assert not typed_again(strange)
    for calm, first in ((True, "open a page"), (False, "again")):
        entries = merged_machines(tmp_path, run_document({"cnn": 30, "dense": 10, "net": 12}, calm, (1, 8, 32)))
        written = [tmp_path / f"a-long-name-of-a-file-{i}.html" for i in range(5)]
        assert show_answer(entries, written, ["open a page"], "dlbench report " + "long" * 20, again="again")
        text = capsys.readouterr().out
        following = [line for line in text.splitlines() if line.startswith("next: ")]
        assert following[0] == f"next: {first}" and following[-1].startswith("next: dlbench report")
        assert "dense is fastest" in text and "Answers cost" in text
        assert sum(-(-max(1, len(line.rstrip())) // 80) for line in text.splitlines()) <= SCREEN_LINES


LOST = (
    "no NVIDIA driver (no NVIDIA GPU was found): with an NVIDIA GPU, install its driver until nvidia-smi works; "
    "without one, use the provider cpu."
)
SHOWN = {  # the last two where there is room
    "en": (
        "cuda could not run here: no NVIDIA driver",
        "dense is",
        "0.100",
        "--budget 60",
        "--full",
        "0.360 USD an",
    ),
    "hu": ("A cuda itt nem futott: nincs NVIDIA", "dense", "0,100", "--full", "--budget 60", "óránként 0,360 USD"),
}


def test_a_provider_that_could_not_run_is_on_the_screen_at_every_width(tmp_path: Path, capsys, monkeypatch):
    document = run_document({"cnn": 30, "dense": 10, "net": 12}, False, (1, 8, 32))
    document["cells"][-1]["reason"] = LOST
    prices = [{"name": "a cloud [cloud]", "value": 0.3, "unit": "USD/h", "date": "2026-09-24", "source": "a list"}]
    document |= {"prices": prices}
    document["warnings"] = ["a warning with many words " * 9, "another", "cuda is unavailable: " + LOST]
    entries = merged_machines(tmp_path, document)
    stem = "compare-20261126-172624"
    written = [Path(f"out/results/{stem}.json"), *(Path(f"out/reports/{stem}.{end}") for end in ("html", "md", "csv"))]
    again = "close other programs, then dlbench compare --providers cpu,cuda --budget 60"
    for columns, code in itertools.product((60, 80, 100), ("en", "hu")):
        monkeypatch.setenv("COLUMNS", str(columns))
        with language(code):
            assert show_answer(entries, written, ["open a page"], "dlbench report a.json --full", again=again)
        lines = capsys.readouterr().out.splitlines()
        text = " ".join(" ".join(lines).split())
        for part in SHOWN[code] if columns > 60 else SHOWN[code][:-2]:
            assert part in text, f"{columns} {code}: {part}\n{text}"
        height = sum(-(-max(1, len(line.rstrip())) // columns) for line in lines)
        assert height <= SCREEN_LINES, f"{columns} {code}: {height}"


def test_csv_and_json_hold_each_cells_place_times_and_mark(tmp_path: Path):
    calm, busy = run_document({"cnn": 30, "dense": 10}), run_document({"cnn": 30, "dense": 10}, calm=False)
    busy["machine"]["fingerprint"] = "00000002"
    entries = merged_machines(tmp_path, calm, busy)
    rows = list(csv.DictReader(io.StringIO(class_csv(entries))))
    told = {(r["machine"], r["model"]): (r["place"], r["disturbed"]) for r in rows if r["verdict"] == "ran"}
    assert told == {
        ("00000001", "cnn"): ("2", "False"),
        ("00000001", "dense"): ("1", "False"),
        ("00000002", "cnn"): ("2", "True"),
        ("00000002", "dense"): ("1", "True"),
    }
    slow = next(r for r in rows if (r["machine"], r["model"]) == ("00000001", "cnn"))
    assert float(slow["times_low"]) < float(slow["times_fastest"]) < float(slow["times_high"])
    assert next(r for r in rows if r["verdict"] == "unavailable")["place"] == ""
    kept = entries[0].result.model_copy(update={"standings": standings(entries[0].result)})
    again = Result.model_validate_json(kept.to_json())
    assert [(s.model, s.place) for s in again.standings] == [("cnn", 2), ("dense", 1)]
    assert class_csv((Entry("00000001", again),)) == class_csv(entries[:1])


def test_an_estimate_is_not_called_faster_than_a_disturbed_figure(tmp_path: Path):
    """Undisturbed, this machine might be as fast."""
    device = load_catalogue().device("t4")
    span = Span(1e-3, 2e-3, "compute", ())
    rows = [Estimate("net", device, span, None, 1, 1.0, "fp32", disturbed) for disturbed in (False, True)]
    shown = inference_table(rows).rows
    assert [(row[3], row[6]) for row in shown] == [("1.00 s", "faster"), ("~1.00 s", "can't tell")]


def with_variant(folder: Path, lost: int) -> tuple[Entry, ...]:
    """A run in which cnn.int8 is three times as fast as cnn, and has lost so many of 500 answers."""
    (entry,) = merged_machines(folder, run_document({"cnn": 30, "cnn.int8": 10}))
    against = AgainstParent.judged(
        PairedDifference(500, lost, 0), 490, model="cnn.int8", parent="cnn", parent_sha256="0" * 64
    )
    result = entry.result.judged_as([against])
    return (Entry(entry.label, result.model_copy(update={"standings": standings(result)})),)


def test_a_variant_that_lost_its_answers_is_neither_fastest_nor_cheapest(tmp_path: Path):
    entries = with_variant(tmp_path, 20)
    answer = answer_of(entries)
    assert [(r.network, r.place, r.cost_place) for r in answer.rows] == [("cnn", 1, 1), ("cnn.int8", None, None)]
    assert answer.sentences[0].startswith("cnn takes 30.0 µs") and "lost 4 points of accuracy" in answer.sentences[1]
    assert "int8" not in answer.sentences[2]
    table = answer_table(answer)
    assert table.rows[1][0] == "cnn.int8 !" and "so its speed is no win" in table.notes[0]
    (result,) = (entry.result for entry in entries)
    assert [s.model for s in result.standings] == ["cnn"]
    first = first_screen(entries, answer)
    assert not any("int8" in tile.whose for tile in first.tiles)
    assert not any("cnn.int8" in line for line in in_short(entries, answer) if "lost" not in line)


def test_a_variant_that_kept_its_answers_is_ranked_as_any_other(tmp_path: Path):
    entries = with_variant(tmp_path, 5)
    answer = answer_of(entries)
    assert answer.rows[0].network == "cnn.int8" and answer.rows[0].place == 1
    assert answer.rows[0].accuracy and answer.rows[0].accuracy.correct == 485
    assert Result.model_validate_json(entries[0].result.to_json()) == entries[0].result

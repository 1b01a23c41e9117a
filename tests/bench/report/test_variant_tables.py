"""Variants in a report: what they gain and lose, and which networks another one beats in everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_answer import merged_machines, run_document

from dlbench.bench.cost.formulas import saved_per_year
from dlbench.bench.diff.standings import standings
from dlbench.bench.report.answer import answer_of
from dlbench.bench.report.charts.pareto_charts import pareto_charts
from dlbench.bench.report.charts.plot import numbers_of, plot_svg
from dlbench.bench.report.first_screen import first_screen
from dlbench.bench.report.page import make_page
from dlbench.bench.report.variants.variant_tables import kernel_table, pareto_table, variant_table
from dlbench.bench.report.what_if import page_data
from dlbench.bench.report.writing import page_html, page_markdown
from dlbench.bench.results.against_parent import AgainstParent
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import KernelTime
from dlbench.bench.results.schema import Result
from dlbench.bench.worker.profile import computes_in
from dlbench.proportion import PairedDifference

SPEEDS = {"cnn": 40, "cnn.int8": 19, "cnn.fp16": 55, "cnn.int4": 38, "dense": 12, "slow": 90, "other": 5}
SIZES = {"cnn": 4000, "cnn.int8": 1100, "cnn.fp16": 2000, "cnn.int4": 700, "dense": 9000, "slow": 9500, "other": 1}
RIGHT = {"cnn": 496, "dense": 470, "slow": 470, "other": 499}
LOST = {"cnn.int8": (3, 2), "cnn.fp16": (0, 0), "cnn.int4": (25, 2)}


@pytest.fixture
def result(tmp_path: Path) -> Result:
    document = run_document(dict(SPEEDS), batches=(1, 8))
    first = document["models"][0]
    document["training"] = []
    document["models"] = [
        {
            **first,
            "name": name,
            "data": "photos" if name == "other" else "mnist-sample",
            "bytes": size,
            "accuracy": {"correct": RIGHT.get(name, 1), "samples": 500},
        }
        for name, size in SIZES.items()
    ]
    for cell in document["cells"]:
        if cell["verdict"] == "ran":
            accuracy = {"correct": RIGHT.get(cell["model"], 1), "samples": 500}
            cell |= {"bytes": SIZES[cell["model"]], "accuracy": accuracy}
    (entry,) = merged_machines(tmp_path, document)
    facts = {"parent": "cnn", "parent_sha256": "0" * 64, "data": "mnist-sample", "split": "test"}
    variants = [
        AgainstParent.judged(PairedDifference(500, lost, won), 496, model=name, changed=lost + won, **facts)
        for name, (lost, won) in LOST.items()
    ]
    judged = entry.result.judged_as(variants)
    return judged.model_copy(update={"standings": standings(judged)})


def test_each_variant_stands_beside_its_parent_with_what_it_gains_and_loses(result: Result):
    table = variant_table(result)
    rows = {(row[0], row[2]): row for row in table.rows}
    assert len(rows) == 6 and rows[("cnn.int8", "1")][3].startswith("2.11 (")
    assert rows[("cnn.int8", "8")][4:] == ("3.6", "0.2", "-0.9 to 1.4", "5 of 500", "kept its answers")
    assert rows[("cnn.fp16", "1")][3].startswith("0.73 (") and rows[("cnn.int4", "1")][-1] == "lost its answers"
    assert any("McNemar's exact p < 0.0001" in note for note in table.notes)


def test_what_another_one_beats_in_everything_is_named_and_grey(result: Result):
    beaten = {row[0]: row[-1] for row in pareto_table(result).rows}
    assert beaten == {
        "cnn": "none",
        "cnn.fp16": "none",
        "cnn.int8": "none",
        "cnn.int4": "lost its answers",
        "dense": "none",
        "slow": "dense",
    }  # and `other`, the best of all, was judged on other pictures
    charts = pareto_charts(result)
    assert [chart.key for chart in charts] == ["paretotime", "paretosize", "paretocost"]
    for chart in charts:
        assert {mark.network for mark in chart.marks if mark.grey} == {"slow", "cnn.int4"}
        assert "beaten in everything by dense" in plot_svg(chart, numbers_of(charts))


def test_where_nobody_can_tell_which_is_faster_none_is_beaten(result: Result):
    unclear = [
        cell.model_copy(update={"rounds": cell.rounds[:1]}) if cell.model == "slow" else cell for cell in result.cells
    ]
    rows = pareto_table(result.model_copy(update={"cells": tuple(unclear)})).rows
    assert {row[0]: row[-1] for row in rows}["slow"] == "none"


def test_variants_and_parents_are_ranked_by_accuracy_together_where_they_answered_the_same_pictures(result: Result):
    alone = result.model_copy(update={"cells": tuple(c for c in result.cells if c.model != "other")})
    answer = answer_of((Entry("me", alone),))
    assert answer.right == "Right most often, with no difference shown between them: cnn, cnn.fp16 and cnn.int8."
    tiles = {tile.question: tile for tile in first_screen((Entry("me", alone),), answer).tiles}
    assert tiles["most often right"].whose == "cnn and cnn.fp16"
    whole = answer_of((Entry("me", result),))  # `other`, judged on other pictures, is no part of it
    assert (
        "other"
        not in next(
            t for t in first_screen((Entry("me", result),), whole).tiles if t.question == "most often right"
        ).whose
    )


def test_the_page_opens_with_the_variants_and_their_charts(result: Result):
    page = make_page((Entry("me", result),))
    assert {"variants", "pareto"} <= {table.key for table in page.open_tables}
    assert len(page.open_charts) == 3 and not set(page.open_charts) & set(page.folded_charts)
    html, markdown = page_html(page), page_markdown(page)
    assert html.index("Accuracy against time") < html.index("More charts")
    assert "What fewer bits gain and lose" in markdown and "lost its answers" in markdown


def test_without_variants_nothing_is_said_of_them(result: Result):
    plain = result.model_copy(update={"variants": ()})
    page = make_page((Entry("me", plain),))
    assert not page.open_charts and "variants" not in {table.key for table in page.tables}


def test_a_slower_variant_is_told_with_what_the_machine_lacks(result: Result):
    of = {"cnn.int8": "int8", "cnn.fp16": "fp16", "cnn.int4": "int4"}
    cells = tuple(cell.model_copy(update={"precision": of.get(cell.model, "fp32")}) for cell in result.cells)
    named = result.model_copy(update={"cells": cells})
    answer = answer_of((Entry("me", named),))
    slower = [line for line in answer.sentences if line.startswith("cnn.fp16 takes")]
    assert len(slower) == 1 and "as long as cnn here: fp16 runs as fp32 with casts on this CPU" in slower[0]
    assert any(note.startswith("fp16 (cpu): ") for note in variant_table(named).notes)


def test_a_variant_that_is_slower_in_spite_of_the_instructions_is_told_with_why(result: Result):
    of = {"cnn.fp16": "int8"}  # the slower one
    cells = tuple(cell.model_copy(update={"precision": of.get(cell.model, "fp32")}) for cell in result.cells)
    machine = result.machine.model_copy(update={"architecture": "x86_64", "instructions": ("AVX2", "AVX512-VNNI")})
    answer = answer_of((Entry("me", result.model_copy(update={"cells": cells, "machine": machine})),))
    slower = [line for line in answer.sentences if line.startswith("cnn.fp16 takes")]
    assert (
        len(slower) == 1 and "although this CPU has instructions for int8 (AVX512-VNNI): in small layers" in slower[0]
    )


def test_the_kernels_that_ran_in_fewer_bits_are_told_from_those_that_did_not(result: Result):
    kernels = (
        KernelTime(numbers="int8", kernels=5, seconds=3e-5, share=0.6, operators={"QLinearConv": 3, "QGemm": 2}),
        KernelTime(numbers="converting", kernels=4, seconds=2e-5, share=0.4, operators={"QuantizeLinear": 4}),
    )
    changed = [c.model_copy(update={"kernels": kernels if c.model == "cnn.int8" else ()}) for c in result.cells]
    models = [m.model_copy(update={"precision": "int8" if m.name == "cnn.int8" else "fp32"}) for m in result.models]
    table = kernel_table(result.model_copy(update={"cells": tuple(changed), "models": tuple(models)}))
    assert table.rows[0] == ("cnn.int8", "cpu", "int8", "5", "60%", "QLinearConv x3, QGemm x2")
    assert table.rows[1][2:] == ("converting", "4", "40%", "QuantizeLinear x4")


@pytest.mark.parametrize(
    ("operator", "types", "numbers"),
    [
        ("QLinearConv", ["uint8", "float", "uint8", "float", "int8"], "int8"),
        ("DynamicQuantizeMatMul", ["float", "float", "int8"], "int8"),
        ("MaxPool", ["uint8"], "int8"),
        ("Conv", ["float", "float"], "fp32"),
        ("Conv", ["float16", "float16"], "fp16"),
        ("MatMulNBits", ["float", "float"], "int4"),
        ("QuantizeLinear", ["float", "float", "uint8"], "converting"),
        ("Cast", ["float16"], "converting"),
        ("Shape", ["int64"], "other"),
    ],
)
def test_the_profile_tells_in_which_numbers_a_kernel_computes(operator: str, types: list[str], numbers: str):
    assert computes_in(operator, [{}, *({name: [1, 2]} for name in types)]) == numbers


def test_the_what_if_panel_knows_which_network_a_variant_stands_for(result: Result):
    data = page_data((Entry("me", result),))
    assert data["variants"][2] == {"network": "cnn.int4", "parent": "cnn", "machine": 0, "lost": True}
    assert 'name="answers_per_day"' in page_html(make_page((Entry("me", result),)))
    assert saved_per_year(1e6, 0.4, 0.19) == pytest.approx(76.65)
    plain = make_page((Entry("me", result.model_copy(update={"variants": ()})),))
    assert 'name="answers_per_day"' not in page_html(plain)

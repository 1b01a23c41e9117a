"""Reports and result files, above all those that come from somebody else."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from reports import document

from dlbench.bench.report.page import headline, make_page
from dlbench.bench.report.result_csv import class_csv
from dlbench.bench.report.tables.result_tables import all_tables
from dlbench.bench.report.writing import page_html, page_markdown, write_reports
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Result, read_result
from dlbench.errors import ResultFileError, WorkspaceError

HOSTILE = '<script>alert("x")</script>|=cmd()$x$'


def saved(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "result.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return read_result(saved(tmp_path, document()))


def test_the_page_holds_every_table_cell_price_assumption_and_warning(result: Result):
    page = page_html(make_page([Entry.of(result)]))
    text = re.sub(r"\s+", " ", page)
    for table in all_tables(result):
        assert table.title in text
        for row in table.rows:
            for cell in row:
                assert cell in text
    for words in ("no driver", "busy all the time", "EIA", "0.168 USD/kWh", "abcd1234"):
        assert words in text


def test_the_page_asks_the_network_for_nothing(result: Result):
    page = page_html(make_page([Entry.of(result)]))
    assert page.count("<script") == 2 and "<script src" not in page  # the data, and the page's own code
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    script = page.rsplit("<script>", 1)[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_the_page_has_four_charts_whose_marks_have_words_and_no_clashing_ids(result: Result):
    page = page_html(make_page([Entry.of(result)]))
    charts = re.findall(r'<svg class="plot (\w+)" role="group" aria-label="([^"]*)"', page)
    assert [kind for kind, _ in charts] == ["wide", "narrow"] * 4  # for a wide screen and for a phone
    assert len({name for _, name in charts}) == 4
    marks = re.findall(r'<g class="mark" role="img"[^>]*><title>([^<]*)</title>', page)
    assert len(marks) >= 8 and all("cnn" in words and "cpu" in words for words in marks)
    assert "2.00 ms (1.900-2.100 ms)" in marks[0] and "right: 99.0%" in marks[0]
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(svg)


def test_an_unavailable_cell_stands_apart_with_no_figure(result: Result):
    speed = all_tables(result)[0]
    assert speed.rows[-1] == ("cnn", "cuda", "1", "unavailable", *[""] * 8)
    cost = all_tables(result)[1]
    assert [row[1] for row in cost.rows] == ["cpu"]


def test_a_hostile_name_is_escaped_in_html_markdown_and_csv(tmp_path: Path):
    changed = json.loads(json.dumps(document()).replace('"cnn"', json.dumps(HOSTILE)))
    changed["warnings"] = [HOSTILE]
    result = read_result(saved(tmp_path, changed))
    page = page_html(make_page([Entry.of(result)]))
    assert page.count("<script") == 2 and page.count("</script") == 2
    assert "&lt;script&gt;" in page and "alert(" in page and "<script>alert" not in page
    markdown = page_markdown(make_page([Entry.of(result)]))
    assert "<script" not in markdown
    rows = {line.count("|") - line.count("\\|") for line in markdown.splitlines() if line.startswith("| &lt;script")}
    assert len(rows) >= 1
    table = list(csv.reader(io.StringIO(class_csv([Entry.of(result)]))))
    assert all(len(row) == len(table[0]) for row in table)
    formula = {**document()}
    formula["models"][0]["name"] = formula["cells"][0]["model"] = "=1+1"
    assert "'=1+1" in class_csv([Entry.of(read_result(saved(tmp_path, formula)))])


def test_the_csv_holds_base_units_and_leaves_unknowns_empty(result: Result):
    rows = list(csv.DictReader(io.StringIO(class_csv([Entry.of(result)]))))
    assert float(rows[0]["latency_p50_s"]) == 0.002
    assert rows[0]["latency_p99_s"] == "" and rows[0]["colab_usd_per_million"] == ""
    assert rows[1]["verdict"] == "unavailable" and rows[1]["latency_p50_s"] == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "truncated"),
        (json.dumps(document())[:-50], "truncated"),
        ("[]", "without a schema"),
        ({"schema": "dlbench.result/2"}, "'dlbench.result/2'"),
        ("[" * 100_000, "truncated"),
        (document(cells="none"), "field cells"),
        (document(surprise=1), "surprise"),
        (document(warnings=["x" * 10_000]), "warnings.0"),
        (json.dumps(document()).replace("0.168", "NaN"), "prices.0.value"),
        (json.dumps(document()).replace('"counts": [1, 2]', '"counts": [1, 1000000000000]'), "at most"),
        (json.dumps(document()).replace('"counts": [1, 2]', '"counts": [1]'), "one length"),
    ],
)
def test_a_result_file_that_does_not_fit_is_refused_in_one_short_line(tmp_path: Path, content: Any, words: str):
    with pytest.raises(ResultFileError) as caught:
        read_result(saved(tmp_path, content))
    message = str(caught.value)
    assert words in message
    assert "\n" not in message and len(message) < 700


def test_a_result_file_of_64_mib_or_more_is_not_read(tmp_path: Path):
    path = tmp_path / "big.json"
    with path.open("wb") as stream:
        stream.truncate(70 * 2**20)
    with pytest.raises(ResultFileError, match="too large"):
        read_result(path)


def test_a_report_into_a_place_that_can_not_be_written_is_refused_and_leaves_nothing(result: Result, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkspaceError, match="can't write"):
        write_reports(result, tmp_path / "file" / "report")


def test_a_report_that_fails_half_way_leaves_the_old_one_whole(result: Result, tmp_path: Path, monkeypatch):
    import os

    (html, *_) = write_reports(result, tmp_path / "report")
    before = html.read_text()

    def full(handle: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WorkspaceError, match="disk is full"):
        write_reports(result, tmp_path / "report")
    assert html.read_text() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["report.csv", "report.html", "report.md", "result.json"]


def test_under_load_and_in_short_a_gpu_s_two_figures_are_told_apart(tmp_path: Path):
    content = document()
    cell = {**content["cells"][0], "provider": "cuda", "scenario": "offline", "streams": 2}
    content["cells"] = [{**cell, "copies_included": True}, {**cell, "copies_included": False, "throughput_per_s": 900}]
    path = tmp_path / "gpu.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    result = read_result(path)
    load = next(table for table in all_tables(result) if table.key == "load")
    assert [row[1] for row in load.rows] == ["cuda with copies", "cuda without copies"]
    assert any("cuda without copies" in sentence for sentence in headline(result))

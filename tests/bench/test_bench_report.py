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

from dlbench.bench.report.csv_file import cells_csv
from dlbench.bench.report.tables.result_tables import all_tables
from dlbench.bench.report.writing import render_html, render_markdown, write_reports
from dlbench.bench.results.schema import Result, read_result
from dlbench.errors import ResultFileError, WorkspaceError

HOSTILE = '<script>alert("x")</script>|=cmd()$x$'


def document(**changes: Any) -> dict[str, Any]:
    """A small whole result, by hand: 2 rounds of 3 samples each."""
    latency = {"p50": 0.002, "p90": None, "p95": None, "p99": None, "p999": None, "mean": 0.002, "min": 0.001}
    round_ = {
        "load_s": 0.01,
        "first_run_s": 0.003,
        "values_ns": [1000000, 2000000],
        "counts": [1, 2],
        "timer_cost_s": 5e-8,
    }
    costs = [
        {"option": "own", "title": "this machine", "usd_per_hour": 0.1, "usd_per_million": 0.0556, "why": ""},
        {"option": "electricity", "title": "power", "usd_per_hour": 0.01, "usd_per_million": 0.00556, "why": ""},
        {"option": "rent", "title": "AWS", "usd_per_hour": 0.4, "usd_per_million": 0.222, "why": ""},
        {"option": "colab", "title": "Colab", "usd_per_hour": None, "usd_per_million": None, "why": "no price"},
    ]
    cell = {
        "model": "cnn",
        "precision": "fp32",
        "provider": "cpu",
        "batch": 1,
        "threads": 2,
        "copies_included": None,
        "verdict": "ran",
        "reason": "all 4 nodes ran on cpu",
        "nodes_on_provider": 4,
        "nodes_total": 4,
        "latency_s": {**latency, "ci_low": 0.0019, "ci_high": 0.0021, "ci_level": 0.95},
        "throughput_per_s": 500,
        "samples": 6,
        "rounds": [round_, round_],
        "accuracy": {"correct": 99, "samples": 100},
        "cost_usd_per_million": costs,
    }
    lost = {
        **cell,
        "provider": "cuda",
        "verdict": "unavailable",
        "reason": "no driver",
        "latency_s": None,
        "rounds": [],
    }
    lost.update(throughput_per_s=None, cost_usd_per_million=[], samples=0)
    return {
        "schema": "dlbench.result/1",
        "created": "2026-11-23T10:00:00+00:00",
        "machine": {
            "cpu": "Some CPU",
            "architecture": "x86_64",
            "logical_cores": 2,
            "physical_cores": 2,
            "usable_cores": 2,
            "memory_bytes": 1 << 34,
            "os": "Linux 6.1",
            "fingerprint": "abcd1234",
        },
        "software": {"dlbench": "0.1.0", "python": "3.11.7", "onnxruntime": "1.31.1"},
        "settings": {
            "providers": ["cpu", "cuda"],
            "batch_sizes": [1],
            "threads": 2,
            "seed": 0,
            "min_rounds": 2,
            "precision_goal": 0.01,
            "budget_s": 1,
            "duration_s": 3.5,
        },
        "models": [
            {
                "name": "cnn",
                "sha256": "0" * 64,
                "precision": "fp32",
                "bytes": 1000,
                "parameters": 10,
                "macs": 100,
                "opset": 18,
                "inputs": ["image float32 [N, 1, 28, 28]"],
            }
        ],
        "cells": [cell, lost],
        "training": [
            {
                "model": "cnn",
                "device": "cpu",
                "training_s": 12.5,
                "energy_j": 100,
                "energy_source": "estimated",
                "data": "mnist-sample",
                "accuracy": {"correct": 99, "samples": 100},
                "cost": [{"option": "rent", "title": "AWS", "usd_per_hour": 0.4, "usd_total": 0.00139}],
            }
        ],
        "prices": [{"name": "electricity", "value": 0.168, "unit": "USD/kWh", "date": "2025", "source": "EIA"}],
        "assumptions": ["busy all the time"],
        "warnings": ["cuda is unavailable: no driver"],
        **changes,
    }


def saved(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "result.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return read_result(saved(tmp_path, document()))


def test_the_page_holds_every_table_cell_price_assumption_and_warning(result: Result):
    page = render_html(result)
    text = re.sub(r"\s+", " ", page)
    for table in all_tables(result):
        assert table.title in text
        for row in table.rows:
            for cell in row:
                assert cell in text
    for words in ("no driver", "busy all the time", "EIA", "0.168 USD/kWh", "abcd1234"):
        assert words in text


def test_the_page_asks_the_network_for_nothing(result: Result):
    page = render_html(result)
    assert page.count("<script") == 2 and "<script src" not in page  # the data, and the page's own code
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    script = page.rsplit("<script>", 1)[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page
    assert not re.search(r"@import|url\((?!#)", page)
    assert "default-src 'none'" in page


def test_the_page_has_three_charts_with_alternative_text_and_no_clashing_ids(result: Result):
    page = render_html(result)
    assert page.count("<svg") == 3
    assert page.count('role="img"') == 3
    assert all(len(label) > 20 for label in re.findall(r'<figure role="img" aria-label="([^"]*)"', page))
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ET.fromstring(svg)


def test_an_unavailable_cell_stands_apart_with_no_figure(result: Result):
    speed = all_tables(result)[0]
    assert speed.rows[-1] == ("cnn", "cuda", "1", "unavailable", *[""] * 7)
    cost = all_tables(result)[1]
    assert [row[1] for row in cost.rows] == ["cpu"]


def test_a_hostile_name_is_escaped_in_html_markdown_and_csv(tmp_path: Path):
    changed = json.loads(json.dumps(document()).replace('"cnn"', json.dumps(HOSTILE)))
    changed["warnings"] = [HOSTILE]
    result = read_result(saved(tmp_path, changed))
    page = render_html(result)
    assert page.count("<script") == 2 and page.count("</script") == 2
    assert "&lt;script&gt;" in page and "alert(" in page and "<script>alert" not in page
    markdown = render_markdown(result)
    assert "<script" not in markdown
    rows = {line.count("|") - line.count("\\|") for line in markdown.splitlines() if line.startswith("| &lt;script")}
    assert len(rows) >= 1
    table = list(csv.reader(io.StringIO(cells_csv(result))))
    assert all(len(row) == len(table[0]) for row in table)
    formula = {**document()}
    formula["models"][0]["name"] = formula["cells"][0]["model"] = "=1+1"
    assert "'=1+1" in cells_csv(read_result(saved(tmp_path, formula)))


def test_the_csv_holds_base_units_and_leaves_unknowns_empty(result: Result):
    rows = list(csv.DictReader(io.StringIO(cells_csv(result))))
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

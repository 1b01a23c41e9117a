"""Results and journals from others: bounded, refused by the field's name, and whatever is written can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reports import document, machine_document, saved_machines
from typer.testing import CliRunner

from dlbench.bench.measure.journal import Journal, JournalHeader, JournalLine, read_journal
from dlbench.bench.results.records import ModelRecord, shortened
from dlbench.bench.results.schema import Cell, Result, read_result, write_result
from dlbench.cli import app
from dlbench.commands.options import typed_command
from dlbench.errors import ResultFileError

DIGITS = "9" * 400


def refusal(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(ResultFileError) as caught:
        read_result(path)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 700
    return message


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        ("machine.logical_cores", '"logical_cores": 2', f'"logical_cores": {DIGITS}'),
        ("machine.memory_bytes", '"memory_bytes": 17179869184', f'"memory_bytes": -{DIGITS}'),
        ("settings.seed", '"seed": 0', f'"seed": {DIGITS}'),
        ("settings.batch_sizes.0", '"batch_sizes": [1]', f'"batch_sizes": [{DIGITS}]'),
        ("settings.precision_goal", '"precision_goal": 0.01', '"precision_goal": 1e-320'),
        ("models.0.parameters", '"parameters": 10', f'"parameters": {DIGITS}'),
        ("models.0.opset", '"opset": 18', f'"opset": {DIGITS}'),
        ("cells.0.rounds.0.values_ns.0", '"values_ns": [1000000', f'"values_ns": [{DIGITS}'),
        ("cells.0.accuracy.correct", '"correct": 99', f'"correct": {DIGITS}'),
        ("cells.0.latency_s.p50", '"p50": 0.002', '"p50": 1e300'),
        ("prices.0.value", '"value": 0.168', '"value": 1e308'),
        ("training.0.training_s", '"training_s": 12.5', '"training_s": 1e308'),
        ("number out of range", '"seed": 0', f'"seed": {"9" * 5000}'),
    ],
)
def test_a_number_that_no_run_gives_is_refused_with_the_name_of_its_field(
    tmp_path: Path, field: str, before: str, after: str
):
    text = json.dumps(document())
    assert before in text
    assert field in refusal(tmp_path / "result.json", text.replace(before, after, 1))


HEAD = '{"schema":"dlbench.result/1",'


@pytest.mark.parametrize(
    "text",
    [
        HEAD + '"cells":[' + "{}," * 510_000 + "{}]}",
        HEAD + '"cells":[' + "0," * 4_100_000 + "0]}",
        HEAD + ",".join(f'"{i:x}":0' for i in range(2000)) + "}",
        HEAD + '"cells":[{"fallback_operators":{' + ",".join(f'"{i:x}":-1' for i in range(2000)) + "}}]}",
    ],
    ids=["objects", "values", "keys", "inner keys"],
)
def test_a_file_that_would_fill_the_memory_is_refused_before_it_is_checked(tmp_path: Path, text: str):
    assert "at most" in refusal(tmp_path / "result.json", text)


def test_ten_thousand_wrong_rounds_end_at_the_first(tmp_path: Path):
    broken = document()
    broken["cells"][0]["rounds"] = [{}] * 10_000
    message = refusal(tmp_path / "result.json", json.dumps(broken))
    assert "cells.0.rounds.0" in message and "(and 4 more)" in message


def test_one_broken_result_does_not_stop_the_report_of_the_class(tmp_path: Path):
    paths = [str(path) for path in saved_machines(tmp_path, machine_document(1), machine_document(2))]
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(document()).replace('"logical_cores": 2', f'"logical_cores": {DIGITS}'))
    done = CliRunner().invoke(app, ["report", paths[0], str(broken), paths[1], "--out", str(tmp_path)])
    assert done.exit_code == 0
    assert "left out" in done.output and "machine.logical_cores" in done.output
    assert "00000002" in next(tmp_path.glob("class-*.md")).read_text()
    with pytest.raises(ResultFileError):
        CliRunner().invoke(app, ["report", str(broken)], catch_exceptions=False)
    with pytest.raises(ResultFileError):
        CliRunner().invoke(app, ["report", paths[0], str(tmp_path / "missing.json")], catch_exceptions=False)


ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=3000) | st.builds(
    lambda c, n: c * n, st.sampled_from("aé漢\x00\ud800\U0001f600"), st.integers(0, 5000)
)
COUNT = st.integers(0, 2**63 - 1)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(ANY_TEXT, st.integers(50, 1000))
def test_shortened_text_fits_and_can_be_written(text: str, limit: int):
    short = shortened(text, limit)
    assert len(short) <= limit
    short.encode()
    assert shortened(short, limit) == short


def test_two_long_names_stay_apart():
    assert shortened("x" * 500 + "a", 200) != shortened("x" * 500 + "b", 200)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(text=ANY_TEXT, number=COUNT, opset=st.integers(-(2**63), 2**63 - 1))
def test_what_a_model_file_may_hold_can_be_written_and_read_again(
    tmp_path_factory: pytest.TempPathFactory, text: str, number: int, opset: int
):
    base = Result.model_validate_json(json.dumps(document()))
    record = ModelRecord(
        name=text,
        sha256="0" * 64,
        precision="fp32",
        bytes=number,
        parameters=number,
        macs=None,
        opset=opset,
        inputs=(text,),
        network=text,
        architecture=text,
        data=text,
        data_note=text,
    )
    cell = Cell(
        **{
            **vars(base.cells[0]),
            "model": text,
            "reason": text,
            "fallback_operators": {text: number},
            "warnings": (text,),
        }
    )
    training = type(base.training[0])(**{**vars(base.training[0]), "model": text, "device": text, "data": text})
    whole = Result(
        **{**vars(base), "models": (record,), "cells": (cell,), "training": (training,), "warnings": (text,)}
    )
    path = write_result(whole, tmp_path_factory.mktemp("results") / "r.json")
    again = read_result(path)
    assert again == whole
    assert again.cells[0].model == again.models[0].name


@settings(max_examples=30, derandomize=True, deadline=None)
@given(text=ANY_TEXT, number=COUNT)
def test_a_round_in_the_journal_can_be_read_again(tmp_path_factory: pytest.TempPathFactory, text: str, number: int):
    round_ = Result.model_validate_json(json.dumps(document())).cells[0].rounds[0]
    line = JournalLine(
        key=(text, "cpu", number, number, None, 1, "server", 1.5),
        verdict="ran",
        reason=text,
        nodes_on_provider=number,
        nodes_total=number,
        fallback_operators={text: number},
        shares=(),
        options={text: text},
        round=round_,
    )
    path = tmp_path_factory.mktemp("journal") / "j.rounds.jsonl"
    with Journal.create(path, JournalHeader(command=text, identity={"a": number})) as journal:
        journal._write(line.model_dump_json())
    assert read_journal(path)[1] == (line,)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\n",
        b"{}\n",
        b'{"schema":"dlbench.journal/1","identity":{}}\n{"key":[]}\n',
        b'{"schema":"dlbench.journal/1","identity":{"a":' + b"[" * 1000 + b"}}\n",
        b'{"schema":"dlbench.journal/1","identity":{"a":' + DIGITS.encode() * 20 + b"}}\n",
        b'{"schema":"dlbench.journal/1","identity":{},"rates":{"a":[1e300]}}\n',
        b'{"schema":"dlbench.journal/1","identity":{}}\n' + b"[" * 600_000 + b"\n",
        b"\xff\xfe\n",
    ],
)
def test_a_damaged_journal_is_refused_in_one_line(tmp_path: Path, broken: bytes):
    path = tmp_path / "j.rounds.jsonl"
    path.write_bytes(broken)
    with pytest.raises(ResultFileError, match="can't be resumed from") as caught:
        read_journal(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (["compare", "/home/joe/net.onnx", "--threads", "2"], "dlbench compare net.onnx --threads 2"),
        (["compare", "..\\joe\\net.onnx", "--prices=/home/joe/p.toml"], "dlbench compare net.onnx --prices=p.toml"),
        (
            ["compare", "--input", "x=/home/joe/v.npz", "--shape", "x=1,3"],
            "dlbench compare --input x=v.npz --shape x=1,3",
        ),
        (["diff", "a/model.onnx", "b/model.onnx"], "dlbench diff model.onnx model.onnx"),
        (["compare", "--workspace", str(Path.home())], "dlbench compare --workspace ~"),
    ],
)
def test_the_command_in_a_result_names_files_without_their_folders(
    monkeypatch: pytest.MonkeyPatch, typed: list[str], kept: str
):
    monkeypatch.setattr("sys.argv", ["/home/joe/.venv/bin/dlbench", *typed])
    assert typed_command() == kept
    assert typed_command(keep_paths=True) == "dlbench " + " ".join(typed)


def test_the_reason_of_a_failed_cell_names_the_model_without_its_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    from dlbench.bench.measure import launch

    said: dict[str, Any] = {"error": f"Load model from {tmp_path}/net.onnx failed", "error_type": "Fail"}
    monkeypatch.setattr(launch, "WORKER", ["echo", json.dumps(said)])
    problem = launch.ask({"model": str(tmp_path / "net.onnx")}, 20).problem
    assert problem is not None and problem.reason == "Load model from net.onnx failed"

"""What may be set, and the same as code to paste."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from dlbench.bench.providers.options import parse_provider_options, session_config
from dlbench.bench.providers.registry import provider
from dlbench.bench.tuning.runtime_setting import RuntimeSetting, settings_for
from dlbench.bench.tuning.session_code import session_code
from dlbench.bench.worker.session import open_session
from dlbench.cli import main
from dlbench.errors import ProviderError


@pytest.mark.parametrize(("kind", "threads"), [("cpu", 1), ("cpu", 2), ("cpu", 16), ("cuda", 4), ("openvino", 4)])
def test_the_first_setting_is_that_of_a_plain_session(kind: str, threads: int):
    found = settings_for(kind, threads, ["fp32", "int8"], (1, 8), ["fp32"] if kind == "cpu" else [])
    assert found[0] == RuntimeSetting() and found[0].options(kind) == {} and len(found) == len(set(found))
    assert [s.changes for s in found] == sorted(s.changes for s in found)
    assert {(s.precision, s.batch) for s in found} == {("fp32", 1), ("fp32", 8), ("int8", 1), ("int8", 8)}
    assert len({s.words for s in found}) == len(found)
    assert (len(found) > 20) == (kind == "cpu")


@pytest.mark.parametrize("setting", settings_for("cpu", 2, ["fp32"], (1,), ["fp32"]), ids=lambda s: s.words)
def test_the_code_opens_the_session_that_was_timed(setting: RuntimeSetting, dense_file: Path):
    made: dict[str, object] = {}
    exec(session_code(setting, str(dense_file), "cpu"), made)
    session, options = made["session"], made["options"]
    request = {
        "provider": "CPUExecutionProvider",
        "threads": setting.threads,
        "session_config": session_config(setting.options("cpu")),
    }
    timed = open_session(onnxruntime, str(dense_file), request).get_session_options()
    for name in ("intra_op_num_threads", "graph_optimization_level", "enable_cpu_mem_arena"):
        assert getattr(options, name) == getattr(timed, name), name
    image = np.zeros([1, *session.get_inputs()[0].shape[1:]], np.float32)
    assert len(session.run(None, {session.get_inputs()[0].name: image})) == 1


def test_code_for_a_gpu_names_the_options_of_its_provider():
    code = session_code(RuntimeSetting(nhwc=True, cuda_graph=True, batch=8), "a'b.onnx", "cuda")
    compile(code, "code", "exec")
    assert "(\"CUDAExecutionProvider\", {'prefer_nhwc': '1', 'enable_cuda_graph': '1'})" in code
    assert "8 inputs at a time" in code


def test_the_level_of_optimisation_is_checked():
    with pytest.raises(ProviderError, match="graph_optimization_level: expected one of disable, basic"):
        parse_provider_options(["cpu:graph_optimization_level=most"], [provider("cpu")])
    assert parse_provider_options(["cpu:enable_cpu_mem_arena=0"], [provider("cpu")])["cpu"]


@pytest.mark.usefixtures("replayed_rounds")
def test_tune_ends_with_code(dense_file: Path, workspace: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["tune", str(dense_file), "--budget", "0"]) == 0
    text = capsys.readouterr().out
    assert "Settings for tiny on cpu" in text and text.rstrip().splitlines()[-1].startswith("session = ort.Inference")
    assert "without int8: int8 needs pictures" in text
    assert main(["tune", str(dense_file), "--budget", "0", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "dlbench.tuning/1" and document["complete"]
    assert document["trials"][0]["setting"] == {**document["best"], **document["trials"][0]["setting"]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--providers", "cpu,cuda"], "--providers: expected one provider"),
        (["--accuracy-drop", "101"], "--accuracy-drop: expected 0 to 100"),
        (["--precision", "int9"], "--precision: expected fp32"),
        (["--precision", ","], "--precision: expected some of fp32"),
        (["--budget", "-1"], "--budget"),
        (["--precision", "int8"], "int8 needs pictures"),
    ],
)
def test_bad_input(arguments: list[str], words: str, dense_file: Path, workspace: Path, capsys):
    assert main(["tune", str(dense_file), *arguments]) == 2
    assert words in capsys.readouterr().err

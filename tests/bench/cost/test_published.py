"""Published training costs: every row with its source, and the sentences that the figures themselves give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from reports import document

from dlbench.bench.cost.published import claim_against_logs, fall_of_8_v100, published_runs
from dlbench.cli import main


def test_every_published_row_is_there_with_its_source():
    runs = published_runs()
    assert len(runs) == 41 and all(r.source and r.confidence for r in runs)
    assert {r.kind for r in runs} == {"GPU", "TPU", "CPU"}
    assert sum(r.cost_usd is None for r in runs) > 0  # what was not found stays unknown


def test_dawnbench_costs_are_hours_times_price():
    for run in published_runs():
        if run.id.startswith("dawn-") and run.cost_usd is not None:
            assert run.time_s / 3600 * run.hourly_usd == pytest.approx(run.cost_usd, rel=0.01)


def test_8_v100_fell_from_358_to_7_43_usd_in_26_months():
    first, last = fall_of_8_v100(published_runs())
    assert (first.cost_usd, last.cost_usd) == (358.22, 7.43)
    assert (first.date[:7], last.date[:7]) == ("2018-01", "2020-03")


def test_the_claim_of_2018_stands_beside_the_logs_of_the_same_month():
    claim, logs, why = claim_against_logs(published_runs())
    assert "27 times" in claim and "from memory" in claim
    assert "12.2 times as fast" in logs and "23% dearer" in logs
    assert "warm-up" in why


def test_the_command_prints_draws_and_puts_own_trainings_beside(workspace: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cost", "training"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "in 26 months" in text and "dlbench compare puts" in text
    assert "training time" in (workspace / "pictures" / "training-cost.svg").read_text()
    path = workspace / "result.json"
    path.write_text(json.dumps(document()))
    assert main(["cost", "training", str(path)]) == 0
    assert "This machine's own trainings" in capsys.readouterr().out
    assert main(["cost", "training", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["published"]) == 41


def test_the_lecture_s_comparison_has_logs_claim_and_one_s_own_networks_by_estimate():
    from dlbench.api.costs import training_costs
    from dlbench.bench.results.schema import Result

    base = document()
    facts = {"training_s": 12.5, "device": "cpu", "epochs": 5, "images_per_s": 1000.0, "batch_size": 32}
    base["models"] = [{**base["models"][0], "macs": 1_000_000, "training": facts}]
    costs = training_costs([Result.model_validate(base)], estimate="none")
    kinds = [(row.name, row.kind) for row in costs.compared]
    assert kinds[:3] == [
        ("ResNet-50, 8 V100", "log"),
        ("ResNet-50, TPU v2 Pod (256 chips)", "log"),
        ("ResNet-50, TPU v2 Pod (256 chips)", "claim"),
    ]
    assert kinds[3:] == [
        ("cnn, here", "measured"),
        ("cnn, one V100", "estimated"),
        ("cnn, one TPU v2 chip", "estimated"),
    ]
    gpu, pod, claim = costs.compared[:3]
    assert gpu.usd is not None and pod.usd is not None and claim.usd is not None
    assert gpu.seconds[0] / claim.seconds[0] == pytest.approx(27) and claim.usd[0] / gpu.usd[0] == pytest.approx(0.62)
    assert all(row.usd is not None and row.seconds[0] <= row.seconds[1] for row in costs.compared)
    title, alt, svg = costs.comparison_chart()
    assert "8 V100" in alt and "cnn, one V100" in svg and title == costs.tables()[0].title


def test_notes_explain_the_rows_that_are_there_and_no_others():
    from dlbench.bench.report.charts.training_comparison import ComparedTraining, comparison_table

    rows = [
        ComparedTraining(kind, kind, (60.0, 60.0), (1.0, 1.0)) for kind in ("log", "claim", "measured", "estimated")
    ]
    for shown in ([*range(2)], [*range(3)], [0, 3]):
        notes = comparison_table([rows[place] for place in shown]).notes
        assert [note.split(":")[0] for note in notes] == [rows[place].kind for place in shown]


def test_the_picture_names_the_dearest_the_slowest_and_both_ends_of_the_fall(workspace: Path):
    assert main(["cost", "training"]) == 0
    drawn = (workspace / "pictures" / "training-cost.svg").read_text()
    for name in ("8 K80, 2017", "4 M60, 2017", "8 V100, 2018", "8 V100 32GB, 2020"):
        assert drawn.count(f">{name}<") == 1


def test_what_is_not_published_gets_a_next_step(capsys: pytest.CaptureFixture[str]):
    assert main(["cost", "published", "--device", "nonsense"]) == 2
    assert "`dlbench cost catalogue` lists the ids" in capsys.readouterr().err
    assert main(["cost", "published", "--network", "q1q1q1"]) == 2
    assert "Such names are resnet50" in capsys.readouterr().err


def test_a_network_of_the_workspace_is_told_what_it_is_built_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "w"], ["y"])],
        "of the size of test_convnext: 270,400 weights, 30 million multiply-accumulates",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 520, 3, 37])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 520, 3, 37])],
        [numpy_helper.from_array(np.zeros((520, 520, 1, 1), np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"dlbench.architecture": '"test_convnext of timm"'})
    (tmp_path / "models").mkdir()
    onnx.save(model, tmp_path / "models" / "mine.onnx")
    monkeypatch.setenv("DLBENCH_WORKSPACE", str(tmp_path))
    assert main(["cost", "published", "--network", "mine"]) == 2
    assert "built on test_convnext: give --network test_convnext" in capsys.readouterr().err
    assert main(["cost", "published", "--network", "test_convnext"]) == 0

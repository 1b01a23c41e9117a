"""The accuracy gate: a variant is held against the network that it was made from, on the same pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from dlbench.api.variants.accuracy_gate import Gate
from dlbench.api.variants.making import in_precisions
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.model.card import read_model
from dlbench.train import load
from dlbench.viz.evaluation import kept_answers


def linear_digits(bias: float = 0.0) -> onnx.ModelProto:
    """A network of one layer that knows digits: least squares on the training split."""
    digits = load("mnist-sample")
    x = digits.images[digits.split.train].reshape(-1, 784) / 255
    weights = np.linalg.solve(x.T @ x + 10 * np.eye(784), x.T @ np.eye(10)[digits.labels[digits.split.train]]) + bias
    nodes = [helper.make_node("Flatten", ["image"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["logits"])]
    ends = (
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s)]
        for n, s in (("image", ["N", 1, 28, 28]), ("logits", ["N", 10]))
    )
    graph = helper.make_graph(nodes, "digits", *ends, [numpy_helper.from_array(weights.astype(np.float32), "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def variant(parent: Path, name: str, factor: float = 1.0, column: int | None = None) -> Path:
    """Write the parent's copy with its last weights changed, and the parent's hash."""
    model = onnx.load(parent)
    last = model.graph.initializer[-1]
    weights = numpy_helper.to_array(last) * np.float32(factor)
    if column is not None:
        weights[:, column] = 1e6
    last.CopyFrom(numpy_helper.from_array(weights, last.name))
    for key, value in (("precision", "int8"), ("parent_sha256", read_model(parent).sha256), ("recipe", {})):
        entry = model.metadata_props.add()
        entry.key, entry.value = f"dlbench.{key}", json.dumps(value)
    path = parent.with_name(f"{name}.onnx")
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    parent = tmp_path_factory.mktemp("gate") / "net.onnx"
    onnx.save(linear_digits(), parent)
    made = {"net": parent, "same": variant(parent, "same", 1.001), "spoiled": variant(parent, "spoiled", 1, 3)}
    return made | {"broken": variant(parent, "broken", float("nan"))}


def judged(files: dict[str, Path], names: str, workspace: Path, data: str | None = "mnist-sample", points: float = 1):
    return Gate.of(points, data).judged([files[name] for name in names.split()], Workspace(workspace))


def test_a_variant_that_answers_alike_is_kept_and_one_that_was_spoiled_has_lost(files, tmp_path):
    same, spoiled, broken = judged(files, "net same spoiled broken", tmp_path)
    assert (same.verdict, spoiled.verdict, broken.verdict) == ("kept", "lost", "lost")
    assert same.pictures == 500 and same.lost == same.won == same.changed == 0 and same.drop == 0
    assert same.largest_relative_error == pytest.approx(0.001, rel=1e-2)
    assert spoiled.parent == "net" and (spoiled.drop or 0) > 0.5 and "a real loss on 500" in spoiled.sentence
    assert broken.correct == 0 and broken.reason == "NaN or infinity on 500 pictures"
    assert "no real difference on 500 pictures" in same.sentence


def test_the_parent_is_found_beside_the_variant_and_in_the_workspace(files, tmp_path):
    (alone,) = judged(files, "same", tmp_path)
    assert alone.verdict == "kept" and alone.parent == "net"
    moved = tmp_path / "moved.onnx"
    moved.write_bytes(files["same"].read_bytes())
    (orphan,) = Gate.of(1, "mnist-sample").judged([moved], Workspace(tmp_path / "empty"))
    assert orphan.verdict == "not judged" and "neither beside it nor in the workspace" in orphan.reason
    Workspace(tmp_path / "empty").models.mkdir(parents=True)
    (tmp_path / "empty/models/net.onnx").write_bytes(files["net"].read_bytes())
    assert Gate.of(1, "mnist-sample").judged([moved], Workspace(tmp_path / "empty"))[0].verdict == "kept"


def test_no_file_is_asked_the_same_twice(files, tmp_path, monkeypatch):
    judged(files, "net same", tmp_path)
    asked: list[str] = []
    answers_to = kept_answers.answers_to
    monkeypatch.setattr(
        kept_answers, "answers_to", lambda card, *a, **k: asked.append(card.name) or answers_to(card, *a, **k)
    )
    again = judged(files, "net same", tmp_path)
    assert not asked and again[0].pictures == 500
    for kept in (tmp_path / "judged").iterdir():  # damaged: asked again
        kept.write_bytes(kept.read_bytes()[:-3] + b"abc")
    assert judged(files, "net same", tmp_path) == again and asked == ["net", "same"]
    judged(files, "net spoiled", tmp_path)
    assert asked == ["net", "same", "spoiled"]


def test_without_labels_the_changed_answers_count(files, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    rng = np.random.default_rng(0)
    for number in range(4):
        Image.fromarray(rng.integers(0, 255, (28, 28), np.uint8)).save(photos / f"{number}.png")
    same, spoiled = judged(files, "net same spoiled", tmp_path, str(photos))
    assert (same.verdict, same.changed, same.pictures, same.accuracy) == ("kept", 0, 4, None)
    assert (
        spoiled.verdict == "lost"
        and spoiled.changed == 4
        and "on 100.0% of 4 pictures without labels" in spoiled.sentence
    )


def test_what_cannot_be_judged_says_why(files, tmp_path):
    (without_data,) = judged(files, "net same", tmp_path, None)
    assert without_data.verdict == "not judged" and "expected pictures with --data" in without_data.reason
    (empty,) = judged(files, "net same", tmp_path, str(tmp_path))
    assert "no pictures in" in empty.reason
    assert judged(files, "net", tmp_path) == ()


@pytest.mark.parametrize(
    ("points", "data", "message"), [(101, None, "0 to 100"), (1, "nowhere", "--data"), (-1, None, "0 to")]
)
def test_what_makes_no_sense_is_refused_before_anything_is_measured(points, data, message):
    with pytest.raises(InputError, match=message):
        Gate.of(points, data)


def test_models_are_had_in_each_precision_and_made_only_where_they_are_missing(files, tmp_path):
    workspace = Workspace(tmp_path)
    workspace.models.mkdir()
    net = workspace.models / "net.onnx"
    net.write_bytes(files["net"].read_bytes())
    ready = in_precisions([net], ("fp32", "int8", "int8-dynamic"), workspace, data="mnist-sample")
    assert [path.name for path in ready.paths] == [
        "net.onnx",
        "net.int8.onnx",
        "net.int8-dynamic.onnx",
    ] and not ready.lost
    made = ready.paths[1].stat().st_mtime_ns
    again = in_precisions([net, ready.paths[1]], ("int8",), workspace)  # there: no pictures are needed
    assert [path.name for path in again.paths] == ["net.int8.onnx"] and ready.paths[1].stat().st_mtime_ns == made
    elsewhere = in_precisions([files["net"]], ("int8",), workspace, data="mnist-sample")
    assert elsewhere.paths == again.paths  # the same file: its variant is found in the workspace
    onnx.save(linear_digits(bias=0.5), net)  # trained anew: its variant is made anew
    in_precisions([net], ("int8",), workspace, data="mnist-sample")
    assert read_model(ready.paths[1]).variant.parent_sha256 == read_model(net).sha256  # type: ignore[union-attr]


def test_a_precision_that_cannot_run_here_is_told_and_the_others_are_timed(files, tmp_path):
    ready = in_precisions([files["net"]], ("fp32", "bf16"), Workspace(tmp_path), data="mnist-sample")
    assert [path.name for path in ready.paths] == ["net.onnx"]
    assert [(lost.model, lost.precision) for lost in ready.lost] == [("net.bf16", "bf16")] and ready.lost[0].reason
    with pytest.raises(InputError, match="expected data NAME"):
        in_precisions([files["net"]], ("int8",), Workspace(tmp_path))

"""What a file says of itself: weights, size, multiply-accumulates; and files that lie or are broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx.external_data_helper import convert_model_to_external_data
from small_models import dense_model

from dlbench.errors import ModelFileError
from dlbench.files import Workspace
from dlbench.model import card as card_module
from dlbench.model.card import card_of, read_model
from dlbench.model.facts import MODEL_SCHEMA, Accuracy, ModelFacts, read_facts, write_facts
from dlbench.model.inspection import inspect_model
from dlbench.model.sessions import open_session
from dlbench.model.work import multiply_accumulates
from dlbench.viz.capture.activations import activations
from dlbench.viz.capture.feeding import normalised

F = TensorProto.FLOAT


def test_parameters_and_multiply_accumulates_of_a_dense_network(dense_file: Path):
    card = read_model(dense_file)
    assert card.parameters == 784 * 16 + 16 * 10
    assert card.precision == "fp32"
    assert card.opset == 18
    assert card.size_bytes == dense_file.stat().st_size
    assert card.facts is None
    assert multiply_accumulates(card, {"image": (1, 1, 28, 28)}) == 784 * 16 + 16 * 10
    assert multiply_accumulates(card, {"image": (3, 1, 28, 28)}) == 3 * (784 * 16 + 16 * 10)


def test_multiply_accumulates_of_strided_grouped_and_transposed_convolutions(save):
    rng = np.random.default_rng(0)
    path = save(
        "convs",
        [
            helper.make_node("Conv", ["x", "a"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]),
            helper.make_node("Conv", ["y", "b"], ["z"], group=8, pads=[1, 1, 1, 1]),
            helper.make_node("ConvTranspose", ["z", "c"], ["t"], strides=[2, 2]),
            helper.make_node("GlobalAveragePool", ["t"], ["p"]),
            helper.make_node("Flatten", ["p"], ["f"]),
            helper.make_node("Gemm", ["f", "d"], ["out"], transB=1),
        ],
        [("x", F, ["n", 3, 16, 16])],
        [("out", F, ["n", 5])],
        {
            "a": rng.random((8, 3, 3, 3), dtype=np.float32),
            "b": rng.random((8, 1, 3, 3), dtype=np.float32),
            "c": rng.random((8, 4, 2, 2), dtype=np.float32),
            "d": rng.random((5, 4), dtype=np.float32),
        },
    )
    by_hand = 8 * 8 * 8 * (3 * 9) + 8 * 8 * 8 * 9 + 8 * 8 * 8 * (4 * 4) + 5 * 4
    assert multiply_accumulates(read_model(path), {"x": (1, 3, 16, 16)}) == by_hand


def test_an_operator_that_can_not_be_counted_makes_the_count_unknown_and_not_too_small(save):
    path = save(
        "einsum",
        [helper.make_node("Einsum", ["x", "w"], ["y"], equation="nk,km->nm")],
        [("x", F, ["n", 4])],
        [("y", F, ["n", 2])],
        {"w": np.ones((4, 2), np.float32)},
    )
    assert multiply_accumulates(read_model(path), {"x": (1, 4)}) is None


def test_external_data_counts_as_size_and_its_absence_is_told(tmp_path: Path):
    model = dense_model()
    convert_model_to_external_data(model, location="weights.bin", size_threshold=0, convert_attribute=False)
    path = tmp_path / "outside.onnx"
    onnx.save_model(model, path)
    weights = tmp_path / "weights.bin"
    assert read_model(path).size_bytes >= path.stat().st_size + 4 * (784 * 16 + 16 * 10)
    weights.unlink()
    with pytest.raises(ModelFileError, match="lacks its external data"):
        read_model(path)


def outside_model(folder: Path) -> Path:
    """Write model.onnx and model.onnx_data."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    onnx.save_model(dense_model(), path, save_as_external_data=True, location="model.onnx_data", size_threshold=0)
    return path


def test_the_hash_covers_external_data(tmp_path: Path):
    path = outside_model(tmp_path)
    before = read_model(path).sha256
    data = path.with_name("model.onnx_data")
    raw = bytearray(data.read_bytes())
    raw[5] ^= 1
    data.write_bytes(raw)
    assert read_model(path).sha256 != before


def test_the_hash_is_read_once_and_only_when_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = outside_model(tmp_path)
    hashed: list[Path] = []
    digest = card_module._digest
    monkeypatch.setattr(card_module, "_digest", lambda *args: hashed.append(args[0]) or digest(*args))
    card = read_model(path)
    inspect_model(card)
    activations(card, np.zeros((1, 1, 28, 28), np.float32), "all")
    normalised(card, Workspace(tmp_path))
    assert not hashed
    assert card.sha256 == replace(card, normalisation=None).sha256
    assert hashed == [path]


def test_a_file_that_vanished_before_its_hash_is_told(tmp_path: Path):
    path = outside_model(tmp_path)
    card = read_model(path)
    path.with_name("model.onnx_data").unlink()
    with pytest.raises(ModelFileError, match=r"onnx_data can't be read any more"):
        _ = card.sha256


def linked(tmp_path: Path, model_into: str, data_into: str) -> Path:
    path = outside_model(tmp_path / "snapshots" / "abc" / "onnx")
    for name, store in ((path.name, model_into), ("model.onnx_data", data_into)):
        kept = tmp_path / store / f"hash-of-{name}"
        kept.parent.mkdir(exist_ok=True)
        (path.parent / name).rename(kept)
        try:
            (path.parent / name).symlink_to(kept)
        except OSError:
            pytest.skip("no links here")
    return path


def test_links_into_the_store_of_a_hubs_cache_open(tmp_path: Path):
    card = read_model(linked(tmp_path, "blobs", "blobs"))
    assert card.parameters == 784 * 16 + 160
    open_session(card, card.proto)


def test_a_link_to_data_elsewhere_is_refused(tmp_path: Path):
    with pytest.raises(ModelFileError, match="outside its folder"):
        read_model(linked(tmp_path, "blobs", "secrets"))


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", ""])
def test_external_data_outside_the_models_folder_is_refused(tmp_path: Path, location: str):
    model = dense_model()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    (tmp_path / "model").mkdir()
    (tmp_path / "secret.bin").write_bytes(b"x" * 100_000)
    path = tmp_path / "model" / "hostile.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelFileError, match="outside its folder"):
        read_model(path)


@pytest.mark.parametrize(
    "content", [b"", b"not onnx", b"PK\x03\x04zip", b"\x89PNG\r\n\x1a\n", bytes(1000), b"\x08\x08"]
)
def test_a_file_that_is_no_model_is_refused_in_one_line(tmp_path: Path, content: bytes):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_truncated_model_is_refused(dense_file: Path):
    dense_file.write_bytes(dense_file.read_bytes()[:-2000])
    with pytest.raises(ModelFileError, match="not a readable ONNX file"):
        read_model(dense_file)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path):
    with pytest.raises(ModelFileError, match="received nothing"):
        read_model(tmp_path / "nothing.onnx")
    with pytest.raises(ModelFileError, match="received a folder"):
        read_model(tmp_path)


def facts() -> ModelFacts:
    return ModelFacts(
        network="dense",
        architecture="784-16-10",
        labels=tuple("0123456789"),
        mean=(0.13,),
        std=(0.31,),
        data="mnist-sample",
        split="4000/500/500",
        accuracy=Accuracy(correct=480, samples=500),
        parameters=12704,
        trained_parameters=12704,
        version="0.1.0",
    )


def test_facts_are_written_and_read_back_whole_beside_foreign_metadata():
    model = dense_model()
    model.metadata_props.add(key="author", value="somebody")
    write_facts(model, facts())
    write_facts(model, facts())
    assert read_facts(model) == facts()
    assert [p.value for p in model.metadata_props if p.key == "author"] == ["somebody"]
    assert len({p.key for p in model.metadata_props}) == len(model.metadata_props)
    assert next(p.value for p in model.metadata_props if p.key == "dlbench.model_schema") == f'"{MODEL_SCHEMA}"'


@pytest.mark.parametrize(("key", "value"), [("accuracy", "{}"), ("parameters", "-1"), ("labels", "nonsense")])
def test_facts_that_do_not_fit_the_schema_are_refused(key: str, value: str):
    model = dense_model()
    write_facts(model, facts())
    next(p for p in model.metadata_props if p.key == f"dlbench.{key}").value = value
    with pytest.raises(ModelFileError, match="metadata can't be read"):
        read_facts(model)


def test_a_model_of_the_workspace_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DLBENCH_WORKSPACE", str(tmp_path))
    (tmp_path / "models").mkdir()
    onnx.save_model(dense_model(), tmp_path / "models" / "small.onnx")
    assert card_of("small").sha256 == read_model(tmp_path / "models" / "small.onnx").sha256
    with pytest.raises(ModelFileError, match="no model file at other"):
        card_of("other")

"""What may stand where a model is asked for: a file, a name of the workspace, a reference or a torchvision network."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from dlbench import workflow
from dlbench.api.networks import looked_at, model_paths
from dlbench.cli import main
from dlbench.errors import ModelFileError
from dlbench.files import Workspace
from dlbench.model.facts import ModelFacts, write_facts
from dlbench.train.networks.weights_files import RANDOM_WEIGHTS, hub_file
from dlbench.workflow import choose_models

RANDOM = {
    **{"network": "resnet18", "architecture": "resnet18", "labels": (), "mean": (0.5,), "std": (0.5,)},
    **{"data": "none", "split": "none", "parameters": 1, "trained_parameters": 0, "version": "1"},
}


@pytest.fixture
def folder(tmp_path: Path, dense_file: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setattr(workflow, "torchvision_names", lambda: ("resnet18", "resnet50"))
    kept = Workspace(tmp_path / "out")
    kept.models.mkdir(parents=True)
    (kept.models / "resnet18.onnx").write_bytes(dense_file.read_bytes())
    return kept


def test_a_network_of_torchvision_is_exported_once_and_kept(folder: Workspace, dense_file: Path):
    made: list[str] = []

    def export(name: str, path: Path) -> None:
        made.append(name)
        path.write_bytes(dense_file.read_bytes())

    for _ in range(2):
        paths = model_paths(["resnet50", "resnet18", dense_file], folder, export_missing=export)
        assert paths == (folder.models / "resnet50.onnx", folder.models / "resnet18.onnx", dense_file)
    assert made == ["resnet50"]


def test_a_network_with_random_weights_is_exported_again_where_weights_lie_here_by_now(folder, monkeypatch, tmp_path):
    path = folder.models / "resnet18.onnx"
    model = onnx.load(path)
    facts = ModelFacts.model_validate({**RANDOM, "warnings": (RANDOM_WEIGHTS,)})
    write_facts(model, facts)
    onnx.save(model, path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    assert choose_models(["resnet18"], folder).unexported == ()
    weights = hub_file("resnet18-f37072fd.pth")
    weights.parent.mkdir(parents=True)
    weights.touch()
    assert choose_models(["resnet18"], folder).unexported == ("resnet18",)
    write_facts(model, facts.model_copy(update={"warnings": ()}))
    onnx.save(model, path)
    assert choose_models(["resnet18"], folder).unexported == ()


def test_looking_exports_but_trains_nothing(folder: Workspace, dense_file: Path, monkeypatch: pytest.MonkeyPatch):
    def export(name: str, path: Path) -> None:
        path.write_bytes(dense_file.read_bytes())

    monkeypatch.setattr("dlbench.train.networks.exported_backbone.export_backbone", export)
    assert looked_at("resnet50", folder).path == folder.models / "resnet50.onnx"
    with pytest.raises(ModelFileError, match="cnn is not trained yet"):
        looked_at("cnn", folder)


def test_a_name_that_is_nothing_is_refused_with_names_that_are_close(folder: Workspace):
    with pytest.raises(ModelFileError, match=r"or a network of torchvision such as resnet18.*mean .*resnet50"):
        choose_models(["resnet5"], folder)


def test_without_torch_the_message_says_what_to_install(folder: Workspace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    monkeypatch.setattr(workflow, "can_train", lambda: False)
    with pytest.raises(ModelFileError, match=r'torchvision need torch: pip install "dlbench\[train\]"'):
        choose_models(["resnet50"], folder)
    assert choose_models(["resnet18"], folder).unexported == ()  # its file is there: no torch is needed


def test_models_can_be_named_with_commas(folder: Workspace, capsys: pytest.CaptureFixture[str]):
    assert main(["compare", "--models", "resnet18,nothing_such", "--workspace", str(folder.root)]) == 2
    assert "nothing_such" in capsys.readouterr().err
    assert main(["compare", "--models", " , ", "--workspace", str(folder.root)]) == 2
    assert "--models: expected names such as mobilenet_v2,resnet50" in capsys.readouterr().err

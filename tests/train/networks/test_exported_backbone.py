"""A network of torchvision as a model file: with the weights that are there, else with random ones."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import nn

from dlbench.errors import ModelFileError
from dlbench.model.card import read_model
from dlbench.train.networks import exported_backbone
from dlbench.train.networks.exported_backbone import export_backbone
from dlbench.train.networks.pretrained_weights import BackboneWeights, Published
from dlbench.train.networks.weights_files import RANDOM_WEIGHTS

WANTED = Published("tiny", "IMAGENET1K_V1", "w.pth", "0" * 8, 9, (0.5,) * 3, (0.25,) * 3, 8, ("cat", "dog"))


def tiny(name: str) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch, quick_export: None):
    monkeypatch.setattr(exported_backbone, "published", lambda name: WANTED)
    monkeypatch.setattr(exported_backbone, "pretrained_network", tiny)
    monkeypatch.setattr(exported_backbone, "local_weights", lambda name: None)


def test_without_weights_the_file_says_that_its_answers_mean_nothing(tmp_path: Path):
    before = torch.get_rng_state()
    paths = [export_backbone("tiny", tmp_path / name).path for name in ("a.onnx", "b.onnx")]
    assert torch.equal(torch.get_rng_state(), before)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    facts = read_model(paths[0]).facts
    assert facts is not None
    assert facts.warnings == (RANDOM_WEIGHTS,) and facts.accuracy is None and facts.labels == ()
    assert facts.weights_sha256 is None and facts.parameters == sum(p.numel() for p in tiny("").parameters())
    (given,) = onnxruntime.InferenceSession(paths[0]).get_inputs()
    assert given.shape[1:] == [3, 8, 8]


def test_weights_that_are_there_are_used_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    state = tiny("").state_dict()
    monkeypatch.setattr(exported_backbone, "local_weights", lambda name: Path(name))
    monkeypatch.setattr(exported_backbone, "load_backbone_weights", lambda name: BackboneWeights(WANTED, state, "ab12"))
    path = export_backbone("tiny", tmp_path / "tiny.onnx").path
    facts = read_model(path).facts
    assert facts is not None
    assert (facts.weights_sha256, facts.labels, facts.warnings) == ("ab12", ("cat", "dog"), ())
    network = tiny("")
    network.load_state_dict(state)
    image = torch.rand(1, 3, 8, 8)
    (received,) = onnxruntime.InferenceSession(path).run(None, {"image": image.numpy()})
    expected = network.eval()((image - 0.5) / 0.25).detach().numpy()
    assert abs(received - expected).max() < 1e-5


def test_random_layers_in_a_row_keep_values_in_range(tmp_path: Path):
    layers = [layer for _ in range(40) for layer in (nn.Conv2d(8, 8, 1, bias=False), nn.BatchNorm2d(8, eps=1e-12))]
    network = nn.Sequential(*layers)
    with torch.no_grad():
        assert network.eval()(torch.rand(1, 8, 4, 4)).abs().max() < 1e-6
        exported_backbone._keep_in_range(network, torch.rand(1, 8, 4, 4))
        assert 0.1 < network(torch.rand(1, 8, 4, 4)).abs().max() < 10


def test_a_network_that_one_file_cannot_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(exported_backbone, "_LARGEST", 10)
    with pytest.raises(ModelFileError, match=r"tiny is too large for one \.onnx file: expected at most 10 weights"):
        export_backbone("tiny", tmp_path / "tiny.onnx")
    assert not list(tmp_path.iterdir())

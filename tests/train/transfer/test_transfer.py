"""Pretrained backbones: stages, what is frozen, checked weights, and the ways of freezing on real photos."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from downloading import QuietServer
from PIL import Image

from dlbench.cli import main
from dlbench.errors import InputError, WeightsError
from dlbench.export import export_onnx
from dlbench.files import Workspace
from dlbench.model.facts import ModelFacts
from dlbench.train import TrainSettings, load, loop, train, train_settings
from dlbench.train.checkpoint import load_checkpoint
from dlbench.train.networks import pretrained_weights as weights
from dlbench.train.networks.architectures import pretrained_network, transfer
from dlbench.train.networks.stage_facts import backbone_structure
from dlbench.train.networks.stages import chained, check_stages, first_trained, split
from dlbench.train.networks.weights_files import local_weights
from dlbench.train.transfer import training

needs_weights = pytest.mark.skipif(local_weights() is None, reason="the ImageNet weights are not on this machine")


@pytest.mark.parametrize(
    "name", ["mobilenet_v3_small", "resnet18", "efficientnet_b0", "squeezenet1_1", "densenet121", "googlenet"]
)
def test_the_stages_in_a_row_give_what_the_network_gives(name: str):
    torch.manual_seed(0)
    network = transfer(3, name).eval()
    head = [m for m in network.modules() if isinstance(m, torch.nn.Linear)][-1]
    torch.nn.init.normal_(head.weight)  # a new head starts at zero, which would hide any difference
    stages = split(network)
    check_stages(network, stages, (64, 64))
    assert sum(stage.parameters for stage in stages) == sum(p.numel() for p in network.parameters())
    pictures = values = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected = network(pictures)
        for cut in range(1, len(stages)):
            values = chained(stages[cut - 1 : cut])(values)
            torch.testing.assert_close(chained(stages[cut:])(values), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_b0", "vgg16", "mobilenet_v3_small", "regnet_y_400mf"])
def test_the_structure_counts_all_weights_and_tells_what_is_trained(name: str):
    # without values: they are counted; RegNet alone computes its widths with tensors
    with torch.device("cpu" if name.startswith("regnet") else "meta"):
        network = transfer(2, name)
    head = [m for m in network.modules() if isinstance(m, torch.nn.Linear)][-1]
    found = backbone_structure(name, "all")
    assert found.parameters == sum(p.numel() for p in network.parameters())
    assert found.trained_parameters == sum(p.numel() for p in head.parameters()) == 2 * head.in_features + 2
    more = [backbone_structure(name, f"last-{n}").trained_parameters for n in (1, 2, 3)]
    assert found.trained_parameters < more[0] < more[1] < more[2] < found.parameters
    everything = backbone_structure(name, "none")
    assert everything.trained_parameters == found.parameters and everything.cached_values == 0
    assert everything.macs == everything.macs_each_step == found.macs


def test_the_multiply_accumulates_are_the_published_ones():
    # torchvision's table of models: 0.3, 1.81 and 15.47 GFLOPS, which are multiply-accumulates, for 1,000 classes
    for name, published in (("mobilenet_v2", 0.30e9), ("resnet18", 1.81e9), ("vgg16", 15.47e9)):
        assert backbone_structure(name, outputs=1000).macs == pytest.approx(published, rel=0.01)


def test_last_n_counts_stages_with_weights_before_the_head():
    stages = split(pretrained_network("resnet18"))
    first = first_trained(stages, "last-2", "resnet18")
    assert [s.name for s in stages[first:] if s.parameters] == ["layer4.0", "layer4.1", "fc"]
    with pytest.raises(InputError, match=r"expected last-1 to last-\d+ for resnet18.*received last-99"):
        first_trained(stages, "last-99", "resnet18")


def photos(root: Path, each: int = 12) -> Path:
    """Two kinds of noise that any network can tell apart."""
    rng = np.random.default_rng(0)
    for i in range(each):
        for kind, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
            values = np.clip(np.array(colour) + rng.normal(0, 40, (60, 80, 3)), 0, 255).astype(np.uint8)
            (root / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(root / kind / f"{i}.png")
    return root


@pytest.fixture(scope="module")
def made_weights(tmp_path_factory: pytest.TempPathFactory):
    """Random weights as a file that torch.hub could have left, with what torchvision would say of it."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("made") / "resnet18-made.pth"
    torch.save(pretrained_network("resnet18").state_dict(), path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = weights.published("resnet18")
    content = path.read_bytes()
    name = f"resnet18-{digest[:8]}.pth"
    made = {"version": "MADE", "url": f"http://127.0.0.1/{name}", "sha256": digest[:8], "max_bytes": len(content) + 100}
    return replace(known, **made), content


def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made) -> Path:
    wanted, content = made
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(weights, "published", lambda backbone: wanted)
    folder = tmp_path / "hub" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / wanted.file_name).write_bytes(content)
    return folder / wanted.file_name


@pytest.fixture
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on pictures of 64 pixels where weights are the subject and nobody asks how good they are."""
    for name in ("transfer", "transfer-last", "transfer-none"):
        recipe = replace(train_settings._RECIPES[name], picture_size=64)
        monkeypatch.setitem(train_settings._RECIPES, name, recipe)


@pytest.mark.usefixtures("quick_export", "small_pictures")
def test_last_n_trains_the_last_stages_and_leaves_the_rest_and_all_statistics(tmp_path, monkeypatch, made_weights):
    path = hub(tmp_path, monkeypatch, made_weights)
    monkeypatch.setattr(loop, "_BLENDS", (1.0,))  # the whole change, whether it helps or not
    monkeypatch.setattr(training, "_MOST_CROPS", 0)
    before = torch.load(path, weights_only=True)
    settings = TrainSettings(
        "transfer", data=str(photos(tmp_path / "photos")), backbone="resnet18", freeze="last-1", epochs=2, name="last"
    )
    result = train(settings, Workspace(tmp_path / "out"))
    assert result.parity.max_abs_error < 1e-3 and result.test_accuracy.total == 4
    trained = sum(p.numel() for p in pretrained_network("resnet18").layer4[1].parameters()) + 512 * 2 + 2
    assert result.facts.trained_parameters == trained
    assert result.facts.architecture == "resnet18 (last stage and the head trained)-2"
    after, record = load_checkpoint(result.checkpoint_path)
    assert record["settings"]["freeze"] == "last-1" and record["weights_sha256"]
    assert result.best_epoch == 2 and result.blend == 1
    for name, value in after.items():
        if name.startswith("fc."):
            continue
        same = torch.equal(value, before[name])
        is_trained = name.startswith("layer4.1.") and not name.endswith(("running_mean", "running_var", "tracked"))
        assert same != is_trained, name


@pytest.mark.usefixtures("quick_export", "small_pictures")
def test_the_frozen_way_changes_the_head_alone(tmp_path, monkeypatch, made_weights):
    path = hub(tmp_path, monkeypatch, made_weights)
    before = torch.load(path, weights_only=True)
    settings = TrainSettings("transfer", data=str(photos(tmp_path / "photos")), backbone="resnet18", epochs=3)
    result = train(settings, Workspace(tmp_path / "out"))
    after, _ = load_checkpoint(result.checkpoint_path)
    changed = {name for name in after if name not in before or not torch.equal(after[name], before[name])}
    assert changed == {"fc.weight", "fc.bias"}
    assert result.facts.trained_parameters == 1026


@pytest.mark.usefixtures("quick_export", "small_pictures")
def test_time_and_energy_hold_the_features_too_and_say_where_they_were_kept(tmp_path, monkeypatch, made_weights):
    hub(tmp_path, monkeypatch, made_weights)
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "cache"))
    settings = TrainSettings("transfer", data=str(photos(tmp_path / "photos")), backbone="resnet18", epochs=1)
    first, again = (train(settings, Workspace(tmp_path / name)) for name in ("first", "again"))
    for result in (first, again):
        assert result.energy.seconds >= result.facts.training.training_s > result.prepared_s > 0
    assert not any("come from the cache" in warning for warning in first.warnings)
    assert any("come from the cache" in warning for warning in again.facts.warnings)


@pytest.mark.usefixtures("quick_export", "small_pictures")
@pytest.mark.slow
def test_with_nothing_frozen_the_first_layer_learns_too(tmp_path, monkeypatch, made_weights):
    path = hub(tmp_path, monkeypatch, made_weights)
    monkeypatch.setattr(loop, "_BLENDS", (1.0,))
    settings = TrainSettings(
        "transfer", data=str(photos(tmp_path / "photos")), backbone="resnet18", freeze="none", epochs=1, batch_size=8
    )
    result = train(settings, Workspace(tmp_path / "out"))
    after, _ = load_checkpoint(result.checkpoint_path)
    before = torch.load(path, weights_only=True)
    assert not torch.equal(after["conv1.weight"], before["conv1.weight"])
    assert torch.equal(after["bn1.running_mean"], before["bn1.running_mean"])
    assert result.facts.trained_parameters == result.facts.parameters


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "efficientnet_b0"])
def test_backbones_are_exported_with_parity(tmp_path: Path, name: str):
    torch.manual_seed(0)
    network = transfer(2, name).eval()
    head = [m for m in network.modules() if isinstance(m, torch.nn.Linear)][-1]
    torch.nn.init.normal_(head.weight, std=0.1)
    facts = ModelFacts(
        network="transfer",
        architecture=name,
        data="noise",
        split="none",
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        labels=("a", "b"),
        parameters=1,
        trained_parameters=1,
        version="0",
    )
    exported = export_onnx(network, torch.rand(8, 3, 96, 96), tmp_path / "n.onnx", facts)
    assert exported.parity.max_abs_error < 1e-3


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server that does not write to the terminal."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def server(tmp_path: Path):
    folder = tmp_path / "served"
    folder.mkdir()
    with QuietServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_weights_are_downloaded_checked_and_kept(tmp_path, monkeypatch, made_weights, server):
    wanted, content = made_weights
    folder, address = server
    (folder / "w.pth").write_bytes(content)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(weights, "published", lambda backbone: wanted)
    loaded = weights.load_backbone_weights("resnet18", f"{address}/w.pth")
    assert loaded.sha256 == hashlib.sha256(content).hexdigest()
    weights.load_into(pretrained_network("resnet18"), loaded)
    (folder / "w.pth").unlink()
    assert weights.load_backbone_weights("resnet18", f"{address}/w.pth").sha256 == loaded.sha256  # kept
    with pytest.raises(WeightsError, match="do not fit"):
        weights.load_into(pretrained_network("resnet34"), loaded)


@pytest.mark.parametrize("change", [lambda c: c[:-1] + bytes([c[-1] ^ 1]), lambda c: b"not weights", lambda c: c * 2])
def test_downloaded_weights_that_are_not_the_right_ones_are_refused(
    tmp_path, monkeypatch, made_weights, server, change
):
    wanted, content = made_weights
    folder, address = server
    (folder / "w.pth").write_bytes(change(content))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(weights, "published", lambda backbone: wanted)
    with pytest.raises(WeightsError, match=r"expected sha256|too large"):
        weights.load_backbone_weights("resnet18", f"{address}/w.pth")
    assert not list((tmp_path / "hub").rglob("*.pth"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "transfer", "--backbone", "resnet81"], "Did you mean resnet18"),
        (["train", "transfer", "--freeze", "last-0"], "expected all, none or last-N"),
        (["train", "transfer", "--freeze", "last-40"], "expected last-1 to last-18"),
        (["train", "transfer", "--task", "regression"], "brings the features of photos"),
        (["train", "cnn", "--compare-freezing"], "expected the network transfer"),
        (["train", "transfer", "--compare-freezing", "--seeds", "3"], "do not go together"),
        (["train", "cnn", "--patience", "0"], "patience must be a whole number"),
        (["inspect", "mobilnet_v2"], "Did you mean mobilenet_v2"),
        (["inspect", "resnet18", "--freeze", "first-2"], "expected all, none or last-N"),
        (["inspect", "resnet18", "--outputs", "0"], "--outputs"),
    ],
)
def test_bad_input_is_one_line(arguments, words, workspace, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1, told


def test_inspect_prints_the_stages_and_what_would_be_trained(capsys):
    assert main(["inspect", "mobilenet_v2", "--freeze", "last-3", "--full"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "1,208,642 of 2,226,434 weights (54.29%)" in text
    assert "features.16" in text and "frozen, kept" in text
    assert main(["inspect", "mobilenet_v2", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["parameters"] == sum(stage["parameters"] for stage in document["stages"]) == 2_226_434


@pytest.mark.usefixtures("quick_export")
@pytest.mark.slow
@pytest.mark.shared
@needs_weights
def test_the_ways_of_freezing_side_by_side_on_real_photos(workspace, capsys, monkeypatch, shared, few_photos):
    monkeypatch.setenv("DLBENCH_CACHE", str(shared.cache))
    monkeypatch.setattr(training, "_MOST_CROPS", 0)  # a mirror image of each photo is variety enough to learn here
    small = replace(train_settings._RECIPES["transfer-none"], picture_size=64)  # from scratch it only has to be worse
    monkeypatch.setitem(train_settings._RECIPES, "transfer-none", small)
    assert main(["train", "transfer", "--data", few_photos, "--compare-freezing", "--epochs", "2", "--full"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in ("frozen", "last 3", "from scratch", "2,562", "1,208,642", "the 95 % interval"):
        assert words in text, words
    accuracy = {}
    for way in ("frozen", "last-3", "scratch"):
        _, record = load_checkpoint(workspace / "models" / f"transfer-{way}.safetensors")
        accuracy[way] = record["test"]["correct"] / record["test"]["total"]
    assert accuracy["frozen"] >= 0.97 and accuracy["last-3"] >= 0.97
    assert accuracy["scratch"] < accuracy["frozen"]
    assert (workspace / "pictures" / "transfer-freezing-freezing.svg").is_file()
    assert len(load(few_photos, 32).split.test) == 100

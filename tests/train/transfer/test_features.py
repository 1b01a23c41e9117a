"""The frozen backbone's cache: the same features again, and never damaged ones."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from PIL import Image

from dlbench.errors import InputError
from dlbench.export import Normalised
from dlbench.train import load
from dlbench.train.data.pictures import load_picture
from dlbench.train.data.pixels import network_input
from dlbench.train.networks.architectures import pretrained_network
from dlbench.train.networks.stages import chained, split
from dlbench.train.transfer.backbone import fast_backbone, torch_extractor
from dlbench.train.transfer.features import feature_path, frozen_outputs, trim

SIZE = (64, 64)
CPU = torch.device("cpu")
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def frozen_part(seed, stages):
    """The first stages of MobileNetV2, random weights."""
    torch.manual_seed(seed)
    return Normalised(chained(split(pretrained_network("mobilenet_v2").eval())[:stages]), MEAN, STD).eval()


@pytest.fixture(scope="module")
def part():
    """Few stages, which are quickly exported."""
    return frozen_part(0, 5)


@pytest.fixture(scope="module")
def digits():
    return load(None).images[:18]


def test_the_fast_path_gives_what_torch_gives(digits):
    backbone = frozen_part(0, -1)  # all but the head
    images = network_input(digits, 3, SIZE)
    received = fast_backbone(backbone, "same", "key", CPU, images)(images)
    assert received.shape == (18, 1280)
    np.testing.assert_allclose(received, torch_extractor(backbone, CPU)(images), atol=1e-4)


@pytest.mark.usefixtures("quick_export")
def test_a_damaged_export_in_the_cache_is_made_again(part, digits, tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    images = network_input(digits, 3, SIZE)
    expected = fast_backbone(part, "part", "key", CPU, images)(images)
    (kept,) = (tmp_path / "backbones").glob("*.onnx")
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    np.testing.assert_array_equal(fast_backbone(part, "part", "key", CPU, images)(images), expected)


@pytest.mark.usefixtures("quick_export")
def test_an_export_of_other_weights_under_the_same_name_is_made_again(part, digits, tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    images = network_input(digits, 3, SIZE)
    fast_backbone(frozen_part(1, 5), "part", "key", CPU, images)
    received = fast_backbone(part, "part", "key", CPU, images)(images)
    np.testing.assert_allclose(received, torch_extractor(part, CPU)(images), atol=1e-4)


def test_features_are_computed_once_and_a_damaged_cache_is_computed_again(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    calls = []

    def extract(images):
        calls.append(len(images))
        return images.flatten(1)[:, :1280].numpy()

    def outputs():
        return frozen_outputs(lambda: extract, digits, SIZE, (1280,), "test")

    first, again = outputs(), outputs()
    assert calls == [16, 2]
    np.testing.assert_array_equal(first, again)
    path = feature_path(digits, SIZE, "test")
    for damage in (b"", b"\xff" * 100, path.read_bytes()[:-4]):
        path.write_bytes(damage)
        np.testing.assert_array_equal(outputs(), first)
    assert calls == [16, 2] * 4


def test_other_images_weights_sizes_or_engines_have_other_features(digits):
    changed = digits.copy()
    changed[0, 0, 0, 0] ^= 1
    paths = [
        feature_path(digits, SIZE, "w e"),
        feature_path(changed, SIZE, "w e"),
        feature_path(digits, (96, 96), "w e"),
        feature_path(digits, SIZE, "v e"),
    ]
    assert len(set(paths)) == 4


def test_the_cache_forgets_what_was_not_used_for_the_longest_time(tmp_path):
    for age, name in enumerate("abc"):
        path = tmp_path / name
        path.write_bytes(bytes(100))
        os.utime(path, (1_000_000 - age, 1_000_000 - age))
    trim(tmp_path, tmp_path / "a", 250)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
    trim(tmp_path, tmp_path / "a", 10)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]  # what is in use stays, however large


def test_values_that_do_not_fit_in_memory_are_refused_before_they_are_computed(digits):
    with pytest.raises(InputError, match=r"expected at most .* GB.*--freeze all"):
        frozen_outputs(lambda: pytest.fail("computed"), digits, SIZE, (1 << 40,), "test")


def test_a_picture_is_prepared_as_torchvision_prepares_it(tmp_path):
    from torchvision.transforms import CenterCrop, Compose, Resize

    values = np.linspace(0, 255, 300 * 420 * 3).reshape(300, 420, 3).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    expected = np.asarray(Compose([Resize(256), CenterCrop(224)])(Image.fromarray(values))).astype(int)
    assert np.abs(load_picture(tmp_path / "a.png", 224).astype(int) - expected).mean() < 1


def test_a_picture_of_one_pixel_by_many_does_not_grow_to_gigabytes(tmp_path):
    Image.new("RGB", (60_000, 1), "red").save(tmp_path / "line.png")
    assert load_picture(tmp_path / "line.png", 224).shape == (224, 224, 3)

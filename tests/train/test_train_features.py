"""The frozen backbone's cache: the same features again, and never damaged ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import mobilenet_v2

from dlbench.export import Normalised
from dlbench.train import load
from dlbench.train.backbone import PooledFeatures, fast_backbone, torch_extractor
from dlbench.train.features import feature_path, frozen_features
from dlbench.train.pictures import load_picture
from dlbench.train.pixels import IMAGENET_MEAN, IMAGENET_STD, network_input

SIZE = (64, 64)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)
    return mobilenet_v2(weights=None).eval()


@pytest.fixture(scope="module")
def digits():
    return load(None).images[:18]


def test_the_fast_path_gives_what_torch_gives(backbone, digits):
    images = network_input(digits, 3, SIZE)
    module = Normalised(PooledFeatures(backbone), IMAGENET_MEAN, IMAGENET_STD).eval()
    received = fast_backbone(backbone, "same", CPU, images)(images)
    np.testing.assert_allclose(received, torch_extractor(module, CPU)(images), atol=1e-4)


def test_a_damaged_export_in_the_cache_is_made_again(backbone, digits, tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    images = network_input(digits, 3, SIZE)
    expected = fast_backbone(backbone, "key", CPU, images)(images)
    (kept,) = (tmp_path / "backbones").glob("*.onnx")
    kept.write_bytes(kept.read_bytes()[:-500_000])
    np.testing.assert_array_equal(fast_backbone(backbone, "key", CPU, images)(images), expected)


def test_an_export_of_other_weights_under_the_same_name_is_made_again(backbone, digits, tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    images = network_input(digits, 3, SIZE)
    torch.manual_seed(1)
    fast_backbone(mobilenet_v2(weights=None).eval(), "key", CPU, images)
    module = Normalised(PooledFeatures(backbone), IMAGENET_MEAN, IMAGENET_STD).eval()
    received = fast_backbone(backbone, "key", CPU, images)(images)
    np.testing.assert_allclose(received, torch_extractor(module, CPU)(images), atol=1e-4)


def test_features_are_computed_once_and_a_damaged_cache_is_computed_again(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    calls = []

    def extract(images):
        calls.append(len(images))
        return images.flatten(1)[:, :1280].numpy()

    first = frozen_features(extract, digits, SIZE, "w", "test")
    again = frozen_features(extract, digits, SIZE, "w", "test")
    assert calls == [16, 2]
    np.testing.assert_array_equal(first, again)
    path = feature_path(digits, SIZE, "w", "test")
    for damage in (b"", b"\xff" * 100, path.read_bytes()[:-4]):
        path.write_bytes(damage)
        np.testing.assert_array_equal(frozen_features(extract, digits, SIZE, "w", "test"), first)
    assert calls == [16, 2] * 4


def test_other_images_weights_sizes_or_engines_have_other_features(digits):
    changed = digits.copy()
    changed[0, 0, 0, 0] ^= 1
    paths = [
        feature_path(digits, SIZE, "w", "e"),
        feature_path(changed, SIZE, "w", "e"),
        feature_path(digits, (96, 96), "w", "e"),
        feature_path(digits, SIZE, "v", "e"),
        feature_path(digits, SIZE, "w", "f"),
    ]
    assert len(set(paths)) == 5


def test_a_picture_is_prepared_as_torchvision_prepares_it(tmp_path):
    from torchvision.transforms import CenterCrop, Compose, Resize

    values = np.linspace(0, 255, 300 * 420 * 3).reshape(300, 420, 3).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    expected = np.asarray(Compose([Resize(256), CenterCrop(224)])(Image.fromarray(values))).astype(int)
    assert np.abs(load_picture(tmp_path / "a.png", 224).astype(int) - expected).mean() < 1


def test_a_picture_of_one_pixel_by_many_does_not_grow_to_gigabytes(tmp_path):
    Image.new("RGB", (60_000, 1), "red").save(tmp_path / "line.png")
    assert load_picture(tmp_path / "line.png", 224).shape == (224, 224, 3)

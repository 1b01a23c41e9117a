"""Folders of pictures as people have them: what is a part, what a class, what is passed over."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections import Counter
from pathlib import Path

import pytest
from test_known_data_sets import picture

from dlbench.errors import DataError
from dlbench.train import load
from dlbench.train.data.folder_layout import labelled_pictures

JPEG = b"\xff\xd8\xff\xe0"


def made(root: Path, *names: str) -> Path:
    """Make files that begin as a JPEG does; `cat/3` is three of them."""
    for name in names:
        folder, _, last = name.rpartition("/")
        (root / folder).mkdir(parents=True, exist_ok=True)
        for file in [f"{i}.jpg" for i in range(int(last))] if last.isdigit() else [last]:
            (root / folder / file).write_bytes(JPEG)
    return root


def found(root: Path) -> dict[tuple[str, str], int]:
    """How many pictures there are of each (part, label)."""
    return dict(Counter((item.part, item.label) for item in labelled_pictures(root).pictures))


BOTH = {("train", "cat"): 2, ("train", "dog"): 2, ("test", "cat"): 1, ("test", "dog"): 1}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"),
        ("Train", "Test"),
        ("TRAINING", "TESTING"),
        ("training_set", "test_set"),
        ("training set", "test set"),
        ("trainset", "testset"),
        ("seg_train", "seg_test"),
        ("train_images", "test_images"),
        ("images-train", "images-test"),
        ("train_data", "test-data"),
        ("train2017", "test2017"),
        ("1_train", "2_test"),
        ("tanító", "teszt"),
        (unicodedata.normalize("NFD", "tanító"), "Teszt"),
        ("dataset/train", "dataset/test"),
        ("photos/photos/train", "photos/photos/test"),
        ("images/train", "images/test"),
        ("train/train", "test/test"),
        ("train/images", "test/images"),
        ("a/b/c/train", "a/b/c/test"),
    ],
)
def test_parts_in_every_usual_spelling_and_nesting_are_no_classes(tmp_path, train, test):
    made(tmp_path, f"{train}/cat/2", f"{train}/dog/2", f"{test}/cat/1", f"{test}/dog/1")
    assert found(tmp_path) == BOTH


@pytest.mark.parametrize("validation", ["val", "valid", "validation", "validation_set", "Val", "valset"])
def test_a_validation_part_in_every_usual_spelling(tmp_path, validation):
    made(tmp_path, *(f"{part}/{name}/1" for part in ("train", validation, "test") for name in ("cat", "dog")))
    assert found(tmp_path)["validation", "cat"] == 1 and len(found(tmp_path)) == 6


def test_parts_of_flat_names(tmp_path):
    names = [f"{name}.{i}.jpg" for name in ("cat", "dog") for i in range(2)]
    made(tmp_path, *(f"training_set/{name}" for name in names), "test_set/cat.9.jpg", "test_set/dog.9.jpg")
    assert found(tmp_path) == BOTH


def test_parts_inside_the_classes(tmp_path):
    made(tmp_path, "cat/train/2", "cat/test/1", "dog/train/2", "dog/test/1")
    assert found(tmp_path) == BOTH


def test_classes_beside_a_test_folder_of_classes_are_trained_on(tmp_path):
    assert found(made(tmp_path, "cat/2", "dog/2", "test/cat/1", "test/dog/1")) == BOTH


def test_pictures_that_wait_for_an_answer_are_no_class(tmp_path):
    made(tmp_path, "cat/2", "dog/2", "test/5")
    assert found(tmp_path) == {("", "cat"): 2, ("", "dog"): 2}
    assert any("5 pictures" in warning for warning in labelled_pictures(tmp_path).warnings)


def test_a_folder_beside_the_parts_is_skipped_and_counted(tmp_path):
    made(tmp_path, "train/cat/2", "train/dog/2", "test/cat/1", "test/dog/1", "single_prediction/3")
    assert found(tmp_path) == BOTH
    assert "3 pictures" in labelled_pictures(tmp_path).warnings[0]


def test_trains_among_vehicles_and_valid_against_invalid_are_classes(tmp_path):
    assert {label for _, label in found(made(tmp_path / "v", "bus/2", "car/2", "train/3"))} == {"bus", "car", "train"}
    assert {label for _, label in found(made(tmp_path / "w", "valid/2", "invalid/2"))} == {"valid", "invalid"}
    named = made(tmp_path / "x", "bus/2", "car/2", "train/train (1).jpg", "train/train (2).jpg")
    assert {label for _, label in found(named)} == {"bus", "car", "train"}


def test_a_part_with_one_class_keeps_that_class(tmp_path):
    made(tmp_path, "train/cat/2", "train/dog/2", "test/cat/1")
    assert found(tmp_path) == {("train", "cat"): 2, ("train", "dog"): 2, ("test", "cat"): 1}


def test_folders_inside_a_class_belong_to_it(tmp_path):
    made(tmp_path, "cat/1", "cat/persian/2", "cat/siam/old/3", "dog/2", "train_dogs/1")
    assert found(tmp_path) == {("", "cat"): 6, ("", "dog"): 2, ("", "train_dogs"): 1}


def test_one_name_in_two_spellings_of_unicode_is_one_class(tmp_path):
    made(tmp_path, *(f"train/{unicodedata.normalize('NFC', name)}/1" for name in ("kávé", "őz")))
    made(tmp_path, *(f"test/{unicodedata.normalize('NFD', name)}/1" for name in ("kávé", "őz")))
    assert {label for _, label in found(tmp_path)} == {unicodedata.normalize("NFC", name) for name in ("kávé", "őz")}


SYSTEM = ["@eaDir", "__MACOSX", "#recycle", "$RECYCLE.BIN", ".thumbnails", "System Volume Information", "lost+found"]


@pytest.mark.parametrize("name", SYSTEM)
def test_folders_of_systems_are_left_alone_at_every_level(tmp_path, name):
    made(tmp_path, "cat/2", "dog/2", f"{name}/3", f"cat/{name}/3")
    assert found(tmp_path) == {("", "cat"): 2, ("", "dog"): 2}
    assert labelled_pictures(tmp_path).warnings == ()


def test_the_files_of_systems_are_not_told_of(tmp_path):
    made(tmp_path, "cat/2", "dog/2", "cat/Thumbs.db", "cat/desktop.ini", "cat/._0.jpg", "cat/.DS_Store")
    assert found(tmp_path) == {("", "cat"): 2, ("", "dog"): 2} and not labelled_pictures(tmp_path).warnings


@pytest.mark.parametrize(
    "names",
    [
        ("IMG_{}.jpg", "DSC_{}.jpg"),
        ("IMG_20240501_{}.jpg", "PXL_20240502_{}.jpg"),
        ("IMG-20240501-WA{}.jpg", "WhatsApp Image 2024-05-01 at 12.00.{}.jpg"),
        ("Screenshot from 2024-05-01 12-00-{}.png", "photo ({}).jpg"),
        ("image-{}.png", "download ({}).png"),
        ("DSCN{}.jpg", "_MG_{}.jpg"),
        ("100CANON/IMG_{}.jpg", "101CANON/IMG_{}.jpg"),
        ("DCIM/100APPLE/IMG_{}.jpg", "DCIM/101APPLE/IMG_{}.jpg"),
    ],
)
def test_names_of_cameras_and_programs_are_no_labels(tmp_path, names):
    made(tmp_path, *(name.format(1000 + i) for name in names for i in range(3)))
    assert found(tmp_path) == {}
    with pytest.raises(DataError, match="6 pictures whose names have no label"):
        load(str(tmp_path), 32)


def test_photos_may_be_told_from_drawings_but_a_camera_s_names_are_skipped(tmp_path):
    made(tmp_path, "photo.1.jpg", "photo.2.jpg", "drawing.1.jpg", "IMG_0001.jpg")
    assert found(tmp_path) == {("", "photo"): 2, ("", "drawing"): 1}


def test_what_is_passed_over_is_counted_by_suffix_in_one_line(tmp_path):
    made(tmp_path, "cat/a.jfif", "cat/b", "dog/2")
    for name in ("cat/c.HEIC", "cat/d.HEIC", "dog/notes.txt", "dog/README"):
        (tmp_path / name).write_bytes(b"something else")
    assert found(tmp_path) == {("", "cat"): 2, ("", "dog"): 2}
    (warning,) = labelled_pictures(tmp_path).warnings
    assert "4 files" in warning and "2 .HEIC, 1 without a suffix, 1 .txt" in warning and "JPEG" in warning


def test_a_split_that_lacks_a_class_is_said(tmp_path):
    for part, names in (("train", "cat dog"), ("val", "cat"), ("test", "cat dog")):
        for name in names.split():
            for i in range(3):
                picture(tmp_path / part / name / f"{i}.png")
    (warning,) = load(str(tmp_path), 16).warnings
    assert "validation split lacks 'dog'" in warning


def test_links_that_loop_end(tmp_path):
    made(tmp_path, "cat/2", "dog/2")
    try:
        (tmp_path / "cat" / "again").symlink_to(tmp_path, target_is_directory=True)
    except OSError:
        pytest.skip("this system or user can't make links")
    assert found(tmp_path) == {("", "cat"): 2, ("", "dog"): 2}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep names as Unicode")
def test_a_name_that_is_no_utf_8_is_spelt(tmp_path):
    made(tmp_path, "tea/2", "coffee/2")
    os.rename(os.fsencode(tmp_path / "coffee"), os.path.join(os.fsencode(tmp_path), b"caf\xe9"))  # noqa: PTH104, PTH118
    assert found(tmp_path) == {("", "tea"): 2, ("", "caf\\xe9"): 2}


def test_a_name_made_to_slow_a_pattern_down_does_not(tmp_path):
    made(tmp_path, f"{'dataset' * 30}x/1", f"{'imagesset' * 20}/1", "cat/1", f"cat/{'a-1' * 60}.jpg")
    assert len(found(tmp_path)) == 3

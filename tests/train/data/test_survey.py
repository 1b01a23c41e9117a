"""`dlbench data`: what is counted, what is found out, what is shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from photos import SHARED_PHOTOS
from PIL import Image

import dlbench
from dlbench.cli import main
from dlbench.train import load
from dlbench.train.data.dataset import Dataset, Split
from dlbench.train.data.known_data_sets import load_with_files
from dlbench.train.data.survey import sample_of, survey


def made(images: np.ndarray, labels: list[int], test: list[int]) -> Dataset:
    train = [i for i in range(len(labels)) if i not in test]
    split = Split(np.array(train), np.array([], np.int64), np.array(test), "as made")
    return Dataset("made", images, np.array(labels), ("no", "yes"), split)


def test_the_survey_of_the_sample_is_numpys(capsys):
    dataset = load(None)
    found = survey(dataset)
    train = dataset.images[dataset.split.train] / 255
    assert found.mean[0] == pytest.approx(train.mean(), abs=1e-12)
    assert found.deviation[0] == pytest.approx(train.std(), abs=1e-12)
    assert (found.lowest, found.highest, found.images, found.shape) == (0, 255, 5000, (1, 28, 28))
    assert [c.total for c in found.classes] == [500] * 10 and found.imbalance == 1
    assert found.duplicates.images == len(dataset.images) - len({i.tobytes() for i in dataset.images})


def test_copies_are_found_and_those_that_reach_the_test_split_are_told():
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 4, 4), np.uint8)
    images[5] = images[1]  # training and test, the same label
    images[6] = images[2]  # two labels
    images[7] = 9  # constant
    found = survey(made(images, [0, 1, 0, 1, 0, 1, 1, 0], [4, 5]))
    assert (found.duplicates.images, found.duplicates.groups) == (2, 2)
    assert found.duplicates.across_test == 1 and found.duplicates.other_label == 1
    assert found.duplicates.named == (("1", "5"), ("2", "6"))
    assert found.constant == 1
    assert [(c.train, c.test) for c in found.classes] == [(3, 1), (3, 1)]


def test_a_sample_is_the_image_itself_or_its_means():
    values = np.arange(64 * 64).reshape(1, 1, 64, 64).astype(np.uint8).repeat(2, 0)
    dataset = made(values, [0, 1], [1])
    shown = sample_of(dataset, 1, most=(32, 32))
    assert shown.part == "test" and shown.label == "yes" and "mean of 2 x 2" in shown.how
    blocks = values[1, 0].reshape(32, 2, 32, 2).mean((1, 3)).round()
    np.testing.assert_array_equal(shown.values, blocks)
    cut = sample_of(dataset, 0, most=(40, 40))
    assert "the centre 40 x 40 of 64 x 64" in cut.how
    np.testing.assert_array_equal(cut.values, values[0, 0, 12:52, 12:52])


def test_the_command_prints_the_matrix_and_draws_the_samples(workspace: Path, capsys):
    assert main(["data", "--show", "0"]) == 0
    told = capsys.readouterr().out
    text = " ".join(told.split())
    for words in ("5,000", "1 x 28 x 28", "balanced: 500 images of each class", "Image 0 as numbers", "stratified"):
        assert words in text, words
    first = load(None).images[0, 0]
    rows = [line for line in told.splitlines() if len(line.split()) == 28 and line.split()[0].isdigit()]
    np.testing.assert_array_equal([[int(v) for v in row.split()] for row in rows], first)
    with Image.open(workspace / "pictures" / "data-mnist-sample.png") as picture:
        assert picture.width > 400 and len(picture.convert("L").getcolors(256)) > 50


def test_the_machine_form_is_whole(workspace: Path, capsys):
    assert main(["data", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "dlbench.data/1"
    assert np.array(document["sample"]["values"]).shape == (28, 28)
    assert sum(c["train"] for c in document["classes"]) == 4000


def folder(root: Path) -> Path:
    rng = np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (root / kind).mkdir(parents=True)
        for i in range(8):
            Image.fromarray(rng.integers(0, 256, (20 + i, 30, 3), np.uint8)).save(root / kind / f"{i}.png")
    return root


def test_why_a_picture_is_passed_over_stands_in_plain_words(tmp_path):
    root = folder(tmp_path / "photos")
    (root / "cat" / "renamed.jpg").write_bytes(b"\0\0\0\x18ftypheic" + bytes(99))
    (root / "cat" / "cut.png").write_bytes(b"")
    (root / "dog" / "text.gif").write_bytes(b"not a picture")
    (warning,) = dlbench.survey(root).all_warnings()
    assert (
        "cat/renamed.jpg (a HEIC picture: save it as JPEG)" in warning and "cat/cut.png (the file is empty)" in warning
    )
    assert "dog/text.gif (not a picture of a known format)" in warning


def test_a_folder_tells_formats_sizes_unreadable_files_strays_and_leaks(tmp_path, workspace, capsys):
    root = folder(tmp_path / "photos")
    (root / "cat" / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    (root / "empty").mkdir()
    Image.new("RGB", (9, 9)).save(root / "stray.png")
    for i in range(8):  # every cat again under another name: some of the copies end up in the test split
        (root / "dog" / f"copy{i}.png").write_bytes((root / "cat" / f"{i}.png").read_bytes())
    assert main(["data", str(root)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "24 PNG RGB",
        "8 sizes from 30 x 20 to 30 x 27",
        "1 of 25 pictures can't be read and were skipped: cat/broken.jpg",
        "1 pictures have no label and were skipped: stray.png",
        "1 folders hold no picture",
        "unbalanced: 16 of dog, 8 of cat",
        "leak:",
        "8 of the pictures carry different labels",
    ):
        assert words in text, words


def test_a_split_that_the_folder_brings_is_kept(tmp_path: Path):
    for part in ("train", "val", "test"):
        folder(tmp_path / part)
    found = load_with_files(str(tmp_path), 16)
    split = found.dataset.split
    assert {found.files[i].parts[-3] for i in split.test} == {"test"}
    assert {found.files[i].parts[-3] for i in split.train} == {"train"}
    assert {found.files[i].parts[-3] for i in split.validation} == {"val"}
    assert "the folder's own" in split.text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data", "mnits"], "Did you mean mnist"),
        (["data", "--show", "5000"], "0 to 4,999, received 5,000"),
        (["data", "--show", "-1"], "--show"),
        (["data", "--size", "4"], "8 to 1024 pixels"),
        (["data", "/nowhere"], "nothing there"),
    ],
)
def test_bad_input_is_one_line(arguments, words, workspace, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert words in told and told.count("\n") == 1, told


@pytest.mark.shared
def test_the_real_photos(workspace, capsys):
    assert main(["data", str(SHARED_PHOTOS)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in ("1,000 JPEG RGB", "700 train / 100 validation / 200 test", "balanced: 500 images of each class"):
        assert words in text, words

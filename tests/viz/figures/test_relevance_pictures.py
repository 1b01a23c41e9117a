"""`dlbench viz relevance` and its pictures, as a user meets them; the map falls on the animal of real photos."""

from __future__ import annotations

import json

import numpy as np
import pytest
from photos import ANIMALS, SHARED_PHOTOS
from PIL import Image
from placement import words_cut_off
from relevance_models import linear_model, patch_model, planted_picture, saved

from dlbench.cli import main
from dlbench.model.card import read_model
from dlbench.viz.attribution.methods import relevance
from dlbench.viz.attribution.relevance_settings import METHODS, Settings
from dlbench.viz.capture.picture import open_picture
from dlbench.viz.figures.relevance_pictures import relevance_pictures


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "patches.png"
    Image.fromarray((planted_picture()[0].transpose(1, 2, 0) * 255).round().astype(np.uint8)).save(path)
    return path


@pytest.fixture
def model(tmp_path):
    return saved(patch_model(), tmp_path)


def test_the_picture_shows_two_classes_in_one_range_with_a_bar_that_says_its_unit(model, photo):
    card = read_model(model)
    steps = []
    (drawn,) = relevance_pictures(
        card, open_picture(card, photo), "occlusion", lambda *step: steps.append(step), asked=Settings(steps=4)
    )
    axes = drawn.figure.axes
    titles = [one.get_title() for one in axes]
    assert any("predicted" in title for title in titles) and any("runner-up" in title for title in titles)
    first, second = (next(one for one in axes if word in one.get_title()) for word in ("predicted", "runner-up"))
    assert first.images[0].get_clim() == second.images[0].get_clim() and first.images[0].cmap.name == "RdBu_r"
    low, high = first.images[0].get_clim()
    assert low == -high
    assert any(one.get_ylabel() == "fall of the logit when hidden" for one in axes)
    curves = next(one for one in axes if one.get_title().startswith("deletion"))
    emptied = [line for line in curves.lines if line.get_marker() == "o"]
    ends = {
        drawn.arrays[f"occlusion-class {place}-{kind}"][1, -1] for place in (0, 1) for kind in ("deletion", "random")
    }
    assert {line.get_ydata()[0] for line in emptied} == ends and len(ends) == 2  # both lines of a class end there
    assert {line.get_label() for line in emptied} == {f"emptied picture: {end:.2f}" for end in ends}
    assert "0 white" in drawn.figure.get_suptitle() and "stride 1" in drawn.figure.get_suptitle()
    assert {phase for phase, _, _ in steps} == {
        "occlusion: map",
        "occlusion: deletion curve",
        "occlusion: weights shuffled",
    }
    assert all(done <= total for _, done, total in steps)
    assert {"occlusion-class 0", "occlusion-class 0-deletion", "picture"} <= set(drawn.arrays)
    assert drawn.png().startswith(b"\x89PNG")


def test_all_methods_stand_one_below_the_other_and_what_does_not_fit_is_told(tmp_path, photo):
    card = read_model(saved(patch_model("flatten"), tmp_path))
    asked = Settings(masks=20, patch=8, stride=8, steps=2, sanity=False)
    (drawn,) = relevance_pictures(card, open_picture(card, photo), "all", asked=asked)
    assert not words_cut_off(drawn.figure)
    shown = {text.get_text() for axes in drawn.figure.axes for text in axes.texts}
    assert set(METHODS) - {"cam"} <= shown and "cam" not in shown
    assert any(note.startswith("cam is left out") for note in drawn.notes)
    assert any("20 random masks" in note for note in drawn.notes) and any(
        "8 x 8 pixels" in note for note in drawn.notes
    )
    assert any("not class-specific" in note for note in drawn.notes)


def test_a_number_has_one_map_and_no_probability(tmp_path):
    path = tmp_path / "grey.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (32, 32), np.uint8)).save(path)
    card = read_model(saved(linear_model(np.random.default_rng(1).random((32, 32))), tmp_path))
    (drawn,) = relevance_pictures(card, open_picture(card, path), asked=Settings(steps=2))
    titles = " ".join(axes.get_title() for axes in drawn.figure.axes)
    assert "the answer" in titles and "runner-up" not in titles and "%" not in titles
    assert "raises the number" in drawn.words and "class" not in drawn.words.split(".")[1]


def test_the_command_writes_a_picture_and_its_numbers_and_says_what_it_did(model, photo, workspace, capsys):
    assert main(["viz", "relevance", str(model), str(photo), "--class", "1"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "class 1",
        "cam was chosen",
        "deletion of class 1",
        "sanity of class 1",
        "next: dlbench viz relevance",
    ):
        assert words in text, words
    folder = workspace / "pictures" / "patches-patches"
    assert (folder / "relevance-cam.png").is_file() and (folder / "relevance-cam.svg").is_file()
    with np.load(folder / "relevance-cam.npz", allow_pickle=False) as kept:
        assert kept["cam-class_1"].shape == (32, 32) and kept["cam-class_1-grid"].shape == (8, 8)


def test_json_has_every_figure_and_nothing_else_on_standard_output(model, photo, workspace, capsys):
    arguments = ["--method", "occlusion", "--patch", "8", "--stride", "4", "--no-sanity", "--json"]
    assert main(["viz", "relevance", str(model), str(photo), *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "dlbench.relevance/1"
    first, second = document["results"]
    assert (first["rank"], second["rank"]) == (1, 2) and first["deletion"]["area"] > 0
    assert "8 x 8 pixels, stride 4" in first["settings"] and "sanity" not in first


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--method", "oclusion"], "Did you mean occlusion"),
        (["--class", "dog"], "no class 'dog'"),
        (["--class", "0", "--class", "1", "--class", "2"], "at most two"),
        (["--method", "rise", "--patch", "3"], "belongs to occlusion"),
        (["--patch", "64"], "patch: expected 1 to 32"),
        (["--seed", "-1"], "--seed"),
        (["--layer", "logits", "--method", "eigen-cam"], "has no places"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(model, photo, workspace, capsys, arguments, told):
    assert main(["viz", "relevance", str(model), str(photo), *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


@pytest.fixture
def trained(shared, few_photos):
    """MobileNetV2 with a head trained on 180 other photos."""
    return read_model(shared.trained("transfer", data=few_photos, quickly_exported=True).result.model_path)


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize(("method", "settings"), [("cam", {}), ("occlusion", {"stride": 32})])
def test_the_map_of_the_animal_s_class_falls_on_the_animal(trained, method, settings):
    gains = []  # share of the map's positive values on the animal, over the share of the crop that it fills
    for name, (left, top, right, bottom) in ANIMALS.items():
        picture = open_picture(trained, SHARED_PHOTOS / name[:3] / f"{name}.jpg")
        values = relevance(trained, picture, method, name[:3], sanity=False, steps=1, **settings).map
        inside = np.zeros(values.shape, bool)
        inside[round(top * 224) : round(bottom * 224), round(left * 224) : round(right * 224)] = True
        share = values.clip(0)[inside].sum() / values.clip(0).sum()
        gains.append(share / inside.mean())
        assert inside[values == values.max()].any(), name  # the square with the peak touches the animal
    assert min(gains) >= 1.25 and np.mean(gains) >= 1.5, dict(zip(ANIMALS, gains, strict=True))  # without aim: 1

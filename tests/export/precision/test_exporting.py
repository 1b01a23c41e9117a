"""`dlbench export` and `dlbench.export_model`: where the pictures come from, what is written and what is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from PIL import Image
from test_variants import BATCHES, FACTS, network

import dlbench
from dlbench.cli import main
from dlbench.errors import DataError, InputError
from dlbench.model.card import read_model
from dlbench.model.facts import write_facts


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    onnx.save(network(), tmp_path / "tiny.onnx")
    return str(tmp_path / "tiny.onnx")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "more").mkdir(parents=True)
    for place in range(6):
        pixels = np.random.default_rng(place).integers(0, 255, (20, 16, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / ("more" if place % 2 else "") / f"{place}.png")
    (tmp_path / "photos" / "notes.txt").write_text("not a picture")
    return tmp_path / "photos"


def test_a_folder_of_pictures_calibrates_a_foreign_file(foreign, photos, workspace, capsys):
    assert main(["export", foreign, "--precision", "int8,fp16", "--data", str(photos), "--normalise", "none"]) == 0
    out = capsys.readouterr().out
    assert "tiny.int8.onnx" in out and "tiny.fp16.onnx" in out and "next: dlbench compare" in out
    variant = read_model(foreign.replace(".onnx", ".int8.onnx")).variant
    assert variant.recipe["calibration"]["pictures"] == 6
    assert variant.recipe["calibration"]["kind"] == "folder photos"
    remembered = json.loads((workspace / "remembered.json").read_text())["models"]
    assert read_model(foreign.replace(".onnx", ".int8.onnx")).sha256 in remembered


def test_a_seed_chooses_the_pictures(foreign, photos, workspace, tmp_path):
    hashes = [
        dlbench.export_model(foreign, to=tmp_path / "to", data=photos, pictures=3, seed=seed, normalise="none")
        .variants[0]
        .recipe["calibration"]["sha256"]
        for seed in (0, 0, 1)
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_network_of_dlbench_is_calibrated_on_its_validation_split(tmp_path, workspace):
    model = network(shape=(1, 28, 28))
    labels = tuple(map(str, range(10)))
    write_facts(model, FACTS.model_copy(update={"labels": labels}))
    onnx.save(model, tmp_path / "digits.onnx")
    made = dlbench.export_model(tmp_path / "digits.onnx", pictures=5)
    assert made.calibration == "validation split of mnist-sample"
    data = dlbench.train.load("mnist-sample")
    places = np.sort(np.random.default_rng(0).choice(data.split.validation, 5, replace=False))
    pictures = data.images[places].astype(np.float32) / 255
    again = dlbench.export_model(tmp_path / "digits.onnx", to=tmp_path / "to", data=[pictures[:4], pictures[4:]])
    hashes = [each.variants[0].recipe["calibration"]["sha256"] for each in (made, again)]
    assert hashes[0] == hashes[1]


def test_what_can_not_be_made_is_told_and_the_others_are_written(foreign, workspace, capsys):
    assert main(["export", foreign, "--precision", "int8-dynamic,fp32,int8"]) == 2
    captured = capsys.readouterr()
    assert "int8 needs pictures to measure ranges on: expected --data NAME|FOLDER" in captured.err
    made = dlbench.export_model(foreign, precision=["fp16", "int8"], data=[{"wrong": BATCHES[0]}, BATCHES[0]][1:])
    assert [each.precision for each in made.variants] == ["fp16", "int8"] and not made.failures
    broken = dlbench.export_model(foreign, precision="fp32,int8", data=[np.zeros((1, 3, 9, 9), np.float32)])
    assert [each.precision for each in broken.variants] == ["fp32"] and broken.failures[0][0] == "int8"
    assert "int8 was not made" in broken.warnings()[0]


def test_the_machine_form_has_every_recipe(foreign, workspace, capsys):
    assert main(["export", foreign, "--precision", "fp32,fp16", "--json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["schema"] == "dlbench.variants/1" and document["variants"][1]["recipe"]["calibration"] is None
    assert [each["file"] for each in document["variants"]] == ["tiny.onnx", "tiny.fp16.onnx"]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"precision": "int9"}, InputError, "precision: expected fp32"),
        ({"precision": ""}, InputError, "precision: expected some of"),
        ({"pictures": 0}, InputError, "pictures: expected 1 to 10,000, received 0"),
        ({"data": "nowhere"}, DataError, "nowhere"),
        ({"data": "{empty}"}, DataError, "no pictures in .*empty: expected JPEG"),
        ({"data": [], "method": "most"}, InputError, "method: expected minmax"),
        ({"data": [BATCHES[0]], "keep_fp32": "lost"}, InputError, "keep_fp32: expected layers of tiny"),
    ],
)
def test_bad_input_is_one_line(foreign, workspace, tmp_path, options, error, words):
    (tmp_path / "empty").mkdir()
    options = {k: v.format(empty=tmp_path / "empty") if isinstance(v, str) else v for k, v in options.items()}
    with pytest.raises(error, match=words) as caught:
        dlbench.export_model(foreign, **options)
    assert "\n" not in str(caught.value)


def test_a_file_is_made_again_from_its_recipe(foreign, photos, workspace, capsys):
    options = [foreign, "--data", str(photos), "--normalise", "none", "--precision", "int8"]
    assert main(["export", *options, "--keep-fp32", "auto", "--goal", "60", "--pictures", "4", "--full"]) == 0
    out = capsys.readouterr().out
    assert "from all int8 to the goal" in out and "dB all in int8" in out
    assert main(["export", *options, "--repeat"]) == 0
    assert "came out of its recipe with the same bytes" in capsys.readouterr().out
    assert main(["export", *options, "--repeat", "--keep-fp32", "auto"]) == 2
    assert "--repeat: expected no settings beside it" in capsys.readouterr().err
    (photos / "0.png").unlink()
    assert main(["export", *options, "--repeat"]) == 1
    assert "could not be made again" in capsys.readouterr().err


def test_a_folder_can_not_calibrate_a_model_that_takes_no_picture(save, photos, workspace):
    nodes = [helper.make_node("MatMul", ["x", "w"], ["y"])]
    ends = [("x", TensorProto.FLOAT, ["n", 4])], [("y", TensorProto.FLOAT, ["n", 3])]
    path = save("words", nodes, *ends, {"w": np.ones((4, 3), np.float32)})
    with pytest.raises(InputError, match=r"words takes no picture, so a folder .*received photos; give them"):
        dlbench.export_model(path, data=photos)
    batches = [{"x": np.random.default_rng(0).random((5, 4), dtype=np.float32)}]
    assert dlbench.export_model(path, data=batches).variants[0].recipe["calibration"]["pictures"] == 5

"""No English word is left in a picture, its page or its screen, as `tests/test_untranslated.py` has it for all else.

Pictures are not rendered: their texts are read from the figures.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from matplotlib.text import Text
from onnx import TensorProto, helper
from PIL import Image
from pseudo_language import left_in, printed, pseudo_language, visible_texts
from relevance_models import linear_model, patch_model, saved, weights
from small_models import dense_model

from dlbench.show.texts import said
from dlbench.viz.evaluation.error_figures import draw_numbers
from dlbench.viz.evaluation.freezing_chart import FreezingPoint, freezing_chart
from dlbench.viz.evaluation.training_curves import curve_charts, shift_chart
from dlbench.viz.figures import drawing

TENSORS = ("conv", "relu", "maps", "pooled", "h", "r")
NAMES = frozenset(("onnx", "flatten", "patch", "stride"))  # of files, layers, and settings that are typed


@pytest.fixture
def drawn_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list that gets every text of every picture that is written."""
    texts: list[str] = []
    pixel = io.BytesIO()
    Image.new("L", (1, 1)).save(pixel, "png")

    def written(drawn: drawing.Drawn, folder: Path) -> list[Path]:
        texts.extend(texts_of(drawn))
        return [folder / "one.png"]

    monkeypatch.setattr(drawing, "write_drawn", written)
    monkeypatch.setattr(drawing, "saved", lambda *_: pixel.getvalue())
    return texts


def texts_of(drawn: drawing.Drawn) -> list[str]:
    return [text.get_text() for text in drawn.figure.findobj(Text) if text.get_visible()]


def with_numbers(model: onnx.ModelProto) -> onnx.ModelProto:
    """Call tensors conv_1, which nobody takes for a word."""
    for node in model.graph.node:
        node.input[:] = [f"{name}_1" if name in TENSORS else name for name in node.input]
        node.output[:] = [f"{name}_1" if name in TENSORS else name for name in node.output]
    return model


def of_blocks() -> onnx.ModelProto:
    """Return three blocks of a convolution, a ReLU and a shortcut, that give maps in the end."""
    kernels = helper.make_tensor("w", TensorProto.FLOAT, [3, 3, 1, 1], [0.1] * 9)
    nodes, before = [], "image"
    for block in ("b.0", "b.1", "b.2"):
        nodes.append(helper.make_node("Conv", [before, "w"], [f"{block}.c"]))
        nodes.append(helper.make_node("Relu", [f"{block}.c"], [f"{block}.r"]))
        nodes.append(helper.make_node("Add", [f"{block}.r", before], [f"{block}.sum_1"]))
        before = f"{block}.sum_1"
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, 8, 8]) for name in ("image", before)]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [kernels])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Return models of each kind, a picture, and pictures in three class folders."""
    rng = np.random.default_rng(0)
    for kind in ("cpu", "gpu", "tpu"):
        (tmp_path / "all" / kind).mkdir(parents=True)
        for number in range(8):
            Image.fromarray(rng.integers(0, 255, (32, 32, 3), np.uint8)).save(tmp_path / "all" / kind / f"{number}.png")
    fine = {name: values.astype(np.float16).astype(np.float32) for name, values in weights().items()}
    return {
        "conv": str(saved(with_numbers(patch_model()), tmp_path, "cnn")),
        "rounded": str(saved(with_numbers(patch_model(kept=fine)), tmp_path, "transfer")),
        "dense": str(saved(with_numbers(dense_model()), tmp_path, "dense")),
        "number": str(saved(linear_model(np.ones((32, 32), np.float32)), tmp_path, "flat")),
        "blocks": str(saved(of_blocks(), tmp_path, "small")),
        "picture": str(tmp_path / "all" / "cpu" / "0.png"),
        "data": str(tmp_path / "all"),
    }


LINES = [
    "inputs {conv} {picture}",
    "inputs {dense} {picture}",
    "answers {conv} {picture}",
    "filters {conv}",
    "filters {dense}",
    "activations {conv} {picture} --layers all",
    "activations {dense} {picture} --layers all --range global",
    "activations {conv} --list",
    "depth {dense} {picture}",
    "depth {blocks} {picture}",
    "top {conv} --data {data}",
    "errors {conv} --data {data}",
    "precision {conv} {rounded} --data {data} --pictures 2",
    "relevance {conv} {picture} --method all --masks 5 --patch 16 --stride 16 --no-sanity",
    "relevance {conv} {picture} --method eigen-cam",
    "relevance {number} {picture} --patch 16 --stride 16",
    "all {conv} {picture}",
    "all {blocks} {picture}",
]


def test_pictures_their_pages_and_their_screens_are_translated(
    drawn_texts: list[str],
    files: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.setenv("DLBENCH_WORKSPACE", str(tmp_path / "out"))
    text = printed([["viz", *line.format(**files).split()] for line in LINES], capsys)
    pages = list((tmp_path / "out").rglob("index.html"))
    assert len(pages) == 2 and len(drawn_texts) > 500
    visible = [text for page in pages for text in visible_texts(page.read_text(encoding="utf-8"))]
    assert not left_in([*text.splitlines(), *visible, *drawn_texts], NAMES)


class _Epoch:
    epoch, train_loss, validation_loss, train_accuracy, validation_accuracy, validation_error = (
        1,
        2.0,
        2.1,
        0.9,
        0.8,
        0.1,
    )


def test_charts_of_training_and_of_errors_are_translated():
    images = np.zeros((3, 1, 8, 8), np.uint8)
    with pseudo_language():
        charts = [
            *curve_charts({"dense": [_Epoch()], "cnn": [_Epoch(), _Epoch()]}, {"cnn": 1}, "kg"),
            shift_chart((0, 1), {"cnn": (0.9, 0.8)}, 0.1),
            freezing_chart([FreezingPoint("all", 7.0, 0.98, (0.95, 0.99), 2562)]),
        ]
        numbers = draw_numbers("cnn", np.array([1.0, 2, 3]), np.array([1.0, 2, 2]), images, "kg")
        texts = [said(text) for title, words, _ in charts for text in (title, words)]
        texts += [said(text) for drawn in numbers for text in (drawn.title, drawn.words)]
    texts += [text for *_, svg in charts for text in visible_texts(svg)]
    texts += [text for drawn in numbers for text in texts_of(drawn)]
    assert not left_in(texts)

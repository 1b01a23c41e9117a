"""What `dlbench.viz` gives to a notebook, and that it costs neither torch nor time."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import dlbench.viz
import dlbench.viz.capture.activations
from dlbench import viz
from dlbench.errors import InputError

NAMES = (
    "Drawn Judged Layer OpenedPicture Relevance activations choose draw_activations draw_answers draw_depth "
    "draw_errors draw_filter draw_filters draw_input draw_top_images judge layers_of model_for open_picture "
    "picture_of_array read_model relevance relevance_pictures top_images write_drawn"
)


def test_the_public_names_are_these():
    assert sorted(dlbench.viz.__all__) == sorted(NAMES.split())
    assert all(hasattr(dlbench.viz, name) for name in dlbench.viz.__all__)


def test_no_module_of_viz_imports_torch_and_none_imports_matplotlib_before_it_draws():
    code = (
        "import pkgutil, importlib, sys, dlbench.viz as viz\n"
        "for found in pkgutil.iter_modules(viz.__path__): importlib.import_module('dlbench.viz.' + found.name)\n"
        "heavy = {'torch', 'torchvision', 'matplotlib', 'onnxruntime', 'scipy', 'sklearn'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_torch_is_not_imported_while_looking(dense_file):
    code = (
        "import sys, numpy as np\n"
        "from dlbench.viz import activations, draw_activations, draw_filters, read_model\n"
        f"card = read_model(__import__('pathlib').Path({str(dense_file)!r}))\n"
        "images = np.zeros((2, 1, 28, 28), np.float32)\n"
        "assert activations(card, images, 'all')['h'].shape == (2, 16)\n"
        "[one.png() for one in draw_activations(card, images, 'all')]; draw_filters(card)\n"
        "sys.exit('torch' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_the_package_is_imported_without_its_modules():
    code = (
        "import sys, dlbench.viz\n"
        "heavy = {'numpy', 'onnx', 'matplotlib', 'dlbench.viz.capture'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_no_function_hides_a_module():
    assert callable(viz.activations) and not isinstance(viz.activations, ModuleType)
    assert isinstance(dlbench.viz.capture.activations, ModuleType)


@pytest.fixture
def digit(tmp_path):
    """A picture file of a digit's size."""
    path = tmp_path / "<b>digit.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (28, 28), np.uint8)).save(path)
    return path


def test_models_and_pictures_are_given_by_their_paths(dense_file, digit):
    file, picture = str(dense_file), str(digit)
    assert viz.activations(file, picture, "all")["h"].shape == (1, 16)
    assert [layer.title for layer in viz.layers_of(file)] == [layer.title for layer in viz.layers_of(dense_file)]
    assert viz.open_picture(file, picture).received.shape == (1, 1, 28, 28)
    assert len(viz.draw_filters(file)) == 1
    assert len(viz.draw_activations(file, digit, "all")) == len(viz.layers_of(file))
    assert viz.draw_answers(file, digit).name == "answers"
    assert viz.draw_depth(file, picture).name == "depth"
    assert viz.draw_input(file, digit).name == "input"
    assert viz.relevance(file, picture, sanity=False, steps=2).map.shape == (28, 28)
    images = np.zeros((3, 1, 28, 28), np.uint8)
    assert viz.top_images(file, images, "h").layer.title == "h"
    classes = tuple("0123456789")
    assert len(viz.judge(file, images, np.array([1, 2, 3]), classes).labels) == 3
    with pytest.raises(InputError, match="layer: expected one layer"):
        viz.top_images(file, images, "all")


def test_errors_name_arguments_of_python(dense_file, digit):
    with pytest.raises(InputError, match=r"^truth: expected one of") as caught:
        viz.draw_answers(dense_file, digit, truth="cat")
    assert "--" not in str(caught.value)


def test_a_notebook_shows_pictures_with_their_titles_escaped(dense_file, digit):
    gallery = viz.relevance_pictures(dense_file, digit)
    html = gallery._repr_html_()
    assert html.count("<img") == 1 and "&lt;b&gt;digit.png" in html and "<b>digit" not in html
    assert gallery[0]._repr_html_().count("<img") == 1
    drawings = viz.draw_activations(dense_file, digit, "all")
    assert repr(drawings).startswith(f"<{len(drawings)} pictures: flat (Flatten)")
    assert all(len(repr(drawn)) < 100 for drawn in drawings)
    assert repr(viz.open_picture(dense_file, digit)) == "<picture <b>digit.png: the network gets 1 x 28 x 28>"
    assert repr(viz.relevance(dense_file, digit, sanity=False, steps=2)).endswith("by occlusion: map of 28 x 28>")
    assert len(viz.write_drawn(drawings[0], str(digit.parent))) == 3

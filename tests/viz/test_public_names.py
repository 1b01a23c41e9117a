"""What `dlbench.viz` gives to a notebook, and that it costs neither torch nor time."""

from __future__ import annotations

import subprocess
import sys

import dlbench.viz

NAMES = (
    "Drawn Judged Layer OpenedPicture Relevance activations choose draw_activations draw_answers draw_depth "
    "draw_errors draw_filters draw_input draw_top_images judge layers_of open_picture read_model relevance "
    "relevance_pictures top_images write_drawn"
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

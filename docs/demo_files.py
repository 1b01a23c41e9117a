"""Make what `dlbench demo` looks at: a trained `cnn` and ten test digits that it has not seen, one of each.

uv run python docs/demo_files.py dlbench-out/models/cnn.onnx        # after `dlbench train cnn`
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from dlbench.train import load

FOLDER = Path(__file__).parents[1] / "src" / "dlbench" / "api" / "classroom" / "demo"


def main() -> None:
    """Copy the network, and lay the first test digit of each class side by side, 28 x 280 pixels."""
    shutil.copyfile(sys.argv[1], FOLDER / "cnn.onnx")
    digits = load(None)
    test = np.asarray(digits.split.test)
    first = [next(place for place in test if digits.labels[place] == label) for label in range(10)]
    sheet = np.concatenate([digits.images[place][0] for place in first], axis=1)  # 10 x (28, 28) -> (28, 280)
    Image.fromarray(sheet).save(FOLDER / "digits.png", optimize=True)


if __name__ == "__main__":
    main()

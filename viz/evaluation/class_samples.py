"""A picture of some images of each class, in one grid: what the numbers of a data set look like.

png, words = sample_grid("mnist-sample", dataset.images[dataset.split.train], labels, dataset.classes)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlbench.show.glyphs import fit_glyphs
from dlbench.viz.figures.drawing import DPI, fitted, house_style, new_figure, saved, shortened

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 8
_MOST_ROWS = 40
_CELL_INCHES = 0.62
_LONGEST_NAME = 28


def sample_grid(
    name: str, images: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[str]
) -> tuple[bytes, str]:
    """Return a PNG with up to eight images (N, C, H, W) of each of 40 classes, and what it shows in words."""
    shown = list(classes[:_MOST_ROWS])
    rows = [images[np.flatnonzero(labels == index)[:_COLUMNS]] for index in range(len(shown))]
    columns = max(1, *(len(row) for row in rows))
    words = f"up to {columns} images of each class, in grey from 0 black to 255 white"
    if images.shape[1] == 3:
        words = f"up to {columns} images of each class, in their own colours"
    if len(shown) < len(classes):
        words += f"; {len(shown)} of {len(classes)} classes shown"
    names = [shortened(text, _LONGEST_NAME) for text in shown]
    figure = _drawn(f"{name}: {words}", _canvas(rows, columns), names, columns)
    words = "; ".join((words, *fit_glyphs(figure)))
    return saved(figure, "png"), words


def _canvas(rows: Sequence[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Put the images side by side with white lines between: -> (rows, cell height, columns x cell width, 3) joined."""
    height, width = rows[0].shape[2:]
    gap = max(1, height // 14)
    canvas = np.full((len(rows) * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            top, left = i * (height + gap), j * (width + gap)
            canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)  # (C, H, W) -> (H, W, C or 1)
    return canvas


def _drawn(title: str, canvas: NDArray[np.uint8], names: Sequence[str], columns: int) -> Figure:
    cell = (canvas.shape[0] + 1) / len(names)
    size = (columns * _CELL_INCHES + 0.3 + 0.1 * max(map(len, names)), len(names) * _CELL_INCHES + 0.6)
    enlarged = cell < _CELL_INCHES * DPI
    with house_style():
        figure = new_figure(*size)
        axes = figure.add_subplot()
        axes.imshow(canvas, interpolation="nearest" if enlarged else "antialiased")
        axes.set_yticks([(i + 0.5) * cell - 0.5 for i in range(len(names))], names)
        axes.set_xticks([])
        axes.tick_params(left=False)
        axes.spines[:].set_visible(False)
        figure.suptitle(fitted(title, size[0], 9), fontsize=9)
    return figure

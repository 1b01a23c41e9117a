"""A strip of tiles, one for each layer: what each layer does and gives in its title, one map or its numbers below.

figure = strip_figure("one picture through cnn", [Tile("conv1 (Conv)", values), Tile("relu1 (Relu)", others)])
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from dlbench.viz.figures.drawing import shortened
from dlbench.viz.figures.tiles import EMPTY, cell_figure, draw_tile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_WITH_VALUES = 4  # classes: of more, no number is written
_LONGEST = 30  # characters of a name with its operator


@dataclass(frozen=True)
class Tile:
    """What stands for one layer in the strip."""

    title: str
    values: NDArray[Any]  # (h, w)
    names: tuple[str, ...] = ()  # of the numbers of a row
    missing: int = 0  # places at the end of the last line that hold no number


def strip_figure(heading: str, tiles: Sequence[Tile]) -> Figure:
    """Draw the tiles in the order of the graph, six to a row; below the heading stands how they are read."""

    def draw(axes: Axes, place: int) -> None:
        tile = tiles[place]
        draw_tile(axes, tile.values, None)
        _grey_out(axes, tile)
        axes.set_title(_short(tile.title), fontsize=6.5, pad=2)
        _name(axes, tile)

    title = (
        f"{heading}\n"
        "each tile: the map that varies most; layers that work on each map alone keep the map of the layer before\n"
        "each tile has its own range: 0 white, red above, blue below; without negative values 0 purple to yellow"
    )
    return cell_figure(title, len(tiles), draw, cell_in=(1.62, 2.12), heading_in=0.65, least_width_in=4.2)


def _grey_out(axes: Axes, tile: Tile) -> None:
    """Mark the places of the last line that hold no number."""
    from matplotlib.patches import Rectangle

    if tile.missing:
        rows, columns = tile.values.shape
        corner = (columns - tile.missing - 0.5, rows - 1.5)
        axes.add_patch(Rectangle(corner, tile.missing, 1, color=EMPTY))


def _name(axes: Axes, tile: Tile) -> None:
    """Write the classes under the numbers of the answer."""
    if not tile.names:
        return
    upright = len(tile.names) > MOST_WITH_VALUES and max(map(len, tile.names)) > 2
    axes.set_xticks(range(len(tile.names)), tile.names, fontsize=6, rotation=90 if upright else 0)
    axes.tick_params(length=0, pad=1)


def _short(title: str) -> str:
    lines = title.splitlines()
    name, _, kind = lines[0].rpartition(" (")
    first = f"{_by_module(name)} ({kind}"
    return "\n".join([shortened(first, _LONGEST, keep_end=True), *lines[1:]])


def _by_module(name: str) -> str:
    """Return the modules of a name that torch's exporter gave: /layer1/layer1.0/relu/Relu_output_0 is layer1.0/relu."""
    parts = [part for part in name.split("/") if part]
    if len(parts) > 1 and re.fullmatch(r"\w+_output_\d+", parts[-1]):  # the operator stands beside the name
        parts.pop()
    kept = [part for part, inner in zip_longest(parts, parts[1:], fillvalue="") if not inner.startswith(f"{part}.")]
    return "/".join(kept) if name.startswith("/") else name

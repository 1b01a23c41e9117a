"""Maps as tiles: their colours and ranges, grids of them, labels where a map can't be shown.

    figure = map_grid(maps, titles, scale="channel", heading="conv1 (Conv), 16 x 28 x 28")   # maps: (K, h, w)

Viridis (V. d. Walt and N. Smith, 2015: perceived evenly, also by the colour-blind) for values of one sign, RdBu_r
centred on 0 for signed ones; nearest-neighbour scaling, so that a square is a value; the range stands in the heading.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlbench.show.texts import tr
from dlbench.viz.figures.drawing import fitted, house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Scale = Literal["channel", "layer", "global"]
SCALES: tuple[Scale, ...] = ("channel", "layer", "global")
MOST_TILES = 64
_CELLS_A_ROW = 6
_TILE_INCHES = 0.92
_GAP_INCHES = 0.08
_TITLE_INCHES = 0.15
EMPTY = "#e8e8e8"  # of a tile that has a label in place of values


@dataclass(frozen=True)
class Limits:
    """The values that the two ends of the colours stand for."""

    low: float
    high: float

    @property
    def signed(self) -> bool:
        """Say whether the colours are centred on 0."""
        return self.low < 0

    @property
    def colours(self) -> str:
        """Matplotlib's name of the colours."""
        return "RdBu_r" if self.signed else "viridis"

    @property
    def style(self) -> dict[str, Any]:
        """What Matplotlib draws a map of this range with, each value as a square."""
        return {"cmap": self.colours, "vmin": self.low, "vmax": self.high, "interpolation": "nearest"}

    def words(self) -> str:
        """Return such as `0 dark purple to 1.7 yellow`."""
        low, high = (f"{v:.3g}" for v in (self.low, self.high))
        return f"{low} blue, 0 white, {high} red" if self.signed else f"{low} dark purple to {high} yellow"


def limits_of(values: NDArray[Any]) -> Limits:
    """Return the range of the finite values: from 0 where none is negative, else as far below 0 as above."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Limits(0, 1)
    low, high = float(finite.min()), float(finite.max())
    if low < 0:
        furthest = max(-low, high)
        return Limits(-furthest, furthest)
    return Limits(0, high or 1)


def draw_tile(axes: Axes, values: NDArray[Any], limits: Limits | None) -> Any:
    """Draw one map (h, w) in nearest neighbour, or say why it can't be: not a number, or one value everywhere.

    Returns:
        The image, for a colour bar; None where there is a label.
    """
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    label = _label_of(values)
    if label:
        axes.set_facecolor(EMPTY)
        axes.set_aspect(max(1, values.shape[0]) / max(1, values.shape[1]), adjustable="box")
        axes.text(0.5, 0.5, label, ha="center", va="center", fontsize=6, transform=axes.transAxes)
        return None
    return axes.imshow(values.astype(np.float32), **(limits or limits_of(values)).style)


def _label_of(values: NDArray[Any]) -> str:
    """Return what stands in place of the map; nothing where it can be drawn."""
    if not values.size:
        return "empty"
    bad = int(values.size - np.count_nonzero(np.isfinite(values)))
    if bad:
        return f"NaN or inf:\n{bad:,} of\n{values.size:,}"
    low, high = float(values.min()), float(values.max())
    if low != high:
        return ""
    return "dead\n(all 0)" if low == 0 else tr("{value}\neverywhere", value=f"{low:.3g}")


def map_grid(
    maps: NDArray[Any],
    titles: Sequence[str] = (),
    *,
    heading: str,
    scale: Scale = "layer",
    limits: Limits | None = None,
    unit: str = "",
) -> Figure:
    """Draw up to 64 maps in a grid, with the range in the heading and, where it is shared, a colour bar.

    Args:
        maps: (K, h, w), or (K, h, w, 3) of RGB in [0, 1]; those after the 64th are not drawn, which the heading says.
        titles: one for each map; else their numbers.
        heading: the first line above.
        scale: whose range the colours span: each map's (`channel`), all maps' (`layer`), or `limits` (`global`).
        limits: of the whole set of layers, for `global`.
        unit: what the values are, beside the colour bar.
    """
    count, coloured = len(maps), maps.ndim == 4
    shown = maps[:MOST_TILES]
    columns = min(8, max(1, len(shown)))
    rows = math.ceil(len(shown) / columns)
    shared = limits if scale == "global" and limits is not None else limits_of(maps)
    tall = min(2.0, max(0.3, maps.shape[1] / max(1, maps.shape[2])))  # height of a tile over its width
    counted = f"{len(shown)} of {count} shown" if count > len(shown) else ("" if count == 1 else f"all {count} shown")
    ranges = "each map has its own range" if scale == "channel" else f"one range ({scale}): {shared.words()}"
    lines = "; ".join(part for part in (counted, "" if coloured else ranges) if part)
    with house_style():
        width = max(4.2, columns * (_TILE_INCHES + _GAP_INCHES) + 0.9)
        high = tall * _TILE_INCHES + _TITLE_INCHES + _GAP_INCHES
        figure = new_figure(width, rows * high + 0.75)
        axes = inch_axes(figure, columns * (_TILE_INCHES + _GAP_INCHES), rows * high)
        image = None
        for place, values in enumerate(shown):
            title = titles[place] if place < len(titles) else ("" if count == 1 else str(place))
            left = place % columns * (_TILE_INCHES + _GAP_INCHES)
            top = place // columns * high + _TITLE_INCHES
            box = (left, left + _TILE_INCHES, top + tall * _TILE_INCHES, top)
            drawn = _place_tile(axes, values, None if scale == "channel" else shared, title, box)
            image = drawn if drawn is not None else image
        if image is not None and scale != "channel" and not coloured:
            figure.colorbar(image, ax=axes, fraction=0.03, aspect=30, pad=0.02, panchor=False, label=unit)
        figure.suptitle(fitted(f"{heading}\n{lines}".strip(), width), fontsize=8)
    return figure


def inch_axes(figure: Figure, width_in: float, height_in: float) -> Axes:
    """Return axes whose units are inches, from the upper left; one axes for all tiles, which draws fast."""
    axes = figure.add_subplot()
    axes.set_xlim(0, width_in)
    axes.set_ylim(height_in, 0)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    return axes


def _place_tile(
    axes: Axes, values: NDArray[Any], limits: Limits | None, title: str, box: tuple[float, float, float, float]
) -> Any:
    """Draw one map into the box (left, right, bottom, top), or a label where it can't be; return the image or None."""
    left, right, bottom, top = box
    size = 7 if len(title) <= 14 else 5
    axes.text((left + right) / 2, top - 0.02, title, ha="center", va="bottom", fontsize=size)
    label = _label_of(values)
    if label:
        from matplotlib.patches import Rectangle

        axes.add_patch(Rectangle((left, top), right - left, bottom - top, color=EMPTY))
        axes.text((left + right) / 2, (top + bottom) / 2, label, ha="center", va="center", fontsize=6)
        return None
    style = (limits or limits_of(values)).style  # of which Matplotlib takes no colours where the values are RGB
    return axes.imshow(values.astype(np.float32), extent=box, aspect="equal", **style)


def cell_figure(
    heading: str,
    count: int,
    draw: Callable[[Axes, int], None],
    *,
    cell_in: tuple[float, float],
    heading_in: float,
    least_width_in: float,
) -> Figure:
    """Draw cells, six to a row, below a heading: `draw` draws into the axes what belongs to a place."""
    columns = min(_CELLS_A_ROW, max(1, count))
    rows = math.ceil(count / columns)
    with house_style():
        width = max(least_width_in, cell_in[0] * columns)
        figure = new_figure(width, cell_in[1] * rows + heading_in)
        for place, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
            if place < count:
                draw(axes, place)
            else:
                axes.set_visible(False)
        figure.suptitle(fitted(heading, width), fontsize=8)
    return figure

"""Draws the figures of `relevance_pictures`: one method in three rows, or all methods, one to a row.

with house_style():
    figure = one_method(card, picture, explained)

Maps of one method share one colour range, so that classes can be compared; those of shuffled weights have their own,
because the logits of such a network are of another size.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlbench.viz.figures.drawing import fitted, new_figure
from dlbench.viz.figures.tiles import Limits, draw_tile, limits_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlbench.model.card import ModelCard
    from dlbench.viz.attribution.methods import Relevance
    from dlbench.viz.capture.picture import OpenedPicture

_TILE = 2.35  # inches
_MOST_LINES = 14  # of a text in a tile, at 7 points
_COLOURS = ("#000000", "#aa4499")  # of two classes, apart also for the colour-blind (P. Tol), and no colour of the maps
_OPAQUE = 0.8  # of an overlay, where the map is furthest from 0


def reading(result: Relevance) -> str:
    """Return how to read the colours of a method's maps."""
    if not result.class_specific:
        return "Yellow: where the layer responds most; the map is the same for every class."
    if result.probability is None:
        return "Red raises the number, blue lowers it, white does neither."
    return "Red speaks for the class, blue against it, white for neither."


def one_method(card: ModelCard, picture: OpenedPicture, explained: Sequence[Relevance]) -> Figure:
    """Draw picture and maps, curve and overlays, and the maps of shuffled weights, row by row."""
    shown = explained if explained[0].class_specific else explained[:1]
    rows = 3 if shown[0].sanity and shown[0].sanity.map is not None else 2
    width = _TILE * (len(shown) + 1) + 1.1
    figure = new_figure(width, rows * (_TILE + 0.35) + 1.0)
    grid = figure.subplots(rows, len(shown) + 1, squeeze=False)
    limits = _limits(shown)
    _draw_picture(grid[0, 0], picture)
    _draw_curves(grid[1, 0], explained)
    legend = {"loc": "upper center", "bbox_to_anchor": (0.45, -0.28), "ncols": 2, "columnspacing": 1}
    grid[1, 0].legend(fontsize=6, frameon=False, **legend)
    bar = None
    for column, result in enumerate(shown, start=1):
        drawn = draw_tile(grid[0, column], result.map, limits)
        bar = drawn if drawn is not None else bar
        name = f"{_place(result)}\n{result.title}" if result.class_specific else "the same for every class"
        _title(grid[0, column], name, column)
        _draw_overlay(grid[1, column], picture, result, limits)
        _title(grid[1, column], f"{name.splitlines()[0]}, over the picture in grey", column)
        if rows == 3:
            _draw_shuffled(grid[2, column], result, column)
    if rows == 3:
        _draw_text(grid[2, 0], "Sanity check", _sanity_words(shown))
    if bar is not None:
        figure.colorbar(bar, ax=grid[:2, :], fraction=0.035, aspect=35, pad=0.02, label=shown[0].unit)
    result = explained[0]
    heading = f"{result.method}: which part of {picture.name} decided, by {card.name}"
    both = ", one range for both" if len(shown) > 1 else ""
    title = f"{heading}\n{result.settings}\n{limits.words()}{both}. {reading(result)}"
    figure.suptitle(fitted(title, width), fontsize=8)
    return figure


def every_method(card: ModelCard, picture: OpenedPicture, results: Sequence[Sequence[Relevance]]) -> Figure:
    """Draw a row for each method: its words, its overlays, its curve, its map with shuffled weights."""
    classes = len(results[0])
    widths = [0.95, *[1.0] * (classes - 1), 1.2, 1.0, 1.0]
    width = _TILE * sum(widths) + 0.6
    figure = new_figure(width, (len(results) + 1) * (_TILE + 0.1) + 0.4)
    grid = figure.subplots(len(results) + 1, classes + 3, squeeze=False, width_ratios=widths)
    _draw_top(grid[0], card, picture, results[0])
    for row, explained in zip(grid[1:], results, strict=True):
        _draw_row(figure, row, picture, explained)
    title = f"which part of {picture.name} decided, by every method that fits {card.name}"
    figure.suptitle(fitted(title, width), fontsize=9)
    return figure


def _draw_top(row: Sequence[Axes], card: ModelCard, picture: OpenedPicture, explained: Sequence[Relevance]) -> None:
    classes = "\n".join(f"{_place(result)}: {result.title}" for result in explained)
    _draw_text(row[0], card.name, classes)
    _draw_picture(row[1], picture)
    explanation = (
        f"{reading(explained[0])} Each row has its own range.\n\nCurves: the most relevant pixels "
        "are removed first; dashed, with its range: in random order. The lower the curve, the better the map. "
        "Both end at the answer to an emptied picture.\n\n"
        "Right: the same method after the weights were shuffled; it must look different."
    )
    _draw_text(row[2], "How to read it", explanation)
    for axes in row[3:]:
        axes.set_visible(False)


def _draw_row(figure: Figure, row: Sequence[Axes], picture: OpenedPicture, explained: Sequence[Relevance]) -> None:
    result, limits, classes = explained[0], _limits(explained), len(explained)
    areas = [
        f"{each.label}: area {each.deletion.area:.3g}, random {each.deletion.random_areas.min():.3g} or more"
        for each in explained
        if each.deletion
    ]
    _draw_text(
        row[0], result.method, "\n".join([result.settings, "", f"computed in {result.seconds_words}", "", *areas])
    )
    for column, each in enumerate(explained, start=1):
        _draw_overlay(row[column], picture, each, limits)
        _title(row[column], each.label if result.class_specific else "the same for every class", column)
    _add_bar(figure, row[classes], limits, result.unit)
    _draw_curves(row[classes + 1], explained)
    _draw_shuffled(row[classes + 2], result, 1)


def _limits(explained: Sequence[Relevance]) -> Limits:
    return _range_of(np.stack([result.map for result in explained]), explained[0].signed)


def _range_of(maps: NDArray[np.float32], signed: bool) -> Limits:
    """Return the range of maps; centred on 0 where the method can give both signs, even if these maps have one."""
    limits = limits_of(maps)
    return Limits(-limits.high, limits.high) if signed else limits


def _place(result: Relevance) -> str:
    if result.probability is None:
        return "the answer"
    names = {1: "predicted", 2: "runner-up"}
    return names.get(result.rank, f"asked for, place {result.rank}")


def _title(axes: Axes, text: str, column: int) -> None:
    axes.set_title(fitted(text, 0.7 * _TILE, 7), fontsize=7, pad=3, color=_COLOURS[(column - 1) % 2])


def _draw_picture(axes: Axes, picture: OpenedPicture) -> None:
    _, channels, height, width = picture.received.shape
    seen = picture.received[0].transpose(1, 2, 0)  # (1, C, h, w) -> (h, w, C)
    axes.imshow(seen[..., 0] if channels == 1 else seen, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(f"as the network receives it\n{channels} x {height} x {width}", fontsize=7, pad=3)
    axes.set_axis_off()


def _draw_overlay(axes: Axes, picture: OpenedPicture, result: Relevance, limits: Limits) -> None:
    """Draw the map over the picture in grey, the more opaque the further from 0."""
    axes.imshow(picture.received[0].mean(axis=0), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    if not np.isfinite(result.map).all():
        return
    opaque = _OPAQUE * np.abs(result.map) / max(limits.high, 1e-30)
    axes.imshow(result.map, alpha=np.clip(opaque, 0, 1), **limits.style)


def _draw_shuffled(axes: Axes, result: Relevance, column: int) -> None:
    if result.sanity is None or result.sanity.map is None:
        _draw_text(axes, "", "no map with shuffled weights" if result.sanity is None else result.sanity.words)
        return
    draw_tile(axes, result.sanity.map, _range_of(result.sanity.map, result.signed))
    changed = "changed" if result.sanity.passed else "hardly changed"
    draws = len(result.sanity.all)
    middle = result.sanity.middle or 0.0
    median = f", median of {draws} (drawn: the first)" if draws > 1 else ""
    likeness = f"likeness {middle:.2f}{median}; own range"
    _title(axes, f"{result.label}, weights shuffled: {changed}\n{likeness}", column)


def _sanity_words(explained: Sequence[Relevance]) -> str:
    text = "The same network with its weights in random order knows nothing: its map must look different."
    return text + "".join(f"\n\n{result.label}: {result.sanity.verdict()}" for result in explained if result.sanity)


def _draw_curves(axes: Axes, explained: Sequence[Relevance]) -> None:
    """Draw the score of each class as pixels go: by the map, and in random order with its range."""
    for colour, result in zip(_COLOURS, explained, strict=False):
        curve = result.deletion
        if curve is None:
            continue
        shares = 100 * curve.shares
        passed = {True: "passes", False: "fails", None: "can't tell"}[curve.passed]
        axes.plot(shares, curve.scores, color=colour, label=f"{result.label}: area {curve.area:.3g}, {passed}")
        by_chance = f"random order: {curve.random_areas.min():.3g} to {curve.random_areas.max():.3g}"
        axes.plot(shares, curve.random.mean(axis=0), "--", color=colour, label=by_chance)
        emptied = f"emptied picture: {curve.scores[-1]:.2f}"
        axes.plot(100, curve.scores[-1], "o", ms=4, color=colour, clip_on=False, label=emptied)
        axes.fill_between(shares, curve.random.min(axis=0), curve.random.max(axis=0), color=colour, alpha=0.12, lw=0)
        axes.set_xlabel(fitted(f"pixels gone [%], in {curve.words.split(';')[0]}", _TILE, 7), fontsize=7)
        axes.set_ylabel("the number" if result.probability is None else f"{curve.unit} of the class", fontsize=7)
    axes.set_title("deletion: most relevant pixels first\nband: range of the random orders", fontsize=7, pad=3)
    axes.set_xlim(0, 100)
    axes.tick_params(labelsize=6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_box_aspect(1)


def _draw_text(axes: Axes, heading: str, text: str) -> None:
    axes.set_axis_off()
    axes.text(0, 1, fitted(heading, _TILE, 9), fontsize=9, fontweight="bold", va="top", transform=axes.transAxes)
    lines = len(fitted(text, 0.78 * _TILE, 7).splitlines())
    size = 7 * math.sqrt(min(1, _MOST_LINES / lines))  # smaller letters also make fewer lines
    axes.text(0, 0.88, fitted(text, 0.78 * _TILE, size), fontsize=size, va="top", transform=axes.transAxes)


def _add_bar(figure: Figure, axes: Axes, limits: Limits, unit: str) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    colours = ScalarMappable(Normalize(limits.low, limits.high), limits.colours)
    bar = figure.colorbar(colours, ax=axes, fraction=0.046, pad=0.03)
    bar.ax.tick_params(labelsize=6)
    bar.set_label(fitted(unit, 1.6, 6), fontsize=6)

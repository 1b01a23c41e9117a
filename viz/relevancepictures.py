"""Pictures of which part decided: the map of the predicted class and of the runner-up side by side, with both checks.

    for drawn in relevance_pictures(card, open_picture(card, Path("cat.jpg"))):
        write_drawn(drawn, folder)

The two maps share one colour range, so that they can be compared; the maps of shuffled weights have their own, because
the logits of such a network are of another size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.viz.drawing import Drawn, Limits, draw_tile, fitted, house_style, limits_of, new_figure
from dlbench.viz.relevance import METHODS, Relevance, Settings, relevances

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlbench.bench.onnxfile import ModelCard
    from dlbench.viz.picture import OpenedPicture
    from dlbench.viz.progress import OnProgress

__all__ = ["draw_relevance", "relevance_pictures", "relevance_results"]

_TILE = 2.35  # inches
_COLOURS = ("#0072b2", "#d55e00")  # of two classes, apart also for the colour-blind (M. Okabe and K. Ito, 2008)
_MIRRORED = -0.95
_OPAQUE = 0.8  # of an overlay, where the map is furthest from 0


def relevance_pictures(
    card: ModelCard,
    picture: OpenedPicture,
    method: str = "auto",
    on_progress: OnProgress = None,
    *,
    targets: Sequence[str | int] | None = None,
    asked: Settings | None = None,
) -> list[Drawn]:
    """Return the picture of one method, or with `all` that of every method that fits, one below the other.

    Args:
        card: the model.
        picture: opened for it.
        method: auto, all, or one of `dlbench.viz.relevance.METHODS`.
        on_progress: what is done, steps done, steps in all.
        targets: labels or indices, at most two; None: the predicted class and the runner-up.
        asked: settings of the methods.

    Raises:
        InputError: a method, class, layer or setting that does not fit; the line says which do.
        CheckFailedError: the model gives NaN.
    """
    results, refused = relevance_results(card, picture, method, on_progress, targets=targets, asked=asked)
    return draw_relevance(card, picture, results, refused)


def relevance_results(
    card: ModelCard,
    picture: OpenedPicture,
    method: str = "auto",
    on_progress: OnProgress = None,
    *,
    targets: Sequence[str | int] | None = None,
    asked: Settings | None = None,
) -> tuple[list[tuple[Relevance, ...]], list[str]]:
    """Return for each method the classes explained, and why methods were left out; as for `relevance_pictures`."""
    if method != "all":
        return [relevances(card, picture, method, targets, asked, on_progress)], []
    asked, found, refused = asked or Settings(), [], []
    for name, taken in METHODS.items():
        try:
            found.append(relevances(card, picture, name, targets, asked.only(taken), on_progress))
        except InputError as error:
            refused.append(f"{name} is left out: {error}")
    if not found:
        raise InputError(refused[-1])
    return found, refused


def draw_relevance(
    card: ModelCard, picture: OpenedPicture, results: Sequence[Sequence[Relevance]], notes: Sequence[str] = ()
) -> list[Drawn]:
    """Return the picture of these results.

    Args:
        card: the model.
        picture: what was explained.
        results: for each method the classes that were explained, the same for all.
        notes: what else a reader must know.
    """
    with house_style():
        figure = _one_method(card, picture, results[0]) if len(results) == 1 else _methods(card, picture, results)
    name = f"relevance-{results[0][0].method if len(results) == 1 else 'all'}"
    arrays: dict[str, NDArray[Any]] = {"picture": picture.received}
    for found in results:
        for one in found:
            key = f"{one.method}-{one.label}"
            arrays[key] = one.map
            if one.grid is not None:
                arrays[f"{key}-grid"] = one.grid
            if one.deletion:
                arrays[f"{key}-deletion"] = np.stack([one.deletion.shares, one.deletion.scores])
                arrays[f"{key}-random"] = one.deletion.random
    told = dict.fromkeys(f"{one.method}: {note}" for found in results for one in found for note in one.notes)
    title = f"Relevance in {picture.name}, by {card.name}"
    return [Drawn(name, title, _words(results), figure, arrays, (*picture.notes, *notes, *told))]


def _words(results: Sequence[Sequence[Relevance]]) -> str:
    """Return the caption: what was explained, how to read the colours, and what the checks say."""
    first = results[0]
    classes = " and ".join(one.title for one in first)
    lines = [f"which part of the picture decided for {classes}. {_reading(first[0])}"]
    for found in results:
        one = found[0]
        chosen = f"{one.why}. " if one.why else ""
        lines.append(f"{chosen}{one.method}: {one.settings}; took {one.seconds:.1f} s.")
        lines += [f"{each.label}, deletion curve: {each.deletion.verdict()}." for each in found if each.deletion]
        lines += [f"{each.label}: {each.sanity.verdict()}." for each in found[:1] if each.sanity]
    if len(first) == 2 and first[0].class_specific and _mirrored(first[0].map, first[1].map):
        lines.append(
            "The second map is nearly the first with its sign turned: what speaks for one speaks against the other."
        )
    return " ".join(lines)


def _mirrored(first: NDArray[np.float32], second: NDArray[np.float32]) -> bool:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return False
    return bool(np.corrcoef(first.ravel(), second.ravel())[0, 1] < _MIRRORED)


def _reading(one: Relevance) -> str:
    if not one.class_specific:
        return "Yellow: where the layer responds most; the map is the same for every class."
    return "Red speaks for the class, blue against it, white for neither."


def _one_method(card: ModelCard, picture: OpenedPicture, found: Sequence[Relevance]) -> Figure:
    """Draw picture and maps, curve and overlays, and the maps of shuffled weights, row by row."""
    shown = found if found[0].class_specific else found[:1]
    rows = 3 if shown[0].sanity and shown[0].sanity.map is not None else 2
    width = _TILE * (len(shown) + 1) + 1.1
    figure = new_figure(width, rows * (_TILE + 0.35) + 1.0)
    grid = figure.subplots(rows, len(shown) + 1, squeeze=False)
    limits = _limits(shown)
    _draw_picture(grid[0, 0], picture)
    _draw_curves(grid[1, 0], found)
    bar = None
    for column, one in enumerate(shown, start=1):
        drawn = draw_tile(grid[0, column], one.map, limits)
        bar = drawn if drawn is not None else bar
        _title(grid[0, column], f"{_place(one)}\n{one.title}", column)
        _draw_overlay(grid[1, column], picture, one, limits)
        _title(grid[1, column], f"{one.label}, over the picture in grey", column)
        if rows == 3:
            _draw_shuffled(grid[2, column], one, column)
    if rows == 3:
        _draw_text(grid[2, 0], "Sanity check", _sanity_words(shown))
    if bar is not None:
        figure.colorbar(bar, ax=grid[:2, :], fraction=0.035, aspect=35, pad=0.02, label=shown[0].unit)
    one = found[0]
    heading = f"{one.method}: which part of {picture.name} decided, by {card.name}"
    told = f"{heading}\n{one.settings}\n{limits.words()}, one range for all. {_reading(one)}"
    figure.suptitle(fitted(told, width), fontsize=8)
    return figure


def _methods(card: ModelCard, picture: OpenedPicture, results: Sequence[Sequence[Relevance]]) -> Figure:
    """Draw a row for each method: its words, both overlays, its curve, its map with shuffled weights."""
    classes = len(results[0])
    width = _TILE * (classes + 3) + 1.0
    figure = new_figure(width, (len(results) + 1) * (_TILE + 0.3) + 0.5)
    grid = figure.subplots(len(results) + 1, classes + 3, squeeze=False)
    for axes in grid[0]:
        axes.set_visible(False)
    for column in (0, 1):
        grid[0, column].set_visible(True)
    _draw_picture(grid[0, 1], picture)
    classes_told = "\n".join(f"{_place(one)}: {one.title}" for one in results[0])
    _draw_text(
        grid[0, 0],
        card.name,
        f"{classes_told}\n\nRed speaks for the class, blue against it; each row has its own range.",
    )
    for row, found in enumerate(results, start=1):
        limits = _limits(found)
        one = found[0]
        _draw_text(grid[row, 0], one.method, f"{one.settings}\n\n{one.seconds:.1f} s")
        for column, each in enumerate(found, start=1):
            _draw_overlay(grid[row, column], picture, each, limits)
            _title(grid[row, column], each.label if one.class_specific else "the same for every class", column)
        _add_bar(figure, grid[row, classes], limits, one.unit)
        _draw_curves(grid[row, classes + 1], found)
        _draw_shuffled(grid[row, classes + 2], one, 1)
    told = f"which part of {picture.name} decided, by every method that fits {card.name}"
    figure.suptitle(fitted(told, width), fontsize=8)
    return figure


def _limits(found: Sequence[Relevance]) -> Limits:
    return _range_of(np.stack([one.map for one in found]), found[0].signed)


def _range_of(maps: NDArray[np.float32], signed: bool) -> Limits:
    """Return the range of maps; centred on 0 where the method can give both signs, even if these maps have one."""
    limits = limits_of(maps)
    return Limits(-limits.high, limits.high) if signed else limits


def _place(one: Relevance) -> str:
    if one.probability is None:
        return "the answer"
    names = {1: "predicted", 2: "runner-up"}
    return names.get(one.rank, f"place {one.rank}")


def _title(axes: Axes, text: str, column: int) -> None:
    axes.set_title(fitted(text, _TILE, 7), fontsize=7, pad=3, color=_COLOURS[(column - 1) % 2])


def _draw_picture(axes: Axes, picture: OpenedPicture) -> None:
    _, channels, height, width = picture.received.shape
    seen = picture.received[0].transpose(1, 2, 0)  # (1, C, h, w) -> (h, w, C)
    axes.imshow(seen[..., 0] if channels == 1 else seen, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(f"as the network receives it\n{channels} x {height} x {width}", fontsize=7, pad=3)
    axes.set_axis_off()


def _draw_overlay(axes: Axes, picture: OpenedPicture, one: Relevance, limits: Limits) -> None:
    """Draw the map over the picture in grey, the more opaque the further from 0."""
    axes.imshow(picture.received[0].mean(axis=0), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    axes.set_axis_off()
    if not np.isfinite(one.map).all():
        return
    opaque = _OPAQUE * np.abs(one.map) / max(limits.high, 1e-30)
    axes.imshow(
        one.map,
        cmap=limits.colours,
        vmin=limits.low,
        vmax=limits.high,
        alpha=np.clip(opaque, 0, 1),
        interpolation="nearest",
    )


def _draw_shuffled(axes: Axes, one: Relevance, column: int) -> None:
    if one.sanity is None or one.sanity.map is None:
        _draw_text(axes, "", "no map with shuffled weights" if one.sanity is None else one.sanity.words)
        return
    draw_tile(axes, one.sanity.map, _range_of(one.sanity.map, one.signed))
    changed = "changed" if one.sanity.passed else "hardly changed"
    _title(
        axes,
        f"{one.label}, all weights shuffled: {changed}\nrank correlation {one.sanity.all[0]:+.2f}; own range",
        column,
    )


def _sanity_words(found: Sequence[Relevance]) -> str:
    told = "The same network with its weights in random order: a map of what it learned must change."
    return told + "".join(f"\n\n{one.label}: {one.sanity.verdict()}" for one in found if one.sanity)


def _draw_curves(axes: Axes, found: Sequence[Relevance]) -> None:
    """Draw the score of each class as pixels go: by the map, and in random order with its range."""
    for colour, one in zip(_COLOURS, found, strict=False):
        curve = one.deletion
        if curve is None:
            continue
        shares = 100 * curve.shares
        axes.plot(shares, curve.scores, color=colour, label=f"{one.label}: area {curve.area:.3g}")
        axes.plot(shares, curve.random.mean(axis=0), "--", color=colour, label=f"random order: {curve.random_area:.3g}")
        axes.fill_between(shares, curve.random.min(axis=0), curve.random.max(axis=0), color=colour, alpha=0.12, lw=0)
        axes.set_ylabel(f"{curve.unit} of the class", fontsize=7)
    axes.set_title("deletion: most relevant pixels first", fontsize=7, pad=3)
    axes.set_xlabel("pixels gone (%)", fontsize=7)
    axes.set_xlim(0, 100)
    axes.tick_params(labelsize=6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_box_aspect(1)
    axes.legend(fontsize=6, frameon=False, loc="upper center", bbox_to_anchor=(0.45, -0.2), ncols=2, columnspacing=1)


def _draw_text(axes: Axes, heading: str, text: str) -> None:
    axes.set_axis_off()
    axes.text(0, 1, fitted(heading, _TILE, 9), fontsize=9, fontweight="bold", va="top", transform=axes.transAxes)
    axes.text(0, 0.88, fitted(text, _TILE, 7), fontsize=7, va="top", transform=axes.transAxes)


def _add_bar(figure: Figure, axes: Axes, limits: Limits, unit: str) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    colours = ScalarMappable(Normalize(limits.low, limits.high), limits.colours)
    bar = figure.colorbar(colours, ax=axes, fraction=0.046, pad=0.03)
    bar.ax.tick_params(labelsize=6)
    bar.set_label(fitted(unit, 1.6, 6), fontsize=6)

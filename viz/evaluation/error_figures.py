"""Where a model is wrong, drawn: who is taken for whom, which pictures, and whether it knows when it is unsure.

for drawn in draw_errors(card.name, judged, images): ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.proportion import Proportion
from dlbench.show.notebook import Gallery
from dlbench.viz.figures.drawing import Drawn, chart, fitted, house_style, new_figure, shortened
from dlbench.viz.figures.tiles import cell_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dlbench.viz.evaluation.judging import Judged

_MOST_CLASSES = 30


def draw_errors(name: str, judged: Judged, images: NDArray[np.uint8], worst: int = 12) -> Gallery[Drawn]:
    """Draw confusion matrix, pictures with the highest loss and calibration.

    Args:
        name: of the model.
        judged: its answers.
        images: uint8 (N, C, H, W), the pictures that were judged.
        worst: how many pictures with the highest loss are drawn.
    """
    return Gallery(
        [draw_confusion(name, judged), draw_worst(name, judged, images, worst), draw_calibration(name, judged)]
    )


def draw_confusion(name: str, judged: Judged) -> Drawn:
    """Draw the confusion matrix: a row for each true class, a column for each answer; of many the 30 most confused."""
    matrix = judged.confusion()
    wrong = matrix - np.diag(np.diag(matrix))
    chosen = np.sort(np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")[:_MOST_CLASSES])
    shown = matrix[np.ix_(chosen, chosen)]
    rows = shown / np.maximum(1, matrix[chosen].sum(axis=1, keepdims=True))
    names = [shortened(judged.classes[place], 14) for place in chosen]
    count = len(chosen)
    with house_style():
        side = max(3.2, 0.42 * count + 1.4)
        figure = new_figure(side + 0.6, side, compressed=True)
        axes = figure.add_subplot()
        image = axes.imshow(100 * rows, cmap="viridis", vmin=0, vmax=100, interpolation="nearest")
        for row, column in np.argwhere(shown > 0):
            colour = "black" if rows[row, column] > 0.6 else "white"
            axes.text(column, row, f"{shown[row, column]}", ha="center", va="center", fontsize=7, color=colour)
        axes.set_xticks(range(count), names, rotation=90 if max(map(len, names)) > 3 else 0)
        axes.set_yticks(range(count), names)
        axes.set_xlabel("answer")
        axes.set_ylabel("truth")
        figure.colorbar(image, ax=axes, fraction=0.045, label="of the true class's pictures [%]")
        figure.suptitle(fitted(f"{name}: who is taken for whom, {judged.accuracy.text()}", side), fontsize=8)
    words = (
        "Each row is a true class, each column an answer; the numbers count pictures, the colour is their share of the "
        f"row. On the diagonal the answer is right: {judged.accuracy.text()}."
    )
    pairs = judged.confused_pairs(3)
    if pairs:
        words += " Most confused: " + ", ".join(f"{t} taken for {a} ({n})" for t, a, n in pairs) + "."
    left = len(judged.classes) - count
    notes = (f"the {count} classes with most mistakes are drawn, {left} are left out.",) if left else ()
    return Drawn("confusion", "Who is taken for whom", words, figure, {"confusion": matrix}, notes)


def draw_worst(name: str, judged: Judged, images: NDArray[np.uint8], most: int = 12) -> Drawn:
    """Draw the pictures with the highest loss, each with answer, probability and truth."""
    places = judged.worst(most)
    predicted = judged.predicted
    titles = []
    for place in places:
        truth, answer = judged.classes[judged.labels[place]], judged.classes[predicted[place]]
        sure = judged.shares[place, predicted[place]]
        certainty = f"{shortened(answer, 12)}, {sure:.0%} sure"
        titles.append(f"{certainty}\ntruth: {shortened(truth, 12)}\nloss {judged.losses[place]:.2f}")
    wrong = int((predicted[places] != judged.labels[places]).sum())
    words = (
        f"The {len(places)} of {len(judged.labels):,} pictures with the highest loss, -log(probability of the truth): "
        f"above each the answer with its probability, then the truth. {wrong} of them are wrong, the others unsure."
    )
    figure = _gallery(f"{name}: the pictures with the highest loss", images[places], titles)
    arrays: dict[str, NDArray[Any]] = {"places": places, "losses": judged.losses[places], "images": images[places]}
    return Drawn("highest-loss", "Pictures with the highest loss", words, figure, arrays)


def _gallery(heading: str, images: NDArray[np.uint8], titles: list[str]) -> Figure:
    def draw(axes: Axes, place: int) -> None:
        picture = images[place].transpose(1, 2, 0)  # (C, H, W) -> (H, W, C)
        grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255} if picture.shape[2] == 1 else {}
        axes.imshow(picture[..., 0] if grey else picture, interpolation="nearest", **grey)
        axes.set_axis_off()
        axes.set_title(titles[place], fontsize=6, pad=2)

    return cell_figure(heading, len(images), draw, cell_in=(1.35, 1.8), heading_in=0.35, least_width_in=3.0)


def draw_calibration(name: str, judged: Judged, bins: int = 10) -> Drawn:
    """Draw how often answers of a certain confidence are right, with 95 % Wilson intervals, and how many there are."""
    calibration = judged.calibration(bins)
    used = np.flatnonzero(calibration.counts)
    right = np.round(calibration.accuracy[used] * calibration.counts[used]).astype(int)
    ends = np.array([Proportion(int(r), int(n)).wilson() for r, n in zip(right, calibration.counts[used], strict=True)])
    middle, share = calibration.confidence[used], calibration.accuracy[used]
    with house_style():
        figure = new_figure(4.6, 4.4)
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        above.plot([0, 100], [0, 100], color="#7f7f7f", linestyle=":", label="as sure as right")
        spread = np.abs(np.stack([share - ends[:, 0], ends[:, 1] - share])) * 100
        above.errorbar(
            100 * middle, 100 * share, spread, fmt="o", color="#31688e", capsize=2, label=shortened(name, 40)
        )
        above.set_ylabel("right answers [%]")
        above.set_ylim(0, 103)
        above.legend(frameon=False, loc="upper left")
        bars = below.bar(100 * calibration.edges[:-1] + 50 / bins, calibration.counts, width=95 / bins, color="#31688e")
        below.bar_label(bars, [f"{n:,}" if n else "" for n in calibration.counts], fontsize=6)
        below.set_ylabel("pictures")
        below.set_xlabel("probability that the network gave its answer [%]")
        below.margins(y=0.25)
        for axes in (above, below):
            axes.spines[["top", "right"]].set_visible(False)
        heading = f"{name}: how sure, and how often right; expected calibration error {100 * calibration.error:.1f} %"
        figure.suptitle(fitted(heading, 4.6), fontsize=8)
    words = (
        "Each dot is a group of answers given with about the same probability; its height is how many of them were "
        "right, with a 95 % interval (Wilson). On the dotted line a network is as sure as it is right; below it is too "
        "sure. The expected calibration error, the mean distance from the line, is "
        f"{100 * calibration.error:.1f} %. Below: how many answers are in each group."
    )
    arrays = {
        "edges": calibration.edges,
        "counts": calibration.counts,
        "confidence": calibration.confidence,
        "accuracy": calibration.accuracy,
    }
    return Drawn("calibration", "How sure, and how often right", words, figure, arrays)


def draw_numbers(
    name: str, answers: NDArray[np.float64], truth: NDArray[np.float64], images: NDArray[np.uint8], unit: str
) -> Gallery[Drawn]:
    """Draw a regression's answers over the truth, and the pictures with the largest errors."""
    errors = answers - truth
    worst = np.argsort(-np.abs(errors), kind="stable")[:12]
    mean = float(np.abs(errors).mean())
    heading = f"{name}: answers and truth, mean absolute error {mean:.3g} {unit}"
    with chart(4.4, 4.2, heading) as (figure, axes):
        ends = [float(min(truth.min(), answers.min())), float(max(truth.max(), answers.max()))]
        axes.plot(ends, ends, color="#7f7f7f", linestyle=":", label="right")
        axes.plot(truth, answers, ".", color="#31688e", markersize=3, label=f"{len(truth):,} pictures")
        axes.set_xlabel(f"truth [{unit}]")
        axes.set_ylabel(f"answer [{unit}]")
        axes.legend(frameon=False)
    words = f"Each dot is a picture; on the dotted line the answer is right. Mean absolute error: {mean:.3g} {unit}."
    scatter = Drawn("answers-truth", "Answers and truth", words, figure, {"answers": answers, "truth": truth})
    titles = [f"answer {answers[i]:.3g}\ntruth {truth[i]:.3g}\nerror {errors[i]:+.3g}" for i in worst]
    shown = _gallery(f"{name}: the largest errors, in {unit}", images[worst], titles)
    caption = f"The {len(worst)} of {len(truth):,} pictures with the largest errors, in {unit}."
    return Gallery([scatter, Drawn("largest-errors", "The largest errors", caption, shown, {"places": worst})])

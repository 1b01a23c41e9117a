"""Training curves: loss, and accuracy or error, of training and validation by epoch.

for title, alt, svg in curve_charts({"cnn": history}): ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from dlbench.show.svg import COLOURS, Chart, draw
from dlbench.show.texts import tr


class PassedEpoch(Protocol):
    """What is drawn of an epoch."""

    @property
    def epoch(self) -> int:
        """1-based."""

    @property
    def train_loss(self) -> float:
        """Mean over the training pictures."""

    @property
    def validation_loss(self) -> float:
        """Mean over the validation pictures."""

    @property
    def train_accuracy(self) -> float | None:
        """Share of right answers while training; None: a regression."""

    @property
    def validation_accuracy(self) -> float | None:
        """Share of right answers; None: a regression."""

    @property
    def validation_error(self) -> float | None:
        """Mean absolute error of a regression."""


_LOSS = "loss; in training: with neurons switched off\n(dropout) and label smoothing"
Histories = Mapping[str, Sequence[PassedEpoch]]


def curve_charts(histories: Histories, best: Mapping[str, int] | None = None, unit: str = "") -> list[Chart]:
    """Draw one chart of the losses and one of accuracy (or of the error in `unit`); `best` marks the epoch kept."""
    charts = [_chart("Loss", histories, best, lambda e: e.train_loss, lambda e: e.validation_loss, _LOSS)]
    epochs = [epoch for history in histories.values() for epoch in history]
    if any(epoch.validation_accuracy is not None for epoch in epochs):
        charts.append(
            _chart(
                "Accuracy",
                histories,
                best,
                lambda e: _percent(e.train_accuracy),
                lambda e: _percent(e.validation_accuracy),
                "right answers [%]",
            )
        )
    elif any(epoch.validation_error is not None for epoch in epochs):
        label = f"mean absolute error [{unit or '1'}]"
        charts.append(_chart("Error", histories, best, lambda _: None, lambda e: e.validation_error, label))
    return charts


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


_Figure = Callable[[PassedEpoch], float | None]


def _chart(
    title: str, histories: Histories, best: Mapping[str, int] | None, train: _Figure, other: _Figure, label: str
) -> Chart:
    def plot(axes: Any) -> None:
        for number, (name, history) in enumerate(histories.items()):
            colour = COLOURS[number % len(COLOURS)]
            who = f"{name}, " if len(histories) > 1 else ""
            for figure, style, part in ((train, "--", "training"), (other, "-", "validation")):
                points = [(e.epoch, y) for e in history if (y := figure(e)) is not None]
                if points:
                    mark = "o" if len(points) == 1 else ""
                    axes.plot(*zip(*points, strict=True), style, marker=mark, color=colour, label=f"{who}{tr(part)}")
            kept = (best or {}).get(name)
            if kept:
                y = other(history[kept - 1])
                axes.plot([kept], [y], "o", color=colour, markersize=6)
        axes.set_xlabel("epoch; the dot: the epoch that was kept")
        axes.set_ylabel(label)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(frameon=False)

    names = ", ".join(histories)
    return Chart(title, f"{title} of training and validation by epoch: {names}.", draw(title.lower(), plot))


def shift_chart(shifts: Sequence[int], accuracies: Mapping[str, Sequence[float]], chance: float) -> Chart:
    """Draw accuracy over the number of pixels by which the test digits were moved."""

    def plot(axes: Any) -> None:
        for number, (name, shares) in enumerate(accuracies.items()):
            axes.plot(shifts, [100 * s for s in shares], "-o", color=COLOURS[number % len(COLOURS)], label=name)
        axes.axhline(100 * chance, color="#7f7f7f", linestyle=":", label="guessing")
        axes.set_xlabel("test digits moved by [pixels], mean over left, right, up, down")
        axes.set_ylabel("right answers [%]")
        axes.set_ylim(0, 101)
        axes.legend(frameon=False)

    return Chart("Moved digits", "Accuracy falls as the test digits are moved, by network.", draw("shift", plot))

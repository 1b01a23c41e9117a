"""What each way of transfer learning gives for its time: accuracy with its interval over training time.

chart = freezing_chart([FreezingPoint("frozen", 7.0, 0.98, (0.95, 0.99), 2562)])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlbench.show.svg import COLOURS, MARKERS, Chart, draw, plain_log_ticks
from dlbench.show.units import duration


@dataclass(frozen=True)
class FreezingPoint:
    """One training."""

    name: str
    training_s: float
    accuracy: float  # on the test split, in [0, 1]
    interval: tuple[float, float]  # 95 %
    trained_parameters: int


def freezing_chart(points: Sequence[FreezingPoint]) -> Chart:
    """Draw accuracy, with its 95 % interval, over the time that the training took."""

    def plot(axes: Any) -> None:
        for number, point in enumerate(points):
            low, high = (100 * abs(edge - point.accuracy) for edge in point.interval)
            style = MARKERS[number % len(MARKERS)]
            axes.errorbar(
                [point.training_s],
                [100 * point.accuracy],
                yerr=[[low], [high]],
                fmt=style,
                color=COLOURS[number % len(COLOURS)],
                capsize=4,
                label=f"{point.name}: {point.trained_parameters:,} weights trained, {duration(point.training_s)}",
            )
        times = [point.training_s for point in points]
        axes.set_xscale("log")
        axes.set_xlim(min(times) / 2, max(times) * 2)
        plain_log_ticks(axes.xaxis, 8)
        axes.set_xlabel("training time, first pass through the frozen part included [s], log scale")
        axes.set_ylabel("right answers on the test split [%]\nlines: 95 % intervals")
        axes.legend(frameon=False, loc="best")

    names = ", ".join(point.name for point in points)
    return Chart("Freezing", f"Accuracy over training time: {names}.", draw("freezing", plot))

"""From figures to places in a chart: logarithmic, plain, or one step a name, with ticks at round figures.

scale = Scale.over([38e-6, 7e-3], 60, 700, log=True)
scale.at(1e-3), scale.ticks
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_WIDEST = 1e60  # of a log axis: figures from others may be anything
_STEPS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0))


@dataclass(frozen=True)
class Scale:
    """A line of figures laid over a line of places."""

    low: float
    high: float
    start: float  # the place of `low`
    end: float
    log: bool
    ticks: tuple[tuple[float, float], ...] = ()  # figure and place

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float, log: bool, names: int = 0, most: int = 8) -> Scale:
        """Return the scale that holds all values with a little room, or `names` steps, with at most `most` ticks."""
        if names:
            bare = cls(-0.5, names - 0.5, start, end, False)
            if start > end:  # rows are read from above
                bare = cls(-0.5, names - 0.5, end, start, False)
            return bare._with(float(i) for i in range(names))
        low, high = _room(values, log)
        bare = cls(low, high, start, end, log)
        ticks = _log_ticks(low, high, most) if log else ()
        return bare._with(ticks if len(ticks) >= 2 else _plain_ticks(low, high, most))

    def _with(self, ticks: Iterator[float] | Sequence[float]) -> Scale:
        shown = tuple((tick, self.at(tick)) for tick in ticks)
        return Scale(self.low, self.high, self.start, self.end, self.log, shown)

    def at(self, value: float) -> float:
        """Return a figure's place; figures beyond the ends lie at them."""
        line: Callable[[float], float] = math.log if self.log else float
        kept = min(max(value, self.low), self.high)
        share = (line(kept) - line(self.low)) / (line(self.high) - line(self.low))
        return self.start + share * (self.end - self.start)


def _room(values: Sequence[float], log: bool) -> tuple[float, float]:
    """Return the ends of an axis, a little beyond the values."""
    if log:
        low, high = min(values, default=1.0), max(values, default=1.0)
        low = max(low, high / _WIDEST)
        beyond = max((high / low) ** 0.08, 1.15)
        return low / beyond, high * beyond
    low, high = min(values, default=0.0), max(values, default=1.0)
    beyond = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - beyond, high + beyond


def _log_ticks(low: float, high: float, most: int) -> Sequence[float]:
    """Return the finest steps of each decade that are not too many; of many decades every second or third."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    best: list[float] = []
    for steps in _STEPS:
        ticks = [float(f"{step:g}e{d}") for d in decades for step in steps]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if best and len(ticks) > most:
            break
        best = ticks
    return best[:: max(1, math.ceil(len(best) / most))]


def _plain_ticks(low: float, high: float, most: int) -> Sequence[float]:
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough)
    first = math.ceil(low / step)
    return [float(f"{i * step:.12g}") for i in range(first, math.floor(high / step) + 1)]

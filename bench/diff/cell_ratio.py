"""How many times as long one cell takes as another, with an interval, and which is shown to be faster.

    times(a, b, in_turn=True).verdict             # "slower": B takes longer than A, outside the noise
    places([2.0e-3, 1.0e-3], ratio)               # [2, 1]; ties share a place

Cells of one run are held against each other in pairs of rounds, which were measured in turn (`ratio_in_turn`). Cells of
different runs have no pairs: the interval of their ratio is that of their own intervals' ends, which is wider.
`judge` alone says what lies outside the noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf

from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import FILE_LEVEL, DiffVerdict, judge
from dlbench.bench.diff.ratio import FEW_PAIRS, RatioInterval, ratio_in_turn
from dlbench.bench.results.schema import Cell, Result
from dlbench.bench.results.statistics import CI_LEVEL

_LARGEST_FLOOR = 0.5  # a foreign file may hold any


@dataclass(frozen=True)
class Times:
    """How many times as much B takes (time, money) as A."""

    ratio: float
    low: float | None  # None: unknown, as from one round or from disturbed ones
    high: float | None
    verdict: DiffVerdict  # faster: B takes less; slower: B takes more; same; can't tell
    disturbed: bool = False  # a side's figure comes from disturbed rounds

    @property
    def differs(self) -> bool:
        """Say whether B is shown to take more, or less, outside the noise."""
        return self.verdict in ("slower", "faster")


def times(a: Cell, b: Cell, in_turn: bool, factor: float = 1.0, settings: DiffSettings | None = None) -> Times | None:
    """Return how many times as much B takes as A; None where one has no figure.

    Args:
        a: the cell that counts as 1.
        b: the other one.
        in_turn: both are of one run, so their rounds are pairs.
        factor: what the ratio of times is multiplied with: a.batch / b.batch for the time of one answer, and with the
            price of an hour of B over that of A for its cost.
        settings: the noise floor, and what counts as the same; the defaults where None.
    """
    if a.latency_s is None or b.latency_s is None:
        return None
    disturbed = a.disturbed or b.disturbed
    if a is b:
        return Times(factor, factor, factor, "same" if factor == 1 else "slower" if factor > 1 else "faster", disturbed)
    found = _in_turn(_Same(a), _Same(b)) if in_turn else _from_intervals(a, b)
    if found is None:
        return Times(factor * b.median_s / a.median_s, None, None, "can't tell", disturbed)
    scaled = replace(found, ratio=factor * found.ratio, low=factor * found.low, high=factor * found.high)
    low, high = scaled.low or None, scaled.high if scaled.high < inf else None
    return Times(scaled.ratio, low, high, judge(scaled, settings or DiffSettings())[0], disturbed)


class _Same:
    """A cell as a key: itself, not what is in it, which would take long to compare."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.cell is other.cell

    def __hash__(self) -> int:
        return id(self.cell)


@lru_cache(maxsize=512)  # screen, page, CSV and JSON ask for the same ratios, and a bootstrap takes its time
def _in_turn(a: _Same, b: _Same) -> RatioInterval | None:
    ways = 1 if min(len(a.cell.rounds), len(b.cell.rounds)) < FEW_PAIRS else 2  # see ratio_in_turn
    return ratio_in_turn(a.cell.rounds, b.cell.rounds, 1 - (1 - FILE_LEVEL) / ways)


def judging(result: Result, cell: Cell) -> DiffSettings:
    """Return the settings with the noise floor that the machine had when the result was measured, where it is known."""
    floor = next((p.noise_floor for p in result.probes_of(cell) if p.noise_floor), None)
    return DiffSettings(floor=min(floor, _LARGEST_FLOOR)) if floor else DiffSettings()


def _from_intervals(a: Cell, b: Cell) -> RatioInterval:
    """Return B / A from the ends of both intervals."""
    (a_low, a_high), (b_low, b_high) = a.latency.ends, b.latency.ends
    ratio = b.median_s / a.median_s
    rounds = min(len(a.rounds), len(b.rounds))
    return RatioInterval(ratio, b_low / a_high, b_high / a_low if a_low else inf, CI_LEVEL, rounds)


def ranked(
    values: Sequence[float | None], ratio: Callable[[int, int], Times | None]
) -> tuple[list[int | None], list[Times | None]]:
    """Return the place of each value, as `places` does, and how many times as much it is as the least."""
    known = [i for i, value in enumerate(values) if value is not None]
    first = min(known, key=lambda i: values[i] or 0.0, default=-1)
    return places(values, ratio), [None if value is None else ratio(first, i) for i, value in enumerate(values)]


def places(values: Sequence[float | None], ratio: Callable[[int, int], Times | None]) -> list[int | None]:
    """Return the place of each value, 1 for the least; what is not shown to be more than a place's first shares it.

    `ratio` says how many times as much the second of two takes as the first, by their positions; None has no place.
    """
    order = sorted((i for i, value in enumerate(values) if value is not None), key=lambda i: values[i] or 0.0)
    found: list[int | None] = [None] * len(values)
    first, place = -1, 0
    for position, i in enumerate(order, 1):
        if first < 0 or ((against := ratio(first, i)) is not None and against.verdict == "slower"):
            first, place = i, position
        found[i] = place
    return found

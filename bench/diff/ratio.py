"""The ratio of two cells' times, with an interval: a two-level bootstrap over rounds and over the samples inside them.

    paired_ratio([(round_a, round_b), ...], level=0.998).high

The first level draws rounds, because the process is the unit of repetition; the second draws samples within a round, as
a draw of its median's rank. The point is a 20 % trimmed mean of log ratios (a few pairs catch a change of the machine's
state), the interval its bootstrap standard error times Student's t (K. K. Yuen, Biometrika 61(1), 1974, for the degrees
of freedom; B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, ch. 6 and 12).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf

import numpy as np
from numpy.typing import NDArray

from dlbench.bench.results.headline import samples_of
from dlbench.bench.results.records import Round
from dlbench.bench.results.sketch import Sketch
from dlbench.bench.results.statistics import SERIAL_WIDENING, median_interval

MIN_PAIRS = 5
FEW_PAIRS = 8  # fewer leave Student's t so few degrees of freedom that the interval says nothing

_DRAWS = 2000
_TRIM = 0.2
_STATES = 2.0
_RANGE_MARGIN = 1.06  # what a probe can tell apart, on both sides
_FAST_SAMPLES = 0.05
_FAST_ROUNDS = 0.15
_LARGEST_HALF = 20.0  # of an interval, as a logarithm: a foreign file may hold rounds of any size
_NORMAL_80 = 2.563  # width of the middle 80 % of a normal distribution, in standard deviations

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RatioInterval:
    """Time of B divided by time of A; above 1, B is slower."""

    ratio: float
    low: float
    high: float
    level: float
    rounds: int  # pairs, or rounds of the side that has fewer


def ratio_in_turn(a: Sequence[Round], b: Sequence[Round], level: float) -> RatioInterval | None:
    """Return B / A of rounds measured in turn; None under two pairs.

    Three ways, and the one whose interval is narrowest: all pairs, for what slows one round of a pair slows the other
    as often; the pairs in which both rounds were calm, where there are eight; and the fastest of all rounds by their
    fastest samples, unless that lies outside the interval of all pairs: then one side met no calm round. Under eight
    pairs: the interval that a cell's median has (`median_interval`), here of the pairs' ratios.
    """
    pairs = [_alike(x, y) for x, y in zip(a, b, strict=False)]
    if len(pairs) < FEW_PAIRS:
        return _ratio_of_few(pairs, level)
    calm = [p for p, x, y in zip(pairs, a, b, strict=False) if x.undisturbed and y.undisturbed]
    found = [paired_ratio(pairs, level)]
    if len(pairs) > len(calm) >= FEW_PAIRS:
        found.append(paired_ratio(calm, level))
    fast = fast_ratio([x for x, _ in pairs], [y for _, y in pairs], level)
    if found[0].low <= fast.ratio <= found[0].high:
        found.append(fast)
    return min(found, key=lambda interval: interval.high / interval.low)


def _alike(a: Round, b: Round) -> tuple[Sketch, Sketch]:
    """Return the samples of both: undelayed ones are held against undelayed ones or calm ones, else all against all."""
    if {a.state, b.state} <= {"calm", "undelayed"}:
        return samples_of(a), samples_of(b)
    return Sketch(a.values_ns, a.counts), Sketch(b.values_ns, b.counts)


def _ratio_of_few(pairs: Sequence[tuple[Sketch, Sketch]], level: float) -> RatioInterval | None:
    """Return the narrower of the interval of the pairs' ratios and what the ranges of both sides allow.

    That five rounds of one side lie above all five of the other happens by chance in 1 of 126 comparisons of equals
    (2 x 5! 5! / 10!). Fewer may all have met one state of the machine: states differ by a factor of up to 2.
    """
    a, b = ([pair[side].median_s() for pair in pairs] for side in (0, 1))
    ends = median_interval([y / x for x, y in zip(a, b, strict=True)], level)
    if ends is None:
        return None
    margin = _RANGE_MARGIN if len(pairs) >= MIN_PAIRS else _STATES
    if len(pairs) == 2:  # two ratios agree by chance too often (3 of 100 simulated comparisons of equals)
        ends = 0.0, inf
    low = max(ends[0], min(b) / max(a) / margin, float(np.exp(-_LARGEST_HALF)))
    high = min(ends[1], max(b) / min(a) * margin, float(np.exp(_LARGEST_HALF)))
    middle = float(np.exp(np.log([y / x for x, y in zip(a, b, strict=True)]).mean()))
    return RatioInterval(middle, min(low, middle), max(high, middle), level, len(pairs))


def paired_ratio(pairs: Sequence[tuple[Sketch, Sketch]], level: float, seed: int = 0) -> RatioInterval:
    """Return B / A of rounds that were measured in turn; a drift of the machine affects both sides of a pair.

    Raises:
        ValueError: fewer than five pairs.
    """
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    rng = _enough(a, b, seed)
    drawn_a, drawn_b = (_drawn(side, rng, 0.5) for side in (a, b))
    points = np.log(np.array([y.median_s() / x.median_s() for x, y in pairs]))
    error = float(_trimmed(_resampled(drawn_b - drawn_a, rng)).std(ddof=1))  # each drawn pair with samples drawn anew
    return _interval(float(_trimmed(points)), error, len(pairs), level)


def unpaired_ratio(a: Sequence[Sketch], b: Sequence[Sketch], level: float, seed: int = 0) -> RatioInterval:
    """Return B / A of rounds from two runs; the interval is wider than in turn, because rounds in a row are alike.

    Raises:
        ValueError: fewer than five rounds on a side.
    """
    rng = _enough(a, b, seed)
    errors = [float(_trimmed(_resampled(_drawn(side, rng, 0.5), rng)).std(ddof=1)) for side in (a, b)]
    of_a, of_b = (float(_trimmed(np.log([sketch.median_s() for sketch in side]))) for side in (a, b))
    return _interval(of_b - of_a, SERIAL_WIDENING * hypot(*errors), min(len(a), len(b)), level)


def fast_ratio(a: Sequence[Sketch], b: Sequence[Sketch], level: float, seed: int = 0) -> RatioInterval:
    """Return B / A of the 15 % quantile of rounds, each by its 5 % quantile, of rounds that were measured in turn.

    On a machine whose speed jumps all the time hardly a round is calm, but the fastest samples of the fastest rounds
    still show the undisturbed speed, and both sides are treated alike.

    Raises:
        ValueError: fewer than five rounds on a side.
    """
    rng = _enough(a, b, seed)
    errors = []
    for side in (a, b):
        drawn = np.quantile(_resampled(_drawn(side, rng, _FAST_SAMPLES), rng), _FAST_ROUNDS, axis=1)  # (draws,)
        low, high = np.quantile(drawn, (0.1, 0.9))  # a draw with no undisturbed round at all would swell a deviation
        errors.append(float(high - low) / _NORMAL_80)
    logs = (np.log([sketch.quantile_s(_FAST_SAMPLES) for sketch in side]) for side in (a, b))
    of_a, of_b = (float(np.quantile(each, _FAST_ROUNDS)) for each in logs)
    return _interval(of_b - of_a, hypot(*errors), min(len(a), len(b)), level)


def _enough(a: Sequence[Sketch], b: Sequence[Sketch], seed: int) -> np.random.Generator:
    """Return where the draws come from, once there are rounds enough on both sides."""
    fewest = min(len(a), len(b))
    if fewest < 5:
        raise ValueError(f"expected at least 5 rounds on each side, received {fewest}")
    return np.random.default_rng(seed)


def _drawn(side: Sequence[Sketch], rng: np.random.Generator, share: float) -> Floats:
    """Return log quantiles of each round's samples, drawn anew: (rounds, draws)."""
    return np.stack([_draws(sketch, rng, share) for sketch in side])


def _resampled(drawn: Floats, rng: np.random.Generator) -> Floats:
    """Return as many rounds for each draw, drawn with replacement: (rounds, draws) -> (draws, rounds)."""
    return np.take_along_axis(drawn.T, rng.integers(0, len(drawn), (_DRAWS, len(drawn))), axis=1)


def _draws(sketch: Sketch, rng: np.random.Generator, share: float) -> Floats:
    """Return log quantiles of bootstrap samples: the q-quantile of n draws has a Beta-distributed rank."""
    counts = np.cumsum(sketch.counts)
    n = int(counts[-1])
    ranks = rng.beta(share * n + 0.5, (1 - share) * n + 0.5, _DRAWS) * n
    where = np.minimum(np.searchsorted(counts, ranks), len(counts) - 1)
    return np.asarray(np.log(np.maximum(np.asarray(sketch.values_ns)[where], 1) / 1e9))


def _trimmed(values: Floats) -> Floats:
    """Return the 20 % trimmed mean along the last axis."""
    ordered = np.sort(values, axis=-1)
    cut = int(_TRIM * values.shape[-1])
    return np.asarray(ordered[..., cut : values.shape[-1] - cut].mean(axis=-1))


def _interval(point: float, error: float, n: int, level: float) -> RatioInterval:
    from scipy.special import stdtrit

    kept = n - 2 * int(_TRIM * n)
    # the bootstrap's standard error is too small by sqrt((n - 1) / n)
    half = float(stdtrit(kept - 1, 0.5 + level / 2)) * error * float(np.sqrt(n / (n - 1)))
    half = min(half, _LARGEST_HALF)
    return RatioInterval(float(np.exp(point)), float(np.exp(point - half)), float(np.exp(point + half)), level, n)

"""Statistics of latency samples: pure functions of the samples, vectorised.

    low, high = median_interval([sketch.median_s() for sketch in rounds])

Samples are kept as (value, count) pairs in whole nanoseconds (`Sketch`), so that every printed figure can be
recomputed from the result file.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dlbench.bench.results.records import LatencySeconds
from dlbench.bench.results.sketch import Sketch

# docs/measuring.md, rule 5: a percentile only where there are samples for it.
PERCENTILE_FLOORS = {"p50": 1, "p90": 30, "p95": 60, "p99": 300, "p999": 3000}
_SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
CI_LEVEL = 0.95
# The three constants below were chosen by coverage on real rounds (benchmarks/coverage.py), not by taste.
_NEAR_BEST = 0.03  # a probe within 3 % of the best decile is undisturbed
_STEADY = 0.06  # the quarters of an undisturbed round agree within 6 %
# Rounds that follow each other are alike: with a lag-1 correlation of 0.4 the error of their mean is
# sqrt((1 + 0.4) / (1 - 0.4)) = 1.53 times that of independent ones.
_SERIAL_CORRELATION = 0.4
SERIAL_WIDENING = ((1 + _SERIAL_CORRELATION) / (1 - _SERIAL_CORRELATION)) ** 0.5
# Five rounds may agree by luck, and a cell that stops then claims too much: the usual spread of calm rounds, 1 %,
# counts as much as four further rounds (a moderated t, G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 3(1), 2004).
_USUAL_SPREAD = 0.01
_USUAL_WEIGHT = 4
_MIN_FOR_QUARTERS = 40


def percentile(samples: Sketch, name: str) -> float | None:
    """Return a percentile in seconds, or None where there are too few samples for it."""
    return samples.quantile_s(_SHARES[name]) if len(samples) >= PERCENTILE_FLOORS[name] else None


def median_interval(round_medians_s: Sequence[float], level: float = CI_LEVEL) -> tuple[float, float] | None:
    """Return a confidence interval for the long-run median from calm rounds' medians; None under two rounds.

    Student's t on the logarithms of the round medians, because the process is the unit of repetition and times spread
    in proportion to their size; a variance below the usual one is moderated by it, and the interval is widened for the
    correlation of rounds that follow each other.
    """
    n = len(round_medians_s)
    if n < 2:
        return None
    from scipy.special import stdtrit

    logs = np.log(np.asarray(round_medians_s, dtype=np.float64))
    freedom, variance = n - 1, float(logs.var(ddof=1))
    if variance < _USUAL_SPREAD**2:
        freedom += _USUAL_WEIGHT
        variance = ((n - 1) * variance + _USUAL_WEIGHT * _USUAL_SPREAD**2) / freedom
    half = SERIAL_WIDENING * float(stdtrit(freedom, 0.5 + level / 2)) * float(np.sqrt(variance / n))
    centre = float(logs.mean())
    return float(np.exp(centre - half)), float(np.exp(centre + half))


def best_decile(probes_s: Sequence[float]) -> float | None:
    """Return the 10 % quantile of probe times in seconds, or None without any."""
    return float(np.quantile(probes_s, 0.1)) if len(probes_s) else None


def undisturbed(probes_s: Sequence[tuple[float | None, float | None]], reference_s: float | None = None) -> list[bool]:
    """Say of each round whether both its probes lie within 3 % of the reference.

    Args:
        probes_s: the probe before and after each round, in seconds; None where there was none.
        reference_s: the best decile of this run and of the machine's kept history; of these probes alone where None.

    Returns:
        One flag a round. A round without probes counts as undisturbed: nothing speaks against it.
    """
    known = [p for pair in probes_s for p in pair if p is not None]
    reference_s = reference_s if reference_s is not None else best_decile(known)
    if reference_s is None:
        return [True] * len(probes_s)
    limit = reference_s * (1 + _NEAR_BEST)
    return [all(p is None or p <= limit for p in pair) for pair in probes_s]


def quarter_range(samples_ns: Sequence[int]) -> float | None:
    """Return how far the medians of a round's four quarters lie apart, as a share; None under 40 samples.

    The machine may change its state in mid-round, between two probes that both look well.
    """
    if len(samples_ns) < _MIN_FOR_QUARTERS:
        return None
    medians = [float(np.median(quarter)) for quarter in np.array_split(np.asarray(samples_ns), 4)]
    return max(medians) / max(min(medians), 1.0) - 1


def steady(ranges: Sequence[float | None]) -> list[bool]:
    """Say of each round of one cell whether its quarters agree: within 6 %, or 3 times what is usual for this cell."""
    known = [r for r in ranges if r is not None]
    limit = max(_STEADY, 3 * float(np.median(known))) if known else _STEADY
    return [r is None or r <= limit for r in ranges]


def summarise(chosen: Sequence[Sketch], all_rounds: Sequence[Sketch] = (), enough: bool = True) -> LatencySeconds:
    """Summarise the rounds that stand for a cell.

    p50 is the median of all their samples together. The interval comes from their medians (`median_interval`) where
    there are enough of them. Else it is the range of all rounds' medians, 3 % wider at both ends (what a probe can tell
    apart), because the calm state lies somewhere in it; and where none is calm there is no interval, because how far
    away the calm state lies can't be told.

    Args:
        chosen: the samples of the rounds whose statistics are wanted: the calm ones.
        all_rounds: all rounds of the cell, where not enough are calm; empty: there is no interval then.
        enough: whether the chosen rounds are calm and enough for an interval of their own.

    Raises:
        ValueError: no rounds.
    """
    together = Sketch.together(chosen)
    p50 = together.median_s()
    low, high = _interval([r.median_s() for r in (chosen if enough else all_rounds)], enough)
    return LatencySeconds(
        p50=p50,
        p90=percentile(together, "p90"),
        p95=percentile(together, "p95"),
        p99=percentile(together, "p99"),
        p999=percentile(together, "p999"),
        mean=together.mean_s(),
        min=together.min_s(),
        ci_low=min(low, p50) if low is not None else None,
        ci_high=max(high, p50) if high is not None else None,
        ci_level=CI_LEVEL,
    )


def _interval(medians_s: Sequence[float], enough: bool) -> tuple[float | None, float | None]:
    if enough:
        return median_interval(medians_s) or (None, None)
    return (min(medians_s) * (1 - _NEAR_BEST), max(medians_s) * (1 + _NEAR_BEST)) if medians_s else (None, None)

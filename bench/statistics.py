"""Statistics of latency samples: pure functions of the samples, vectorised.

    medians = [round_median(r) for r in rounds]
    low, high = median_interval(medians)

Samples are kept as (value, count) pairs in whole nanoseconds (`Sketch`), so that every printed figure can be
recomputed from the result file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "PERCENTILE_FLOORS",
    "Latency",
    "Sketch",
    "count_outliers",
    "median_interval",
    "percentile",
    "summarise",
    "undisturbed",
]

Floats = NDArray[np.float64]

# measurement.md, rule 5: a percentile only where there are samples for it.
PERCENTILE_FLOORS = {"p50": 1, "p90": 30, "p95": 60, "p99": 300, "p999": 3000}
_SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}
_MAX_DISTINCT = 1000
CI_LEVEL = 0.95
_NEAR_BEST = 0.06  # a probe within 6 % of the best decile is undisturbed (measurement.md)
_MAD_TO_SIGMA = 1.4826
_OUTLIER_SIGMAS = 10.0


@dataclass(frozen=True)
class Sketch:
    """Samples as distinct values in nanoseconds with their counts, in ascending order."""

    values_ns: tuple[int, ...]
    counts: tuple[int, ...]
    digits: int | None = None  # significant digits kept, None: exact

    @classmethod
    def of(cls, samples_ns: Sequence[int]) -> Sketch:
        """Keep the samples exactly, or to 4 (then 3) significant digits where there are over 1,000 distinct ones."""
        values = np.asarray(samples_ns, dtype=np.int64)
        for digits in (None, 4, 3):
            kept = values if digits is None else _rounded(values, digits)
            distinct, counts = np.unique(kept, return_counts=True)
            if len(distinct) <= _MAX_DISTINCT:
                break
        return cls(tuple(distinct.tolist()), tuple(counts.tolist()), digits)

    def samples_s(self) -> Floats:
        """Return all samples in seconds, ascending: shape (samples,)."""
        return np.repeat(np.asarray(self.values_ns, dtype=np.float64) / 1e9, self.counts)


def _rounded(values: NDArray[np.int64], digits: int) -> NDArray[np.int64]:
    step = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(values, 1))) - (digits - 1), 0)
    return np.asarray(np.rint(values / step) * step, dtype=np.int64)


def percentile(samples_s: Floats, name: str) -> float | None:
    """Return a percentile by linear interpolation (numpy's default, Hyndman-Fan type 7), or None below its floor."""
    if len(samples_s) < PERCENTILE_FLOORS[name]:
        return None
    return float(np.quantile(samples_s, _SHARES[name]))


def median_interval(round_medians_s: Sequence[float], level: float = CI_LEVEL) -> tuple[float, float] | None:
    """Return a confidence interval for the long-run median from the rounds' medians; None under two rounds.

    Student's t on the logarithms of the round medians: the process is the unit of repetition (measurement.md),
    and times spread in proportion to their size.
    """
    n = len(round_medians_s)
    if n < 2:
        return None
    from scipy.special import stdtrit

    logs = np.log(np.asarray(round_medians_s, dtype=np.float64))
    half = float(stdtrit(n - 1, 0.5 + level / 2)) * float(logs.std(ddof=1)) / np.sqrt(n)
    centre = float(logs.mean())
    return float(np.exp(centre - half)), float(np.exp(centre + half))


def undisturbed(probes_s: Sequence[tuple[float | None, float | None]]) -> list[bool]:
    """Say of each round whether both its probes lie within 6 % of the best decile of all probes.

    A round without probes counts as undisturbed: nothing speaks against it.
    """
    known = [p for pair in probes_s for p in pair if p is not None]
    if not known:
        return [True] * len(probes_s)
    limit = float(np.quantile(known, 0.1)) * (1 + _NEAR_BEST)
    return [all(p is None or p <= limit for p in pair) for pair in probes_s]


def count_outliers(samples_s: Floats) -> int:
    """Count samples further than 10 MAD-sigmas from the median (never removed, only told)."""
    middle = float(np.median(samples_s))
    sigma = _MAD_TO_SIGMA * float(np.median(np.abs(samples_s - middle)))
    return int(np.sum(np.abs(samples_s - middle) > _OUTLIER_SIGMAS * sigma)) if sigma > 0 else 0


@dataclass(frozen=True)
class Latency:
    """Latency of one cell in seconds; a percentile is None where there are too few samples for it."""

    p50: float
    p90: float | None
    p95: float | None
    p99: float | None
    p999: float | None
    mean: float
    min: float
    ci_low: float | None
    ci_high: float | None
    ci_level: float
    samples: int
    outliers: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that the result file's `latency_s` holds."""
        skipped = {"samples", "outliers"}
        return {k: v for k, v in self.__dict__.items() if k not in skipped}


def summarise(rounds: Sequence[Sketch]) -> Latency:
    """Summarise the rounds that stand for a cell.

    p50 is the median of the round medians' common scale: the median of all samples together, and the interval
    comes from the round medians; it is widened where needed so that it holds p50.

    Raises:
        ValueError: no rounds.
    """
    if not rounds:
        raise ValueError("expected at least one round, received none")
    by_round = [r.samples_s() for r in rounds]
    together = np.concatenate(by_round)
    p50 = float(np.median(together))
    interval = median_interval([float(np.median(r)) for r in by_round])
    low, high = interval if interval else (None, None)
    return Latency(
        p50=p50,
        p90=percentile(together, "p90"),
        p95=percentile(together, "p95"),
        p99=percentile(together, "p99"),
        p999=percentile(together, "p999"),
        mean=float(together.mean()),
        min=float(together.min()),
        ci_low=min(low, p50) if low is not None else None,
        ci_high=max(high, p50) if high is not None else None,
        ci_level=CI_LEVEL,
        samples=len(together),
        outliers=count_outliers(together),
    )

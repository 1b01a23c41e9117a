"""Samples kept as distinct values with their counts: small enough to store, exact enough to recompute every figure.

    sketch = Sketch.of(samples_ns)
    sketch.quantile_s(0.95), Sketch.together(sketches).quantile_s(0.5)

Statistics are taken on values and counts, never on the samples written out again: a cell may have millions of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TICK_NS = 1.0  # a run in which the clock did not move took less, but no ratio divides by zero
_MAX_DISTINCT = 1000
_MAD_TO_SIGMA = 1.4826
_OUTLIER_SIGMAS = 10.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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

    @classmethod
    def together(cls, sketches: Sequence[Sketch]) -> Sketch:
        """Return the samples of several sketches as one.

        Raises:
            ValueError: no sketches.
        """
        if not sketches:
            raise ValueError("expected at least one round, received none")
        values = np.concatenate([np.asarray(s.values_ns, dtype=np.int64) for s in sketches])
        counts = np.concatenate([np.asarray(s.counts, dtype=np.int64) for s in sketches])
        distinct, where = np.unique(values, return_inverse=True)
        summed = np.bincount(where, weights=counts).astype(np.int64)  # exact: counts stay far below 2^53
        return cls(tuple(distinct.tolist()), tuple(summed.tolist()))

    def __len__(self) -> int:
        """Return the number of samples."""
        return sum(self.counts)

    def median_s(self) -> float:
        """Return the median in seconds."""
        return self.quantile_s(0.5)

    def quantile_s(self, share: float) -> float:
        """Return a quantile in seconds by linear interpolation (numpy's default, Hyndman-Fan type 7)."""
        return max(_quantile(np.asarray(self.values_ns, np.int64), np.asarray(self.counts), share), _TICK_NS) / 1e9

    def mean_s(self) -> float:
        """Return the mean in seconds."""
        mean_ns = float(np.average(np.asarray(self.values_ns, np.float64), weights=np.asarray(self.counts)))
        return max(mean_ns, _TICK_NS) / 1e9

    def min_s(self) -> float:
        """Return the smallest sample in seconds."""
        return self.values_ns[0] / 1e9

    def outliers(self) -> int:
        """Count samples further than 10 MAD-sigmas from the median (never removed, only reported)."""
        values, counts = np.asarray(self.values_ns, dtype=np.float64), np.asarray(self.counts)
        away = np.abs(values - _quantile(values, counts, 0.5))
        order = np.argsort(away)
        sigma = _MAD_TO_SIGMA * _quantile(away[order], counts[order], 0.5)
        return int(counts[away > _OUTLIER_SIGMAS * sigma].sum()) if sigma > 0 else 0


def _quantile(values: Floats | Ints, counts: Ints, share: float) -> float:
    """Return the quantile of ascending values, each repeated `counts` times."""
    ends = np.cumsum(counts)
    position = share * (int(ends[-1]) - 1)
    low = int(position)
    first, second = values[np.searchsorted(ends, [low, min(low + 1, int(ends[-1]) - 1)], side="right")]
    return float(first + (second - first) * (position - low))


def _rounded(values: Ints, digits: int) -> Ints:
    step = 10.0 ** np.maximum(np.floor(np.log10(np.maximum(values, 1))) - (digits - 1), 0)
    return np.asarray(np.rint(values / step) * step, dtype=np.int64)

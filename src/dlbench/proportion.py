"""A share of a counted sample, and the difference of two shares on the same sample, with their intervals.

    >>> Proportion(correct=985, total=1000).text()
    '98.50 % (95 % interval 97.54-99.09, n = 1,000)'
    >>> PairedDifference(total=500, lost=9, won=1).p_value
    0.021484375

References: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
Journal of the American Statistical Association 22 (1927), 209-212. R. G. Newcombe, "Interval estimation for the
difference between independent proportions: comparison of eleven methods", Statistics in Medicine 17 (1998), 873-890.
Q. McNemar, "Note on the sampling error of the difference between correlated proportions or percentages", Psychometrika
12 (1947), 153-157. T. Tango, "Equivalence test and confidence interval for the difference in proportions for the
paired-sample design", Statistics in Medicine 17 (1998), 891-908.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

_Z95 = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution
REAL = 0.05  # McNemar's p at or below it: the pictures show a difference


@dataclass(frozen=True)
class Proportion:
    """`correct` of `total`, for example an accuracy on a test split."""

    correct: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.correct <= self.total or self.total < 1:
            raise ValueError(f"expected 0 <= correct <= total and total >= 1, received {self.correct} of {self.total}")

    @property
    def value(self) -> float:
        """The share itself, in [0, 1]."""
        return self.correct / self.total

    def wilson(self, z: float = _Z95) -> tuple[float, float]:
        """Return the Wilson score interval (low, high) in [0, 1]; `z` = 1.96 gives 95 %."""
        n, p = self.total, self.value
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)

    def differs(self, other: Proportion) -> bool:
        """Say whether the two shares differ at the 95 % level, as if of different samples.

        Newcombe's interval of the difference, made of the two Wilson intervals: it must leave out 0. On the same
        sample it is too wide rather than too narrow.
        """
        high, low = (self, other) if self.value >= other.value else (other, self)
        below, above = high.value - high.wilson()[0], low.wilson()[1] - low.value
        return high.value - low.value > math.hypot(below, above)

    def short(self) -> str:
        """Return the same in a table's width: '98.50 % (97.54-99.09, n = 1,000)'."""
        return self.text().replace("95 % interval ", "")

    def text(self) -> str:
        """Return the share in per cent with its interval and its sample count."""
        low, high = self.wilson()
        return f"{100 * self.value:.2f} % (95 % interval {100 * low:.2f}-{100 * high:.2f}, n = {self.total:,})"


@dataclass(frozen=True)
class PairedDifference:
    """How much less often one of two is right than the other, on the same `total` pictures."""

    total: int
    lost: int  # pictures on which only the first is right
    won: int  # pictures on which only the second is right

    def __post_init__(self) -> None:
        if min(self.lost, self.won) < 0 or self.lost + self.won > self.total or self.total < 1:
            raise ValueError(
                f"expected lost, won >= 0 and lost + won <= total, received {self.lost} and {self.won} of {self.total}"
            )

    @property
    def drop(self) -> float:
        """The share of right answers of the first less that of the second, in [-1, 1]."""
        return (self.lost - self.won) / self.total

    @property
    def p_value(self) -> float:
        """The exact p of Q. McNemar (1947): that of a fair coin where one of the two is right and the other wrong."""
        from scipy.stats import binomtest

        decided = self.lost + self.won
        return float(binomtest(self.lost, decided, 0.5).pvalue) if decided else 1.0

    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of `drop`, in [-1, 1].

        Tango's score interval, and where it is wider that of Clopper and Pearson for the coin of McNemar's test: so it
        leaves out 0 only where the exact test does.
        """
        from scipy.stats import binomtest

        low, high = self._tango()
        decided = self.lost + self.won
        if not decided:
            return low, high
        coin = binomtest(self.lost, decided).proportion_ci(0.95, method="exact")
        share = decided / self.total
        return min(low, (2 * float(coin.low) - 1) * share), max(high, (2 * float(coin.high) - 1) * share)

    def _tango(self) -> tuple[float, float]:
        """Return where the score test of `drop` = delta reaches the 95 % level, below and above the drop itself."""
        from scipy.optimize import brentq

        n, b, c = self.total, self.lost, self.won

        def score(delta: float) -> float:
            # the maximum-likelihood share of pictures that only the second answers right, where the difference is delta
            linear = -b - c + (2 * n - b + c) * delta
            root = math.sqrt(max(0.0, linear * linear + 8 * n * c * delta * (1 - delta)))
            won = (root - linear) / (4 * n)
            spread = n * (2 * won + delta * (1 - delta))
            gap = b - c - n * delta
            return gap / math.sqrt(spread) if spread > 0 else math.copysign(math.inf, gap) if gap else 0.0

        def reaches(level: float, end: float) -> float:
            """Return where the score, which falls from infinity to minus infinity, is `level`."""
            if abs(score(end)) <= abs(level):
                return end
            return float(brentq(lambda delta: max(-1e3, min(1e3, score(delta))) - level, self.drop, end))

        nearly = 1 - 1e-12
        return reaches(_Z95, -nearly), reaches(-_Z95, nearly)

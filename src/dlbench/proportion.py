"""A share of a counted sample, with the interval that belongs to it.

    >>> Proportion(correct=985, total=1000).text()
    '98.50 % (95 % CI 97.54-99.09, n = 1,000)'

Reference: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
Journal of the American Statistical Association 22 (1927), 209-212.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Proportion"]

_Z95 = 1.959963984540054  # the 97.5 % quantile of the standard normal distribution


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

    def short(self) -> str:
        """Return the same in a table's width: '98.50 % (97.54-99.09, n = 1,000)'."""
        return self.text().replace("95 % CI ", "")

    def text(self) -> str:
        """Return the share in per cent with its interval and its sample count."""
        low, high = self.wilson()
        return f"{100 * self.value:.2f} % (95 % CI {100 * low:.2f}-{100 * high:.2f}, n = {self.total:,})"

"""What a measurement says about another one: they share the chip, the network or the runtime; the rest is their own.

    mean, variance = told_by(effects_of_target, [(effects_of_known, 0.2)])

In logarithms a time is the formula's, plus effects of the chip, one of the network, one of the runtime, plus a rest. A
chip is off as a whole, and off in each term of the formula (its arithmetic, its memory, its launches): that counts by
the term's share of the time, so a network tells most of those whose time goes the same way. Each effect is normal with
the spread that the published rows show. Given measurements, the target is normal again (the conditional distribution of
a multivariate normal; S. R. Searle et al., "Variance Components", 1992, chapter 7). How much of a chip's effect two
networks have in common falls with the distance of their traits (kriging; N. Cressie, "Statistics for Spatial Data",
1993, chapter 3): a time of MobileNetV2 tells much of its like, and less of a stranger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

import numpy as np

__all__ = ["Effects", "told_by"]

_NOISE = 0.05  # of a measured time, in log
_OF_THE_SAME = 0.5  # of the rest, what at least goes with the same network on the same chip


@dataclass(frozen=True)
class Effects:
    """The shared effects of one time: what each is called, and its variance in log."""

    chip: str  # another name for the GPU of a chip than for its cores
    network: str
    runtime: str
    chip_variance: float
    network_variance: float
    runtime_variance: float
    rest_variance: float
    chip_terms: tuple[float, ...] = ()  # standard deviation of the chip in each term, times the term's share
    traits: tuple[float, ...] = ()  # of the network
    distance: float = 1.0  # of the traits, at which likeness has fallen to exp(-1/2)
    common: float = 1.0  # of a chip's effect: what the least alike networks share
    rest_common: float = 0.5  # of the rest: what goes with networks like this one on this chip

    @property
    def variance(self) -> float:
        """Return the variance of the time as a whole."""
        chip = self.chip_variance + sum(term**2 for term in self.chip_terms)
        return chip + self.network_variance + self.runtime_variance + self.rest_variance

    def shared_with(self, other: Effects) -> float:
        """Return the covariance with another time."""
        shared = 0.0
        same_network = bool(self.network) and self.network == other.network
        if self.chip == other.chip:
            apart = sum((a - b) ** 2 for a, b in zip(self.traits, other.traits, strict=False))
            alike = exp(-0.5 * apart / max(self.distance, other.distance) ** 2)
            common = min(self.common, other.common)
            rest_common = min(self.rest_common, other.rest_common) * alike
            terms = sum(a * b for a, b in zip(self.chip_terms, other.chip_terms, strict=False))
            on_chip = min(self.chip_variance, other.chip_variance) + terms
            shared += (common + (1 - common) * alike) * on_chip
            own = max(rest_common, _OF_THE_SAME if same_network else 0.0)
            shared += own * min(self.rest_variance, other.rest_variance)
        if same_network:
            shared += min(self.network_variance, other.network_variance)
        if self.runtime == other.runtime:
            shared += min(self.runtime_variance, other.runtime_variance)
        return shared


def told_by(target: Effects, known: Sequence[tuple[Effects, float]]) -> tuple[float, float]:
    """Return the mean and the variance of the target's logarithm, above the formula, given what is known.

    Args:
        target: the effects of the time that is asked for.
        known: effects of measured times, each with the logarithm of measured over formula.
    """
    if not known:
        return 0.0, target.variance
    effects = [e for e, _ in known]
    among = np.array([[a.shared_with(b) for b in effects] for a in effects])
    np.fill_diagonal(among, [e.variance + _NOISE**2 for e in effects])
    with_target = np.array([target.shared_with(e) for e in effects])
    weights = np.linalg.solve(among, with_target)
    mean = float(weights @ np.array([log for _, log in known]))
    return mean, max(target.variance - float(weights @ with_target), 1e-4)

"""How far chips, networks and the rest lie from the formula: the variances under which left-out rows are likeliest.

Each row is as its chip was left out of the fit that predicts it. A chip is off as a whole and in each term of the
formula, in proportion to the term's share of the time; a network is off on every chip; the rest is the row's own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from estimate_fit import Row
from scipy.optimize import minimize

from dlbench.bench.cost.latency.latency_range import is_rare_attention
from dlbench.bench.cost.latency.latency_terms import TERMS
from dlbench.bench.cost.latency.network_table import NetworkFactor

# Standard deviations where the search starts, and how far, in log, it easily goes from there.
_USUAL = np.array([0.35, 0.2, 0.2] + [0.25] * len(TERMS))
_GIVE = 0.7
_BOUNDS = (0.02, 1.5)
_MOST_OF_A_RUN = 40
# Tried for a chip's effect: the part that unlike networks share, that of the rest, and how far likeness reaches.
_COMMON, _REST_COMMON, _DISTANCES = (0.2, 0.4, 0.6, 0.8, 1.0), (0.0, 0.25, 0.5, 0.75), (1.0, 2.0, 4.0)


@dataclass(frozen=True)
class Tried:
    """A row as a fit without its chip predicts it."""

    row: Row
    off: float  # log of measured over expected
    runtime_sd: float
    factor: NetworkFactor | None  # of its network, from other chips
    terms: tuple[float, ...]  # share of the time that each term of the formula takes

    @property
    def device_class(self) -> str:
        """Return the class of its device."""
        return self.row.setting.device_class

    @property
    def factor_log(self) -> float:
        """Return the logarithm of its network's factor; 0 where it has none."""
        return self.factor.log if self.factor else 0.0


@dataclass(frozen=True)
class Spreads:
    """Standard deviations of the logarithm."""

    device: float
    network: float
    rest: float
    terms: tuple[float, ...]
    common: float
    rest_common: float
    distance: float


@dataclass(frozen=True)
class _Block:
    """Rows of one run: what they are off by, and what their covariance is made of."""

    off: np.ndarray
    terms: np.ndarray
    traits: np.ndarray
    factor_chips: np.ndarray
    runtime_variance: float
    weight: float


def likeliest_spreads(tried: Sequence[Tried]) -> Spreads:
    """Return the spreads of a class: each run counts by the square root of its chip's runs."""
    blocks = _blocks([t for t in tried if not is_rare_attention(t.row.setting)])
    start = np.log(_USUAL)

    def surprise(logs: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros_like(logs)
        variances = np.exp(2 * logs)
        for block in blocks:
            value, by_variance = _surprise(block, variances)
            total += block.weight * value
            slope += block.weight * by_variance * 2 * variances
        away = (logs - start) / _GIVE
        return total + 0.5 * float(away @ away), slope + away / _GIVE

    bounds = [tuple(np.log(_BOUNDS))] * len(start)
    found = np.exp(minimize(surprise, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 60}).x)
    device, network, rest, *terms = (round(float(v), 3) for v in found)
    alike = min(product(_COMMON, _REST_COMMON, _DISTANCES), key=lambda a: _surprise_of(blocks, found**2, *a))
    return Spreads(device, network, rest, tuple(terms), *alike)


def _surprise_of(
    blocks: Sequence[_Block], variances: np.ndarray, common: float, rest_common: float, distance: float
) -> float:
    """Return minus the log-likelihood where unlike networks have less of a chip's effect in common than those alike."""
    total = 0.0
    for block in blocks:
        apart = ((block.traits[:, None] - block.traits) ** 2).sum(axis=2) / distance**2
        alike = np.exp(-0.5 * apart)
        on_chip = variances[0] + (block.terms * variances[3:]) @ block.terms.T
        covariance = (common + (1 - common) * alike) * on_chip + block.runtime_variance
        covariance += rest_common * alike * variances[2]
        covariance += np.diag(variances[1] / (1 + block.factor_chips) + (1 - rest_common) * variances[2])
        pulled = np.linalg.solve(covariance, block.off)
        total += block.weight * 0.5 * float(np.linalg.slogdet(covariance)[1] + block.off @ pulled)
    return total


def _surprise(block: _Block, variances: np.ndarray) -> tuple[float, np.ndarray]:
    """Return minus the log-likelihood of a run (without its constant), and its slope by each variance."""
    one, shares = np.ones(len(block.off)), 1 / (1 + block.factor_chips)
    covariance = (
        np.full((len(one), len(one)), variances[0] + block.runtime_variance)
        + np.diag(variances[1] * shares + variances[2])
        + (block.terms * variances[3:]) @ block.terms.T
    )
    inverse = np.linalg.inv(covariance)
    pulled = inverse @ block.off
    value = 0.5 * float(np.linalg.slogdet(covariance)[1] + block.off @ pulled)
    outer = inverse - np.outer(pulled, pulled)
    by_term = np.einsum("ik,ij,jk->k", block.terms, outer, block.terms)
    own = np.array([outer.sum(), np.diag(outer) @ shares, np.trace(outer)])
    return value, 0.5 * np.concatenate([own, by_term])


def _blocks(tried: Sequence[Tried]) -> list[_Block]:
    """Return the runs twice: without the networks' factors, and with them."""
    runs: dict[str, dict[tuple[object, ...], list[Tried]]] = defaultdict(lambda: defaultdict(list))
    for t in tried:
        runs[t.row.chip][t.row.run].append(t)
    blocks = []
    for of_chip in runs.values():
        for whole in of_chip.values():
            some = whole[:: -(-len(whole) // _MOST_OF_A_RUN)]
            off, factor = np.array([t.off for t in some]), np.array([t.factor_log for t in some])
            counts = np.array([t.terms for t in some]), np.array([t.row.setting.work.traits for t in some])
            chips = np.array([t.factor.chips if t.factor else 0 for t in some], float)
            shared = (some[0].runtime_sd ** 2, 1 / np.sqrt(len(of_chip)))
            blocks += [_Block(off, *counts, 0 * chips, *shared), _Block(off - factor, *counts, chips, *shared)]
    return blocks

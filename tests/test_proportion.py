"""The Wilson interval against published values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dlbench.proportion import REAL, PairedDifference, Proportion


@pytest.mark.parametrize(("correct", "total"), [(0, 10), (1, 29), (81, 263), (985, 1000), (500, 500)])
def test_the_interval_agrees_with_scipy(correct: int, total: int):
    from scipy.stats import binomtest

    expected = binomtest(correct, total).proportion_ci(0.95, method="wilson")
    assert Proportion(correct, total).wilson() == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_text_carries_the_interval_and_the_sample_count():
    assert Proportion(985, 1000).text() == "98.50 % (95 % interval 97.54-99.09, n = 1,000)"


@pytest.mark.parametrize(("correct", "total"), [(5, 4), (-1, 4), (0, 0)])
def test_impossible_counts_are_refused(correct: int, total: int):
    with pytest.raises(ValueError, match="expected 0 <= correct"):
        Proportion(correct, total)


@pytest.mark.parametrize(("total", "lost", "won"), [(500, 9, 1), (500, 0, 0), (100, 7, 7), (30, 0, 5)])
def test_a_paired_difference_has_mcnemar_s_exact_p_and_an_interval_that_agrees_with_it(total: int, lost: int, won: int):
    from scipy.stats import binomtest

    paired = PairedDifference(total, lost, won)
    low, high = paired.interval()
    assert paired.p_value == (binomtest(lost, lost + won).pvalue if lost + won else 1)
    assert low < paired.drop < high and low >= -1 and high <= 1
    assert (low > 0 or high < 0) == (paired.p_value <= REAL)


def test_no_difference_is_no_certainty():
    assert PairedDifference(500, 0, 0).interval() == pytest.approx((-0.00762, 0.00762), abs=1e-5)


@pytest.mark.parametrize(("total", "lost", "won"), [(100, 0.02, 0.01), (500, 0.03, 0.002), (20, 0.3, 0.1)])
def test_the_interval_of_a_paired_difference_holds_the_truth_in_95_of_100_samples(total: int, lost: float, won: float):
    drawn = np.random.default_rng(0).multinomial(total, [lost, won, 1 - lost - won], size=1000)
    pairs, times = np.unique(drawn[:, :2], axis=0, return_counts=True)
    ends = [PairedDifference(total, int(b), int(c)).interval() for b, c in pairs]
    held = sum(n for n, (low, high) in zip(times, ends, strict=True) if low - 1e-9 <= lost - won <= high + 1e-9)
    assert held >= 940


@pytest.mark.parametrize(("total", "lost", "won"), [(0, 0, 0), (3, 2, 2), (5, -1, 0)])
def test_impossible_pairs_are_refused(total: int, lost: int, won: int):
    with pytest.raises(ValueError, match="expected lost, won"):
        PairedDifference(total, lost, won)


@pytest.mark.parametrize(
    ("one", "other", "differs"), [(50, 48, False), (56, 48, True), (40, 66, True), (42, 48, False)]
)
def test_two_shares_differ_where_newcombe_s_interval_leaves_out_0(one, other, differs):
    assert Proportion(one, 70).differs(Proportion(other, 80)) is differs


def test_newcombe_s_interval_is_that_of_his_paper():
    """Table II, row (a): 56/70 against 48/80, the score interval without correction: 0.0524 to 0.3339."""
    a, b = Proportion(56, 70), Proportion(48, 80)
    below = math.hypot(a.value - a.wilson()[0], b.wilson()[1] - b.value)
    assert a.value - b.value - below == pytest.approx(0.0524, abs=5e-5) and a.differs(b)

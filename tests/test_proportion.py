"""The Wilson interval against published values."""

from __future__ import annotations

import pytest

from dlbench.proportion import Proportion


@pytest.mark.parametrize(("correct", "total"), [(0, 10), (1, 29), (81, 263), (985, 1000), (500, 500)])
def test_the_interval_agrees_with_scipy(correct: int, total: int):
    from scipy.stats import binomtest

    expected = binomtest(correct, total).proportion_ci(0.95, method="wilson")
    assert Proportion(correct, total).wilson() == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_text_carries_the_interval_and_the_sample_count():
    assert Proportion(985, 1000).text() == "98.50 % (95 % CI 97.54-99.09, n = 1,000)"


@pytest.mark.parametrize(("correct", "total"), [(5, 4), (-1, 4), (0, 0)])
def test_impossible_counts_are_refused(correct: int, total: int):
    with pytest.raises(ValueError, match="expected 0 <= correct"):
        Proportion(correct, total)

"""Statistics against numpy and scipy, which know nothing of this code."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from dlbench.bench.results.sketch import Sketch
from dlbench.bench.results.statistics import median_interval, percentile, quarter_range, steady, summarise, undisturbed


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=300))
def test_a_sketch_of_few_samples_holds_every_one_of_them(samples: list[int]):
    sketch = Sketch.of(samples)
    assert sketch.digits is None
    np.testing.assert_allclose(sketch.samples_s() * 1e9, sorted(samples), rtol=1e-12)


def test_a_sketch_of_many_distinct_samples_keeps_four_digits_and_every_count():
    samples = np.random.default_rng(0).integers(10_000_000, 99_000_000, 50_000)
    sketch = Sketch.of(samples.tolist())
    assert sum(sketch.counts) == 50_000
    assert len(sketch.values_ns) <= 1000
    np.testing.assert_allclose(sketch.samples_s() * 1e9, np.sort(samples), rtol=5e-3)


WIDENING = np.sqrt(1.4 / 0.6)  # a lag-1 correlation of 0.4 between rounds


def test_the_interval_is_students_t_on_the_logarithms_widened_for_correlated_rounds():
    medians = [2.0e-3, 2.1e-3, 1.95e-3, 2.05e-3, 2.2e-3]
    logs = np.log(medians)
    expected = np.exp(scipy.stats.t.interval(0.95, 4, loc=logs.mean(), scale=WIDENING * scipy.stats.sem(logs)))
    assert median_interval(medians) == pytest.approx(tuple(expected))


def test_rounds_that_agree_by_luck_do_not_make_a_narrow_interval():
    low, high = median_interval([1e-3] * 5)
    # no spread at all in 5 rounds: 4 rounds of the usual 1 % are added, 8 degrees of freedom
    half = WIDENING * scipy.stats.t.ppf(0.975, 8) * np.sqrt(4 * 0.01**2 / 8 / 5)
    assert (low, high) == pytest.approx((1e-3 * np.exp(-half), 1e-3 * np.exp(half)))


def test_with_some_calm_rounds_the_interval_is_the_range_and_with_none_there_is_no_interval():
    rounds = [Sketch((value,), (10,)) for value in (1000, 1100, 2000)]
    some = summarise(rounds[:1], rounds, enough=False)
    assert (some.ci_low, some.ci_high) == pytest.approx((0.97e-6, 2.06e-6))
    assert some.p50 == pytest.approx(1e-6)
    none = summarise(rounds, enough=False)
    assert none.ci_low is None and none.ci_high is None and none.p50 == pytest.approx(1.1e-6)


def test_a_kept_reference_makes_a_wholly_slow_run_a_disturbed_one():
    probes = [(4.4e-5, 4.41e-5)] * 4
    assert undisturbed(probes) == [True] * 4
    assert undisturbed(probes, 4.0e-5) == [False] * 4


def test_quarters_that_lie_apart_show_a_change_of_state_in_mid_round():
    assert quarter_range([1000] * 100) == 0
    assert quarter_range([1000] * 75 + [1800] * 25) == pytest.approx(0.8)
    assert quarter_range([1000] * 39) is None
    assert steady([0.01, 0.8, None]) == [True, True, True]  # 3 times the median of two is still over 0.8
    assert steady([0.01, 0.012, 0.008, 0.8]) == [True, True, True, False]
    assert steady([0.05, 0.06, 0.1]) == [True, True, True]  # a cell whose quarters always differ


def test_one_round_has_no_interval():
    assert median_interval([1e-3]) is None
    assert summarise([Sketch.of([1000, 1100])]).ci_low is None


@pytest.mark.parametrize(
    ("name", "floor", "share"), [("p90", 30, 0.9), ("p95", 60, 0.95), ("p99", 300, 0.99), ("p999", 3000, 0.999)]
)
def test_a_percentile_appears_only_where_there_are_samples_for_it(name: str, floor: int, share: float):
    samples = (np.random.default_rng(1).lognormal(size=floor) * 1e6).astype(int)
    assert percentile(Sketch.of(samples[: floor - 1].tolist()), name) is None
    exact = Sketch.of(samples.tolist())
    assert percentile(exact, name) == pytest.approx(np.quantile(exact.samples_s(), share))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=200), st.floats(0, 1))
def test_a_quantile_of_values_and_counts_is_that_of_the_samples_written_out(samples: list[int], share: float):
    sketch = Sketch.of(samples)
    assert sketch.quantile_s(share) == pytest.approx(np.quantile(np.array(samples) / 1e9, share))
    assert sketch.mean_s() == pytest.approx(np.mean(samples) / 1e9)
    twice = Sketch.together([sketch, sketch])
    assert len(twice) == 2 * len(samples)
    assert twice.quantile_s(share) == pytest.approx(np.quantile(np.array(samples * 2) / 1e9, share))


def test_the_summary_agrees_with_numpy_on_all_samples_together():
    rng = np.random.default_rng(2)
    rounds = [rng.integers(900, 1200, 400) for _ in range(5)]
    summary = summarise([Sketch.of(r.tolist()) for r in rounds])
    together = np.concatenate(rounds) / 1e9
    assert summary.samples == 2000
    assert summary.p50 == pytest.approx(np.median(together))
    assert summary.mean == pytest.approx(together.mean())
    assert summary.min == pytest.approx(together.min())
    assert summary.ci_low <= summary.p50 <= summary.ci_high


def test_outliers_are_counted_and_kept():
    samples = np.r_[np.random.default_rng(3).normal(1.0, 0.01, 500), 5.0, 6.0]
    summary = summarise([Sketch.of((samples * 1e6).astype(int).tolist())])
    assert (summary.samples, summary.outliers) == (502, 2)


def test_a_round_is_disturbed_where_a_probe_lies_over_3_per_cent_above_the_best_decile():
    calm, slow = (1.0, 1.01), (1.0, 1.7)
    assert undisturbed([calm] * 8 + [slow, (None, None)]) == [True] * 8 + [False, True]


def test_rounds_without_any_probe_are_taken_as_they_are():
    assert undisturbed([(None, None)] * 3) == [True] * 3


def test_the_interval_of_rounds_that_are_alike_holds_the_true_median_about_95_times_in_100():
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(1000):
        logs = [rng.normal(0, 0.05)]
        for _ in range(19):
            logs.append(0.4 * logs[-1] + rng.normal(0, 0.05 * np.sqrt(1 - 0.16)))
        low, high = median_interval(np.exp(logs).tolist())
        held += low <= 1 <= high
    assert 930 <= held <= 985

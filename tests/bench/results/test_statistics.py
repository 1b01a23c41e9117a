"""Statistics against numpy and scipy, which know nothing of this code."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dlbench.bench.results.sketch import Sketch
from dlbench.bench.results.statistics import (
    best_decile,
    median_interval,
    percentile,
    quarter_range,
    steady,
    summarise,
    undisturbed,
)


def written_out(sketch: Sketch) -> np.ndarray:
    return np.repeat(np.asarray(sketch.values_ns, dtype=np.float64), sketch.counts)


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=300))
def test_a_sketch_of_few_samples_holds_every_one_of_them(samples: list[int]):
    sketch = Sketch.of(samples)
    assert sketch.digits is None
    np.testing.assert_allclose(written_out(sketch), sorted(samples), rtol=1e-12)


def test_a_sketch_of_many_distinct_samples_keeps_four_digits_and_every_count():
    samples = np.random.default_rng(0).integers(10_000_000, 99_000_000, 50_000)
    sketch = Sketch.of(samples.tolist())
    assert sum(sketch.counts) == 50_000
    assert len(sketch.values_ns) <= 1000
    np.testing.assert_allclose(written_out(sketch), np.sort(samples), rtol=5e-3)


WIDENING = np.sqrt(1.4 / 0.6)  # a lag-1 correlation of 0.4 between rounds


def test_the_interval_is_students_t_on_the_logarithms_widened_for_correlated_rounds():
    import scipy.stats

    medians = [2.0e-3, 2.1e-3, 1.95e-3, 2.05e-3, 2.2e-3]
    logs = np.log(medians)
    expected = np.exp(scipy.stats.t.interval(0.95, 4, loc=logs.mean(), scale=WIDENING * scipy.stats.sem(logs)))
    assert median_interval(medians) == pytest.approx(tuple(expected))


def test_rounds_that_agree_by_luck_do_not_make_a_narrow_interval():
    import scipy.stats

    low, high = median_interval([1e-3] * 5)
    # no spread at all in 5 rounds: 4 rounds of the usual 1 % are added, 8 degrees of freedom
    half = WIDENING * scipy.stats.t.ppf(0.975, 8) * np.sqrt(4 * 0.01**2 / 8 / 5)
    assert (low, high) == pytest.approx((1e-3 * np.exp(-half), 1e-3 * np.exp(half)))


def test_a_spread_below_the_usual_one_is_pooled_with_it_by_their_degrees_of_freedom():
    import scipy.stats

    medians = [1.000e-3, 1.006e-3, 0.997e-3, 1.002e-3]
    own = np.var(np.log(medians), ddof=1)
    assert own < 0.01**2
    pooled = (3 * own + 4 * 0.01**2) / 7  # 3 degrees of freedom of its own, 4 of the usual 1 %
    half = WIDENING * scipy.stats.t.ppf(0.975, 7) * np.sqrt(pooled / 4)
    centre = np.log(medians).mean()
    assert median_interval(medians) == pytest.approx((np.exp(centre - half), np.exp(centre + half)))


def test_the_median_is_the_percentile_that_needs_one_sample_alone():
    assert percentile(Sketch.of([1000, 2000, 9000]), "p50") == pytest.approx(2e-6)
    assert percentile(Sketch.of([3000]), "p50") == pytest.approx(3e-6) and percentile(Sketch((), ()), "p50") is None


def test_a_wider_level_gives_a_wider_interval():
    import scipy.stats

    medians = [2.0e-3, 2.2e-3, 1.9e-3]
    logs = np.log(medians)
    expected = np.exp(scipy.stats.t.interval(0.99, 2, loc=logs.mean(), scale=WIDENING * scipy.stats.sem(logs)))
    assert median_interval(medians, 0.99) == pytest.approx(tuple(expected))


def test_two_rounds_are_enough_for_an_interval_and_the_median_of_all_samples_lies_inside():
    assert median_interval([1e-3, 1.1e-3]) is not None
    rounds = [Sketch((1000,), (90,)), Sketch((1010,), (10,)), Sketch((1020,), (10,))]
    summary = summarise(rounds)  # p50 is that of the long round, below the interval of the three medians
    assert summary.p50 == summary.min == pytest.approx(1e-6)
    assert summary.ci_low <= summary.p50 <= summary.ci_high and summary.ci_level == 0.95


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
    assert quarter_range([1000] * 39) is None and quarter_range([1000] * 40) == 0
    assert quarter_range([0] * 50 + [3] * 50) == 2  # a clock that reads 0 ns counts as 1 ns
    assert steady([0.01, 0.8, None]) == [True, True, True]  # 3 times the median of two is still over 0.8
    assert steady([0.01, 0.012, 0.008, 0.8]) == [True, True, True, False]
    assert steady([0.06, 0.0, 0.0]) == [True, True, True] and steady([0.061, 0.0, 0.0]) == [False, True, True]
    assert steady([0.05, 0.05, 0.149]) == [True] * 3 and steady([0.05, 0.05, 0.151]) == [True, True, False]
    assert steady([0.05, 0.06, 0.1]) == [True, True, True]  # a cell whose quarters always differ


def test_one_round_has_no_interval():
    assert median_interval([1e-3]) is None
    assert summarise([Sketch.of([1000, 1100])]).ci_low is None


@pytest.mark.parametrize(
    ("name", "floor", "share"),
    [("p50", 1, 0.5), ("p90", 30, 0.9), ("p95", 60, 0.95), ("p99", 300, 0.99), ("p999", 3000, 0.999)],
)
def test_a_percentile_appears_only_where_there_are_samples_for_it(name: str, floor: int, share: float):
    samples = (np.random.default_rng(1).lognormal(size=floor) * 1e6).astype(int)
    assert percentile(Sketch.of(samples[: floor - 1].tolist()), name) is None
    exact = Sketch.of(samples.tolist())
    assert percentile(exact, name) == pytest.approx(np.quantile(written_out(exact), share) / 1e9)


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
    assert summary.p50 == pytest.approx(np.median(together))
    assert summary.mean == pytest.approx(together.mean())
    assert summary.min == pytest.approx(together.min())
    assert summary.ci_low <= summary.p50 <= summary.ci_high


def test_an_outlier_lies_more_than_10_sigmas_of_the_median_deviation_away():
    """Half of the samples lie 10 ns from the median of 1,000: one sigma is 14.826 ns, ten are 148 ns."""
    around = [(990, 30), (1000, 7), (1010, 30)]
    for extra, outliers in ((1148, 0), (1149, 3), (852, 0), (851, 3)):
        values = sorted([*around, (extra, 3)])
        assert Sketch(tuple(v for v, _ in values), tuple(n for _, n in values)).outliers() == outliers
    assert Sketch((5, 7), (9, 1)).outliers() == 0  # no spread to hold it against


def test_samples_of_many_values_are_rounded_to_4_and_then_to_3_digits():
    whole = list(range(1_000_000, 1_001_001))  # 1,001 values
    four = Sketch.of(whole)
    assert (four.digits, four.values_ns, four.counts) == (4, (1_000_000, 1_001_000), (501, 500))
    assert Sketch.of(whole[:1000]).digits is None  # 1,000 values are kept as they are
    many = [7, *range(10_000, 99_000, 7)]  # 8,900 values of 4 digits
    three = Sketch.of(many)
    assert three.digits == 3 and three.values_ns == (7, *range(10_000, 99_001, 100))
    assert len(three) == len(many)


def test_there_is_nothing_to_put_together_without_a_round():
    with pytest.raises(ValueError, match="at least one round"):
        Sketch.together([])
    both = Sketch.together([Sketch((1, 5), (2, 1)), Sketch((5, 9), (4, 3))])
    assert (both.values_ns, both.counts) == ((1, 5, 9), (2, 5, 3))


def test_outliers_are_counted_and_kept():
    samples = np.r_[np.random.default_rng(3).normal(1.0, 0.01, 500), 5.0, 6.0]
    sketch = Sketch.of((samples * 1e6).astype(int).tolist())
    assert (len(sketch), sketch.outliers()) == (502, 2)


def test_a_round_is_disturbed_where_a_probe_lies_over_3_per_cent_above_the_best_decile():
    calm, slow = (1.0, 1.01), (1.0, 1.7)
    assert undisturbed([calm] * 8 + [slow, (None, None)]) == [True] * 8 + [False, True]


def test_the_best_decile_is_numpys_and_there_is_none_without_a_probe():
    probes = [3.0, 1.0, 2.0, 10.0]
    assert best_decile(probes) == pytest.approx(np.percentile(probes, 10)) and best_decile([]) is None
    assert undisturbed([(1.0, None), (None, 1.031)], 1.0) == [True, False]
    assert undisturbed([(1.029, 1.0)], 1.0) == [True]


def test_figures_of_several_rounds_are_of_all_samples_and_can_not_be_changed():
    summary = summarise([Sketch((1000, 2000), (2, 2)), Sketch((3000,), (1,))])
    assert summary.p50 == pytest.approx(2e-6) and summary.mean == pytest.approx(1.8e-6)
    with pytest.raises(ValidationError):
        summary.p50 = 1.0  # results can't be changed
    with pytest.raises(AttributeError):
        Sketch((1,), (1,)).counts = (2,)


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


def test_a_clock_that_did_not_move_is_less_than_a_tick_and_never_nothing():
    still = Sketch.of([0, 0, 0])
    assert 0 < still.median_s() < 1e-9 * 1.001 and 0 < still.mean_s() < 1e-9 * 1.001
    assert Sketch.of([2_000_000_000]).mean_s() == pytest.approx(2, rel=1e-12)

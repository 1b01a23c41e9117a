"""How many times as long one cell takes as another, and what may be ranked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dlbench.bench.diff import ratio
from dlbench.bench.diff.cell_ratio import Times, places, times
from dlbench.bench.diff.ratio import fast_ratio, ratio_in_turn
from dlbench.bench.results.headline import samples_of
from dlbench.bench.results.records import Round
from dlbench.bench.results.schema import Cell


def cell(medians_us: list[float], calm: bool = True, few: bool = False, **changes: Any) -> Cell:
    """A cell of one round a median."""
    p50 = sorted(medians_us)[len(medians_us) // 2] * 1e-6
    rounds = [
        {
            "load_s": 0,
            "first_run_s": 0,
            "values_ns": [round(m * 1000 * s) for s in (0.999, 1, 1.001)],
            "counts": [100, 100, 100],
            "timer_cost_s": 0,
            "undisturbed": calm,
        }
        for m in medians_us
    ]
    latency = {"p50": p50, "mean": p50, "min": p50, "ci_level": 0.95, "p90": None, "p95": None, "p99": None}
    ends = {"ci_low": p50 * 0.98, "ci_high": p50 * 1.02} if calm else {"ci_low": None, "ci_high": None}
    given: dict[str, Any] = {
        "model": "net",
        "precision": "fp32",
        "provider": "cpu",
        "batch": 1,
        "threads": 2,
        "copies_included": None,
        "verdict": "ran",
        "latency_s": {**latency, "p999": None, **ends},
        "rounds": rounds,
        "interval_covers": "calm rounds" if calm else "nothing: no round was calm",
    }
    return Cell.model_validate(given | changes)


STATES = [10.0, 10.1, 17.0, 17.2, 10.0, 10.1, 16.9, 10.2, 10.1, 17.1]  # a machine that changes its speed


def test_rounds_in_turn_show_a_difference_that_the_medians_spread_would_hide():
    found = times(cell(STATES), cell([m * 1.5 for m in STATES]), in_turn=True)
    assert found is not None and found.verdict == "slower"
    assert found.low and found.high and found.low <= 1.5 <= found.high and found.high / found.low < 1.1


def test_a_cell_is_no_faster_than_its_own_copy():
    found = times(cell(STATES), cell([m * 1.002 for m in STATES]), in_turn=True)
    assert found is not None and not found.differs


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_rounds_give_a_wider_interval_that_holds_the_ratio(n: int):
    few = times(cell(STATES[:n]), cell([m * 3 for m in STATES[:n]]), in_turn=True)
    many = times(cell(STATES), cell([m * 3 for m in STATES]), in_turn=True)
    assert few and many and few.low and few.high and many.low and many.high
    assert few.low < 3 < few.high and few.high / few.low > many.high / many.low


def test_one_round_has_no_interval_and_claims_nothing():
    found = times(cell([10.0]), cell([30.0]), in_turn=True)
    assert found is not None and (found.low, found.high, found.verdict) == (None, None, "can't tell")


def test_the_time_of_an_answer_is_that_of_the_run_over_its_batch():
    one, eight = cell([10.0] * 8), cell([20.0] * 8, batch=8)
    found = times(one, eight, in_turn=True, factor=1 / 8)
    assert found is not None and found.ratio == pytest.approx(0.25) and found.verdict == "faster"
    turned = times(eight, one, in_turn=True, factor=8)
    assert turned is not None and turned.ratio == pytest.approx(4) and turned.verdict == "slower"


def test_between_two_runs_the_ends_of_the_intervals_decide():
    found = times(cell([10.0] * 5), cell([10.3] * 5), in_turn=False)
    assert found is not None and found.verdict != "slower"
    far = times(cell([10.0] * 5), cell([11.0] * 5), in_turn=False)
    assert far is not None and far.verdict == "slower" and far.low == pytest.approx(1.1 * 0.98 / 1.02)


def test_a_disturbed_run_may_be_any_faster_but_no_slower_than_it_looks():
    calm, busy = cell([10.0] * 5), cell([40.0] * 5, calm=False)
    slower = times(calm, busy, in_turn=False)
    assert slower is not None and slower.verdict == "can't tell" and slower.disturbed
    faster = times(cell([90.0] * 5), busy, in_turn=False)
    assert faster is not None and faster.verdict == "faster" and faster.low is None


def test_a_cell_without_a_figure_has_no_ratio():
    assert times(cell([10.0]), cell([10.0], latency_s=None), in_turn=True) is None


def test_what_is_not_shown_to_be_more_shares_a_place():
    values = [1.0, 1.01, 2.0, None, 2.01, 4.0]

    def ratio(i: int, j: int) -> Times:
        value = (values[j] or 0) / (values[i] or 1)
        return Times(value, value, value, "slower" if value > 1.05 else "same")

    assert places(values, ratio) == [1, 1, 3, None, 3, 5]


def test_an_older_result_says_in_words_that_its_rounds_were_disturbed():
    assert cell([10.0], calm=False).disturbed and not cell([10.0]).disturbed


def test_three_disturbed_rounds_show_a_hundredfold_difference_and_no_twofold_one():
    quick, slow = cell([30.0, 60.0, 38.0]), cell([11000.0, 5000.0, 20000.0])
    found = times(quick, slow, in_turn=True)
    assert found is not None and found.verdict == "slower" and found.low and found.low > 40
    twice = times(cell([30.0, 60.0, 38.0]), cell([70.0, 61.0, 100.0]), in_turn=True)
    assert twice is not None and twice.verdict == "can't tell"


def jumping(rng: np.random.Generator, true_s: float, rounds: int) -> list[Round]:
    """Rounds of which three in four meet a machine that is slower by a third to a half; none counts as calm."""
    slower = np.where(rng.random(rounds) < 0.75, rng.uniform(1.33, 1.5, rounds), 1.0)
    medians_ns = true_s * 1e9 * slower * rng.lognormal(0, 0.02, rounds)
    return [
        Round(
            load_s=0, first_run_s=0, values_ns=(int(ns), int(1.01 * ns)), counts=(50, 50), timer_cost_s=0,
            undisturbed=False, state="slowed",
        )
        for ns in medians_ns
    ]  # fmt: skip


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ratio, "_DRAWS", 200)  # of the bootstrap: many comparisons in a second


@pytest.mark.usefixtures("few_draws")
def test_where_next_to_no_round_is_calm_all_pairs_show_what_the_fastest_rounds_can_not():
    rng = np.random.default_rng(7)
    shown, held = [0, 0], 0
    for _ in range(40):
        sides = jumping(rng, 1e-3, 14), jumping(rng, 0.8e-3, 14)
        found = ratio_in_turn(*sides, 0.99)
        assert found is not None
        held += found.low <= 0.8 <= found.high
        fast = fast_ratio(*([samples_of(r) for r in side] for side in sides), level=0.99)
        shown = [n + (interval.high < 1) for n, interval in zip(shown, (found, fast), strict=True)]
    assert held >= 38 and shown[0] >= 2 * shown[1]


@pytest.mark.usefixtures("few_draws")
def test_equals_that_meet_a_jumping_machine_in_turn_are_not_told_apart():
    rng = np.random.default_rng(8)
    found = [ratio_in_turn(jumping(rng, 1e-3, 14), jumping(rng, 1e-3, 14), 0.99) for _ in range(100)]
    assert sum(f is None or not f.low <= 1 <= f.high for f in found) <= 4


@pytest.mark.usefixtures("few_draws")
def test_fastest_rounds_of_which_one_side_has_none_are_left_out():
    """Of A no round was fast: its fastest ones are 1.4 times too slow, and alike."""
    a = [r.model_copy(update={"undisturbed": False}) for r in jumping(np.random.default_rng(1), 1e-3, 14)]
    slow = [r for r in jumping(np.random.default_rng(2), 1e-3, 60) if r.values_ns[0] > 1_300_000][:14]
    fast = fast_ratio([samples_of(r) for r in slow], [samples_of(r) for r in a], 0.99)
    found = ratio_in_turn(slow, a, 0.99)
    assert found is not None and fast.high < 0.9 < found.high


@pytest.mark.usefixtures("few_draws")
def test_a_pair_of_which_one_round_was_calm_is_no_calm_pair():
    """Where A was calm and B was not, B looks slow: such pairs may not stand among the calm ones."""
    calm = list(cell([10 + 0.01 * i for i in range(20)]).rounds)
    slow = list(cell([20 + 0.5 * i for i in range(10)], calm=False).rounds)
    found = ratio_in_turn(calm, [*calm[:10], *slow], 0.99)
    assert found is not None and found.rounds == 10 and found.high < 1.01


@pytest.mark.usefixtures("few_draws")
def test_each_round_may_be_drawn_the_first_one_too():
    """Rounds but for the first are alike: only what draws that one too sees that the rounds differ."""
    fast, slow = (samples_of(r) for r in cell([5.0, 10.0]).rounds)
    a, alike = [fast, slow, slow, slow, slow], [slow] * 5
    wide, narrow = (fast_ratio(side, alike, 0.99) for side in (a, alike))
    assert wide.high / wide.low > 1.2 * narrow.high / narrow.low

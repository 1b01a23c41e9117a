"""Buying or renting, against the worked numbers of the cost sheet and against what must always hold."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import document

from dlbench.bench.cost.buy_or_rent import Case, chen_2018, tornado
from dlbench.bench.cost.countries import Money, Rates, place, to_usd
from dlbench.bench.cost.speed_ratio import speed_ratio
from dlbench.bench.results.schema import Result
from dlbench.cli import main
from dlbench.errors import PriceError

PLAIN = {"power_w": 1000, "usd_per_kwh": 0.2, "cloud_overhead_share": 0.0}


def test_the_worked_break_even_hours_are_reproduced():
    equal = Case(price_usd=2989, hourly_usd=3.06, **PLAIN)
    assert equal.running_usd_per_hour == pytest.approx(0.20)
    assert equal.break_even_hours == pytest.approx(1045, abs=1)
    faster = Case(price_usd=2989, hourly_usd=3.06, speed_ratio=1 / 3.08, **PLAIN)
    assert faster.break_even_hours == pytest.approx(3767, abs=2)


def test_the_claim_of_2018_is_reproduced_and_then_held_against_4_hours_a_day():
    month, year, three, part, faster = chen_2018()
    assert (month.own_usd, month.rent_usd) == pytest.approx((227.3, 2160), abs=0.1)
    assert (year.own_usd, three.own_usd) == pytest.approx((2752, 8256))
    assert [round(r.ratio, 1) for r in (month, year, three)] == [9.5, 6.0, 4.0]
    assert part.ratio < 4 and faster.ratio < part.ratio < month.ratio
    assert "worked back" in year.note and "worked back" in three.note


def test_the_day_of_the_break_even_follows_from_the_hours_a_day():
    case = Case(price_usd=1000, hourly_usd=1.2, hours_per_day=5, **PLAIN)
    assert case.break_even_hours == pytest.approx(1000)
    assert case.break_even_date(date(2026, 1, 1)) == date(2026, 7, 20)  # 200 days later
    never = Case(price_usd=1000, hourly_usd=0.1, **PLAIN)
    assert never.break_even_hours is None and never.break_even_date(date(2026, 1, 1)) is None
    assert never.break_even_share is None


cases = st.builds(
    Case,
    price_usd=st.floats(1, 1e5),
    power_w=st.floats(1, 2000),
    usd_per_kwh=st.floats(0.01, 1),
    hourly_usd=st.floats(0.01, 50),
    hours_per_day=st.floats(0.1, 24),
    years=st.floats(0.5, 10),
    residual_share=st.floats(0, 0.9),
    speed_ratio=st.floats(0.05, 20),
)


@given(cases)
def test_at_the_break_even_both_ways_cost_the_same_and_nothing_is_ever_negative(case: Case):
    assert case.own_total_usd(1) >= 0 and case.rent_total_usd(1) >= 0
    assert case.own_total_usd(12) >= case.own_total_usd(1)
    assert case.rent_total_usd(12, 60) > case.rent_total_usd(12)
    hours = case.break_even_hours
    if hours is not None:
        months = hours / case.hours(1)
        assert case.own_total_usd(months) == pytest.approx(case.rent_total_usd(months), rel=1e-6)


@given(cases, st.floats(1.01, 3))
def test_a_dearer_machine_never_pays_sooner_and_a_dearer_rent_never_later(case: Case, factor: float):
    from dataclasses import replace

    dearer = replace(case, price_usd=case.price_usd * factor)
    rent = replace(case, hourly_usd=case.hourly_usd * factor)
    if case.break_even_hours is not None:
        assert dearer.break_even_hours >= case.break_even_hours
        assert rent.break_even_hours <= case.break_even_hours
    assert dearer.advantage_usd <= case.advantage_usd + 1e-6
    assert rent.advantage_usd >= case.advantage_usd - 1e-6


@given(cases)
def test_the_tornado_is_ordered_and_each_bar_holds_the_answer_or_starts_from_it(case: Case):
    swings = tornado(case)
    widths = [s.width_usd for s in swings]
    assert widths == sorted(widths, reverse=True) and len(swings) == 9


@pytest.mark.parametrize(
    "bad", [{"price_usd": -1}, {"hours_per_day": 25}, {"speed_ratio": 0}, {"usd_per_kwh": float("nan")}]
)
def test_numbers_that_make_no_sense_are_refused(bad: dict):
    with pytest.raises(PriceError, match="out of range"):
        Case(**{"price_usd": 1000, "hourly_usd": 1, **PLAIN, **bad})


def test_money_keeps_its_currency_until_a_rate_is_given():
    assert place("hu").electricity == Money(0.104, "EUR")
    assert to_usd(Money(0.104, "EUR"), Rates(eur=2.0)) == pytest.approx(0.208)
    assert "from memory" in Rates().source
    with pytest.raises(PriceError, match="unknown country"):
        place("XX")
    with pytest.raises(PriceError, match="above 0"):
        Rates(eur=0)


def test_the_speed_ratio_is_that_of_the_cells_that_both_machines_measured():
    own = Result.model_validate(document())
    fast = document()
    fast["cells"][0]["throughput_per_s"] = 2000
    ratio, words = speed_ratio(own, Result.model_validate(fast))
    assert ratio == pytest.approx(0.25) and "1 cells" in words
    fast["cells"][0]["batch"] = 99
    with pytest.raises(PriceError, match="none in common"):
        speed_ratio(own, Result.model_validate(fast))


def test_the_command_answers_draws_and_names_every_source(workspace: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["cost", "buy-or-rent", "--hours-per-day", "8", "--country", "HU"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "Owning catches up after",
        "forgotten on for one weekend",
        "Colab, free",
        "Eurostat",
        "from memory",
        "card alone",
    ):
        assert words in text, words
    assert {p.name for p in (workspace / "pictures").iterdir()} == {"buy-or-rent.svg", "buy-or-rent-tornado.svg"}
    assert "break-even" in (workspace / "pictures" / "buy-or-rent.svg").read_text()
    assert main(["cost", "buy-or-rent", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rent_minus_own_usd"] == pytest.approx(
        answer["rent_usd"]["36 months"] - answer["own_usd"]["36 months"]
    )
    assert main(["cost", "buy-or-rent", "--preset", "chen-2018"]) == 0
    assert "9.5x" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--own", "rtx-2080"], "Did you mean"),
        (["--own", "aws-p3-2xlarge"], "expected its price"),
        (["--country", "SE"], "--electricity-price"),
        (["--preset", "chen"], "unknown preset"),
        (["--from", "a.json"], "expected two result files"),
        (["--hours-per-day", "30"], "out of range"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]):
    assert main(["cost", "buy-or-rent", *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1

"""Buying or renting, against the worked numbers of docs/cost.md and against what must always hold."""

from __future__ import annotations

import json
import re
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
        "left on by mistake for one weekend",
        "Colab, free",
        "Eurostat",
        "from memory",
        "card alone",
    ):
        assert words in text, words
    assert {p.name for p in (workspace / "pictures").iterdir()} == {"buy-or-rent.svg", "buy-or-rent-tornado.svg"}
    assert "break-even" in (workspace / "pictures" / "buy-or-rent.svg").read_text()
    bars = (workspace / "pictures" / "buy-or-rent-tornado.svg").read_text()
    assert all(
        bars.count(words) == 1 for words in ("with the lower value of the pair", "with the higher", "as given: ")
    )
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


PLAIN_CASE = Case(price_usd=1200, hourly_usd=2.0, hours_per_day=5, years=2, **PLAIN)  # 0.20 USD an hour of electricity


def test_what_both_ways_cost_after_some_months_is_that_of_the_hand():
    case = Case(
        price_usd=1000, power_w=500, usd_per_kwh=0.2, hourly_usd=2, hours_per_day=5, residual_share=0.25, pue=1.2
    )
    assert case.hours(2) == pytest.approx(2 * 30.4 * 5)
    assert case.running_usd_per_hour == pytest.approx(0.12)
    assert case.own_total_usd(2) == pytest.approx(750 + 0.12 * 304)
    assert case.rent_total_usd(2) == pytest.approx(2 * 1.1 * 304)  # 10 % for start-up and forgotten hours
    assert case.rent_total_usd(2, 60) == pytest.approx(2 * 1.1 * 304 + 2 * 60)  # a forgotten hour costs its price
    assert case.own_spread_usd(304, 0.5) == pytest.approx(375 + 0.12 * 304)


def test_a_rented_machine_of_twice_the_speed_needs_half_the_hours():
    twice = Case(price_usd=1000, hourly_usd=2, speed_ratio=0.5, power_w=0, usd_per_kwh=0)
    assert twice.rent_usd_per_own_hour == pytest.approx(1.1)
    assert twice.break_even_hours == pytest.approx(1000 / 1.1)


def test_the_break_even_as_a_share_of_all_hours_follows_from_the_years():
    assert PLAIN_CASE.break_even_hours == pytest.approx(1200 / 1.8)
    assert PLAIN_CASE.break_even_share == pytest.approx(1200 / 1.8 / (2 * 8760))
    half = Case(price_usd=1200, hourly_usd=2.0, residual_share=0.5, years=2, power_w=1000, usd_per_kwh=0.2)
    assert half.break_even_share == pytest.approx(600 / 2.0 / (2 * 8760))  # 2.20 USD with the overhead, less 0.20


def test_a_break_even_in_over_a_hundred_years_has_no_date():
    def day(days: float) -> date | None:
        case = Case(price_usd=days, hourly_usd=1, hours_per_day=1, power_w=0, usd_per_kwh=0, cloud_overhead_share=0)
        return case.break_even_date(date(2026, 1, 1))

    assert day(36500) == date(2125, 12, 8) and day(36500.5) is None
    assert day(0.5) == date(2026, 1, 2)  # a day that has begun counts


def test_the_answer_is_rent_less_own_over_the_years_in_whole_months():
    assert PLAIN_CASE.months == 24
    hours = 24 * 30.4 * 5
    assert PLAIN_CASE.advantage_usd == pytest.approx(2 * hours - (1200 + 0.2 * hours))
    assert Case(price_usd=1, hourly_usd=1, years=1.6, **PLAIN).months == 19


def test_who_says_nothing_uses_a_machine_for_4_hours_a_day_over_3_years_and_gets_nothing_back():
    case = Case(price_usd=1, power_w=1, usd_per_kwh=1, hourly_usd=1)
    assert (case.hours_per_day, case.years, case.residual_share, case.speed_ratio) == (4, 3, 0, 1)
    assert (case.cloud_overhead_share, case.pue) == (0.1, 1)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("price_usd", 0, 1e8),
        ("power_w", 0, 1e6),
        ("usd_per_kwh", 0, 100),
        ("hourly_usd", 0, 1e5),
        ("hours_per_day", 0.01, 24),
        ("years", 0.1, 30),
        ("residual_share", 0, 1),
        ("speed_ratio", 1e-4, 1e4),
        ("cloud_overhead_share", 0, 100),
        ("pue", 1, 10),
    ],
)
def test_each_number_has_its_limits(name: str, low: float, high: float):
    plain = {"price_usd": 1000, "hourly_usd": 1, "power_w": 100, "usd_per_kwh": 0.2}
    for value in (low, high):
        assert getattr(Case(**{**plain, name: value}), name) == value
    for value in (low - 0.005, high * 1.001, float("inf")):
        with pytest.raises(PriceError, match=re.escape(f"is out of range: expected {low:g} to {high:g}")):
            Case(**{**plain, name: value})


def test_each_bar_of_the_tornado_is_the_answer_with_one_number_changed_as_far_as_it_says():
    from dataclasses import replace

    expected = {
        "hours a day": ("hours_per_day", 1.25, 15, "1.25 h", "15 h"),
        "speed of own to rented": ("speed_ratio", 1 / 3, 1.5, "0.33", "1.50"),
        "rent per hour": ("hourly_usd", 0.8, 2.6, "0.80 USD", "2.60 USD"),
        "purchase price": ("price_usd", 840, 1560, "840 USD", "1,560 USD"),
        "electricity price": ("usd_per_kwh", 0.1, 0.5, "0.100 USD/kWh", "0.500 USD/kWh"),
        "power under load": ("power_w", 700, 1300, "700 W", "1300 W"),
        "worth at the end": ("residual_share", 0, 0.35, "0%", "35%"),
        "rented hours without use": ("cloud_overhead_share", 0, 0.5, "0%", "50%"),
        "years kept": ("years", 2, 5, "2", "5"),
    }
    found = {swing.name: swing for swing in tornado(PLAIN_CASE)}
    assert set(found) == set(expected)
    for name, (field, low, high, low_words, high_words) in expected.items():
        swing = found[name]
        assert (swing.low, swing.high) == (low_words, high_words)
        assert swing.low_usd == pytest.approx(replace(PLAIN_CASE, **{field: low}).advantage_usd)
        assert swing.high_usd == pytest.approx(replace(PLAIN_CASE, **{field: high}).advantage_usd)
        assert swing.width_usd == pytest.approx(abs(swing.low_usd - swing.high_usd))


def test_the_tornado_stays_within_half_an_hour_and_a_whole_day():
    def hours(per_day: float) -> tuple[str, str]:
        swings = tornado(Case(price_usd=1000, hourly_usd=1, hours_per_day=per_day, **PLAIN))
        return next((s.low, s.high) for s in swings if s.name == "hours a day")

    assert hours(1) == ("0.5 h", "3 h") and hours(12) == ("3 h", "24 h")


def test_the_claims_figures_are_those_of_the_claim_worked_by_hand():
    month, year, three, part, faster = chen_2018()
    assert month.own_usd == pytest.approx(3000 / 36 + 0.2 * 720)
    assert year.rent_usd == pytest.approx(6 * (1000 + 0.2 * 8760)) and three.rent_usd == pytest.approx(4 * 8256)
    assert year.rent_usd_per_hour == pytest.approx(year.rent_usd / 8760)
    assert three.rent_usd_per_hour == pytest.approx(three.rent_usd / 26280)
    assert (month.rent_usd_per_hour, part.rent_usd_per_hour, faster.rent_usd_per_hour) == (3, 3, 3)
    assert part.own_usd == faster.own_usd == pytest.approx(3000 / 36 + 0.2 * 121.6)
    assert part.rent_usd == pytest.approx(3 * 121.6) and faster.rent_usd == pytest.approx(3 * 121.6 / 3.08)


@pytest.mark.parametrize("record", [PLAIN_CASE, tornado(PLAIN_CASE)[0], chen_2018()[0]])
def test_a_decision_and_its_answers_cant_be_changed_by_accident(record: object):
    with pytest.raises(AttributeError):
        record.price_usd = 1

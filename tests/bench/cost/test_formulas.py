"""The cost formulas against the worked numbers of docs/cost.md, and as properties."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.bench.cost import formulas as cost

money = st.floats(0, 1e6, allow_nan=False)
positive = st.floats(1e-3, 1e6, allow_nan=False)


def test_dawnbench_c5_2xlarge_at_batch_1_costs_1_641_usd_per_million():
    assert cost.usd_per_million(0.34, 1 / 0.01738) == pytest.approx(1.641, abs=5e-4)


def test_a_home_pc_for_one_month_around_the_clock_costs_227_3_usd():
    # 0.20 USD/h of power is the electricity formula at 1 kW and 0.20 USD/kWh
    hourly = cost.own_usd_per_active_hour(
        price_usd=3000, years=3, active_hours_per_day=24, power_w=1000, usd_per_kwh=0.20
    )
    # the sheet spreads the price over 36 months, the formula over 3 x 8760 hours: 720 h are 83.33 against 82.19 USD
    by_month = 3000 / 36 + 0.20 * 720
    assert by_month == pytest.approx(227.3, abs=0.05)
    assert hourly * 720 == pytest.approx(by_month, rel=0.01)


def test_the_mass_of_co2_is_that_of_each_country_whose_mix_is_known():
    masses = cost.kg_co2_by_country(cost.kwh_per_million(0.36))  # 0.1 kWh
    assert masses["HU"] == pytest.approx(0.0204) and masses["WORLD"] == pytest.approx(0.0475) and "EU" not in masses
    assert cost.kg_co2_by_country(None) == {}


@pytest.mark.parametrize(("years", "total"), [(1, 2752), (3, 8256)])
def test_a_home_pc_around_the_clock_costs_what_the_sheet_says_by_year(years: int, total: float):
    hourly = cost.own_usd_per_active_hour(
        price_usd=3000, years=3, active_hours_per_day=24, power_w=1000, usd_per_kwh=0.20
    )
    assert hourly * 8760 * years == pytest.approx(total)


def test_aws_on_demand_for_a_month_is_9_5_times_the_home_pc():
    aws = cost.cloud_usd_per_useful_hour(3) * 720
    assert aws == pytest.approx(2160)
    assert aws / 227.3 == pytest.approx(9.5, abs=0.01)


def test_break_even_at_equal_speed_is_1045_hours():
    assert cost.break_even_hours(2989, 3.06, 0.20, 1, 0) == pytest.approx(1045, abs=0.5)


def test_break_even_against_a_cloud_gpu_3_08_times_as_fast_is_3767_hours():
    assert cost.break_even_hours(2989, 3.06, 0.20, 1 / 3.08, 0) == pytest.approx(3767, abs=1)


def test_a_tpu_v2_pod_for_11_25_minutes_costs_72_usd():
    assert cost.training_usd(11.25 * 60, 1.50 * 256) == pytest.approx(72.0)


def test_dawnbench_8x_v100_in_march_2020_costs_7_42_usd():
    assert cost.training_usd(21.6 * 60, 20.6) == pytest.approx(7.42, abs=5e-3)


def test_break_even_is_never_where_running_the_own_machine_costs_more_than_the_cloud():
    assert cost.break_even_hours(1000, 0.1, 0.2, 1, 0) is None
    assert cost.break_even_utilisation(1000, 3, 0.1, 0.2, 1, 0) is None


def test_energy_chain_of_one_million_inferences():
    joule = cost.joule_per_inference(36, 1000)
    assert joule == pytest.approx(0.036)
    assert cost.kwh_per_million(joule) == pytest.approx(0.01)
    assert cost.kg_co2_per_million(0.01 * 1.2, 475) == pytest.approx(0.0057)


@given(price=money, more=positive, power=money, kwh=st.floats(0, 10))
def test_owning_never_gets_cheaper_when_the_price_rises(price: float, more: float, power: float, kwh: float):
    def hour(p: float) -> float:
        return cost.own_usd_per_active_hour(p, 3, 4, power, kwh)

    assert 0 <= hour(price) <= hour(price + more)


@given(hour=money, speed=positive, faster=st.floats(1, 100))
def test_a_million_inferences_never_get_dearer_with_speed(hour: float, speed: float, faster: float):
    assert cost.usd_per_million(hour, speed * faster) <= cost.usd_per_million(hour, speed)


@given(hour=money, speed=positive, busy=st.floats(0.01, 1))
def test_a_million_inferences_never_get_cheaper_when_the_machine_idles(hour: float, speed: float, busy: float):
    assert cost.usd_per_million(hour, speed, busy) >= cost.usd_per_million(hour, speed)


@pytest.mark.parametrize("bad", [-1.0, math.nan, math.inf])
def test_a_negative_or_infinite_price_is_refused(bad: float):
    with pytest.raises(ValueError, match="price_usd"):
        cost.own_usd_per_active_hour(bad, 3, 4, 100, 0.2)


def test_electricity_of_an_hour_is_a_kilowatt_hours_price_times_what_the_building_adds():
    assert cost.electricity_usd_per_hour(500, 0.2) == pytest.approx(0.1)
    assert cost.electricity_usd_per_hour(500, 0.2, pue=1.5) == pytest.approx(0.15)


def test_an_owned_hour_spreads_what_is_not_got_back_and_pays_for_electricity():
    """1,000 USD over 2 years at 5 h a day are 3,650 h; a quarter of the price is got back."""
    hour = cost.own_usd_per_active_hour(1000, 2, 5, 300, 0.2, residual_share=0.25, pue=1.1)
    assert hour == pytest.approx(750 / 3650 + 1.1 * 0.2 * 0.3)
    assert cost.own_usd_per_active_hour(1000, 2, 5, 300, 0.2) == pytest.approx(1000 / 3650 + 0.2 * 0.3)


def test_a_rented_hour_carries_its_overhead():
    assert cost.cloud_usd_per_useful_hour(2, 0.25) == pytest.approx(2.5)
    assert cost.cloud_usd_per_useful_hour(2) == 2


def test_a_machine_that_idles_half_of_the_time_makes_an_inference_twice_as_dear():
    assert cost.usd_per_million(3.6, 1000, 0.5) == pytest.approx(2.0)


def test_the_share_of_hours_at_which_owning_pays_follows_from_the_years():
    """1,000 USD saved at 1 USD an hour: 1,000 of the 17,520 hours of two years."""
    assert cost.break_even_utilisation(1000, 2, 1.2, 0.2, 1, 0) == pytest.approx(1000 / 17520)
    assert cost.break_even_hours(1000, 0.2, 0.2, 1, 0) is None  # equal running costs: never


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: cost.own_usd_per_active_hour(1, 0, 4, 100, 0.2), "years to be above 0"),
        (lambda: cost.own_usd_per_active_hour(1, 3, 0, 100, 0.2), "active_hours_per_day to be above 0"),
        (lambda: cost.own_usd_per_active_hour(1, 3, 4, 100, 0.2, residual_share=1.01), "residual_share <= 1"),
        (lambda: cost.own_usd_per_active_hour(1, 3, 24.1, 100, 0.2), "at most 24 hours a day"),
        (lambda: cost.usd_per_million(1, 0), "throughput_per_s to be above 0"),
        (lambda: cost.usd_per_million(1, 1, 1.01), "busy_share in"),
        (lambda: cost.usd_per_million(1, 1, 0), "busy_share to be above 0"),
        (lambda: cost.joule_per_inference(-1, 1), "power_w"),
        (lambda: cost.break_even_hours(1, 1, 1, 0, 0), "speed_ratio to be above 0"),
        (lambda: cost.break_even_utilisation(1, 0, 1, 1, 1, 0), "years to be above 0"),
    ],
)
def test_numbers_that_make_no_sense_are_refused_by_name(call, name: str):
    with pytest.raises(ValueError, match=name):
        call()


def test_numbers_at_the_edge_of_sense_are_taken():
    whole = cost.own_usd_per_active_hour(8760, 1, 24, 0, 0.2, residual_share=1)
    assert whole == 0  # all of its price is got back, day and night at work
    assert cost.usd_per_million(3.6, 1000, 1) == pytest.approx(1)
    assert cost.own_usd_per_active_hour(36.5, 0.5, 0.2, 0, 0) == pytest.approx(1)


def test_energy_and_co2_follow_from_the_joules_of_an_inference():
    from reports import document

    from dlbench.bench.report.tables.energy_tables import energy_table
    from dlbench.bench.results.schema import Result

    whole = document()
    whole["cells"][0]["energy_j_per_inference"] = 3.6  # 1 kWh per million
    table = energy_table(Result.model_validate(whole))
    titles = [c.title for c in table.columns]
    row = dict(zip(titles, table.rows[0], strict=True))
    assert row["kWh"] == "1.00" and row["g CO2 HU"] == "204" and row["g CO2 PL"] == "662"
    assert "codecarbon" in table.notes[0] and "Green Algorithms" in table.notes[1]


def test_how_many_devices_a_load_keeps_busy_and_how_many_machines_that_takes():
    assert cost.busy_devices(86_400, 0.5, 12) == pytest.approx(1)  # 43,200 s of work in 43,200 s
    assert cost.devices_needed(2.1, 0.7, 2) == 2  # 1.5 machines of two devices, busy for 70 %
    assert cost.devices_needed(1.4, 0.7) == 2  # just two, whatever the last digit
    assert cost.devices_needed(0, 0.7) == 1
    with pytest.raises(ValueError, match="hours_per_day"):
        cost.busy_devices(1, 1, 0)


def test_a_month_of_owned_machines_is_their_purchase_spread_and_the_electricity_of_work_and_waiting():
    # 2 x 1,200 USD, a quarter got back, over 24 months; 300 W at 0.2 USD, 1.5 of them busy, one half waits at a tenth
    bought = 2 * 1200 * 0.75 / 24
    electricity = 30.4 * 10 * 0.3 * 0.2 * 1.5 * (1.5 + 0.1 * 0.5)
    assert cost.own_usd_per_month(1200, 2, 0.25, 300, 0.2, 1.5, 10, 1.5, 2, 0.1) == pytest.approx(bought + electricity)
    full = cost.own_usd_per_month(1200, 2, 0.25, 300, 0.2, 1.5, 10, 2, 2, 0.1)
    assert cost.own_usd_per_month(1200, 2, 0.25, 300, 0.2, 1.5, 10, 7, 2, 0.1) == pytest.approx(full)  # not over full


def test_a_month_of_rented_machines_has_an_overhead_only_where_they_are_switched_off():
    assert cost.rent_usd_per_month(0.5, 24, 2, 0.1) == pytest.approx(2 * 30.4 * 24 * 0.5)
    assert cost.rent_usd_per_month(0.5, 10, 2, 0.1) == pytest.approx(2 * 30.4 * 10 * 0.5 * 1.1)

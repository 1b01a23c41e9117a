"""The cost model: pure functions, units in the names.

    usd_per_hour = own_usd_per_active_hour(
        price_usd=3000, years=3, active_hours_per_day=4, power_w=450, usd_per_kwh=0.168
    )
    usd_per_million(usd_per_hour, throughput_per_s=1 / 0.01738)

The formulas are numbered as in docs/cost.md; the straight-line ownership model and the assumptions
behind the "10x cheaper than AWS" claim are Jeff Chen's (2018), the energy chain is that of the Green Algorithms
tool (Lannelongue, Grealey, Inouye, Advanced Science 2021). All amounts are in one currency, called USD here.
"""

from __future__ import annotations

import math

from dlbench.bench.cost.assumptions import HOURS_PER_YEAR, MONTH_DAYS
from dlbench.bench.cost.countries import PLACES


def _check(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"expected {name} to be a finite number of at least 0, received {value!r}")


def _check_positive(**values: float) -> None:
    _check(**values)
    for name, value in values.items():
        if value == 0:
            raise ValueError(f"expected {name} to be above 0, received 0")


def electricity_usd_per_hour(power_w: float, usd_per_kwh: float, pue: float = 1.0) -> float:
    """Return PUE * e * W / 1000, the running cost of one hour under load (the v of formulas 7 and 8)."""
    _check(power_w=power_w, usd_per_kwh=usd_per_kwh, pue=pue)
    return pue * usd_per_kwh * power_w / 1000


def own_usd_per_active_hour(
    price_usd: float,
    years: float,
    active_hours_per_day: float,
    power_w: float,
    usd_per_kwh: float,
    residual_share: float = 0.0,
    pue: float = 1.0,
) -> float:
    """Formula 1: what one hour of use of an owned machine costs.

    P0 (1 - S) / H + PUE e W / 1000, with H = 365 a Y active hours.

    Raises:
        ValueError: a negative or infinite value, no years, no active hours, a share above 1, or over 24 hours a day.
    """
    _check(price_usd=price_usd, power_w=power_w, usd_per_kwh=usd_per_kwh, pue=pue, residual_share=residual_share)
    _check_positive(years=years, active_hours_per_day=active_hours_per_day)
    if residual_share > 1 or active_hours_per_day > 24:
        raise ValueError(
            f"expected residual_share <= 1 and at most 24 hours a day, received {residual_share} and "
            f"{active_hours_per_day}"
        )
    active_hours = 365 * active_hours_per_day * years
    return price_usd * (1 - residual_share) / active_hours + electricity_usd_per_hour(power_w, usd_per_kwh, pue)


def cloud_usd_per_useful_hour(hourly_usd: float, overhead_share: float = 0.0) -> float:
    """Formula 2: c (1 + o).

    Raises:
        ValueError: a negative or infinite value.
    """
    _check(hourly_usd=hourly_usd, overhead_share=overhead_share)
    return hourly_usd * (1 + overhead_share)


def usd_per_million(usd_per_hour: float, throughput_per_s: float, busy_share: float = 1.0) -> float:
    """Formula 3: 1e6 / (3600 T u) * USD per hour.

    Raises:
        ValueError: a negative or infinite value, no throughput, or a busy share outside (0, 1].
    """
    _check(usd_per_hour=usd_per_hour)
    _check_positive(throughput_per_s=throughput_per_s, busy_share=busy_share)
    if busy_share > 1:
        raise ValueError(f"expected busy_share in (0, 1], received {busy_share}")
    return 1e6 / (3600 * throughput_per_s * busy_share) * usd_per_hour


def joule_per_inference(power_w: float, throughput_per_s: float) -> float:
    """Formula 5: W_load / T."""
    _check(power_w=power_w)
    _check_positive(throughput_per_s=throughput_per_s)
    return power_w / throughput_per_s


def kwh_per_million(joule_each: float) -> float:
    """Formula 5: J * 1e6 / 3.6e6."""
    _check(joule_each=joule_each)
    return joule_each * 1e6 / 3.6e6


def kg_co2_per_million(kwh: float, g_co2_per_kwh: float) -> float:
    """Formula 5: kWh * CI / 1000."""
    _check(kwh=kwh, g_co2_per_kwh=g_co2_per_kwh)
    return kwh * g_co2_per_kwh / 1000


def kg_co2_by_country(kwh: float | None) -> dict[str, float]:
    """Formula 5 at a PUE of 1, in kg: for each country whose grams per kWh are known; {} where the energy is not."""
    known = {p.code: p.g_co2_per_kwh for p in PLACES.values() if p.g_co2_per_kwh is not None}
    return {} if kwh is None else {code: kg_co2_per_million(kwh, grams) for code, grams in known.items()}


def training_usd(training_s: float, usd_per_hour: float) -> float:
    """Formula 6: seconds / 3600 * USD per hour; show it only beside the accuracy reached."""
    _check(training_s=training_s, usd_per_hour=usd_per_hour)
    return training_s / 3600 * usd_per_hour


def break_even_hours(
    price_usd: float,
    cloud_usd_per_hour: float,
    own_running_usd_per_hour: float,
    speed_ratio: float,
    residual_share: float,
) -> float | None:
    """Formula 7: P0 (1 - S) / (s c - v), in hours of the owned machine; None means never.

    `speed_ratio` is s = T_own / T_cloud: 1/3.08 where the cloud's GPU is 3.08 times as fast.
    """
    _check(price_usd=price_usd, cloud_usd_per_hour=cloud_usd_per_hour, residual_share=residual_share)
    _check(own_running_usd_per_hour=own_running_usd_per_hour)
    _check_positive(speed_ratio=speed_ratio)
    saved = speed_ratio * cloud_usd_per_hour - own_running_usd_per_hour
    return price_usd * (1 - residual_share) / saved if saved > 0 else None


def break_even_utilisation(
    price_usd: float,
    years: float,
    cloud_usd_per_hour: float,
    own_running_usd_per_hour: float,
    speed_ratio: float,
    residual_share: float,
) -> float | None:
    """Formula 8: (P0 (1 - S) / (8760 Y)) / (s c - v); above 1 means rent, None means never."""
    _check_positive(years=years)
    hours = break_even_hours(price_usd, cloud_usd_per_hour, own_running_usd_per_hour, speed_ratio, residual_share)
    return None if hours is None else hours / (HOURS_PER_YEAR * years)


def saved_per_year(answers_per_day: float, per_million: float, other_per_million: float) -> float:
    """Formula 10: 365 N / 1e6 x (c - c'), what the other one saves a year; below 0 it costs more.

    Args:
        answers_per_day: N, inferences a day.
        per_million: c, what a million of them takes with the one: USD, or energy in any unit.
        other_per_million: c', the same of the other one.
    """
    _check(answers_per_day=answers_per_day, per_million=per_million, other_per_million=other_per_million)
    return 365 * answers_per_day / 1e6 * (per_million - other_per_million)


def busy_devices(answers_per_day: float, seconds_each: float, hours_per_day: float) -> float:
    """Formula 11: u = N L / (3600 h), how many devices the load keeps busy; below 1 it is one device's share.

    Raises:
        ValueError: a negative or infinite value, or no hours.
    """
    _check(answers_per_day=answers_per_day, seconds_each=seconds_each)
    _check_positive(hours_per_day=hours_per_day)
    return answers_per_day * seconds_each / (3600 * hours_per_day)


def devices_needed(busy: float, most_busy: float, devices_each: int = 1) -> int:
    """Formula 12: n = max(1, ceil(u / (U k))), machines with k devices each, none busy for more than a share U."""
    _check(busy=busy)
    _check_positive(most_busy=most_busy, devices_each=devices_each)
    return max(1, math.ceil(busy / (most_busy * devices_each) - 1e-9))


def own_usd_per_month(
    price_usd: float,
    years: float,
    residual_share: float,
    power_w: float,
    usd_per_kwh: float,
    pue: float,
    hours_per_day: float,
    busy: float,
    machines: int,
    idle_power_share: float,
) -> float:
    """Formula 13: n P0 (1 - S) / (12 Y) + 30.4 h PUE e W / 1000 (u + i (n - u)), a month of owned machines.

    `power_w` is W of one machine under load, a share i of which it draws in the hours in which it waits.
    """
    _check(price_usd=price_usd, residual_share=residual_share, busy=busy, idle_power_share=idle_power_share)
    _check_positive(years=years)
    at_work = min(busy, machines)
    load = at_work + idle_power_share * (machines - at_work)
    hourly = electricity_usd_per_hour(power_w, usd_per_kwh, pue)
    return machines * price_usd * (1 - residual_share) / (12 * years) + MONTH_DAYS * hours_per_day * hourly * load


def rent_usd_per_month(hourly_usd: float, hours_per_day: float, machines: int, overhead_share: float) -> float:
    """Formula 14: n 30.4 h c, times 1 + o where it is switched off for a part of the day (then it must start)."""
    _check(hourly_usd=hourly_usd, hours_per_day=hours_per_day)
    overhead = overhead_share if hours_per_day < 24 else 0.0
    return machines * MONTH_DAYS * hours_per_day * cloud_usd_per_useful_hour(hourly_usd, overhead)

"""What a month of a load costs on a device: how busy it is, how many of it there must be, and USD.

    month = month_of(way, latency, Load(answers_per_day=1e6))
    month.busy, month.machines, month.usd       # each from the fast to the slow end of the latency

Formulas 11 to 14 of docs/cost.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from dlbench.bench.choosing.goals import Load
from dlbench.bench.choosing.latencies import Latency
from dlbench.bench.choosing.rentable import Way
from dlbench.bench.cost import formulas as cost
from dlbench.bench.cost.assumptions import IDLE_POWER_SHARE, MOST_BUSY


@dataclass(frozen=True)
class Month:
    """From the fast to the slow end of the latency; None: not known."""

    busy: tuple[float, float | None]  # of one machine's hours
    machines: tuple[int, int | None]
    usd: tuple[float | None, float | None]
    purchase_usd: tuple[float | None, float | None] = (None, None)


def owned_price(way: Way, load: Load) -> float | None:
    """Return the purchase price of one machine, with the computer around a card; 0 for what is here already."""
    if way.kind == "have":
        return 0.0
    return None if way.price_usd is None else way.price_usd + (load.host_price_usd if way.needs_host else 0.0)


def owned_power(way: Way, load: Load) -> float | None:
    """Return W under load of one machine, with the computer around a card."""
    return None if way.power_w is None else way.power_w + (load.host_power_w if way.needs_host else 0.0)


def month_of(way: Way, latency: Latency, load: Load) -> Month:
    """Return how busy the device is, how many there must be, and what a month costs."""
    ends = [_end(way, seconds, load) for seconds in (latency.fast_s, latency.slow_s)]
    (busy, machines, usd, bought), (slow_busy, slow_machines, slow_usd, slow_bought) = ends
    assert busy is not None and machines is not None
    return Month((busy, slow_busy), (machines, slow_machines), (usd, slow_usd), (bought, slow_bought))


def _end(way: Way, seconds: float | None, load: Load) -> tuple[float | None, int | None, float | None, float | None]:
    if seconds is None:
        return None, None, None, None
    busy = cost.busy_devices(load.answers_per_day, seconds, load.hours_per_day) / way.each
    machines = cost.devices_needed(busy, MOST_BUSY)
    if way.kind == "rent":
        usd = cost.rent_usd_per_month(way.hourly_usd or 0.0, load.hours_per_day, machines, load.overhead_share)
        return busy, machines, usd, None
    price, power = owned_price(way, load), owned_power(way, load)
    if price is None or power is None:
        return busy, machines, None, None if price is None else machines * price
    usd = cost.own_usd_per_month(
        price,
        load.years,
        load.residual_share,
        power,
        load.usd_per_kwh,
        load.pue,
        load.hours_per_day,
        busy,
        machines,
        IDLE_POWER_SHARE,
    )
    return busy, machines, usd, machines * price

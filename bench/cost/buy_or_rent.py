"""Buy or rent: what the same work costs on your own machine, rented on demand, left running by mistake, and on Colab.

    case = Case(price_usd=2989, power_w=450, usd_per_kwh=0.2, hourly_usd=3.06)
    case.break_even_hours, case.own_total_usd(36), case.rent_total_usd(36)

The work is that of the owned machine: `hours_per_day` hours of it. A rented machine that is faster needs fewer hours
for the same work (`speed_ratio` = T_own / T_cloud, formulas 2, 7 and 8 of `dlbench.bench.cost`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from dlbench.bench.cost import formulas as cost
from dlbench.bench.cost.assumptions import HOURS_PER_YEAR, MONTH_DAYS, Assumptions
from dlbench.errors import PriceError

FORGOTTEN_HOURS = {"one night": 12.0, "one weekend": 60.0, "one month": HOURS_PER_YEAR / 12}


@dataclass(frozen=True)
class Case:
    """One decision; each of its numbers is shown beside the answer.

    Raises:
        PriceError: a number that makes no sense.
    """

    price_usd: float
    power_w: float
    usd_per_kwh: float
    hourly_usd: float
    hours_per_day: float = Assumptions.active_hours_per_day
    years: float = Assumptions.years
    residual_share: float = Assumptions.residual_share
    speed_ratio: float = 1.0  # T_own / T_cloud
    cloud_overhead_share: float = Assumptions.cloud_overhead_share
    pue: float = Assumptions.pue_home

    def __post_init__(self) -> None:
        limits = {
            "price_usd": (0, 1e8),
            "power_w": (0, 1e6),
            "usd_per_kwh": (0, 100),
            "hourly_usd": (0, 1e5),
            "hours_per_day": (0.01, 24),
            "years": (0.1, 30),
            "residual_share": (0, 1),
            "speed_ratio": (1e-4, 1e4),
            "cloud_overhead_share": (0, 100),
            "pue": (1, 10),
        }
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                plain = name.replace("_", " ")
                raise PriceError(f"{plain} is out of range: expected {low:g} to {high:g}, received {value:g}.")

    @property
    def running_usd_per_hour(self) -> float:
        """Return the electricity of one hour of the owned machine."""
        return cost.electricity_usd_per_hour(self.power_w, self.usd_per_kwh, self.pue)

    @property
    def rent_usd_per_own_hour(self) -> float:
        """Return what renting costs for the work of one hour of the owned machine, start-up included."""
        return cost.cloud_usd_per_useful_hour(self.hourly_usd, self.cloud_overhead_share) * self.speed_ratio

    @property
    def _sides(self) -> dict[str, float]:
        """What formulas 7 and 8 hold against each other."""
        return {
            "price_usd": self.price_usd,
            "cloud_usd_per_hour": self.hourly_usd * (1 + self.cloud_overhead_share),
            "own_running_usd_per_hour": self.running_usd_per_hour,
            "speed_ratio": self.speed_ratio,
            "residual_share": self.residual_share,
        }

    @property
    def break_even_hours(self) -> float | None:
        """Return after how many hours of use owning is cheaper (formula 7); None: never."""
        return cost.break_even_hours(**self._sides)

    def break_even_date(self, start: date) -> date | None:
        """Return the day on which owning becomes cheaper; None: never, or in over 100 years."""
        hours = self.break_even_hours
        days = None if hours is None else hours / self.hours_per_day
        return None if days is None or days > 36500 else start + timedelta(days=math.ceil(days))

    @property
    def break_even_share(self) -> float | None:
        """Return the share of all hours that the machine must be at work (formula 8); above 1: rent; None: never."""
        return cost.break_even_utilisation(years=self.years, **self._sides)

    def hours(self, months: float) -> float:
        """Return the hours of use in so many months."""
        return MONTH_DAYS * months * self.hours_per_day

    def own_total_usd(self, months: float) -> float:
        """Return the purchase price, less the value left at the end, plus electricity, after so many months."""
        worth = self.price_usd * self.residual_share
        return self.price_usd - worth + self.running_usd_per_hour * self.hours(months)

    def own_spread_usd(self, hours: float, share_of_life: float) -> float:
        """Return the cost of some hours, with the purchase spread evenly over the machine's years."""
        return self.price_usd * (1 - self.residual_share) * share_of_life + self.running_usd_per_hour * hours

    def rent_total_usd(self, months: float, forgotten_hours: float = 0.0) -> float:
        """Return the rent for the same work after so many months, plus the hours it was left running by mistake."""
        return self.rent_usd_per_own_hour * self.hours(months) + self.hourly_usd * forgotten_hours

    @property
    def months(self) -> int:
        """Return the months of the owned machine's life."""
        return round(12 * self.years)

    @property
    def advantage_usd(self) -> float:
        """Return rent minus own over the machine's years: above 0, buying is cheaper."""
        return self.rent_total_usd(self.months) - self.own_total_usd(self.months)


@dataclass(frozen=True)
class Swing:
    """How far one assumption moves the answer."""

    name: str
    low: str
    high: str
    low_usd: float  # rent minus own with the low value
    high_usd: float

    @property
    def width_usd(self) -> float:
        """Return the distance between the two answers."""
        return abs(self.high_usd - self.low_usd)


def tornado(case: Case) -> tuple[Swing, ...]:
    """Return each assumption's swing of rent minus own, the widest first."""
    return tuple(sorted(_swings(case), key=lambda swing: -swing.width_usd))


def _swings(case: Case) -> Iterator[Swing]:
    day = (max(0.5, case.hours_per_day / 4), min(24.0, case.hours_per_day * 3))
    ranges: dict[str, tuple[str, float, float, str]] = {
        "hours_per_day": ("hours a day", *day, "{:g} h"),
        "speed_ratio": ("speed of own to rented", case.speed_ratio / 3, case.speed_ratio * 1.5, "{:.2f}"),
        "hourly_usd": ("rent per hour", case.hourly_usd * 0.4, case.hourly_usd * 1.3, "{:.2f} USD"),
        "price_usd": ("purchase price", case.price_usd * 0.7, case.price_usd * 1.3, "{:,.0f} USD"),
        "usd_per_kwh": ("electricity price", case.usd_per_kwh * 0.5, case.usd_per_kwh * 2.5, "{:.3f} USD/kWh"),
        "power_w": ("power under load", case.power_w * 0.7, case.power_w * 1.3, "{:.0f} W"),
        "residual_share": ("worth at the end", 0.0, 0.35, "{:.0%}"),
        "cloud_overhead_share": ("rented hours without use", 0.0, 0.5, "{:.0%}"),
        "years": ("years kept", 2.0, 5.0, "{:g}"),
    }
    for field, (name, low, high, form) in ranges.items():
        answers = [replace(case, **{field: value}).advantage_usd for value in (low, high)]
        yield Swing(name, form.format(low), form.format(high), answers[0], answers[1])


@dataclass(frozen=True)
class ClaimRow:
    """One line of a published comparison, and what changes it."""

    what: str
    own_usd: float
    rent_usd: float
    rent_usd_per_hour: float
    note: str

    @property
    def ratio(self) -> float:
        """Return rent over own: "N times cheaper"."""
        return self.rent_usd / self.own_usd


def chen_2018() -> tuple[ClaimRow, ...]:
    """Return the 2018 claim "10x cheaper than AWS" (J. Chen) line by line, and the same at 4 hours a day.

    Its assumptions: 3,000 USD straight line over 3 years, nothing left at the end, 0.20 USD an hour of power, day and
    night, equal speed. Its month is the on-demand price; its year and three years are reserved prices, which the price
    list does not have: they are worked back from the claimed 6x and 4x, and say so.
    """
    case = Case(price_usd=3000, power_w=1000, usd_per_kwh=0.2, hourly_usd=3.0, hours_per_day=24, cloud_overhead_share=0)
    year = HOURS_PER_YEAR
    lives = {"one month": (720.0, 1 / 36), "one year": (year, 1 / 3), "three years": (3 * year, 1.0)}
    own = {name: case.own_spread_usd(hours, share) for name, (hours, share) in lives.items()}
    rows = [ClaimRow("one month, day and night", own["one month"], 3.0 * 720, 3.0, "on demand; claimed: 10x")]
    for name, claimed in (("one year", 6), ("three years", 4)):
        rent = claimed * own[name]
        note = f"reserved; the price is worked back from the claimed {claimed}x"
        rows.append(ClaimRow(f"{name}, day and night", own[name], rent, rent / lives[name][0], note))
    hours = 4 * MONTH_DAYS
    part = case.own_spread_usd(hours, 1 / 36)
    rows.append(ClaimRow("one month, 4 hours a day", part, 3.0 * hours, 3.0, "on demand, switched off after use"))
    faster = "on demand; the rented V100 is up to 3.08 times as fast as a 1080 Ti"
    rows.append(ClaimRow("the same work, faster card rented", part, 3.0 * hours / 3.08, 3.0, faster))
    return tuple(rows)

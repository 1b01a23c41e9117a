"""What is wanted of a network: its latency, load, accuracy and budget, read from what was typed and checked.

    goal = Goal(latency_s=seconds_of("5ms"), accuracy=0.97, budget_usd=usd_of("200EUR", Rates()))

Raises `InputError` with the option's name, what was expected and what was received.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dlbench.bench.cost.assumptions import ANSWERS_PER_DAY, HOST_POWER_W, HOST_PRICE_USD, Assumptions
from dlbench.bench.cost.countries import Money, Rates, to_usd
from dlbench.errors import InputError, PriceError
from dlbench.show.units import typed_number, typed_seconds

_LEAST_S, _MOST_S = 1e-7, 3600.0
_MOST_ANSWERS, _MOST_USD = 1e12, 1e9


@dataclass(frozen=True)
class Goal:
    """What must hold; None: no such wish."""

    latency_s: float | None = None  # median of one answer, batch 1
    accuracy: float | None = None  # share of right answers
    budget_usd: float | None = None  # of what is bought; of a month's rent
    ways: tuple[str, ...] = ("have", "buy", "rent")
    boards_only: bool = False


@dataclass(frozen=True)
class Load:
    """How many answers a day, in which hours, and what enters their cost beside the device.

    Raises:
        PriceError: a number out of range.
    """

    answers_per_day: float = ANSWERS_PER_DAY
    hours_per_day: float = 24.0
    years: float = Assumptions.years
    residual_share: float = Assumptions.residual_share
    usd_per_kwh: float = Assumptions.electricity_usd_per_kwh
    overhead_share: float = Assumptions.cloud_overhead_share
    pue: float = Assumptions.pue_home
    host_price_usd: float = HOST_PRICE_USD
    host_power_w: float = HOST_POWER_W

    def __post_init__(self) -> None:
        limits = {
            "hours_per_day": (0.01, 24, "--hours-per-day"),
            "years": (0.1, 30, "--years"),
            "usd_per_kwh": (0, 100, "--electricity-price"),
            "host_price_usd": (0, 1e7, "--base-price"),
            "host_power_w": (0, 1e5, "--base-power"),
        }
        for name, (low, high, option) in limits.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise PriceError(f"{option}: expected a number from {low:g} to {high:g}, received {value:g}.")


def seconds_of(value: str | float) -> float:
    """Return a wished latency in seconds: a text with its unit, or a number of seconds.

    Raises:
        InputError: no time above 0, or one without its unit.
    """
    try:
        seconds = typed_seconds("--latency", value, bare="")
    except InputError:
        seconds = math.nan
    if not _LEAST_S <= seconds <= _MOST_S:
        raise InputError(
            f"--latency: expected a time from 0.1us to 60min with its unit, such as 5ms, received {_shown(value)}."
        )
    return seconds


def answers_of(value: str | float) -> float:
    """Return a number of answers a day.

    Raises:
        InputError: none, or more than 1e12.
    """
    number, word = (value, "") if isinstance(value, (int, float)) else typed_number(value)
    if number is None or word or not 1 <= number <= _MOST_ANSWERS:
        raise InputError(
            f"--per-day: expected a number of answers from 1 to 1e12, such as 1e6, received {_shown(value)}."
        )
    return number


def share_of(percent: float) -> float:
    """Return a wished accuracy as a share.

    Raises:
        InputError: no percentage; a share is told how it is typed.
    """
    if not 1 <= percent <= 100:
        raise InputError(
            f"--accuracy: expected a percentage from 1 to 100, such as 97 (not 0.97), received {percent:g}."
        )
    return percent / 100


def usd_of(value: str | float, rates: Rates) -> float:
    """Return a budget in USD: a text with its currency, or a number of USD.

    Raises:
        InputError: no amount above 0, or a currency without a rate.
    """
    number, word = (value, "USD") if isinstance(value, (int, float)) else typed_number(value)
    if number is None or not 0 < number <= _MOST_USD:
        raise InputError(
            f"--budget: expected an amount above 0 with its currency, such as 200USD or 180EUR, received "
            f"{_shown(value)}."
        )
    try:
        usd = to_usd(Money(number, word.upper() or "USD"), rates)
    except PriceError as error:
        raise InputError(f"--budget: {str(error).rstrip('.')}; convert it to one of them.") from error
    return usd


def _shown(value: str | float) -> str:
    return repr(value[:60]) if isinstance(value, str) else f"{value:g}"

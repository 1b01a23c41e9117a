"""Electricity price and carbon intensity by country, and money in its own currency.

    place("HU").electricity                # Money(0.104, "EUR"), Eurostat, 2025 H1
    to_usd(Money(0.104, "EUR"), Rates())

Prices keep the currency that they were read in. Converting needs a rate: the user's, or a default that is shown with
its date and marked as written from memory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from dlbench.errors import PriceError, close_matches

_EUROSTAT = "Eurostat, household prices, 2025 H1"
_EIA = "EIA forecast 2025, US household average"
_MIX = "codecarbon energy mix table, 2023 data"


@dataclass(frozen=True)
class Money:
    """An amount in its own currency: USD, EUR or HUF."""

    amount: float
    currency: str = "USD"


@dataclass(frozen=True)
class Rates:
    """USD for one unit of a currency, and where the numbers come from.

    Raises:
        PriceError: a rate that is not above 0.
    """

    eur: float = 1.13
    huf: float = 0.0028
    source: str = "a default of 2025, written from memory: give today's"

    def __post_init__(self) -> None:
        for name, rate in (("`eur`", self.eur), ("`huf`", self.huf)):
            if not (math.isfinite(rate) and 0 < rate < 1e4):
                raise PriceError(f"{name}: expected USD for one unit, above 0, received {rate:g}.")

    def usd_per(self, currency: str) -> float:
        """Return USD for one unit.

        Raises:
            PriceError: another currency.
        """
        rates = {"USD": 1.0, "EUR": self.eur, "HUF": self.huf}
        if currency not in rates:
            near = close_matches(currency, rates)
            raise PriceError(f"unknown currency: expected one of {', '.join(rates)}, received {currency!r}.{near}")
        return rates[currency]


def to_usd(money: Money, rates: Rates) -> float:
    """Return the amount in USD at these rates."""
    return money.amount * rates.usd_per(money.currency)


@dataclass(frozen=True)
class Place:
    """A country: household electricity per kWh where it is known, and grams of CO2 per kWh where that is."""

    code: str
    name: str
    electricity: Money | None
    electricity_source: str
    g_co2_per_kwh: float | None
    co2_source: str = _MIX


PLACES = {
    p.code: p
    for p in (
        Place("HU", "Hungary", Money(0.104, "EUR"), _EUROSTAT, 204),
        Place("EU", "European Union", Money(0.2872, "EUR"), _EUROSTAT, None),
        Place("DE", "Germany", Money(0.3835, "EUR"), _EUROSTAT, 381),
        Place("US", "United States", Money(0.168, "USD"), _EIA, 369),
        Place("FR", "France", None, "", 56),
        Place("PL", "Poland", None, "", 662),
        Place("AT", "Austria", None, "", 111),
        Place("SE", "Sweden", None, "", 41),
        Place("GB", "United Kingdom", None, "", 238),
        Place("CN", "China", None, "", 582),
        Place("IN", "India", None, "", 713),
        Place("WORLD", "the world", None, "", 475),
    )
}


_PRICED = [p.code for p in PLACES.values() if p.electricity]
_OTHERS = [p.code for p in PLACES.values() if not p.electricity]
COUNTRY_CODES = f"{', '.join(_PRICED)}, or with an electricity price of your own {', '.join(_OTHERS)}"


def place(code: str) -> Place:
    """Return the country with this code.

    Raises:
        PriceError: unknown; the line suggests close ones.
    """
    country = PLACES.get(code.strip().upper())
    if country is None:
        raise PriceError(
            f"unknown country: expected one of {COUNTRY_CODES}, received {code!r}.{close_matches(code.upper(), PLACES)}"
        )
    return country

"""Prices from the user's options: exchange rates, a country's electricity, a price file, devices of the price list.

money, catalogue = price_settings(country="HU", rent="aws-c5-2xlarge")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dlbench.api.arguments import Names, PathLike, joined
from dlbench.bench.cost.catalogue import Catalogue, Device, load_catalogue
from dlbench.bench.cost.countries import COUNTRY_CODES, Rates, place, to_usd
from dlbench.bench.cost.price_file import read_price_file
from dlbench.bench.cost.pricing import PriceSettings
from dlbench.errors import InputError, PriceError
from dlbench.show.texts import current_language


def exchange_rates(eur_usd: float | None = None, huf_usd: float | None = None) -> Rates:
    """Return the given exchange rates, with defaults for the others.

    Raises:
        PriceError: a rate that is not above 0.
    """
    base = Rates()
    if eur_usd is None and huf_usd is None:
        return base
    eur, huf = (base.eur if eur_usd is None else eur_usd), (base.huf if huf_usd is None else huf_usd)
    return Rates(eur, huf, "as given")


def priced_catalogue(prices: PathLike | None, rates: Rates | None = None) -> Catalogue:
    """Return the price list, with the rows of the user's price file where there is one.

    Raises:
        PriceError: the file can't be used.
    """
    catalogue = load_catalogue()
    if prices is None:
        return catalogue
    return catalogue.with_devices(read_price_file(Path(prices), rates)[1])


def chosen_devices(value: Names, catalogue: Catalogue, option: str) -> tuple[Device, ...]:
    """Return rows of the price list, each once.

    Raises:
        InputError: nothing was named.
        PriceError: an unknown device.
    """
    names = list(dict.fromkeys(part.strip() for part in joined(value).split(",") if part.strip()))
    if not names:
        raise InputError(f"{option}: expected devices of the price list such as t4,rpi4-4gb, received {value!r}.")
    return tuple(catalogue.device(name) for name in names)


def country_of_language() -> str | None:
    """Return the country of the language in use, if it implies one."""
    return {"hu": "HU"}.get(current_language())


def country_electricity(country: str, rates: Rates) -> tuple[float, str, str]:
    """Return a country's household electricity in USD per kWh, in words, and its date.

    Raises:
        PriceError: an unknown country, or one whose price is not known.
    """
    known = place(country)
    if known.electricity is None:
        raise PriceError(
            f"--country: expected one of {COUNTRY_CODES}, received {known.code} without a price; give "
            "--electricity-price in USD too."
        )
    money = known.electricity
    source = f"{money.amount:g} {money.currency}/kWh, {known.name} ({known.electricity_source})"
    if money.currency != "USD":
        source += f", at {rates.usd_per(money.currency):g} USD for 1 {money.currency} ({rates.source})"
    return to_usd(money, rates), source, "2025"


def price_settings(
    *,
    prices: PathLike | None = None,
    machine_price: float | None = None,
    machine_power: float | None = None,
    machine: str | Sequence[str] | None = None,
    electricity_price: float | None = None,
    country: str | None = None,
    eur_usd: float | None = None,
    huf_usd: float | None = None,
    rent: str | None = None,
) -> tuple[PriceSettings, Catalogue]:
    """Settle the prices: options first, then the price file, the country, the defaults.

    Raises:
        PriceError: a price file, device or country that can't be used.
    """
    if country is not None:
        place(country)  # also where a price of one's own comes before it
    rates = exchange_rates(eur_usd, huf_usd)
    money, catalogue = PriceSettings(), load_catalogue()
    if prices is not None:
        money, devices = read_price_file(Path(prices), rates)
        catalogue = catalogue.with_devices(devices)
    if country is None and money.assumptions.electricity_source == PriceSettings().assumptions.electricity_source:
        country = country_of_language()
    if country is not None and electricity_price is None:
        usd, source, date = country_electricity(country, rates)
        assumed = replace(
            money.assumptions, electricity_usd_per_kwh=usd, electricity_source=source, electricity_date=date
        )
        money = replace(money, assumptions=assumed)
    given = {
        "machine_price_usd": machine_price,
        "machine_power_w": machine_power,
        "electricity_usd_per_kwh": electricity_price,
        "rent": rent,
        "machine": ((machine,) if isinstance(machine, str) else tuple(machine)) if machine else None,
    }
    changes = {key: value for key, value in given.items() if value is not None}
    money = replace(money, **changes)  # type: ignore[arg-type]  # each value fits its own field
    for device in (money.rent, *money.machine):
        if device is not None:
            catalogue.device(device)
    return money, catalogue

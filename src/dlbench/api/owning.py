"""Own it, rent it, leave it running by mistake, or Colab: what the same work costs each way.

import dlbench

print(dlbench.buy_or_rent(own="rtx-2080-ti", rent="aws-p3-2xlarge", country="HU").tables())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dlbench.api.arguments import PathLike, names_arguments
from dlbench.api.money import country_electricity, country_of_language, exchange_rates, priced_catalogue
from dlbench.bench.cost.assumptions import COLAB_BY_DEFAULT, DEFAULT_COUNTRY
from dlbench.bench.cost.buy_or_rent import Case, ClaimRow, chen_2018, tornado
from dlbench.bench.cost.catalogue import Device
from dlbench.bench.cost.countries import Rates, place
from dlbench.bench.cost.speed_ratio import speed_ratio as measured_ratio
from dlbench.bench.report.tables.buy_or_rent_tables import (
    Decision,
    buy_or_rent_charts,
    buy_or_rent_tables,
    claim_table,
    decision_sentences,
)
from dlbench.bench.results.schema import Result, read_result
from dlbench.errors import PriceError, close_matches
from dlbench.show.svg import Charts
from dlbench.show.table_view import TableView, WithTables

_CLAIMS = ("chen-2018",)


@names_arguments
def buy_or_rent(
    *,
    own: str = "rtx-2080-ti",
    rent: str = "aws-p3-2xlarge",
    hours_per_day: float = Case.hours_per_day,
    years: float = Case.years,
    residual: float = Case.residual_share,
    country: str | None = None,
    electricity_price: float | None = None,
    speed_ratio: float | None = None,
    from_: Sequence[PathLike | Result] = (),
    base_price: float = 0.0,
    base_power: float = 0.0,
    eur_usd: float | None = None,
    huf_usd: float | None = None,
    prices: PathLike | None = None,
) -> BuyOrRent:
    """Compare owning, renting, forgetting to switch off, and Colab for the same work.

    Args:
        own: device to buy: an id of the price list.
        rent: instance to rent: an id of the price list.
        hours_per_day: of use.
        years: that the machine is kept.
        residual: share of the purchase price that is left at the end.
        country: HU, EU, DE or US, for the electricity price; None: US, in Hungarian HU.
        electricity_price: in USD per kWh, instead of the country's.
        speed_ratio: speed of the own machine divided by that of the rented one.
        from_: two results that give the speed ratio, the own machine's first.
        base_price: USD for the rest of the computer, if `own` is a card.
        base_power: power of the rest of the computer, in W.
        eur_usd: USD for one EUR.
        huf_usd: USD for one HUF.
        prices: a price file (TOML).

    Raises:
        PriceError: an unknown device or country, or a price that is not known.
        InputError: a number that makes no sense.
    """
    rates = exchange_rates(eur_usd, huf_usd)
    catalogue = priced_catalogue(prices, rates)
    bought, rented, colab = catalogue.device(own), catalogue.device(rent), catalogue.device(COLAB_BY_DEFAULT["cuda"])
    ratio, ratio_source = _ratio(speed_ratio, from_)
    usd_per_kwh, electricity = _electricity(
        country or country_of_language() or DEFAULT_COUNTRY, electricity_price, rates
    )
    case = Case(
        price_usd=_number(bought, "price_usd", "its price") + base_price,
        power_w=_number(bought, "tdp_w", "its power") + base_power,
        usd_per_kwh=usd_per_kwh,
        hourly_usd=_number(rented, "hourly_usd", "its rent per hour"),
        hours_per_day=hours_per_day,
        years=years,
        residual_share=residual,
        speed_ratio=ratio,
    )
    notes = [electricity, ratio_source, *_origins(bought, rented, colab)]
    if bought.kind == "gpu" and not base_price:
        notes.append("own: the card alone; add the rest of the computer with `base_price` and `base_power`.")
    return BuyOrRent(case, bought.name, rented.name, date.today(), colab, tuple(notes))


@dataclass(frozen=True, repr=False)
class BuyOrRent(WithTables, Decision):
    """One case with its tables: the totals, and which assumption moves the answer most."""

    def __repr__(self) -> str:
        hours = self.case.break_even_hours
        even = "never breaks even" if hours is None else f"breaks even after {hours:,.0f} hours"
        return f"<Own {self.own[:80]} or rent {self.rent[:80]}: owning {even}>"

    def tables(self) -> TableView:
        """Return the tables of `dlbench cost buy-or-rent`."""
        return TableView(buy_or_rent_tables(self))

    def sentences(self) -> Sequence[str]:
        """Return the answer in short."""
        return tuple(decision_sentences(self))

    def charts(self) -> Charts:
        """Return the pictures: title, alternative text, SVG."""
        return buy_or_rent_charts(self)

    def document(self) -> dict[str, Any]:
        """Return the machine form."""
        case, day = self.case, self.case.break_even_date(self.today)
        return {
            "case": asdict(case),
            "own": self.own,
            "rent": self.rent,
            "break_even_hours": case.break_even_hours,
            "break_even_date": day.isoformat() if day else None,
            "break_even_share": case.break_even_share,
            "own_usd": {name: case.own_total_usd(months) for name, months in self.columns},
            "rent_usd": {name: case.rent_total_usd(months) for name, months in self.columns},
            "rent_minus_own_usd": case.advantage_usd,
            "tornado": [asdict(swing) for swing in tornado(case)],
            "sources": self.sources,
        }


@dataclass(frozen=True, repr=False)
class Claim(WithTables):
    """A published claim, row by row, beside what it works out to."""

    name: str
    rows: tuple[ClaimRow, ...]

    def __repr__(self) -> str:
        return f"<Claim {self.name}: {len(self.rows)} rows>"

    def tables(self) -> TableView:
        """Return the table of `dlbench cost buy-or-rent --preset`."""
        return TableView((claim_table(self.rows),))

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return [{**asdict(row), "ratio": row.ratio} for row in self.rows]


def published_claim(preset: str = "chen-2018") -> Claim:
    """Return a published claim to check: chen-2018, the '10x cheaper than AWS' of 2018.

    Raises:
        PriceError: no such claim.
    """
    if preset not in _CLAIMS:
        raise PriceError(
            f"unknown preset: expected {', '.join(_CLAIMS)}, received {preset!r}.{close_matches(preset, _CLAIMS)}"
        )
    return Claim(preset, tuple(chen_2018()))


def _number(device: Device, field: str, what: str) -> float:
    value = device.trusted(field)
    if value is None:
        known = "was written from memory" if getattr(device, field) is not None else "is not in the price list"
        raise PriceError(
            f"{device.id}: expected {what}, received none that can be used: it {known}; give a row of your own with "
            f"--prices."
        )
    return value


def _ratio(given: float | None, results: Sequence[PathLike | Result]) -> tuple[float, str]:
    if given is not None and results:
        raise PriceError("give --speed-ratio or --from, not both.")
    if results:
        if len(results) != 2:
            raise PriceError(f"--from: expected two result files, the own machine's first, received {len(results)}.")
        own, rented = (each if isinstance(each, Result) else read_result(Path(each)) for each in results)
        return measured_ratio(own, rented)
    if given is not None:
        return given, f"speed of own to rented: {given:g}, as given."
    return (
        1.0,
        "speed of own to rented: 1, assumed; give `speed_ratio`, or measure both and give two results as `from_`.",
    )


def _electricity(country: str, given: float | None, rates: Rates) -> tuple[float, str]:
    place(country)
    if given is not None:
        return given, f"electricity: {given:g} USD/kWh, as given."
    usd, source, _ = country_electricity(country, rates)
    return usd, f"electricity: {source}."


def _origins(bought: Device, rented: Device, colab: Device) -> list[str]:
    return [
        f"{bought.id}: {bought.price_usd:g} USD, {bought.price_date}; {bought.source}",
        f"{rented.id}: {rented.hourly_usd:g} USD/h, {rented.hourly_date}; {rented.source}",
        f"{colab.id}: {colab.hourly_usd:g} USD/h, {colab.hourly_date}; {colab.source}",
    ]

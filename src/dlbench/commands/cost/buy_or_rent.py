"""`dlbench cost buy-or-rent`: own it, rent it, forget to switch it off, or Colab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.bench.cost.assumptions import COLAB_BY_DEFAULT, DEFAULT_COUNTRY
from dlbench.bench.cost.buy_or_rent import Case
from dlbench.commands.options import (
    EurOption,
    HufOption,
    JsonOption,
    WorkspaceOption,
    country_electricity,
    exchange_rates,
    priced_catalogue,
)
from dlbench.errors import PriceError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.bench.cost.catalogue import Device
    from dlbench.bench.cost.countries import Rates
    from dlbench.bench.report.tables.buy_or_rent_tables import Decision

__all__ = ["buy_or_rent"]

_PRESETS = ("chen-2018",)


def buy_or_rent(
    own: Annotated[str, typer.Option(help="Device to buy: an id of the price list.")] = "rtx-2080-ti",
    rent: Annotated[str, typer.Option(help="Instance to rent: an id of the price list.")] = "aws-p3-2xlarge",
    hours_per_day: Annotated[float, typer.Option(help="Hours of use per day.")] = Case.hours_per_day,
    years: Annotated[float, typer.Option(help="Years that the machine is kept.")] = Case.years,
    residual: Annotated[
        float, typer.Option(help="Share of the purchase price that is left at the end.")
    ] = Case.residual_share,
    country: Annotated[
        str, typer.Option(help="Country for the electricity price: HU, EU, DE or US.")
    ] = DEFAULT_COUNTRY,
    electricity_price: Annotated[
        float | None, typer.Option(help="Electricity price in USD per kWh, instead of the country's.")
    ] = None,
    speed_ratio: Annotated[
        float | None, typer.Option(help="Speed of your machine divided by that of the rented one.")
    ] = None,
    results: Annotated[
        list[Path] | None,
        typer.Option(
            "--from", help="Two result files that give the speed ratio, your machine first (--from A --from B)."
        ),
    ] = None,
    base_price: Annotated[float, typer.Option(help="USD for the rest of the computer, if --own is a card.")] = 0.0,
    base_power: Annotated[float, typer.Option(help="Power of the rest of the computer, in W.")] = 0.0,
    eur_usd: EurOption = None,
    huf_usd: HufOption = None,
    preset: Annotated[
        str | None, typer.Option(help="A published claim to check: chen-2018, the '10x cheaper than AWS' of 2018.")
    ] = None,
    prices: Annotated[Path | None, typer.Option(help="A price file (TOML; see `dlbench cost template`).")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare owning, renting, forgetting to switch off, and Colab for the same work."""
    if preset is not None:
        _show_claim(preset, as_json)
        return
    rates = exchange_rates(eur_usd, huf_usd)
    catalogue = priced_catalogue(prices, rates)
    bought, rented, colab = catalogue.device(own), catalogue.device(rent), catalogue.device(COLAB_BY_DEFAULT["cuda"])
    ratio, ratio_source = _ratio(speed_ratio, results)
    usd_per_kwh, electricity = _electricity(country, electricity_price, rates)
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
        notes.append("own: the card alone; add the rest of the computer with --base-price and --base-power.")
    _show(case, bought, rented, colab, tuple(notes), Workspace.at(workspace), as_json)


def _number(device: Device, field: str, what: str) -> float:
    value = device.trusted(field)
    if value is None:
        known = "was written from memory" if getattr(device, field) is not None else "is not in the price list"
        raise PriceError(
            f"{device.id}: expected {what}, received none that can be used: it {known}; give a row of your own with "
            f"--prices."
        )
    return value


def _ratio(given: float | None, results: list[Path] | None) -> tuple[float, str]:
    if given is not None and results:
        raise PriceError("give --speed-ratio or --from, not both.")
    if results:
        from dlbench.bench.cost.speed_ratio import speed_ratio
        from dlbench.bench.results.schema import read_result

        if len(results) != 2:
            raise PriceError(f"--from: expected two result files, the own machine's first, received {len(results)}.")
        return speed_ratio(read_result(results[0]), read_result(results[1]))
    if given is not None:
        return given, f"speed of own to rented: {given:g}, as given."
    return 1.0, "speed of own to rented: 1, assumed; give --speed-ratio, or measure both and give --from twice."


def _electricity(country: str, given: float | None, rates: Rates) -> tuple[float, str]:
    if given is not None:
        return given, f"electricity: {given:g} USD/kWh, as given."
    usd, words, _ = country_electricity(country, rates)
    return usd, f"electricity: {words}."


def _origins(bought: Device, rented: Device, colab: Device) -> list[str]:
    return [
        f"{bought.id}: {bought.price_usd:g} USD, {bought.price_date}; {bought.source}",
        f"{rented.id}: {rented.hourly_usd:g} USD/h, {rented.hourly_date}; {rented.source}",
        f"{colab.id}: {colab.hourly_usd:g} USD/h, {colab.hourly_date}; {colab.source}",
    ]


def _show(
    case: Case, bought: Device, rented: Device, colab: Device, notes: tuple[str, ...], folder: Workspace, as_json: bool
) -> None:
    from datetime import date

    from dlbench.bench.report.tables.buy_or_rent_tables import Decision, buy_or_rent_tables, decision_sentences
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    decision = Decision(case, bought.name, rented.name, date.today(), colab, notes)
    if as_json:
        _print_json(decision)
        return
    console = output()
    show_tables(console, buy_or_rent_tables(decision))
    show_notes(console, "In short", decision_sentences(decision), style="")
    written = _pictures(decision, folder)
    show_wrote(console, written, ("dlbench cost buy-or-rent --preset chen-2018 shows the claim of 2018",))


def _pictures(decision: Decision, folder: Workspace) -> tuple[Path, ...]:
    from dlbench.bench.report.tables.buy_or_rent_tables import buy_or_rent_charts
    from dlbench.files import write_atomic

    names = ("buy-or-rent.svg", "buy-or-rent-tornado.svg")
    charts = buy_or_rent_charts(decision)
    return tuple(write_atomic(folder.pictures / name, svg) for name, (_, _, svg) in zip(names, charts, strict=True))


def _print_json(decision: Decision) -> None:
    import json
    from dataclasses import asdict

    from dlbench.bench.cost.buy_or_rent import tornado

    case = decision.case
    day = case.break_even_date(decision.today)
    document = {
        "case": asdict(case),
        "own": decision.own,
        "rent": decision.rent,
        "break_even_hours": case.break_even_hours,
        "break_even_date": day.isoformat() if day else None,
        "break_even_share": case.break_even_share,
        "own_usd": {name: case.own_total_usd(months) for name, months in decision.columns},
        "rent_usd": {name: case.rent_total_usd(months) for name, months in decision.columns},
        "rent_minus_own_usd": case.advantage_usd,
        "tornado": [asdict(swing) for swing in tornado(case)],
        "sources": decision.sources,
    }
    typer.echo(json.dumps(document))


def _show_claim(preset: str, as_json: bool) -> None:
    from dlbench.bench.cost.buy_or_rent import chen_2018
    from dlbench.bench.report.tables.buy_or_rent_tables import claim_table
    from dlbench.errors import close_matches
    from dlbench.show.console import output, show_tables

    if preset not in _PRESETS:
        raise PriceError(
            f"unknown preset: expected {', '.join(_PRESETS)}, received {preset!r}.{close_matches(preset, _PRESETS)}"
        )
    rows = chen_2018()
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps([{**asdict(row), "ratio": row.ratio} for row in rows]))
        return
    show_tables(output(), (claim_table(rows),))

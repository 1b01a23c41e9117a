"""Options that several commands share, and the parsing of what stands behind them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.bench.cost.countries import Rates
from dlbench.bench.measure.compare_settings import DEFAULT_BATCH_SIZES, CompareSettings
from dlbench.errors import InputError, PriceError

if TYPE_CHECKING:
    from dlbench.bench.cost.catalogue import Catalogue, Device

__all__ = [
    "DEFAULT_PROVIDERS",
    "BatchOption",
    "EurOption",
    "HufOption",
    "JsonOption",
    "ProviderOptionOption",
    "ProvidersOption",
    "ShapeOption",
    "ThreadsOption",
    "WorkspaceOption",
    "chosen_devices",
    "country_electricity",
    "exchange_rates",
    "free_stem",
    "measure_settings",
    "numbers",
    "priced_catalogue",
    "typed_command",
    "whole_numbers",
]

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        help="Folder for everything that dlbench writes (default: $DLBENCH_WORKSPACE, else ./dlbench-out).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
DEFAULT_PROVIDERS = ",".join(p.name for p in CompareSettings.providers)
ProvidersOption = Annotated[str, typer.Option(help="Execution providers, such as cpu,cuda.")]
BatchOption = Annotated[
    str | None, typer.Option(help=f"Batch sizes (default: {','.join(map(str, DEFAULT_BATCH_SIZES))}).")
]
ThreadsOption = Annotated[
    str | None,
    typer.Option(
        help="CPU threads per session; several for a sweep, such as 1,2,4 (default: the cores this process may use)."
    ),
]
ShapeOption = Annotated[
    list[str] | None,
    typer.Option(help="NAME=1,3,224,224: the sizes of an input whose shape is open (may be repeated)."),
]
ProviderOptionOption = Annotated[
    list[str] | None,
    typer.Option(help="PROVIDER:KEY=VALUE, such as cuda:use_tf32=0 or cpu:allow_spinning=0 (may be repeated)."),
]


EurOption = Annotated[
    float | None, typer.Option(help=f"USD for one EUR (default: {Rates.eur}, a rate of 2025 from memory).")
]
HufOption = Annotated[
    float | None, typer.Option(help=f"USD for one HUF (default: {Rates.huf}, a rate of 2025 from memory).")
]


def exchange_rates(eur_usd: float | None, huf_usd: float | None) -> Rates:
    """Return the given exchange rates, and the defaults where none was given.

    Raises:
        PriceError: a rate that is not above 0.
    """
    base = Rates()
    if eur_usd is None and huf_usd is None:
        return base
    eur, huf = (base.eur if eur_usd is None else eur_usd), (base.huf if huf_usd is None else huf_usd)
    return Rates(eur, huf, "as given")


def priced_catalogue(prices: Path | None, rates: Rates | None = None) -> Catalogue:
    """Return the price list, with the rows of the user's price file where there is one.

    Raises:
        PriceError: the file can't be used.
    """
    from dlbench.bench.cost.catalogue import load_catalogue

    catalogue = load_catalogue()
    if prices is None:
        return catalogue
    from dlbench.bench.cost.price_file import read_price_file

    return catalogue.with_devices(read_price_file(prices, rates)[1])


def chosen_devices(text: str, catalogue: Catalogue, option: str) -> tuple[Device, ...]:
    """Parse `t4,rpi4-4gb` into rows of the price list, each once.

    Raises:
        InputError: nothing was named.
        PriceError: an unknown device.
    """
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise InputError(f"{option}: expected devices of the price list such as t4,rpi4-4gb, received {text!r}.")
    return tuple(catalogue.device(name) for name in names)


def country_electricity(country: str, rates: Rates) -> tuple[float, str, str]:
    """Return a country's household electricity in USD per kWh, in words, and its date.

    Raises:
        PriceError: an unknown country, or one whose price is not known.
    """
    from dlbench.bench.cost.countries import place, to_usd

    found = place(country)
    if found.electricity is None:
        raise PriceError(f"{found.name}: expected an electricity price, received none; give --electricity-price USD.")
    money = found.electricity
    words = f"{money.amount:g} {money.currency}/kWh, {found.name} ({found.electricity_source})"
    if money.currency != "USD":
        words += f", at {rates.usd_per(money.currency):g} USD for 1 {money.currency} ({rates.source})"
    return to_usd(money, rates), words, "2025"


def whole_numbers(option: str, text: str | None) -> tuple[int, ...] | None:
    """Parse `1,8,32`; None where nothing was given.

    Raises:
        InputError: something else.
    """
    values = numbers(option, text)
    if values is None:
        return None
    if any(value != int(value) for value in values):
        raise InputError(f"{option}: expected whole numbers such as 1,8,32, received {text!r}.")
    return tuple(int(value) for value in values)


def numbers(option: str, text: str | None) -> tuple[float, ...] | None:
    """Parse numbers with commas between them, each once; None where nothing was given.

    Raises:
        InputError: something else.
    """
    if text is None:
        return None
    try:
        values = tuple(dict.fromkeys(float(part) for part in text.split(",") if part.strip()))
    except ValueError:
        values = ()
    if not values or any(value != value or abs(value) > 1e12 for value in values):  # noqa: PLR0124  # NaN
        raise InputError(f"{option}: expected numbers such as 1,8,32, received {text!r}.")
    return values


def measure_settings(
    *,
    providers: str,
    batch_sizes: str | None,
    threads: str | None,
    shape: Sequence[str] | None = None,
    provider_option: Sequence[str] | None = None,
    streams: tuple[int, ...] = CompareSettings.streams,
    **others: Any,
) -> CompareSettings:
    """Turn what was typed into checked settings; `others` are fields of the settings as they are.

    Raises:
        InputError: an option that makes no sense.
    """
    from dlbench.bench.providers.options import parse_provider_options
    from dlbench.bench.providers.registry import parse_providers
    from dlbench.model.feeds import parse_shape
    from dlbench.system import usable_cores

    chosen = parse_providers(providers)
    counts = whole_numbers("--threads", threads) or (max(1, usable_cores() // max(1, *streams)),)
    return CompareSettings(
        providers=chosen,
        batch_sizes=whole_numbers("--batch-sizes", batch_sizes),
        threads=counts[0],
        thread_counts=counts,
        streams=streams,
        provider_options=parse_provider_options(provider_option or (), chosen),
        shapes=dict(parse_shape(text) for text in shape or ()),
        **others,
    )


def free_stem(folder: Path, kind: str) -> Path:
    """Return a path without suffix, named after the time, that no result, journal or report has yet."""
    name = f"{kind}-{datetime.now():%Y%m%d-%H%M%S}"
    stem, number = folder / name, 2
    while any(folder.glob(f"{stem.name}.*")):
        stem, number = folder / f"{name}-{number}", number + 1
    return stem


def typed_command() -> str:
    """Return what the user typed, for the result file."""
    return ("dlbench " + " ".join(sys.argv[1:]))[:900]

"""The user's own prices: a TOML file that replaces or adds to the price list that ships with dlbench.

    settings, devices = read_price_file("prices.toml")

`EXAMPLE` is a file to start from. Unknown keys and absurd numbers are refused, so that a slip is seen. An amount may be
given in its own currency ("0.104 EUR"); it is converted at the file's rates, and the rate is said where the amount is.
"""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dlbench.bench.cost.assumptions import Assumptions
from dlbench.bench.cost.catalogue import Device
from dlbench.bench.cost.countries import Money, Rates, to_usd
from dlbench.bench.cost.pricing import PriceSettings
from dlbench.errors import PriceError, one_line
from dlbench.files import read_bounded

_MAX_BYTES = 2**20

EXAMPLE = f"""\
# dlbench price file: what stands here replaces or adds to the price list that ships with dlbench.
source = "my own receipts"
date = "2026-11-23"

[rates]                   # only for amounts in another currency, such as price = "350000 HUF"
eur_usd = {Rates.eur}
huf_usd = {Rates.huf}

[electricity]
usd_per_kwh = {Assumptions.electricity_usd_per_kwh}       # or: per_kwh = "0.104 EUR"

[machine]                 # the machine that is measured
price_usd = 900           # or: price = "350000 HUF"
power_w = 65              # under load

[ownership]
years = {Assumptions.years:g}
residual_share = {Assumptions.residual_share}      # of the price, at the end
active_hours_per_day = {Assumptions.active_hours_per_day:g}
cloud_overhead_share = {Assumptions.cloud_overhead_share}

[[device]]                # as many as you like; an id of the price list replaces that row
id = "school-server"
name = "The school's server"
hourly_usd = 0.25         # or: hourly = "0.22 EUR"
# vcpus = 8               # a run on fewer cores is then charged its share of the hour
"""

# tomllib takes memory with the square of a dotted key's length
_STRING_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_LONG_KEY = re.compile(r"[\w-]+(?:[ \t]*\.[ \t]*[\w-]+){8}")

Usd = Annotated[float, Field(ge=0, le=1e7)]
Watts = Annotated[float, Field(ge=0, le=1e5)]
Amount = Annotated[str, Field(pattern=r"^\d{1,9}(\.\d{1,9})? (USD|EUR|HUF)$")]
Rate = Annotated[float, Field(gt=0, le=1e6)] | None
Words = Annotated[str, Field(max_length=500)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _Rates(_Table):
    eur_usd: Annotated[float, Field(gt=0, le=1e4)] | None = None
    huf_usd: Annotated[float, Field(gt=0, le=1e4)] | None = None


class _Electricity(_Table):
    per_kwh: Amount | None = None
    usd_per_kwh: Annotated[float, Field(ge=0, le=100)] | None = None


class _Machine(_Table):
    price_usd: Usd | None = None
    price: Amount | None = None
    power_w: Watts | None = None


class _Ownership(_Table):
    years: Annotated[float, Field(ge=0.1, le=30)] | None = None
    residual_share: Annotated[float, Field(ge=0, le=1)] | None = None
    active_hours_per_day: Annotated[float, Field(ge=0.01, le=24)] | None = None
    cloud_overhead_share: Annotated[float, Field(ge=0, le=100)] | None = None


class _Device(_Table):
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,60}$")]
    name: Annotated[str, Field(max_length=120)]
    kind: Annotated[str, Field(max_length=20)] = "cloud"
    price_usd: Usd | None = None
    price: Amount | None = None
    hourly: Amount | None = None
    tdp_w: Watts | None = None
    vcpus: Annotated[int, Field(ge=1, le=4096)] | None = None
    hourly_usd: Annotated[float, Field(ge=0, le=1e5)] | None = None
    fp32_tflops: Rate = None
    fp16_tflops: Rate = None
    int8_tops: Rate = None
    bandwidth_gbs: Rate = None
    date: Words = ""
    source: Words = ""


class _PriceFile(_Table):
    source: Words = ""
    date: Words = ""
    rates: _Rates = _Rates()
    electricity: _Electricity = _Electricity()
    machine: _Machine = _Machine()
    ownership: _Ownership = _Ownership()
    device: Annotated[list[_Device], Field(max_length=1000)] = []


def read_price_file(path: str | PathLike[str], rates: Rates | None = None) -> tuple[PriceSettings, tuple[Device, ...]]:
    """Read a price file (see `EXAMPLE`), at these exchange rates where it has none of its own.

    Raises:
        PriceError: missing, not TOML, an unknown key, a number out of range, or an amount given twice; the line names
            the key.
    """
    import tomllib

    path = Path(path)
    raw = read_bounded(path, _MAX_BYTES, PriceError, "price file")
    try:
        text = raw.decode()
        if _LONG_KEY.search(_STRING_OR_COMMENT.sub(_as_word, text)):
            raise ValueError("a key of more than eight dotted parts")
        parsed: dict[str, Any] = tomllib.loads(text)
        checked = _PriceFile.model_validate(parsed)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(one_line(str(part), 40) for part in first["loc"])
        raise PriceError(
            f"price file {path} can't be used: expected {one_line(first['msg'], 120)} at {key}, received "
            f"{one_line(repr(first.get('input')), 60)}; see `dlbench cost template`."
        ) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, not TOML
        raise PriceError(
            f"price file {path} is not readable: expected TOML, received text that breaks ({one_line(error, 100)}); "
            "see `dlbench cost template`."
        ) from error
    money = _Converter(checked.rates, rates or Rates())
    return _settings(checked, str(path.name), money), tuple(_device(d, checked, money) for d in checked.device)


def _as_word(found: re.Match[str]) -> str:
    return "" if found[0].startswith("#") else "word"


class _Converter:
    """Turns amounts into USD, and says at which rate."""

    def __init__(self, given: _Rates, rates: Rates) -> None:
        own = given.eur_usd is not None or given.huf_usd is not None
        source = "the price file" if own else rates.source
        self.rates = Rates(given.eur_usd or rates.eur, given.huf_usd or rates.huf, source)
        self.used: list[str] = []

    def usd(self, number: float | None, amount: str | None, key: str) -> float | None:
        """Return whichever of the two was given, in USD; giving both is an error."""
        if number is not None and amount is not None:
            raise PriceError(f"price file: {key} is given twice, in USD and as {amount!r}: give one of them.")
        if amount is None:
            return number
        value, currency = amount.split(" ")
        if currency != "USD":
            self.used.append(f"{amount} at {self.rates.usd_per(currency):g} USD for 1 {currency} ({self.rates.source})")
        return to_usd(Money(float(value), currency), self.rates)

    def conversions(self) -> str:
        """Return the conversions since the last call, as text."""
        text, self.used = "; ".join(self.used), []
        return f"; {text}" if text else ""


def _settings(checked: _PriceFile, name: str, money: _Converter) -> PriceSettings:
    price = money.usd(checked.machine.price_usd, checked.machine.price, "machine.price")
    per_kwh = money.usd(checked.electricity.usd_per_kwh, checked.electricity.per_kwh, "electricity.per_kwh")
    owned = {key: value for key, value in checked.ownership.model_dump().items() if value is not None}
    return PriceSettings(
        machine_price_usd=price,
        machine_power_w=checked.machine.power_w,
        electricity_usd_per_kwh=per_kwh,
        source=(checked.source or name) + money.conversions(),
        date=checked.date,
        assumptions=Assumptions(**owned),
    )


def _device(row: _Device, checked: _PriceFile, money: _Converter) -> Device:
    price = money.usd(row.price_usd, row.price, f"device {row.id}: price")
    hourly = money.usd(row.hourly_usd, row.hourly, f"device {row.id}: hourly")
    date, source = row.date or checked.date, (row.source or checked.source) + money.conversions()
    told = row.model_dump(exclude={"price", "hourly", "price_usd", "hourly_usd", "date", "source"})
    return Device(
        **told,
        price_usd=price,
        price_date=date,
        hourly_usd=hourly,
        hourly_date=date,
        source=source,
        confidence="the user's own",
    )

"""The one place where base units become readable, and typed ones base units: seconds, bytes, watts, USD.

>>> duration(0.00195), size(1536), usd(0.01234)
('1.95 ms', '1.5 KiB', '0.0123')
>>> typed_seconds("--budget", "2min"), typed_seconds("--latency", "5ms", "")
(120.0, 0.005)
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from dlbench.errors import InputError

_TYPED_TIMES = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_LONG = ((730 * 86400, "years", 365.25 * 86400), (2 * 86400, "days", 86400.0), (7200, "h", 3600.0), (120, "min", 60.0))
_LEAST_IN_A_UNIT = 0.01
_TIMES = ((1e-6, "ns", 1e9), (1e-3, "µs", 1e6), (1.0, "ms", 1e3), (math.inf, "s", 1.0))


class Figure(str):
    """A number as text, which keeps the number itself, so that a table can be sorted by it."""

    __slots__ = ("value",)
    value: float | None

    def __new__(cls, text: str, value: float | None = None) -> Figure:
        """Return the text with its value in base units; None sorts last."""
        figure = super().__new__(cls, text)
        figure.value = value
        return figure


@dataclass(frozen=True)
class Unit:
    """A unit chosen once for all figures of a table, whose head names it.

    unit = price_unit([6e-6, 2e-4])       # USD per million
    unit.title, unit.figure(6e-6)         # "cents per billion", "0.600"
    """

    title: str
    per_base: float  # so many of it are one base unit
    least: float = 0.1  # below it, figures are better in a smaller unit

    def figure(self, amount: float | None) -> Figure:
        """Return an amount, given in the base unit, with three significant digits, or n/a."""
        return Figure(_UNKNOWN if amount is None else _significant(amount * self.per_base), amount)


# Each from the largest unit on. Cells, sentences and axes have room for 0.1 to 100,000; people ask about a million.
_PRICES = (Unit("USD per million", 1.0), Unit("cents per million", 1e2, 0.001), Unit("cents per billion", 1e5))
_TRAINING_PRICES = (Unit("USD", 1.0), Unit("cents", 1e2), Unit("cents for 1,000 trainings", 1e5))
_MASSES = (Unit("kg", 1.0), Unit("g", 1e3), Unit("mg", 1e6), Unit("µg", 1e9))
_ENERGIES = (Unit("kWh", 1.0), Unit("Wh", 1e3), Unit("mWh", 1e6))
_MOST = 1e5


def price_unit(usd_per_million: Iterable[float | None]) -> Unit:
    """Return the unit for these prices of inferences, in USD per million."""
    return _unit_for(usd_per_million, _PRICES)


def training_price_unit(amounts_usd: Iterable[float | None]) -> Unit:
    """Return the unit for these prices of one training, in USD."""
    return _unit_for(amounts_usd, _TRAINING_PRICES)


def mass_unit(masses_kg: Iterable[float | None]) -> Unit:
    """Return the unit for these masses, in kg."""
    return _unit_for(masses_kg, _MASSES)


def energy_unit(energies_kwh: Iterable[float | None]) -> Unit:
    """Return the unit for these energies, in kWh."""
    return _unit_for(energies_kwh, _ENERGIES)


def _unit_for(amounts: Iterable[float | None], units: tuple[Unit, ...]) -> Unit:
    """Return the largest unit in which no figure is below its least, unless others then get too long."""
    known = [abs(amount) for amount in amounts if amount]
    if not known:
        return units[0]
    short = [unit for unit in units if max(known) * unit.per_base < _MOST] or [units[0]]
    return next((unit for unit in short if min(known) * unit.per_base >= unit.least), short[-1])


_UNKNOWN = "n/a"


def number(value: float | None, form: str = "{:,.0f}") -> Figure:
    """Return a number in a format of its own, or n/a."""
    return Figure(_UNKNOWN if value is None else form.format(value), value)


def percent(share: float | None, decimals: int = 0) -> Figure:
    """Return a share as a percentage, or n/a."""
    return Figure(_UNKNOWN if share is None else f"{share:.{decimals}%}", share)


def _significant(value: float, digits: int = 3) -> str:
    """Return `value` with `digits` significant digits, never in exponent form (12 decimals at most)."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(decimals, 12)}f}"


def _time_unit(seconds: float) -> tuple[str, float]:
    return next((unit, factor) for limit, unit, factor in _TIMES if seconds < limit)


def duration(seconds: float | None) -> Figure:
    """Return a time with three significant digits and its unit, or n/a."""
    if seconds is None:
        return Figure(_UNKNOWN)
    unit, factor = _time_unit(abs(seconds))
    return Figure(f"{_significant(seconds * factor)} {unit}", seconds)


def duration_range(low: float | None, high: float | None) -> Figure:
    """Return an interval of times in one common unit, or n/a; the ends keep four significant digits."""
    if low is None or high is None:
        return Figure(_UNKNOWN)
    unit, factor = _time_unit(abs(low))
    return Figure(f"{_significant(low * factor, 4)}-{_significant(high * factor, 4)} {unit}", low)


def duration_span(low: float, high: float | None, digits: int = 2) -> Figure:
    """Return a rough range of times in one unit, that of its slow end; without a known end: "2.0 ms or more".

    >>> duration_span(6.4e-4, 4.9e-3), duration_span(2e-6, 0.9), duration_span(3600.0, 86400.0, 3)
    ('0.64-4.9 ms', '2.0 µs-900 ms', '1.00-24.0 h')
    """
    if high is None:
        unit, factor = _long_unit(low)
        return Figure(f"{_rounded(low * factor, digits)} {unit} or more", low)
    unit, factor = _long_unit(high)
    last = f"{_rounded(high * factor, digits)} {unit}"
    if low * factor < _LEAST_IN_A_UNIT:  # 0.0004-2.0 s can't be read
        small, factor = _long_unit(low)
        return Figure(f"{_rounded(low * factor, digits)} {small}-{last}", low)
    first = _rounded(low * factor, digits)
    return Figure(last if last == f"{first} {unit}" else f"{first}-{last}", low)


def _rounded(value: float, digits: int) -> str:
    return _significant(float(f"{value:.{digits - 1}e}"), digits)


def _long_unit(seconds: float) -> tuple[str, float]:
    """Return the unit of a rough time: hours, days and years too."""
    return next(((unit, 1 / length) for least, unit, length in _LONG if seconds >= least), None) or _time_unit(seconds)


def size(n_bytes: float | None) -> Figure:
    """Return bytes in binary units (KiB, MiB, GiB), or n/a."""
    if n_bytes is None:
        return Figure(_UNKNOWN)
    scaled = float(n_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(scaled) < 1024 or unit == "GiB":
            return Figure(f"{scaled:.0f} B" if unit == "B" else f"{scaled:,.1f} {unit}", n_bytes)
        scaled /= 1024
    raise AssertionError("unreachable")


def count(n: float | None) -> Figure:
    """Return a count with k, M or G, or n/a."""
    if n is None:
        return Figure(_UNKNOWN)
    for limit, factor, suffix in ((1e3, 1, ""), (1e6, 1e3, " k"), (1e9, 1e6, " M"), (math.inf, 1e9, " G")):
        if abs(n) < limit:
            return Figure(f"{n / factor:.0f}" if factor == 1 else f"{_significant(n / factor)}{suffix}", n)
    return Figure(f"{n:g}", n)


def thousands(n: float | None) -> Figure:
    """Return a rate or a large count in full, with separators, or n/a."""
    if n is None:
        return Figure(_UNKNOWN)
    return Figure(f"{n:,.0f}" if abs(n) >= 100 else _significant(n), n)


def usd(amount: float | None, digits: int = 3) -> Figure:
    """Return an amount of USD with so many significant digits (no sign), or n/a."""
    return Figure(_UNKNOWN if amount is None else _significant(amount, digits), amount)


def joules(energy_j: float | None) -> Figure:
    """Return energy in µJ, mJ, J or kJ, or n/a."""
    if energy_j is None:
        return Figure(_UNKNOWN)
    for limit, factor, unit in ((1e-3, 1e6, "µJ"), (1.0, 1e3, "mJ"), (1e4, 1.0, "J"), (math.inf, 1e-3, "kJ")):
        if abs(energy_j) < limit:
            return Figure(f"{_significant(energy_j * factor)} {unit}", energy_j)
    return Figure(f"{energy_j:g} J", energy_j)


def typed_seconds(option: str, value: str | float, bare: str = "s") -> float:
    """Return a time that was typed, in seconds; a number that is none already counts as seconds.

    Args:
        option: what it was typed for.
        value: "90s", "2min", "1.5h", "5ms", or a number.
        bare: the unit of a text without one; "": it must have one.

    Raises:
        InputError: no number, or a unit that is none.
    """
    if not isinstance(value, str):
        return float(value)
    number, unit = typed_number(value)
    factor = _TYPED_TIMES.get(unit or bare)
    if number is None or factor is None:
        received = repr(value[:60])
        if bare:
            raise InputError(
                f"{option}: expected seconds, or a time with its unit such as 90s or 2min, received {received}."
            )
        raise InputError(f"{option}: expected a time with its unit, such as 5ms, received {received}.")
    return number * factor


def typed_number(text: str) -> tuple[float | None, str]:
    """Return the number at the head of a text and the word behind it; None where there is no number.

    A comma before three digits groups them, another one is a decimal comma: "10,000HUF", "1,5 ms".
    """
    match = re.fullmatch(r"\s*([+-]?[\d.,]*\d[\d.,]*(?:[eE][+-]?\d{1,3})?)\s*([^\W\d_]*)\s*", text[:100])
    try:
        number = float(re.sub(r",(?=\d{3}(?!\d))", "", match[1]).replace(",", ".")) if match else math.nan
    except ValueError:
        number = math.nan
    return (number if math.isfinite(number) else None), match[2] if match else ""


def utc_minute(created: str) -> str:
    """Return the time of a result, in UTC and ISO 8601, to the minute: "2026-11-27 00:03 UTC"."""
    return f"{created[:16].replace('T', ' ')} UTC"

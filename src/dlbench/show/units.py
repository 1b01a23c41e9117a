"""The one place where base units become readable: seconds, bytes, watts, USD to text.

>>> duration(0.00195), size(1536), usd(0.01234)
('1.95 ms', '1.5 KiB', '0.0123')
"""

from __future__ import annotations

import math

__all__ = ["Figure", "count", "duration", "duration_range", "joules", "number", "percent", "size", "thousands", "usd"]

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


def usd(amount: float | None) -> Figure:
    """Return an amount of USD with three significant digits (no sign), or n/a."""
    return Figure(_UNKNOWN if amount is None else _significant(amount), amount)


def joules(energy_j: float | None) -> Figure:
    """Return energy in µJ, mJ, J or kJ, or n/a."""
    if energy_j is None:
        return Figure(_UNKNOWN)
    for limit, factor, unit in ((1e-3, 1e6, "µJ"), (1.0, 1e3, "mJ"), (1e4, 1.0, "J"), (math.inf, 1e-3, "kJ")):
        if abs(energy_j) < limit:
            return Figure(f"{_significant(energy_j * factor)} {unit}", energy_j)
    return Figure(f"{energy_j:g} J", energy_j)

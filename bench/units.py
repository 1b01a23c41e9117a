"""The one place where base units become readable: seconds, bytes, watts, USD to text.

>>> duration(0.00195), size(1536), usd(0.01234)
('1.95 ms', '1.5 KiB', '0.0123')
"""

from __future__ import annotations

import math

__all__ = ["count", "duration", "duration_range", "joules", "size", "thousands", "usd"]

_TIMES = ((1e-6, "ns", 1e9), (1e-3, "µs", 1e6), (1.0, "ms", 1e3), (math.inf, "s", 1.0))


def _significant(value: float, digits: int = 3) -> str:
    """Return `value` with `digits` significant digits, never in exponent form (12 decimals at most)."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(decimals, 12)}f}"


def _time_unit(seconds: float) -> tuple[str, float]:
    return next((unit, factor) for limit, unit, factor in _TIMES if seconds < limit)


def duration(seconds: float | None) -> str:
    """Return a time with three significant digits and its unit, or n/a."""
    if seconds is None:
        return "n/a"
    unit, factor = _time_unit(abs(seconds))
    return f"{_significant(seconds * factor)} {unit}"


def duration_range(low: float | None, high: float | None) -> str:
    """Return an interval of times in one common unit, or n/a; the ends keep four significant digits."""
    if low is None or high is None:
        return "n/a"
    unit, factor = _time_unit(abs(low))
    return f"{_significant(low * factor, 4)}-{_significant(high * factor, 4)} {unit}"


def size(n_bytes: float | None) -> str:
    """Return bytes in binary units (KiB, MiB, GiB), or n/a."""
    if n_bytes is None:
        return "n/a"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(n_bytes) < 1024 or unit == "GiB":
            return f"{n_bytes:.0f} B" if unit == "B" else f"{n_bytes:,.1f} {unit}"
        n_bytes /= 1024
    raise AssertionError("unreachable")


def count(n: float | None) -> str:
    """Return a count with k, M or G, or n/a."""
    if n is None:
        return "n/a"
    for limit, factor, suffix in ((1e3, 1, ""), (1e6, 1e3, " k"), (1e9, 1e6, " M"), (math.inf, 1e9, " G")):
        if abs(n) < limit:
            return f"{n / factor:.0f}" if factor == 1 else f"{_significant(n / factor)}{suffix}"
    return f"{n:g}"


def thousands(n: float | None) -> str:
    """Return a rate or a large count in full, with separators, or n/a."""
    return "n/a" if n is None else (f"{n:,.0f}" if abs(n) >= 100 else _significant(n))


def usd(amount: float | None) -> str:
    """Return an amount of USD with three significant digits (no sign), or n/a."""
    return "n/a" if amount is None else _significant(amount)


def joules(energy_j: float | None) -> str:
    """Return energy in µJ, mJ, J or kJ, or n/a."""
    if energy_j is None:
        return "n/a"
    for limit, factor, unit in ((1e-3, 1e6, "µJ"), (1.0, 1e3, "mJ"), (1e4, 1.0, "J"), (math.inf, 1e-3, "kJ")):
        if abs(energy_j) < limit:
            return f"{_significant(energy_j * factor)} {unit}"
    return f"{energy_j:g} J"

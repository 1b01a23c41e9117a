"""One figure of a cell, for comparing it with others: its time, its cost.

min(cells, key=median_s)
"""

from __future__ import annotations

from dlbench.bench.report.tables.result_tables import option_of
from dlbench.bench.results.schema import Cell

__all__ = ["cheapest", "median_s"]


def median_s(cell: Cell) -> float:
    """Return a timed cell's median, in seconds."""
    assert cell.latency_s is not None
    return cell.latency_s.p50


def cheapest(cell: Cell) -> float | None:
    """Return a cell's cost where owning has a price, else where renting has one, in USD per million."""
    for option in ("own", "rent"):
        priced = option_of(cell.cost_usd_per_million, option)
        if priced and priced.usd_per_million is not None:
            return priced.usd_per_million
    return None

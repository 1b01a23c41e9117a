"""Energy and CO2 of a million inferences, by country.

energy_table(result).rows
"""

from __future__ import annotations

from dlbench.bench import cost, units
from dlbench.bench.layout import Column, Table, where
from dlbench.bench.places import PLACES
from dlbench.bench.results import Cell, Result

__all__ = ["energy_table"]

_COUNTRIES = ("SE", "FR", "HU", "US", "DE", "PL", "WORLD")
_PUE = {"home": 1.0, "cloud": 1.2, "unknown place": 1.56}


def energy_table(result: Result) -> Table:
    """Return kWh and kg of CO2 per million inferences, for countries from clean to dirty power."""
    columns = (
        Column("network", False),
        Column("provider", False),
        Column("batch"),
        Column("energy each"),
        Column("kWh"),
        *(
            Column(f"kg CO2 {code if code != 'WORLD' else 'world'}", secondary=code in ("SE", "DE"))
            for code in _COUNTRIES
        ),
    )
    cells = [c for c in result.cells if c.timed and c.energy_j_per_inference]
    rows = tuple(_row(cell, result) for cell in cells)
    mixes = ", ".join(f"{PLACES[c].name} {PLACES[c].g_co2_per_kwh:g}" for c in _COUNTRIES)
    places = ", ".join(f"{name} {pue:g}" for name, pue in _PUE.items())
    notes = (
        f"kg CO2 = kWh x PUE x g CO2 per kWh / 1000, here with the PUE of a home, 1. g per kWh: {mixes} "
        f"({PLACES['HU'].co2_source}).",
        f"PUE, the power of the whole place over that of its computers: {places} (Green Algorithms tool): multiply "
        f"by it.",
        *sorted({f"energy each: {c.energy_source}." for c in cells}),
    )
    return Table("energy", "Energy and CO2 of a million inferences", columns, rows, notes)


def _row(cell: Cell, result: Result) -> tuple[str, ...]:
    joule = cell.energy_j_per_inference or 0.0
    kwh = cost.kwh_per_million(joule)
    co2 = [cost.kg_co2_per_million(kwh, PLACES[code].g_co2_per_kwh or 0.0) for code in _COUNTRIES]
    return (
        cell.model,
        where(cell, result),
        str(cell.batch),
        units.joules(joule),
        units.usd(kwh),
        *(units.usd(kg) for kg in co2),
    )

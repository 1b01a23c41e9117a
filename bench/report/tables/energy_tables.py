"""Energy and CO2 of a million inferences and of a training, by country.

energy_table(result).rows, training_energy_table(result).rows
"""

from __future__ import annotations

from dlbench.bench.cost import formulas as cost
from dlbench.bench.cost.countries import PLACES
from dlbench.bench.report.cell_names import cell_key, where
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

__all__ = ["energy_table", "training_energy_table"]

_COUNTRIES = ("SE", "FR", "HU", "US", "DE", "PL", "WORLD")
_GIVES_WAY = {"SE": 3, "DE": 3, "US": 2, "PL": 2, "WORLD": 1}  # on a narrow screen
_PUE = {"home": 1.0, "cloud": 1.2, "unknown place": 1.56}
_JOULE_PER_KWH = 3.6e6


def energy_table(result: Result) -> Table:
    """Return kWh and kg of CO2 per million inferences, for countries from clean to dirty power."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, key=True),
        Column(tr("batch"), key=True),
        Column(tr("energy each"), secondary=1),
        Column("kWh"),
        *(Column(f"kg CO2 {_short(code)}", secondary=_GIVES_WAY.get(code, 0)) for code in _COUNTRIES),
    )
    cells = [c for c in result.cells if c.timed and c.energy_j_per_inference]
    rows = tuple(_row(cell, result) for cell in cells)
    notes = (*_factor_notes("kg CO2"), *sorted({tr("energy each: {source}.", source=c.energy_source) for c in cells}))
    keys = tuple(cell_key(cell) for cell in cells)
    return Table("energy", tr("Energy and CO2 of a million inferences"), columns, rows, notes, keys)


def _short(code: str) -> str:
    return tr("world") if code == "WORLD" else code


def _factor_notes(what: str) -> tuple[str, ...]:
    mixes = ", ".join(f"{_short(c)} {PLACES[c].g_co2_per_kwh:g}" for c in _COUNTRIES)
    return (
        tr(
            "{what} = kWh x PUE x g CO2 per kWh / 1000, here with the PUE of a home, 1. g per kWh: {mixes} ({source}).",
            what=what,
            mixes=mixes,
            source=PLACES["HU"].co2_source,
        ),
        tr(
            "PUE, the power of the whole place over that of its computers: home {home}, cloud {cloud}, unknown place "
            "{unknown} (Green Algorithms tool): multiply by it.",
            home=units.number(_PUE["home"], "{:g}"),
            cloud=units.number(_PUE["cloud"], "{:g}"),
            unknown=units.number(_PUE["unknown place"], "{:g}"),
        ),
    )


def _row(cell: Cell, result: Result) -> tuple[str, ...]:
    joule = cell.energy_j_per_inference or 0.0
    kwh = cost.kwh_per_million(joule)
    return (
        cell.model,
        where(cell, result),
        units.number(cell.batch, "{:d}"),
        units.joules(joule),
        units.usd(kwh),
        *(units.usd(kg) for kg in _kg_co2(kwh)),
    )


def _kg_co2(kwh: float) -> list[float]:
    return [cost.kg_co2_per_million(kwh, PLACES[code].g_co2_per_kwh or 0.0) for code in _COUNTRIES]


def training_energy_table(result: Result) -> Table:
    """Return watt-hours and grams of CO2 of each training, beside the accuracy that it reached."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("accuracy"), wraps=True),
        Column(tr("energy"), secondary=1),
        Column("Wh"),
        *(Column(f"g CO2 {_short(code)}", secondary=_GIVES_WAY.get(code, 0)) for code in _COUNTRIES),
    )
    known = [t for t in result.training if t.energy_j]
    rows = tuple(
        (
            t.model,
            t.accuracy.proportion.short() if t.accuracy else tr("unknown"),
            units.joules(t.energy_j),
            units.usd((t.energy_j or 0.0) / _JOULE_PER_KWH * 1e3),
            *(units.usd(1e3 * kg) for kg in _kg_co2((t.energy_j or 0.0) / _JOULE_PER_KWH)),
        )
        for t in known
    )
    notes = (
        tr("the factors are those of the table of a million inferences; 1000 Wh are a kWh."),
        *sorted({tr("{model}: energy {source}.", model=t.model, source=t.energy_source) for t in known}),
    )
    return Table("trainingenergy", tr("Energy and CO2 of the training"), columns, rows, notes)

"""Energy and CO2 of a million inferences and of a training, by country.

energy_table(result).rows, training_energy_table(result).rows
"""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.bench.cost import formulas as cost
from dlbench.bench.cost.countries import PLACES
from dlbench.bench.report.answer_words import marked
from dlbench.bench.report.cell_names import cell_key, where
from dlbench.bench.results.schema import Result
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

__all__ = ["energy_table", "training_energy_table"]

_COUNTRIES = ("SE", "FR", "HU", "US", "DE", "PL", "WORLD")
_GIVES_WAY = {"SE": 3, "DE": 3, "US": 2, "PL": 2, "WORLD": 1}  # on a narrow screen
_PUE = {"home": 1.0, "cloud": 1.2, "unknown place": 1.56}
_JOULE_PER_KWH = 3.6e6


def energy_table(result: Result) -> Table:
    """Return energy and mass of CO2 per million inferences, for countries from clean to dirty power."""
    cells = [c for c in result.cells if c.timed and c.energy_j_per_inference]
    energies = [cost.kwh_per_million(c.energy_j_per_inference or 0.0) for c in cells]
    energy, mass, figures = _in_one_unit(energies)
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("batch"), key=True),
        Column(tr("energy each"), secondary=1),
        Column(energy),
        *_country_columns(mass),
    )
    rows = tuple(
        (
            c.model,
            where(c, result),
            units.number(c.batch, "{:d}"),
            *(marked(figure, c.disturbed) for figure in (units.joules(c.energy_j_per_inference), *row)),
        )
        for c, row in zip(cells, figures, strict=True)
    )
    notes = (*_factor_notes(), *sorted({tr("energy each: {source}.", source=c.energy_source) for c in cells}))
    keys = tuple(cell_key(cell) for cell in cells)
    return Table("energy", tr("Energy and CO2 of a million inferences"), columns, rows, notes, keys)


def _in_one_unit(energies_kwh: Sequence[float]) -> tuple[str, str, list[tuple[units.Figure, ...]]]:
    """Return the units of energy and mass that fit, and for each energy its figure and those of its CO2 by country."""
    masses = [
        [cost.kg_co2_per_million(kwh, PLACES[c].g_co2_per_kwh or 0.0) for c in _COUNTRIES] for kwh in energies_kwh
    ]
    energy, mass = units.energy_unit(energies_kwh), units.mass_unit(kg for row in masses for kg in row)
    figures = [(energy.figure(kwh), *map(mass.figure, row)) for kwh, row in zip(energies_kwh, masses, strict=True)]
    return energy.title, mass.title, figures


def _country_columns(mass: str) -> tuple[Column, ...]:
    return tuple(Column(f"{mass} CO2 {_short(code)}", secondary=_GIVES_WAY.get(code, 0)) for code in _COUNTRIES)


def _short(code: str) -> str:
    return tr("world") if code == "WORLD" else code


def _factor_notes() -> tuple[str, ...]:
    mixes = ", ".join(f"{_short(c)} {PLACES[c].g_co2_per_kwh:g}" for c in _COUNTRIES)
    return (
        tr(
            "g CO2 = kWh x PUE x g CO2 per kWh, here with the PUE of a home, 1. g per kWh: {mixes} ({source}).",
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


def training_energy_table(result: Result) -> Table:
    """Return energy and mass of CO2 of each training, beside the accuracy that it reached."""
    known = [t for t in result.training if t.energy_j]
    energy, mass, figures = _in_one_unit([(t.energy_j or 0.0) / _JOULE_PER_KWH for t in known])
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("accuracy"), wraps=True),
        Column(tr("energy"), secondary=1),
        Column(energy),
        *_country_columns(mass),
    )
    rows = tuple(
        (t.model, t.accuracy.proportion.short() if t.accuracy else tr("unknown"), units.joules(t.energy_j), *row)
        for t, row in zip(known, figures, strict=True)
    )
    notes = (
        tr("the factors are those of the table of a million inferences; 1000 Wh are a kWh."),
        *sorted({tr("{model}: energy {source}.", model=t.model, source=t.energy_source) for t in known}),
    )
    return Table("trainingenergy", tr("Energy and CO2 of the training"), columns, rows, notes)

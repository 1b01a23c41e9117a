"""Energy and CO2 of a million inferences and of a training, by country.

energy_table(result).rows, training_energy_table(result).rows
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from dlbench.bench.cost import formulas as cost
from dlbench.bench.cost.countries import PLACES
from dlbench.bench.report.answer_words import marked
from dlbench.bench.report.cell_names import cell_columns, cell_key
from dlbench.bench.results.schema import Cell, Result, TrainingCost
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table, through
from dlbench.show.texts import tr

_COUNTRIES = ("SE", "FR", "HU", "US", "DE", "PL", "WORLD")
_GIVES_WAY = {"SE": 3, "DE": 3, "US": 2, "PL": 2, "WORLD": 1}  # on a narrow screen
_PUE = {"home": 1.0, "cloud": 1.2, "unknown place": 1.56}
_JOULE_PER_KWH = 3.6e6


def energy_table(result: Result) -> Table:
    """Return energy and mass of CO2 per million inferences, for countries from clean to dirty power."""
    cells = [c for c in result.cells if c.timed and c.energy_j_per_inference]
    columns: tuple[Filled[Cell], ...] = (
        *cell_columns(result),
        (Column(tr("energy each"), secondary=1), lambda c: marked(units.joules(c.energy_j_per_inference), c.disturbed)),
        *((column, _of_cell(figure)) for column, figure in _in_one_unit([_kwh(c) for c in cells])),
    )
    notes = (*_factor_notes(), *sorted({tr("energy each: {source}.", source=c.energy_source) for c in cells}))
    return Table.of("energy", tr("Energy and CO2 of a million inferences"), cells, columns, notes, cell_key)


def _kwh(cell: Cell) -> float:
    return cost.kwh_per_million(cell.energy_j_per_inference or 0.0)


def _of_cell(figure: Callable[[float], units.Figure]) -> Callable[[Cell], str]:
    return lambda cell: marked(figure(_kwh(cell)), cell.disturbed)


def _in_one_unit(energies_kwh: Sequence[float]) -> Iterator[tuple[Column, Callable[[float], units.Figure]]]:
    """Yield the columns of an energy in kWh and of its CO2 by country, in the units that fit all these energies."""
    energy = units.energy_unit(energies_kwh)
    unit = units.mass_unit(_kg(kwh, code) for kwh in energies_kwh for code in _COUNTRIES)
    mass = unit.title
    yield Column(energy.title), energy.figure
    for code in _COUNTRIES:
        column = Column(f"{mass} CO2 {_short(code)}", secondary=_GIVES_WAY.get(code, 0))
        yield column, partial(_mass, unit, code)


def _kg(kwh: float, code: str) -> float:
    return cost.kg_co2_per_million(kwh, PLACES[code].g_co2_per_kwh or 0.0)


def _mass(unit: units.Unit, code: str, kwh: float) -> units.Figure:
    return unit.figure(_kg(kwh, code))


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
    columns: tuple[Filled[TrainingCost], ...] = (
        (Column(tr("network"), False, key=True), lambda t: t.model),
        (Column(tr("accuracy"), wraps=True), lambda t: t.accuracy.proportion.short() if t.accuracy else tr("unknown")),
        (Column(tr("energy"), secondary=1), lambda t: units.joules(t.energy_j)),
        *through(_in_one_unit([_training_kwh(t) for t in known]), _training_kwh),
    )
    notes = (
        tr("the factors are those of the table of a million inferences; 1000 Wh are a kWh."),
        *sorted({tr("{model}: energy {source}.", model=t.model, source=t.energy_source) for t in known}),
    )
    return Table.of("trainingenergy", tr("Energy and CO2 of the training"), known, columns, notes)


def _training_kwh(training: TrainingCost) -> float:
    return (training.energy_j or 0.0) / _JOULE_PER_KWH

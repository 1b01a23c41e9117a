"""The tables of a result, as text in cells: one set of records for the terminal, HTML and Markdown.

for table in all_tables(result):
table.title, table.columns, table.rows, table.notes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench.cost.catalogue import Device
from dlbench.bench.cost.pricing import OPTIONS
from dlbench.bench.report.answer_words import marked
from dlbench.bench.report.cell_names import cell_key, where
from dlbench.bench.report.tables.energy_tables import energy_table, training_energy_table
from dlbench.bench.report.tables.placement_tables import (
    crossover_table,
    operator_table,
    placement_table,
    roofline_table,
)
from dlbench.bench.report.tables.published_times_tables import published_beside_table
from dlbench.bench.report.tables.speed_tables import load_table, probe_table, speed_table
from dlbench.bench.report.variants.variant_tables import kernel_table, pareto_table, variant_table
from dlbench.bench.results.records import CostOption, ModelRecord
from dlbench.bench.results.schema import Cell, Result
from dlbench.model.facts import Accuracy
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

__all__ = [
    "Column",
    "Table",
    "accuracy_text",
    "all_tables",
    "catalogue_table",
    "cost_table",
    "network_table",
    "option_of",
    "option_titles",
    "speed_table",
    "training_table",
]

_GIVES_WAY = ("electricity", "colab")  # on a narrow screen: own or rent is the question


def option_titles() -> dict[str, str]:
    """Return the short name of each way to have a machine."""
    return {"own": tr("own it"), "electricity": tr("electricity"), "rent": tr("rent"), "colab": "Colab"}


def all_tables(result: Result) -> tuple[Table, ...]:
    """Return the tables that have rows, in reading order."""
    tables = (
        speed_table(result),
        load_table(result),
        placement_table(result),
        cost_table(result),
        energy_table(result),
        crossover_table(result),
        published_beside_table(result),
        variant_table(result),
        kernel_table(result),
        pareto_table(result),
        network_table(result),
        operator_table(result),
        roofline_table(result),
        training_table(result),
        training_energy_table(result),
        probe_table(result),
    )
    return tuple(table for table in tables if table.rows)


def option_of(options: Sequence[CostOption], option: str) -> CostOption | None:
    """Return one way of a cell's cost, or None."""
    return next((o for o in options if o.option == option), None)


def cost_table(result: Result) -> Table:
    """Return the cost and energy of inferences, for each way to have the machine."""
    titles = option_titles()
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("batch"), key=True),
        *(Column(titles[o], secondary=o in _GIVES_WAY) for o in OPTIONS),
        Column(tr("energy each"), secondary=2),
    )
    timed = [cell for cell in result.cells if cell.timed]
    unit = units.price_unit(o.usd_per_million for cell in timed for o in cell.cost_usd_per_million)
    rows = []
    for cell in timed:
        costs = [option_of(cell.cost_usd_per_million, o) for o in OPTIONS]
        rows.append(
            (
                cell.model,
                where(cell, result),
                units.number(cell.batch, "{:d}"),
                *(marked(unit.figure(c.usd_per_million if c else None), cell.disturbed) for c in costs),
                marked(units.joules(cell.energy_j_per_inference), cell.disturbed),
            )
        )
    title = tr("Cost of inferences, in {unit}", unit=unit.title)
    notes, keys = tuple(_cost_notes(timed, result)), tuple(cell_key(cell) for cell in timed)
    return Table("cost", title, columns, tuple(rows), notes, keys)


def _cost_notes(cells: Sequence[Cell], result: Result) -> Iterator[str]:
    titles = option_titles()
    seen = {}
    for cell in cells:
        for o in cell.cost_usd_per_million:
            seen[(cell.provider, o.option, o.title)] = o
    for (provider, option, _), o in seen.items():
        if o.usd_per_hour is not None:
            hour = tr("{usd} USD per hour of use", usd=units.usd(o.usd_per_hour))
        else:
            hour = tr("n/a: {why}", why=o.why)
        yield f"{titles.get(option, option)} ({provider}): {o.title}; {hour}."
    for source in sorted({cell.energy_source for cell in cells}):
        yield tr("energy each: {source}.", source=source)
    yield from result.assumptions


def network_table(result: Result) -> Table:
    """What each network is, and how accurate it is."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("what"), False, secondary=3, wraps=True),
        Column(tr("parameters")),
        Column("MACs"),
        Column(tr("file")),
        Column(tr("load"), secondary=2),
        Column(tr("first run"), secondary=2),
        Column(tr("memory"), secondary=True),
        Column(tr("accuracy"), wraps=True),
    )
    rows = []
    for model in result.models:
        cells = [c for c in result.cells if c.model == model.name and c.timed]
        first = cells[0] if cells else None
        rows.append(
            (
                model.name,
                model.architecture or ", ".join(model.inputs),
                units.count(model.parameters),
                _work(model),
                units.size(model.bytes),
                units.duration(first.load_s if first else None),
                units.duration(first.first_run_s if first else None),
                units.size(max((c.peak_rss_bytes or 0 for c in cells), default=0) or None),
                accuracy_text(model.accuracy),
            )
        )
    notes, keys = tuple(_network_notes(result.models)), tuple(model.name for model in result.models)
    return Table("networks", tr("The networks"), columns, tuple(rows), notes, keys)


def _work(model: ModelRecord) -> str:
    if model.macs is None and model.macs_at_least:
        return tr("at least {n}", n=units.count(model.macs_at_least))
    return units.count(model.macs)


def _network_notes(models: Sequence[ModelRecord]) -> Iterator[str]:
    yield tr(
        "MACs: multiply-accumulates of one inference, convolutions and matrix products. load and first run: of the "
        "first cell above, never part of the latency. memory: the most that the process needed beyond what it had "
        "before loading, at any batch size."
    )
    for model in models:
        if model.accuracy:
            yield tr(
                "{model}: accuracy on the {split} split of {data}, with its 95 % Wilson interval and its number of "
                "pictures{note}.",
                model=model.name,
                split=model.accuracy.split,
                data=model.data or tr("unknown data"),
                note=f"; {model.data_note}" if model.data_note else "",
            )
        elif model.network is None:
            yield tr("{model}: a foreign file, its accuracy and training are unknown.", model=model.name)


def accuracy_text(accuracy: Accuracy | None) -> str:
    """Return an accuracy with its interval and its sample count, or unknown."""
    return units.Figure(accuracy.proportion.short(), accuracy.proportion.value) if accuracy else tr("unknown")


def training_table(result: Result) -> Table:
    """What it cost to train each network, beside the accuracy that it reached."""
    titles = option_titles()
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("trained on"), False, secondary=3, wraps=True),
        Column(tr("seconds")),
        Column(tr("accuracy"), wraps=True),
        *(Column(titles[o], secondary=o in _GIVES_WAY) for o in OPTIONS),
        Column(tr("energy"), secondary=2),
    )
    unit = units.training_price_unit(o.usd_total for training in result.training for o in training.cost)
    rows = []
    for training in result.training:
        costs = [option_of(training.cost, o) for o in OPTIONS]
        rows.append(
            (
                training.model,
                f"{training.data}, {training.device}",
                units.number(training.training_s, "{:.1f}"),
                accuracy_text(training.accuracy),
                *(unit.figure(c.usd_total if c else None) for c in costs),
                units.joules(training.energy_j),
            )
        )
    sources = {tr("{model}: energy {source}.", model=t.model, source=t.energy_source) for t in result.training}
    title = tr("What the training cost, in {unit}, beside the accuracy that it reached", unit=unit.title)
    keys = tuple(t.model for t in result.training)
    return Table("training", title, columns, tuple(rows), tuple(sorted(sources)), keys)


def catalogue_table(devices: Sequence[Device]) -> Table:
    """Return the price list as a table; a value written from memory is marked."""
    columns = (
        Column("id", False, key=True),
        Column("name", False, secondary=2, wraps=True),
        Column("kind", False),
        Column("price USD"),
        Column("price of", False, secondary=3, wraps=True),
        Column("USD/h"),
        Column("USD/h of", False, secondary=3, wraps=True),
        Column("age, years"),
        Column("power W", secondary=1),
    )
    rows = tuple(
        (
            d.id,
            d.name,
            d.kind,
            _listed(d, "price_usd"),
            d.price_date,
            _listed(d, "hourly_usd"),
            d.hourly_date,
            units.number(d.age_years, "{:.1f}") if d.age_years is not None else "",
            _listed(d, "tdp_w"),
        )
        for d in devices
    )
    notes = (
        "(m): written from memory, so it enters no figure; give your own in a price file. (y): older than a year. An "
        "empty cell was not found.",
        "age: of the price, by its date; of the older one where a row has two. `document()` gives each row's source.",
    )
    return Table("catalogue", "The price list, collected in November 2026", columns, rows, notes)


def _listed(device: Device, field: str) -> str:
    value: float | None = getattr(device, field)
    marks = (" (m)" if field in device.from_memory else "") + (" (y)" if field in device.old else "")
    return "" if value is None else f"{value:,.10g}{marks}"

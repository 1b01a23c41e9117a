"""The tables of a result, as text in cells: one set of records for the terminal, HTML and Markdown.

for table in all_tables(result):
table.title, table.columns, table.rows, table.notes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench.cost.catalogue import Device
from dlbench.bench.report.cell_names import cell_columns, cell_key, shared_price_unit
from dlbench.bench.report.tables.cost_columns import cost_columns, option_columns, option_titles
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
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import ModelRecord
from dlbench.bench.results.schema import Cell, Result, TrainingCost
from dlbench.model.facts import Accuracy
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table
from dlbench.show.texts import tr


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


def cost_table(result: Result) -> Table:
    """Return the cost and energy of inferences, for each way to have the machine."""
    timed = [cell for cell in result.cells if cell.timed]
    unit = shared_price_unit((Entry.of(result),))
    title = tr("Cost of inferences, in {unit}", unit=unit.title)
    columns = (*cell_columns(result), *cost_columns(unit))
    return Table.of("cost", title, timed, columns, _cost_notes(timed, result), cell_key)


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
    timed = {model.name: [c for c in result.cells if c.model == model.name and c.timed] for model in result.models}

    def first(model: ModelRecord) -> Cell | None:
        return next(iter(timed[model.name]), None)

    def memory(model: ModelRecord) -> int | None:
        return max((c.peak_rss_bytes or 0 for c in timed[model.name]), default=0) or None

    columns: tuple[Filled[ModelRecord], ...] = (
        (Column(tr("network"), False, key=True), lambda m: m.name),
        (Column(tr("what"), False, secondary=3, wraps=True), lambda m: m.architecture or ", ".join(m.inputs)),
        (Column(tr("parameters")), lambda m: units.count(m.parameters)),
        (Column("MACs"), _work),
        (Column(tr("file")), lambda m: units.size(m.bytes)),
        (Column(tr("load"), secondary=2), lambda m: units.duration(c.load_s if (c := first(m)) else None)),
        (Column(tr("first run"), secondary=2), lambda m: units.duration(c.first_run_s if (c := first(m)) else None)),
        (Column(tr("memory"), secondary=True), lambda m: units.size(memory(m))),
        (Column(tr("accuracy"), wraps=True), lambda m: accuracy_text(m.accuracy)),
    )
    notes = _network_notes(result.models)
    return Table.of("networks", tr("The networks"), result.models, columns, notes, lambda m: m.name)


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
    unit = units.training_price_unit(o.usd_total for training in result.training for o in training.cost)

    def figure(option: str, training: TrainingCost) -> str:
        return unit.figure(training.usd(option))

    columns: tuple[Filled[TrainingCost], ...] = (
        (Column(tr("network"), False, key=True), lambda t: t.model),
        (Column(tr("trained on"), False, secondary=3, wraps=True), lambda t: f"{t.data}, {t.device}"),
        (Column(tr("seconds")), lambda t: units.number(t.training_s, "{:.1f}")),
        (Column(tr("accuracy"), wraps=True), lambda t: accuracy_text(t.accuracy)),
        *option_columns(figure),
        (Column(tr("energy"), secondary=2), lambda t: units.joules(t.energy_j)),
    )
    sources = {tr("{model}: energy {source}.", model=t.model, source=t.energy_source) for t in result.training}
    title = tr("What the training cost, in {unit}, beside the accuracy that it reached", unit=unit.title)
    return Table.of("training", title, result.training, columns, sorted(sources), lambda t: t.model)


def catalogue_table(devices: Sequence[Device]) -> Table:
    """Return the price list as a table; a value written from memory is marked."""
    columns: tuple[Filled[Device], ...] = (
        (Column("id", False, key=True), lambda d: d.id),
        (Column("name", False, secondary=2, wraps=True), lambda d: d.name),
        (Column("kind", False), lambda d: d.kind),
        (Column("price USD"), lambda d: _listed(d, "price_usd")),
        (Column("price of", False, secondary=3, wraps=True), lambda d: d.price_date),
        (Column("USD/h"), lambda d: _listed(d, "hourly_usd")),
        (Column("USD/h of", False, secondary=3, wraps=True), lambda d: d.hourly_date),
        (Column("age, years"), lambda d: "" if d.age_years is None else units.number(d.age_years, "{:.1f}")),
        (Column("power W", secondary=1), lambda d: _listed(d, "tdp_w")),
    )
    notes = (
        "(m): written from memory, so it enters no figure; give your own in a price file. (y): older than a year. An "
        "empty cell was not found.",
        "age: of the price, by its date; of the older one where a row has two. `document()` gives each row's source.",
    )
    return Table.of("catalogue", "The price list, collected in November 2026", devices, columns, notes)


def _listed(device: Device, field: str) -> str:
    value: float | None = getattr(device, field)
    marks = (" (m)" if field in device.from_memory else "") + (" (y)" if field in device.old else "")
    return "" if value is None else f"{value:,.10g}{marks}"

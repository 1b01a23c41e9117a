"""The tables of a result, as text in cells: one set of records for the terminal, HTML and Markdown.

for table in all_tables(result):
table.title, table.columns, table.rows, table.notes
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench import units
from dlbench.bench.catalogue import Device
from dlbench.bench.energytables import energy_table
from dlbench.bench.layout import Column, Table, where
from dlbench.bench.pricing import OPTIONS
from dlbench.bench.records import CostOption, ModelRecord
from dlbench.bench.results import Cell, Result
from dlbench.bench.speedtables import load_table, probe_table, speed_table
from dlbench.bench.wheretables import crossover_table, operator_table, placement_table, roofline_table
from dlbench.modelfile import Accuracy

__all__ = [
    "Column",
    "Table",
    "all_tables",
    "catalogue_table",
    "cost_table",
    "network_table",
    "speed_table",
    "training_table",
]

_OPTION_TITLES = {"own": "own it", "electricity": "electricity", "rent": "rent", "colab": "Colab"}


def all_tables(result: Result) -> tuple[Table, ...]:
    """Return the tables that have rows, in reading order."""
    tables = (
        speed_table(result),
        load_table(result),
        placement_table(result),
        cost_table(result),
        energy_table(result),
        crossover_table(result),
        network_table(result),
        operator_table(result),
        roofline_table(result),
        training_table(result),
        probe_table(result),
    )
    return tuple(table for table in tables if table.rows)


def _option(cell_options: Sequence[CostOption], option: str) -> CostOption | None:
    return next((o for o in cell_options if o.option == option), None)


def cost_table(result: Result) -> Table:
    """USD and energy per million inferences, for each way to have the machine."""
    columns = (
        Column("network", False),
        Column("provider", False),
        Column("batch"),
        *(Column(_OPTION_TITLES[o]) for o in OPTIONS),
        Column("energy each", secondary=True),
    )
    timed = [cell for cell in result.cells if cell.timed]
    rows = []
    for cell in timed:
        costs = [_option(cell.cost_usd_per_million, o) for o in OPTIONS]
        rows.append(
            (
                cell.model,
                where(cell, result),
                str(cell.batch),
                *(units.usd(c.usd_per_million if c else None) for c in costs),
                units.joules(cell.energy_j_per_inference),
            )
        )
    return Table(
        "cost", "Cost of a million inferences, in USD", columns, tuple(rows), tuple(_cost_notes(timed, result))
    )


def _cost_notes(cells: Sequence[Cell], result: Result) -> Iterator[str]:
    seen = {}
    for cell in cells:
        for o in cell.cost_usd_per_million:
            seen[(cell.provider, o.option)] = o
    for (provider, option), o in seen.items():
        hour = f"{units.usd(o.usd_per_hour)} USD per hour of use" if o.usd_per_hour is not None else f"n/a: {o.why}"
        yield f"{_OPTION_TITLES.get(option, option)} ({provider}): {o.title}; {hour}."
    sources = {cell.energy_source for cell in cells}
    for source in sorted(sources):
        yield f"energy each: {source}."
    yield from result.assumptions


def network_table(result: Result) -> Table:
    """What each network is, and how well it does its work."""
    columns = (
        Column("network", False),
        Column("what", False, secondary=True, wraps=True),
        Column("parameters"),
        Column("MACs"),
        Column("file"),
        Column("load", secondary=True),
        Column("first run", secondary=True),
        Column("memory", secondary=True),
        Column("accuracy", wraps=True),
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
                units.count(model.macs),
                units.size(model.bytes),
                units.duration(first.load_s if first else None),
                units.duration(first.first_run_s if first else None),
                units.size(max((c.peak_rss_bytes or 0 for c in cells), default=0) or None),
                accuracy_text(model.accuracy),
            )
        )
    return Table("networks", "The networks", columns, tuple(rows), tuple(_network_notes(result.models)))


def _network_notes(models: Sequence[ModelRecord]) -> Iterator[str]:
    yield (
        "MACs: multiply-accumulates of one inference, convolutions and matrix products. load and first run: of the "
        "first cell above, never part of the latency. memory: most resident memory over the process's "
        "baseline, any batch."
    )
    for model in models:
        if model.accuracy:
            where_from = f"; {model.data_note}" if model.data_note else ""
            yield (
                f"{model.name}: accuracy on the {model.accuracy.split} split of {model.data}, with its 95 % Wilson "
                f"interval and its number of pictures{where_from}."
            )
        elif model.network is None:
            yield f"{model.name}: a foreign file, its accuracy and training are unknown."


def accuracy_text(accuracy: Accuracy | None) -> str:
    """Return an accuracy with its interval and its sample count, or unknown."""
    return accuracy.proportion.short() if accuracy else "unknown"


def training_table(result: Result) -> Table:
    """What it cost to train each network, beside the accuracy that it reached."""
    columns = (
        Column("network", False),
        Column("trained on", False, secondary=True, wraps=True),
        Column("seconds"),
        Column("accuracy", wraps=True),
        *(Column(_OPTION_TITLES[o]) for o in OPTIONS),
        Column("energy", secondary=True),
    )
    rows = []
    for training in result.training:
        costs = [_option(training.cost, o) for o in OPTIONS]
        rows.append(
            (
                training.model,
                f"{training.data}, {training.device}",
                f"{training.training_s:.1f}",
                accuracy_text(training.accuracy),
                *(units.usd(c.usd_total if c else None) for c in costs),
                units.joules(training.energy_j),
            )
        )
    notes = tuple(sorted({f"{t.model}: energy {t.energy_source}." for t in result.training}))
    return Table(
        "training", "What the training cost, in USD, beside the accuracy that it reached", columns, tuple(rows), notes
    )


def catalogue_table(devices: Sequence[Device]) -> Table:
    """Return the price list as a table; a value written from memory is marked."""
    columns = (
        Column("id", False),
        Column("name", False),
        Column("kind", False),
        Column("price USD"),
        Column("of", False),
        Column("USD/h"),
        Column("of", False),
        Column("power W"),
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
            _listed(d, "tdp_w"),
        )
        for d in devices
    )
    notes = (
        "(m): written from memory, so it enters no figure; give your own with --prices. An empty cell was not found.",
        "--json gives the source of every row.",
    )
    return Table("catalogue", "The price list, collected on 2026-11-23", columns, rows, notes)


def _listed(device: Device, field: str) -> str:
    value: float | None = getattr(device, field)
    return "" if value is None else f"{value:,.10g}" + (" (m)" if field in device.from_memory else "")

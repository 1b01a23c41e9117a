"""The tables of a class's report: its machines, the ranking, the costs, and the training.

for table in class_tables(entries): table.title, table.rows
"""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.bench.cost.pricing import OPTIONS
from dlbench.bench.report.cell_names import cell_key, network_names, timed_cells, where
from dlbench.bench.report.tables.cell_figures import cheapest, median_s
from dlbench.bench.report.tables.machine_tables import (
    cells_table,
    hardware_table,
    kinds_table,
    machines_table,
    reasons_table,
)
from dlbench.bench.report.tables.result_tables import accuracy_text, option_of, option_titles
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

__all__ = ["class_tables", "rank"]


def class_tables(entries: Sequence[Entry]) -> tuple[Table, ...]:
    """Return the tables that have rows, in reading order."""
    tables = (
        kinds_table(entries),
        machines_table(entries),
        reasons_table(entries),
        _ranking_table(entries),
        cells_table(entries),
        _class_cost_table(entries),
        hardware_table(entries),
        _class_training_table(entries),
    )
    return tuple(table for table in tables if table.rows)


def rank(values: Sequence[float | None]) -> list[int | None]:
    """Return the place of each value, 1 for the least; equal values share a place, None has none."""
    known = sorted(v for v in values if v is not None)
    return [None if v is None else known.index(v) + 1 for v in values]


def _ranking_table(entries: Sequence[Entry]) -> Table:
    """Rank the machines for each network: by waiting time at batch 1, by cost, by energy."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("machine"), False, wraps=True, key=True),
        Column(tr("place by latency")),
        Column(tr("shortest median")),
        Column(tr("fastest with"), False, secondary=3, wraps=True),
        Column(tr("place by cost"), secondary=1),
        Column(tr("least USD per million"), secondary=1),
        Column(tr("cheapest with"), False, secondary=3, wraps=True),
        Column(tr("place by energy"), secondary=2),
        Column(tr("least energy each"), secondary=2),
        Column(tr("energy is"), False, secondary=3),
    )
    named = network_names(entries)
    by_network: dict[str, dict[str, list[tuple[Entry, Cell]]]] = {}
    for entry, cell in timed_cells(entries):
        by_network.setdefault(named(cell), {}).setdefault(entry.label, []).append((entry, cell))
    rows, keys = [], []
    for network, by_machine in sorted(by_network.items()):
        bests = {label: _bests(cells) for label, cells in by_machine.items()}
        places = [rank([best[i][0] for best in bests.values()]) for i in range(3)]
        for row, (label, best) in enumerate(bests.items()):
            rows.append(_ranking_row(network, label, best, [p[row] for p in places]))
            keys.append(f"{network}|{label}")
    order = sorted(range(len(rows)), key=lambda i: (rows[i][0], getattr(rows[i][2], "value", None) or 1e9))
    notes = (
        tr(
            "shortest median: the fastest provider's time of one run at the smallest batch size. USD per million: "
            "the cheapest cell of the machine, owning it where its price is known, else renting (marked r); each "
            "machine with the prices of its own result file, so set all alike in the panel below before you judge. "
            "energy: of the cell that needs least."
        ),
    )
    table_rows, table_keys = tuple(rows[i] for i in order), tuple(keys[i] for i in order)
    return Table("ranking", tr("Ranking"), columns, table_rows, notes, table_keys)


_Best = tuple[float | None, str, str]  # the value, where it was reached, a mark


def _bests(cells: Sequence[tuple[Entry, Cell]]) -> tuple[_Best, _Best, _Best]:
    least = min(cell.batch for _, cell in cells)

    def place(entry: Entry, cell: Cell) -> str:
        return tr("{name}, batch {batch}", name=where(cell, entry.result), batch=cell.batch)

    quick = min(((e, c) for e, c in cells if c.batch == least), key=lambda pair: median_s(pair[1]))
    latency = (median_s(quick[1]), place(*quick), "")
    costs = [(usd, e, c) for e, c in cells if (usd := cheapest(c)) is not None]
    cost: _Best = (None, "", "")
    if costs:
        usd, e, c = min(costs, key=lambda item: item[0])
        owned = option_of(c.cost_usd_per_million, "own")
        cost = (usd, place(e, c), "" if owned and owned.usd_per_million is not None else " r")
    energies = [(c.energy_j_per_inference, c.energy_source) for _, c in cells if c.energy_j_per_inference is not None]
    joule, source = min(energies) if energies else (None, "")
    return latency, cost, (joule, tr("measured") if source.startswith("measured") else tr("estimated"), "")


def _ranking_row(
    network: str, label: str, best: tuple[_Best, _Best, _Best], places: list[int | None]
) -> tuple[str, ...]:
    latency, cost, energy = best
    usd = units.usd(cost[0])
    return (
        network,
        label,
        units.number(places[0], "{:d}"),
        units.duration(latency[0]),
        latency[1],
        units.number(places[1], "{:d}"),
        units.Figure(f"{usd}{cost[2]}", usd.value),
        cost[1],
        units.number(places[2], "{:d}"),
        units.joules(energy[0]),
        energy[1] if energy[0] is not None else "",
    )


def _class_cost_table(entries: Sequence[Entry]) -> Table:
    titles = option_titles()
    columns = (
        Column(tr("machine"), False, wraps=True, key=True),
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("batch"), key=True),
        *(Column(titles[o], secondary=o in ("electricity", "colab")) for o in OPTIONS),
        Column(tr("energy each"), secondary=2),
    )
    named = network_names(entries)
    pairs = sorted(timed_cells(entries), key=lambda p: (named(p[1]), p[1].batch, p[0].label))
    unit = units.price_unit(o.usd_per_million for _, cell in pairs for o in cell.cost_usd_per_million)
    rows = []
    for entry, cell in pairs:
        costs = [option_of(cell.cost_usd_per_million, o) for o in OPTIONS]
        rows.append(
            (
                entry.label,
                named(cell),
                where(cell, entry.result),
                units.number(cell.batch, "{:d}"),
                *(unit.figure(c.usd_per_million if c else None) for c in costs),
                units.joules(cell.energy_j_per_inference),
            )
        )
    keys = tuple(cell_key(cell, entry.label) for entry, cell in pairs)
    notes = (
        tr("n/a: the price is not known: give it where the machine is measured (--machine-price), or in the panel."),
        *dict.fromkeys(note for entry in entries for note in entry.result.assumptions),
    )
    return Table("cost", tr("Cost of inferences, in {unit}", unit=unit.title), columns, tuple(rows), notes, keys)


def _class_training_table(entries: Sequence[Entry]) -> Table:
    rents = [option_of(t.cost, "rent") for entry in entries for t in entry.result.training]
    unit = units.training_price_unit(rent.usd_total for rent in rents if rent)
    columns = (
        Column(tr("machine"), False, wraps=True, key=True),
        Column(tr("network"), False, key=True),
        Column(tr("trained on"), False, secondary=2, wraps=True),
        Column(tr("seconds")),
        Column(tr("accuracy"), wraps=True),
        Column(tr("energy"), secondary=1),
        Column(tr("rented, {unit}", unit=unit.title), secondary=1),
    )
    rows, keys = [], []
    for entry in entries:
        for t in entry.result.training:
            rent = option_of(t.cost, "rent")
            keys.append(f"training|{entry.label}|{t.model}")
            rows.append(
                (
                    entry.label,
                    t.model,
                    f"{t.data}, {t.device}",
                    units.number(t.training_s, "{:.1f}"),
                    accuracy_text(t.accuracy),
                    units.joules(t.energy_j),
                    unit.figure(rent.usd_total if rent else None),
                )
            )
    notes = (tr("a model file that was copied from another machine carries that machine's training with it."),)
    title = tr("Training, beside the accuracy that it reached")
    return Table("training", title, columns, tuple(rows), notes, tuple(keys))

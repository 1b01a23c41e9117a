"""The tables of a class's report: its machines, the ranking, the costs, and the training.

for table in class_tables(entries): table.title, table.rows
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlbench.bench.cost.pricing import OPTIONS
from dlbench.bench.report.answer_words import marked
from dlbench.bench.report.cell_names import cell_key, network_names, timed_cells, where
from dlbench.bench.report.held_against import Member, places_by
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

__all__ = ["class_tables"]


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


def _ranking_table(entries: Sequence[Entry]) -> Table:
    """Rank the machines for each network: by waiting time at batch 1, by cost, by energy."""
    unit = units.price_unit(cheapest(cell) for _, cell in timed_cells(entries))
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("machine"), False, wraps=True, key=True),
        Column(tr("place by latency")),
        Column(tr("shortest median")),
        Column(tr("fastest with"), False, secondary=3, wraps=True),
        Column(tr("place by cost"), secondary=1),
        Column(tr("least cost, {unit}", unit=unit.title), secondary=1),
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
        places = [_places([best[i] for best in bests.values()]) for i in range(3)]
        for row, (label, best) in enumerate(bests.items()):
            rows.append(_ranking_row(network, label, best, [p[row] for p in places], unit))
            keys.append(f"{network}|{label}")
    order = sorted(range(len(rows)), key=lambda i: (rows[i][0], getattr(rows[i][2], "value", None) or 1e9))
    notes = (
        tr(
            "shortest median: the fastest provider's time of one run at the smallest batch size. least cost: "
            "the cheapest cell of the machine, owning it where its price is known, else renting (marked r); each "
            "machine with the prices of its own result file, so set all alike in the panel below before you judge. "
            "energy: of the cell that needs least. Machines that are not shown to differ, outside the noise, share a "
            "place. ~: hardly any round was calm."
        ),
    )
    table_rows, table_keys = tuple(rows[i] for i in order), tuple(keys[i] for i in order)
    return Table("ranking", tr("Ranking"), columns, table_rows, notes, table_keys)


@dataclass(frozen=True)
class _Best:
    """The least value of a machine."""

    value: float | None = None
    member: Member | None = None  # the cell that it is of
    mark: str = ""

    @property
    def place(self) -> str:
        """Where it was reached."""
        if self.member is None:
            return ""
        entry, cell = self.member
        return tr("{name}, batch {batch}", name=where(cell, entry.result), batch=cell.batch)

    def shown(self, figure: units.Figure) -> units.Figure:
        """Return a figure with its marks."""
        text = units.Figure(f"{figure}{self.mark}", figure.value)
        return marked(text, self.value is not None and self.member is not None and self.member[1].disturbed)


def _places(bests: Sequence[_Best]) -> list[int | None]:
    """Return the place of each; what is not shown to be more than the first of a place shares it."""
    known = [best for best in bests if best.member is not None]
    found = iter(places_by([best.member for best in known if best.member], [best.value for best in known]))
    return [next(found) if best.member is not None else None for best in bests]


def _bests(cells: Sequence[Member]) -> tuple[_Best, _Best, _Best]:
    least = min(cell.batch for _, cell in cells)
    quick = min(((e, c) for e, c in cells if c.batch == least), key=lambda pair: median_s(pair[1]))
    costs = [(usd, i) for i, (_, c) in enumerate(cells) if (usd := cheapest(c)) is not None]
    cost = _Best()
    if costs:
        usd, i = min(costs)
        owned = option_of(cells[i][1].cost_usd_per_million, "own")
        cost = _Best(usd, cells[i], "" if owned and owned.usd_per_million is not None else " r")
    energies = [(c.energy_j_per_inference, i) for i, (_, c) in enumerate(cells) if c.energy_j_per_inference is not None]
    joule, i = min(energies) if energies else (None, 0)
    return _Best(median_s(quick[1]), quick), cost, _Best(joule, cells[i]) if energies else _Best()


def _ranking_row(
    network: str, label: str, best: tuple[_Best, _Best, _Best], places: list[int | None], unit: units.Unit
) -> tuple[str, ...]:
    latency, cost, energy = best
    source = energy.member[1].energy_source if energy.member else ""
    return (
        network,
        label,
        units.number(places[0], "{:d}"),
        latency.shown(units.duration(latency.value)),
        latency.place,
        units.number(places[1], "{:d}"),
        cost.shown(unit.figure(cost.value)),
        cost.place,
        units.number(places[2], "{:d}"),
        energy.shown(units.joules(energy.value)),
        (tr("measured") if source.startswith("measured") else tr("estimated")) if energy.member else "",
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
                *(marked(unit.figure(c.usd_per_million if c else None), cell.disturbed) for c in costs),
                marked(units.joules(cell.energy_j_per_inference), cell.disturbed),
            )
        )
    keys = tuple(cell_key(cell, entry.label) for entry, cell in pairs)
    notes = (
        tr("n/a: the price is not known: give it where the machine is measured (`machine_price`), or in the panel."),
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

"""The tables of a class's report: its machines, the ranking, the costs, and the training.

for table in class_tables(entries): table.title, table.rows
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from dlbench.bench.report.answer_words import marked
from dlbench.bench.report.cell_names import network_names, shared_price_unit, timed_cells, where
from dlbench.bench.report.held_against import Member, places_by
from dlbench.bench.report.tables.cost_columns import cost_columns
from dlbench.bench.report.tables.machine_tables import (
    cells_table,
    hardware_table,
    kinds_table,
    machine_column,
    machines_table,
    member_columns,
    member_key,
    reasons_table,
)
from dlbench.bench.report.tables.result_tables import accuracy_text
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import TrainingCost
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table, through
from dlbench.show.texts import tr


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


@dataclass(frozen=True)
class _Ranked:
    """One network on one machine."""

    network: str
    machine: str
    latency: _Best
    cost: _Best
    energy: _Best
    places: tuple[int | None, ...]  # by latency, cost and energy

    @property
    def energy_kind(self) -> str:
        """Whether its energy was measured or estimated."""
        if self.energy.member is None:
            return ""
        read = self.energy.member[1].energy_source.startswith("measured")
        return tr("measured") if read else tr("estimated")


def _ranking_table(entries: Sequence[Entry]) -> Table:
    """Rank the machines for each network: by waiting time at batch 1, by cost, by energy."""
    unit = shared_price_unit(entries)
    columns: tuple[Filled[_Ranked], ...] = (
        (Column(tr("network"), False, key=True), lambda r: r.network),
        (Column(tr("machine"), False, wraps=True, key=True), lambda r: r.machine),
        (Column(tr("place by latency")), lambda r: units.number(r.places[0], "{:d}")),
        (Column(tr("shortest median")), lambda r: r.latency.shown(units.duration(r.latency.value))),
        (Column(tr("fastest with"), False, secondary=3, wraps=True), lambda r: r.latency.place),
        (Column(tr("place by cost"), secondary=1), lambda r: units.number(r.places[1], "{:d}")),
        (
            Column(tr("least cost, {unit}", unit=unit.title), secondary=1),
            lambda r: r.cost.shown(unit.figure(r.cost.value)),
        ),
        (Column(tr("cheapest with"), False, secondary=3, wraps=True), lambda r: r.cost.place),
        (Column(tr("place by energy"), secondary=2), lambda r: units.number(r.places[2], "{:d}")),
        (Column(tr("least energy each"), secondary=2), lambda r: r.energy.shown(units.joules(r.energy.value))),
        (Column(tr("energy is"), False, secondary=3), lambda r: r.energy_kind),
    )
    notes = (
        tr(
            "shortest median: the fastest provider's time of one run at the smallest batch size. least cost: "
            "the cheapest cell of the machine, owning it where its price is known, else renting (marked r); each "
            "machine with the prices of its own result file, so set all alike in the panel below before you judge. "
            "energy: of the cell that needs least. Machines that are not shown to differ, outside the noise, share a "
            "place. ~: hardly any round was calm."
        ),
    )
    rows = sorted(_ranked(entries), key=lambda r: (r.network, r.places[0] or 1e9))
    return Table.of("ranking", tr("Ranking"), rows, columns, notes, lambda r: f"{r.network}|{r.machine}")


def _ranked(entries: Sequence[Entry]) -> Iterator[_Ranked]:
    named = network_names(entries)
    by_network: dict[str, dict[str, list[Member]]] = {}
    for entry, cell in timed_cells(entries):
        by_network.setdefault(named(cell), {}).setdefault(entry.label, []).append((entry, cell))
    for network, by_machine in sorted(by_network.items()):
        bests = [_bests(cells) for cells in by_machine.values()]
        places = zip(*(_places(kind) for kind in zip(*bests, strict=True)), strict=True)
        for machine, best, place in zip(by_machine, bests, places, strict=True):
            yield _Ranked(network, machine, *best, place)


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
    quick = [(cell.median_s if cell.batch == least else None) for _, cell in cells]
    cost, energy = [cell.least_usd for _, cell in cells], [cell.energy_j_per_inference for _, cell in cells]
    marks = ["" if cell.usd("own") is not None else " r" for _, cell in cells]
    return _least(quick, cells), _least(cost, cells, marks), _least(energy, cells)


def _least(values: Sequence[float | None], cells: Sequence[Member], marks: Sequence[str] = ()) -> _Best:
    known = [(value, i) for i, value in enumerate(values) if value is not None]
    if not known:
        return _Best()
    value, i = min(known)
    return _Best(value, cells[i], marks[i] if marks else "")


def _class_cost_table(entries: Sequence[Entry]) -> Table:
    named = network_names(entries)
    members = sorted(timed_cells(entries), key=lambda m: (named(m[1]), m[1].batch, m[0].label))
    unit = shared_price_unit(entries)
    of_cell: Iterator[Filled[Member]] = through(cost_columns(unit), itemgetter(1))
    notes = (
        tr("n/a: the price is not known: give it where the machine is measured (`machine_price`), or in the panel."),
        *dict.fromkeys(note for entry in entries for note in entry.result.assumptions),
    )
    title = tr("Cost of inferences, in {unit}", unit=unit.title)
    return Table.of("cost", title, members, (machine_column(), *member_columns(named), *of_cell), notes, member_key)


def _class_training_table(entries: Sequence[Entry]) -> Table:
    trainings = [(entry, training) for entry in entries for training in entry.result.training]
    unit = units.training_price_unit(training.usd("rent") for _, training in trainings)
    of_training: tuple[Filled[TrainingCost], ...] = (
        (Column(tr("network"), False, key=True), lambda t: t.model),
        (Column(tr("trained on"), False, secondary=2, wraps=True), lambda t: f"{t.data}, {t.device}"),
        (Column(tr("seconds")), lambda t: units.number(t.training_s, "{:.1f}")),
        (Column(tr("accuracy"), wraps=True), lambda t: accuracy_text(t.accuracy)),
        (Column(tr("energy"), secondary=1), lambda t: units.joules(t.energy_j)),
        (Column(tr("rented, {unit}", unit=unit.title), secondary=1), lambda t: unit.figure(t.usd("rent"))),
    )
    columns: tuple[Filled[tuple[Entry, TrainingCost]], ...] = (
        (Column(tr("machine"), False, wraps=True, key=True), lambda pair: pair[0].label),
        *through(of_training, itemgetter(1)),
    )
    notes = (tr("a model file that was copied from another machine carries that machine's training with it."),)
    title = tr("Training, beside the accuracy that it reached")
    return Table.of(
        "training", title, trainings, columns, notes, lambda pair: f"training|{pair[0].label}|{pair[1].model}"
    )

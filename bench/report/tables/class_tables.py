"""The tables of a class's report: machines as columns, the ranking, and what did not run as asked.

for table in class_tables(entries): table.title, table.rows
"""

from __future__ import annotations

from collections.abc import Sequence

from dlbench.bench.cost.pricing import OPTIONS
from dlbench.bench.report.cell_names import cell_key, lost_key, network_names, timed_cells, where
from dlbench.bench.report.tables.result_tables import accuracy_text, option_of, option_titles
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

__all__ = ["cheapest", "class_tables", "pooled", "rank"]


def class_tables(entries: Sequence[Entry]) -> tuple[Table, ...]:
    """Return the tables that have rows, in reading order."""
    tables = (
        _ranking_table(entries),
        _by_machine_table(entries),
        _class_cost_table(entries),
        _not_as_asked_table(entries),
        _machines_table(entries),
        _class_training_table(entries),
    )
    return tuple(table for table in tables if table.rows)


def pooled(entries: Sequence[Entry]) -> dict[tuple[str, str, int], dict[str, tuple[Entry, Cell]]]:
    """Return the timed cells by network, provider and batch, and there by machine."""
    named = network_names(entries)
    rows: dict[tuple[str, str, int], dict[str, tuple[Entry, Cell]]] = {}
    for entry, cell in timed_cells(entries):
        key = (named(cell), where(cell, entry.result), cell.batch)
        rows.setdefault(key, {}).setdefault(entry.label, (entry, cell))
    return rows


def _median(cell: Cell) -> float:
    assert cell.latency_s is not None
    return cell.latency_s.p50


def _by_machine_table(entries: Sequence[Entry]) -> Table:
    labels = [entry.label for entry in entries]
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, key=True),
        Column(tr("batch"), key=True),
        *(Column(label) for label in labels),
        Column(tr("fastest"), False),
    )
    rows, keys = [], []
    for (model, provider, batch), by_machine in sorted(pooled(entries).items()):
        best = min(by_machine, key=lambda label: _median(by_machine[label][1]))
        rows.append(
            (
                model,
                provider,
                units.number(batch, "{:d}"),
                *(_shown(by_machine[label][1]) if label in by_machine else "" for label in labels),
                best,
            )
        )
        keys.append(f"{model}|{provider}|{batch}")
    notes = (
        tr(
            "each figure is the median time of one run of the whole batch on that machine. * its machine was "
            "disturbed: fewer calm rounds than were asked for. p: partial, some nodes ran on another provider. An "
            "empty place was not measured there."
        ),
    )
    return Table("machines", tr("Speed, machine by machine"), columns, tuple(rows), notes, tuple(keys))


def _shown(cell: Cell) -> str:
    figure = units.duration(_median(cell))
    marks = ("*" if cell.interval_covers not in ("", "calm rounds") else "") + (
        "p" if cell.verdict == "partial" else ""
    )
    return units.Figure(f"{figure}{marks}", figure.value)


def cheapest(cell: Cell) -> float | None:
    """Return a cell's cost where owning has a price, else where renting has one, in USD per million."""
    for option in ("own", "rent"):
        priced = option_of(cell.cost_usd_per_million, option)
        if priced and priced.usd_per_million is not None:
            return priced.usd_per_million
    return None


def rank(values: Sequence[float | None]) -> list[int | None]:
    """Return the place of each value, 1 for the least; equal values share a place, None has none."""
    known = sorted(v for v in values if v is not None)
    return [None if v is None else known.index(v) + 1 for v in values]


def _ranking_table(entries: Sequence[Entry]) -> Table:
    """Rank the machines for each network: by waiting time at batch 1, by cost, by energy."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("machine"), False, key=True),
        Column(tr("place by latency")),
        Column(tr("shortest median")),
        Column(tr("there"), False, secondary=3),
        Column(tr("place by cost"), secondary=1),
        Column(tr("least USD per million"), secondary=1),
        Column(tr("there"), False, secondary=3),
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

    quick = min(((e, c) for e, c in cells if c.batch == least), key=lambda pair: _median(pair[1]))
    latency = (_median(quick[1]), place(*quick), "")
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
        Column(tr("machine"), False, key=True),
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, key=True),
        Column(tr("batch"), key=True),
        *(Column(titles[o], secondary=o in ("electricity", "colab")) for o in OPTIONS),
        Column(tr("energy each"), secondary=2),
    )
    named = network_names(entries)
    pairs = sorted(timed_cells(entries), key=lambda p: (named(p[1]), p[1].batch, p[0].label))
    rows = []
    for entry, cell in pairs:
        costs = [option_of(cell.cost_usd_per_million, o) for o in OPTIONS]
        rows.append(
            (
                entry.label,
                named(cell),
                where(cell, entry.result),
                units.number(cell.batch, "{:d}"),
                *(units.usd(c.usd_per_million if c else None) for c in costs),
                units.joules(cell.energy_j_per_inference),
            )
        )
    keys = tuple(cell_key(cell, entry.label) for entry, cell in pairs)
    notes = (
        tr("n/a: the price is not known: give it where the machine is measured (--machine-price), or in the panel."),
        *dict.fromkeys(note for entry in entries for note in entry.result.assumptions),
    )
    return Table("cost", tr("Cost of a million inferences, in USD"), columns, tuple(rows), notes, keys)


def _not_as_asked_table(entries: Sequence[Entry]) -> Table:
    columns = (
        Column(tr("machine"), False, key=True),
        Column(tr("network"), False, key=True),
        Column(tr("asked for"), False, key=True),
        Column(tr("batch"), key=True),
        Column(tr("verdict"), False),
        Column(tr("why"), False, wraps=True),
    )
    groups: dict[tuple[str, ...], list[str]] = {}
    for entry in entries:
        for cell in entry.result.cells:
            if cell.verdict != "ran":
                name = lost_key(cell, entry.label)
                key = (name, entry.label, cell.model, where(cell, entry.result), cell.verdict, cell.reason)
                groups.setdefault(key, []).append(str(cell.batch))
    rows = tuple((m, n, p, ",".join(dict.fromkeys(b)), v, why) for (_, m, n, p, v, why), b in groups.items())
    keys = tuple(key[0] for key in groups)
    notes = (tr("these cells have no place in the ranking, but for partial ones, which are marked there."),)
    return Table("notasked", tr("What did not run as it was asked to"), columns, rows, notes, keys)


def _machines_table(entries: Sequence[Entry]) -> Table:
    columns = (
        Column(tr("machine"), False, key=True),
        Column(tr("processor"), False, wraps=True),
        Column(tr("cores")),
        Column(tr("memory"), secondary=1),
        Column("GPU", False, secondary=1, wraps=True),
        Column(tr("system"), False, secondary=2, wraps=True),
        Column("ONNX Runtime", False, secondary=2),
        Column(tr("measured"), False, secondary=2),
        Column(tr("calm rounds")),
    )
    rows = []
    for entry in entries:
        machine = entry.result.machine
        rounds = [r for c in entry.result.cells for r in c.rounds]
        calm = sum(r.undisturbed for r in rounds)
        rows.append(
            (
                entry.label,
                machine.cpu,
                units.number(machine.usable_cores, "{:d}"),
                units.size(machine.memory_bytes),
                machine.gpu.name if machine.gpu else tr("none seen"),
                machine.os,
                entry.result.software.onnxruntime,
                entry.result.created[:16].replace("T", " ") + ("" if entry.result.complete else tr(" (cut off)")),
                units.percent(calm / len(rounds) if rounds else None),
            )
        )
    return Table("hardware", tr("The machines"), columns, tuple(rows))


def _class_training_table(entries: Sequence[Entry]) -> Table:
    columns = (
        Column(tr("machine"), False, key=True),
        Column(tr("network"), False, key=True),
        Column(tr("trained on"), False, secondary=2, wraps=True),
        Column(tr("seconds")),
        Column(tr("accuracy"), wraps=True),
        Column(tr("energy"), secondary=1),
        Column(tr("rented, USD"), secondary=1),
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
                    units.usd(rent.usd_total if rent else None),
                )
            )
    notes = (tr("a model file that was copied from another machine carries that machine's training with it."),)
    title = tr("Training, beside the accuracy that it reached")
    return Table("training", title, columns, tuple(rows), notes, tuple(keys))

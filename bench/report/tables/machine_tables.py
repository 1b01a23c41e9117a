"""The machines of a class as rows: by kind of processor, one by one, cell by cell, and what could not run.

kinds_table(entries), machines_table(entries), cells_table(entries), reasons_table(entries), hardware_table(entries)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from statistics import mean, median

from dlbench.bench.report.answer_words import marked
from dlbench.bench.report.cell_names import (
    cell_key,
    network_names,
    processor_name,
    reason_key,
    runs_on,
    timed_cells,
    verdict_words,
    where,
)
from dlbench.bench.report.tables.cell_figures import median_s
from dlbench.bench.report.tables.speed_tables import interval
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

__all__ = ["cells_table", "hardware_table", "kinds_table", "machines_table", "reasons_table"]

_NAMED = 4  # machines that are named before the rest is counted


@dataclass(frozen=True)
class _Line:
    """What one machine did on one provider: the median of each network at its smallest batch."""

    entry: Entry
    device: str
    provider: str
    cells: dict[str, Cell]


def _first_batches(entries: Sequence[Entry]) -> dict[str, int]:
    """Return the smallest batch size that each network was timed at, by the network's name."""
    named, least = network_names(entries), dict[str, int]()
    for _, cell in timed_cells(entries):
        least[named(cell)] = min(cell.batch, least.get(named(cell), cell.batch))
    return dict(sorted(least.items()))


def _lines(entries: Sequence[Entry], least: Mapping[str, int]) -> list[_Line]:
    """Return one line a machine and provider, the fastest kind of processor first, the fastest machine of it first."""
    named = network_names(entries)
    lines: dict[tuple[str, str], _Line] = {}
    for entry, cell in timed_cells(entries):
        if cell.batch == least[named(cell)]:
            provider = where(cell, entry.result)
            new = _Line(entry, runs_on(cell, entry.result.machine), provider, {})
            lines.setdefault((entry.label, provider), new).cells[named(cell)] = cell
    slowness = _slowness(list(lines.values()))
    kinds: dict[tuple[str, str], list[float]] = {}
    for key, line in lines.items():
        kinds.setdefault((line.device, line.provider), []).append(slowness[key])
    order = sorted(
        lines, key=lambda key: (median(kinds[lines[key].device, lines[key].provider]), lines[key].device, slowness[key])
    )
    return [lines[key] for key in order]


def _slowness(lines: Sequence[_Line]) -> dict[tuple[str, str], float]:
    """Return how many times as long each line takes as the fastest, as the geometric mean over its networks."""
    fastest: dict[str, float] = {}
    for line in lines:
        for name, cell in line.cells.items():
            fastest[name] = min(median_s(cell), fastest.get(name, median_s(cell)))
    return {
        (line.entry.label, line.provider): exp(mean(log(median_s(c) / fastest[n]) for n, c in line.cells.items()))
        for line in lines
    }


def _network_columns(least: Mapping[str, int]) -> tuple[Column, ...]:
    """Return a column a network, with its batch size where it is not that of all."""
    alike = _one_batch(least) is not None
    return tuple(Column(n if alike else tr("{name}, batch {batch}", name=n, batch=b)) for n, b in least.items())


def _one_batch(least: Mapping[str, int]) -> int | None:
    """Return the batch size of all networks' figures, or None where they differ."""
    batches = set(least.values())
    return batches.pop() if len(batches) == 1 else None


def kinds_table(entries: Sequence[Entry]) -> Table:
    """Return a row a kind of processor: how many machines have it, and the median of their medians, with the range."""
    least = _first_batches(entries)
    columns = (
        Column(tr("processor"), False, wraps=True, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("machines")),
        *_network_columns(least),
    )
    groups: dict[tuple[str, str], list[_Line]] = {}
    for line in _lines(entries, least):
        groups.setdefault((line.device, line.provider), []).append(line)
    rows = []
    for (device, provider), lines in groups.items():
        figures = []
        for network in least:
            figures.append(_range([median_s(line.cells[network]) for line in lines if network in line.cells]))
        rows.append((device, provider, units.number(len(lines), "{:d}"), *figures))
    notes = (tr("the median of the machines' medians, and the fastest and the slowest machine of the kind."),)
    batch = _one_batch(least)
    title = (
        tr("Speed at batch {batch}, by kind of processor", batch=batch)
        if batch
        else tr("Speed at the smallest batch, by kind of processor")
    )
    return Table("kinds", title, columns, tuple(rows), notes)


def _range(medians: Sequence[float]) -> str:
    if not medians:
        return ""
    middle = units.duration(median(medians))
    if len(medians) == 1:
        return middle
    return units.Figure(f"{middle} ({units.duration_range(min(medians), max(medians))})", middle.value)


def machines_table(entries: Sequence[Entry]) -> Table:
    """Return a row a machine and provider, by kind of processor, with each network's median."""
    least = _first_batches(entries)
    columns = (
        Column(tr("processor"), False, wraps=True, key=True),
        Column(tr("machine"), False, wraps=True, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        *_network_columns(least),
    )
    lines = _lines(entries, least)
    rows = tuple(
        (
            line.device,
            line.entry.label,
            line.provider,
            *(_shown(line.cells[n]) if n in line.cells else "" for n in least),
        )
        for line in lines
    )
    keys = tuple(f"{line.entry.label}|{line.provider}" for line in lines)
    notes = (
        tr(
            "each figure is the median time of one run of the whole batch on that machine. ~ hardly any round was "
            "calm. * fewer calm rounds than were asked for. p: partial, some nodes ran on another "
            "provider. An empty place was not measured there."
        ),
    )
    batch = _one_batch(least)
    title = (
        tr("Speed at batch {batch}, machine by machine", batch=batch)
        if batch
        else tr("Speed at the smallest batch, machine by machine")
    )
    return Table("machines", title, columns, rows, notes, keys)


def _shown(cell: Cell) -> str:
    figure = marked(units.duration(median_s(cell)), cell.disturbed)
    few = "*" if cell.interval_covers == "all rounds" else ""
    partial = "p" if cell.verdict == "partial" else ""
    return units.Figure(f"{figure}{few}{partial}", figure.value)


def cells_table(entries: Sequence[Entry]) -> Table:
    """Return a row for each measured cell of each machine."""
    columns = (
        Column(tr("network"), False, key=True),
        Column(tr("provider"), False, wraps=True, key=True),
        Column(tr("batch"), key=True),
        Column(tr("machine"), False, wraps=True, key=True),
        Column(tr("processor"), False, wraps=True, key=True),
        Column(tr("median")),
        Column(tr("95 % interval")),
        Column(tr("per second"), secondary=1),
    )
    named = network_names(entries)
    pairs = sorted(
        timed_cells(entries),
        key=lambda p: (named(p[1]), where(p[1], p[0].result), p[1].batch, median_s(p[1])),
    )
    rows = tuple(
        (
            named(cell),
            where(cell, entry.result),
            units.number(cell.batch, "{:d}"),
            entry.label,
            runs_on(cell, entry.result.machine),
            _shown(cell),
            interval(cell),
            marked(units.thousands(cell.throughput_per_s), cell.disturbed),
        )
        for entry, cell in pairs
    )
    keys = tuple(cell_key(cell, entry.label) for entry, cell in pairs)
    return Table("cells", tr("Speed, cell by cell"), columns, rows, (), keys)


def reasons_table(entries: Sequence[Entry]) -> Table:
    """Return a row a reason for which something did not run as it was asked to, with the machines that gave it."""
    columns = (
        Column(tr("asked for"), False, key=True),
        Column(tr("verdict"), False),
        Column(tr("why"), False, wraps=True),
        Column(tr("machines"), False, wraps=True),
        Column(tr("networks"), False, wraps=True),
    )
    groups: dict[str, list[tuple[Entry, Cell]]] = {}
    for entry in entries:
        for cell in entry.result.cells:
            if cell.verdict != "ran":
                groups.setdefault(reason_key(cell), []).append((entry, cell))
    rows = []
    for pairs in groups.values():
        cell = pairs[0][1]
        machines = list(dict.fromkeys(entry.label for entry, _ in pairs))
        networks = dict.fromkeys(c.model for _, c in pairs)
        rows.append(
            (cell.provider, verdict_words(cell.verdict), cell.reason, named_machines(machines), ", ".join(networks))
        )
    notes = (tr("these cells have no place in the ranking, but for partial ones, which are marked there."),)
    return Table("notasked", tr("What did not run as it was asked to"), columns, tuple(rows), notes, tuple(groups))


def named_machines(labels: Sequence[str]) -> str:
    """Return a few machines by name, and how many there are where they are many."""
    if len(labels) <= _NAMED:
        return ", ".join(labels)
    return tr("{n} machines", n=units.number(len(labels), "{:d}"))


def hardware_table(entries: Sequence[Entry]) -> Table:
    """Return what each machine is, and when it was measured."""
    columns = (
        Column(tr("machine"), False, wraps=True, key=True),
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
    for entry in sorted(entries, key=lambda e: (processor_name(e.result.machine.cpu), e.label)):
        machine = entry.result.machine
        rounds = [r for c in entry.result.cells for r in c.rounds]
        calm = sum(r.undisturbed for r in rounds)
        rows.append(
            (
                entry.label,
                processor_name(machine.cpu),
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

"""The machines of a class as rows: by kind of processor, one by one, cell by cell, and what could not run.

kinds_table(entries), machines_table(entries), cells_table(entries), reasons_table(entries), hardware_table(entries)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from operator import attrgetter, itemgetter
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
from dlbench.bench.report.held_against import Member
from dlbench.bench.report.tables.speed_tables import interval
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import Machine
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table, through
from dlbench.show.texts import tr

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
            fastest[name] = min(cell.median_s, fastest.get(name, cell.median_s))
    return {
        (line.entry.label, line.provider): exp(mean(log(c.median_s / fastest[n]) for n, c in line.cells.items()))
        for line in lines
    }


def _one_batch(least: Mapping[str, int]) -> int | None:
    """Return the batch size of all networks' figures, or None where they differ."""
    batches = set(least.values())
    return batches.pop() if len(batches) == 1 else None


def _network_titles(least: Mapping[str, int]) -> Iterator[tuple[str, Column]]:
    """Yield each network with the column of its figures, which names its batch size where it is not that of all."""
    alike = _one_batch(least) is not None
    for name, batch in least.items():
        yield name, Column(name if alike else tr("{name}, batch {batch}", name=name, batch=batch))


def kinds_table(entries: Sequence[Entry]) -> Table:
    """Return a row a kind of processor: how many machines have it, and the median of their medians, with the range."""
    least = _first_batches(entries)
    groups: dict[tuple[str, str], list[_Line]] = {}
    for line in _lines(entries, least):
        groups.setdefault((line.device, line.provider), []).append(line)

    def range_of(network: str) -> Callable[[Sequence[_Line]], str]:
        return lambda lines: _range([line.cells[network].median_s for line in lines if network in line.cells])

    columns: tuple[Filled[Sequence[_Line]], ...] = (
        (Column(tr("processor"), False, wraps=True, key=True), lambda lines: lines[0].device),
        (Column(tr("provider"), False, wraps=True, key=True), lambda lines: lines[0].provider),
        (Column(tr("machines")), lambda lines: units.number(len(lines), "{:d}")),
        *((column, range_of(network)) for network, column in _network_titles(least)),
    )
    notes = (tr("the median of the machines' medians, and the fastest and the slowest machine of the kind."),)
    batch = _one_batch(least)
    title = (
        tr("Speed at batch {batch}, by kind of processor", batch=batch)
        if batch
        else tr("Speed at the smallest batch, by kind of processor")
    )
    return Table.of("kinds", title, groups.values(), columns, notes)


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

    def of(network: str) -> Callable[[_Line], str]:
        return lambda line: _shown(line.cells[network]) if network in line.cells else ""

    columns: tuple[Filled[_Line], ...] = (
        (Column(tr("processor"), False, wraps=True, key=True), lambda line: line.device),
        (Column(tr("machine"), False, wraps=True, key=True), lambda line: line.entry.label),
        (Column(tr("provider"), False, wraps=True, key=True), lambda line: line.provider),
        *((column, of(network)) for network, column in _network_titles(least)),
    )
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
    lines = _lines(entries, least)
    return Table.of("machines", title, lines, columns, notes, lambda line: f"{line.entry.label}|{line.provider}")


def _shown(cell: Cell) -> str:
    figure = marked(units.duration(cell.median_s), cell.disturbed)
    few = "*" if cell.interval_covers == "all rounds" else ""
    partial = "p" if cell.verdict == "partial" else ""
    return units.Figure(f"{figure}{few}{partial}", figure.value)


def member_columns(named: Callable[[Cell], str]) -> tuple[Filled[Member], ...]:
    """Return network, provider and batch of a machine's cell."""
    return (
        (Column(tr("network"), False, key=True), lambda member: named(member[1])),
        (Column(tr("provider"), False, wraps=True, key=True), lambda member: where(member[1], member[0].result)),
        (Column(tr("batch"), key=True), lambda member: units.number(member[1].batch, "{:d}")),
    )


def machine_column() -> Filled[Member]:
    """Return the name of a cell's machine."""
    return Column(tr("machine"), False, wraps=True, key=True), lambda member: member[0].label


def member_key(member: Member) -> str:
    """Return what tells a machine's cell from every other one."""
    return cell_key(member[1], member[0].label)


def cells_table(entries: Sequence[Entry]) -> Table:
    """Return a row for each measured cell of each machine."""
    named = network_names(entries)
    of_cell: tuple[Filled[Cell], ...] = (
        (Column(tr("median")), _shown),
        (Column(tr("95 % interval")), interval),
        (Column(tr("per second"), secondary=1), lambda c: marked(units.thousands(c.throughput_per_s), c.disturbed)),
    )
    columns: tuple[Filled[Member], ...] = (
        *member_columns(named),
        machine_column(),
        (Column(tr("processor"), False, wraps=True, key=True), lambda m: runs_on(m[1], m[0].result.machine)),
        *through(of_cell, itemgetter(1)),
    )
    members = sorted(
        timed_cells(entries), key=lambda m: (named(m[1]), where(m[1], m[0].result), m[1].batch, m[1].median_s)
    )
    return Table.of("cells", tr("Speed, cell by cell"), members, columns, keys=member_key)


def reasons_table(entries: Sequence[Entry]) -> Table:
    """Return a row a reason for which something did not run as it was asked to, with the machines that gave it."""
    groups: dict[str, list[Member]] = {}
    for entry in entries:
        for cell in entry.result.cells:
            if cell.verdict != "ran":
                groups.setdefault(reason_key(cell), []).append((entry, cell))
    columns: tuple[Filled[Sequence[Member]], ...] = (
        (Column(tr("asked for"), False, key=True), lambda members: members[0][1].provider),
        (Column(tr("verdict"), False), lambda members: verdict_words(members[0][1].verdict)),
        (Column(tr("why"), False, wraps=True), lambda members: members[0][1].reason),
        (Column(tr("machines"), False, wraps=True), lambda members: named_machines([e.label for e, _ in members])),
        (
            Column(tr("networks"), False, wraps=True),
            lambda members: ", ".join(dict.fromkeys(cell.model for _, cell in members)),
        ),
    )
    notes = (tr("these cells have no place in the ranking, but for partial ones, which are marked there."),)
    title = tr("What did not run as it was asked to")
    return Table.of("notasked", title, groups.values(), columns, notes, lambda members: reason_key(members[0][1]))


def named_machines(labels: Sequence[str]) -> str:
    """Return a few machines by name, and how many there are where they are many."""
    labels = list(dict.fromkeys(labels))
    if len(labels) <= _NAMED:
        return ", ".join(labels)
    return tr("{n} machines", n=units.number(len(labels), "{:d}"))


def hardware_table(entries: Sequence[Entry]) -> Table:
    """Return what each machine is, and when it was measured."""
    of_machine: tuple[Filled[Machine], ...] = (
        (Column(tr("processor"), False, wraps=True), lambda m: processor_name(m.cpu)),
        (Column(tr("cores")), lambda m: units.number(m.usable_cores, "{:d}")),
        (Column(tr("memory"), secondary=1), lambda m: units.size(m.memory_bytes)),
        (Column("GPU", False, secondary=1, wraps=True), lambda m: m.gpu.name if m.gpu else tr("none seen")),
        (Column(tr("system"), False, secondary=2, wraps=True), lambda m: m.os),
    )
    columns: tuple[Filled[Entry], ...] = (
        (Column(tr("machine"), False, wraps=True, key=True), lambda entry: entry.label),
        *through(of_machine, attrgetter("result.machine")),
        (Column("ONNX Runtime", False, secondary=2), lambda entry: entry.result.software.onnxruntime),
        (Column(tr("measured"), False, secondary=2), lambda entry: _measured(entry.result)),
        (Column(tr("calm rounds")), lambda entry: _calm(entry.result)),
    )
    ordered = sorted(entries, key=lambda e: (processor_name(e.result.machine.cpu), e.label))
    return Table.of("hardware", tr("The machines"), ordered, columns)


def _measured(result: Result) -> str:
    return result.created[:16].replace("T", " ") + ("" if result.complete else tr(" (cut off)"))


def _calm(result: Result) -> units.Figure:
    rounds = [r for cell in result.cells for r in cell.rounds]
    return units.percent(sum(r.undisturbed for r in rounds) / len(rounds) if rounds else None)

"""Which cells a report compares, and what it calls them in tables, charts and links.

where(cell, result)    # "cpu, 2 threads"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from dlbench.bench.cost.pricing import SHOWN_FIRST
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import Machine
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Filled
from dlbench.show.texts import tr

# of what a processor calls itself: trade marks, its clock, its cores, and the words that every name has
_NO_NAME = re.compile(r"\((?:R|TM)\)|[®™]|(?<=\s)(?:CPU|Processor)\b|\d+-Core\b|\bwith Radeon .*|@.*", re.I)


def cell_key(cell: Cell, machine: str = "") -> str:
    """Return what identifies a cell, in its result or among all machines."""
    parts = (machine, cell.model, cell.precision, cell.provider, cell.batch, cell.threads, cell.copies_included)
    return "|".join(map(str, (*parts, cell.streams, cell.scenario, cell.rate_per_s)))


def verdict_words(verdict: str) -> str:
    """Return a verdict as people read it: "fell back" for the file's fell_back."""
    return verdict.replace("_", " ")


def lost_key(cell: Cell) -> str:
    """Return what tells a row of cells without a figure, of all batch sizes together, from the others."""
    return "|".join(("lost", cell.model, cell.provider, cell.verdict))


def reason_key(cell: Cell) -> str:
    """Return what tells a reason for which cells of a class did not run as asked from the others."""
    return "|".join(("reason", cell.provider, cell.verdict, cell.reason))


def processor_name(cpu: str) -> str:
    """Return a processor's name in short: "Intel Core i7-1165G7"."""
    return " ".join(_NO_NAME.sub(" ", cpu).split()) or cpu


def cores_words(number: int) -> str:
    """Return "1 core", "2 cores", ..."""
    return tr("1 core") if number == 1 else tr("{n} cores", n=number)


def runs_on(cell: Cell, machine: Machine) -> str:
    """Return the name of the processor that a cell's work is done by."""
    return machine.gpu.name if cell.copies_included is not None and machine.gpu else processor_name(machine.cpu)


def machines_words(entries: Sequence[Entry]) -> str:
    """Say how many machines were measured, and how many kinds of processor they have: the timed ones, CPUs and GPUs."""
    timed = {runs_on(cell, entry.result.machine) for entry, cell in timed_cells(entries)}
    kinds = len(timed or {processor_name(entry.result.machine.cpu) for entry in entries})
    alike = len({entry.result.machine.fingerprint for entry in entries}) < len(entries)  # or one machine, twice
    n = units.number(len(entries), "{:d}")
    counted = tr("{n} results", n=n) if alike else tr("{n} machines", n=n)
    of = tr("{n} kinds of processor", n=units.number(kinds, "{:d}")) if kinds > 1 else tr("one kind of processor")
    return f"{counted}, {of}"


def on_provider(cell: Cell) -> str:
    """Return the provider, and on a device whether the time holds the copies there and back."""
    if cell.copies_included is None:
        return cell.provider
    return f"{cell.provider} {tr('with copies') if cell.copies_included else tr('without copies')}"


def where(cell: Cell, result: Result) -> str:
    """Return provider, copies, and what else tells this cell from others of the result: threads, scenario, rate."""
    parts = [on_provider(cell)]
    if len(result.settings.thread_counts) > 1:
        parts.append(tr("1 thread") if cell.threads == 1 else tr("{n} threads", n=cell.threads))
    if cell.scenario != "single-stream":
        parts.append(f"{cell.scenario} x{cell.streams}")
    if cell.rate_per_s is not None:
        parts.append(f"{cell.rate_per_s:g}/s")
    return ", ".join(parts)


def cell_columns(result: Result) -> tuple[Filled[Cell], ...]:
    """Return the columns that say which cell a row is of: network, provider and batch."""
    return (
        (Column(tr("network"), False, key=True), lambda cell: cell.model),
        (Column(tr("provider"), False, wraps=True, key=True), lambda cell: where(cell, result)),
        (Column(tr("batch"), key=True), lambda cell: units.number(cell.batch, "{:d}")),
    )


def cell_name(cell: Cell, result: Result) -> str:
    """Return network, provider and batch as one label."""
    return tr("{name}, batch {batch}", name=f"{cell.model}, {where(cell, result)}", batch=cell.batch)


def timed_cells(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Cell]]:
    """Yield the cells that count in a comparison: one request at a time, at least mostly on the requested provider."""
    for entry in entries:
        for cell in entry.result.cells:
            if cell.timed_alone:
                yield entry, cell


def shared_price_unit(entries: Sequence[Entry]) -> units.Unit:
    """Return the unit of what answers cost, the same in every sentence, table and chart about these results."""
    return units.price_unit(
        next((usd for option in SHOWN_FIRST if (usd := cell.usd(option))), None) for _, cell in timed_cells(entries)
    )


def network_names(entries: Sequence[Entry]) -> Callable[[Cell], str]:
    """Return the function that names a cell's network: with its size where one name stands for different networks."""
    kinds: dict[str, set[tuple[int | None, int | None]]] = {}
    for _, cell in timed_cells(entries):
        kinds.setdefault(cell.model, set()).add((cell.parameters, cell.macs))

    def name(cell: Cell) -> str:
        if len(kinds.get(cell.model, ())) < 2:
            return cell.model
        return tr("{model} ({n} parameters)", model=cell.model, n=units.count(cell.parameters))

    return name

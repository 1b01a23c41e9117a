"""Which cells a report compares, and how a cell is named in tables, charts and links.

where(cell, result)    # "cpu, 2 threads"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.texts import tr

__all__ = ["cell_key", "lost_key", "network_names", "on_provider", "timed_cells", "where"]


def cell_key(cell: Cell, machine: str = "") -> str:
    """Return what tells a cell from all others: of its result, or of all machines."""
    parts = (machine, cell.model, cell.precision, cell.provider, cell.batch, cell.threads, cell.copies_included)
    return "|".join(map(str, (*parts, cell.streams, cell.scenario, cell.rate_per_s)))


def lost_key(cell: Cell, machine: str = "") -> str:
    """Return what tells a row of cells without a figure, of all batch sizes together, from the others."""
    return "|".join(("lost", machine, cell.model, cell.provider, cell.verdict))


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


def timed_cells(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Cell]]:
    """Yield the cells that count in a comparison: one request at a time, wholly or mostly where they were asked to."""
    for entry in entries:
        for cell in entry.result.cells:
            if cell.timed and cell.scenario == "single-stream":
                yield entry, cell


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

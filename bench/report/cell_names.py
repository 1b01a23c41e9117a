"""How a cell of a result is named in tables, charts and links.

where(cell, result)    # "cpu, 2 threads"
"""

from __future__ import annotations

from dlbench.bench.results.schema import Cell, Result
from dlbench.show.texts import tr

__all__ = ["cell_key", "lost_key", "on_provider", "where"]


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

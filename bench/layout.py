"""What a table is, and how a cell is named in it.

Table("speed", "Speed", (Column("network", number=False), Column("median")), (("cnn", "38 µs"),))
"""

from __future__ import annotations

from dataclasses import dataclass

from dlbench.bench.results import Cell, Result
from dlbench.bench.texts import tr

__all__ = ["Column", "Table", "cell_key", "lost_key", "where"]


@dataclass(frozen=True)
class Column:
    """A column's title; numbers stand to the right; secondary ones give way, and some may wrap, on a narrow screen."""

    title: str
    number: bool = True
    secondary: bool = False
    wraps: bool = False


@dataclass(frozen=True)
class Table:
    """A table of text cells with the remarks that belong under it."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()  # of the first rows, so that a question can point at one

    def anchor(self, row: int) -> str:
        """Return the name of a row in the page."""
        return f"{self.key}-{row + 1}"

    def anchor_of(self, key: str) -> str | None:
        """Return the name of the row with this key, or None where there is none."""
        return self.anchor(self.keys.index(key)) if key in self.keys else None


def cell_key(cell: Cell, machine: str = "") -> str:
    """Return what tells a cell from all others: of its result, or of all machines."""
    parts = (machine, cell.model, cell.precision, cell.provider, cell.batch, cell.threads, cell.copies_included)
    return "|".join(map(str, (*parts, cell.streams, cell.scenario, cell.rate_per_s)))


def lost_key(cell: Cell, machine: str = "") -> str:
    """Return what tells a row of cells without a figure, of all batch sizes together, from the others."""
    return "|".join(("lost", machine, cell.model, cell.provider, cell.verdict))


def where(cell: Cell, result: Result) -> str:
    """Return provider, copies, and what else tells this cell from others of the result: threads, scenario, rate."""
    parts = [cell.provider]
    if cell.copies_included is not None:
        copies = tr("with copies") if cell.copies_included else tr("without copies")
        parts[0] += f" {copies}"
    if len(result.settings.thread_counts) > 1:
        parts.append(tr("1 thread") if cell.threads == 1 else tr("{n} threads", n=cell.threads))
    if cell.scenario != "single-stream":
        parts.append(f"{cell.scenario} x{cell.streams}")
    if cell.rate_per_s is not None:
        parts.append(f"{cell.rate_per_s:g}/s")
    return ", ".join(parts)

"""What a table is, and how a cell is named in it.

Table("speed", "Speed", (Column("network", number=False), Column("median")), (("cnn", "38 µs"),))
"""

from __future__ import annotations

from dataclasses import dataclass

from dlbench.bench.results import Cell, Result

__all__ = ["Column", "Table", "where"]


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


def where(cell: Cell, result: Result) -> str:
    """Return provider, copies, and what else tells this cell from others of the result: threads, scenario, rate."""
    parts = [cell.provider]
    if cell.copies_included is not None:
        parts[0] += " with copies" if cell.copies_included else " without copies"
    if len(result.settings.thread_counts) > 1:
        parts.append(f"{cell.threads} thread{'s' if cell.threads > 1 else ''}")
    if cell.scenario != "single-stream":
        parts.append(f"{cell.scenario} x{cell.streams}")
    if cell.rate_per_s is not None:
        parts.append(f"{cell.rate_per_s:g}/s")
    return ", ".join(parts)

"""A result as CSV: one line a cell, base units, unknowns empty.

text = class_csv(entries)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench.cost.pricing import OPTIONS
from dlbench.bench.diff.standings import standings
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import Standing
from dlbench.bench.results.schema import Cell
from dlbench.show.csv_text import csv_text

_CSV_FIELDS = (
    "model",
    "precision",
    "provider",
    "batch",
    "threads",
    "copies_included",
    "verdict",
    "reason",
    "nodes_on_provider",
    "nodes_total",
    "throughput_per_s",
    "samples",
    "outliers",
    "undisturbed_rounds",
    "load_s",
    "first_run_s",
    "peak_rss_bytes",
    "gpu_memory_bytes",
    "energy_j_per_inference",
    "energy_source",
    "macs",
    "parameters",
    "bytes",
)
_LATENCY_FIELDS = ("p50", "ci_low", "ci_high", "p90", "p95", "p99", "p999", "mean", "min")
_NEW_FIELDS = ("disturbed", "interval_covers")  # at the end, so that older columns keep their places
_STANDING_FIELDS = ("place", "times_fastest", "times_low", "times_high")  # against the fastest of the batch size
_FIELDS = (
    "machine",
    *_CSV_FIELDS,
    *(f"latency_{name}_s" for name in _LATENCY_FIELDS),
    *("accuracy", "accuracy_samples", "rounds", "disturbed_median_s"),
    *(f"{option}_usd_per_million" for option in OPTIONS),
    *_NEW_FIELDS,
    *_STANDING_FIELDS,
)


def class_csv(entries: Sequence[Entry]) -> str:
    """Return one line a cell of every machine, in base units, unknowns empty."""
    return csv_text(_FIELDS, [tuple(record.values()) for record in cell_records(entries)])


def cell_records(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """Return one record a cell of every machine, in base units; None: unknown."""
    return [record for entry in entries for record in _records(entry)]


def _records(entry: Entry) -> Iterator[dict[str, object]]:
    known = {standing.name: standing for standing in entry.result.standings or standings(entry.result)}
    for cell in entry.result.cells:
        yield _record(entry.label, cell, known.get(cell.name) if cell.timed_alone else None)


def _record(machine: str, cell: Cell, standing: Standing | None) -> dict[str, object]:
    options = {o.option: o.usd_per_million for o in cell.cost_usd_per_million}
    values = (
        machine,
        *(getattr(cell, name) for name in _CSV_FIELDS),
        *(getattr(cell.latency_s, name) if cell.latency_s else None for name in _LATENCY_FIELDS),
        cell.accuracy.proportion.value if cell.accuracy else None,
        cell.accuracy.samples if cell.accuracy else None,
        len(cell.rounds),
        cell.disturbed_median_s,
        *(options.get(option) for option in OPTIONS),
        *(getattr(cell, name) for name in _NEW_FIELDS),
        *((s.place, s.times_fastest, s.times_low, s.times_high) if (s := standing) else (None,) * 4),
    )
    return dict(zip(_FIELDS, values, strict=True))

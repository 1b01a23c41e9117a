"""A result as CSV: one line a cell, base units, unknowns empty.

text = cells_csv(result), class_csv(entries)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from dlbench.bench.cost.pricing import OPTIONS
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Result

__all__ = ["cells_csv", "class_csv"]

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


def cells_csv(result: Result) -> str:
    """Return one line a cell, in base units, unknowns empty."""
    return class_csv((Entry(result.machine.fingerprint, result),))


def class_csv(entries: Sequence[Entry]) -> str:
    """Return one line a cell of every machine, in base units, unknowns empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    costs = [f"{option}_usd_per_million" for option in OPTIONS]
    latencies = [f"latency_{name}_s" for name in _LATENCY_FIELDS]
    writer.writerow(
        ["machine", *_CSV_FIELDS, *latencies, "accuracy", "accuracy_samples", "rounds", "disturbed_median_s", *costs]
    )
    for entry, cell in ((e, c) for e in entries for c in e.result.cells):
        options = {o.option: o.usd_per_million for o in cell.cost_usd_per_million}
        row = [
            entry.label,
            *(getattr(cell, name) for name in _CSV_FIELDS),
            *(getattr(cell.latency_s, name) if cell.latency_s else None for name in _LATENCY_FIELDS),
            cell.accuracy.proportion.value if cell.accuracy else None,
            cell.accuracy.samples if cell.accuracy else None,
            len(cell.rounds),
            cell.disturbed_median_s,
            *(options.get(option) for option in OPTIONS),
        ]
        writer.writerow([_safe(value) for value in row])
    return stream.getvalue()


def _safe(value: object) -> object:
    """Keep spreadsheets from taking a foreign name for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value

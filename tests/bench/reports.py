"""Results of several machines for the report's tests, made from one small document by hand."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from test_bench_report import document

from dlbench.bench.results.merging import Entry, merge
from dlbench.bench.results.schema import read_result

INPUTS = {
    "place": "cpu",
    "price_usd": 900,
    "power_w": 65,
    "years": 3,
    "residual_share": 0,
    "active_hours_per_day": 4,
    "cloud_overhead_share": 0.1,
    "pue": 1,
    "electricity_usd_per_kwh": 0.168,
    "rent": "AWS c7i.2xlarge",
    "rent_usd_per_hour": 0.357,
    "colab_usd_per_hour": 0.008,
}


def machine_document(number: int, factor: float = 1.0, energy_j: float | None = None) -> dict[str, Any]:
    """One machine's result: two networks at two batch sizes, `factor` times as slow as the first machine."""
    base = document(cost_inputs=[INPUTS])
    base["machine"]["fingerprint"] = f"{number:08x}"
    base["machine"]["cpu"] = f"CPU {number}"
    timed, lost = base["cells"]
    cells = []
    for model, latency, macs, correct in (("dense", 0.001, 1000, 90), ("cnn", 0.002, 9000, 99)):
        for batch, slower in ((1, 1.0), (8, 3.0)):
            cell = copy.deepcopy(timed)
            p50 = latency * slower * factor
            cell.update(model=model, batch=batch, macs=macs, parameters=10, throughput_per_s=batch / p50)
            cell.update(energy_j_per_inference=energy_j, energy_source="estimated: by hand")
            cell["latency_s"].update(p50=p50, ci_low=0.99 * p50, ci_high=1.01 * p50, mean=p50, min=p50)
            cell["accuracy"] = {"correct": correct, "samples": 100}
            for option in cell["cost_usd_per_million"]:
                hour = option["usd_per_hour"]
                option["usd_per_million"] = hour * 1e6 / 3600 * p50 / batch if hour is not None else None
            cells.append(cell)
    base["cells"] = [*cells, lost]
    base["models"] = [{**base["models"][0], "name": name, "data": "mnist"} for name in ("dense", "cnn")]
    return base


def saved_machines(folder: Path, *documents: dict[str, Any]) -> list[Path]:
    paths = []
    for i, content in enumerate(documents):
        paths.append(folder / f"machine{i}.json")
        paths[-1].write_text(json.dumps(content))
    return paths


def merged_machines(folder: Path, *documents: dict[str, Any]) -> tuple[Entry, ...]:
    return merge([(path, read_result(path)) for path in saved_machines(folder, *documents)])

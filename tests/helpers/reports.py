"""Small results made by hand: of one machine, of several machines, and as files."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

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


def document(**changes: Any) -> dict[str, Any]:
    """A small whole result, by hand: 2 rounds of 3 samples each."""
    latency = {"p50": 0.002, "p90": None, "p95": None, "p99": None, "p999": None, "mean": 0.002, "min": 0.001}
    round_ = {
        "load_s": 0.01,
        "first_run_s": 0.003,
        "values_ns": [1000000, 2000000],
        "counts": [1, 2],
        "timer_cost_s": 5e-8,
    }
    costs = [
        {"option": "own", "title": "this machine", "usd_per_hour": 0.1, "usd_per_million": 0.0556, "why": ""},
        {"option": "electricity", "title": "power", "usd_per_hour": 0.01, "usd_per_million": 0.00556, "why": ""},
        {"option": "rent", "title": "AWS", "usd_per_hour": 0.4, "usd_per_million": 0.222, "why": ""},
        {"option": "colab", "title": "Colab", "usd_per_hour": None, "usd_per_million": None, "why": "no price"},
    ]
    cell = {
        "model": "cnn",
        "precision": "fp32",
        "provider": "cpu",
        "batch": 1,
        "threads": 2,
        "copies_included": None,
        "verdict": "ran",
        "reason": "all 4 nodes ran on cpu",
        "nodes_on_provider": 4,
        "nodes_total": 4,
        "latency_s": {**latency, "ci_low": 0.0019, "ci_high": 0.0021, "ci_level": 0.95},
        "throughput_per_s": 500,
        "samples": 6,
        "rounds": [round_, round_],
        "accuracy": {"correct": 99, "samples": 100},
        "cost_usd_per_million": costs,
    }
    lost = {
        **cell,
        "provider": "cuda",
        "verdict": "unavailable",
        "reason": "no driver",
        "latency_s": None,
        "rounds": [],
    }
    lost.update(throughput_per_s=None, cost_usd_per_million=[], samples=0)
    return {
        "schema": "dlbench.result/1",
        "created": "2026-11-23T10:00:00+00:00",
        "machine": {
            "cpu": "Some CPU",
            "architecture": "x86_64",
            "logical_cores": 2,
            "physical_cores": 2,
            "usable_cores": 2,
            "memory_bytes": 1 << 34,
            "os": "Linux 6.1",
            "fingerprint": "abcd1234",
        },
        "software": {"dlbench": "0.1.0", "python": "3.11.7", "onnxruntime": "1.31.1"},
        "settings": {
            "providers": ["cpu", "cuda"],
            "batch_sizes": [1],
            "threads": 2,
            "seed": 0,
            "min_rounds": 2,
            "precision_goal": 0.01,
            "budget_s": 1,
            "duration_s": 3.5,
        },
        "models": [
            {
                "name": "cnn",
                "sha256": "0" * 64,
                "precision": "fp32",
                "bytes": 1000,
                "parameters": 10,
                "macs": 100,
                "opset": 18,
                "inputs": ["image float32 [N, 1, 28, 28]"],
            }
        ],
        "cells": [cell, lost],
        "training": [
            {
                "model": "cnn",
                "device": "cpu",
                "training_s": 12.5,
                "energy_j": 100,
                "energy_source": "estimated",
                "data": "mnist-sample",
                "accuracy": {"correct": 99, "samples": 100},
                "cost": [{"option": "rent", "title": "AWS", "usd_per_hour": 0.4, "usd_total": 0.00139}],
            }
        ],
        "prices": [{"name": "electricity", "value": 0.168, "unit": "USD/kWh", "date": "2025", "source": "EIA"}],
        "assumptions": ["busy all the time"],
        "warnings": ["cuda is unavailable: no driver"],
        **changes,
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
            ticks = [round(p50 * 1e9 * share) for share in (0.999, 1, 1.001)]
            cell["rounds"] = [{**each, "values_ns": ticks, "counts": [1, 1, 1]} for each in cell["rounds"]]
            cell["accuracy"] = {"correct": correct, "samples": 100}
            for option in cell["cost_usd_per_million"]:
                if option["option"] == "rent":  # the whole instance of INPUTS
                    option["usd_per_hour"] = 0.357 * 1.1
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

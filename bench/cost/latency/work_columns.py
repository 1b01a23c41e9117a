"""One setting in the columns of the formula: which network, on which chip, in which number format and runtime.

setting = Setting(work, offer, batch=1, number_format="fp16", runtime="ncnn", threads=4)
columns_of([setting])["peak"]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dlbench.bench.cost.latency.chip_table import Offer
from dlbench.bench.cost.latency.latency_terms import Columns
from dlbench.bench.cost.latency.workload import NetworkWork

__all__ = ["BIG_BATCH", "FORMATS", "Setting", "columns_of", "fitted_format"]

FORMATS = ("fp32", "fp16", "int8", "w8a16")
BIG_BATCH = 8  # from here on a GPU's time is its work, not its launches
_COMPUTED_IN = {"int8-dynamic": "int8", "bf16": "fp16"}
_ELEMENT_BYTES = {"fp32": 4.0, "fp16": 2.0, "int8": 1.0, "w8a16": 2.0}
_USUAL_THREADS = 4
_WINOGRAD = ("ncnn", "tnn")


@dataclass(frozen=True)
class Setting:
    """One run of a batch: what is asked, and of whom."""

    work: NetworkWork
    offer: Offer
    batch: int = 1
    number_format: str = "fp32"
    runtime: str = "onnxruntime"
    threads: int | None = None  # of a processor; None: all its big cores, on phones and boards 4 at most

    @property
    def device_class(self) -> str:
        """Return which of the fitted classes this is: cpu, board, phone, phone-gpu, gpu-one or gpu-batch."""
        if self.offer.kind != "gpu":
            return self.offer.kind
        return "gpu-batch" if self.batch >= BIG_BATCH else "gpu-one"

    @property
    def runtime_key(self) -> str:
        """Return under which name the runtime's factor is kept: on Arm it is another one, its kernels are others."""
        return f"{self.runtime}, Arm" if self.offer.is_arm and not self.offer.on_gpu else self.runtime

    @property
    def computed_in(self) -> str:
        """Return the number format of the arithmetic: fp32 where a GPU has no units for 8 bits."""
        lacks = self.offer.on_gpu and self.offer.int8_times < 1 and self.number_format in ("int8", "w8a16")
        return "fp32" if lacks else self.number_format

    @property
    def asked_threads(self) -> int:
        """Return the threads of a processor."""
        if self.threads:
            return self.threads
        count = self.offer.core_count
        return count if self.offer.kind == "cpu" else min(_USUAL_THREADS, count)


def fitted_format(precision: str) -> str:
    """Return the number format whose fitted rows stand for a model's precision; fp32 where none does."""
    form = _COMPUTED_IN.get(precision, precision)
    return form if form in FORMATS else "fp32"


def columns_of(settings: Sequence[Setting]) -> Columns:
    """Return the columns of settings that are all on processors or all on GPUs."""
    rows = [_gpu_row(s) if s.offer.on_gpu else _processor_row(s) for s in settings]
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]}


def _work_row(s: Setting) -> dict[str, float]:
    work = s.work.completed()
    depthwise = min(work.depthwise_macs or 0.0, 0.5 * work.macs)
    return {
        "dense_macs": (work.macs - depthwise) * s.batch,
        "depthwise_macs": depthwise * s.batch,
        "activations": (work.activations or 0.0) * s.batch,
        "parameters": work.parameters,
        "layers": float(work.layers or 1),
        "dense_3x3": work.dense_3x3_share * (s.runtime in _WINOGRAD),
        "attention": float(work.attention),
        "element_bytes": _ELEMENT_BYTES[s.number_format],
        "bandwidth": s.offer.bandwidth,
        "fp16": float(s.number_format == "fp16"),
    }


def _processor_row(s: Setting) -> dict[str, float]:
    threads, offer = s.asked_threads, s.offer
    used = offer.used(threads)
    count = sum(group.count for group in used)
    narrow = s.number_format in ("int8", "w8a16")
    times = {"fp16": offer.fp16_times, "int8": offer.int8_times}.get(s.number_format, 1.0)
    ncnn = s.runtime in _WINOGRAD
    return {
        **_work_row(s),
        "peak": sum(g.count * g.clock_ghz * g.flop_per_cycle for g in used) * 1e9,
        "cycles": sum(g.count * g.clock_ghz for g in used) * 1e9,
        "clock": max(g.clock_ghz for g in used) * 1e9,
        "threads": float(count),
        "format_times": times,
        "int8": float(narrow),
        "int8_dot": float(narrow and offer.int8_times > 1),
        "int8_x86_ncnn": float(narrow and ncnn and not offer.is_arm),
        "in_order": sum(g.count for g in used if g.in_order) / count,
        "arm": float(offer.is_arm),
        "mixed_cores": float(len(used) > 1),
        "oversubscribed": float(np.log(max(1.0, threads / count))),
        "attention_ncnn": float(s.work.attention and ncnn),
        "w8a16": float(s.number_format == "w8a16"),
    }


def _gpu_row(s: Setting) -> dict[str, float]:
    offer, s = s.offer, replace(s, number_format=s.computed_in)
    reduced = s.number_format != "fp32"
    peak = offer.tensor_peak if reduced else offer.fp32_peak
    if s.number_format == "int8" and offer.has_tensor_cores:
        peak *= 2
    return {
        **_work_row(s),
        "peak": peak,
        "plain_peak": offer.fp32_peak,
        "int8": float(s.number_format in ("int8", "w8a16")),
        "tensor_cores": float(reduced and offer.has_tensor_cores),
        "phone": float(offer.kind == "phone-gpu"),
        "board": float("jetson" in offer.name.lower()),
        "pytorch": float(s.runtime == "pytorch"),
        "tensorrt": float(s.runtime == "tensorrt"),
    }

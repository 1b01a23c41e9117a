"""The formula: time = arithmetic / (peak x share) + traffic / (bandwidth x share) + launches, for processors and GPUs.

    log_seconds, term_shares = formula(shares, columns, on_gpu=False)

Every column is an array with one value a row (or one row): `columns_of` makes them. A share table names the log of
each factor; benchmarks/estimates.py fits them on the published rows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["GPU_START", "PROCESSOR_START", "TERMS", "Columns", "formula"]

Columns = Mapping[str, NDArray[np.float64]]
Shares = Mapping[str, float]

# Where the fit starts, and how far (in log) a factor may easily go from there: a ridge that keeps it physical.
PROCESSOR_START: dict[str, tuple[float, float]] = {
    "arithmetic": (0.7, 1.5),  # log of 1 / share of the peak rate
    "depthwise": (1.6, 1.5),
    "elements": (0.0, 1.5),  # log of cycles of one core for each element that is written
    "traffic": (0.7, 1.5),  # log of 1 / share of the bandwidth
    "launch": (8.0, 1.5),  # log of cycles a layer
    "barrier": (7.6, 1.5),  # log of cycles a layer, for each doubling of the threads
    "scaling": (0.1, 0.3),  # threads ** -scaling: what each of many threads loses
    "oversubscribed": (0.0, 0.5),  # more threads than cores
    "mixed_cores": (0.0, 0.5),
    "in_order": (0.0, 0.5),
    "arm": (0.0, 0.5),
    "fp16": (0.0, 0.5),
    "int8": (0.0, 0.5),
    "int8_dot": (0.0, 0.5),
    "int8_x86_ncnn": (0.0, 0.7),
    "winograd": (0.0, 0.7),
    "attention": (0.0, 0.5),
    "attention_ncnn": (0.0, 0.5),
    "w8a16": (0.0, 0.5),
}
GPU_START: dict[str, tuple[float, float]] = {
    "arithmetic": (1.1, 1.5),
    "depthwise": (1.1, 1.5),
    "elements": (2.6, 1.5),
    "traffic": (0.4, 1.5),
    "launch": (-10.4, 1.5),  # log of seconds a layer
    "launch_phone": (0.0, 0.5),
    "launch_board": (0.0, 0.5),
    "launch_pytorch": (0.5, 0.8),
    "launch_tensorrt": (-1.0, 0.8),
    "launch_attention": (0.0, 0.5),
    "work_pytorch": (0.0, 0.5),
    "work_tensorrt": (0.0, 0.5),
    "work_phone": (0.0, 0.5),
    "fp16": (0.0, 0.5),
    "int8": (0.0, 0.5),
    "tensor_cores": (0.0, 0.5),
    "winograd": (0.0, 0.5),
    "attention": (0.0, 0.5),
}
TERMS = ("arithmetic", "depthwise", "elements", "traffic", "launches")
# Factors of a run on the cores of a processor as a whole.
_OF_PROCESSORS = ("in_order", "arm", "mixed_cores", "oversubscribed", "attention_ncnn", "w8a16")
_CORE_BANDWIDTH = 12e9  # bytes/s that one core draws at most, about


def _lighter(columns: Columns, shares: Shares) -> NDArray[np.float64]:
    """Return the factor on the arithmetic where 3 x 3 convolutions are done by Winograd's algorithm."""
    lighter: NDArray[np.float64] = 1 - columns["dense_3x3"] + columns["dense_3x3"] * np.exp(shares["winograd"])
    return lighter


def _bytes(columns: Columns) -> NDArray[np.float64]:
    """Return the bytes moved: each activation written and read, each weight read."""
    moved: NDArray[np.float64] = columns["element_bytes"] * (2 * columns["activations"] + columns["parameters"])
    return moved


def _processor_terms(s: Shares, c: Columns) -> NDArray[np.float64]:
    """Return the seconds of each of `TERMS` on the cores of a processor: a row a term."""
    alone = c["threads"] ** s["scaling"]
    slow_int8 = np.exp(s["int8_x86_ncnn"] * c["int8_x86_ncnn"])
    kinds = (
        s["fp16"] * c["fp16"] + s["int8"] * c["int8"] + s["int8_dot"] * c["int8_dot"] + s["attention"] * c["attention"]
    )
    peak = c["peak"] / alone
    arithmetic = np.exp(s["arithmetic"] + kinds) * 2 * c["dense_macs"] * _lighter(c, s) / (peak * c["format_times"])
    depthwise = np.exp(s["depthwise"]) * 2 * c["depthwise_macs"] / peak
    elements = np.exp(s["elements"]) * c["activations"] / (c["cycles"] / alone)
    traffic = np.exp(s["traffic"]) * _bytes(c) / np.minimum(c["bandwidth"], c["threads"] * _CORE_BANDWIDTH)
    launches = c["layers"] * (np.exp(s["launch"]) + np.exp(s["barrier"]) * np.log2(c["threads"])) / c["clock"]
    return np.array([arithmetic * slow_int8, depthwise * slow_int8, elements, traffic, launches])


def _gpu_terms(s: Shares, c: Columns) -> NDArray[np.float64]:
    """Return the seconds of each of `TERMS` on a GPU: a row a term."""
    tuned = np.exp(s["work_pytorch"] * c["pytorch"] + s["work_tensorrt"] * c["tensorrt"] + s["work_phone"] * c["phone"])
    kinds = np.exp(s["fp16"] * c["fp16"] + s["int8"] * c["int8"]) * tuned
    cores = np.exp(s["arithmetic"] + s["tensor_cores"] * c["tensor_cores"] + s["attention"] * c["attention"])
    arithmetic = cores * kinds * 2 * c["dense_macs"] * _lighter(c, s) / c["peak"]
    depthwise = np.exp(s["depthwise"]) * kinds * 2 * c["depthwise_macs"] / c["plain_peak"]
    elements = np.exp(s["elements"]) * kinds * c["activations"] / c["plain_peak"]
    traffic = np.exp(s["traffic"]) * _bytes(c) / c["bandwidth"]
    names = ("phone", "board", "pytorch", "tensorrt", "attention")
    per_layer = np.exp(s["launch"] + sum(s[f"launch_{n}"] * c[n] for n in names))
    return np.array([arithmetic, depthwise, elements, traffic, per_layer * c["layers"]])


def formula(s: Shares, c: Columns, on_gpu: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the natural logarithm of the seconds of each run, and which share of its time each of `TERMS` takes.

    No runtime's own factor is in it; the shares of a run have a sum of 1.
    """
    terms = _gpu_terms(s, c) if on_gpu else _processor_terms(s, c)
    whole = terms.sum(axis=0)
    logs: NDArray[np.float64] = np.log(whole)
    if not on_gpu:
        logs = logs + np.sum([s[name] * c[name] for name in _OF_PROCESSORS], axis=0)
    return logs, (terms / whole).T

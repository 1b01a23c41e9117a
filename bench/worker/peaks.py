"""Inside the measuring process: this machine's peak rates, measured with a large matrix product and a large copy.

    reply = measure_peaks(ort, request)      # flops_per_s, bytes_per_s

The two ceilings of the roofline model (S. Williams, A. Waterman, D. Patterson, "Roofline", CACM 52(4), 2009), taken
with the same provider and threads as the cells. Both are the best of several tries: a ceiling is what can be reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlbench.bench.worker.sampling import time_runs, warm_up
from dlbench.bench.worker.session import make_runner, open_session, without_graph
from dlbench.model.inputs.feeds import make_arrays

_WINDOW_S = 0.6


def measure_peaks(ort: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Time the probes `matmul_model` (its `flops` a run), `copy_model` (its `bytes` a run) and `empty_model`.

    Returns:
        flops_per_s, bytes_per_s, and launch_s: the least time that one run of one tiny node takes.
    """
    best = {key: _best_s(ort, request, request[f"{key}_model"]) for key in ("matmul", "copy", "empty")}
    return {
        "flops_per_s": request["flops"] / best["matmul"],
        "bytes_per_s": request["bytes"] / best["copy"],
        "launch_s": best["empty"],
    }


def _best_s(ort: Any, request: Mapping[str, Any], model: str) -> float:
    request = without_graph(request)
    session = open_session(ort, model, request)
    inputs = [{"name": i.name, "type": i.type, "shape": i.shape} for i in session.get_inputs()]
    run = make_runner(ort, session, make_arrays(inputs, 0), {**request, "model": model, "copies_included": False}).run
    warm_up(run)
    return min(time_runs(run, lambda n, s: n >= 3 and s >= _WINDOW_S)) / 1e9

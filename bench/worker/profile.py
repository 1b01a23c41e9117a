"""Inside the measuring process: where a model's time goes, from ONNX Runtime's own profiler.

    reply = profile(ort, request)        # operators by time, time on each provider

A run of its own: the profiler costs time, so nothing that is timed is ever profiled.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlbench.bench.worker.session import open_session, placement, run_once, without_graph
from dlbench.model.inputs.feeds import make_arrays
from dlbench.processes import temporary_folder

_RUNS = 20
_CAP_S = 3.0
_MAX_NODES = 2000
_CONVERTS = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Cast")
# of a kernel's inputs the first of these says in which numbers it computes; packed weights are no input any more
_NUMBERS = {"int8": "int8", "uint8": "int8", "float16": "fp16", "bfloat16": "bf16", "float": "fp32", "double": "fp64"}


def profile(ort: Any, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run the model under the profiler, and sum the kernels' times by node.

    Returns:
        `nodes`: per node its operator, provider, kind of numbers, and seconds a run; `runs`; `run_s`: seconds of one
        profiled run.
    """
    arrays = make_arrays(request["inputs"], request["seed"])
    with temporary_folder() as folder:
        session = open_session(ort, request["model"], without_graph(request), profile_prefix=str(folder / "profile"))
        where = placement(session, request["provider"])
        run_once(ort, session, arrays)
        walls: list[float] = []
        began = time.perf_counter()
        while len(walls) < _RUNS and (time.perf_counter() - began < _CAP_S or len(walls) < 2):
            before = time.perf_counter()
            run_once(ort, session, arrays)
            walls.append(time.perf_counter() - before)
        events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    return {**where, **_by_node(events, len(walls) + 1), "run_s": sorted(walls)[len(walls) // 2]}


def _by_node(events: list[dict[str, Any]], calls: int) -> dict[str, Any]:
    """Sum kernel times by node; the first call is left out, because it allocates and searches algorithms."""
    times: dict[tuple[str, str, str], tuple[str, list[float]]] = {}
    for event in events:
        facts = event.get("args", {})
        if event.get("cat") == "Node" and event.get("name", "").endswith("_kernel_time"):
            key = (event["name"].removesuffix("_kernel_time"), facts.get("op_name", "?"), facts.get("provider", "?"))
            numbers = computes_in(facts.get("op_name", ""), facts.get("input_type_shape", ()))
            times.setdefault(key, (numbers, []))[1].append(event["dur"] / 1e6)
    nodes: list[dict[str, Any]] = []
    for (name, operator, provider), (numbers, all_s) in times.items():
        per_call = max(1, len(all_s) // calls)  # a node inside a loop runs several times a call
        later = all_s[per_call:] or all_s
        seconds = sum(later) / max(1, len(later) / per_call)
        node = {"name": name[:200], "operator": operator, "provider": provider, "numbers": numbers}
        nodes.append({**node, "seconds": seconds})
    nodes.sort(key=lambda node: -float(node["seconds"]))
    return {"profiled_nodes": nodes[:_MAX_NODES], "runs": calls - 1}


def computes_in(operator: str, inputs: Sequence[Mapping[str, Any]]) -> str:
    """Return in which numbers a kernel computes, by the type and shape of each input: int8, int4, fp32, ...

    Returns:
        the numbers, `converting` for a kernel that only turns one kind into another, or `other`.
    """
    if operator in _CONVERTS:
        return "converting"
    if operator == "MatMulNBits":
        return "int4"
    types = {name for each in inputs for name in each}
    return next((numbers for name, numbers in _NUMBERS.items() if name in types), "other")

"""The measuring process: one round of one cell, then it ends.

    python -m dlbench.bench.worker < request.json > reply.json

It imports numpy and ONNX Runtime and nothing of torch, so that the process is small and alike each time
(measurement.md, rules 1-9). Three requests: `inspect` (open the model on the CPU, tell its inputs, run it once),
`usable` (can this provider be had here?) and `round` (probe, load, first run, warm-up, samples, probe).
Only the reply goes to standard output; whatever the runtime writes goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from dlbench.bench.feeds import make_arrays

__all__ = ["main"]

_PROBE_RUNS = 300
_PROBE_S = 0.25  # a slow machine makes fewer probe runs
_WARM_UP_S = 1.0
_BLOCK_S = 0.02
_SLOW_BLOCK_S = 0.1
_SETTLED = 0.03
_SAMPLE_S = 0.3
_SAMPLE_RUNS = 20
_SAMPLE_CAP_S = 2.0
_MAX_SAMPLES = 200_000


def _options(ort: Any, request: dict[str, Any]) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = request["threads"]
    options.inter_op_num_threads = 1
    options.log_severity_level = 2
    # ORT >= 1.24 keeps which node went to which provider: the evidence behind the verdict.
    options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
    return options


def _session(ort: Any, model: str, request: dict[str, Any]) -> Any:
    provider = request["provider"]
    if provider not in ort.get_available_providers():
        raise LookupError(f"this build of ONNX Runtime has no {provider}")
    if provider.startswith("CUDA") and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()
    chosen: list[Any] = [(provider, request.get("provider_options") or {})]
    if provider != "CPUExecutionProvider":
        chosen.append("CPUExecutionProvider")
    session = ort.InferenceSession(model, _options(ort, request), providers=chosen)
    session.disable_fallback()
    return session


def _placement(session: Any) -> dict[str, Any]:
    """Return how many nodes went to each provider, and the operators that left the first one."""
    nodes: dict[str, int] = {}
    operators: dict[str, dict[str, int]] = {}
    for part in session.get_provider_graph_assignment_info():
        assigned = part.get_nodes()
        nodes[part.ep_name] = nodes.get(part.ep_name, 0) + len(assigned)
        kinds = operators.setdefault(part.ep_name, {})
        for node in assigned:
            kinds[node.op_type] = kinds.get(node.op_type, 0) + 1
    return {"providers": session.get_providers(), "nodes": nodes, "operators": operators}


def _is_device(request: dict[str, Any]) -> bool:
    return bool(request["provider"] in ("CUDAExecutionProvider", "TensorrtExecutionProvider"))


def _runner(ort: Any, session: Any, arrays: dict[str, Any], request: dict[str, Any]) -> Any:
    """Return a call that makes one inference and is over only when the device is done.

    A device with copies is called as users call it, with arrays of the host: binding would copy the inputs once, before
    the clock runs. Without copies, inputs and outputs stay bound on the device.
    """
    device = _is_device(request)
    if device and request["copies_included"]:
        return lambda: session.run(None, arrays)
    place = "cuda" if device else "cpu"
    binding = session.io_binding()
    for name, array in arrays.items():
        binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array, place, 0))
    for output in session.get_outputs():
        binding.bind_output(output.name, place, 0)
    run = session.run_with_iobinding
    if not device:
        return lambda: run(binding)
    binding.synchronize_inputs()

    def on_device() -> None:
        run(binding)
        binding.synchronize_outputs()

    return on_device


def _time_runs(run: Any, enough: Any) -> list[int]:
    """Time runs one by one, in nanoseconds, until `enough(runs, elapsed_s)`."""
    clock = time.perf_counter_ns
    samples: list[int] = []
    began = before = clock()
    while True:
        run()
        after = clock()
        samples.append(after - before)
        if enough(len(samples), (after - began) / 1e9):
            return samples
        before = clock()


def _timer_cost_ns() -> float:
    import numpy as np

    clock = time.perf_counter_ns
    ticks = [clock() for _ in range(2001)]
    return float(np.median(np.diff(ticks)))


def _median(samples: list[int]) -> float:
    ordered = sorted(samples)
    middle = len(ordered) // 2
    return float(ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2)


def _warm_up(run: Any) -> tuple[int, bool]:
    """Run until the medians of two blocks in a row agree; return the number of runs and whether they did."""
    runs, last, began = 0, None, time.perf_counter()
    while True:
        # two slow runs say as much as three; a quick one needs a block that is long against the clock and the scheduler
        block = _time_runs(run, lambda n, s: (n >= 3 and s >= _BLOCK_S) or (n >= 2 and s >= _SLOW_BLOCK_S))
        runs += len(block)
        median = _median(block)
        if last is not None and abs(median - last) <= _SETTLED * last:
            return runs, True
        if time.perf_counter() - began >= _WARM_UP_S:
            return runs, False
        last = median


def _probe(ort: Any, request: dict[str, Any]) -> float | None:
    """Return the median time of the probe model in seconds: a speed index of the machine at this moment."""
    if not request.get("probe_model"):
        return None
    session = _session(ort, request["probe_model"], request)
    inputs = [{"name": i.name, "type": i.type, "shape": i.shape} for i in session.get_inputs()]
    run = _runner(ort, session, make_arrays(inputs, 0), request)
    samples = _time_runs(run, lambda n, s: n >= _PROBE_RUNS or s >= _PROBE_S)
    return _median(samples[len(samples) // 6 :]) / 1e9


def _memory_bytes(peak: bool) -> int | None:
    """Return this process's resident memory now, or its peak; None where the system does not tell."""
    field = "VmHWM:" if peak else "VmRSS:"
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    except OSError:
        return _memory_elsewhere(peak)
    return _memory_elsewhere(peak)


def _memory_elsewhere(peak: bool) -> int | None:
    import psutil

    info = psutil.Process().memory_info()
    if not peak:
        return int(info.rss)
    if hasattr(info, "peak_wset"):  # Windows
        return int(info.peak_wset)
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # bytes on macOS


def _reset_peak() -> None:
    """Start the peak afresh (Linux), so that the probe's memory is not counted as the model's."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return  # not Linux, or not allowed: the peak then covers the whole process


def _gpu_memory_bytes(request: dict[str, Any]) -> int | None:
    if not _is_device(request):
        return None
    try:
        import pynvml

        pynvml.nvmlInit()
        handle = pynvml.nvmlDeviceGetHandleByIndex(0)
        for process in pynvml.nvmlDeviceGetComputeRunningProcesses(handle):
            if process.pid == os.getpid():
                return int(process.usedGpuMemory) if process.usedGpuMemory else None
    except Exception:  # noqa: BLE001  # NVML's own classes: any of them means that it can't tell
        return None
    return None


def _round(ort: Any, request: dict[str, Any]) -> dict[str, Any]:
    probe_before_s = _probe(ort, request)
    gc.collect()
    _reset_peak()
    baseline = _memory_bytes(peak=False)
    began = time.perf_counter()
    session = _session(ort, request["model"], request)
    load_s = time.perf_counter() - began
    reply: dict[str, Any] = {"load_s": load_s, "probe_before_s": probe_before_s, **_placement(session)}
    if request["provider"] not in reply["providers"]:
        return reply  # nothing to time: the verdict is the parent's
    run = _runner(ort, session, make_arrays(request["inputs"], request["seed"]), request)
    began = time.perf_counter()
    run()
    reply["first_run_s"] = time.perf_counter() - began
    reply["warm_up_runs"], reply["warm_up_settled"] = _warm_up(run)
    gc.disable()
    busy = time.process_time()
    samples = _time_runs(
        run,
        lambda n, s: (n >= _SAMPLE_RUNS and s >= _SAMPLE_S) or s >= _SAMPLE_CAP_S or n >= _MAX_SAMPLES,
    )
    reply["cpu_s"] = time.process_time() - busy
    gc.enable()
    peak = _memory_bytes(peak=True)
    reply["peak_rss_bytes"] = max(0, peak - baseline) if peak is not None and baseline is not None else None
    reply["gpu_memory_bytes"] = _gpu_memory_bytes(request)
    reply["samples_ns"] = samples
    reply["timer_cost_ns"] = _timer_cost_ns()
    del run, session  # no idle session while the probe runs
    reply["probe_after_s"] = _probe(ort, request)
    return reply


def _usable(ort: Any, request: dict[str, Any]) -> dict[str, Any]:
    session = _session(ort, request["probe_model"], request)
    reply = _placement(session)
    if request["provider"] in reply["providers"]:
        inputs = [{"name": i.name, "type": i.type, "shape": i.shape} for i in session.get_inputs()]
        _runner(ort, session, make_arrays(inputs, 0), request)()
    return reply


def _inspect(ort: Any, request: dict[str, Any]) -> dict[str, Any]:
    session = _session(ort, request["model"], request)
    reply: dict[str, Any] = {
        "inputs": [[i.name, i.type, list(i.shape)] for i in session.get_inputs()],
        "outputs": [[o.name, o.type, list(o.shape)] for o in session.get_outputs()],
    }
    if request.get("inputs"):
        session.run(None, make_arrays(request["inputs"], request["seed"]))
    return reply


def main() -> int:
    """Answer the one request on standard input; exit code 0 even where the answer is an error."""
    reply_stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # native code and ONNX Runtime's own prints must not mix with the reply
    sys.stdout = sys.stderr
    request = json.load(sys.stdin)
    try:
        import onnxruntime as ort

        work = {"round": _round, "usable": _usable, "inspect": _inspect}[request["do"]]
        reply = work(ort, request)
    except Exception as error:  # noqa: BLE001  # whatever the runtime raises is the answer, told by the parent
        reply = {"error": str(error) or repr(error), "error_type": type(error).__name__}
    json.dump(reply, reply_stream)
    reply_stream.flush()
    return 0


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    # Some providers crash while the interpreter takes them down; the reply is out, so leave at once.
    os._exit(code)

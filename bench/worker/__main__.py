"""The measuring process: one request, one reply, then it ends.

    python -m dlbench.bench.worker < request.json > reply.txt      # the reply is its last line

It imports numpy and ONNX Runtime and nothing of torch, so that the process is small and alike each time
(docs/measuring.md, rules 1-9). Requests: `inspect` (open the model on the CPU, tell its inputs, run it once), `usable`
(can this provider be had here?), `round` (probe, load, first run, warm-up, samples, probe), `profile` (where the time
goes), `energy` (a long window beside a counter) and `peaks` (the machine's ceilings).
Only the reply goes to standard output; whatever the runtime writes goes to standard error.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from dlbench.bench.worker.contention import CoreWatch, core_clock, threads_now
from dlbench.bench.worker.footprint import gpu_memory_bytes, reset_peak, resident_bytes
from dlbench.bench.worker.loads import closed_loop, open_loop
from dlbench.bench.worker.sampling import probe_s, stream_bytes_per_s, time_runs, timer_cost_ns, warm_up
from dlbench.bench.worker.session import device_index, make_runner, open_session, placement, run_once, without_graph
from dlbench.model.inputs.feeds import make_arrays
from dlbench.runtime import IMPORTING, onnx_runtime
from dlbench.system import usable_cores

_ENERGY_S = 10.0
_IDLE_S = 3.0

Request = Mapping[str, Any]


def _own_inputs(session: Any) -> list[dict[str, Any]]:
    return [{"name": i.name, "type": i.type, "shape": i.shape} for i in session.get_inputs()]


def _probe(ort: Any, request: Request, threads: int | None = None) -> float | None:
    """Time the probe model with the cell's own provider and threads, or with other ones."""
    if not request.get("probe_model"):
        return None
    plain = without_graph(request) | ({"threads": threads} if threads else {})
    before = threads_now()
    session = open_session(ort, request["probe_model"], plain)
    run = make_runner(ort, session, make_arrays(_own_inputs(session), 0), plain).run
    return probe_s(run, _clock(plain, before), plain["threads"])


def _clock(request: Request, before: frozenset[int]) -> Callable[[], int] | None:
    """Return the clock of the threads that work on a lone stream of the CPU; None where they don't spin."""
    alone = request.get("streams", 1) == 1 and not request.get("rate_per_s")
    return core_clock(request["threads"], before) if alone and _spins(request) else None


def _spins(request: Request) -> bool:
    """Say whether all threads of the pool of ONNX Runtime's own CPU provider stay at work between two runs."""
    config = request.get("session_config") or {}
    spinning = config.get("session.intra_op.allow_spinning", "1") != "0"
    stops = config.get("session.force_spinning_stop", "0") == "1"
    return request["provider"] == "CPUExecutionProvider" and spinning and not stops


def _one_thread_probe(ort: Any, request: Request) -> float | None:
    """Time the probe with one thread, which tells with the other probe what all threads do together."""
    several = request.get("place", "cpu") == "cpu" and request["threads"] > 1
    return _probe(ort, request, threads=1) if several else None


def _round(ort: Any, request: Request) -> dict[str, Any]:
    one_thread_probe_s = _one_thread_probe(ort, request)
    probe_before_s = _probe(ort, request)
    gc.collect()
    reset_peak()
    baseline = resident_bytes(peak=False)
    threads_before = threads_now()
    began = time.perf_counter()
    session = open_session(ort, request["model"], request)
    load_s = time.perf_counter() - began
    where = placement(session, request["provider"])
    reply: dict[str, Any] = {"load_s": load_s, "probe_before_s": probe_before_s, **where}
    reply["one_thread_probe_s"] = one_thread_probe_s
    if request["provider"] not in where["providers"] or not where["nodes"].get(request["provider"]):
        return reply  # nothing to time: the verdict is the parent's
    arrays = make_arrays(request["inputs"], request["seed"])
    others = [open_session(ort, request["model"], request) for _ in range(request.get("streams", 1) - 1)]
    runners = [make_runner(ort, s, arrays, request) for s in (session, *others)]
    runs, reply["first_run_s"] = [runner.run for runner in runners], runners[0].first_run_s
    settled = [warm_up(run) for run in runs]
    reply["warm_up_runs"], reply["warm_up_settled"] = sum(n for n, _ in settled), all(ok for _, ok in settled)
    rate, threads = request.get("rate_per_s"), request["threads"]
    clock = _clock(request, threads_before)
    gc.disable()
    busy, watch = time.process_time(), CoreWatch.start()
    reply |= open_loop(runs, rate, request["arrival_seed"]) if rate else closed_loop(runs, clock, threads)
    reply |= watch.stop(threads * len(runs)) | {"spins": _spins(request)}
    if rate or len(runs) > 1 or threads > usable_cores():
        # its threads are gone by now, or waited for each other: nothing is told of other programs
        reply |= {"delay_share": None, "slow_core_share": None, "spins": False}
    reply["cpu_s"] = time.process_time() - busy
    gc.enable()
    peak = resident_bytes(peak=True)
    reply["peak_rss_bytes"] = max(0, peak - baseline) if peak is not None and baseline is not None else None
    reply["gpu_memory_bytes"] = gpu_memory_bytes(device_index(request)) if request.get("place") == "cuda" else None
    reply["timer_cost_ns"] = timer_cost_ns()
    del runs, runners, session, others  # no idle session while the probe runs
    reply["probe_after_s"] = _probe(ort, request)
    reply["stream_bytes_per_s"] = stream_bytes_per_s() if request.get("probe_model") else None
    return reply


def _usable(ort: Any, request: Request) -> dict[str, Any]:
    session = open_session(ort, request["probe_model"], request)
    reply = placement(session, request["provider"])
    if request["provider"] in reply["providers"]:
        make_runner(ort, session, make_arrays(_own_inputs(session), 0), request)
    return reply


def _inspect(ort: Any, request: Request) -> dict[str, Any]:
    session = open_session(ort, request["model"], request)
    reply: dict[str, Any] = {
        "inputs": [[i.name, i.type, list(i.shape)] for i in session.get_inputs()],
        "outputs": [[o.name, o.type, list(o.shape)] for o in session.get_outputs()],
    }
    if request.get("inputs"):
        reply["output_bytes"] = run_once(ort, session, make_arrays(request["inputs"], request["seed"]))
    return reply


def _energy(ort: Any, request: Request) -> dict[str, Any]:
    """Read the counter over 3 s of idling and 10 s of work (docs/measuring.md, rule 11)."""
    from dlbench.energy import EnergyMeter

    gpu = request.get("place") == "cuda"
    session = open_session(ort, request["model"], request)
    run = make_runner(ort, session, make_arrays(request["inputs"], request["seed"]), request).run
    warm_up(run)
    idle = EnergyMeter.start(gpu)
    time.sleep(_IDLE_S)
    resting = idle.stop()
    busy = EnergyMeter.start(gpu)
    began = time.perf_counter()
    runs = len(time_runs(run, lambda _, s: s >= _ENERGY_S))
    window_s = time.perf_counter() - began
    working = busy.stop()
    return {
        "counter": working.counter,
        "energy_j": working.energy_j,
        "window_s": window_s,
        "idle_w": resting.power_w,
        "runs": runs,
    }


def _profile(ort: Any, request: Request) -> dict[str, Any]:
    from dlbench.bench.worker.profile import profile

    return profile(ort, request)


def _peaks(ort: Any, request: Request) -> dict[str, Any]:
    from dlbench.bench.worker.peaks import measure_peaks

    return measure_peaks(ort, request)


_WORK: dict[str, Callable[[Any, Request], dict[str, Any]]] = {
    "round": _round,
    "usable": _usable,
    "inspect": _inspect,
    "energy": _energy,
    "profile": _profile,
    "peaks": _peaks,
}


def _end_with_parent() -> None:
    """Ask Linux to end this process when its parent is killed: a leftover process would disturb what is timed next."""
    if sys.platform == "linux":
        import ctypes
        import signal

        set_parent_death_signal = 1  # PR_SET_PDEATHSIG of linux/prctl.h
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def main() -> int:
    """Answer the one request on standard input; exit code 0 even where the answer is an error."""
    reply_stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # native code and ONNX Runtime's own prints must not mix with the reply
    sys.stdout = sys.stderr
    _end_with_parent()
    request = json.load(sys.stdin)
    try:
        reply_stream.write(f"{IMPORTING}\n")
        reply_stream.flush()  # the last word of a process whose runtime crashes now
        ort = onnx_runtime()
        reply_stream.write("imported\n")
        reply_stream.flush()
        reply = _WORK[request["do"]](ort, request)
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

"""Is dlbench's figure that of a bare loop?

    python benchmarks/bias.py

For cells from 10 us to 100 ms: dlbench's rounds and rounds of a bare loop over `run_with_iobinding`, in turn, each in a
fresh process with the same session options, warm-up by time and the same number of seconds. The probe goes before and
after both, so that undisturbed rounds are chosen alike. Asked for: within 1 % or 0.3 us.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from common import chain, keep, print_place, print_table

from dlbench.bench.launch import ask
from dlbench.bench.probemodels import probe_model
from dlbench.bench.statistics import best_decile, quarter_range, steady, undisturbed

# The bare loop: nothing of dlbench, what anyone would write. Its probe is the same model, timed the same plain way.
BARE = """
import json, sys, time
import numpy as np
import onnxruntime as ort
r = json.load(sys.stdin)
def bound(path):
    o = ort.SessionOptions(); o.intra_op_num_threads = r["threads"]; o.inter_op_num_threads = 1
    s = ort.InferenceSession(path, o, providers=["CPUExecutionProvider"])
    x = s.get_inputs()[0]
    shape = [d if isinstance(d, int) else 1 for d in x.shape]
    b = s.io_binding()
    value = ort.OrtValue.ortvalue_from_numpy(np.random.default_rng(0).random(shape, dtype=np.float32))
    b.bind_ortvalue_input(x.name, value)
    b.bind_output(s.get_outputs()[0].name)
    return s, b
def probe():
    s, b = bound(r["probe_model"])
    t = []
    for _ in range(300):
        a = time.perf_counter_ns(); s.run_with_iobinding(b); t.append(time.perf_counter_ns() - a)
    return float(np.median(t[50:])) / 1e9
before = probe()
s, b = bound(r["model"])
end = time.perf_counter() + 0.2
while time.perf_counter() < end:
    s.run_with_iobinding(b)
times = []
end = time.perf_counter() + 0.3
while time.perf_counter() < end or len(times) < 20:
    a = time.perf_counter_ns(); s.run_with_iobinding(b); times.append(time.perf_counter_ns() - a)
del s, b
q = [float(np.median(part)) for part in np.array_split(np.array(times), 4)] if len(times) >= 40 else [1]
print(json.dumps([before, probe(), float(np.median(times)) / 1e9, max(q) / min(q) - 1]))
"""


@dataclass(frozen=True)
class Taken:
    """One round: the probe before and after, the median in seconds, how far its quarters lie apart."""

    before_s: float
    after_s: float
    median_s: float
    quarter_range: float


def bare_round(request: dict[str, Any]) -> Taken:
    done = subprocess.run(
        [sys.executable, "-c", BARE], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    return Taken(*json.loads(done.stdout))


def dlbench_round(request: dict[str, Any]) -> Taken:
    reply = ask(request, 600).value
    assert reply is not None
    samples = reply["samples_ns"]
    spread = quarter_range(samples) or 0.0
    return Taken(reply["probe_before_s"], reply["probe_after_s"], float(np.median(samples)) / 1e9, spread)


def measure(model: Path, shape: list[int], pairs: int, probe: Path) -> dict[str, list[Taken]]:
    """Return the rounds of both, in turn."""
    request = {
        "do": "round",
        "model": str(model),
        "probe_model": str(probe),
        "provider": "CPUExecutionProvider",
        "threads": 2,
        "seed": 0,
        "inputs": [{"name": "x", "type": "tensor(float)", "shape": shape}],
    }
    rounds: dict[str, list[Taken]] = {"dlbench": [], "bare": []}
    for pair in range(pairs):
        for name in ("dlbench", "bare") if pair % 2 == 0 else ("bare", "dlbench"):
            rounds[name].append((dlbench_round if name == "dlbench" else bare_round)(request))
    return rounds


def line(name: str, rounds: dict[str, list[Taken]]) -> list[object]:
    """Compare the calm rounds: the probe at its usual speed before and after, the quarters alike."""
    reference = best_decile([p for side in rounds.values() for r in side for p in (r.before_s, r.after_s)])
    chosen = {}
    for side, taken in rounds.items():
        quiet = undisturbed([(r.before_s, r.after_s) for r in taken], reference)
        even = steady([r.quarter_range for r in taken])
        chosen[side] = np.array([r.median_s for r, q, e in zip(taken, quiet, even, strict=True) if q and e])
    ours, bare = (float(np.median(chosen[side])) for side in ("dlbench", "bare"))
    off, error = ours - bare, standard_error(chosen["dlbench"], chosen["bare"])
    holds = abs(off) <= max(0.01 * bare, 0.3e-6)
    sizes = f"{len(chosen['dlbench'])} + {len(chosen['bare'])} of {len(rounds['dlbench'])} + {len(rounds['bare'])}"
    figures = [f"{ours * 1e6:,.2f} us", f"{bare * 1e6:,.2f} us", f"{off * 1e6:+,.2f} us", f"{off / bare:+.2%}"]
    return [name, *figures, f"{error / bare:.2%}", sizes, "yes" if holds else "NO"]


def standard_error(ours: np.ndarray, bare: np.ndarray) -> float:
    """Return the bootstrap's standard error of the difference of two medians, in seconds."""
    rng = np.random.default_rng(0)
    medians = [np.median(rng.choice(x, (2000, len(x))), axis=1) for x in (ours, bare)]
    return float(np.std(medians[0] - medians[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=40)
    args = parser.parse_args()
    table, document = [], {}
    # (width, layers, rows): from a few us to 100 ms on two cores; the weights stay in the caches, so that a
    # neighbour's memory traffic does not decide
    sizes = {"10 us": (64, 2, 1), "100 us": (256, 16, 1), "1 ms": (256, 16, 64), "10 ms": (256, 16, 700)}
    sizes["100 ms"] = (256, 16, 7000)
    with tempfile.TemporaryDirectory() as folder, probe_model() as probe:
        for name, (width, length, rows) in sizes.items():
            model = chain(Path(folder) / f"{name.replace(' ', '')}.onnx", width, length, rows)
            pairs = args.pairs if name != "100 ms" else args.pairs // 2
            rounds = measure(model, [rows, width], pairs, probe)
            table.append(line(f"about {name}", rounds))
            document[name] = {side: [astuple(r) for r in taken] for side, taken in rounds.items()}
            print(table[-1], flush=True)
    keep("bias", document)
    columns = (
        "cell",
        "dlbench",
        "bare loop",
        "difference",
        "share",
        "std. error",
        "calm rounds",
        "within 1 % or 0.3 us",
    )
    print_table("Bias against a bare loop", columns, table)
    print_place()


if __name__ == "__main__":
    main()

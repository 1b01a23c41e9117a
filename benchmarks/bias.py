"""Is dlbench's figure that of a bare loop?

    python benchmarks/bias.py

For cells from 10 µs to 100 ms: dlbench's rounds and rounds of a bare loop over `run_with_iobinding`, in turn, each in a
fresh process with the same session options, warm-up by time and the same number of seconds. The probe goes before and
after both, so that undisturbed rounds are chosen alike. Asked for: within 1 % or 0.3 µs.
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

from dlbench.bench.machine.probe_models import probe_model
from dlbench.bench.measure.launch import ask
from dlbench.bench.results.statistics import best_decile, quarter_range, steady, undisturbed

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


def measure(model: Path, shape: list[int], most: int, enough: int, probe: Path) -> list[tuple[Taken, Taken]]:
    """Return pairs of rounds, dlbench's and the bare loop's, until `enough` pairs are calm or `most` were taken."""
    request = {
        "do": "round",
        "model": str(model),
        "probe_model": str(probe),
        "provider": "CPUExecutionProvider",
        "threads": 2,
        "seed": 0,
        "inputs": [{"name": "x", "type": "tensor(float)", "shape": shape}],
    }
    pairs: list[tuple[Taken, Taken]] = []
    while len(pairs) < most and len(calm_pairs(pairs)) < enough:
        if len(pairs) % 2 == 0:
            ours = dlbench_round(request)
            pairs.append((ours, bare_round(request)))
        else:
            bare = bare_round(request)
            pairs.append((dlbench_round(request), bare))
    return pairs


def calm_pairs(pairs: list[tuple[Taken, Taken]]) -> np.ndarray:
    """Return the medians of the pairs whose rounds are both calm: the probe at its usual speed, the quarters alike.

    Returns:
        (pairs, 2): dlbench's and the bare loop's, in seconds.
    """
    if not pairs:
        return np.empty((0, 2))
    reference = best_decile([p for pair in pairs for r in pair for p in (r.before_s, r.after_s)])
    sides = [[pair[side] for pair in pairs] for side in (0, 1)]
    quiet = [undisturbed([(r.before_s, r.after_s) for r in side], reference) for side in sides]
    even = [steady([r.quarter_range for r in side]) for side in sides]
    flags = [all(column) for column in zip(*quiet, *even, strict=True)]
    both = [[r.median_s for r in pair] for pair, calm in zip(pairs, flags, strict=True) if calm]
    return np.array(both).reshape(-1, 2)


def line(name: str, pairs: list[tuple[Taken, Taken]]) -> list[object]:
    """Compare the calm pairs: the median of their differences, its standard error by a bootstrap over pairs."""
    calm = calm_pairs(pairs)
    ours, bare = np.median(calm, axis=0)
    apart = calm[:, 0] - calm[:, 1]
    off = float(np.median(apart))  # within a pair the machine is in one state; between pairs it may change
    chosen = np.random.default_rng(0).integers(0, len(apart), (2000, len(apart)))
    error = float(np.std(np.median(apart[chosen], axis=1)))
    holds = abs(off) <= max(0.01 * bare, 0.3e-6)
    figures = [f"{ours * 1e6:,.2f} µs", f"{bare * 1e6:,.2f} µs", f"{off * 1e6:+,.2f} µs", f"{off / bare:+.2%}"]
    return [name, *figures, f"{error / bare:.2%}", f"{len(calm)} of {len(pairs)}", "yes" if holds else "NO"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=150, help="pairs of rounds of each cell, at most")
    parser.add_argument("--calm", type=int, default=25, help="calm pairs at which a cell is done")
    args = parser.parse_args()
    table, document = [], {}
    # (width, layers, rows): from a few µs to 100 ms on two cores; the weights stay in the caches, so that a
    # neighbour's memory traffic does not decide
    sizes = {"10 µs": (64, 2, 1), "100 µs": (256, 16, 1), "1 ms": (256, 16, 64), "10 ms": (256, 16, 700)}
    sizes["100 ms"] = (256, 16, 7000)
    with tempfile.TemporaryDirectory() as folder, probe_model() as probe:
        for name, (width, length, rows) in sizes.items():
            model = chain(Path(folder) / f"{name.replace(' ', '')}.onnx", width, length, rows)
            pairs = measure(model, [rows, width], args.pairs, args.calm, probe)
            table.append(line(f"about {name}", pairs))
            document[name] = [[astuple(r) for r in pair] for pair in pairs]
            print(table[-1], flush=True)
    keep("bias", document)
    columns = (
        "cell",
        "dlbench",
        "bare loop",
        "difference",
        "share",
        "std. error",
        "calm pairs",
        "within 1 % or 0.3 µs",
    )
    print_table("Bias against a bare loop", columns, table)
    print_place()


if __name__ == "__main__":
    main()

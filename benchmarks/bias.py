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
from pathlib import Path
from typing import Any

import numpy as np
from common import chain, keep, print_place, print_table

from dlbench.bench.launch import ask
from dlbench.bench.probemodels import probe_model
from dlbench.bench.statistics import best_decile, undisturbed

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
print(json.dumps([before, probe(), float(np.median(times)) / 1e9]))
"""


def bare_round(request: dict[str, Any]) -> tuple[float, float, float]:
    done = subprocess.run(
        [sys.executable, "-c", BARE], input=json.dumps(request), capture_output=True, text=True, check=True
    )
    before, after, median_s = json.loads(done.stdout)
    return before, after, median_s


def dlbench_round(request: dict[str, Any]) -> tuple[float, float, float]:
    reply = ask(request, 600).value
    assert reply is not None
    return reply["probe_before_s"], reply["probe_after_s"], float(np.median(reply["samples_ns"])) / 1e9


def measure(model: Path, shape: list[int], pairs: int, probe: Path) -> dict[str, list[tuple[float, float, float]]]:
    """Return the rounds of both, in turn: (probe before, probe after, median) in seconds."""
    request = {
        "do": "round",
        "model": str(model),
        "probe_model": str(probe),
        "provider": "CPUExecutionProvider",
        "threads": 2,
        "seed": 0,
        "inputs": [{"name": "x", "type": "tensor(float)", "shape": shape}],
    }
    rounds: dict[str, list[tuple[float, float, float]]] = {"dlbench": [], "bare": []}
    for pair in range(pairs):
        for name in ("dlbench", "bare") if pair % 2 == 0 else ("bare", "dlbench"):
            rounds[name].append((dlbench_round if name == "dlbench" else bare_round)(request))
    return rounds


def line(name: str, rounds: dict[str, list[tuple[float, float, float]]]) -> list[object]:
    """Compare the calm pairs: both rounds undisturbed."""
    reference = best_decile([p for side in rounds.values() for r in side for p in r[:2]])
    calm = {side: undisturbed([(r[0], r[1]) for r in rs], reference) for side, rs in rounds.items()}
    chosen = {side: np.array([r[2] for r, c in zip(rs, calm[side], strict=True) if c]) for side, rs in rounds.items()}
    ours, bare = (float(np.median(chosen[side])) for side in ("dlbench", "bare"))
    off = ours - bare
    holds = abs(off) <= max(0.01 * bare, 0.3e-6)
    sizes = f"{len(chosen['dlbench'])} + {len(chosen['bare'])} of {len(rounds['dlbench'])} + {len(rounds['bare'])}"
    figures = [f"{ours * 1e6:,.2f} us", f"{bare * 1e6:,.2f} us", f"{off * 1e6:+,.2f} us", f"{off / bare:+.2%}"]
    return [name, *figures, sizes, "yes" if holds else "NO"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=40)
    args = parser.parse_args()
    table, document = [], {}
    # (width, layers, rows): from a few us to 100 ms on two cores
    sizes = {"10 us": (64, 2, 1), "100 us": (256, 16, 1), "1 ms": (512, 12, 16), "10 ms": (1024, 12, 64)}
    sizes["100 ms"] = (1024, 16, 512)
    with tempfile.TemporaryDirectory() as folder, probe_model() as probe:
        for name, (width, length, rows) in sizes.items():
            model = chain(Path(folder) / f"{name.replace(' ', '')}.onnx", width, length, rows)
            pairs = args.pairs if name != "100 ms" else args.pairs // 2
            rounds = measure(model, [rows, width], pairs, probe)
            table.append(line(f"about {name}", rounds))
            document[name] = rounds
            print(table[-1], flush=True)
    keep("bias", document)
    columns = ("cell", "dlbench", "bare loop", "difference", "share", "calm rounds", "within 1 % or 0.3 us")
    print_table("Bias against a bare loop", columns, table)
    print_place()


if __name__ == "__main__":
    main()

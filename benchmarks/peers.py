"""The same cell by dlbench and by its peers: the figure, how far it moves from run to run, and the time that it takes.

    uv venv /tmp/peers && uv pip install --python /tmp/peers/bin/python polygraphy openvino onnxruntime==1.31.1 onnx
    python benchmarks/peers.py --peers /tmp/peers/bin --runs 8

Each tool runs as its users run it, in turn with the others, on the CPU at batch 1: `torch.utils.benchmark` around
`session.run`, `onnxruntime.tools.onnxruntime_test`, `polygraphy run --onnxrt`, OpenVINO's `benchmark_app` (an engine of
its own, so its figure is another one; what counts here is how steady it is). The spread is the slowest run over the
fastest.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import keep, own_cache, print_place, print_table, reference_models

TORCH = """
import sys, numpy as np, onnxruntime as ort
from torch.utils.benchmark import Timer
s = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
x = s.get_inputs()[0]
feed = {x.name: np.random.rand(*[d if isinstance(d, int) else 1 for d in x.shape]).astype("f")}
print("median", Timer("s.run(None, f)", globals={"s": s, "f": feed}).blocked_autorange(min_run_time=2).median, "s")
"""


def run(arguments: list[str], pattern: str) -> tuple[float, float, bool]:
    """Run a tool; return its figure in seconds, its wall time, and that it stands by it: peers never say otherwise."""
    began = time.perf_counter()
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)
    wall_s = time.perf_counter() - began
    found = re.search(pattern, done.stdout + done.stderr)
    if found is None:
        raise SystemExit(f"{arguments[:3]} gave no figure:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
    number, unit = found.group(1).split()
    return float(number) * {"s": 1, "ms": 1e-3, "us": 1e-6}[unit], wall_s, True


def dlbench(model: Path, workspace: str, budget_s: float) -> tuple[float, float, bool]:
    """Run `dlbench compare` on one model; return its figure, its wall time, and whether a round was calm.

    Without a calm round dlbench prints no interval but "can't tell": no figure to be held to.
    """
    options = ["--batch-sizes", "1", "--budget", str(budget_s), "--workspace", workspace, "--json"]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "dlbench", "compare", str(model), *options], capture_output=True, text=True, check=True
    )
    wall_s = time.perf_counter() - began
    latency = json.loads(done.stdout)["cells"][0]["latency_s"]
    return latency["p50"], wall_s, latency["ci_low"] is not None


def shape_of(model: Path) -> str:
    import onnx

    x = onnx.load(model, load_external_data=False).graph.input[0]
    dims = [d.dim_value or 1 for d in x.type.tensor_type.shape.dim]
    return f"{x.name}[{','.join(map(str, dims))}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, required=True, help="folder of python, polygraphy and benchmark_app")
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--budget", type=float, default=11.0, help="seconds of dlbench")
    parser.add_argument("--openvino", type=int, default=15, help="seconds of benchmark_app (its default is 60)")
    parser.add_argument("--workspace", type=Path, default=Path("dlbench-out"))
    args = parser.parse_args()
    models = [m for m in reference_models(args.workspace) if m.stem != "dense"]
    figures: dict[str, dict[str, list[tuple[float, float, bool]]]] = {m.stem: {} for m in models}
    os.environ["PATH"] = f"{args.peers}{os.pathsep}{os.environ['PATH']}"
    with own_cache(), tempfile.TemporaryDirectory() as scratch:
        for number in range(args.runs):
            for model in models:
                name, path = model.stem, str(model)
                openvino = [str(args.peers / "benchmark_app"), "-m", path, "-d", "CPU", "-t", str(args.openvino)]
                openvino += ["-hint", "latency", "-shape", shape_of(model)]
                loops = str(20000 if name == "cnn" else 500)
                poly = [str(args.peers / "polygraphy"), "run", path, "--onnxrt", "--sequential-runners"]
                poly += ["--warm-up", "50", "--iterations", loops]
                ort_test = [str(args.peers / "python"), "-m", "onnxruntime.tools.onnxruntime_test", path, loops]
                tools = {
                    "dlbench compare": lambda m=model: dlbench(m, scratch, args.budget),
                    "torch.utils.benchmark": lambda p=path: run([sys.executable, "-c", TORCH, p], r"median (\S+ s)"),
                    "onnxruntime_test": lambda a=ort_test: run(a, r"avg latency: (\S+ ms)"),
                    "polygraphy": lambda a=poly: run(a, r"Average inference time: (\S+ ms)"),
                    "OpenVINO benchmark_app": lambda a=openvino: run(a, r"Median: +(\S+ [mu]s)"),
                }
                for tool, measure in tools.items():
                    figures[name].setdefault(tool, []).append(measure())
                    print(f"run {number + 1} {name} {tool}: {figures[name][tool][-1]}", flush=True)
    keep("peers", figures)
    rows = []
    for name, by_tool in figures.items():
        for tool, runs in by_tool.items():
            values = np.array([figure for figure, _, stands in runs if stands])
            unit, scale = ("us", 1e6) if values.max() < 1e-3 else ("ms", 1e3)
            low, middle, high = (float(q) * scale for q in np.quantile(values, (0, 0.5, 1)))
            shown = f"{middle:.2f} {unit}", f"{low:.2f}-{high:.2f} {unit}"
            spread = values.max() / values.min() - 1
            deviation = np.log(values).std(ddof=1)
            wall = np.median([w for _, w, _ in runs])
            told = f"{len(values)} of {len(runs)}"
            rows.append([f"{name}, {tool}", *shown, told, f"{spread:.1%}", f"{deviation:.1%}", f"{wall:.1f} s"])
    columns = (
        "cell and tool",
        "median figure",
        "range",
        "runs with a figure",
        "slowest / fastest - 1",
        "std of log",
        "wall time",
    )
    print_table(f"Peers, {args.runs} runs each, in turn", columns, rows)
    print_place()


if __name__ == "__main__":
    main()

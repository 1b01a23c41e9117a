"""Does the interval hold on a machine that is never quiet, and what do the usual ways of timing give there?

    python benchmarks/busy.py --repeats 6 --conditions left-alone,one-busy,spells,memory,two-busy

Real repeats of dense, cnn and transfer at batch 1 and 32 on this machine: left alone; beside one program that uses a
core throughout; beside one that does so for half of the time, in spells of 3 to 20 s; beside one that reads memory
throughout; beside two busy programs. The truth of a figure without a mark is the median of all calm and undelayed
rounds of runs on the machine left alone, before and after. A figure with the mark ~ says that it holds for a state, one
with a star that its interval covers all rounds: the truth is the median of all rounds of that cell, condition and
state. Beside dlbench, the same cells by two usual ways,
each with its own 95 % interval: one loop of a second in a process with ONNX Runtime's defaults (as perf_test and
polygraphy do), and ten runs of a fresh process with their mean and t-interval (as hyperfine does).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from common import keep, own_cache, print_place, print_table, reference_models

from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.comparison import compare
from dlbench.bench.report.machine_words import state_text
from dlbench.bench.results.headline import QUIET, samples_of
from dlbench.bench.results.schema import Cell, Result

SPIN = "while True: pass"
STREAM = "import numpy as np\na = np.ones(1 << 25)\nwhile True: a.sum()"
# condition: what runs beside the measurement, how many of it, in spells?
CONDITIONS = {
    "left-alone": (SPIN, 0, False),
    "one-busy": (SPIN, 1, False),
    "spells": (SPIN, 1, True),
    "memory": (STREAM, 1, False),
    "two-busy": (SPIN, 2, False),
}
STATES = ("calm", "undelayed", "busy", "slowed", "starved")
LOOP = """
import json, os, sys, time
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy as np, onnxruntime as ort
s = ort.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
x = s.get_inputs()[0]
feed = {x.name: np.random.rand(*[d if isinstance(d, int) else int(sys.argv[2]) for d in x.shape]).astype("f")}
for _ in range(3): s.run(None, feed)
end, times = time.perf_counter() + float(sys.argv[3]), []
while time.perf_counter() < end or len(times) < 3:
    began = time.perf_counter(); s.run(None, feed); times.append(time.perf_counter() - began)
print(json.dumps([sum(times) / len(times), float(np.std(times)), len(times)]))
"""


@contextmanager
def beside(condition: str, seed: int) -> Iterator[None]:
    """Run the condition's programs meanwhile."""
    code, number, in_spells = CONDITIONS[condition]
    done = threading.Event()
    if in_spells:
        thread = threading.Thread(target=_spells, args=(code, done, random.Random(seed)), daemon=True)
        thread.start()
    others = [] if in_spells else [subprocess.Popen([sys.executable, "-c", code]) for _ in range(number)]
    time.sleep(1.0 if number else 0.0)
    try:
        yield
    finally:
        done.set()
        for other in others:
            other.kill()
            other.wait()
        if in_spells:
            thread.join()


def _spells(code: str, done: threading.Event, rng: random.Random) -> None:
    """Run a program for 3 to 20 s, leave the machine alone for as long, and so on."""
    while not done.is_set():
        other = subprocess.Popen([sys.executable, "-c", code])
        done.wait(rng.uniform(3, 20))
        other.kill()
        other.wait()
        done.wait(rng.uniform(3, 20))


def run_once(models: Sequence[Path], condition: str, budget_s: float, seed: int) -> tuple[Result, float]:
    """Compare the networks once in a condition; return the result and the seconds that it took."""
    began = time.perf_counter()
    with beside(condition, seed):
        result = compare(models, CompareSettings(batch_sizes=(1, 32), budget_s=budget_s), history=True)
    return result, time.perf_counter() - began


def name_of(cell: Cell) -> str:
    return f"{cell.model} @{cell.batch}"


def medians(cells: Sequence[Cell], states: Sequence[str]) -> list[float]:
    """Return the round medians of these states, in seconds."""
    return [samples_of(r).median_s() for c in cells for r in c.rounds if r.state in states]


class Truth:
    """What each figure should hold: the undisturbed speed, or that of a state in its condition."""

    def __init__(self, quiet: Sequence[Result], by_condition: dict[str, list[Result]]) -> None:
        self._quiet = self._cells(quiet)
        self._own = {condition: self._cells(results) for condition, results in by_condition.items()}

    @staticmethod
    def _cells(results: Sequence[Result]) -> dict[str, list[Cell]]:
        cells: dict[str, list[Cell]] = defaultdict(list)
        for result in results:
            for cell in result.cells:
                cells[name_of(cell)].append(cell)
        return cells

    def undisturbed(self, name: str) -> float | None:
        """Return the median of all calm and undelayed rounds of the quiet runs; None where there are too few."""
        known = medians(self._quiet[name], ("calm", "undelayed"))
        return float(np.median(known)) if len(known) >= 5 else None

    def quiet(self, name: str) -> float:
        """Return the median of all rounds of the quiet runs, in whatever state the host was."""
        return float(np.median(medians(self._quiet[name], STATES)))

    def of(self, cell: Cell, condition: str) -> float | None:
        """Return what this cell's figure stands for."""
        if cell.interval_covers in QUIET:
            return self.undisturbed(name_of(cell))
        state = cell.interval_covers.removesuffix(" rounds")
        states = STATES if state in ("mixed", "all") else (state,)
        known = medians(self._own[condition][name_of(cell)], states)
        return float(np.median(known)) if known else None


def rows_of(results: dict[str, list[Result]], took: dict[str, list[float]], truth: Truth) -> Iterator[list[object]]:
    """Yield a row a condition: yield, coverage with and without a mark, width, bias, time."""
    for condition, runs in results.items():
        cells = [c for r in runs for c in r.cells]
        judged = [(c, truth.of(c, condition)) for c in cells if c.latency_s is not None]
        plain, marked = ([(c, t) for c, t in judged if t and _unmarked(c) is mark] for mark in (True, False))
        off = [abs(c.latency_s.p50 / t - 1) for c, t in plain if c.latency_s]
        busy = [c.evidence.others_share or 0.0 for c in cells if c.evidence]
        said = [c for c in cells if "programs" in state_text(c) or "between others" in state_text(c)]
        yield [
            condition,
            len(cells),
            _share(sum(c.latency_s is not None and c.latency_s.ci_low is not None for c in cells), len(cells)),
            _share(sum(_unmarked(c) for c in cells), len(cells)),
            _share(sum(_holds(c, t) for c, t in plain), len(plain)),
            _share(sum(_holds(c, t) for c, t in marked), len(marked)),
            _width(plain),
            _width(marked),
            f"{np.median(off):.1%}" if off else "",
            _share(sum(x > 0.1 for x in off), len(off)),
            f"{np.median(busy):.0%}",
            _share(len(said), len(cells)),
            f"{np.median(took[condition]):.0f} s",
        ]


def _unmarked(cell: Cell) -> bool:
    """Say whether the figure claims to be that of the undisturbed machine, without ~ and without a star."""
    return cell.interval_covers in QUIET


def _holds(cell: Cell, true_s: float) -> bool:
    latency = cell.latency_s
    assert latency is not None
    return (latency.ci_low or 0) <= true_s <= (latency.ci_high or math.inf)


def _width(judged: Sequence[tuple[Cell, float]]) -> str:
    known = [(c.latency_s, t) for c, t in judged if c.latency_s and c.latency_s.ci_low]
    halves = [((latency.ci_high or 0) - (latency.ci_low or 0)) / 2 / t for latency, t in known]
    return f"{np.median(halves):.1%}" if halves else ""


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%} of {whole}" if whole else ""


def peers(models: Sequence[Path], condition: str, truth: Truth, repeats: int, seed: int) -> Iterator[list[object]]:
    """Yield how a loop in one process and ten fresh processes fare on the same cells."""
    from scipy.special import stdtrit

    held: dict[str, list[tuple[bool, float, float]]] = defaultdict(list)
    with beside(condition, seed):
        for _ in range(repeats):
            for model in models:
                name = f"{model.stem} @1"
                true_s = truth.undisturbed(name) or truth.quiet(name)
                mean, deviation, number = _loop(model, 1.0)
                half = 1.96 * deviation / number**0.5
                held["a loop of 1 s"].append((abs(mean - true_s) <= half, half / true_s, mean / true_s - 1))
                means = np.array([_loop(model, 0.1)[0] for _ in range(10)])
                half = float(stdtrit(9, 0.975)) * means.std(ddof=1) / 10**0.5
                mean = float(means.mean())
                held["ten processes"].append((abs(mean - true_s) <= half, half / true_s, mean / true_s - 1))
    for way, found in held.items():
        yield [
            f"{condition}: {way}",
            _share(sum(ok for ok, _, _ in found), len(found)),
            f"{np.median([half for _, half, _ in found]):.1%}",
            f"{np.median([abs(away) for _, _, away in found]):.0%}",
        ]


def _loop(model: Path, seconds: float) -> tuple[float, float, int]:
    command = [sys.executable, "-c", LOOP, str(model), "1", str(seconds)]
    mean, deviation, number = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return mean, deviation, number


def document(results: dict[str, list[Result]], took: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Return the figures behind the table."""
    return [
        {
            "condition": condition,
            "took_s": seconds,
            "cell": name_of(c),
            "covers": c.interval_covers,
            "latency_s": c.latency_s.model_dump() if c.latency_s else None,
            "evidence": c.evidence.model_dump() if c.evidence else None,
            "rounds": [[samples_of(r).median_s(), r.state, r.delay_share, r.probe_before_s] for r in c.rounds],
        }
        for condition, runs in results.items()
        for result, seconds in zip(runs, took[condition], strict=True)
        for c in result.cells
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=6, help="comparisons in each condition")
    parser.add_argument("--quiet", type=int, default=3, help="comparisons on the machine left alone, before and after")
    parser.add_argument("--peers", type=int, default=3, help="repeats of the usual ways in each condition")
    parser.add_argument("--budget", type=float, default=30.0, help="seconds of each comparison")
    parser.add_argument("--conditions", default=",".join(CONDITIONS))
    parser.add_argument("--workspace", type=Path, default=Path("dlbench-out"))
    args = parser.parse_args()
    models, conditions = reference_models(args.workspace), args.conditions.split(",")
    results: dict[str, list[Result]] = defaultdict(list)
    took: dict[str, list[float]] = defaultdict(list)
    with own_cache():
        quiet = [run_once(models, "left-alone", args.budget, 0)[0] for _ in range(args.quiet)]
        for number in range(args.repeats):  # in turn, so that a slow hour of the host falls on all conditions
            for condition in conditions:
                result, seconds = run_once(models, condition, args.budget, number)
                results[condition].append(result)
                took[condition].append(seconds)
                print(f"{condition}, {number + 1} of {args.repeats}: {seconds:.0f} s", flush=True)
        quiet += [run_once(models, "left-alone", args.budget, 0)[0] for _ in range(args.quiet)]
    keep("busy", document(results, took))
    truth = Truth([*quiet, *results.get("left-alone", [])], results)
    columns = ("beside the measurement", "cells", "with an interval", "of them without a mark", "held, no mark")
    columns += ("held, ~ or *", "half-width, no mark", "half-width, ~ or *", "bias, no mark", "over 10 % off, no mark")
    columns += ("others had", "said in the row", "time")
    print_table("dlbench on a machine in use", columns, list(rows_of(results, took, truth)))
    if args.peers:
        rows = [row for c in conditions for row in peers(models, c, truth, args.peers, 0)]
        columns = ("beside, and how timed", "held the truth", "half-width", "off by (median)")
        print_table("The usual ways in the same conditions, batch 1", columns, rows)
    print_place()


if __name__ == "__main__":
    main()

"""Does `dlbench tune` find a good setting that was planted, and does it claim one where there is none?

    python benchmarks/tune.py --made 400
    python benchmarks/tune.py --made 0 --real 20 --none 10 --budget 90 --workspace dlbench-out

Made rounds: the search as it is, on rounds whose medians follow a model of a machine. The process adds 3 % (standard
deviation of the logarithm); on a machine in use, four rounds of ten are slowed by up to half. Thirty settings take 0.97
to 1.5 times as long as what nothing sets; the planted one takes less. Right: it is named best, and shown to be faster.
Without a plant all take at least as long as what nothing sets, and naming any is false.

Real rounds: real processes of cnn on this machine. What a setting does is planted: every session is opened in the same
way, and waits after each run for 25 to 60 % of the run's own time. The planted setting waits for 5 %, what nothing sets
for 25 %. A planted setting that there was no time for is not found either, so this needs a machine that is left alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from common import RESULTS, keep, own_cache, print_place, print_table, reference_models
from tune_worker import key_of

from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import judge
from dlbench.bench.diff.ratio import ratio_in_turn
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.plan import Job
from dlbench.bench.measure.rounds import RoundLoop
from dlbench.bench.providers.registry import provider
from dlbench.bench.results.records import Round
from dlbench.bench.tuning import halving as halving_module
from dlbench.bench.tuning.halving import PROOF_LEVEL, Halving

MADE_BUDGET_S, MADE_ROUND_S = 90.0, 0.6  # what thirty settings of cnn have, and take, on two cores


def trial(model: Path, seed: int, planted: bool, budget_s: float, most: int) -> dict[str, Any]:
    from dlbench.bench.measure import launch
    from dlbench.bench.providers.options import session_config
    from dlbench.bench.tuning import search as module
    from dlbench.bench.tuning.runtime_setting import settings_for
    from dlbench.bench.tuning.search import search
    from dlbench.system import usable_cores

    every = settings_for("cpu", usable_cores(), ["fp32"])[:most]
    vars(module)["settings_for"] = lambda *given: every
    good = every[int(np.random.default_rng(seed).integers(1, len(every)))] if planted else None
    key = key_of(good.threads, session_config(good.options("cpu"))) if good else ""
    launch.WORKER = [sys.executable, str(Path(__file__).with_name("tune_worker.py").resolve()), key]
    began = time.perf_counter()
    found = search({"fp32": model}, CompareSettings(batch_sizes=(1,), min_rounds=2, budget_s=budget_s))
    best = found.best.setting
    return {
        "planted": good.words if good else "",
        "best": best.words,
        "right": best == (good or every[0]),
        "nearest": found.challenger.setting.words,
        "tried": sum(t.rounds > 0 for t in found.trials),
        "planted_was_tried": good is None or any(t.setting == good and t.rounds for t in found.trials),
        "rounds": [next((t.rounds for t in found.trials if t.setting == each), 0) for each in (every[0], good)],
        "answer_s": [next((t.answer_s for t in found.trials if t.setting == each), None) for each in (every[0], good)],
        "times": [found.times.ratio, found.times.low, found.times.high] if found.times else None,
        "seconds": round(time.perf_counter() - began, 1),
        "busy": sorted(set(found.warnings))[:3],
    }


def made_trial(seed: int, gain: float, slowed_share: float) -> tuple[bool, bool, int]:
    """Search among made settings; return whether the right one was named, another one was, and the rounds taken."""
    rng = np.random.default_rng(seed)
    seconds = [1e-3, *rng.uniform(0.97e-3 if gain else 1e-3, 1.5e-3, 29)]
    planted = int(rng.integers(1, 30)) if gain else 0
    seconds[planted] = 1e-3 * (1 - gain)
    jobs = [Job(cast(Any, None), provider("cpu"), 1, n, None) for n in range(30)]
    clock = [0.0]
    vars(halving_module)["time"] = SimpleNamespace(perf_counter=lambda: clock[0])
    halving = Halving(MADE_BUDGET_S, lambda job: min(1, job.threads))
    halving.start(jobs)

    class Made(RoundLoop):
        def _one_round(self, job: Job) -> None:
            slower = 1 + 0.5 * rng.random() * (rng.random() < slowed_share)
            ns = int(seconds[job.threads] * 1e9 * np.exp(rng.normal(0, 0.03)) * slower)
            times = (ns, ns + ns // 50)
            clock[0] += MADE_ROUND_S
            job.rounds.append(Round(load_s=0.01, first_run_s=0.01, values_ns=times, counts=(15, 15), timer_cost_s=1e-8))

        def _send(self, *given: Any) -> None: ...

    loop = Made(jobs, CompareSettings(min_rounds=2, budget_s=5e5), cast(Any, None), lambda event: None)
    loop.run(lambda time_is_up: halving.settle(jobs, time_is_up), lambda job: None, halving.fits)
    named = 0
    for job in jobs[1:]:
        if id(job) in halving.confirmed_from:
            a, b = (each.rounds[halving.confirmed_from[id(each)] :] for each in (jobs[0], job))
            times = ratio_in_turn(a, b, PROOF_LEVEL)
            named = job.threads if times and judge(times, DiffSettings())[0] == "faster" else 0
    return named == planted, named not in (0, planted), sum(len(job.rounds) for job in jobs)


def made(trials: int) -> None:
    rows, kept = [], []
    for where, slowed_share in (("left alone", 0.0), ("in use", 0.4), ("hardly calm", 0.75)):
        for gain in (0.2, 0.1, 0.05, 0.0):
            found = [made_trial(seed, gain, slowed_share) for seed in range(trials)]
            right, false = (sum(f[i] for f in found) for i in (0, 1))
            rounds = float(np.median([f[2] for f in found]))
            kept.append(
                {"machine": where, "gain": gain, "trials": trials, "right": right, "false": false, "rounds": rounds}
            )
            planted = f"{gain:.0%} faster" if gain else "none"
            rows.append((where, planted, f"{right / trials:.1%}", f"{false / trials:.1%}", f"{rounds:.0f}"))
    keep("tune_made", kept)
    print_table(
        f"The search on made rounds, {trials} trials each",
        ("machine", "planted", "right", "another one named", "rounds (median)"),
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=400, help="trials of each kind on made rounds")
    parser.add_argument("--real", type=int, default=0, help="trials with a plant in real processes")
    parser.add_argument("--none", type=int, default=0, help="trials without a plant in real processes")
    parser.add_argument("--budget", type=float, default=90)
    parser.add_argument("--settings", type=int, default=30, help="how many are searched, those that change least")
    parser.add_argument("--first", type=int, default=0, help="number of the first trial, to go on with; rows are added")
    parser.add_argument("--workspace", type=Path, default=Path("dlbench-out"))
    given = parser.parse_args()
    print_place()
    if given.made:
        made(given.made)
    if not given.real + given.none:
        return
    kept = RESULTS / "tune.json"
    rows: list[dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8")) if given.first else []
    model = next(path for path in reference_models(given.workspace) if path.stem == "cnn")
    with own_cache():
        for number in range(given.first, given.first + given.real + given.none):
            rows.append(trial(model, number, number < given.first + given.real, given.budget, given.settings))
            print(json.dumps(rows[-1]), flush=True)
            keep("tune", rows)
    report(rows)


def report(rows: list[dict[str, Any]]) -> None:
    with_plant, without = [r for r in rows if r["planted"]], [r for r in rows if not r["planted"]]
    table = []
    for name, some in (("a good setting planted", with_plant), ("none planted", without)):
        if some:
            right = sum(r["right"] for r in some)
            seconds = [r["seconds"] for r in some]
            gain = [r["times"][0] for r in some if r["right"] and r["times"]]
            claimed = f"{np.median(gain):.2f}" if gain else ""
            table.append(
                (name, f"{right} of {len(some)}", claimed, f"{np.median(seconds):.0f} s", f"{max(seconds):.0f} s")
            )
    print_table("Tuning", ("trials", "right", "times the default (median)", "seconds (median)", "longest"), table)


if __name__ == "__main__":
    main()

"""Does the 95 % interval hold the long-run median?

    python benchmarks/coverage.py --simulated 200 --real 30

Simulated: rounds of a machine that has a calm and a slow state, correlated from round to round, put through the very
functions that a comparison uses (marking, stopping, interval). Real: the same comparison again and again; the long-run
median is that of all calm rounds of all of them. A comparison that gave no interval, because no round was calm, is
counted apart.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from common import keep, own_cache, print_place, print_table, reference_models

from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.comparison import compare, settle_cells
from dlbench.bench.measure.plan import Job
from dlbench.bench.measure.round_states import mark_states, probes_of, references
from dlbench.bench.providers.registry import provider
from dlbench.bench.results.records import Round
from dlbench.bench.results.schema import Result
from dlbench.bench.results.sketch import Sketch
from dlbench.bench.results.statistics import best_decile, undisturbed


def simulated_round(rng: np.random.Generator, state: float, drift: float, true_s: float) -> Round:
    """Make a round whose samples lie 1 % around its own level, with probes that see the state and not the drift."""
    level = true_s * state * np.exp(drift)
    sketch = Sketch.of(np.maximum(1, level * rng.lognormal(0, 0.01, 200) * 1e9).astype(int).tolist())
    before, after = 40e-6 * (1 + (state - 1) * 0.3) * rng.lognormal(0, 0.004, 2)
    return Round(
        load_s=0,
        first_run_s=0,
        probe_before_s=before,
        probe_after_s=after,
        values_ns=sketch.values_ns,
        counts=sketch.counts,
        timer_cost_s=0,
    )


def simulate(
    rng: np.random.Generator, true_s: float, calm_share: float, correlation: float, spread: float, kept: MachineHistory
) -> Any:
    """Run one comparison of one cell to its end, keep its probes, and return the job."""
    settings = CompareSettings(threads=2)
    job: Any = SimpleNamespace(provider=provider("cpu"), threads=2, rounds=[], stopped="", done=False)
    slow = rng.random() > calm_share
    drift = rng.normal(0, spread)
    for number in range(40):
        if rng.random() < 0.1:  # spells of about ten rounds
            slow = rng.random() > calm_share
        drift = correlation * drift + rng.normal(0, spread * (1 - correlation**2) ** 0.5)
        job.rounds.append(simulated_round(rng, 1.7 if slow else 1.0, drift, true_s))
        mark_states([job], references([job], kept))
        settle_cells([job], settings, time_is_up=number == 39)
        if job.stopped:
            break
    kept.add_probes("cpu", 2, probes_of([job], "cpu", 2))
    return job


def simulated(comparisons: int, seed: int) -> list[list[object]]:
    """Return one row for each kind of machine."""
    from dlbench.bench.measure.assembling import current_latency

    rows = []
    for calm_share, correlation, spread in ((1.0, 0.2, 0.01), (0.7, 0.4, 0.01), (0.4, 0.4, 0.01), (0.7, 0.4, 0.03)):
        rng = np.random.default_rng(seed)
        held, given, halves, rounds = 0, 0, [], []
        kept = MachineHistory.empty()  # the first comparison knows nothing, the later ones what was seen before
        for _ in range(comparisons):
            true_s = 10 ** rng.uniform(-5, -2)
            job: Job = simulate(rng, true_s, calm_share, correlation, spread, kept)
            latency = current_latency(job, 5)
            assert latency is not None
            rounds.append(len(job.rounds))
            if latency.ci_low is None or latency.ci_high is None:
                continue
            given += 1
            held += latency.ci_low <= true_s <= latency.ci_high
            halves.append((latency.ci_high - latency.ci_low) / 2 / true_s)
        name = f"simulated: calm {calm_share:.0%}, correlation {correlation:g}, spread {spread:.0%}"
        rows.append([name, comparisons, given, f"{held / given:.1%}", f"{np.median(halves):.2%}", np.mean(rounds)])
        rows[-1][-1] = f"{np.mean(rounds):.0f}"
    return rows


def real(models: list[Path], comparisons: int, budget_s: float) -> tuple[list[list[object]], list[Any]]:
    """Repeat one comparison of the reference networks, and hold its intervals against all calm rounds together."""
    settings = CompareSettings(batch_sizes=(1,), budget_s=budget_s)
    results: list[Result] = []
    with own_cache():
        for number in range(comparisons):
            results.append(compare(models, settings, history=True))
            print(f"comparison {number + 1} of {comparisons}", flush=True)
    return real_rows(results), [
        {
            "model": c.model,
            "latency_s": c.latency_s.model_dump() if c.latency_s else None,
            "covers": c.interval_covers,
            "rounds": [
                [Sketch(r.values_ns, r.counts).median_s(), r.probe_before_s, r.probe_after_s, r.quarter_range, r.at_s]
                for r in c.rounds
            ],
        }
        for result in results
        for c in result.cells
    ]


def real_rows(results: list[Result]) -> list[list[object]]:
    """Return one row a network, and one for all of them."""
    probes = [p for r in results for c in r.cells for x in c.rounds for p in (x.probe_before_s, x.probe_after_s) if p]
    reference = best_decile(probes)
    rows: list[list[object]] = []
    total = [0, 0, 0]
    for model in (c.model for c in results[0].cells):
        cells = [c for r in results for c in r.cells if c.model == model]
        rounds = [x for c in cells for x in c.rounds]
        calm = undisturbed([(x.probe_before_s, x.probe_after_s) for x in rounds], reference)
        # a calm round is one whose probes and quarters say so, whatever its own comparison made of it
        even = [x.quarter_range is None or x.quarter_range <= 0.06 for x in rounds]
        medians = [Sketch(x.values_ns, x.counts).median_s() for x in rounds]
        chosen = [m for m, c, e in zip(medians, calm, even, strict=True) if c and e]
        true_s = float(np.median(chosen))
        given = [c.latency_s for c in cells if c.latency_s and c.latency_s.ci_low is not None]
        held = sum((lat.ci_low or 0) <= true_s <= (lat.ci_high or 0) for lat in given)
        halves = [((lat.ci_high or 0) - (lat.ci_low or 0)) / 2 / true_s for lat in given]
        by_goal = sum(c.interval_covers == "calm rounds" for c in cells)
        name = f"real: {model}, batch 1, long-run median {true_s * 1e6:.2f} µs of {len(chosen)} calm rounds"
        share = f"{held / len(given):.1%}"
        rows.append(
            [name, len(cells), len(given), share, f"{np.median(halves):.2%}", f"{len(rounds) / len(cells):.0f}"]
        )
        print(f"{model}: {by_goal} of {len(cells)} intervals from calm rounds alone, the others cover all rounds")
        total = [total[0] + len(cells), total[1] + len(given), total[2] + held]
    rows.append(["real: all cells", total[0], total[1], f"{total[2] / total[1]:.1%}", "", ""])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulated", type=int, default=200, help="simulated comparisons of each kind of machine")
    parser.add_argument("--real", type=int, default=30, help="real comparisons")
    parser.add_argument("--budget", type=float, default=15.0, help="seconds of each real comparison")
    parser.add_argument("--workspace", type=Path, default=Path("dlbench-out"))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rows = simulated(args.simulated, args.seed) if args.simulated else []
    if args.real:
        more, document = real(reference_models(args.workspace), args.real, args.budget)
        rows += more
        keep("coverage", document)
    columns = (
        "what",
        "comparisons",
        "with an interval",
        "held the long-run median",
        "median half-width",
        "rounds each",
    )
    print_table("Coverage of the 95 % interval", columns, rows)
    print_place()


if __name__ == "__main__":
    main()

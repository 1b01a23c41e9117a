"""Does `diff` claim a difference that is not there, and does it find one that is?

    python benchmarks/differences.py --same 100 --slower 40
    python benchmarks/differences.py --same 100 --same-budget 8 --slower 0 --beside spells

A/A: a model against a copy of itself; at most 1 of 100 may come out as faster or slower. Power: a chain of 19 equal
layers against one of 20, about 5 % more work by construction; at least 95 % must come out as slower. What the 20th
layer really costs is measured over all tries together and printed. Each try is a whole `diff`, timed in turn, with
nothing beside it or in one of the conditions of busy.py.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from busy import CONDITIONS, beside
from common import chain, keep, own_cache, print_place, print_table

from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import DiffRow
from dlbench.bench.diff.live import diff_models
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.results.sketch import Sketch

# layer width, layers, rows: their weights stay in the caches of the cores, so that a neighbour's memory traffic, which
# no measuring can undo, does not decide the test
CHAINS = {"about 0.1 ms": (128, 19, 16), "about 1 ms": (256, 19, 64)}


def tries(models: tuple[Path, Path], number: int, budget_s: float, what: str) -> tuple[list[DiffRow], list[float]]:
    """Repeat one diff; return its rows, and the log ratio of every pair of calm rounds."""
    settings = CompareSettings(budget_s=budget_s)
    rows, ratios = [], []
    for i in range(number):
        diff = diff_models(models, settings, DiffSettings(), history=True)
        rows.append(diff.rows[0])
        assert diff.measured is not None
        for a, b in zip(*(cell.rounds for cell in diff.measured.cells), strict=False):
            if a.undisturbed and b.undisturbed:
                ratios.append(
                    np.log(Sketch(b.values_ns, b.counts).median_s() / Sketch(a.values_ns, a.counts).median_s())
                )
        row = rows[-1]
        print(
            f"{what} {i + 1}/{number}: {row.verdict}, {row.ratio:.4f} ({row.ratio_low:.4f}-{row.ratio_high:.4f}), ",
            end="",
        )
        print(f"{row.pairs} pairs", flush=True)
    return rows, ratios


def line(name: str, rows: list[DiffRow], ratios: list[float]) -> list[object]:
    """Return one line of the table."""
    verdicts = Counter(row.verdict for row in rows)
    counts = [verdicts.get(word, 0) for word in ("same", "slower", "faster", "can't tell")]
    true = f"{np.exp(np.median(ratios)):.4f} of {len(ratios)} pairs" if ratios else "n/a"
    half = np.median([(r.ratio_high - r.ratio_low) / 2 for r in rows if r.ratio_high and r.ratio_low])
    return [name, len(rows), *counts, true, f"{half:.2%}", f"{np.median([r.pairs for r in rows]):.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--same", type=int, default=100, help="diffs of a model and its copy")
    parser.add_argument("--slower", type=int, default=40, help="diffs of a model and one with 5 %% more work")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of each diff with more work")
    parser.add_argument("--beside", choices=list(CONDITIONS), default="left-alone", help="what else runs meanwhile")
    parser.add_argument("--same-budget", type=float, default=25.0, help="seconds of each A/A diff")
    args = parser.parse_args()
    table: list[list[object]] = []
    document: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name, own_cache(), beside(args.beside, seed=0):
        folder = Path(name)
        for label, (width, length, height) in CHAINS.items():
            share = list(CHAINS).index(label)
            a = chain(folder / f"chain{width}-{length}.onnx", width, length, height)
            copy = folder / f"copy{width}.onnx"
            shutil.copy(a, copy)
            longer = chain(folder / f"chain{width}-{length + 1}.onnx", width, length + 1, height)
            for what, other, number, budget in (
                ("A/A", copy, args.same, args.same_budget),
                ("5 % more work", longer, args.slower, args.budget),
            ):
                part = number // 2 + (number % 2 if share == 0 else 0)
                if part:
                    rows, ratios = tries((a, other), part, budget, f"{what}, {label}")
                    table.append(line(f"{what}, {label}", rows, ratios))
                    document[f"{what}, {label}"] = [row.model_dump(mode="json") for row in rows]
    keep("differences" if args.beside == "left-alone" else f"differences-{args.beside}", document)
    columns = ("what", "diffs", "same", "slower", "faster", "can't tell", "median ratio", "half-width", "pairs each")
    print_table("Differences: claimed and found", columns, table)
    print_place()


if __name__ == "__main__":
    main()

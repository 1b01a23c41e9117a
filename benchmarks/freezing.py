"""Frozen, last stages trained, and from scratch, over several seeds, on a folder of photos.

python benchmarks/freezing.py FOLDER [--seeds 5] [--last last-3]
"""

import argparse
import os
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from common import keep, print_place, print_table

from dlbench.files import Workspace
from dlbench.train import TrainSettings, train


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--last", default="last-3")
    chosen = parser.parse_args()
    ways = {
        "frozen": {"network": "transfer", "freeze": "all"},
        chosen.last: {"network": "transfer", "freeze": chosen.last},
        "from scratch (small CNN)": {"network": "cnn", "patience": 5},
    }
    cold = TemporaryDirectory()
    os.environ["DLBENCH_CACHE"] = cold.name  # the first run of each way computes what later ones find
    found: dict[str, list[dict]] = {}
    for way, options in ways.items():
        for seed in range(chosen.seeds):
            with TemporaryDirectory() as folder:
                result = train(TrainSettings(**options, data=chosen.folder, seed=seed), Workspace(Path(folder)))
            one = {
                "correct": result.test_accuracy.correct,
                "total": result.test_accuracy.total,
                "prepared_s": result.prepared_s,
                "training_s": result.facts.training.training_s - result.prepared_s,
                "whole_s": result.seconds,
                "trained": result.facts.trained_parameters,
            }
            found.setdefault(way, []).append(one)
            print(way, seed, one, flush=True)
    keep("freezing", found)
    print_place()
    rows = []
    for way, runs in found.items():
        each = [r["correct"] for r in runs]
        rows.append(
            (
                way,
                f"{runs[0]['trained']:,}",
                f"{sum(each) / sum(r['total'] for r in runs):.2%}",
                ", ".join(map(str, each)) + f" of {runs[0]['total']}",
                f"{runs[0]['whole_s']:.1f}",
                f"{statistics.median(r['whole_s'] for r in runs[1:] or runs):.1f}",
            )
        )
    columns = ("way", "weights trained", "mean", "right, by seed", "whole first run, s", "whole later run, s")
    print_table("Transfer on the same photos", columns, rows)


if __name__ == "__main__":
    main()

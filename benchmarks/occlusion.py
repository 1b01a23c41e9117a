"""How long the relevance methods take on one photo: MobileNetV2 at 224 x 224, occlusion at stride 16 first of all.

    uv run python benchmarks/occlusion.py MODEL.onnx PHOTO [--rounds 3]

Occlusion in one batch after the other stands beside the same squares one picture at a time. Rounds are interleaved; the
table shows the median. The maps alone: without deletion curve and sanity check. The aim is 15 s on two cores.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from common import keep, print_place, print_table

from dlbench.model.card import read_model
from dlbench.viz.attribution.ablation_cam import ablation_cam
from dlbench.viz.attribution.cam import cam
from dlbench.viz.attribution.eigen_cam import eigen_cam
from dlbench.viz.attribution.logits import open_scorer
from dlbench.viz.attribution.occlusion import corners, occlusion
from dlbench.viz.attribution.rise import rise
from dlbench.viz.attribution.score_cam import score_cam
from dlbench.viz.capture.picture import open_picture

PATCH, STRIDE = 32, 16
AIM_S = 15.0


def measure(model: Path, photo: Path, rounds: int = 3) -> dict[str, Any]:
    """Return seconds by method, and the number of occlusion's positions."""
    card = read_model(model)
    image = open_picture(card, photo).received
    scorer = open_scorer(card, image)
    single, both = replace(scorer, at_once=1), scorer.first_two(scorer.logits(image)[0])
    ways: dict[str, Callable[[], Any]] = {
        f"occlusion, batches of {scorer.at_once}": lambda: occlusion(scorer, image, both, patch=PATCH, stride=STRIDE),
        "occlusion, one at a time": lambda: occlusion(single, image, both, patch=PATCH, stride=STRIDE),
        "RISE, 500 masks": lambda: rise(scorer, image, both, masks=500),
        "Score-CAM, 256 channels": lambda: score_cam(scorer, image, both, channels=256),
        "Ablation-CAM, all channels": lambda: ablation_cam(scorer, image, both),
        "Eigen-CAM": lambda: eigen_cam(scorer, image, both),
        "CAM": lambda: cam(scorer, image, both),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    seconds = {name: statistics.median(values) for name, values in times.items()}
    size = (image.shape[2], image.shape[3])
    return {"seconds": seconds, "positions": len(corners(size, PATCH, STRIDE)), "rounds": rounds, "size": size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    found = measure(asked.model, asked.photo, asked.rounds)
    print_place()
    rows = [(name, f"{seconds:.2f}") for name, seconds in found["seconds"].items()]
    height, width = found["size"]
    print_table(
        f"Relevance of two classes in a {height} x {width} photo by {asked.model.stem}; occlusion: {PATCH} x {PATCH} "
        f"pixels, stride {STRIDE}, {found['positions']} positions; median of {found['rounds']} rounds",
        ("method", "seconds"),
        rows,
    )
    batched = next(iter(found["seconds"].values()))
    print(f"batched occlusion: {batched:.1f} s; the aim is {AIM_S:.0f} s: {'met' if batched <= AIM_S else 'missed'}")
    keep("occlusion", found)


if __name__ == "__main__":
    main()

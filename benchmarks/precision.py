"""What fewer bits gain and cost here: size, seconds to make, accuracy, and speed from rounds in turn.

    python benchmarks/precision.py --workspace dlbench-out --data photos/
    python benchmarks/precision.py --workspace dlbench-out --folds 5

transfer is MobileNetV2 with a head of two classes, trained on the photos (`dlbench train transfer --data photos/`);
cnn learned the MNIST sample. ResNet-18 and -50 have random weights where ImageNet's are not there: timing alone. A
variant is made with 200 pictures of the validation split (ResNets: 64 of the photos) and judged on the test split.
Times are held against fp32 in rounds in turn, at batch 1 on one thread, with 99 % intervals. The folds train cnn anew:
each fold's 1,000 images are answered in fp32 and in int8.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import keep, print_place, print_table

import dlbench
from dlbench.api.networks import model_paths
from dlbench.api.variants.accuracy_gate import Gate
from dlbench.bench.machine.machine_facts import machine_facts
from dlbench.bench.machine.precision_support import precision_support
from dlbench.export.precision import write_variant
from dlbench.files import Workspace
from dlbench.model.card import read_model

PICTURES = {"transfer": 200, "cnn": 200}
OTHERS = 64


def variants_of(
    path: Path, data: Path | None, precisions: list[str], workspace: Workspace, budget_s: float, threads: int
) -> list[dict[str, Any]]:
    """Make each variant in a new folder, judge it and time it against fp32."""
    rows, card, machine = [], read_model(path), machine_facts()
    for precision in precisions:
        with tempfile.TemporaryDirectory(dir=workspace.root) as folder:
            began = time.perf_counter()
            known = card.facts is not None and card.facts.accuracy is not None
            own = known and card.facts is not None and (data is None or data.name != card.facts.data)
            made = dlbench.export_model(
                path,
                precision=precision,
                to=folder,
                data=None if own else data,
                pictures=PICTURES.get(path.stem, OTHERS),
                workspace=workspace.root,
            )
            seconds = time.perf_counter() - began
            other = made.variants[0].path
            against = Gate.of(100, None if own else data).judged([path, other], workspace)[0] if known else None
            times = dlbench.diff(path, other, threads=threads, budget=budget_s, workspace=workspace.root).rows[0]
            support = precision_support(machine, precision)
            rows.append(
                {
                    "model": path.stem,
                    "precision": precision,
                    "threads": threads,
                    "seconds": seconds,
                    "smaller": card.size_bytes / made.variants[0].bytes,
                    "drop": against.drop if against else None,
                    "drop_interval": [against.drop_low, against.drop_high] if against else None,
                    "pictures": against.pictures if against else None,
                    "faster": 1 / times.ratio if times.ratio else None,
                    "faster_interval": [1 / times.ratio_high, 1 / times.ratio_low]
                    if times.ratio_high and times.ratio_low
                    else None,
                    "verdict": times.verdict,
                    "reason": times.reason,
                    "why": support.reason if support else "",
                }
            )
            print(rows[-1], flush=True)
    return rows


def fold_of(seed: int, rest: np.ndarray, test: np.ndarray) -> dict[str, Any]:
    """Train cnn on most of `rest`; return how many of `test` fp32 and int8 get right, and the files' sizes."""
    import onnxruntime
    import torch

    from dlbench.export import export_onnx
    from dlbench.model.facts import ModelFacts
    from dlbench.train import TrainSettings, load
    from dlbench.train.data.augment import random_affine
    from dlbench.train.data.dataset import stratified_parts
    from dlbench.train.device import compute
    from dlbench.train.loop import Plan, Samples, fit
    from dlbench.train.preparing import prepare

    dataset, settings = load(None, 0), TrainSettings(network="cnn", seed=seed)
    with compute(seed), tempfile.TemporaryDirectory() as folder:
        job = prepare(settings, dataset, torch.device("cpu"))
        train, validation = stratified_parts(dataset.labels, rest, 0.125)
        images, labels = torch.from_numpy(dataset.images), torch.from_numpy(dataset.labels)
        parts = [Samples(images[part], labels[part]) for part in (train, validation)]
        fitted = fit(job.trained, *parts, settings.recipe(), Plan(seed, random_affine))
        job.trained.load_state_dict(fitted.best_state)
        facts = ModelFacts(
            network="cnn", architecture="cnn", labels=dataset.classes, mean=job.mean, std=job.std, data=dataset.name,
            split="a fold", parameters=0, trained_parameters=0, version="",
        )  # fmt: skip
        path = export_onnx(job.network, images[validation[:35]], Path(folder) / "cnn.onnx", facts).path
        pictures = dataset.images[validation[:200]].astype(np.float32) / 255
        batches = [{"image": pictures[i : i + 4]} for i in range(0, len(pictures), 4)]
        other = write_variant(path, "int8", calibration=batches).path
        asked, right = dataset.images[test].astype(np.float32) / 255, []
        for file in (path, other):
            session = onnxruntime.InferenceSession(file)
            right.append(session.run(None, {"image": asked})[0].argmax(1) == dataset.labels[test])
        sizes = [file.stat().st_size for file in (path, other)]
    lost, won = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    return {"right": int(right[0].sum()), "lost": lost, "won": won, "pictures": len(test), "bytes": sizes}


def folds(count: int) -> list[dict[str, Any]]:
    from sklearn.model_selection import StratifiedKFold

    from dlbench.train import load

    __import__("torch._dynamo")
    dataset, found = load(None, 0), []
    for rest, test in StratifiedKFold(5, shuffle=True, random_state=0).split(dataset.images, dataset.labels):
        if len(found) < count:
            found.append(fold_of(0, rest, test))
            print(found[-1], flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, default=Path("dlbench-out"))
    parser.add_argument("--models", default="transfer,cnn,resnet18,resnet50")
    parser.add_argument("--precisions", default="int8,fp16")
    parser.add_argument("--data", type=Path, help="photos, for networks that learned from none")
    parser.add_argument("--budget", type=float, default=60, help="seconds of timing for each pair")
    parser.add_argument("--threads", type=int, default=1, help="of a session, for the times")
    parser.add_argument("--folds", type=int, default=0, help="train cnn so many times in place of the tables")
    given = parser.parse_args()
    print_place()
    if given.folds:
        report_folds(folds(given.folds))
        return
    workspace, rows = Workspace.at(given.workspace), []
    for path in model_paths(given.models.split(","), workspace):
        rows += variants_of(path, given.data, given.precisions.split(","), workspace, given.budget, given.threads)
        keep("precision", rows)
    report(rows)


def report(rows: list[dict[str, Any]]) -> None:
    def interval(low_high: list[float] | None, form: str) -> str:
        return f" ({low_high[0]:{form}} to {low_high[1]:{form}})" if low_high else ""

    table = [
        (
            f"{row['model']}, {row['precision']}",
            f"{row['smaller']:.2f}",
            f"{row['seconds']:.1f} s",
            "n/a"
            if row["drop"] is None
            else f"{100 * row['drop']:.1f}{interval([100 * e for e in row['drop_interval']], '.1f')}",
            f"{row['faster']:.2f}{interval(row['faster_interval'], '.2f')}" if row["faster"] else row["reason"][:60],
            row["why"],
        )
        for row in rows
    ]
    columns = ("network", "times smaller", "made in", "points lost (95 %)", "times faster (99 %)", "on this machine")
    print_table("Fewer bits, against fp32", columns, table)


def report_folds(found: list[dict[str, Any]]) -> None:
    keep("precision_folds", found)
    right, lost, won, pictures = (sum(fold[name] for fold in found) for name in ("right", "lost", "won", "pictures"))
    smaller = found[0]["bytes"][0] / found[0]["bytes"][1]
    rows = [
        (
            f"cnn, {len(found)} folds",
            f"{right / pictures:.2%}",
            f"{100 * (lost - won) / pictures:.2f}",
            lost,
            won,
            f"{smaller:.2f}",
        )
    ]
    columns = ("network", "fp32 right", "points lost", "right in fp32 alone", "in int8 alone", "times smaller")
    print_table("int8 by cross-validation", columns, rows)


if __name__ == "__main__":
    main()

"""How fast training is, as ratios measured in one run: against the well-known MNIST example, and against a bare loop.

    python benchmarks/training.py [--seeds 3] [--official FOLDER] [--only target,loop,whole]

--official takes a folder with MNIST's idx files: then the 10,000 official test images judge. Without it the 1,000
images of the sample that no network trains on do.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from common import RESULTS, keep, print_place, print_table
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from torchvision import transforms

from dlbench.files import Workspace
from dlbench.train import TrainSettings, load, train
from dlbench.train.data.dataset import Dataset
from dlbench.train.device import compute
from dlbench.train.loop import Plan, Samples, as_float, evaluate, fit
from dlbench.train.preparing import prepare
from dlbench.train.resume import RunState
from dlbench.train.training_job import Job

GOAL = 0.98
CPU = torch.device("cpu")


class ExampleNet(nn.Module):
    """The network of the MNIST example in PyTorch's collection of examples."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3, 1), nn.Conv2d(32, 64, 3, 1)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(9216, 128), nn.Linear(128, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:  # noqa: D102
        x = F.relu(self.conv2(F.relu(self.conv1(x))))
        x = torch.flatten(self.dropout1(F.max_pool2d(x, 2)), 1)
        return F.log_softmax(self.fc2(self.dropout2(F.relu(self.fc1(x)))), dim=1)


class OneByOne(TorchDataset):
    """Digits as torchvision.datasets.MNIST gives them: each a PIL picture that goes through the transforms."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = torch.from_numpy(images), torch.from_numpy(labels)
        self.transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self.transform(Image.fromarray(self.images[index].numpy(), mode="L")), int(self.labels[index])


Curve = list[tuple[float, float]]  # seconds of training until then, accuracy


def example(train_x: np.ndarray, train_y: np.ndarray, test: Samples, seed: int) -> Curve:
    """Train as the example does: batch 64, Adadelta at rate 1, times 0.7 after each of 14 epochs."""
    torch.manual_seed(seed)
    loader = DataLoader(OneByOne(train_x[:, 0], train_y), batch_size=64, shuffle=True)
    network = ExampleNet()
    optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    inputs = (test.inputs.float() / 255 - 0.1307) / 0.3081
    curve, trained_s = [], 0.0
    for _ in range(14):
        began = time.perf_counter()
        network.train()
        for data, target in loader:
            optimizer.zero_grad()
            loss = F.nll_loss(network(data), target)
            loss.backward()
            optimizer.step()
        schedule.step()
        trained_s += time.perf_counter() - began
        network.eval()
        with torch.inference_mode():
            said = torch.cat([network(part).argmax(1) for part in torch.split(inputs, 1000)])
        curve.append((trained_s, float((said == test.labels).float().mean())))
    return curve


def ours(job: Job, settings: TrainSettings, test: Samples) -> Curve:
    """Train as `dlbench train cnn` does; the test after each epoch is not counted as training."""
    curve: Curve = []
    told_s = 0.0

    def look(state: RunState, last: bool) -> None:
        nonlocal told_s
        began = time.perf_counter()
        if not last:
            right = evaluate(job.trained, test)[1]
            curve.append((state.elapsed_s - told_s, right / len(test)))
        told_s += time.perf_counter() - began

    fit(job.trained, job.train, job.validation, settings.recipe(), Plan(settings.seed, job.augment, keep=look))
    return curve


def until(curve: Curve, goal: float) -> float | None:
    """Return the training seconds after which the accuracy was first at `goal`."""
    return next((seconds for seconds, accuracy in curve if accuracy >= goal), None)


def judges(dataset: Dataset, official: str | None) -> tuple[Samples, str]:
    if official:
        whole = load(official)
        test = whole.split.test
        return Samples(torch.from_numpy(whole.images[test]), torch.from_numpy(whole.labels[test])), "10,000 official"
    held = np.concatenate([dataset.split.validation, dataset.split.test])
    words = f"{len(held):,} of the sample that were not trained on"
    return Samples(torch.from_numpy(dataset.images[held]), torch.from_numpy(dataset.labels[held])), words


def target(seeds: int, official: str | None) -> dict:
    """Time to 98 %, dlbench and the example in turn."""
    dataset = load(None)
    test, words = judges(dataset, official)
    train_x, train_y = dataset.images[dataset.split.train], dataset.labels[dataset.split.train]
    runs: dict[str, list[Curve]] = {"example": [], "cnn": [], "cnn --epochs 6": []}
    for seed in range(seeds):
        with compute(seed):
            for name, epochs in (("cnn", None), ("cnn --epochs 6", 6)):
                settings = TrainSettings("cnn", seed=seed, epochs=epochs)
                runs[name].append(ours(prepare(settings, dataset, CPU), settings, test))
            runs["example"].append(example(train_x, train_y, test, seed))
        print(
            f"seed {seed}: " + "; ".join(f"{k} {until(v[-1], GOAL)} s, {v[-1][-1][1]:.1%}" for k, v in runs.items()),
            flush=True,
        )
    return {"images": len(train_y), "judged_by": words, "runs": runs}


def show_target(found: dict) -> None:
    title = f"Time to {GOAL:.0%}, trained on {found['images']:,} images, judged by {found['judged_by']}"

    def middle(name: str) -> float:
        times = [until(curve, GOAL) for curve in found["runs"][name]]
        return statistics.median(float("inf") if t is None else t for t in times)

    base, rows = middle("example"), []
    whole = statistics.median(curve[-1][0] for curve in found["runs"]["example"])
    for name, curves in found["runs"].items():
        seconds = middle(name)
        reached = sum(until(curve, GOAL) is not None for curve in curves)
        final = [curve[-1][1] for curve in curves]
        ratio = f"{base / seconds:.1f}" if base < float("inf") else f"> {whole / seconds:.1f}"
        rows.append(
            (
                name,
                f"{seconds:.2f}" if seconds < float("inf") else "not reached",
                f"{reached} of {len(curves)}",
                "1.0" if name == "example" else ratio,
                f"{statistics.median(c[-1][0] for c in curves):.1f}",
                f"{statistics.mean(final):.2%} ({min(final):.1%} to {max(final):.1%})",
            )
        )
    print_table(
        title,
        (
            "what",
            f"s to {GOAL:.0%} (median)",
            "runs that got there",
            "times as fast",
            "s in all",
            "accuracy at the end",
        ),
        rows,
    )


def one_rate(run: Callable[[], int]) -> float:
    """Return images a second of one call that returns how many it trained on."""
    began = time.perf_counter()
    return run() / (time.perf_counter() - began)


def bare_loop(job: Job, batch: int, steps: int) -> Callable[[], int]:
    """Return forward + backward + step on one batch that lies there ready, and nothing else."""
    inputs, labels = as_float(job.train.inputs[:batch]), job.train.labels[:batch]
    optimizer = torch.optim.AdamW(job.trained.parameters(), lr=1e-3, weight_decay=0.05, fused=True)

    def run() -> int:
        job.trained.train()
        for _ in range(steps):
            loss = F.cross_entropy(job.trained(inputs), labels, label_smoothing=0.1)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return steps * batch

    return run


def repeated(dataset: Dataset, count: int) -> Dataset:
    """Return the data set with its training images repeated up to `count`."""
    train = np.resize(dataset.split.train, count)
    return replace(dataset, split=replace(dataset.split, train=train))


def loop(rounds: int) -> dict:
    """Images a second: bare loop, dlbench's loop on the sample, and on 60,000 images, in turn."""
    found: dict[str, dict[str, list[float]]] = {}
    dataset = load(None)
    large = repeated(dataset, 60_000)
    for network in ("cnn", "dense"):
        settings = TrainSettings(network)
        recipe = settings.recipe()
        rates: dict[str, list[float]] = {"bare": [], "sample": [], "sample, digits not moved": [], "60,000 images": []}
        with compute(0):
            bare = bare_loop(prepare(settings, dataset, CPU), recipe.batch_size, 40 * (5 if network == "dense" else 1))
            bare()
            small_epochs = replace(recipe, epochs=2 if network == "cnn" else 10)
            for number in range(rounds):
                for name, data, chosen in (
                    ("sample", dataset, small_epochs),
                    ("sample, digits not moved", dataset, small_epochs),
                    ("60,000 images", large, replace(recipe, epochs=1)),
                ):
                    job = prepare(settings, data, CPU)
                    augment = None if "not moved" in name else job.augment
                    before = one_rate(bare)
                    fitted = fit(job.trained, job.train, job.validation, chosen, Plan(number, augment))
                    rates["bare"].append(statistics.mean([before, one_rate(bare)]))
                    rates[name].append(fitted.images_per_s or 0.0)
                print(f"{network} round {number + 1} of {rounds}", flush=True)
        found[network] = rates
    return found


def show_loop(found: dict) -> None:
    rows = []
    for network, rates in found.items():
        kinds = [name for name in rates if name != "bare"]
        rows.append((network, "bare", f"{statistics.median(rates['bare']):,.0f}", "100 %", ""))
        for place, name in enumerate(kinds):
            shares = [r / b for r, b in zip(rates[name], rates["bare"][place :: len(kinds)], strict=True)]
            share = f"{statistics.median(shares):.1%} ({min(shares):.0%} to {max(shares):.0%})"
            rows.append((network, name, f"{statistics.median(rates[name]):,.0f}", share, str(len(shares))))
    print_table(
        "The loop against forward + backward + step on a batch that lies ready",
        ("network", "what", "images/s", "of the bare loop, pair by pair", "rounds"),
        rows,
    )


def whole(seeds: int) -> dict:
    """The whole command from Python: data, training, test, export, parity."""
    found = []
    for seed in range(seeds):
        with TemporaryDirectory() as folder:
            result = train(TrainSettings("cnn", seed=seed), Workspace(Path(folder)))
        found.append(
            {
                "seed": seed,
                "whole_s": result.seconds,
                "training_s": result.facts.training.training_s,
                "correct": result.test_accuracy.correct,
                "total": result.test_accuracy.total,
            }
        )
        print(f"whole run {seed}: {result.seconds:.1f} s", flush=True)
    return {"runs": found}


def show_whole(found: dict) -> None:
    rows = [
        (r["seed"], f"{r['whole_s']:.1f}", f"{r['training_s']:.1f}", f"{r['correct'] / r['total']:.1%}")
        for r in found["runs"]
    ]
    rows.append(
        (
            "all",
            f"{max(r['whole_s'] for r in found['runs']):.1f} (slowest)",
            f"{max(r['training_s'] for r in found['runs']):.1f} (slowest)",
            f"{sum(r['correct'] for r in found['runs']) / sum(r['total'] for r in found['runs']):.2%}",
        )
    )
    print_table(
        "The whole dlbench train cnn: data, training, test, export, parity check",
        ("seed", "whole run, s", "training, s", "accuracy on the 500 test images"),
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--official")
    parser.add_argument("--only", default="target,loop,whole")
    chosen = parser.parse_args()
    __import__("torch._dynamo")  # seconds, at the first step of any optimizer
    path = RESULTS / "training.json"
    found = json.loads(path.read_text()) if path.is_file() else {}
    for part in chosen.only.split(","):
        if part == "target":
            found[part] = target(chosen.seeds, chosen.official)
        else:
            found[part] = loop(chosen.rounds) if part == "loop" else whole(chosen.seeds)
        keep("training", found)
    print_place()
    for part, show in (("target", show_target), ("loop", show_loop), ("whole", show_whole)):
        if part in found:
            show(found[part])


if __name__ == "__main__":
    main()

"""Cross-validated accuracy of dense and cnn on the 5,000-image MNIST sample, as an estimate of the official test.

    uv run python benchmarks/accuracy.py [--seed 0]

Five stratified folds: each fold's 1,000 images are tested by a network that trained on 3,500 of the others (500
validate). `dlbench train` trains on 4,000, so these figures are slightly low for it.
"""

import argparse
import time

import numpy as np
import torch
from sklearn.model_selection import StratifiedKFold

from dlbench.proportion import Proportion
from dlbench.train import TrainSettings, load
from dlbench.train.data.augment import random_affine
from dlbench.train.data.dataset import stratified_parts
from dlbench.train.device import compute
from dlbench.train.loop import Plan, Samples, evaluate, fit
from dlbench.train.preparing import prepare


def one_fold(network: str, seed: int, rest: np.ndarray, test: np.ndarray) -> tuple[int, float]:
    """Train on most of `rest`, and return how many of `test` are right, and the seconds."""
    dataset = load(None, 0)
    settings = TrainSettings(network=network, seed=seed)
    device = torch.device("cpu")
    with compute(seed):
        job = prepare(settings, dataset, device)
        train, validation = stratified_parts(dataset.labels, rest, 0.125)
        images, labels = torch.from_numpy(dataset.images), torch.from_numpy(dataset.labels)

        def part(indices: np.ndarray) -> Samples:
            return Samples(images[indices], labels[indices])

        began = time.perf_counter()
        fitted = fit(job.trained, part(train), part(validation), settings.recipe(), Plan(seed, random_affine))
        seconds = time.perf_counter() - began
        job.trained.load_state_dict(fitted.best_state)
        return evaluate(job.trained, part(test))[1], seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    seed = parser.parse_args().seed
    __import__("torch._dynamo")
    dataset = load(None, 0)
    print("| network | seed | cross-validated accuracy | seconds a fold |")
    print("|---|---:|---|---:|")
    for network in ("dense", "cnn"):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(dataset.images, dataset.labels)
        right, seconds = zip(*(one_fold(network, seed, rest, test) for rest, test in folds), strict=True)
        accuracy = Proportion(sum(right), len(dataset.labels))
        print(f"| {network} | {seed} | {accuracy.text()} | {np.mean(seconds):.1f} |", flush=True)


if __name__ == "__main__":
    main()

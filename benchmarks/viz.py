"""Looking inside: every convolution of MobileNetV2 with dlbench and with torch's forward hooks, in milliseconds.

    uv run python benchmarks/viz.py [--rounds 30] [--batches 1,16]

Both get the same network, pictures and threads, give the same 52 arrays (held against each other), and take turns in
every round; the table shows medians and minima, because other work on the machine only ever adds time.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from common import keep, print_place, print_table
from torch import nn

from dlbench.export import Normalised, to_onnx
from dlbench.export.batch_norm_folding import fold_batch_norm
from dlbench.model.card import ModelCard, read_model
from dlbench.system import usable_cores
from dlbench.train.networks.architectures import pretrained_network
from dlbench.viz import choose, layers_of
from dlbench.viz.capture.activations import view

SIZE = 224
BASE, PLAIN = "torch hooks, copied", "dlbench"
REST_S = 0.1  # idle threads of the library that was timed before wait actively for a while, and would take a core
Look = Callable[[], list[np.ndarray]]


def network() -> nn.Module:
    """MobileNetV2 with random weights: what is looked at does not change the time."""
    torch.manual_seed(0)
    return Normalised(pretrained_network("mobilenet_v2"), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)).eval()


def exported(module: nn.Module, folder: Path) -> ModelCard:
    graph, _ = to_onnx(module, torch.rand(2, 3, SIZE, SIZE), output="logits")
    path = folder / "mobilenet_v2.onnx"
    path.write_bytes(graph.SerializeToString())
    return read_model(path)


def hooked(module: nn.Module, images: np.ndarray, copied: bool) -> Look:
    """Return a look at every convolution through forward hooks; without copies, steps in place change the arrays."""
    found: list[np.ndarray] = []

    def hook(_module: nn.Module, _inputs: object, output: torch.Tensor) -> None:
        values = output.detach().cpu().numpy()
        found.append(values.copy() if copied else values)

    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.register_forward_hook(hook)

    def look() -> list[np.ndarray]:
        found.clear()
        with torch.inference_mode():
            module(torch.from_numpy(images))
        return found[:]

    return look


def viewed(card: ModelCard, images: np.ndarray) -> Look:
    """Return a look at every convolution through a view that is made once, as a session of work makes it."""
    chosen = choose(layers_of(card), "conv")
    made = view(card, chosen)

    def look() -> list[np.ndarray]:
        values = made.run(images)
        return [values[layer.tensor] for layer in chosen]

    return look


def convolutions(module: nn.Module, card: ModelCard, batch: int) -> dict[str, Look]:
    images = np.random.default_rng(0).random((batch, 3, SIZE, SIZE), dtype=np.float32)
    looks = {
        BASE: hooked(fold_batch_norm(module), images, copied=True),  # the file's convolutions hold their norms too
        "torch hooks, before the norm": hooked(fresh(module), images, copied=True),
        "the same, not copied": hooked(fresh(module), images, copied=False),
        PLAIN: viewed(card, images),
    }
    expected = looks[BASE]()
    for mine, torch_s in zip(looks[PLAIN](), expected, strict=True):
        np.testing.assert_allclose(mine, torch_s, atol=1e-4 * max(1, np.abs(torch_s).max()))
    return looks


def fresh(module: nn.Module) -> nn.Module:
    import copy

    return copy.deepcopy(module)


def taken_s(looks: Mapping[str, Look], rounds: int) -> dict[str, list[float]]:
    """Return seconds by way of looking; they take turns, and what one gave is gone before the next starts."""
    times_s: dict[str, list[float]] = {name: [] for name in looks}
    for look in looks.values():
        look()
    for _ in range(rounds):
        for name, look in looks.items():
            time.sleep(REST_S)
            start = time.perf_counter()
            found = look()
            times_s[name].append(time.perf_counter() - start)
            del found
    return times_s


def rows_of(what: str, batch: int, times_s: Mapping[str, list[float]], base: str) -> list[tuple[str, ...]]:
    rows = []
    for name, samples in times_s.items():
        median_s, least_s = statistics.median(samples), min(samples)
        rows.append(
            (
                f"{what}, {name}",
                str(batch),
                f"{1e3 * median_s:.2f}",
                f"{1e3 * least_s:.2f}",
                f"{median_s / statistics.median(times_s[base]):.2f}",
                f"{least_s / min(times_s[base]):.2f}",
            )
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--batches", default="1,16")
    arguments = parser.parse_args()
    torch.set_num_threads(usable_cores())
    rows: list[tuple[str, ...]] = []
    samples: dict[str, dict[str, list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        module = network()
        card = exported(module, Path(folder))
        for batch in map(int, arguments.batches.split(",")):
            # further ways of looking go here: a function that returns name -> Look, its rows and its base
            times_s = taken_s(convolutions(module, card, batch), arguments.rounds)
            rows += rows_of("52 convolutions", batch, times_s, BASE)
            samples[f"convolutions, batch {batch}"] = times_s
    print_place()
    columns = ("what", "pictures", "median ms", "least ms", "of hooks (median)", "of hooks (least)")
    print_table(f"Looking inside MobileNetV2, {arguments.rounds} rounds in turn", columns, rows)
    keep("viz", samples)


if __name__ == "__main__":
    main()

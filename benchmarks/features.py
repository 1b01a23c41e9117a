"""The frozen backbone's features: ONNX Runtime against torch, in milliseconds an image.

    uv run python benchmarks/features.py [--images 64] [--rounds 5]

Every engine gets the same real digits at 224 x 224 and all usable cores; rounds are interleaved, the table shows the
median round. This is why `dlbench.train.transfer.backbone` takes ONNX Runtime on a CPU.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from dlbench.export import Normalised, to_onnx
from dlbench.system import cpu_name, usable_cores
from dlbench.train import load
from dlbench.train.data.pixels import network_input
from dlbench.train.networks.architectures import pretrained_network
from dlbench.train.networks.pretrained_weights import load_backbone_weights, load_into
from dlbench.train.networks.stages import chained, split
from dlbench.train.transfer.backbone import onnx_extractor, torch_extractor
from dlbench.train.transfer.features import Extractor

SIZE = (224, 224)
BATCHES = (1, 16, 32)


def backbone() -> nn.Module:
    network, weights = pretrained_network("mobilenet_v2").eval(), load_backbone_weights()
    load_into(network, weights)
    return Normalised(chained(split(network)[:-1]), weights.published.mean, weights.published.std).eval()


def engines(module: nn.Module, images: torch.Tensor) -> dict[str, tuple[Extractor, bool]]:
    """Return name -> (extractor, whether it wants channels last)."""
    graph, _ = to_onnx(module, images[:2], output="features")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "backbone.onnx"
        path.write_bytes(graph.SerializeToString())
        fast = onnx_extractor(path)
    cpu = torch.device("cpu")
    last = backbone().to(memory_format=torch.channels_last)
    return {
        "ONNX Runtime": (fast, False),
        "torch": (torch_extractor(module, cpu), False),
        "torch, channels last": (torch_extractor(last, cpu), True),
    }


def one_round(extract: Extractor, images: torch.Tensor, batch: int) -> tuple[float, np.ndarray]:
    """Return seconds an image, and the features."""
    start = time.perf_counter()
    features = np.concatenate([extract(part) for part in torch.split(images, batch)])
    return (time.perf_counter() - start) / len(images), features


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(usable_cores())
    images = network_input(load(None).images[: arguments.images], 3, SIZE)
    candidates = engines(backbone(), images)
    expected = one_round(candidates["torch"][0], images, 16)[1]
    times_s: dict[tuple[str, int], list[float]] = {}
    worst: dict[str, float] = {}
    for _ in range(arguments.rounds):
        for batch in BATCHES:
            for name, (extract, last) in candidates.items():
                layout = torch.channels_last if last else torch.contiguous_format
                seconds, features = one_round(extract, images.contiguous(memory_format=layout), batch)
                times_s.setdefault((name, batch), []).append(seconds)
                worst[name] = max(worst.get(name, 0.0), float(np.abs(features - expected).max()))
    print(f"{cpu_name()}, {usable_cores()} cores, {arguments.images} images, median of {arguments.rounds} rounds\n")
    print("| engine | batch | ms an image | times torch | largest difference to torch |")
    print("|---|---:|---:|---:|---:|")
    for (name, batch), rounds_s in times_s.items():
        median_s = statistics.median(rounds_s)
        ratio = statistics.median(times_s["torch", batch]) / median_s
        print(f"| {name} | {batch} | {1e3 * median_s:.2f} | {ratio:.1f} | {worst[name]:.1e} |")


if __name__ == "__main__":
    main()

"""How long and how much memory a training would take, from two pictures, before anybody waits for it.

warning = expect_bearable(network, "vgg16", train, recipe)
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor, nn

from dlbench.errors import InputError
from dlbench.train.loop import Samples, as_float
from dlbench.train.train_settings import Recipe

_PICTURES = 2
_WEIGHT_COPIES = 5  # the weights, their gradients, AdamW's two moments, the best epoch's weights
_MEMORY_SHARE = 0.8  # of what is available
_LONG_S = 120.0  # before a longer training there is a warning


@dataclass(frozen=True)
class Effort:
    """What one training step costs."""

    s_per_picture: float  # forward and backward
    bytes_per_picture: int  # kept from forward to backward
    bytes_of_weights: int  # in all copies that a training holds


def measure_effort(network: nn.Module, samples: Samples) -> Effort:
    """Run two pictures forward and backward, twice (the first run warms up); the network stays as it is."""
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    inputs = as_float(samples.inputs[:_PICTURES])
    network.train()
    weights = [parameter for parameter in network.parameters() if parameter.requires_grad]
    own = {parameter.data_ptr() for parameter in weights}
    for _ in range(2):
        start = time.perf_counter()
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = network(inputs).square().mean()
        torch.autograd.grad(loss, weights, allow_unused=True)
        if inputs.is_cuda:
            torch.cuda.synchronize(inputs.device)
        seconds = time.perf_counter() - start
    kept_bytes = sum(size for pointer, size in kept.items() if pointer not in own)
    weights_bytes = _WEIGHT_COPIES * sum(w.numel() * w.element_size() for w in weights)
    return Effort(seconds / len(inputs), kept_bytes // len(inputs), weights_bytes)


def expect_bearable(network: nn.Module, name: str, train: Samples, recipe: Recipe) -> str:
    """Return a warning where training on `train` takes minutes, else an empty string.

    Raises:
        InputError: a batch does not fit in memory.
    """
    effort, on_gpu = measure_effort(network, train), train.labels.is_cuda
    room = torch.cuda.mem_get_info(train.labels.device)[0] if on_gpu else psutil.virtual_memory().available
    room = int(room * _MEMORY_SHARE)
    batch = min(recipe.batch_size, len(train))
    needed = effort.bytes_of_weights + batch * effort.bytes_per_picture
    if needed > room:
        fits = (room - effort.bytes_of_weights) // max(effort.bytes_per_picture, 1)
        todo = f"`batch_size` {fits}" if fits >= 2 else "`freeze` last-3"
        raise InputError(
            f"training all of {name} on batches of {batch} needs {needed / 1e9:.1f} GB: expected at most "
            f"{room / 1e9:.1f} GB, the memory that is free; take {todo}."
        )
    seconds = effort.s_per_picture * len(train) * recipe.epochs
    if seconds < _LONG_S:
        return ""
    return f"training all of {name} takes about {seconds / 60:.0f} min here; `freeze` last-3 takes far less"

"""Where the training runs, with which threads, from which seed.

device = pick_device("auto")
with compute(seed=0): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from dlbench.errors import InputError
from dlbench.system import usable_cores


def pick_device(asked: str, rank: int = 0) -> torch.device:
    """Return the device for `auto` (the GPU where there is one), `cpu` or `cuda`; each process of a group has its own.

    Raises:
        InputError: `cuda` was asked for and torch can't use one.
    """
    usable = torch.cuda.is_available()
    if asked == "cuda" and not usable:
        why = "it finds no NVIDIA GPU or driver" if torch.version.cuda else "it was built without CUDA"
        raise InputError(
            f"can't train on cuda: expected a GPU that torch {torch.__version__} can use, received none: {why}; "
            "use --device auto or cpu."
        )
    if asked == "cpu" or not usable:
        return torch.device("cpu")
    return torch.device("cuda", torch.cuda.current_device()) if rank else torch.device("cuda")


def device_name(device: torch.device) -> str:
    """Return 'cpu' or the GPU's name."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


@contextmanager
def compute(seed: int, processes: int = 1) -> Iterator[None]:
    """Use the cores that this process may use, shared by `processes`, and start the generators from `seed`.

    Both are put back at the end.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(max(1, usable_cores() // processes))
    try:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)

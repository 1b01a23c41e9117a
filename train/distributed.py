"""Several processes that train one network, as torchrun starts them; without torchrun, one.

    torchrun --nproc-per-node 2 -m dlbench train cnn

    with process_group() as group: group.rank, group.world

Every process has the whole data and takes its share of each batch; gradients are averaged by DistributedDataParallel
(S. Li et al., "PyTorch Distributed", VLDB 2020), so the global batch is the one that was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dlbench.errors import InputError


@dataclass(frozen=True)
class Group:
    """One process among those that train together."""

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Say whether this process writes the files."""
        return self.rank == 0

    @contextmanager
    def first_before_others(self) -> Iterator[None]:
        """Let the first process go through alone, then the others."""
        if self.world > 1 and self.rank:
            torch.distributed.barrier()
        yield
        if self.world > 1 and not self.rank:
            torch.distributed.barrier()

    def share(self, indices: Tensor) -> Tensor:
        """Return this process's part of a batch: every `world`-th."""
        return indices[self.rank :: self.world] if self.world > 1 else indices

    def sum(self, value: Tensor) -> Tensor:
        """Return the sum over all processes; `value` is changed."""
        if self.world > 1:
            torch.distributed.all_reduce(value)
        return value

    def gather(self, value: Tensor) -> list[Tensor]:
        """Return what each process has, in the order of their ranks."""
        if self.world == 1:
            return [value]
        parts: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(parts, value.cpu())
        return parts

    def same_buffers(self, network: nn.Module) -> None:
        """Give all processes the buffers of the first: batch-norm statistics are each process's own until then."""
        if self.world > 1:
            for buffer in network.buffers():
                torch.distributed.broadcast(buffer, 0)

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return the network as training calls it: gradients are averaged over the processes."""
        if self.world == 1:
            return network
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(network)


ALONE = Group()


def launched_rank() -> int:
    """Return this process's rank as torchrun set it; 0 without torchrun."""
    return int(os.environ.get("RANK", "0")) if os.environ.get("WORLD_SIZE", "1") != "1" else 0


@contextmanager
def process_group(asked: str = "auto") -> Iterator[Group]:
    """Join the processes that torchrun started, GPUs by NCCL and CPUs by Gloo, and leave them at the end.

    Raises:
        InputError: more processes on this machine than GPUs.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1" or "RANK" not in os.environ:
        yield ALONE
        return
    on_gpu = asked != "cpu" and torch.cuda.is_available()
    if on_gpu:
        place, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if place >= gpus:
            raise InputError(
                f"more processes than GPUs: expected --nproc-per-node of at most {gpus}, received a process number "
                f"{place + 1}; use fewer, or --device cpu."
            )
        torch.cuda.set_device(place)
    torch.distributed.init_process_group("nccl" if on_gpu else "gloo")
    try:
        yield Group(torch.distributed.get_rank(), torch.distributed.get_world_size())
    finally:
        torch.distributed.destroy_process_group()

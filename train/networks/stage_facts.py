"""What a backbone is made of, and what a freezing would train; no weights are needed, nothing is downloaded.

    structure = backbone_structure("resnet18", "last-3", outputs=2)
    structure.trained_parameters, structure.stages[0].shape

Shapes and multiply-accumulates come from torch's meta device, where a forward pass computes shapes alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from dlbench.errors import InputError, one_line
from dlbench.train.networks.architectures import pretrained_network, with_new_head
from dlbench.train.networks.stages import Stage, first_trained, split
from dlbench.train.train_settings import TrainSettings


@dataclass(frozen=True)
class StageFacts:
    """One stage of a backbone."""

    name: str
    kind: str
    shape: tuple[int, ...]  # of what it gives for one picture
    parameters: int
    macs: int  # multiply-accumulates for one picture, of convolutions, matrix products and attention
    state: str  # frozen, trained, or - where it has no weights
    is_cached: bool  # what it gives is computed once and kept


@dataclass(frozen=True)
class Structure:
    """A backbone with a new head, as one freezing leaves it."""

    backbone: str
    freeze: str
    outputs: int
    size: tuple[int, int]  # height, width of a picture
    stages: tuple[StageFacts, ...]

    @property
    def parameters(self) -> int:
        """All weights."""
        return sum(stage.parameters for stage in self.stages)

    @property
    def trained_parameters(self) -> int:
        """The weights that are trained."""
        return sum(stage.parameters for stage in self.stages if stage.state == "trained")

    @property
    def frozen_parameters(self) -> int:
        """The weights that stay as they are."""
        return self.parameters - self.trained_parameters

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one picture."""
        return sum(stage.macs for stage in self.stages)

    @property
    def macs_each_step(self) -> int:
        """Multiply-accumulates for one picture in each training step, forward; the rest is computed once."""
        cut = next((index for index, stage in enumerate(self.stages) if stage.is_cached), -1)
        return sum(stage.macs for stage in self.stages[cut + 1 :])

    @property
    def cached_values(self) -> int:
        """How many numbers are kept for each picture; 0 where nothing is frozen."""
        return sum(math.prod(stage.shape) for stage in self.stages if stage.is_cached)


def backbone_structure(backbone: str, freeze: str = "all", outputs: int = 2) -> Structure:
    """Return the stages of a backbone with a new head.

    Raises:
        InputError: no such backbone or cut.
    """
    settings = TrainSettings("transfer", backbone=backbone, freeze=freeze)
    size = (settings.recipe().picture_size,) * 2
    stages = split(hollow_network(backbone, outputs))
    first = first_trained(stages, freeze, backbone)
    return Structure(backbone, freeze, outputs, size, _facts(stages, first, size, backbone))


def hollow_network(backbone: str, outputs: int) -> nn.Module:
    """Return the network with its new head and without numbers, in eval mode: names and shapes, in a moment.

    Raises:
        InputError: torchvision has no classification network of that name.
    """
    try:
        with torch.device("meta"):
            network = pretrained_network(backbone)
    except NotImplementedError:  # RegNet computes its widths with tensors
        network = pretrained_network(backbone).to("meta")
    with torch.device("meta"):
        return with_new_head(network, outputs).eval()


def _facts(stages: Sequence[Stage], first: int, size: tuple[int, int], backbone: str) -> tuple[StageFacts, ...]:
    values, facts = torch.empty((1, 3, *size), device="meta"), []  # (1, 3, H, W)
    for index, stage in enumerate(stages):
        try:
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                values = stage.module(values)
        except (RuntimeError, AssertionError) as error:
            raise InputError(
                f"{backbone} does not take pictures of {size[0]} x {size[1]}: received {one_line(error, 120)}; take "
                "another backbone."
            ) from error
        trained = "trained" if index >= first else "frozen"
        state = trained if stage.parameters else "-"
        shape, macs = tuple(values.shape[1:]), int(counter.get_total_flops()) // 2
        facts.append(StageFacts(stage.name, stage.kind, shape, stage.parameters, macs, state, index == first - 1))
    return tuple(facts)

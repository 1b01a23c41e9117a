"""A classification network as a chain of stages: where it may be cut into a frozen and a trained part.

    stages = split(network)
    first = first_trained(stages, "last-3", "mobilenet_v2")     # stages[first:] are trained, the new head among them

A stage lies between two points where a single tensor carries everything, which torch.fx shows, so the stages in a row
give what the network gives: blocks of convolutions, and what stands between them (pooling, flattening) on its own.
References: J. Yosinski et al., "How transferable are features in deep neural networks?", NeurIPS 2014 (cutting and
freezing); J. K. Reed et al., "torch.fx: Practical Program Capture and Transformation for Deep Learning in Python",
MLSys 2022.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, fx, nn

from dlbench.errors import InputError, one_line

_AGREEMENT = 1e-4  # largest difference between stages and network, for outputs of size 1


@dataclass(frozen=True)
class Stage:
    """One link of the chain; its module shares its weights with the network."""

    name: str
    kind: str
    module: nn.Module

    @property
    def parameters(self) -> int:
        """How many weights it has."""
        return sum(parameter.numel() for parameter in self.module.parameters())


class _Tracer(fx.Tracer):
    """Looks into what only holds a row of blocks, and at nothing inside a block."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        from torchvision.models.regnet import AnyStage
        from torchvision.models.vision_transformer import Encoder

        return not (type(m) is nn.Sequential or isinstance(m, AnyStage | Encoder))


def split(network: nn.Module) -> tuple[Stage, ...]:
    """Return the network's stages, in order; a batch normalisation belongs to the convolution before it.

    Raises:
        InputError: torch.fx can't follow the network.
    """
    try:
        graph = _Tracer().trace(network)
    except Exception as error:  # torch.fx raises many classes for what it can't follow
        raise _not_a_chain(f"torch.fx can't follow it: {one_line(error, 120)}") from error
    nodes = [node for node in graph.nodes if node.op != "output"]
    ends = [index for index, node in enumerate(nodes) if _live_after(nodes, index) == [node]]
    if len(ends) < 2 or ends[0] != 0 or ends[-1] != len(nodes) - 1:
        raise _not_a_chain("its parts are not in a row")
    stages: list[Stage] = []
    for before, end in pairwise(ends):
        stage = _stage(network, nodes[before], nodes[before + 1 : end + 1], {s.name for s in stages})
        previous = stages[-1] if stages else None
        if previous and isinstance(stage.module, nn.BatchNorm2d) and isinstance(previous.module, nn.Conv2d):
            # a Sequential of the two, so that the export can fold one into the other
            stage = Stage(previous.name, "Conv2d + BatchNorm2d", nn.Sequential(previous.module, stage.module))
            stages.pop()
        stages.append(stage)
    return tuple(stages)


def _not_a_chain(why: str) -> InputError:
    return InputError(
        f"this backbone can't be cut into stages: expected blocks one after another, received a network where {why}; "
        "train all of it with --freeze none, or take another --backbone."
    )


def _live_after(nodes: Sequence[fx.Node], index: int) -> list[fx.Node]:
    """Return the nodes up to `index` whose values are still needed after it."""
    later = set(nodes[index + 1 :])
    return [node for node in nodes[: index + 1] if any(user in later or user.op == "output" for user in node.users)]


def _stage(network: nn.Module, entry: fx.Node, nodes: Sequence[fx.Node], taken: set[str]) -> Stage:
    """Return the nodes between two cuts as a module: the network's own where there is only one."""
    if len(nodes) == 1 and nodes[0].op == "call_module" and nodes[0].args == (entry,):
        name = str(nodes[0].target)
        module = network.get_submodule(name)
        return Stage(_free(name, taken), type(module).__name__, module)
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {entry: graph.placeholder("values")}
    for node in nodes:
        copies[node] = graph.node_copy(node, copies.__getitem__)
    graph.output(copies[nodes[-1]])
    modules = [str(node.target) for node in nodes if node.op == "call_module"]
    functions = [_function(node) for node in nodes if node.op.startswith("call_")]
    name = (modules or functions)[-1]
    kind = type(network.get_submodule(name)).__name__ if modules else name
    return Stage(_free(name, taken), kind, fx.GraphModule(network, graph))


def _function(node: fx.Node) -> str:
    target: Any = node.target
    name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
    return "select" if name == "getitem" else name


def _free(name: str, taken: set[str]) -> str:
    """Return the name, numbered where a stage has it already."""
    number, free = 2, name
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def check_stages(network: nn.Module, stages: Sequence[Stage], size: tuple[int, int]) -> list[tuple[int, ...]]:
    """Check the stages against the network on a random picture; return the shape that each gives for one picture.

    Raises:
        InputError: they give something else, or the network does not take pictures of that size.
    """
    picture = torch.randn((2, 3, *size), generator=torch.Generator().manual_seed(0))  # (N, 3, H, W)
    shapes: list[tuple[int, ...]] = []
    with torch.inference_mode():
        try:
            expected: Tensor = network.eval()(picture)
        except (RuntimeError, AssertionError) as error:
            raise InputError(
                f"this backbone does not take pictures of {size[0]} x {size[1]}: received {one_line(error, 120)}; take "
                "another --backbone."
            ) from error
        values = picture
        for stage in stages:
            values = stage.module(values)
            shapes.append(tuple(values.shape[1:]))
    limit = _AGREEMENT * max(1.0, float(expected.abs().max()))
    if values.shape != expected.shape or not float((values - expected).abs().max()) <= limit:
        raise _not_a_chain("the stages in a row do not give what the whole gives")
    return shapes


def first_trained(stages: Sequence[Stage], freeze: str, backbone: str) -> int:
    """Return the index of the first stage that is trained; N of `last-N` counts stages with weights before the head.

    Raises:
        InputError: the backbone has fewer than N.
    """
    if freeze == "none":
        return 0
    weighted = [index for index, stage in enumerate(stages) if stage.parameters]
    count, most = 0 if freeze == "all" else int(freeze.removeprefix("last-")), len(weighted) - 2
    if count > most:
        raise InputError(
            f"--freeze {freeze}: expected last-1 to last-{most} for {backbone}, which has {most + 1} stages with "
            f"weights "
            f"before its head, received {freeze}; --freeze none trains them all, `dlbench inspect {backbone}` shows "
            f"them."
        )
    first = weighted[-1 - count]
    # what is dropped differs in every step, so it can't be computed once
    while first and isinstance(stages[first - 1].module, nn.modules.dropout._DropoutNd):
        first -= 1
    return first


def chained(stages: Sequence[Stage]) -> nn.Sequential:
    """Return the stages in a row as one module that shares their weights."""
    return nn.Sequential(OrderedDict((stage.name.replace(".", "_"), stage.module) for stage in stages))

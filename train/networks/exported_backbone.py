"""A classification network of torchvision as a model file: networks of the size that one meets outside a class.

    export_backbone("resnet50", Path("models/resnet50.onnx"))

ImageNet weights are taken where they lie on this machine; nothing is downloaded. Without them the weights are random:
a network takes as long with them, but its answers mean nothing.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from dlbench.errors import ModelFileError
from dlbench.export import Exported, Normalised, export_onnx
from dlbench.model.facts import ModelFacts
from dlbench.train.networks.architectures import pretrained_network
from dlbench.train.networks.pretrained_weights import Published, load_backbone_weights, load_into, published
from dlbench.train.networks.weights_files import RANDOM_WEIGHTS, local_weights
from dlbench.version import __version__

_LARGEST = 475_000_000  # weights of 4 bytes: what one .onnx file of 2 GB holds, with room for its graph
_IMAGES = 7  # for the check against torch
_SEED = 0


def export_backbone(name: str, path: Path) -> Exported:
    """Export torchvision's network of that name with its own head, and return what was written to `path`.

    Raises:
        InputError: torchvision has no classification network of that name, or one .onnx file can't hold it.
        WeightsError: the file of its weights is there, and holds something else.
        CheckFailedError: torch can't export it.
        WorkspaceError: the file can't be written.
    """
    wanted = published(name)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(_SEED)
        network = pretrained_network(name)
        parameters = sum(parameter.numel() for parameter in network.parameters())
        if parameters > _LARGEST:
            raise ModelFileError(
                f"{name} is too large for one .onnx file: expected at most {_LARGEST:,} weights, received "
                f"{parameters:,}; take a smaller network of torchvision."
            )
        images = torch.rand(_IMAGES, 3, wanted.size, wanted.size)
        sha256 = _fill(network, wanted, images)
    return export_onnx(network, images, path, _facts(wanted, parameters, sha256))


def _fill(network: nn.Module, wanted: Published, images: Tensor) -> str | None:
    """Load the weights that are there and return their hash; None where they stay random."""
    if local_weights(wanted.file_name) is not None:
        weights = load_backbone_weights(wanted.backbone)
        load_into(network, weights)
        return weights.sha256
    _keep_in_range(Normalised(network, wanted.mean, wanted.std), images)
    return None


def _keep_in_range(network: nn.Module, images: Tensor) -> None:
    """Set each batch normalisation so that its random layers neither shrink nor blow up what passes.

    Only the scale is set: with the means taken away too, what differs between two images is mostly rounding.
    """

    def scale(layer: nn.Module, given: tuple[Tensor, ...]) -> None:
        layer.running_var.fill_(given[0].square().mean())  # type: ignore[operator]

    layers = [layer for layer in network.eval().modules() if isinstance(layer, _BatchNorm)]
    hooks = [layer.register_forward_pre_hook(scale) for layer in layers]
    with torch.no_grad():
        if hooks:
            network(images[:1])
    for hook in hooks:
        hook.remove()


def _facts(wanted: Published, parameters: int, sha256: str | None) -> ModelFacts:
    return ModelFacts(
        network=wanted.backbone,
        architecture=f"{wanted.backbone} of torchvision, {wanted.version if sha256 else 'random weights'}",
        labels=wanted.labels if sha256 else (),
        mean=wanted.mean,
        std=wanted.std,
        data="ImageNet" if sha256 else "none",
        warnings=() if sha256 else (RANDOM_WEIGHTS,),
        split="that of ImageNet" if sha256 else "none",
        parameters=parameters,
        trained_parameters=0,
        weights_sha256=sha256,
        version=__version__,
    )

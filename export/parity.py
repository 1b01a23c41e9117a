"""Does the exported file compute what torch computes? Checked on real images, at two batch sizes.

parity = check_parity(module, Path("cnn.onnx"), images)
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlbench.errors import CheckFailedError
from dlbench.runtime import onnx_runtime

TOLERANCE = 1e-4  # largest absolute difference between two logits
_BATCHES = (1, 7)  # 7: a size that nobody optimises for, and not that of the example


@dataclass(frozen=True)
class Parity:
    """How far ONNX Runtime's logits lie from torch's."""

    max_abs_error: float  # over all logits of all images and batch sizes
    images: int  # compared at each batch size
    batch_sizes: tuple[int, ...]


def check_parity(
    module: nn.Module, path: str | os.PathLike[str], images: Tensor, tolerance: float = TOLERANCE
) -> Parity:
    """Compare torch and ONNX Runtime (CPU) on `images`, float32 in [0, 1], (N, C, H, W).

    Within the tolerance only classes that are nearer to each other than twice of it can change places.

    Raises:
        CheckFailedError: a logit differs by more than `tolerance` or is not finite.
    """
    expected = _torch_logits(module, images)
    worst = 0.0
    # numbers such as degrees are larger than logits, and so is their rounding
    limit = tolerance * max(1.0, float(np.abs(expected).max(initial=0.0)) / 10)
    for batch_size in _BATCHES:
        received = _onnx_logits(path, images, batch_size)
        if received.shape != expected.shape:
            raise CheckFailedError(
                f"the exported network gives another shape than torch: expected {expected.shape}, received "
                f"{received.shape} at batch size {batch_size}; no model file was written."
            )
        error = np.abs(received - expected).max()
        worst = max(worst, float(error) if np.isfinite(error) else float("inf"))
    if worst > limit:
        raise CheckFailedError(
            f"the exported network differs from torch: expected at most {limit:g} between logits on {len(images)} "
            f"images, received {worst:.3g}; no model file was written."
        )
    return Parity(worst, len(images), _BATCHES)


def _torch_logits(module: nn.Module, images: Tensor) -> NDArray[np.float32]:
    module = module.eval()
    with torch.inference_mode():
        logits: NDArray[np.float32] = module(images).cpu().numpy()
    return logits


def _onnx_logits(path: str | os.PathLike[str], images: Tensor, batch_size: int) -> NDArray[np.float32]:
    session = onnx_runtime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    parts = [session.run(None, {name: part.numpy()})[0] for part in torch.split(images.cpu(), batch_size)]
    if any(part.shape[1:] != parts[0].shape[1:] for part in parts):
        raise CheckFailedError(
            f"the exported network's output changes its shape: expected (batch, classes), received {parts[0].shape} "
            "and others; no model file was written."
        )
    return np.concatenate(parts)

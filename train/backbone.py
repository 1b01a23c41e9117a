"""The frozen backbone as a function from images to features, on the fastest path at hand.

    extract = fast_backbone(network, weights_key="b03531...", device=torch.device("cpu"))
    features = extract(images)      # float32 in [0, 1], (N, 3, H, W) -> (N, 1280)

On a CPU ONNX Runtime is several times faster than torch here (`benchmarks/features.py`), so the backbone
is exported once and kept in the cache. A GPU runs torch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlbench.export import Normalised, to_onnx
from dlbench.files import atomic_path, cache_dir
from dlbench.system import usable_cores
from dlbench.train.pixels import IMAGENET_MEAN, IMAGENET_STD

__all__ = ["Extractor", "PooledFeatures", "fast_backbone", "onnx_extractor", "torch_extractor"]

Extractor = Callable[[Tensor], NDArray[np.float32]]
_AGREEMENT = 1e-3  # largest difference between a kept export and torch on a real image


class PooledFeatures(nn.Module):
    """The convolutional part of a torchvision network, averaged over the picture."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.features = network.get_submodule("features")

    def forward(self, image: Tensor) -> Tensor:
        """Return (N, 3, H, W) -> (N, 1280, h, w) -> (N, 1280)."""
        maps: Tensor = self.features(image)
        return maps.mean(dim=(2, 3))


def fast_backbone(network: nn.Module, weights_key: str, device: torch.device, example: Tensor) -> Extractor:
    """Return the extractor for `device`; `example` holds at least two real images in [0, 1], (N, 3, H, W)."""
    module = Normalised(PooledFeatures(network), IMAGENET_MEAN, IMAGENET_STD).eval()
    if device.type == "cuda":
        return torch_extractor(module.to(device), device)
    return _kept_or_exported(module, weights_key, example[:2])


def torch_extractor(module: nn.Module, device: torch.device) -> Extractor:
    """Return a function that runs `module` with torch."""

    def extract(images: Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            features: NDArray[np.float32] = module(images.to(device)).cpu().numpy()
        return features

    return extract


def onnx_extractor(path: Path) -> Extractor:
    """Return a function that runs the file at `path` with ONNX Runtime on all usable cores."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.log_severity_level = 3  # a damaged file is told by its error, not on the terminal
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def extract(images: Tensor) -> NDArray[np.float32]:
        features: NDArray[np.float32] = session.run(None, {"image": images.numpy()})[0]
        return features

    return extract


def _kept_or_exported(module: nn.Module, weights_key: str, example: Tensor) -> Extractor:
    shape = "x".join(str(side) for side in example.shape[1:])
    versions = hashlib.sha256(f"{torch.__version__} {ort.__version__} {weights_key}".encode()).hexdigest()[:16]
    path = cache_dir() / "backbones" / f"mobilenet_v2-{shape}-{versions}.onnx"
    expected = torch_extractor(module, torch.device("cpu"))(example)
    kept = _kept(path, example, expected)
    if kept is not None:
        return kept
    graph, _ = to_onnx(module, example, output="features")
    with atomic_path(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())
    return onnx_extractor(path)


def _kept(path: Path, example: Tensor, expected: NDArray[np.float32]) -> Extractor | None:
    """Return the extractor in the cache, or None where there is none or it does not give what torch gives."""
    if not path.is_file():
        return None
    try:
        extract = onnx_extractor(path)
        received = extract(example)
    except Exception:  # noqa: BLE001 - ONNX Runtime's errors share no base; a damaged entry is made again
        return None
    same = received.shape == expected.shape and np.abs(received - expected).max() <= _AGREEMENT
    return extract if same else None

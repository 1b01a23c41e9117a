"""The frozen part of a backbone as a function from images to what it gives, on the fastest path at hand.

    extract = fast_backbone(frozen, "mobilenet_v2-21", "b03531...", torch.device("cpu"), example=images)
    features = extract(images)      # float32 in [0, 1], (N, 3, H, W) -> (N, 1280)

On a CPU ONNX Runtime is several times faster than torch here (`benchmarks/features.py`), so the frozen part is exported
once and kept in the cache. A GPU runs torch, and so does a CPU where the part can't be exported.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlbench.errors import CheckFailedError
from dlbench.export import to_onnx
from dlbench.files import atomic_path, cache_dir
from dlbench.runtime import onnx_runtime
from dlbench.system import usable_cores
from dlbench.train.transfer.features import CACHE_BYTES, Extractor, trim

_AGREEMENT = 1e-3  # largest difference between a kept export and torch on a real image, for values of size 1
_MOST_WEIGHTS_BYTES = 1 << 30  # a protobuf file ends at 2 GB


def fast_backbone(frozen: nn.Module, name: str, weights_key: str, device: torch.device, example: Tensor) -> Extractor:
    """Return the extractor for `device`; a GPU runs torch.

    `frozen` takes images in [0, 1], its normalisation inside; at least two real ones are the `example`. Backbone, cut
    (`name`) and weights name the kept file.
    """
    if device.type == "cuda":
        return torch_extractor(frozen.to(device), device)
    if sum(p.numel() * p.element_size() for p in frozen.parameters()) > _MOST_WEIGHTS_BYTES:
        return torch_extractor(frozen, device)
    return _kept_or_exported(frozen, name, weights_key, example[:2])


def torch_extractor(module: nn.Module, device: torch.device) -> Extractor:
    """Return a function that runs `module` with torch."""

    def extract(images: Tensor) -> NDArray[np.float32]:
        with torch.inference_mode():
            features: NDArray[np.float32] = module(images.to(device)).cpu().numpy()
        return features

    return extract


def onnx_extractor(path: Path) -> Extractor:
    """Return a function that runs the file at `path` with ONNX Runtime on all usable cores."""
    ort = onnx_runtime()
    options = ort.SessionOptions()
    options.intra_op_num_threads = usable_cores()
    options.log_severity_level = 3  # a damaged file raises an error; nothing is printed
    session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def extract(images: Tensor) -> NDArray[np.float32]:
        features: NDArray[np.float32] = session.run(None, {"image": images.numpy()})[0]
        return features

    return extract


def _kept_or_exported(frozen: nn.Module, name: str, weights_key: str, example: Tensor) -> Extractor:
    shape = "x".join(str(side) for side in example.shape[1:])
    runtime = onnx_runtime().__version__
    versions = hashlib.sha256(f"{torch.__version__} {runtime} {weights_key}".encode()).hexdigest()[:16]
    path = cache_dir() / "backbones" / f"{name}-{shape}-{versions}.onnx"
    slow = torch_extractor(frozen, torch.device("cpu"))
    expected = slow(example)
    kept = _kept(path, example, expected)
    if kept is not None:
        return kept
    try:
        graph, _ = to_onnx(frozen, example, output="features")
    except CheckFailedError:
        return slow
    with atomic_path(path) as temporary:
        temporary.write_bytes(graph.SerializeToString())
    trim(path.parent, path, CACHE_BYTES)
    return _kept(path, example, expected) or slow


def _kept(path: Path, example: Tensor, expected: NDArray[np.float32]) -> Extractor | None:
    """Return the extractor in the cache, or None where there is none or it does not give what torch gives."""
    if not path.is_file():
        return None
    try:
        extract = onnx_extractor(path)
        received = extract(example)
    except Exception:  # noqa: BLE001 - ONNX Runtime's errors share no base; a damaged entry is made again
        return None
    limit = _AGREEMENT * max(1.0, float(np.abs(expected).max(initial=0.0)))
    same = received.shape == expected.shape and np.abs(received - expected).max() <= limit
    return extract if same else None

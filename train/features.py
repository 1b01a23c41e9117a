"""Features of a frozen backbone: computed once, kept by the content that they come from.

    features = frozen_features(extract, images, (224, 224), weights_key="b03531...", engine="onnx")

A frozen backbone gives the same features in every epoch, so only the head is trained, on these.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from dlbench.files import atomic_path, cache_dir
from dlbench.train.backbone import Extractor
from dlbench.train.pixels import network_input
from dlbench.train.progress import OnProgress, Ticker

__all__ = ["FEATURES", "feature_path", "frozen_features"]

FEATURES = 1280
_PREPARATION = "features/1: scaled bilinearly, grey repeated, ImageNet normalisation"
_BATCH = 16
_HEADER_BYTES = 64 << 10  # more than safetensors needs for one tensor


def frozen_features(
    extract: Extractor,
    images: NDArray[np.uint8],
    size: tuple[int, int],
    weights_key: str,
    engine: str,
    on_progress: OnProgress = None,
) -> NDArray[np.float32]:
    """Return the features of `images` (N, C, h, w) at `size`, (N, 1280), from the cache where they are there.

    Args:
        extract: takes float32 in [0, 1], (N, 3, H, W).
        images: as in the data set.
        size: height and width that the backbone gets.
        weights_key: hash of the backbone's weights; part of the cache key.
        engine: what runs the backbone; part of the cache key, because results differ in the last bits.
        on_progress: called after each batch.

    Raises:
        WorkspaceError: the cache folder can't be written.
    """
    path = feature_path(images, size, weights_key, engine)
    kept = _read(path, len(images))
    if kept is not None:
        return kept
    features = np.empty((len(images), FEATURES), np.float32)
    ticker = Ticker("computing features", len(images), on_progress)
    for start in range(0, len(images), _BATCH):
        part = images[start : start + _BATCH]
        features[start : start + len(part)] = extract(network_input(part, 3, size))  # (B, 3, H, W) -> (B, 1280)
        ticker.tick(len(part))
    with atomic_path(path) as temporary:
        save_file({"features": features}, temporary)
    return features


def feature_path(images: NDArray[np.uint8], size: tuple[int, int], weights_key: str, engine: str) -> Path:
    """Return where the features of exactly these images are kept."""
    digest = hashlib.sha256(f"{_PREPARATION} {weights_key} {engine} {images.shape} {size}".encode())
    digest.update(np.ascontiguousarray(images).data)
    return cache_dir() / "features" / f"{digest.hexdigest()}.safetensors"


def _read(path: Path, count: int) -> NDArray[np.float32] | None:
    """Return kept features, or None where there are none or the file is damaged."""
    try:
        if not path.is_file() or path.stat().st_size > count * FEATURES * 4 + _HEADER_BYTES:
            return None
        features = load_file(path).get("features")
    except (SafetensorError, OSError, ValueError):
        return None
    if features is None or features.shape != (count, FEATURES) or features.dtype != np.float32:
        return None
    return features if np.isfinite(features).all() else None

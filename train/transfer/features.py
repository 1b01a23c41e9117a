"""What the frozen part of a backbone gives: computed once, kept by the content that it comes from.

    features = frozen_outputs(make, images, (224, 224), (1280,), key="mobilenet_v2 b03531... cpu")

A frozen part gives the same values in every epoch, so only what stands behind it is run and trained, on these. The
cache holds at most 4 GiB; what was not used for the longest time goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import Tensor

from dlbench.errors import InputError
from dlbench.files import atomic_path, cache_dir
from dlbench.train.data.pixels import network_input
from dlbench.train.progress import OnProgress, Ticker

Extractor = Callable[[Tensor], NDArray[np.float32]]  # images in [0, 1], (N, 3, H, W) -> (N, ...)
CACHE_BYTES = 4 << 30
_PREPARATION = "features/3: scaled bilinearly, grey repeated, normalised as the weights were trained"
_BATCH = 16
_HEADER_BYTES = 64 << 10  # more than safetensors needs for one tensor
_MEMORY_SHARE = 0.5  # of what is available


def frozen_outputs(
    make: Callable[[], Extractor],
    images: NDArray[np.uint8],
    size: tuple[int, int],
    shape: tuple[int, ...],
    key: str,
    on_progress: OnProgress = None,
    on_kept: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """Return what the frozen part gives for `images` (N, C, h, w) at `size`, (N, *shape), from the cache if there.

    `make` is called only where nothing is kept under `key`, which names backbone, cut, weights and engine; `on_kept`
    else, with the seconds that computing them took.

    Raises:
        InputError: the values would not fit in memory.
        WorkspaceError: the cache folder can't be written.
    """
    _expect_room(len(images), shape)
    path = feature_path(images, size, key)
    kept = _read(path, (len(images), *shape))
    if kept is not None:
        if on_kept is not None:
            on_kept(kept[1])
        return kept[0]
    begun = time.perf_counter()
    extract = make()
    values = np.empty((len(images), *shape), np.float32)
    ticker = Ticker("computing features", len(images), on_progress)
    for start in range(0, len(images), _BATCH):
        part = images[start : start + _BATCH]
        values[start : start + len(part)] = extract(network_input(part, 3, size))  # (B, 3, H, W) -> (B, *shape)
        ticker.tick(len(part))
    if values.nbytes <= CACHE_BYTES:
        with atomic_path(path) as temporary:
            save_file({"features": values}, temporary, {"seconds": f"{time.perf_counter() - begun:.3f}"})
        trim(path.parent, path, CACHE_BYTES)
    return values


def feature_path(images: NDArray[np.uint8], size: tuple[int, int], key: str) -> Path:
    """Return where the values of exactly these images are kept."""
    digest = hashlib.sha256(f"{_PREPARATION} {key} {images.shape} {size}".encode())
    digest.update(np.ascontiguousarray(images).data)
    return cache_dir() / "features" / f"{digest.hexdigest()}.safetensors"


def trim(folder: Path, newest: Path, most_bytes: int) -> None:
    """Remove files of a cache folder, the longest unused first, until the rest has `most_bytes`; `newest` stays."""
    files = []
    for path in folder.rglob("*"):  # also in the folders that killed processes left
        with contextlib.suppress(OSError):  # another process may remove it at the same time
            status = path.stat()
            if not path.is_dir():
                files.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most_bytes:
            return
        if path != newest:
            path.unlink(missing_ok=True)
            total -= size


def _expect_room(count: int, shape: tuple[int, ...]) -> None:
    needed, room = count * math.prod(shape) * 4, int(psutil.virtual_memory().available * _MEMORY_SHARE)
    if needed > room:
        raise InputError(
            f"the frozen part gives {needed / 1e9:.1f} GB for {count:,} pictures ({' x '.join(map(str, shape))} each): "
            f"expected at most {room / 1e9:.1f} GB, half of the free memory; freeze more (--freeze all), or use fewer "
            "pictures."
        )


def _read(path: Path, shape: tuple[int, ...]) -> tuple[NDArray[np.float32], float] | None:
    """Return kept values and the seconds they took, or None where there are none or the file is damaged."""
    try:
        if not path.is_file() or path.stat().st_size > math.prod(shape) * 4 + _HEADER_BYTES:
            return None
        with safe_open(path, "np") as file:
            seconds = float((file.metadata() or {})["seconds"])
            values = file.get_tensor("features")
    except (SafetensorError, OSError, KeyError, ValueError):
        return None
    if values.shape != shape or values.dtype != np.float32 or not np.isfinite(values).all():
        return None
    if not 0 <= seconds < math.inf:
        return None
    with contextlib.suppress(OSError):  # a cache that is read-only for this user is still a cache
        os.utime(path)  # used now: `trim` takes others first
    return values, seconds

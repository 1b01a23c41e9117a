"""CIFAR-10: 60,000 photos of ten classes, 32 x 32, colour.

    photos = cifar_download()            # 162 MB, once
    photos = cifar_folder(Path("data"))  # the archive, or the six files out of it

The binary version is read, not the Python one that torchvision downloads: that one is pickled, and unpickling a file
from the internet runs whatever it says, so dlbench never does. Both lie at the same address and hold the same pictures;
the MD5 of the binary one is published on https://www.cs.toronto.edu/~kriz/cifar.html with its format: records of 3,073
bytes, the label and 1,024 bytes each of red, green and blue.
Reference: A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError
from dlbench.files import read_bounded
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.published_files import Source, kept_files, official_split
from dlbench.train.download.archive import members
from dlbench.train.progress import OnProgress

ARCHIVE = "cifar-10-binary.tar.gz"
ARCHIVE_MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
_BELOW = "cifar-10-batches-bin"
_TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = "test_batch.bin"
_NAMES = "batches.meta.txt"
_MEMBER = re.compile(rf"(?:{_BELOW}/)?((?:data_batch_[1-5]|test_batch)\.bin|{re.escape(_NAMES)})")
_PICKLED = ("cifar-10-batches-py", "cifar-10-python.tar.gz")
_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_SIDE = 32
_RECORD_BYTES = 1 + 3 * _SIDE * _SIDE
_MAX_ARCHIVE_BYTES = 256 << 20
_MAX_FILE_BYTES = 64 << 20


def cifar_download(on_progress: OnProgress = None) -> Dataset:
    """Return CIFAR-10, downloaded into the cache where it is not there yet.

    Raises:
        DataError: it can't be downloaded.
        MissingExtraError: torchvision, which knows the address, is not installed.
    """
    return cifar_folder(kept_files("CIFAR10", "CIFAR10", (ARCHIVE,), _sources, _MAX_ARCHIVE_BYTES, on_progress))


def _sources(published: Any) -> list[Source]:
    """Return the binary archive, which lies beside the pickled one that torchvision names."""
    return [Source(ARCHIVE, (published.url.rsplit("/", maxsplit=1)[0] + "/" + ARCHIVE,), ARCHIVE_MD5)]


def holds_cifar(root: Path) -> bool:
    """Say whether CIFAR-10 lies in `root`, in whichever version."""
    names = (ARCHIVE, _BELOW, _TEST, *_TRAIN, *_PICKLED)
    return any((root / name).exists() for name in names)


def cifar_folder(root: Path) -> Dataset:
    """Return CIFAR-10 from `cifar-10-binary.tar.gz` in `root`, or from its files there or in `cifar-10-batches-bin/`.

    The official test batch is the test split; a stratified tenth of the training images validates.

    Raises:
        DataError: a file is missing, cut off, or of another format; or only the pickled version is there.
    """
    files = _files(root)
    missing = [name for name in (*_TRAIN, _TEST) if name not in files]
    if missing:
        raise DataError(
            f"{root} lacks a part of CIFAR-10: expected {', '.join((*_TRAIN, _TEST))}, received all but "
            f"{', '.join(missing)}; copy all six files, or {ARCHIVE}, there."
        )
    batches = [_records(files[name], name, root) for name in (*_TRAIN, _TEST)]
    records = np.concatenate(batches)  # (N, 3073)
    images = np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, _SIDE, _SIDE)  # (N, 3072) -> (N, C, H, W)
    labels = records[:, 0].astype(np.int64)
    split = official_split(labels, np.arange(len(labels)) >= len(labels) - len(batches[-1]), validation_share=0.1)
    classes = _classes(files.get(_NAMES, b""))
    return Dataset("cifar10", images, labels, classes, split, "pictures", note="binary files as published")


def _files(root: Path) -> dict[str, bytes]:
    """Return the content of each file by its name: plain files first, then out of the archive."""
    for folder in (root, root / _BELOW):
        paths = [folder / name for name in (*_TRAIN, _TEST, _NAMES) if (folder / name).is_file()]
        if any(path.name != _NAMES for path in paths):
            return {path.name: read_bounded(path, _MAX_FILE_BYTES, DataError, "CIFAR-10 file") for path in paths}
    if (root / ARCHIVE).is_file():
        return dict(members(root / ARCHIVE, _MEMBER, _MAX_ARCHIVE_BYTES))
    pickled = [name for name in _PICKLED if (root / name).exists()]
    if pickled:
        raise DataError(
            f"{root} holds CIFAR-10 as pickled Python, which is never loaded, since it may run code: expected "
            f"{ARCHIVE} or its .bin files, received {pickled[0]}; take the binary version, or --data cifar10."
        )
    return {}


def _records(content: bytes, name: str, root: Path) -> NDArray[np.uint8]:
    if not content or len(content) % _RECORD_BYTES:
        raise DataError(
            f"{name} of {root} has the wrong length: expected a multiple of {_RECORD_BYTES:,} bytes, received "
            f"{len(content):,}; copy or download it again."
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD_BYTES)  # (N, 3073)
    if records[:, 0].max() >= len(_CLASSES):
        raise DataError(
            f"{name} of {root} is not CIFAR-10: expected labels from 0 to {len(_CLASSES) - 1}, received "
            f"{records[:, 0].max()}; copy or download it again."
        )
    return records


def _classes(text: bytes) -> tuple[str, ...]:
    """Return the names in batches.meta.txt where there are ten, else the published ones."""
    names = tuple(line.strip() for line in text.decode("ascii", "replace").splitlines() if line.strip())
    usable = len(set(names)) == len(names) == len(_CLASSES) and all(len(n) <= 40 and n.isprintable() for n in names)
    return names if usable else _CLASSES

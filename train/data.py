"""Any data set by its name or folder.

from dlbench.train import load

digits = load(None)                     # the MNIST sample, offline
pets = load("photos/", size=224)
"""

from __future__ import annotations

import os
from pathlib import Path

from dlbench.errors import DataError, close_matches
from dlbench.train.dataset import Dataset
from dlbench.train.folders import picture_folder
from dlbench.train.mnist import IDX_NAMES, mnist_download, mnist_folder, mnist_sample
from dlbench.train.progress import OnProgress

__all__ = ["DATA_NAMES", "load"]

DATA_NAMES = ("mnist-sample", "mnist")


def load(name_or_path: str | os.PathLike[str] | None, size: int = 224, on_progress: OnProgress = None) -> Dataset:
    """Return the data set called `name_or_path`, or the one in that folder; None is the MNIST sample.

    Args:
        name_or_path: `mnist-sample`, `mnist`, a folder with MNIST's idx files, or a folder of pictures.
        size: height and width in pixels of pictures from a folder; MNIST keeps its own.
        on_progress: called while pictures are read or files are downloaded.

    Raises:
        DataError: the data can't be used.
        MissingExtraError: the sample's package is not installed.
    """
    if name_or_path is None or name_or_path == "mnist-sample":
        return mnist_sample()
    if name_or_path == "mnist":
        return mnist_download(on_progress)
    root = Path(name_or_path)
    if not root.is_dir():
        kind = "a file" if root.exists() else "nothing there"
        raise DataError(
            f"no data at {root}: expected {', '.join(DATA_NAMES)} or a folder, received {kind}."
            f"{close_matches(str(name_or_path), DATA_NAMES)}"
        )
    root = root.resolve()
    return mnist_folder(root) if _holds_idx(root) else picture_folder(root, size, on_progress)


def _holds_idx(root: Path) -> bool:
    stems = (*IDX_NAMES, *(name.replace("-idx", ".idx") for name in IDX_NAMES))
    return any(
        (root / folder / (stem + end)).is_file()
        for folder in ("", "raw", "MNIST/raw")
        for stem in stems
        for end in ("", ".gz")
    )

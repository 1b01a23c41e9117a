"""The data sets that are known by name, and any folder; a new data set gets its name here.

from dlbench.train import load

digits = load(None)                     # the MNIST sample, offline
pets = load("photos/", size=224)
"""

from __future__ import annotations

import os
from pathlib import Path

from dlbench.errors import DataError, close_matches
from dlbench.show.texts import says_errors
from dlbench.train.data.cifar import cifar_download, cifar_folder, holds_cifar
from dlbench.train.data.dataset import Dataset
from dlbench.train.data.folders import FolderSet, picture_folder
from dlbench.train.data.mnist import fashion_download, holds_idx, mnist_download, mnist_folder, mnist_sample
from dlbench.train.data.pets import holds_pets, pets_download, pets_folder
from dlbench.train.data.photo_sample import photo_sample
from dlbench.train.progress import OnProgress

_DOWNLOADS = {"mnist": mnist_download, "fashion-mnist": fashion_download, "cifar10": cifar_download}
DATA_NAMES = ("mnist-sample", "sample-photos", *_DOWNLOADS, "oxford-pets")


@says_errors
def load(name_or_path: str | os.PathLike[str] | None, size: int = 224, on_progress: OnProgress = None) -> Dataset:
    """Return the data set called `name_or_path`, or the one in that folder; None is the MNIST sample.

    Args:
        name_or_path: a name of `DATA_NAMES`, a folder of pictures, or one that holds the files of MNIST, Fashion-MNIST,
            CIFAR-10 (binary version) or Oxford-IIIT Pet.
        size: height and width in pixels of pictures from files; MNIST, Fashion-MNIST and CIFAR-10 keep their own.
        on_progress: called while pictures are read or files are downloaded.

    Raises:
        DataError: the data can't be used.
        MissingExtraError: the sample's package, or torchvision, is not installed.
    """
    return load_with_files(name_or_path, size, on_progress).dataset


def load_with_files(
    name_or_path: str | os.PathLike[str] | None, size: int = 224, on_progress: OnProgress = None
) -> FolderSet:
    """Return the same as `load` with the file of each image, where each has one."""
    name = "mnist-sample" if name_or_path is None else str(name_or_path)
    if name == "mnist-sample":
        return FolderSet(mnist_sample())
    if name == "sample-photos":
        return FolderSet(photo_sample(size))
    if name in _DOWNLOADS:
        return FolderSet(_DOWNLOADS[name](on_progress))
    if name == "oxford-pets":
        return pets_download(size, on_progress)
    root = Path(name)
    if not root.is_dir():
        kind = "a file" if root.exists() else "nothing there"
        raise DataError(
            f"no data at {root}: expected {', '.join(DATA_NAMES)} or a folder, received {kind}."
            f"{close_matches(name, DATA_NAMES)}"
        )
    return _folder(root.resolve(), size, on_progress)


def _folder(root: Path, size: int, on_progress: OnProgress) -> FolderSet:
    """Return the published set whose files lie in `root`, else its pictures."""
    if holds_idx(root):
        return FolderSet(mnist_folder(root))
    if holds_cifar(root):
        return FolderSet(cifar_folder(root))
    if holds_pets(root):
        return pets_folder(root, size, on_progress)
    return picture_folder(root, size, on_progress)

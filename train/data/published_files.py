"""What published data sets have in common: files at torchvision's addresses, and a test split of their own.

    folder = kept_files("FashionMNIST", "FashionMNIST/raw", IDX_SOURCES, 256 << 20, on_progress)

Addresses and hashes are read from torchvision's own classes, so that they are right for as long as torchvision's are.
Where all the files are here already, torchvision is not imported (it takes seconds) and need not be installed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError, MissingExtraError, one_line
from dlbench.files import cache_dir
from dlbench.train.data.dataset import Split, stratified_parts
from dlbench.train.download.fetch import fetch_first
from dlbench.train.progress import OnProgress


@dataclass(frozen=True)
class Source:
    """One file: its name, its addresses, and the MD5 that its publisher gives."""

    name: str
    urls: tuple[str, ...]
    md5: str


def kept_files(
    published: str,
    below: str,
    names: Sequence[str],
    sources: Callable[[Any], Sequence[Source]],
    max_bytes: int,
    on_progress: OnProgress = None,
) -> Path:
    """Return the folder of the cache, `below` its data, that holds all of `names`; what is missing is downloaded.

    `sources` gives the addresses of the files of a class of torchvision.datasets.

    Raises:
        DataError: a file can't be downloaded.
        MissingExtraError: torchvision, which knows the addresses, is not installed.
    """
    folder = cache_dir() / "data" / below
    if all((folder / name).is_file() for name in names):
        return folder
    for source in sources(_torchvision(published)):
        if not (folder / source.name).is_file():
            _fetch(source, published, folder, max_bytes, on_progress)
    return folder


def _torchvision(published: str) -> Any:
    if importlib.util.find_spec("torchvision") is None:
        raise MissingExtraError(
            f"the addresses of {published} come from torchvision, which is not installed; install it with: "
            'pip install "dlbench[train]"'
        )
    import torchvision.datasets

    return getattr(torchvision.datasets, published)


def _fetch(source: Source, published: str, folder: Path, max_bytes: int, on_progress: OnProgress) -> None:
    try:
        fetch_first(source.urls, folder / source.name, "md5", source.md5, max_bytes, on_progress)
    except DataError as error:
        raise DataError(
            f"can't get {source.name} of {published}: {one_line(error, 600)} Without internet, give the folder that "
            "holds its files, or take mnist-sample."
        ) from error


def official_split(
    labels: NDArray[np.int64], is_test: NDArray[np.bool_], validation_share: float, whose: str = "official"
) -> Split:
    """Keep the test images that the publisher chose; cut `validation_share` of every class off the others."""
    train, validation = stratified_parts(labels, np.flatnonzero(~is_test), validation_share)
    test = np.flatnonzero(is_test)
    text = f"{len(train):,} train / {len(validation):,} validation / {len(test):,} {whose} test, stratified, fixed"
    return Split(train, validation, test, text)

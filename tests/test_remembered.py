"""What a workspace remembers of model files."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dlbench import remembered
from dlbench.api.datasets import own_data
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.remembered import data_of, recall, remember

A, B, C = "a" * 64, "b" * 64, "c" * 64


def card(sha256: str, data: str | None):
    return SimpleNamespace(name="net", sha256=sha256, facts=None if data is None else SimpleNamespace(data=data))


def test_facts_are_kept_by_the_hash_of_the_file_and_add_up(tmp_path):
    place = Workspace(tmp_path)
    assert recall(place, A).data is None
    remember(place, A, data="/photos")
    remember(place, A, data_name="photos")
    assert (recall(place, A).data, recall(place, A).data_name) == ("/photos", "photos")
    assert recall(place, B).data is None


def test_another_precision_of_a_network_finds_the_folder_by_its_name(tmp_path):
    place = Workspace(tmp_path)
    for sha256, folder in ((A, "/old/photos"), (B, "/new/photos")):
        remember(place, sha256, data=folder, data_name="photos")
    assert [data_of(place, one, "photos") for one in (A, B, C)] == ["/old/photos", "/new/photos", "/new/photos"]
    assert data_of(place, C, "others") is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"models": 3}', b'{"models": {"a": {"data": 7}}}'])
def test_a_damaged_memory_is_an_empty_one(tmp_path, content):
    (tmp_path / "remembered.json").write_bytes(content)
    assert recall(Workspace(tmp_path), A).data is None
    remember(Workspace(tmp_path), A, data="/photos")
    assert recall(Workspace(tmp_path), A).data == "/photos"


def test_the_oldest_is_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(remembered, "_MOST_MODELS", 2)
    for sha256 in (A, B, A, C):
        remember(Workspace(tmp_path), sha256, data=f"/{sha256[0]}")
    assert [recall(Workspace(tmp_path), one).data for one in (A, B, C)] == ["/a", None, "/c"]


def test_a_model_s_own_pictures_are_those_of_the_folder_it_learned_from(tmp_path):
    photos = tmp_path / "photos"
    remember(Workspace(tmp_path), A, data=str(photos), data_name="photos")
    with pytest.raises(InputError, match=r"are gone: expected the folder .*photos.* --data"):
        own_data(card(A, "photos"), tmp_path)
    photos.mkdir()
    assert own_data(card(A, "photos"), tmp_path) == str(photos)
    assert own_data(card(A, "photos"), tmp_path / "another workspace") is None
    assert own_data(card(A, "mnist-sample"), tmp_path / "another workspace") == "mnist-sample"
    assert own_data(card(A, None), tmp_path) is None

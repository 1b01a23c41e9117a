"""Results as a class hands them in: folders and .zip files from others."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from reports import machine_document
from typer.testing import CliRunner

from dlbench.bench.results import handed_in
from dlbench.bench.results.handed_in import read_handed_in
from dlbench.bench.results.kept_results import newest_results
from dlbench.cli import app
from dlbench.errors import InputError

runner = CliRunner()
DIFF = json.dumps({"schema": "dlbench.diff/1", "rows": []})


def text(number: int) -> str:
    return json.dumps(machine_document(number))


def zipped(path: Path, **files: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return path


def prints(path: Path) -> list[str]:
    return [result.machine.fingerprint for _, result in read_handed_in([path]).read]


def test_a_folder_is_read_with_the_folders_in_it_and_what_is_no_result_is_passed_over(tmp_path: Path):
    (tmp_path / "anna").mkdir()
    (tmp_path / "anna" / "a.json").write_text(text(1))
    (tmp_path / "b.json").write_text(text(2))
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "diff.json").write_text(DIFF)
    (tmp_path / "notes.txt").write_text("not looked at")
    (tmp_path / ".writing-1").mkdir()
    (tmp_path / ".writing-1" / "d.json").write_text("{")  # of a process that was killed
    zipped(tmp_path / "late.zip", **{"c.json": text(3)})
    handed = read_handed_in([tmp_path])
    assert [r.machine.fingerprint for _, r in handed.read] == ["00000002", "00000003", "00000001"]
    assert handed.diffs == 1
    assert len(handed.refused) == 1 and "broken.json" in str(handed.refused[0])


def test_a_zip_is_read_whatever_its_names_are_and_nothing_is_unpacked(tmp_path: Path):
    files = {"../../etc/a.json": text(1), "C:\\temp\\b.JSON": text(2), "__MACOSX/._a.json": "x", "d.json": DIFF}
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    before = sorted(tmp_path.rglob("*"))
    handed = read_handed_in([path])
    assert [(p.name, r.machine.fingerprint) for p, r in handed.read] == [("a.json", "00000001"), ("b.JSON", "00000002")]
    assert handed.diffs == 1 and not handed.refused
    assert sorted(tmp_path.rglob("*")) == before


def test_an_entry_that_swells_is_refused_and_the_others_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(handed_in, "MOST_RESULT_BYTES", 100_000)
    path = zipped(tmp_path / "bomb.zip", **{"bomb.json": "0" * 10**6, "good.json": text(1)})
    handed = read_handed_in([path])
    assert len(handed.read) == 1
    assert "bomb.json: it is too large" in str(handed.refused[0])
    monkeypatch.setattr(handed_in, "_MOST_BYTES", len(text(1)) + 10)
    two = zipped(tmp_path / "two.zip", **{"a.json": text(1), "b.json": text(2)})
    assert len(read_handed_in([two]).read) == 1  # all of them together are bounded too


def test_a_zip_with_too_many_names_is_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(handed_in, "_MOST_FILES", 3)
    path = zipped(tmp_path / "many.zip", **{f"{i}.json": "{}" for i in range(4)})
    with pytest.raises(InputError, match="too many files"):
        read_handed_in([path])
    with pytest.raises(InputError, match="too many files"):
        monkeypatch.setattr(handed_in, "_MOST_FILES", 0)
        read_handed_in([tmp_path])


def test_a_zip_whose_list_of_names_is_long_is_refused_before_the_list_is_read(tmp_path, monkeypatch):
    path = zipped(tmp_path / "long.zip", **{"a.json": text(1)})
    raw = bytearray(path.read_bytes())
    raw[-10:-6] = (2**30).to_bytes(4, "little")  # the length of the list, as the end of the file states it
    path.write_bytes(raw)
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the list was read"))
    with pytest.raises(InputError, match="too many files"):
        read_handed_in([path])


@pytest.mark.parametrize("damage", ["cut", "not a zip", "flipped", "locked", "empty"])
def test_a_bad_zip_is_one_line(tmp_path: Path, damage: str):
    path = zipped(tmp_path / "class.zip", **{"a.json": text(1)})
    raw = bytearray(path.read_bytes())
    if damage == "cut":
        raw = raw[: len(raw) // 2]
    elif damage == "not a zip":
        raw = bytearray(b"hello")
    elif damage == "flipped":
        raw[60:80] = os.urandom(20)
    elif damage == "locked":
        raw[6] |= 1
        raw[raw.rfind(b"PK\x01\x02") + 8] |= 1
    else:
        raw = bytearray(zipped(tmp_path / "e.zip", **{"readme.txt": "x"}).read_bytes())
    path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        read_handed_in([path])
    message = str(caught.value)
    assert "class.zip" in message and "\n" not in message and len(message) < 400


def test_links_in_a_folder_are_not_followed(tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret.json").write_text(text(1))
    (tmp_path / "in" / "link.json").symlink_to(tmp_path / "secret.json")
    (tmp_path / "in" / "b.json").write_text(text(2))
    assert prints(tmp_path / "in") == ["00000002"]


def test_a_folder_without_results_and_diffs_alone_are_bad_input(tmp_path: Path):
    with pytest.raises(InputError, match="no result in"):
        read_handed_in([tmp_path])
    (tmp_path / "d.json").write_text(DIFF)
    with pytest.raises(InputError, match="nothing to report"):
        read_handed_in([tmp_path])


def test_the_report_of_a_zip_says_what_it_left_out(tmp_path: Path):
    path = zipped(
        tmp_path / "class.zip", **{"a.json": text(1), "again.json": text(1), "b.json": text(2), "d.json": DIFF}
    )
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("broken.json", "{")
    done = runner.invoke(app, ["report", str(path), "--out", str(tmp_path / "out"), "--format", "html"])
    assert done.exit_code == 0, done.output
    assert "broken.json" in done.output and "1 file of dlbench diff" in done.output
    assert "1 of 3 files hold a run that another one holds too" in done.output
    assert len(list((tmp_path / "out").glob("class*.html"))) == 1


def test_what_a_diff_measured_is_passed_over_in_a_folder_and_read_where_it_is_named(tmp_path: Path):
    (tmp_path / "compare-1.json").write_text(text(1))
    (tmp_path / "diff-1.json").write_text(json.dumps(machine_document(2) | {"of_diff": True}))
    handed = read_handed_in([tmp_path])
    assert [path.name for path, _ in handed.read] == ["compare-1.json"] and handed.diffs == 1
    assert len(read_handed_in([tmp_path / "diff-1.json"]).read) == 1
    assert [name for name, _ in newest_results([tmp_path], 9)[0]] == ["compare-1.json"]

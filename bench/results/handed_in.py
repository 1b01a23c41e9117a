"""The results of a class as they were handed in: files, folders of files, and the .zip that a teacher downloads.

handed = read_handed_in([Path("handed-in.zip"), Path("late/")])
handed.read, handed.refused, handed.diffs

Files from others: a folder is searched without following links, and a .zip is read in memory, entry by entry and
bounded; nothing is unpacked, and the names in it serve as names alone. A bad file is named and passed over.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dlbench.bench.results.schema import MOST_RESULT_BYTES, DiffFileError, Result, parse_result, read_result
from dlbench.errors import InputError, ResultFileError, one_line

_MOST_FILES = 2000  # of a folder or a .zip
_MOST_BYTES = 512 * 2**20  # of a .zip, unpacked
_LONGEST_LIST = 2 * 2**20  # bytes, of the names in a .zip
_END_SIZE = 2**16 + 64


@dataclass(frozen=True)
class HandedIn:
    """What could be read, and what not."""

    read: tuple[tuple[Path, Result], ...]
    refused: tuple[ResultFileError, ...]  # files that are no results, one line each
    diffs: int  # files of `dlbench diff`, which a report has no use for


def read_handed_in(paths: Sequence[Path]) -> HandedIn:
    """Read result files, and those in folders and .zip files.

    Raises:
        InputError: a path that is missing, a folder without a .json file or with too many files, or nothing that could
            be read.
    """
    read: list[tuple[Path, Result]] = []
    refused: list[ResultFileError] = []
    diffs = 0
    for path, found in each_handed_in(paths):
        if isinstance(found, Result) and not (found.of_diff and path not in paths):
            read.append((path, found))
        elif isinstance(found, Result | DiffFileError):
            diffs += 1
        else:
            refused.append(found)
    if not read and refused:
        raise refused[0]
    if not read:
        raise InputError(
            f"nothing to report: expected results of dlbench compare, received no result and {diffs} of dlbench diff."
        )
    return HandedIn(tuple(read), tuple(refused), diffs)


_Found = Result | ResultFileError


def each_handed_in(paths: Sequence[Path]) -> Iterator[tuple[Path, _Found]]:
    """Yield each file with its result, or with why it is none: one at a time, for all of them may not fit in memory.

    Raises:
        InputError: as `read_handed_in`.
    """
    for path in paths:
        if path.is_dir():
            for file in _files_of(path):
                yield from _in_file(file)
        else:
            yield from _in_file(path)


def _in_file(path: Path) -> Iterator[tuple[Path, _Found]]:
    if path.suffix.lower() == ".zip" and path.is_file():
        try:
            yield from _in_zip(path)
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
            yield (
                path,
                ResultFileError(f"{path} is not a .zip that can be read ({one_line(error, 100)}); copy it again."),
            )
        return
    try:
        yield path, read_result(path)
    except ResultFileError as error:
        if not path.exists():
            raise
        yield path, error


def _files_of(folder: Path) -> list[Path]:
    """Return the .json and .zip files in a folder and its folders by name, without links and hidden ones."""
    found: list[Path] = []
    seen = 0
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(names)
        if seen > _MOST_FILES:
            raise InputError(f"{folder} holds too many files: expected at most {_MOST_FILES:,}, received more.")
        paths = [Path(here, name) for name in sorted(names) if name.lower().endswith((".json", ".zip"))]
        found += [path for path in paths if not path.is_symlink() and not path.name.startswith(".")]
    if not found:
        raise InputError(f"no result in {folder}: expected .json files of dlbench compare, or a .zip, received none.")
    return found


def _in_zip(path: Path) -> Iterator[tuple[Path, _Found]]:
    if not _list_is_short(path):
        raise InputError(f"{path} holds too many files: expected at most {_MOST_FILES:,}, received a longer list.")
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > _MOST_FILES:
            raise InputError(
                f"{path} holds too many files: expected at most {_MOST_FILES:,}, received {len(entries):,}."
            )
        results = [entry for entry in entries if _is_json(entry)]
        if not results:
            yield path, ResultFileError(f"no result in {path}: expected .json files of dlbench compare, received none.")
        left = _MOST_BYTES
        for entry in results:
            name = f"{path.name}:{one_line(entry.filename, 120)}"
            raw = _unpacked(archive, entry, min(left, MOST_RESULT_BYTES))
            if isinstance(raw, str):
                yield path, ResultFileError(f"{name}: {raw}")
                continue
            left -= len(raw)
            try:
                yield Path(PurePosixPath(entry.filename.replace("\\", "/")).name), parse_result(raw, name)
            except ResultFileError as error:
                yield path, error


def _list_is_short(path: Path) -> bool:
    """Look at the end of a .zip, where the length of its list of files stands, before memory is taken for that list.

    The layout is that of PKWARE's APPNOTE, 4.3.15 and 4.3.16. A list of 64 bits is that of a larger .zip than ours.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - _END_SIZE))
        tail = stream.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return True  # not a .zip: zipfile says so
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    return b"PK\x06\x07" not in tail[max(0, at - 20) : at] and count <= _MOST_FILES and length <= _LONGEST_LIST


def _is_json(entry: zipfile.ZipInfo) -> bool:
    """Say whether an entry may be a result; macOS puts a folder of its own beside the files."""
    name = PurePosixPath(entry.filename.replace("\\", "/"))
    hidden = any(part.startswith(".") and part.strip(".") for part in name.parts) or "__MACOSX" in name.parts
    return not entry.is_dir() and not hidden and name.suffix.lower() == ".json"


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes | str:
    """Return what an entry holds, or why it can't be read; what its header says of its size is not believed."""
    if entry.flag_bits & 1:
        return "it is locked with a password; pack it again without one."
    try:
        with archive.open(entry) as stream:
            raw = stream.read(most + 1)
    except (OSError, ValueError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        return f"it can't be unpacked ({one_line(error, 100)}); copy the .zip again."
    return raw if len(raw) <= most else f"it is too large: expected at most {most:,} bytes unpacked, received more."

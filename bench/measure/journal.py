"""Finished rounds on disk, one line each, so that an interrupted run loses none and can be resumed.

    with Journal.create(path, header) as journal:
        journal.add(job)
    header, lines = read_journal(path)

The first line says what is measured; each further line is one round of one cell. A line that was cut off is dropped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from errno import EEXIST
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TextIO, TypeVar

from pydantic import Field

from dlbench.bench.measure.plan import Job
from dlbench.bench.providers.verdict import Placement
from dlbench.bench.results.records import Count, Many, Name, Positive, Record, Round, Text
from dlbench.errors import ResultFileError, one_line
from dlbench.files import as_workspace_error, read_bounded, read_json, write_atomic

_MAX_BYTES = 128 * 2**20

L = TypeVar("L", bound=Record)
Key = tuple[Name, Name, Count, Count, bool | None, Count, Name, Positive | None]


class JournalHeader(Record):
    """What is measured; a run is resumed only where all of `identity` is the same."""

    journal_schema: Literal["dlbench.journal/1"] = Field(default="dlbench.journal/1", alias="schema")
    command: Text = ""
    identity: dict[Name, Any]
    rates: dict[Text, Many[Positive]] = Field(default={})


class JournalLine(Placement):
    """One finished round of one cell, and where its nodes went."""

    key: Key
    options: dict[Name, Text]
    round: Round


class Journal:
    """An open journal; each `add` is one line, flushed before the next round starts."""

    def __init__(self, path: Path, stream: TextIO) -> None:
        self._path, self._stream = path, stream

    @classmethod
    def create(cls, path: Path, header: JournalHeader) -> Self:
        """Start a journal; it takes its name with its header in it, so that a kill leaves none that can't be resumed.

        Raises:
            WorkspaceError: the place can't be written, or there is a journal.
        """
        with as_workspace_error(path):
            if path.exists():
                raise FileExistsError(EEXIST, "there is a file of this name")
        write_atomic(path, header.model_dump_json(by_alias=True) + "\n")
        return cls.resume(path)

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Open a journal again at the end of its last whole line.

        Raises:
            WorkspaceError: the place can't be written.
        """
        with as_workspace_error(path):
            raw = path.read_bytes()
            stream = path.open("r+", encoding="utf-8")
            stream.truncate(raw.rfind(b"\n") + 1)
            stream.seek(0, 2)
        return cls(path, stream)

    def add(self, job: Job) -> None:
        """Append the job's last round."""
        assert job.placed is not None
        placed = {name: getattr(job.placed, name) for name in Placement.model_fields}
        line = JournalLine(**placed, key=job.key, options=job.effective_options, round=job.rounds[-1])
        self._write(line.model_dump_json())

    def _write(self, line: str) -> None:
        with as_workspace_error(self._path):
            self._stream.write(line + "\n")
            self._stream.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stream.close()


def read_journal(path: Path) -> tuple[JournalHeader, tuple[JournalLine, ...]]:
    """Read a journal; a last line that was cut off is left out.

    Raises:
        ResultFileError: missing, too large, or not a journal of this version.
    """
    raw = read_bounded(path, _MAX_BYTES, ResultFileError, "journal")
    try:
        if b"\n" not in raw:
            raise ValueError("it is empty")
        lines = BytesIO(raw[: raw.rfind(b"\n") + 1])
        return _parsed(JournalHeader, next(lines)), tuple(_parsed(JournalLine, line) for line in lines)
    except ValueError as error:  # pydantic's errors are ValueErrors
        raise ResultFileError(
            f"{path} can't be resumed from: expected rounds that dlbench compare wrote, received something else "
            f"({one_line(error, 120)}); delete it and compare again from the start."
        ) from error


def _parsed(kind: type[L], line: bytes) -> L:
    read_json(line)  # refuses what would fill the memory
    return kind.model_validate_json(line)


def find_journal(folder: Path, identity: Mapping[str, Any]) -> Path | None:
    """Return the newest journal in `folder` of a comparison with this identity; None where there is none.

    A journal that can't be read is skipped: it belongs to another version, or is not a journal.
    """
    for path in sorted(folder.glob("*.rounds.jsonl"), key=lambda p: p.stat().st_mtime, reverse=True):
        try:
            header, _ = read_journal(path)
        except ResultFileError:
            continue
        if header.identity == identity:
            return path
    return None


def take_over(jobs: Sequence[Job], lines: Sequence[JournalLine]) -> int:
    """Give the journal's rounds back to their jobs; return how many there were."""
    by_key = {job.key: job for job in jobs if not job.done}
    taken = 0
    for line in lines:
        job = by_key.get(line.key)
        if job is None:
            continue
        job.placed, job.effective_options = line, dict(line.options)
        job.rounds.append(line.round)
        taken += 1
    return taken


def identity_of(**facts: Any) -> dict[str, Any]:
    """Return facts as they will be read back from JSON, so that they can be compared."""
    return dict(json.loads(json.dumps(facts)))

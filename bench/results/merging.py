"""Several results as one: duplicates merged, each machine with a short name.

    entries = merge([(path, read_result(path)) for path in paths], names={"1a2b3c4d": "the lab's PC"})
    entries[0].label, entries[0].result

A machine is anonymous: it is called by its fingerprint, 8 hex digits of a hash of its hardware's names. Machines of the
same kind share it, so their results are numbered.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from dlbench.bench.results.schema import Result
from dlbench.errors import InputError, close_matches, one_line

_MAX_RESULTS = 500
_MAX_NAME = 60


@dataclass(frozen=True)
class Entry:
    """One result with the name under which its machine is shown."""

    label: str
    result: Result

    @classmethod
    def of(cls, result: Result) -> Entry:
        """Return a result that stands alone, under its machine's fingerprint."""
        return cls(result.machine.fingerprint, result)


def merge(
    read: Sequence[tuple[str | PathLike[str], Result]], names: Mapping[str, str] | None = None
) -> tuple[Entry, ...]:
    """Return one entry for each run, in the given order; a run that was given twice stands once.

    `names` are shown in place of a fingerprint: by fingerprint, or by file name where machines share one.

    Raises:
        InputError: a name for a machine that is not there, or too many results.
    """
    if len(read) > _MAX_RESULTS:
        raise InputError(f"too many results for one report: expected at most {_MAX_RESULTS}, received {len(read)}.")
    known: dict[str, tuple[Path, Result]] = {}
    for path, result in read:
        known.setdefault(_content(result), (Path(path), result))
    chosen = dict(names or {})
    shared = Counter(result.machine.fingerprint for _, result in known.values())
    entries, seen = [], Counter[str]()
    for path, result in known.values():
        fingerprint = result.machine.fingerprint
        seen[fingerprint] += 1
        numbered = f"{fingerprint} #{seen[fingerprint]}" if shared[fingerprint] > 1 else fingerprint
        entries.append(Entry(_name(chosen, path, fingerprint, numbered), result))
    _check_names(chosen, list(known.values()))
    return tuple(entries)


def _content(result: Result) -> str:
    return hashlib.sha256(result.to_json().encode()).hexdigest()


def _name(names: Mapping[str, str], path: Path, fingerprint: str, numbered: str) -> str:
    by_file = names.get(path.stem) or names.get(path.name)
    if by_file:
        return by_file
    by_print = names.get(fingerprint)
    return by_print + numbered.removeprefix(fingerprint) if by_print else numbered


def _check_names(names: Mapping[str, str], read: Sequence[tuple[Path, Result]]) -> None:
    there = {name for path, result in read for name in (result.machine.fingerprint, path.stem, path.name)}
    for key in names:
        if key not in there:
            raise InputError(
                "`names`: expected a fingerprint or a file among the results, received "
                f"{one_line(key, 60)!r}.{close_matches(key, there)}"
            )


def parse_names(given: Sequence[str]) -> dict[str, str]:
    """Read `FINGERPRINT=NAME` options.

    Raises:
        InputError: no `=`, or an empty or long name.
    """
    names = {}
    for text in given:
        key, mark, name = text.partition("=")
        if not (mark and key.strip() and 0 < len(name.strip()) <= _MAX_NAME):
            raise InputError(
                f"`names`: expected FINGERPRINT=NAME or FILE=NAME with a name of 1 to {_MAX_NAME} letters, received "
                f"{one_line(text, 80)!r}."
            )
        names[key.strip()] = name.strip()
    return names

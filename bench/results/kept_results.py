"""The newest results among files and folders; in a folder, what is no result is passed over.

read, left_out = newest_results([Path("dlbench-out/results")], most=30)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from dlbench.bench.results.schema import Result, read_result
from dlbench.errors import ResultFileError

__all__ = ["newest_results"]

_MOST_FILES = 1000  # of a folder, the newest


def newest_results(given: Sequence[Path], most: int) -> tuple[list[tuple[str, Result]], list[str]]:
    """Return the newest results with the names of their files, the oldest first, and a line for each file that is none.

    Args:
        given: files, and folders of them.
        most: so many results are returned at most; a run that is there twice counts once.

    Raises:
        ResultFileError: a file that was named itself can't be read.
    """
    kept: dict[tuple[str, str, str], tuple[str, Result]] = {}
    refused: list[str] = []
    for path, named in _files(given):
        try:
            result = read_result(path)
        except ResultFileError as error:
            if named:
                raise
            refused.append(f"{path.name}: {error}")
            continue
        kept.setdefault((result.created, result.machine.fingerprint, result.label), (path.name, result))
        if len(kept) > most:  # only the newest stay in memory
            del kept[min(kept)]
    return [kept[key] for key in sorted(kept)], refused


def _files(given: Sequence[Path]) -> Iterator[tuple[Path, bool]]:
    """Yield the files, and whether each was named itself; of folders their results, the newest first."""
    for path in given:
        if not path.is_dir():
            yield path, True
            continue
        inside = sorted(path.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
        yield from ((file, False) for file in inside[:_MOST_FILES] if not file.name.startswith("diff-"))

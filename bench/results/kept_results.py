"""The newest results among files, folders and .zip files; what is no result there is passed over and named.

read, left_out = newest_results([Path("dlbench-out/results")], most=30)
(path,) = newest_kept(Path("dlbench-out/results"))     # or one line that says what to do
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dlbench.bench.results.handed_in import each_handed_in
from dlbench.bench.results.schema import DiffFileError, Result, results_by_age
from dlbench.errors import InputError


def newest_kept(folder: Path, many: int = 1) -> list[Path]:
    """Return the newest comparison results of a folder, the newest first, where none was named.

    Raises:
        InputError: there are fewer.
    """
    found = results_by_age(folder)[:many]
    if len(found) == many:
        return found
    if many == 1:
        raise InputError(
            f"no result: expected a result file, received none, and {folder} has none; run dlbench compare."
        )
    raise InputError(
        f"no two results: expected two results or two models, received none, and {folder} has {len(found)} of two; "
        "run dlbench compare again, or name two models, as in dlbench diff dense cnn."
    )


def newest_results(paths: Sequence[Path], most: int) -> tuple[list[tuple[str, Result]], list[str]]:
    """Return the newest results with the names of their files, the oldest first, and a line for each file that is none.

    At most so many results, from paths as `read_handed_in` takes them; a run that is there twice counts once.

    Raises:
        InputError: a path that is missing, or a folder without a .json file or with too many files.
        ResultFileError: a file that was named itself is none.
    """
    kept: dict[tuple[str, str, str], tuple[str, Result]] = {}
    left_out: list[str] = []
    for path, found in each_handed_in(paths):
        if isinstance(found, Result):
            if found.of_diff:
                continue
            kept.setdefault((found.created, found.machine.fingerprint, found.label), (path.name, found))
            if len(kept) > most:  # only the newest stay in memory
                del kept[min(kept)]
        elif path in paths:
            raise found
        elif not isinstance(found, DiffFileError):
            left_out.append(str(found))
    return [kept[key] for key in sorted(kept)], left_out

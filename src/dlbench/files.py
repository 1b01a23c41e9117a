"""Where dlbench writes, and how: whole files or none.

from dlbench.files import Workspace, write_atomic

workspace = Workspace.at(None)              # ./dlbench-out, or $DLBENCH_WORKSPACE
write_atomic(workspace.results / "run.json", b"{}")
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dlbench.errors import InputError, WorkspaceError

_HALF = ".writing-"  # what the hidden folder of an unfinished file is called
_DAY_S = 86_400
_MOST_VALUES = 4_000_000  # of a JSON text: as numbers they take about 0.3 GB
_MOST_CONTAINERS = 500_000  # its objects and arrays: up to 1 KB each while they are checked
_MOST_KEYS = 1000  # of one JSON object, where its reader expects no more


_PERMISSION = "the permission is missing"
_SYSTEM_WORDS = {  # the system's own are English, or in another language than ours
    errno.ENOENT: "no such file or folder",
    errno.ENOTDIR: "a file stands where a folder is expected",
    errno.EEXIST: "a file of that name is there",
    errno.EISDIR: "it is a folder",
    errno.EACCES: _PERMISSION,
    errno.EPERM: _PERMISSION,
    errno.ELOOP: "its links lead in a circle",
    errno.EIO: "the disk reports an error",
}
_SET_CACHE = "set DLBENCH_CACHE to a folder that can be written"


@dataclass(frozen=True)
class Workspace:
    """The one folder that holds all that is written."""

    root: Path

    @classmethod
    def at(cls, root: str | os.PathLike[str] | Workspace | None) -> Workspace:
        """Return the workspace itself, or that at `root`, else at $DLBENCH_WORKSPACE, else at ./dlbench-out."""
        if isinstance(root, Workspace):
            return root
        return cls(Path(root or os.environ.get("DLBENCH_WORKSPACE") or "dlbench-out"))

    @property
    def models(self) -> Path:
        """Trained networks: .onnx, checkpoints, histories."""
        return self.root / "models"

    @property
    def results(self) -> Path:
        """Result files of compare."""
        return self.root / "results"

    @property
    def diffs(self) -> Path:
        """Two models timed in turn."""
        return self.root / "diffs"

    @property
    def reports(self) -> Path:
        """HTML, Markdown and CSV made from results."""
        return self.root / "reports"

    @property
    def pictures(self) -> Path:
        """Pictures and the numbers behind them."""
        return self.root / "pictures"

    def check_writable(self) -> None:
        """Make the folders and try to write there, so that a read-only place shows before the work.

        Raises:
            WorkspaceError: the folder can't be made or written.
        """
        for folder in (self.models, self.results, self.reports):
            with as_workspace_error(folder):
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder) as probe:
                    probe.write(b"dlbench")


def cache_dir() -> Path:
    """Return this user's cache folder for dlbench ($DLBENCH_CACHE overrides); it may not exist yet.

    Raises:
        WorkspaceError: this user has no home.
    """
    override = os.environ.get("DLBENCH_CACHE")
    if override:
        return Path(override)
    from platformdirs import user_cache_path

    folder = user_cache_path("dlbench", appauthor=False)
    if not folder.is_absolute():  # "~" stays where the system knows no home: a container's nameless user
        raise WorkspaceError(f"no cache folder: expected a home folder, received none; {_SET_CACHE}.")
    return folder


def free_stem(folder: Path, kind: str) -> Path:
    """Return a path without suffix, named after the time, that no result, journal or report has yet."""
    name = f"{kind}-{datetime.now():%Y%m%d-%H%M%S}"
    stem, number = folder / name, 2
    while any(folder.glob(f"{stem.name}.*")):
        stem, number = folder / f"{name}-{number}", number + 1
    return stem


def _other_folder(path: Path) -> str:
    """Say what would help where `path` can't be written."""
    with suppress(WorkspaceError):  # there is no cache, so it is not in there
        if path.absolute().is_relative_to(cache_dir().absolute()):
            return _SET_CACHE
    return "choose another folder with `workspace` DIR, or with the option that named this one"


@contextmanager
def as_workspace_error(path: Path) -> Iterator[None]:
    """Turn an OSError inside the block into the one line that a user reads.

    Raises:
        WorkspaceError: the folder can't be written, or the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            what, todo = "the disk is full", "free some space"
        elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            what, todo = "it is read-only for this user", _other_folder(path)
        else:
            what, todo = system_words(error), _other_folder(path)
        raise WorkspaceError(
            f"can't write {path}: expected a writable folder, received: {what}; {todo} and run again."
        ) from error


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a path of the same name in a hidden folder beside `path`; it moves to `path` only when the block ends well.

    A reader sees the old file or the whole new one, never a half. What a killed process leaves lies in that folder, so
    nobody who looks for results or models takes it for one; a day later the next write beside it deletes it.

    Raises:
        WorkspaceError: the folder can't be made or written, or the disk is full.
    """
    path = Path(path)
    with as_workspace_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        folder = Path(tempfile.mkdtemp(dir=path.parent, prefix=_HALF))
    temporary = folder / path.name
    try:
        with as_workspace_error(path):
            yield temporary
            with open(temporary, "rb+") as written:
                os.fsync(written.fileno())
            temporary.replace(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Delete what processes that were killed while they wrote left in `folder` more than a day ago."""
    for left in folder.glob(f"{_HALF}*"):
        with suppress(OSError):  # another process may be quicker
            if left.is_dir() and not left.is_symlink() and time.time() - left.stat().st_mtime > _DAY_S:
                shutil.rmtree(left, ignore_errors=True)


def write_atomic(path: Path, content: bytes | str) -> Path:
    """Write `content` (text as UTF-8) to `path` whole or not at all, and return the path.

    Raises:
        WorkspaceError: the folder can't be made or written, or the disk is full.
    """
    data = content.encode() if isinstance(content, str) else content
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return Path(path)


def plain_name(text: str) -> str:
    """Return `text` as a name that any file system takes: letters, digits, dots, dashes and underscores."""
    return "".join(c if c.isalnum() or c in "._-" else "_" for c in text)[:120].strip("._") or "unnamed"


def read_bounded(path: Path, max_bytes: int, error: type[InputError], what: str) -> bytes:
    """Read a file from somebody else, refusing one that is missing or larger than `max_bytes`.

    Raises:
        InputError: of the class `error`, with one line that names `what` and the path.
    """
    try:
        if not path.is_file():
            raise error(f"no {what} at {path}: expected a file, received {_kind(path)}; check the path.")
        size = path.stat().st_size
        if size > max_bytes:
            raise error(
                f"{what} {path} is too large: expected at most {max_bytes:,} bytes, received {size:,}; "
                "check that it is the right file."
            )
        return path.read_bytes()
    except OSError as problem:
        why = system_words(problem)
        raise error(f"can't read {what} {path}: {why}; check the path and its permissions.") from problem


def system_words(error: OSError) -> str:
    """Return in our words what the system says about a file, or its own."""
    return _SYSTEM_WORDS.get(error.errno or 0) or error.strerror or str(error)


def _kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "something that is not a plain file" if path.exists() else "nothing"


def read_json(raw: bytes | str, most_keys: int = _MOST_KEYS) -> Any:
    """Parse JSON from somebody else; what it holds is counted before memory is taken for it.

    Raises:
        ValueError: not JSON, nested over 200 levels, or of more values, containers or keys than dlbench writes.
    """
    from pydantic_core import from_json

    raw = raw.encode("utf-8", "surrogatepass") if isinstance(raw, str) else raw
    containers = raw.count(b"[") + raw.count(b"{")
    for what, held, most in (
        ("objects and arrays", containers, _MOST_CONTAINERS),
        ("values", containers + raw.count(b","), _MOST_VALUES),
    ):
        if held > most:
            raise ValueError(f"it holds about {held:,} {what}, at most {most:,} are expected")
    document = from_json(raw)
    stack = [document]
    while stack:
        top = stack.pop()
        if isinstance(top, dict):
            if len(top) > most_keys:
                raise ValueError(f"an object has {len(top):,} keys, at most {most_keys:,} are expected")
            top = list(top.values())
        if isinstance(top, list):
            stack += [value for value in top if type(value) in (dict, list)]
    return document

"""One file from the internet, whole and with the right hash, or not at all.

    fetch(url, Path("weights.pth"), "sha256", "b03531...", max_bytes=20_000_000)
    fetch_first(mirrors, Path("train.gz"), "md5", "f68b3c...", max_bytes=20_000_000)

What arrives is kept beside the file, as `.NAME.HASH.part`. A download that was cut off goes on from there, also in the
next run (RFC 9110, section 14: range requests); the hash is that of the whole file, however many pieces it came in. The
part is locked: of two processes that download the same file at once, the second takes a temporary part of its own.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dlbench.errors import DataError, one_line
from dlbench.files import as_workspace_error
from dlbench.train.progress import OnProgress, Ticker

_TIMEOUT_S = 20.0  # without a byte
_CHUNK_BYTES = 1 << 18
_MOST_REQUESTS = 20  # for one file at one address, each of which brought more of it
_LEAST_DIGITS = 8  # of a hash, where only its start is known
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True)
class _Wanted:
    """What the file must be."""

    name: str
    algorithm: str
    digest: str  # hexadecimal, the whole hash or its start
    max_bytes: int


class _CutOffError(Exception):
    """The connection broke; what came until then is in the part."""


def file_digest(path: Path, algorithm: str) -> str:
    """Return the file's hash as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def fetch(url: str, path: Path, algorithm: str, digest: str, max_bytes: int, on_progress: OnProgress = None) -> Path:
    """Download `url` to `path`; see `fetch_first`."""
    return fetch_first((url,), path, algorithm, digest, max_bytes, on_progress)


def fetch_first(
    urls: Sequence[str], path: Path, algorithm: str, digest: str, max_bytes: int, on_progress: OnProgress = None
) -> Path:
    """Download `path` from the first address that gives it; it appears only when its hash begins with `digest`.

    The digest is the first eight or more hexadecimal digits; an answer of more than `max_bytes` is refused.

    Raises:
        DataError: no answer, one that is too large or cut off again and again, or a wrong hash, from every address.
        WorkspaceError: `path` can't be written.
    """
    wanted = _Wanted(path.name, algorithm, digest.lower(), max_bytes)
    if len(digest) < _LEAST_DIGITS:
        raise DataError(
            f"can't check {path.name}: expected {_LEAST_DIGITS} or more digits of a hash, received {digest!r}."
        )
    problems: list[DataError] = []
    with _own_part(path, wanted) as part:
        for url in urls:
            try:
                _download(url, part, wanted, on_progress)
            except DataError as error:
                problems.append(error)
                continue
            with as_workspace_error(path):
                part.replace(path)
            return path
    message = " ".join(str(problem) for problem in problems) or f"no address is known for {path.name}."
    raise DataError(message) from (problems[-1] if problems else None)


def _download(url: str, part: Path, wanted: _Wanted, on_progress: OnProgress) -> None:
    """Fill `part`, continuing after an interruption as long as each request brings more."""
    if not url.startswith(("http://", "https://")):
        raise DataError(f"can't download {url}: expected an address that starts with http:// or https://.")
    for _ in range(_MOST_REQUESTS):
        before = _size(part)
        try:
            _receive(url, part, before, wanted, on_progress)
        except _CutOffError as error:
            if _size(part) > before:
                continue
            raise DataError(
                f"the download of {url} broke: {error}; run again to continue from there, where the server allows it."
            ) from error
        received = file_digest(part, wanted.algorithm)
        if received.startswith(wanted.digest):
            return
        _remove(part)
        if not before:  # a kept part with a wrong hash is downloaded anew once; a whole file with one is refused
            raise DataError(
                f"the download of {url} is not the expected file: expected {wanted.algorithm} {wanted.digest}, "
                f"received {received}; nothing was kept, try again later."
            )
    raise DataError(f"the download of {url} was cut off {_MOST_REQUESTS} times; run again to continue from there.")


def _receive(url: str, part: Path, start: int, wanted: _Wanted, on_progress: OnProgress) -> None:
    """Make one request and append what comes to `part`, or start again where the server can't continue."""
    try:
        answer = _open(url, start)
    except urllib.error.HTTPError as error:
        if error.code == _RANGE_NOT_SATISFIABLE and start:
            return  # there is no more: the hash says whether the part is the whole file
        raise DataError(f"can't download {url}: received {one_line(error)}; try again later.") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DataError(f"can't download {url}: received {one_line(error)}; check the internet connection.") from error
    with closing(answer):
        position = _position(answer, start)
        if position is not None:
            _append(answer, part, position, wanted, on_progress)
            return
    _remove(part)
    if not start:
        raise DataError(f"can't download {url}: expected the whole file, received another part of it; try again later.")
    _receive(url, part, 0, wanted, on_progress)


def _open(url: str, start: int) -> Any:
    headers = {"Range": f"bytes={start}-"} if start else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - checked by the caller
    return urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310


def _position(answer: Any, start: int) -> int | None:
    """Return the place in the file where the answer begins: `start`, 0, or None where it fits neither."""
    if answer.status != http.client.PARTIAL_CONTENT:
        return 0  # the server does not know ranges, and sends the whole
    match = _RANGE.fullmatch((answer.headers.get("Content-Range") or "").strip())
    return start if match and int(match[1]) == start else None


def _total(answer: Any, position: int) -> int | None:
    """Return the size of the whole file, as far as the server says it."""
    length = answer.headers.get("Content-Length") or ""
    return position + int(length) if length.isascii() and length.isdigit() else None


def _append(answer: Any, part: Path, position: int, wanted: _Wanted, on_progress: OnProgress) -> None:
    total = _total(answer, position)
    phase = f"downloading {wanted.name}"
    if position:
        phase += f", going on at {position / 1e6:,.1f} MB"
    ticker = Ticker(phase, (total or wanted.max_bytes) - position, on_progress, images_per_step=0)
    with as_workspace_error(part), open(part, "ab") as file:
        file.truncate(position)
        # where the server says that the file is too large, not a byte is read
        for chunk in _chunks(answer) if (total or 0) <= wanted.max_bytes else ():
            position += len(chunk)
            if position > wanted.max_bytes:
                break
            file.write(chunk)
            ticker.tick(len(chunk))
        file.flush()
        os.fsync(file.fileno())
    received = max(position, total or 0)
    if received > wanted.max_bytes:
        _remove(part)
        raise DataError(
            f"the download of {wanted.name} is too large: expected at most {wanted.max_bytes:,} bytes, received "
            f"{received:,} or more; nothing was kept."
        )
    if total is not None and position < total:
        raise _CutOffError(f"expected {total:,} bytes, received {position:,}")


def _chunks(answer: Any) -> Iterator[bytes]:
    while True:
        try:
            chunk = answer.read(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _CutOffError(f"received {one_line(error)}") from error
        if not chunk:
            return
        yield chunk


@contextmanager
def _own_part(path: Path, wanted: _Wanted) -> Iterator[Path]:
    """Yield the part that no other process writes: the kept one, or a temporary one where another has it."""
    kept = path.with_name(f".{path.name}.{wanted.digest[:_LEAST_DIGITS]}.part")
    with as_workspace_error(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = open(kept.with_suffix(".lock"), "ab")  # noqa: SIM115 - closed below, which unlocks it
    with closing(lock):
        if _locked(lock):
            yield kept
            return
        with as_workspace_error(path):
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}-", suffix=".part")
            os.close(handle)
        try:
            yield Path(name)
        finally:
            _remove(Path(name))


def _locked(lock: IO[bytes]) -> bool:
    """Lock the file as long as it is open; False where another process has it, or the file system can't."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)

"""One file from the internet, whole and with the right hash, or not at all.

fetch(url, Path("weights.pth"), "sha256", "b03531...", max_bytes=20_000_000)
"""

from __future__ import annotations

import hashlib
import http.client
import urllib.request
from pathlib import Path

from dlbench.errors import DataError, one_line
from dlbench.files import atomic_path
from dlbench.train.progress import OnProgress, Ticker

__all__ = ["fetch", "file_digest"]

_TIMEOUT_S = 20
_CHUNK_BYTES = 1 << 18


def file_digest(path: Path, algorithm: str) -> str:
    """Return the file's hash as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def fetch(url: str, path: Path, algorithm: str, digest: str, max_bytes: int, on_progress: OnProgress = None) -> Path:
    """Download `url` to `path`; the file appears only when its hash is `digest`.

    Raises:
        DataError: no answer, an answer that is too large, or a wrong hash.
        WorkspaceError: `path` can't be written.
    """
    if not url.startswith(("http://", "https://")):
        raise DataError(f"can't download {url}: expected an address that starts with http:// or https://.")
    with atomic_path(path) as temporary:
        _receive(url, temporary, max_bytes, on_progress)
        received = file_digest(temporary, algorithm)
        if received != digest:
            raise DataError(
                f"the download of {url} is not the expected file: expected {algorithm} {digest}, received {received}; "
                "nothing was kept, try again later."
            )
    return path


def _receive(url: str, path: Path, max_bytes: int, on_progress: OnProgress) -> None:
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer, open(path, "wb") as file:  # noqa: S310
            total = int(answer.headers.get("Content-Length") or max_bytes)
            ticker = Ticker(f"downloading {path.name}", total, on_progress)
            size = 0
            while chunk := answer.read(_CHUNK_BYTES):
                size += len(chunk)
                if size > max_bytes:
                    raise DataError(f"the download of {url} is too large: expected at most {max_bytes:,} bytes.")
                file.write(chunk)
                ticker.tick(len(chunk))
    except (http.client.HTTPException, ValueError) as error:
        raise DataError(f"the download of {url} broke: received {one_line(error)}; try again later.") from error
    except OSError as error:
        if error.errno is not None and not hasattr(error, "reason") and error.filename is not None:
            raise  # writing failed, which atomic_path tells
        raise DataError(f"can't download {url}: received {one_line(error)}; check the internet connection.") from error

r"""The members of a .tar.gz from somebody else, bounded and by name: nothing is unpacked that was not asked for.

    for name, content in members(Path("images.tar.gz"), re.compile(r"images/(\w+\.jpg)"), max_bytes=1 << 30):
        ...

A member is read into memory and handed over under the first group of its name; no path of the archive ever reaches the
file system. That is narrower than tarfile's own filter="data" (PEP 706), which Python 3.11.0 lacks.
"""

from __future__ import annotations

import gzip
import re
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dlbench.errors import DataError, one_line

_MAX_MEMBERS = 50_000


class _Bounded:
    """A stream that refuses to give more than `max_bytes`: a small .gz may unpack to terabytes."""

    def __init__(self, stream: gzip.GzipFile, max_bytes: int, path: Path) -> None:
        self._stream, self._left, self._max, self._path = stream, max_bytes, max_bytes, path

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes."""
        chunk = self._stream.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(chunk)
        if self._left < 0:
            raise DataError(
                f"{self._path} unpacks to too much: expected at most {self._max:,} bytes, received more; check that it "
                "is the right file."
            )
        return chunk


def members(path: Path, wanted: re.Pattern[str], max_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Yield the first group of the name, and the content, of each plain file whose whole name `wanted` matches.

    A leading ./ is taken off the names; `max_bytes` bounds the unpacked archive.

    Raises:
        DataError: it is damaged, cut off, or larger than that.
    """
    try:
        with gzip.open(path, "rb") as stream, _opened(_Bounded(stream, max_bytes, path)) as archive:
            for number, member in enumerate(archive):
                if number >= _MAX_MEMBERS:
                    raise DataError(f"{path} has too many members: expected at most {_MAX_MEMBERS:,}, received more.")
                match = wanted.fullmatch(member.name.removeprefix("./"))
                file = archive.extractfile(member) if match and member.isreg() else None
                if match and file is not None:
                    yield match[1], file.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, IndexError) as error:
        raise DataError(f"can't read {path}: received {one_line(error)}; copy or download it again.") from error


def _opened(stream: Any) -> tarfile.TarFile:
    return tarfile.open(fileobj=stream, mode="r|")

"""A small server on this machine that serves bytes well, in ranges, or badly."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class QuietServer(http.server.ThreadingHTTPServer):
    """A server that does not write to the terminal that a client hung up."""

    def handle_error(self, *_: object) -> None:
        """Nothing."""


@dataclass
class Served:
    """What the server gives, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    address: str = ""
    ranges: bool = True  # answers Range requests with the part that was asked for
    cut_after: int | None = None  # closes the connection after so many bytes of each answer
    told_length: int | None = None  # a Content-Length that is not true
    wrong_range: bool = False  # answers with another part than the one that was asked for
    asked: list[tuple[str, str]] = field(default_factory=list)  # path and Range header of each request


class _Handler(http.server.BaseHTTPRequestHandler):
    served: Served

    def do_GET(self) -> None:
        served, wanted = self.served, self.headers.get("Range", "")
        served.asked.append((self.path, wanted))
        content = served.files.get(self.path.lstrip("/"))
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and served.ranges else 0
        if start >= len(content) and start:
            self.send_error(416)
            return
        body = content[start:]
        self.send_response(206 if start else 200)
        if start:
            begin = start + 1 if served.wrong_range else start
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(served.told_length or len(body)))
        self.end_headers()
        self.wfile.write(body if served.cut_after is None else body[: served.cut_after])

    def log_message(self, *_: object) -> None:
        """Nothing: the terminal belongs to the tests."""


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Served]:
    """Serve `files` at an address of this machine until the block ends."""
    served = Served(dict(files))
    handler = type("Handler", (_Handler,), {"served": served})
    with QuietServer(("127.0.0.1", 0), handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served
        server.shutdown()

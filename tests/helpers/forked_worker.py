"""Measuring processes that need not import numpy and ONNX Runtime each: forked from one that has done so.

Each round still has a fresh process of its own, only a quarter of a second earlier. Linux only.

with forked_workers(place) as command:      # place: a folder; command: in place of `launch.WORKER`
    ...

python forked_worker.py SOCKET              # the process that has imported everything
python -S -E forked_worker.py SOCKET ask    # what a round starts: standard input and output are the forked process's
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ITSELF = Path(__file__).resolve()


@contextmanager
def forked_workers(place: Path) -> Iterator[list[str]]:
    """Start the process that is forked from, and yield the command of a measuring process."""
    import subprocess
    import tempfile

    from dlbench.processes import child_environment

    with tempfile.TemporaryDirectory(prefix="fork-") as folder:  # a socket's name may have 107 letters
        address = str(Path(folder) / "socket")
        environment = child_environment({"ORT_LOGGING_LEVEL": "2"})
        log = (place / "forked_worker.txt").open("wb")
        server = subprocess.Popen(
            [sys.executable, str(_ITSELF), address], stdin=subprocess.DEVNULL, stderr=log, env=environment
        )
        try:
            yield [sys.executable, "-S", "-E", str(_ITSELF), address, "ask"]
        finally:
            server.kill()
            server.wait()
            log.close()


def ask(address: str) -> int:
    """Hand over standard input, output and error, wait for the end of the process that works, and end as it did."""
    import time

    with socket.socket(socket.AF_UNIX) as connection:
        for _ in range(6000):  # the server is still importing
            try:
                connection.connect(address)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.01)
        told = json.dumps([dict(os.environ), str(Path.cwd()), sorted(os.sched_getaffinity(0))]).encode()
        socket.send_fds(connection, [len(told).to_bytes(4, "big")], [0, 1, 2])
        connection.sendall(told)
        code = connection.recv(1)
    return code[0] if code else 1


def serve(address: str) -> None:
    """Import what every round needs, then fork a process for each that asks."""
    import signal

    import short_rounds

    from dlbench.bench.worker import __main__ as worker
    from dlbench.runtime import onnx_runtime

    onnx_runtime()
    short_rounds.shorten()
    worker._end_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(8)
        while True:
            connection, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _work(connection)
            connection.close()


def _work(connection: socket.socket) -> None:
    """Be the measuring process; end at once where the one that asked is killed."""
    import fcntl
    import signal

    from dlbench.bench.worker import __main__ as worker

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, streams, _, _ = socket.recv_fds(connection, 4, 3)
    told = b""
    while len(told) < int.from_bytes(length, "big"):
        told += connection.recv(1 << 16)
    environment, folder, cores = json.loads(told)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    os.sched_setaffinity(0, cores)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # until this process ends
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)  # SIGIO at its end
    code = worker.main()
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    sys.stderr.flush()
    connection.send(bytes([code]))
    os._exit(code)


if __name__ == "__main__":
    if sys.argv[2:]:
        sys.exit(ask(sys.argv[1]))
    serve(sys.argv[1])

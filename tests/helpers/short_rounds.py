"""Real rounds, only shorter, for tests that ask what becomes of rounds and not how long they take.

python short_rounds.py < request.json           # the measuring process
python short_rounds.py compare cnn.onnx ...     # the command, whose measuring processes are as short
"""

from __future__ import annotations

import sys

COMMAND = [sys.executable, __file__]


def shorten() -> None:
    """Time for 20 ms in place of 300, and warm up for 50 ms at most."""
    from dlbench.bench.worker import loads, sampling

    short = {"_SAMPLE_S": 0.02, "_WARM_UP_S": 0.05, "_BLOCK_S": 0.005, "_PROBE_RUNS": 50, "_PROBE_BUSY_S": 0.005}
    for name, value in (short | {"_STREAM_BYTES": (1 << 20, 1 << 20)}).items():
        assert hasattr(sampling, name), name
        setattr(sampling, name, value)
    for name, value in {"BUSY_S": 0.03, "_SERVER_S": 0.7, "_SERVER_REQUESTS": 140}.items():
        assert hasattr(loads, name), name
        setattr(loads, name, value)


def main() -> int:
    """Be the measuring process, or the command."""
    if len(sys.argv) == 1:
        from dlbench.bench.worker import __main__ as worker

        shorten()
        return worker.main()
    from dlbench.bench.machine.gaps import Patience
    from dlbench.bench.measure import launch, rounds
    from dlbench.cli import main as command

    launch.WORKER = COMMAND
    rounds.Patience = lambda budget_s: Patience(0.0)  # type: ignore[misc, assignment]
    return command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())

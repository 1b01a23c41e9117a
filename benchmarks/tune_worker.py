"""The measuring process of `tune.py`: sessions that are alike, and wait according to their setting.

    python benchmarks/tune_worker.py PLANTED < request.json

It imports no more than the measuring process itself, so that a round takes as long.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

_DEFAULT, _PLANTED = 0.25, 0.05  # of a run's own time
_SAMPLE_S = 0.1  # of a round, in place of 0.3: a thousand runs of cnn, so that twenty trials take minutes


def waiting_worker(planted: str) -> int:
    """Be the measuring process, with sessions that are alike (one thread) and wait as their setting says."""
    from dataclasses import replace
    from functools import partial

    from dlbench.bench.worker import __main__ as worker
    from dlbench.bench.worker import sampling

    sampling._SAMPLE_S = _SAMPLE_S
    open_session, make_runner, take_round, real = worker.open_session, worker.make_runner, worker._round, []

    def open_noted(ort: Any, model: str, request: Mapping[str, Any], *given: Any) -> Any:
        session = open_session(ort, model, request, *given)
        real.extend([session] if model == request.get("model") else [])
        return session

    def waiting(share: float, ort: Any, session: Any, arrays: Any, request: Mapping[str, Any]) -> Any:
        runner = make_runner(ort, session, arrays, request)
        if not any(session is each for each in real):  # the probe
            return runner
        run, clock = runner.run, time.perf_counter_ns

        def run_and_wait() -> None:
            began = clock()
            run()
            until = began + int((clock() - began) * (1 + share))
            while clock() < until:
                pass

        return replace(runner, run=run_and_wait)

    def alike(ort: Any, request: Mapping[str, Any]) -> dict[str, Any]:
        share = share_of(key_of(request["threads"], request["session_config"]), planted)
        vars(worker).update(open_session=open_noted, make_runner=partial(waiting, share))
        return take_round(ort, {**request, "threads": 1, "session_config": {}})

    worker._WORK["round"] = alike
    return worker.main()


def key_of(threads: int, config: Mapping[str, str]) -> str:
    return json.dumps([threads, dict(config)], sort_keys=True)


def share_of(key: str, planted: str) -> float:
    """Return how long a setting waits, as a share of a run."""
    if key == planted:
        return _PLANTED
    if not planted or key == key_of(0, {}):
        return _DEFAULT
    digest = hashlib.sha256(f"{planted}{key}".encode()).digest()
    return _DEFAULT + 0.35 * digest[0] / 255


if __name__ == "__main__":
    code = waiting_worker(sys.argv[1])
    sys.stderr.flush()
    os._exit(code)

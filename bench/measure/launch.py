"""Start a measuring process, and turn its end, whatever it is, into a reply.

    reply = ask({"do": "round", **request}, timeout_s=120)
    reply.value            # the worker's dictionary, or None
    reply.problem          # None, or a Problem(verdict, reason)

A worker that aborts, is killed or hangs spoils its own cell and no other.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from dlbench.bench.machine.machine_facts import gpu_facts
from dlbench.bench.providers.options import session_config
from dlbench.bench.providers.registry import Provider, explain_unavailable
from dlbench.errors import RuntimeBrokenError, one_line
from dlbench.processes import child_command, child_environment
from dlbench.runtime import IMPORTING, broken_runtime, out_of_memory

WORKER = child_command("dlbench.bench.worker")
_TRY_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Problem:
    """Why there are no samples: the cell's verdict and one line of reason."""

    verdict: Literal["failed", "out_of_memory"]
    reason: str


@dataclass(frozen=True)
class Reply:
    """What a worker answered, and what the runtime wrote on standard error meanwhile."""

    value: dict[str, Any] | None
    problem: Problem | None
    stderr: str


def ask(request: dict[str, Any], timeout_s: float) -> Reply:
    """Run one worker to its end and return its reply; a failure in the worker is a reply, not an error.

    What the worker says of the model names the file, not its folder: results promise no path.

    Raises:
        RuntimeBrokenError: ONNX Runtime can't be imported, and a model was to be opened with it.
    """
    reply = _ask(request, timeout_s)
    if reply.problem is None or "model" not in request:
        return reply
    folder, reason = Path(request["model"]).parent, reply.problem.reason
    for text in (str(folder.absolute()), str(folder)):
        reason = reason.replace(text + os.sep, "")
    return replace(reply, problem=replace(reply.problem, reason=reason))


def _ask(request: dict[str, Any], timeout_s: float) -> Reply:
    try:
        done = subprocess.run(
            WORKER,
            input=json.dumps(request),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout_s,
            env=child_environment({"ORT_LOGGING_LEVEL": "2"}),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Reply(None, Problem("failed", f"the measuring process did not end within {timeout_s:.0f} s"), "")
    last = done.stdout.rstrip().rpartition("\n")[2]
    if done.returncode != 0:
        problem = _died(done.returncode, done.stderr)
        if last == IMPORTING and problem.verdict == "failed":
            problem = _broken(request, broken_runtime(problem.reason))
        return Reply(None, problem, done.stderr)
    try:
        value = json.loads(last)
    except ValueError:
        return Reply(None, Problem("failed", "the measuring process gave no answer that can be read"), done.stderr)
    if value.get("error_type") == RuntimeBrokenError.__name__:
        return Reply(None, _broken(request, RuntimeBrokenError(value["error"])), done.stderr)
    if "error" in value:
        text = f"{value['error_type']}: {value['error']}"
        verdict: Literal["failed", "out_of_memory"] = "out_of_memory" if out_of_memory(text) else "failed"
        return Reply(None, Problem(verdict, runtime_words(value["error"]) or value["error_type"]), done.stderr)
    return Reply(value, None, done.stderr)


def _broken(request: Mapping[str, Any], error: RuntimeBrokenError) -> Problem:
    """Stop while a model is being opened, since the model is not at fault; keep what is already measured."""
    if request["do"] == "inspect":
        raise error
    return Problem("failed", str(error))


def _died(code: int, stderr: str) -> Problem:
    if out_of_memory(stderr):
        return Problem("out_of_memory", "the measuring process ran out of memory")
    if code == -getattr(signal, "SIGKILL", 9):
        return Problem("out_of_memory", "the measuring process was killed (most often: the machine is out of memory)")
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return Problem("failed", f"the measuring process was ended by {name}; {one_line(stderr, 120)}")
    return Problem("failed", f"the measuring process ended with code {code}; {one_line(stderr[-300:], 200)}")


def runtime_words(text: str) -> str:
    """Return ONNX Runtime's message without its source paths and codes, as one line."""
    text = re.sub(r"\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : ", "", text)
    text = re.sub(r"(?:/onnxruntime_src/|[A-Za-z]:\\)\S*:\d+ (?:\S+ )*?(?=[A-Z])", "", text)
    return one_line(text, 220)


def provider_problem(
    wanted: Provider, probe: Path, threads: int, options: Mapping[str, str] | None = None
) -> str | None:
    """Try `wanted` with these options in a process of its own.

    Returns:
        None where it ran the probe, else one line: why not, and how to fix it.
    """
    request = {
        "do": "usable",
        "provider": wanted.ort_name,
        "place": wanted.place,
        "provider_options": {} if wanted.name == "cpu" else dict(options or {}),
        "session_config": session_config(options or {}) if wanted.name == "cpu" else {},
        "probe_model": str(probe),
        "threads": threads,
        "copies_included": True,
    }
    reply = ask(request, _TRY_TIMEOUT_S)
    if reply.value is not None and reply.value["nodes"].get(wanted.ort_name):
        return None
    output = reply.stderr + (reply.problem.reason if reply.problem else "")
    has_driver = gpu_facts()[1] is not None if wanted.name in ("cuda", "tensorrt") else None
    return explain_unavailable(wanted, output, has_driver)

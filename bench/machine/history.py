"""What this machine showed in earlier runs: its probes, its noise floor, its ceilings. Kept in the user's cache.

    history = MachineHistory.load(machine.fingerprint, "1.31.1")
    history.best_probe_s("cpu", 2), history.noise("cpu", 2), history.peaks("cpu", 2)
    history.add_probes("cpu", 2, probes_s)
    history.save()

What is kept for one provider, number of threads and version of ONNX Runtime is no word on another one.

A file that can't be read is started anew: nothing that was measured depends on it alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import Field

from dlbench.bench.results.evidence import middle
from dlbench.bench.results.records import Count, Name, NonNegative, Positive, Record
from dlbench.bench.results.statistics import best_decile
from dlbench.errors import InputError, WorkspaceError, one_line
from dlbench.files import cache_dir, read_bounded, read_json, write_atomic

NOT_KEPT = "this machine's history could not be kept"
_MAX_BYTES = 4 * 2**20
_MAX_RUNS = 20  # of one key
_MIN_PROBES = 10  # fewer say too little about a run
_KEEP = timedelta(days=30)  # a machine may change: firmware, power plan, another host


class ProbeRun(Record):
    """How fast the probe ran in one run."""

    created: Name
    best_s: Positive = Field(description="best decile")
    probes: Count
    stream_bytes_per_s: Positive | None = Field(default=None, description="best decile of one thread's stream")


class NoiseFloor(Record):
    """The difference that the A/A test of `doctor --noise` can't exclude between a model and itself."""

    created: Name
    floor: NonNegative = Field(description="largest deviation of the ratio from 1, a share")
    pairs: Count
    model: Name


class Peaks(Record):
    """Measured ceilings for one provider and number of threads."""

    created: Name
    flops_per_s: Positive
    bytes_per_s: Positive
    launch_s: NonNegative


class _Kept(Record):
    kept_schema: Literal["dlbench.machine/1"] = Field(default="dlbench.machine/1", alias="schema")
    probes: dict[Name, tuple[ProbeRun, ...]] = Field(default={})
    noise: dict[Name, NoiseFloor] = Field(default={})
    peaks: dict[Name, Peaks] = Field(default={})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class MachineHistory:
    """The kept history of one machine with one version of ONNX Runtime; changes are in memory until `save`."""

    def __init__(self, path: Path | None, kept: _Kept, runtime: str = "", note: str = "") -> None:
        self._path, self._kept, self._runtime = path, kept, runtime
        self.note = note

    @classmethod
    def load(cls, fingerprint: str, runtime: str) -> MachineHistory:
        """Read what is kept for the machine with this fingerprint; `note` says if that failed."""
        try:
            path = cache_dir() / "machine" / f"{fingerprint}.json"
        except WorkspaceError as error:
            return cls(None, _Kept(), runtime, f"this machine's history is not kept: {error}")
        if not os.path.exists(path):  # noqa: PTH110  # Path.exists raises where the home folder is somebody else's
            return cls(path, _Kept(), runtime)
        try:
            raw = read_bounded(path, _MAX_BYTES, InputError, "machine history")
            read_json(raw)
            return cls(path, _Kept.model_validate_json(raw), runtime)
        except (InputError, ValueError) as error:  # pydantic's errors are ValueErrors
            note = f"the history of this machine can't be read and is started anew: {path}: {one_line(error, 200)}"
            return cls(path, _Kept(), runtime, note)

    @classmethod
    def empty(cls) -> MachineHistory:
        """Return an empty history that keeps nothing."""
        return cls(None, _Kept())

    def _key(self, provider: str, threads: int) -> str:
        return f"{provider}|{threads}|{self._runtime}"

    def best_probe_s(self, provider: str, threads: int) -> tuple[float | None, int]:
        """Return the probe's usual best decile in seconds, and how many runs of the last 30 days it comes from.

        The median over runs, so that one run on a luckier day does not turn all later ones into disturbed ones.
        """
        best = self.probe_levels(provider, threads)
        return (median(best), len(best)) if best else (None, 0)

    def probe_levels(self, provider: str, threads: int) -> tuple[float, ...]:
        """Return the probe's best decile of each run of the last 30 days, in seconds, oldest first."""
        return tuple(run.best_s for run in self._recent(provider, threads))

    def best_stream(self, provider: str, threads: int) -> float | None:
        """Return the usual best stream from memory in bytes a second: the median over runs."""
        return middle(run.stream_bytes_per_s for run in self._recent(provider, threads))

    def _recent(self, provider: str, threads: int) -> list[ProbeRun]:
        oldest = (datetime.now(UTC) - _KEEP).isoformat(timespec="seconds")
        return [run for run in self._kept.probes.get(self._key(provider, threads), ()) if run.created >= oldest]

    def noise(self, provider: str, threads: int) -> NoiseFloor | None:
        """Return the A/A floor of `doctor --noise`, or None where it was never measured."""
        return self._kept.noise.get(self._key(provider, threads))

    def peaks(self, provider: str, threads: int) -> Peaks | None:
        """Return the measured ceilings, or None where they were never measured."""
        return self._kept.peaks.get(self._key(provider, threads))

    def add_probes(self, provider: str, threads: int, probes_s: Sequence[float], streams: Sequence[float] = ()) -> None:
        """Keep how fast the probe ran in one run; a run of a few probes is not kept."""
        best = best_decile(probes_s)
        if best is not None and len(probes_s) >= _MIN_PROBES:
            slowest_of_the_best = best_decile([1 / s for s in streams])
            stream = 1 / slowest_of_the_best if slowest_of_the_best else None
            run = ProbeRun(created=_now(), best_s=best, probes=len(probes_s), stream_bytes_per_s=stream)
            key = self._key(provider, threads)
            self._kept.probes[key] = (*self._kept.probes.get(key, ()), run)[-_MAX_RUNS:]

    def set_noise(self, provider: str, threads: int, floor: float, pairs: int, model: str) -> None:
        """Keep the A/A floor."""
        noise = NoiseFloor(created=_now(), floor=floor, pairs=pairs, model=model)
        self._kept.noise[self._key(provider, threads)] = noise

    def set_peaks(self, provider: str, threads: int, **measured: float) -> Peaks:
        """Keep the ceilings, and return them as kept."""
        peaks = Peaks(created=_now(), **measured)
        self._kept.peaks[self._key(provider, threads)] = peaks
        return peaks

    def save(self) -> str:
        """Write it; return a warning if that is not possible."""
        if self._path is None:
            return ""
        try:
            write_atomic(self._path, json.dumps(self._kept.model_dump(mode="json", by_alias=True)))
        except WorkspaceError as error:
            return f"this machine's history could not be kept: {error}"  # starts with NOT_KEPT
        return ""

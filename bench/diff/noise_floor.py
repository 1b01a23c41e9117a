"""The noise floor of a machine: a model timed in turn with its own copy (A/A).

report = measure_noise(CompareSettings())
report.floor, report.calm_share, report.spread
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.live import in_turn, pair_ratio
from dlbench.bench.machine.history import MachineHistory
from dlbench.bench.machine.probe_models import chain_model
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.measurement import Measured, measure
from dlbench.bench.measure.rounds import OnEvent, settle_after
from dlbench.bench.results.sketch import Sketch
from dlbench.errors import CheckFailedError
from dlbench.processes import temporary_folder

NOISE_MODEL = "a chain of 8 matrix products"
_PAIRS = 24


@dataclass(frozen=True)
class NoiseReport:
    """What an A/A test showed."""

    provider: str
    threads: int
    floor: float  # the largest deviation from 1 that the interval of A/A holds, a share
    ratio: float
    pairs: int
    calm_share: float
    spread: float  # standard deviation of the log medians of calm rounds
    worst: float  # slowest round over the fastest
    warnings: tuple[str, ...]


def kept_settings(measured: Measured, provider: str, threads: int) -> DiffSettings:
    """Return how cells are judged on the machine that was measured: with its A/A floor where one is kept."""
    kept = MachineHistory.load(measured.machine.fingerprint, measured.software.onnxruntime)
    noise = kept.noise(provider, threads)
    return DiffSettings(floor=noise.floor, floor_source="dlbench doctor --noise") if noise else DiffSettings()


def measure_noise(settings: CompareSettings, on_event: OnEvent | None = None) -> NoiseReport:
    """Time a small model and its copy in turn, and keep the floor for this machine and the first provider asked for.

    Raises:
        CheckFailedError: the provider can't run here, or too few rounds fit into the budget.
    """
    with temporary_folder() as folder:
        model = chain_model(folder / "noise.onnx")
        copy = Path(shutil.copy(model, folder / "copy.onnx"))
        measured = measure(
            (model, copy),
            settings,
            settle=settle_after(8, _PAIRS),
            names=("A noise", "B noise"),
            on_event=on_event,
            history=True,
            arrange=in_turn,
        )
    a, b = measured.jobs[:2]
    interval = pair_ratio(a.rounds, b.rounds)
    if interval is None:
        why = a.reason if a.verdict != "ran" else f"only {len(a.rounds)} pairs of rounds in the budget"
        raise CheckFailedError(f"the A/A test gave no floor: {why}.")
    floor = max(abs(interval.low - 1), abs(interval.high - 1))
    kept = MachineHistory.load(measured.machine.fingerprint, measured.software.onnxruntime)
    kept.set_noise(a.provider.name, a.threads, floor, interval.rounds, NOISE_MODEL)
    kept.save()
    rounds = [r for job in (a, b) for r in job.rounds]
    medians = np.array([Sketch(r.values_ns, r.counts).median_s() for r in rounds])
    calm = np.array([r.undisturbed for r in rounds])
    return NoiseReport(
        provider=a.provider.name,
        threads=a.threads,
        floor=floor,
        ratio=interval.ratio,
        pairs=interval.rounds,
        calm_share=float(calm.mean()),
        spread=float(np.log(medians[calm]).std()) if calm.any() else float("nan"),
        worst=float(medians.max() / medians.min()),
        warnings=measured.warnings,
    )

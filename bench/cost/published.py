"""Published ResNet-50 (ImageNet) training runs: how long they took and what they cost, with a source for each row.

    runs = published_runs()
    runs[0].time_s, runs[0].cost_usd, runs[0].source

DAWNBench, MLPerf Training v0.5 to v0.7, and the comparison of 8 V100 with a TPU v2 Pod of December 2018. A figure
that was not found is None, and stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from dlbench.bench.cost.catalogue import filled_cells

_SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class PublishedRun:
    """One submission: time to the quality target, and what it cost."""

    id: str
    benchmark: str
    date: str
    system: str
    accelerator: str
    n_accel: int
    software: str = ""
    quality_target: str = ""
    time_s: float | None = None
    hourly_usd: float | None = None
    cost_usd: float | None = None
    cost_basis: str = ""
    accuracy: str = ""
    source: str
    confidence: str = ""

    @property
    def kind(self) -> str:
        """Return TPU, GPU or CPU."""
        if self.accelerator.startswith("TPU"):
            return "TPU"
        return "CPU" if self.accelerator == "CPU" else "GPU"

    @property
    def year(self) -> int:
        """Return the year of the submission."""
        return int(self.date[:4])

    @property
    def cost_from_memory(self) -> bool:
        """Say whether a part of the cost was written from memory."""
        return "from memory" in self.cost_basis


def published_runs() -> tuple[PublishedRun, ...]:
    """Read the rows that ship with dlbench, by benchmark and date."""
    rows = list(filled_cells("resnet50_training.csv"))
    for row in rows:
        row["time_s"] = _SECONDS_PER_MINUTE * float(row["time_min"]) if "time_min" in row else None
    runs = TypeAdapter(tuple[PublishedRun, ...]).validate_python(tuple(rows))
    return tuple(sorted(runs, key=lambda run: (run.benchmark, run.date)))


def logs_of_2018(runs: Sequence[PublishedRun]) -> tuple[PublishedRun, PublishedRun]:
    """Return MLPerf's logs of December 2018: 8 V100, and a full TPU v2 Pod."""
    by_id = {run.id: run for run in runs}
    return by_id["mlperf05-gcp-8xv100"], by_id["mlperf05-tpu-v2-512"]


def fall_of_8_v100(runs: tuple[PublishedRun, ...]) -> tuple[PublishedRun, PublishedRun]:
    """Return DAWNBench's first and its cheapest run on 8 V100: the same hardware, better software and prices."""
    same = [r for r in runs if r.id.startswith("dawn-") and r.accelerator.startswith("V100") and r.n_accel == 8]
    priced = [r for r in same if r.cost_usd is not None]
    first = min(priced, key=lambda r: r.date)
    return first, min(priced, key=lambda r: r.cost_usd or 0)


def claim_against_logs(runs: tuple[PublishedRun, ...]) -> tuple[str, ...]:
    """Return the claim of 2018 and what the logs of the same month say, in sentences."""
    gpu, pod = logs_of_2018(runs)
    assert gpu.time_s and pod.time_s and gpu.cost_usd and pod.cost_usd
    faster, dearer = gpu.time_s / pod.time_s, pod.cost_usd / gpu.cost_usd - 1
    return (
        "Claim of December 2018 (headline, from memory; its minutes and dollars were not found in a readable "
        "source): a full TPU v2 Pod trains ResNet-50 27 times as fast as 8 V100, and 38 % cheaper.",
        f"Logs of the same month (MLPerf v0.5): {pod.time_s / 60:.2f} minutes on the Pod, {gpu.time_s / 60:.1f} on 8 "
        f"V100: {faster:.1f} times as fast; {pod.cost_usd:.1f} USD against {gpu.cost_usd:.1f} USD: {dearer:.0%} "
        "dearer.",
        "Why they differ: the claim trains 90 epochs to 76.0 % and leaves the warm-up epoch out, on TensorFlow 1.12 "
        "with fp16 and XLA; MLPerf stops at 74.9 % and counts all of it. A part of the price of the log's 8 V100 "
        "(their host) is from memory.",
    )

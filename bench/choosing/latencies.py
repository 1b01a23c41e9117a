"""How long an answer takes on a device: measured, published or estimated, each with its range and what it rests on.

    latency = estimated(variant, device)
    latency.fast_s, latency.slow_s, latency.basis, latency.rests_on

All are the median of one run at batch 1. A measured range is the interval of the median.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dlbench.bench.cost.catalogue import Catalogue, Device
from dlbench.bench.cost.estimates import ALL_FORMATS, estimate, inference_work
from dlbench.bench.results.records import ModelRecord
from dlbench.bench.results.schema import Cell, Result
from dlbench.model.facts import Accuracy

__all__ = ["Latency", "Measurement", "Variant", "estimated", "measurements", "same_work"]

RECURRENT = frozenset({"LSTM", "GRU", "RNN", "Loop", "Scan"})
_STEPWISE = 4.0  # how much slower than the slow end a network may be whose steps wait for each other


@dataclass(frozen=True)
class Variant:
    """One file of the network: as it was, or in fewer bits."""

    model: ModelRecord
    nodes: int
    accuracy: Accuracy | None = None
    recurrent: bool = False

    @property
    def name(self) -> str:
        """The name of the file or of the result's network."""
        return self.model.name


@dataclass(frozen=True)
class Latency:
    """Seconds of one answer; `slow_s` None: no upper end is known."""

    fast_s: float
    slow_s: float | None
    basis: str  # measured, published or estimated
    rests_on: str
    from_memory: bool = False
    disturbed: bool = False  # hardly any round was calm: the device at its usual speed may be faster


@dataclass(frozen=True)
class Measurement:
    """The best time of a variant on one device of a measured machine."""

    device: Device
    rows: tuple[str, ...]  # of the price list that this device is
    power_w: float | None
    latency: Latency


def same_work(one: ModelRecord, other: ModelRecord) -> bool:
    """Say whether a time of the one is a time of the other: the same file, or the same layers with other weights."""
    if one.sha256 == other.sha256:
        return True
    facts = [(each.precision, each.macs, each.parameters, each.inputs) for each in (one, other)]
    return one.macs is not None and facts[0] == facts[1]


def measurements(variant: Variant, result: Result, catalogue: Catalogue) -> Iterator[Measurement]:
    """Yield the fastest timed cell of a variant on the CPU, and on the GPU, of a result's machine."""
    names = {(m.name, m.precision) for m in result.models if same_work(m, variant.model)}
    cells = [
        cell
        for cell in result.cells
        if cell.timed and cell.scenario == "single-stream" and (cell.model, cell.precision) in names
    ]
    least = min((cell.batch for cell in cells), default=1)
    for place in ("cpu", "cuda"):
        there = [c for c in cells if c.batch == least and (c.copies_included is None) == (place == "cpu")]
        if there:
            best = min(there, key=_median)
            yield _measured(best, place, result, catalogue)


def _median(cell: Cell) -> float:
    return cell.latency_s.p50 if cell.latency_s else float("inf")


def _measured(cell: Cell, place: str, result: Result, catalogue: Catalogue) -> Measurement:
    times, machine = cell.latency_s, result.machine
    assert times is not None
    name = machine.cpu if place == "cpu" else (machine.gpu.name if machine.gpu else place)
    rows = tuple(catalogue.matches(name))
    batch = f", batch {cell.batch}" if cell.batch != 1 else ""
    latency = Latency(
        times.ci_low if times.ci_low is not None else times.p50,
        times.ci_high if times.ci_high is not None else times.p50,
        "measured",
        f"{name}, {cell.provider}, {cell.threads} threads{batch}, {result.created[:10]}",
        disturbed=cell.disturbed,
    )
    inputs = next((i for i in result.cost_inputs if i.place == place), None)
    device = rows[0] if rows else Device(machine.fingerprint, name, "cpu" if place == "cpu" else "gpu")
    return Measurement(device, tuple(row.id for row in rows), inputs.power_w if inputs else None, latency)


def estimated(variant: Variant, device: Device) -> Latency:
    """Return the range of one answer on a device that was not measured.

    Raises:
        PriceError: the row lacks a rate or the bandwidth.
    """
    model = variant.model
    form = model.precision if model.precision in ALL_FORMATS else "fp32"
    work = inference_work(model.macs or model.macs_at_least or 0, model.bytes, model.input_bytes, variant.nodes)
    span = estimate(work, device, (form,))
    latency = Latency(span.fast_s, span.slow_s, "estimated", "peak rate, bandwidth, launches", bool(span.from_memory))
    if model.macs is None:
        return replace(latency, slow_s=None, rests_on="a part of its work can't be counted: no upper end")
    if variant.recurrent:
        slow, rests = span.slow_s * _STEPWISE, f"{latency.rests_on}; recurrent: its steps wait for each other"
        return replace(latency, slow_s=slow, rests_on=rests)
    return latency


def known_work(variants: Sequence[Variant]) -> bool:
    """Say whether there is anything to estimate from."""
    return any(v.model.macs or v.model.macs_at_least for v in variants)

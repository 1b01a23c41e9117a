"""How long an answer takes on a device: measured, published or estimated, each with its range and what it rests on.

    latency = estimated(variant, device)
    latency.fast_s, latency.slow_s, latency.basis, latency.rests_on

All are the median of one run at batch 1. A measured range is the interval of the median.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from dlbench.bench.cost.absent_hardware import computed_format
from dlbench.bench.cost.catalogue import Catalogue, Device
from dlbench.bench.cost.latency.chip_table import offer_of
from dlbench.bench.cost.latency.known_times import published_times
from dlbench.bench.cost.latency.latency_range import Known, estimate_latency
from dlbench.bench.cost.latency.model_work import work_of_model
from dlbench.bench.cost.latency.network_table import float_or_int
from dlbench.bench.cost.latency.work_columns import fitted_format
from dlbench.bench.cost.latency.workload import NetworkWork
from dlbench.bench.results.records import ModelRecord
from dlbench.bench.results.schema import Cell, Result
from dlbench.errors import PriceError
from dlbench.model.facts import Accuracy
from dlbench.show.texts import current_language, tr


@dataclass(frozen=True)
class Variant:
    """One file of the network: as it was, or in fewer bits."""

    model: ModelRecord
    work: NetworkWork  # of one picture
    accuracy: Accuracy | None = None

    @classmethod
    def of(cls, model: ModelRecord, accuracy: Accuracy | None = None) -> Variant:
        """Return a variant with what one picture asks of a device, as far as it was counted."""
        at_least = NetworkWork(float(model.macs_at_least or 0), float(model.parameters))
        work = work_of_model(model) if model.macs else at_least
        steps = model.work is not None and model.work.recurrent
        return cls(model, replace(work, recurrent=True) if steps else work, accuracy)

    @property
    def name(self) -> str:
        """The name of the file or of the result's network."""
        return self.model.name

    @property
    def backbone(self) -> str:
        """The published network whose layers it has under a head of its own; empty: it has none, or is that network."""
        return self.work.name if self.model.network == "transfer" else ""

    @property
    def takes_pictures(self) -> bool:
        """Whether an input has the axes of pictures."""
        return any(len(sizes) == 4 for sizes in self.model.input_shapes.values())


@dataclass(frozen=True)
class Latency:
    """Seconds of one answer; `slow_s` None: no upper end is known."""

    fast_s: float
    slow_s: float | None
    basis: str  # measured, published or estimated
    rests_on: str
    published_as: str = ""  # where the basis is published: the time that the range leans on most, and whose it is
    disturbed: bool = False  # hardly any round was calm: the device at its usual speed may be faster


@dataclass(frozen=True)
class Measurement:
    """The best time of a variant on one device of a measured machine."""

    device: Device
    threads: int
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
    cells = [cell for cell in result.cells if cell.timed_alone and (cell.model, cell.precision) in names]
    least = min((cell.batch for cell in cells), default=1)
    for place in ("cpu", "cuda"):
        there = [c for c in cells if c.batch == least and c.place == place]
        if there:
            best = min(there, key=lambda cell: cell.median_s)
            yield _measured(best, place, result, catalogue)


def _measured(cell: Cell, place: str, result: Result, catalogue: Catalogue) -> Measurement:
    times, machine = cell.latency, result.machine
    name = machine.system_name(place) or place
    rows = tuple(catalogue.matches(name))
    batch = f", batch {cell.batch}" if cell.batch != 1 else ""
    latency = Latency(
        times.ci_low if times.ci_low is not None else times.p50,
        times.ci_high if times.ci_high is not None else times.p50,
        "measured",
        f"{name}, {cell.provider}, {cell.threads} threads{batch}, {result.created[:10]}",
        disturbed=cell.disturbed,
    )
    inputs = result.inputs_at(place)
    device = rows[0] if rows else Device(machine.fingerprint, name, "cpu" if place == "cpu" else "gpu")
    return Measurement(device, cell.threads, tuple(row.id for row in rows), inputs.power_w if inputs else None, latency)


def estimated(variant: Variant, device: Device, known: Sequence[Known] = ()) -> Latency:
    """Return the range of one answer of ONNX Runtime on a device that was not measured.

    It is called published where this network's time on this chip is, be it with another runtime: the range leans on it.
    A time in floating point is none of a file in 8 bits, though its range leans on it too.

    Raises:
        PriceError: the row lacks a rate or the bandwidth, or the network has no work that can be counted.
    """
    form = fitted_format(variant.model.precision)
    found = _range(variant.work, device, form, tuple(known), current_language())
    if variant.model.macs is None:
        rests = f"a part of its work can't be counted: no upper end; {found.rests_on}"
        return replace(found, slow_s=None, rests_on=rests)
    return found


@lru_cache(maxsize=4096)  # a class's page asks for the same network again for each of its machines
def _range(work: NetworkWork, device: Device, form: str, known: tuple[Known, ...], _language: str) -> Latency:
    computed, words = computed_format(form, device)
    published = tuple(published_times(work, device, computed))
    found = estimate_latency(work, device, number_format=computed, known=[*known, *published])
    same = bool(published) and float_or_int(published[0].number_format) == float_or_int(form)
    basis, first = ("published", published[0].label) if same else ("estimated", "")
    return Latency(found.fast_s, found.slow_s, basis, "; ".join((*found.rests_on, *filter(None, [words]))), first)


def calm_times(variant: Variant, measured: Iterable[Measurement]) -> Iterator[Known]:
    """Yield calm times on devices of the price list, for the estimates of the others to lean on."""
    for one in measured:
        if one.latency.disturbed or not one.rows or not variant.work.macs:
            continue
        try:
            offer_of(one.device)
        except PriceError:
            continue  # a time on a device of unknown rates says nothing about others
        seconds = (one.latency.fast_s * (one.latency.slow_s or one.latency.fast_s)) ** 0.5
        threads = one.threads if one.device.kind != "gpu" else None
        label = tr("{network}, measured on {device}", network=variant.name, device=one.device.name)
        number_format = fitted_format(variant.model.precision)
        yield Known(variant.work, seconds, one.device, 1, number_format, threads=threads, label=label)

"""Estimates for hardware that is not here: trainings and networks of a result, a range for each device, with its rent.

training_estimates(devices, catalogue), network_estimates(result, devices, catalogue)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from dlbench.bench.cost import formulas as cost
from dlbench.bench.cost.catalogue import Catalogue, Device
from dlbench.bench.cost.estimates import (
    ALL_FORMATS,
    FORWARD_AND_BACKWARD,
    Rent,
    Span,
    Work,
    estimate,
    inference_work,
    rent_of,
    resnet50_span,
    training_work,
)
from dlbench.bench.cost.latency.chip_table import offer_of
from dlbench.bench.cost.latency.known_times import published_times, time_here
from dlbench.bench.cost.latency.latency_range import Known, estimate_latency
from dlbench.bench.cost.latency.model_work import work_of_model
from dlbench.bench.cost.latency.published_inference import PublishedInference
from dlbench.bench.cost.latency.published_search import published_there
from dlbench.bench.cost.latency.work_columns import Setting
from dlbench.bench.cost.latency.workload import NetworkWork
from dlbench.bench.cost.latency.worth_timing import WorthTiming, worth_timing
from dlbench.bench.results.records import ModelRecord
from dlbench.bench.results.schema import Cell, Result
from dlbench.errors import PriceError
from dlbench.show.texts import tr

_LESS_SURE, _WIDEST_TRAINING = 1.25, 8.0
STEP_PICTURES = 32  # a small step of a training: many launches, the slow side
_PARTLY_TRAINED = "transfer"


@dataclass(frozen=True)
class Estimate:
    """One row: the work, the device, the range of time, and what an hour of the device costs."""

    work: str
    device: Device
    span: Span
    rent: Rent | None
    batch: int = 1
    measured_s: float | None = None
    number_format: str = "fp32"
    disturbed: bool = False  # measured_s comes from disturbed rounds: the machine at its usual speed may be faster
    published: PublishedInference | None = None  # the same network there, as others published it
    worth_timing: WorthTiming | None = None  # where no time on that device is known

    def usd(self, seconds: float) -> float | None:
        """Return the rent for this time."""
        return cost.training_usd(seconds, self.rent.usd_per_hour) if self.rent else None


def training_estimates(devices: Sequence[Device], catalogue: Catalogue) -> list[Estimate]:
    """Return the range of training ResNet-50 on one of each of these devices, in each format that is worth using.

    Raises:
        PriceError: the row lacks a rate or the bandwidth.
    """
    return [
        Estimate("ResNet-50", d, resnet50_span(d, f), rent_of(d, catalogue), number_format=f)
        for d in devices
        for f in _training_formats(d)
    ]


def _training_formats(device: Device) -> tuple[str, ...]:
    """Return fp32 and fp16, the second where it is faster (a TPU has the second alone: bfloat16)."""
    plain, half = device.fp32_tflops or 0.0, device.fp16_tflops or 0.0
    both = (("fp32", plain > 0 or half == 0), ("fp16", half > plain))
    return tuple(name for name, used in both if used)


def own_training_estimates(result: Result, devices: Sequence[Device], catalogue: Catalogue) -> list[Estimate]:
    """Return the range of this result's trainings on these devices, where the pictures that they saw are known.

    Networks whose backbone is frozen are left out: most of their time is no training.
    """
    rows = []
    for model in result.models:
        facts = model.training
        if facts is None or model.macs is None or not facts.images_per_s or model.network == _PARTLY_TRAINED:
            continue
        images = facts.images_per_s * facts.training_s
        rows += [
            Estimate(
                model.name, d, _training_span(model, result, d, images), rent_of(d, catalogue), 1, facts.training_s
            )
            for d in devices
        ]
    return rows


def _training_span(model: ModelRecord, result: Result, device: Device, images: float) -> Span:
    """Return the range of a training: its steps at three times the forward pass, backward being twice forward.

    The fitted range of the forward pass is that of GPUs in big batches, or of processors; a training is a little less
    sure. Devices that have none keep the roofline.
    """
    batch = (model.training.batch_size if model.training else None) or STEP_PICTURES
    nodes = _nodes(model, result.cells)
    work = training_work(model.macs or 0, 4 * model.parameters, images, batch, nodes)
    try:
        step = estimate_latency(work_of_model(model, nodes), device, batch=batch, runtime="pytorch")
    except PriceError:
        return estimate(work, device, ("fp32",))
    steps, typical = images / batch, FORWARD_AND_BACKWARD * step.typical_s
    half = min(sqrt(step.width) * _LESS_SURE, sqrt(_WIDEST_TRAINING))
    bound, memory = _roofline(work, device, "fp32")
    rests_on = (*step.rests_on, "a training step: three times the forward pass")
    return Span(typical * steps / half, typical * steps * half, bound, memory, typical * steps, rests_on)


def _roofline(work: Work, device: Device, number_format: str) -> tuple[str, tuple[str, ...]]:
    """Return what bounds the fast end of the roofline, and which rates are from memory; nothing where it has none."""
    try:
        span = estimate(work, device, (number_format,))
    except PriceError:
        return "", ()
    return span.bound, span.from_memory


def _inference_span(
    asked: NetworkWork, work: Work, batch: int, device: Device, form: str, known: Sequence[Known]
) -> Span:
    """Return the fitted range of one run."""
    bound, memory = _roofline(work, device, form)
    computed, words = computed_format(form, device)
    found = estimate_latency(asked, device, batch=batch, number_format=computed, known=known)
    rests_on = (*found.rests_on, words) if words else found.rests_on
    return Span(found.fast_s, found.slow_s, bound, memory, found.typical_s, rests_on)


def computed_format(form: str, device: Device) -> tuple[str, str]:
    """Return the number format in which ONNX Runtime computes a file on a device, and what there is to say of it.

    A processor without arithmetic in fp16 (x86, Cortex-A72) casts such a file to fp32: it is no faster there.

    Raises:
        PriceError: the device's rates are not known.
    """
    offer = offer_of(device)
    if form != "fp16" or offer.on_gpu:
        return form, ""
    if offer.fp16_times > 1:
        return form, tr("assumes that ONNX Runtime computes in fp16 there")
    return "fp32", tr("its cores have no arithmetic in fp16: it computes in fp32, with casts on top")


def has_estimate(device: Device) -> bool:
    """Say whether networks are estimated there: no published row is of a TPU, and a roofline is 80 times wide."""
    return device.kind != "tpu"


def network_estimates(
    result: Result, devices: Sequence[Device], catalogue: Catalogue, known: Mapping[str, Sequence[Known]] | None = None
) -> list[Estimate]:
    """Return the range of each network and batch size of a result on these devices, beside its measured time here.

    The measured time itself calibrates the ranges, where it was calm and the price list has this machine. `known` are
    times on the devices, by their id.

    Raises:
        PriceError: a row of the price list lacks a rate, no device has an estimate, or no cell can be estimated.
    """
    if devices and not any(map(has_estimate, devices)):
        raise PriceError(
            f"{devices[0].id}: no estimate: no published row is of this kind of device; measure there. `dlbench cost "
            "training` has published trainings on TPUs."
        )
    models = {(m.name, m.precision): m for m in result.models}
    best: dict[tuple[str, str, int], Cell] = {}
    for cell in result.cells:
        if not cell.timed_alone:
            continue
        key = (cell.model, cell.precision, cell.batch)
        if key not in best or cell.median_s < best[key].median_s:
            best[key] = cell
    rows = []
    for (name, precision, batch), cell in best.items():
        model = models.get((name, precision))
        if model is None or model.macs is None:
            continue
        form = precision if precision in ALL_FORMATS else "fp32"
        asked, work, here = work_of_model(model, cell.nodes_total or 0), work_of(model, cell), cell.median_s
        own = time_here(asked, cell, result, catalogue)
        for d in filter(has_estimate, devices):
            computed, _ = computed_format(form, d)
            told = [*(known or {}).get(d.id, ()), *published_times(asked, d, computed)]
            elsewhere = [own] if own is not None and own.device != d else []
            span = _inference_span(asked, work, cell.batch, d, form, [*told, *elsewhere])
            there = published_there(asked, d.id, form, batch)
            worth = None if told else worth_timing(Setting(asked, offer_of(d), batch, computed))
            rows.append(Estimate(name, d, span, rent_of(d, catalogue), batch, here, form, cell.disturbed, there, worth))
    if not rows:
        raise PriceError(
            "this result has no cell that can be estimated: expected a timed cell of a network whose "
            "multiply-accumulates are known, received none; dlbench compare makes one."
        )
    return rows


def _nodes(model: ModelRecord, cells: Sequence[Cell]) -> int:
    return max((c.nodes_total or 0 for c in cells if c.model == model.name), default=0)


def work_of(model: ModelRecord, cell: Cell) -> Work:
    """Return the work of one run of a cell: weights and inputs moved once."""
    return inference_work(model.macs or 0, model.bytes, model.input_bytes, cell.nodes_total or 0, cell.batch)

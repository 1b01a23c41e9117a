"""Estimates for hardware that is not here, as tables and pictures of ranges; each is labelled as an estimate.

training_estimates(devices, catalogue), network_estimates(result, devices, catalogue)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

from dlbench.bench.cost import formulas as cost
from dlbench.bench.cost.catalogue import Catalogue, Device
from dlbench.bench.cost.estimates import (
    ALL_FORMATS,
    ASSUMPTIONS,
    Rent,
    Span,
    Work,
    estimate,
    inference_work,
    rent_of,
    resnet50_span,
    training_work,
)
from dlbench.bench.cost.latency.latency_range import Known, estimate_latency
from dlbench.bench.cost.latency.model_work import work_of_model
from dlbench.bench.cost.latency.published_inference import PublishedInference
from dlbench.bench.cost.latency.published_search import published_there
from dlbench.bench.report.answer_words import marked
from dlbench.bench.results.records import ModelRecord
from dlbench.bench.results.schema import Cell, Result
from dlbench.errors import PriceError
from dlbench.show import units
from dlbench.show.svg import COLOURS, Chart, draw, plain_log_ticks
from dlbench.show.table import Column, Table
from dlbench.show.texts import localised, said, tr

__all__ = [
    "Estimate",
    "device_ids",
    "estimate_chart",
    "estimate_document",
    "estimate_sentences",
    "inference_table",
    "network_estimates",
    "own_training_estimates",
    "training_estimates",
    "training_estimates_table",
    "work_of",
]

_BOUNDS = {"compute": "arithmetic", "bandwidth": "memory", "launch": "launches", "": "n/a"}
_TRAINING_TIMES = 3.0  # forward, and backward twice that
_LESS_SURE, _WIDEST_TRAINING = 1.25, 8.0
_STEP_PICTURES = 32  # a small step of a training: many launches, the slow side
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
    batch = (model.training.batch_size if model.training else None) or _STEP_PICTURES
    nodes = _nodes(model, result.cells)
    work = training_work(model.macs or 0, 4 * model.parameters, images, batch, nodes)
    try:
        step = estimate_latency(work_of_model(model, nodes), device, batch=batch, runtime="pytorch")
    except PriceError:
        return estimate(work, device, ("fp32",))
    steps, typical = images / batch, _TRAINING_TIMES * step.typical_s
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


def _inference_span(model: ModelRecord, cell: Cell, device: Device, form: str, known: Sequence[Known]) -> Span:
    """Return the fitted range of one run of a cell; the roofline for devices of whose kind little is published."""
    work = work_of(model, cell)
    bound, memory = _roofline(work, device, form)
    if device.kind == "tpu":
        return replace(
            estimate(work, device, (form,)), rests_on=(tr("the roofline alone: no published row is of its kind"),)
        )
    asked = work_of_model(model, cell.nodes_total or 0)
    found = estimate_latency(asked, device, batch=cell.batch, number_format=form, known=known)
    return Span(found.fast_s, found.slow_s, bound, memory, found.typical_s, found.rests_on)


def network_estimates(
    result: Result,
    devices: Sequence[Device],
    catalogue: Catalogue,
    known: Mapping[str, Sequence[Known]] | None = None,
) -> list[Estimate]:
    """Return the range of each network and batch size of a result on these devices, beside its measured time here.

    Args:
        result: what was measured here.
        devices: where its networks are estimated.
        catalogue: for rents.
        known: measured times that calibrate the ranges, by the id of the device.

    Raises:
        PriceError: a row of the price list lacks a rate, or no cell of the result can be estimated.
    """
    models = {(m.name, m.precision): m for m in result.models}
    best: dict[tuple[str, str, int], Cell] = {}
    for cell in result.cells:
        if not cell.timed or cell.scenario != "single-stream" or cell.latency_s is None:
            continue
        key = (cell.model, cell.precision, cell.batch)
        if key not in best or cell.latency_s.p50 < _median(best[key]):
            best[key] = cell
    rows = []
    for (name, precision, batch), cell in best.items():
        model = models.get((name, precision))
        if model is None or model.macs is None:
            continue
        form = precision if precision in ALL_FORMATS else "fp32"
        for d in devices:
            span = _inference_span(model, cell, d, form, (known or {}).get(d.id, ()))
            there = published_there(work_of_model(model, cell.nodes_total or 0), d.id, form, batch)
            here = _median(cell)
            rows.append(Estimate(name, d, span, rent_of(d, catalogue), batch, here, form, cell.disturbed, there))
    if not rows:
        raise PriceError(
            "this result has no cell that can be estimated: expected a timed cell of a network whose "
            "multiply-accumulates are known, received none; dlbench compare makes one."
        )
    return rows


def _median(cell: Cell) -> float:
    return cell.latency_s.p50 if cell.latency_s else float("inf")


def _nodes(model: ModelRecord, cells: Sequence[Cell]) -> int:
    return max((c.nodes_total or 0 for c in cells if c.model == model.name), default=0)


def work_of(model: ModelRecord, cell: Cell) -> Work:
    """Return the work of one run of a cell: weights and inputs moved once."""
    return inference_work(model.macs or 0, model.bytes, model.input_bytes, cell.nodes_total or 0, cell.batch)


def _ends(low: str, high: str) -> str:
    (first, *unit), last = low.split(" "), high.split(" ")
    return f"{first}-{high}" if unit == last[1:] else f"{low}-{high}"


def _times(row: Estimate) -> units.Figure:
    return units.Figure(_ends(_long(row.span.fast_s), _long(row.span.slow_s)), row.span.fast_s)


def _long(seconds: float) -> str:
    """Return a duration; hours and days where it is long."""
    if seconds < 7200:
        return f"{seconds / 60:.3g} min" if seconds >= 120 else units.duration(seconds)
    if seconds < 2 * 86400:
        return f"{seconds / 3600:.3g} h"
    days = seconds / 86400
    return f"{days:.3g} days" if days < 730 else f"{days / 365.25:.3g} years"


def _usd(row: Estimate, times: float = 1.0) -> tuple[float | None, float | None]:
    """Return what the fast and the slow end cost as rented, so many times."""
    return row.usd(row.span.fast_s * times), row.usd(row.span.slow_s * times)


def _money(row: Estimate, unit: units.Unit, times: float = 1.0) -> units.Figure:
    low, high = _usd(row, times)
    return units.Figure(_ends(unit.figure(low), unit.figure(high)) if low is not None else "n/a", low)


def _electricity(row: Estimate) -> str:
    """Return the kWh that the device alone draws at its TDP."""
    if not row.device.tdp_w:
        return "n/a"
    per_s = row.device.tdp_w / 3.6e6
    return _ends(units.usd(row.span.fast_s * per_s), units.usd(row.span.slow_s * per_s))


def _notes(rows: Sequence[Estimate]) -> tuple[str, ...]:
    rents = {row.device.id: row.rent for row in rows}
    known = "; ".join(f"{d}: {r.usd_per_hour:.3g} USD/h ({r.source})" for d, r in rents.items() if r)
    unknown = ", ".join(d for d, r in rents.items() if r is None)
    memory = {row.device.id: row.span.from_memory for row in rows if row.span.from_memory}
    fitted = [row for row in rows if row.span.rests_on]
    notes = [*(ASSUMPTIONS if len(fitted) < len(rows) else ()), *_rests_on(fitted)]
    if known:
        notes.append(f"rent: {known}.")
    if unknown:
        notes.append(f"USD n/a: the price list has no rent for {unknown}; its price is in `dlbench cost catalogue`.")
    if memory:
        devices = "; ".join(f"{d}: {', '.join(fields)}" for d, fields in memory.items())
        notes.append(f"(m): a number of the price list that entered was written from memory: {devices}.")
    return tuple(notes)


def _rests_on(rows: Sequence[Estimate]) -> Iterator[str]:
    """Yield what the fitted ranges rest on, each sentence once, with the devices that it is about."""
    devices: dict[str, list[str]] = {}
    for row in rows:
        for words in row.span.rests_on:
            devices.setdefault(words, []).append(row.device.id)
    for words, ids in devices.items():
        yield tr("{devices}: {words}.", devices=", ".join(dict.fromkeys(ids)), words=said(words).rstrip("."))


def _name(row: Estimate) -> str:
    return row.device.name + (" (m)" if row.span.from_memory else "")


def _short_names(rows: Sequence[Estimate]) -> dict[str, str]:
    """Return each device's name by its id, without what stands in brackets where it is told apart without."""
    names = {row.device.id: row.device.name for row in rows}
    short = {i: name.partition(" (")[0] for i, name in names.items()}
    return {i: name if list(short.values()).count(name) == 1 else names[i] for i, name in short.items()}


def device_ids(rows: Sequence[Estimate]) -> str:
    """Return the ids of the devices, as `--on` takes them, each with its rent; numbers from memory are marked."""
    first = {row.device.id: row for row in reversed(rows)}
    names = [first[i] for i in dict.fromkeys(row.device.id for row in rows)]
    memory = {row.device.id for row in rows if row.span.from_memory}
    ids = ", ".join(f"{_with_rent(row)} (m)" if row.device.id in memory else _with_rent(row) for row in names)
    rented = any(row.rent for row in names)
    text = tr("ids and rent: {ids}", ids=ids) if rented else tr("ids: {ids}", ids=ids)
    return text + (tr("; m: partly from memory.") if memory else ".")


def _with_rent(row: Estimate) -> str:
    """Return the id with what an hour of the device costs: "t4 0.526 USD/h"."""
    return f"{row.device.id} {localised(units.usd(row.rent.usd_per_hour))} USD/h" if row.rent else row.device.id


def _format(row: Estimate) -> str:
    return "bfloat16" if row.device.kind == "tpu" else row.number_format


def training_estimates_table(rows: Sequence[Estimate]) -> Table:
    """Return the estimates of trainings."""
    unit = units.training_price_unit(usd for row in rows for usd in _usd(row))
    columns = (
        Column("network", False, key=True),
        Column("device", False, wraps=True, key=True),
        Column("in", False, key=True),
        Column("time"),
        Column("kWh", secondary=2),
        Column(f"{unit.title}, rented"),
        Column("measured here", secondary=1),
    )
    cells = tuple(
        (r.work, _name(r), _format(r), _times(r), _electricity(r), _money(r, unit), units.duration(r.measured_s))
        for r in rows
    )
    notes = (
        "estimates, not measurements: nothing ran on this hardware. ResNet-50: 28 to 90 epochs of ImageNet; your own "
        f"networks: fp32, the pictures that they saw here, in the same steps (of {_STEP_PICTURES} where that is not "
        "known); loading the data is not in it. kWh: the device alone, at its TDP.",
        *_notes(rows),
    )
    return Table(
        "trainingestimates", "Estimates, not measurements: training on hardware that is not here", columns, cells, notes
    )


_FULL_COLUMNS = (
    Column("than here", False, secondary=2),
    Column("at best bound by", False, secondary=3),
    Column("published there", False, secondary=1),
)


def _published(row: Estimate) -> str:
    """Return a published time of a picture there, with number format, batch, runtime and year."""
    there = row.published
    if there is None:
        return "n/a"
    what = [there.number_format, f"batch {there.batch}" if there.batch else "", there.runtime, there.date[:4]]
    return f"{units.duration(there.picture_s)} ({', '.join(filter(None, what))})"


def inference_table(rows: Sequence[Estimate], short: bool = False) -> Table:
    """Return the estimates of inference, beside what was measured here; short: short names, fewer columns."""
    unit = units.price_unit(usd for row in rows for usd in _usd(row, 1e6 / row.batch))
    names = _short_names(rows) if short else {}
    batched = not short or len({row.batch for row in rows}) > 1
    columns = (
        Column("network", False, key=True),
        *((Column("batch", key=True),) if batched else ()),
        Column("device", False, wraps=True, key=True),
        Column("here"),
        Column("time of a run"),
        Column(said(unit.title).replace(" per ", "/") if short else unit.title),
        *(() if short else _FULL_COLUMNS),
    )
    cells = tuple(
        (
            r.work,
            *((units.number(r.batch, "{:d}"),) if batched else ()),
            names[r.device.id] if short else _name(r),
            marked(units.duration(r.measured_s), r.disturbed),
            _times(r),
            _money(r, unit, 1e6 / r.batch),
            *(() if short else (_than_here(r), _BOUNDS[r.span.bound], _published(r))),
        )
        for r in rows
    )
    notes = (
        "estimates, not measurements: nothing ran on this hardware. here: measured, on the fastest provider of this "
        "result. Number format: that of the file; a device without a rate for it takes its next one. Published there: "
        "the same network, a picture, by others. Bound: of the roofline, at best.",
        *_notes(rows),
    )
    title = "Estimates, not measurements: these networks on hardware that is not here"
    return Table("estimates", title, columns, cells, notes)


def estimate_sentences(rows: Sequence[Estimate]) -> Iterator[str]:
    """Yield which devices are faster or slower than this machine wherever in its range the truth is."""
    told = []
    for way in ("faster", "slower"):
        devices: dict[str, list[str]] = {}
        for row in rows:
            if _than_here(row) == way:
                devices.setdefault(row.device.id, []).append(row.work)
        groups: dict[str, list[str]] = {}
        for device, works in devices.items():
            groups.setdefault(", ".join(dict.fromkeys(works)), []).append(device)
        told += [f"{way} than here: {works} on {', '.join(some)}" for works, some in groups.items()]
    unsure = any(_than_here(row) == "can't tell" for row in rows)
    if told:
        yield "; ".join(told) + ("; the others: can't tell." if unsure else ".")
    elif rows:
        yield "No device is faster or slower than here in its whole range: can't tell."


def _than_here(row: Estimate) -> str:
    if row.measured_s is None:
        return "n/a"
    if row.span.fast_s > row.measured_s:
        return "slower"
    return "faster" if row.span.slow_s < row.measured_s and not row.disturbed else "can't tell"


def estimate_chart(rows: Sequence[Estimate], title: str) -> Chart:
    """Draw the ranges as bars on a log axis, with the time that was measured here as a mark."""

    def label(row: Estimate) -> str:
        batch = f", batch {row.batch}" if any(r.batch != 1 for r in rows) else ""
        return f"{row.work}{batch}: {row.device.name}"

    def plot(axes: Any) -> None:
        works = list(dict.fromkeys((r.work, r.batch) for r in rows))
        for y, row in enumerate(rows):
            colour = COLOURS[works.index((row.work, row.batch)) % len(COLOURS)]
            axes.plot([row.span.fast_s, row.span.slow_s], [y, y], color=colour, linewidth=7, solid_capstyle="butt")
            if row.measured_s is not None:
                axes.plot([row.measured_s], [y], "D", color="#7f7f7f", markersize=5)
        if any(r.measured_s is not None for r in rows):
            axes.plot([], [], "D", color="#7f7f7f", markersize=5, label="measured here")
        axes.plot([], [], color=COLOURS[0], linewidth=7, label="estimate: range of the model")
        axes.set_yticks(range(len(rows)), [label(r) for r in rows])
        axes.invert_yaxis()
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis, 9)
        axes.set_xlabel("seconds, log scale")
        axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2)

    alt = "Estimated times as ranges on a log axis, by network and device; the table has the numbers."
    return Chart(title, alt, draw("estimates", plot, width=8.5, height=1.3 + 0.3 * len(rows)))


def estimate_document(rows: Sequence[Estimate]) -> list[dict[str, Any]]:
    """Return the rows for JSON, in SI units."""
    return [
        {
            "kind": "estimate",
            "network": r.work,
            "batch": r.batch,
            "device": r.device.id,
            "format": _format(r),
            "fast_s": r.span.fast_s,
            "slow_s": r.span.slow_s,
            "typical_s": r.span.typical_s,
            "rests_on": list(r.span.rests_on),
            "published_picture_s": r.published.picture_s if r.published else None,
            "published_source": r.published.source if r.published else None,
            "bound": r.span.bound,
            "from_memory": list(r.span.from_memory),
            "rent_usd_per_hour": r.rent.usd_per_hour if r.rent else None,
            "rent_source": r.rent.source if r.rent else None,
            "measured_here_s": r.measured_s,
            "measured_here_disturbed": r.disturbed,
        }
        for r in rows
    ]

"""Estimates for hardware that is not here, as tables and pictures of ranges; each is labelled as an estimate.

inference_table(network_estimates(result, devices, catalogue))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dlbench.bench.cost.absent_hardware import STEP_PICTURES, Estimate
from dlbench.bench.cost.estimates import ASSUMPTIONS
from dlbench.bench.report.answer_words import LONGEST_NAME, listed, marked
from dlbench.bench.results.records import shortened
from dlbench.show import units
from dlbench.show.svg import COLOURS, Chart, draw, plain_log_ticks
from dlbench.show.table import Column, Filled, Table
from dlbench.show.texts import localised, said, tr

_BOUNDS = {"compute": "arithmetic", "bandwidth": "memory", "launch": "launches", "": "n/a"}


def _ends(low: str, high: str) -> str:
    (first, *unit), last = low.split(" "), high.split(" ")
    return f"{first}-{high}" if unit == last[1:] else f"{low}-{high}"


def _times(row: Estimate) -> units.Figure:
    return units.duration_span(row.span.fast_s, row.span.slow_s, 3)


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
    if rented and not all(row.rent for row in names):
        text += tr("; n/a: not for rent, dlbench choose has the price")
    return text + (tr("; m: rates not all checked against a data sheet.") if memory else ".")


def _with_rent(row: Estimate) -> str:
    """Return the id with what an hour of the device costs: "t4 0.526 USD/h"."""
    return f"{row.device.id} {localised(units.usd(row.rent.usd_per_hour))} USD/h" if row.rent else row.device.id


def _format(row: Estimate) -> str:
    return "bfloat16" if row.device.kind == "tpu" else row.number_format


def training_estimates_table(rows: Sequence[Estimate]) -> Table:
    """Return the estimates of trainings."""
    unit = units.training_price_unit(usd for row in rows for usd in _usd(row))
    columns: tuple[Filled[Estimate], ...] = (
        (Column("network", False, key=True), lambda r: r.work),
        (Column("device", False, wraps=True, key=True), _name),
        (Column("format", False, key=True), _format),
        (Column("time"), _times),
        (Column("kWh", secondary=2), _electricity),
        (Column(f"{unit.title}, rented"), lambda r: _money(r, unit)),
        (Column("measured here", secondary=1), lambda r: units.duration(r.measured_s)),
    )
    notes = (
        "estimates, not measurements: nothing ran on this hardware. ResNet-50: 28 to 90 epochs of ImageNet; your own "
        f"networks: fp32, the pictures that they saw here, in the same steps (of {STEP_PICTURES} where that is not "
        "known); loading the data is not in it. kWh: the device alone, at its TDP.",
        *_notes(rows),
    )
    title = "Estimates, not measurements: training on hardware that is not here"
    return Table.of("trainingestimates", title, rows, columns, notes)


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
    names, batches = _short_names(rows), {row.batch for row in rows}
    one = short and batches == {1}
    batch: Filled[Estimate] = (Column("batch", key=True), lambda r: units.number(r.batch, "{:d}"))
    money: Filled[Estimate] = (
        Column(said(unit.title).replace(" per ", "/") if short else unit.title),
        lambda r: _money(r, unit, 1e6 / r.batch),
    )
    full: tuple[Filled[Estimate], ...] = (
        (Column("than here", False, secondary=2), _than_here),
        (Column("at best bound by", False, secondary=3), lambda r: _BOUNDS[r.span.bound]),
        (Column("published there", False, secondary=1, wraps=True), _published),
    )
    columns: tuple[Filled[Estimate], ...] = (
        (Column("network", False, key=True), lambda r: r.work),
        *([batch] if not short or len(batches) > 1 else []),
        (Column("device", False, wraps=True, key=True), lambda r: names[r.device.id] if short else _name(r)),
        (Column("one answer\nhere" if one else "here"), lambda r: marked(units.duration(r.measured_s), r.disturbed)),
        (Column("one answer\nthere" if one else "time of a run"), _times),
        *([money] if not short or any(row.rent for row in rows) else []),
        *(() if short else full),
    )
    notes = (
        "estimates, not measurements: nothing ran on this hardware. here: measured, on the fastest provider of this "
        "result. Number format: that of the file; where its speed in that format is not known, the next larger one. "
        "Published there: the same network, a picture, by others. At best bound by: what would take the time if "
        "nothing else did (roofline).",
        *_notes(rows),
    )
    title = "Estimates, not measurements: these networks on hardware that is not here"
    return Table.of("estimates", title, rows, columns, notes)


def some_of_each(table: Table, rows: int, parents: Mapping[str, str]) -> Table:
    """Return so many rows of a table of estimates, in its order: each network's first device before anyone's second.

    Args:
        table: with the network in its first column.
        rows: how many at most.
        parents: of what each file in fewer bits was made; such files come after all others.
    """
    seen: dict[str, int] = {}
    ranks = []
    for place, row in enumerate(table.rows):
        seen[row[0]] = seen.get(row[0], -1) + 1
        ranks.append((row[0] in parents, seen[row[0]], place))
    kept = sorted(place for *_, place in sorted(ranks)[:rows])
    return replace(table, rows=tuple(table.rows[place] for place in kept))


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
            groups.setdefault(listed(list(dict.fromkeys(works))), []).append(device)
        if groups:
            which = "; ".join(
                tr("{works} on {devices}", works=named, devices=", ".join(some)) for named, some in groups.items()
            )
            told.append(
                tr("faster than here: {which}", which=which)
                if way == "faster"
                else tr("slower than here: {which}", which=which)
            )
    unsure = any(_than_here(row) == "can't tell" for row in rows)
    if told:
        all_told = "; ".join(told)
        why = tr(" (a time here with ~ may be too long)") if any(row.disturbed for row in rows) else ""
        yield tr("{told}; the others: can't tell{why}.", told=all_told, why=why) if unsure else f"{all_told}."
    elif rows:
        yield "No device is faster or slower than here in its whole range: can't tell."
    yield from _worth_timing(rows)


def _worth_timing(rows: Sequence[Estimate]) -> Iterator[str]:
    """Yield which usual network to time on which device, so that a range gets narrower than by any other such time."""
    found = [(row, row.worth_timing) for row in rows if row.worth_timing is not None]
    if not found:
        return
    row, worth = max(found, key=lambda pair: pair[0].span.slow_s / pair[0].span.fast_s / pair[1].width)
    yield tr(
        "Own one of these? One time narrows a range most: run dlbench compare {network} on {device}, and repeat this "
        "estimate with its median, `known` {device}:{network}=TIME. The ends of {work} are then {then} times apart, "
        "now {now} times.",
        network=worth.network,
        device=row.device.id,
        work=row.work,
        then=units.number(worth.width, "{:.2g}"),
        now=units.number(row.span.slow_s / row.span.fast_s, "{:.2g}"),
    )


def no_estimate(ids: Sequence[str]) -> Iterator[str]:
    """Yield that there is no estimate for these devices, and why."""
    if ids:
        yield f"{', '.join(ids)}: no estimate: no published row is of this kind of device; measure there."


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
        return f"{shortened(row.work, LONGEST_NAME)}{batch}: {row.device.name}"

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

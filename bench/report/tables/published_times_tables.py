"""Published inference times as tables: those that were asked for, and those beside a result's own figures.

published_times_table(rows), published_beside_table(result)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from dlbench.bench.cost.assumptions import ESTIMATED_BESIDE
from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.bench.cost.latency.latency_range import estimate_latency
from dlbench.bench.cost.latency.model_work import work_of_model
from dlbench.bench.cost.latency.published_inference import PublishedInference
from dlbench.bench.cost.latency.published_search import beside
from dlbench.bench.cost.latency.work_columns import fitted_format
from dlbench.bench.cost.latency.workload import NetworkWork
from dlbench.bench.results.schema import Cell, Result
from dlbench.show import units
from dlbench.show.table import Column, Filled, Table
from dlbench.show.texts import tr

_SHORT = 14
_MORE: tuple[Filled[PublishedInference], ...] = (
    (Column("pixels", secondary=2), lambda row: units.number(row.image_size, "{:d}")),
    (Column("threads", secondary=3), lambda row: units.number(row.threads, "{:d}")),
    (
        Column("as published", False, wraps=True, secondary=4),
        lambda row: ", ".join(filter(None, (row.runtime_note, row.format_note))),
    ),
    (Column("source", False, wraps=True, secondary=5), lambda row: row.source),
)


def published_times_table(rows: Sequence[PublishedInference], short: bool = False) -> Table:
    """Return published times, the fastest picture first; short: each device's fastest row, as many as fit a screen."""
    shown = _fastest_of_each(rows)[:_SHORT] if short else rows
    columns: tuple[Filled[PublishedInference], ...] = (
        (Column("network", False, key=True), lambda row: row.network),
        (Column("device", False, wraps=True, key=True), lambda row: row.device),
        (Column("format", False, key=True), lambda row: row.number_format or "n/a"),
        (Column("runtime", False, key=True), lambda row: row.runtime or "n/a"),
        (Column("batch", key=True), lambda row: units.number(row.batch, "{:d}")),
        (Column("a picture"), lambda row: units.duration(row.picture_s)),
        (Column("date", False, secondary=1), lambda row: row.date[:7]),
        *(() if short else _MORE),
    )
    notes = ["published by others, not measured here; n/a: not stated."]
    if short:
        notes.append(
            tr(
                "{shown} of {all} rows: the fastest of each device and network; `tables()` shows all.",
                shown=len(shown),
                all=len(rows),
            )
        )
    return Table.of("published", "Published times", shown, columns, notes)


def _fastest_of_each(rows: Sequence[PublishedInference]) -> list[PublishedInference]:
    """Return each device's fastest row of each network; of one device and network, that of each setting."""
    places = {(row.network, row.device, row.runs_on) for row in rows}
    alone = len(places) == 1
    fastest: dict[tuple[object, ...], PublishedInference] = {}
    for row in rows:
        place = (row.network, row.device, row.runs_on)
        fastest.setdefault((*place, row.number_format, row.runtime, row.batch) if alone else place, row)
    return list(fastest.values())


def published_overview(rows: Sequence[PublishedInference]) -> Table:
    """Return how many devices and networks each runtime has published rows of."""
    groups = defaultdict(list)
    for row in rows:
        groups[row.runs_on, row.runtime or "n/a"].append(row)
    columns: tuple[Filled[Sequence[PublishedInference]], ...] = (
        (Column("runs on", False, key=True), lambda some: some[0].runs_on),
        (Column("runtime", False, key=True), lambda some: some[0].runtime or "n/a"),
        (Column("devices"), lambda some: units.number(len({r.device for r in some}), "{:d}")),
        (Column("networks"), lambda some: units.number(len({r.network for r in some}), "{:d}")),
        (Column("rows"), lambda some: units.number(len(some), "{:d}")),
        (Column("dates", False), _years),
    )
    notes = ("published by others, not measured here. `network` and `device` show the rows.",)
    many_first = sorted(groups.values(), key=lambda some: -len(some))
    return Table.of("publishedoverview", "Published times of inference", many_first, columns, notes)


def _years(rows: Sequence[PublishedInference]) -> str:
    years = sorted({row.year for row in rows if row.year})
    if not years:
        return ""
    return str(years[0]) if len(years) == 1 else f"{years[0]}-{years[-1]}"


def published_document(rows: Sequence[PublishedInference]) -> list[dict[str, Any]]:
    """Return the rows for JSON, in SI units."""
    return [
        {
            "kind": "published",
            "network": row.network,
            "image_size": row.image_size,
            "device": row.device,
            "runs_on": row.runs_on,
            "format": row.number_format or None,
            "format_as_published": row.format_note or None,
            "runtime": row.runtime or None,
            "runtime_as_published": row.runtime_note,
            "batch": row.batch,
            "threads": row.threads,
            "run_s": row.latency_s,
            "picture_s": row.picture_s,
            "source": row.source,
            "date": row.date,
        }
        for row in rows
    ]


def published_beside_table(result: Result) -> Table:
    """Return what was measured here, published by others and estimated, for the networks that published rows know."""
    columns = (
        Column("network", False, key=True),
        Column("figure", False, key=True),
        Column("device", False, wraps=True, key=True),
        Column("in", False, key=True),
        Column("runtime", False, key=True),
        Column("batch", key=True),
        Column("a picture"),
        Column("source", False, secondary=1),
    )
    notes = (
        "measured: here, the fastest provider at that batch size. published: by others, with other runtimes, number "
        "formats and batch sizes; `dlbench cost published` has all rows. estimated: nothing ran there, a range for "
        "ONNX Runtime; `dlbench cost estimate` says what it rests on.",
    )
    title = "Measured here, published by others, and estimated"
    return Table("publishedbeside", title, columns, tuple(_beside_rows(result)), notes)


def _beside_rows(result: Result) -> Iterator[tuple[Any, ...]]:
    for model in result.models:
        if not model.macs:
            continue
        work = work_of_model(model)
        rows = beside(work)
        of_model = [c for c in result.cells if (c.model, c.precision) == (model.name, model.precision)]
        timed = [c for c in of_model if c.timed_alone]
        if not rows or not timed:
            continue
        best = min(timed, key=_picture_s)
        yield (
            model.name, tr("measured"), result.machine.cpu, model.precision, f"onnxruntime, {best.provider}",
            units.number(best.batch, "{:d}"), units.duration(_picture_s(best)), result.created[:10],
        )  # fmt: skip
        for row in rows:
            yield (
                model.name, tr("published"), row.device, row.number_format or "n/a", row.runtime or "n/a",
                units.number(row.batch, "{:d}"), units.duration(row.picture_s), f"{row.source}, {row.date[:7]}",
            )  # fmt: skip
        yield from _estimated_rows(model.name, work, fitted_format(model.precision))


def _estimated_rows(name: str, work: NetworkWork, number_format: str) -> Iterator[tuple[Any, ...]]:
    for device_id in ESTIMATED_BESIDE:
        device = load_catalogue().device(device_id)
        found = estimate_latency(work, device, number_format=number_format)
        span = units.duration_span(found.fast_s, found.slow_s)
        cells = (units.number(1, "{:d}"), span, "dlbench cost estimate")
        yield (name, tr("estimated"), device.name, number_format, "onnxruntime", *cells)


def _picture_s(cell: Cell) -> float:
    return cell.median_s / cell.batch

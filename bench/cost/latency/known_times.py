"""What is known of the device that is asked for: times that were typed in, those of earlier results, published ones.

typed = known_times(["mobilenet_v2=2ms", "t4:mobilenet_v2=1.2ms"], ("t4",), models)
typed["t4"]
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from dlbench.bench.cost.catalogue import Catalogue, Device
from dlbench.bench.cost.latency.chip_table import offer_of, published_offers
from dlbench.bench.cost.latency.latency_range import Known
from dlbench.bench.cost.latency.model_work import work_of_model
from dlbench.bench.cost.latency.network_table import known_networks, network_work
from dlbench.bench.cost.latency.published_search import rows_of_network
from dlbench.bench.cost.latency.work_columns import FORMATS, fitted_format
from dlbench.bench.cost.latency.workload import NetworkWork
from dlbench.bench.results.records import ModelRecord
from dlbench.bench.results.schema import Cell, Result
from dlbench.errors import InputError, PriceError, close_matches
from dlbench.show.texts import tr
from dlbench.show.units import duration_span, typed_number, typed_seconds

__all__ = ["known_of_results", "known_times", "published_times", "time_here"]

_TYPED = re.compile(r"(?:(?P<device>[^:=]+):)?(?P<network>[^:=]+)=(?P<time>[^:=]{1,40})")
_MOST_S = 1e6
_MOST_PUBLISHED = 4


def known_times(
    texts: Sequence[str], devices: Sequence[str], models: Sequence[ModelRecord] = ()
) -> Mapping[str, tuple[Known, ...]]:
    """Return typed-in times by the id of the device: `NETWORK=TIME`, or `DEVICE:NETWORK=TIME` where there are several.

    Args:
        texts: a network of the published rows or of the result, and the time of one picture in s, ms or us.
        devices: the ids that are asked for.
        models: of the result.

    Raises:
        InputError: not of that form, an unknown network, or it is not clear which device is meant.
    """
    found: dict[str, tuple[Known, ...]] = {}
    for text in texts:
        match = _TYPED.fullmatch(text.strip())
        seconds = _seconds(match["time"]) if match else None
        if match is None or seconds is None:
            raise InputError(
                f"--known: expected a network and its time on the device, such as mobilenet_v2=2ms, received {text!r}."
            )
        device = match["device"] or (devices[0] if len(devices) == 1 else "")
        if device not in devices:
            raise InputError(
                f"--known: expected one of the devices that are estimated in front of the time, such as "
                f"{devices[0]}:{match['network']}={match['time']}, received {text!r}."
            )
        number, unit = typed_number(match["time"])
        one = Known(_network(match["network"], models), seconds, label=f"{match['network']} {number:g} {unit}")
        found[device] = (*found.get(device, ()), one)
    return found


def _seconds(text: str) -> float | None:
    try:
        seconds = typed_seconds("--known", text, bare="")
    except InputError:
        return None
    return seconds if 0 < seconds <= _MOST_S else None


def _network(name: str, models: Sequence[ModelRecord]) -> NetworkWork:
    own = next((model for model in models if model.name == name and model.macs), None)
    if own is not None:
        return work_of_model(own)
    work = network_work(name)
    if work is None:
        sizes = [w for w in known_networks().values() if w.name == name]
        work = max(sizes, key=lambda w: w.size, default=None)
    if work is None:
        near = close_matches(name, [*(m.name for m in models), *{n for n, _ in known_networks()}])
        raise InputError(
            f"--known: expected a network of the result or of the published rows, received {name!r}.{near} `dlbench "
            "cost published` lists them."
        )
    return work


def known_of_results(results: Sequence[Result], device: Device, catalogue: Catalogue) -> tuple[Known, ...]:
    """Return what earlier results measured on a device: each network's fastest cell at its smallest batch."""
    found = []
    for result in results:
        row = catalogue.match(result.machine.cpu)
        if row is not None and row.id == device.id:
            found += list(_known_cells(result))
    return tuple(found)


def _known_cells(result: Result) -> Iterator[Known]:
    best: dict[tuple[str, str], Cell] = {}
    for cell in result.cells:
        if cell.timed_alone and cell.provider == "cpu":
            key = (cell.model, cell.precision)
            old = best.get(key)
            if old is None or (cell.batch, cell.median_s) < (old.batch, old.median_s):
                best[key] = cell
    models = {(m.name, m.precision): m for m in result.models}
    for key, cell in best.items():
        model = models.get(key)
        if model is None or not model.macs:
            continue
        try:
            work = work_of_model(model, cell.nodes_total or 0)
        except PriceError:
            continue
        label = f"{cell.model} in a result of {result.created[:10]}"
        form = fitted_format(key[1])
        yield Known(work, cell.median_s, None, cell.batch, form, threads=cell.threads or None, label=label)


def time_here(work: NetworkWork, cell: Cell, result: Result, catalogue: Catalogue) -> Known | None:
    """Return a cell's time as one of its own device, for the estimates of others to lean on.

    None: hardly any of its rounds was calm, or the price list does not have the device, or not its rates.
    """
    row = catalogue.match(result.machine.system_name(cell.place))
    if row is None or cell.disturbed:
        return None
    try:
        offer_of(row)
    except PriceError:
        return None
    threads = (cell.threads or None) if cell.place == "cpu" else None
    label = tr("{network}, measured on {device}", network=cell.model, device=row.name)
    return Known(work, cell.median_s, row, cell.batch, fitted_format(cell.precision), threads=threads, label=label)


def published_times(work: NetworkWork, device: Device, form: str) -> Iterator[Known]:
    """Yield the published times of this network on this chip, one picture at a time, the same number format first."""
    if not work.name:
        return
    names = {key for key, offer in published_offers().items() if device.id in offer.ids}
    rows = [row for row in rows_of_network(work.name) if (row.device, row.runs_on == "gpu") in names and row.batch == 1]
    rows = [row for row in rows if row.image_size == work.size and row.number_format in FORMATS]
    rows.sort(key=lambda row: (row.number_format != form, row.runtime != "onnxruntime", row.latency_s))
    for row in rows[:_MOST_PUBLISHED]:
        when = row.year or tr("undated")
        time = duration_span(row.latency_s, row.latency_s)
        by = f"{row.publisher}, {when}"
        label = tr(
            "{network} {time} with {runtime} in {form}{cores} (published by {by})",
            network=row.network,
            time=time,
            runtime=row.runtime,
            form=row.number_format,
            cores=_on_threads(row.threads),
            by=by,
        )
        yield Known(work, row.latency_s, device, 1, row.number_format, row.runtime, row.threads, label)


def _on_threads(n: int | None) -> str:
    if not n:
        return ""
    return tr(" on 1 thread") if n == 1 else tr(" on {n} threads", n=n)

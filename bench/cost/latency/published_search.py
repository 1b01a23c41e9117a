"""Published rows of a network or a device, and those that stand beside a model's own figures.

found = published_rows(network="resnet50", device="rpi5-8gb")
beside(work_of_model(model))
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.bench.cost.latency.chip_table import published_offers
from dlbench.bench.cost.latency.network_table import canonical_name
from dlbench.bench.cost.latency.published_inference import PublishedInference, published_inference
from dlbench.bench.cost.latency.workload import NetworkWork
from dlbench.errors import InputError, close_matches

__all__ = ["beside", "published_rows", "published_there", "rows_of_network"]


@cache
def _by_network() -> dict[str, tuple[PublishedInference, ...]]:
    found = defaultdict(list)
    for row in published_inference():
        found[canonical_name(row.network)].append(row)
    return {name: tuple(rows) for name, rows in found.items()}


def rows_of_network(name: str) -> tuple[PublishedInference, ...]:
    """Return the published rows of a network under any of its names."""
    return _by_network().get(canonical_name(name), ())


def published_rows(network: str | None = None, device: str | None = None) -> tuple[PublishedInference, ...]:
    """Return the published rows of a network, on a device, or both; the fastest picture first.

    Args:
        network: its name, as torchvision, timm or ncnn call it; None: all.
        device: an id of the price list, or a part of the device's name; None: all.

    Raises:
        InputError: no row has such a network, or such a device, or both.
    """
    rows = published_inference()
    networks = _networks(network, rows) if network is not None else None
    devices = _devices(device, rows) if device is not None else None
    found = [
        row
        for row in rows
        if (networks is None or row.network in networks) and (devices is None or row.device in devices)
    ]
    if not found:
        raise InputError(
            f"cost published: expected a network that was measured on that device, received {network!r} on {device!r}; "
            "leave one of them out to see what there is."
        )
    return tuple(sorted(found, key=lambda row: row.picture_s))


def _networks(asked: str, rows: Sequence[PublishedInference]) -> set[str]:
    known = {row.network for row in rows}
    plain = asked.strip().lower().replace("-", "_")
    named = {plain, plain.partition(".")[0]} & known
    if not named:
        near = close_matches(plain, known) or " Such names are resnet50 and mobilenet_v2."
        raise InputError(f"--network: expected a network of the published rows, received {asked[:80]!r}.{near}")
    return named


def _devices(asked: str, rows: Sequence[PublishedInference]) -> set[str]:
    known = {row.device for row in rows}
    plain = asked.strip().lower()
    named = {offer.name for offer in published_offers().values() if plain in offer.ids} & known
    named = named or {name for name in known if plain and plain in name.lower()}
    if not named and plain in load_catalogue().devices:
        raise InputError(
            f"--device: expected a device that others measured, received {plain!r}, of which no row is published; "
            f"`dlbench cost estimate --on {plain}` estimates your networks there."
        )
    if not named:
        near = close_matches(asked, [*known, *load_catalogue().devices])
        near = near or " Such parts are Jetson and Raspberry; `dlbench cost catalogue` lists the ids."
        raise InputError(
            f"--device: expected an id of the price list or a part of a published device's name, received "
            f"{asked[:80]!r}.{near}"
        )
    return named


def beside(work: NetworkWork, most: int = 5) -> tuple[PublishedInference, ...]:
    """Return a few published rows of a known network, of devices as different as there are; none where it is not known.

    Rows of ONNX Runtime come first, then one of each kind of device, the newest.
    """
    if not work.name:
        return ()
    rows = _rows_of_work(work)
    rows.sort(key=lambda r: (not r.runtime.startswith("onnxruntime"), _kind_order(r), -(r.year or 0), r.picture_s))
    chosen: dict[tuple[str, str], PublishedInference] = {}
    for row in rows:
        chosen.setdefault((row.runs_on, _source(row)), row)
    return tuple(list(chosen.values())[:most])


def _rows_of_work(work: NetworkWork) -> list[PublishedInference]:
    return [r for r in rows_of_network(work.name) if (r.network, r.image_size) == (work.name, work.size)]


def published_there(work: NetworkWork, device_id: str, number_format: str, batch: int) -> PublishedInference | None:
    """Return a known network's published row on a device of the price list: the setting that is most like the asked."""
    names = {offer.name for offer in published_offers().values() if device_id in offer.ids}
    if not (work.name and names):
        return None
    rows = [r for r in _rows_of_work(work) if r.device in names]
    return min(
        rows,
        key=lambda r: (r.batch != batch, r.number_format != number_format, _is_other_runtime(r), r.picture_s),
        default=None,
    )


def _is_other_runtime(row: PublishedInference) -> bool:
    return not row.runtime.startswith("onnxruntime")


def _kind_order(row: PublishedInference) -> int:
    return ("gpu", "cpu", "npu", "edge-tpu", "tpu").index(row.runs_on)


def _source(row: PublishedInference) -> str:
    return row.source.partition("/")[0].partition(" ")[0]

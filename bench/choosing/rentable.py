"""Which ways there are to have a device of the price list: buy it, or rent an instance that holds it.

found, left_out = ways_to_have(load_catalogue())
found[0].device.id, found[0].kind, left_out["coral-usb"]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dlbench.bench.cost.catalogue import Catalogue, Device, dated, hardly_sold, older_than_a_year
from dlbench.bench.cost.renting import HELD_BY

_COMPUTES = ("edge", "cpu", "gpu")
_NO_RUNTIME = {
    "coral-usb": "it runs networks compiled for TensorFlow Lite in int8, not ONNX files.",
    "tpu": "ONNX Runtime does not run on a TPU.",
    "service": "a notebook service is no place to answer from all day.",
}


@dataclass(frozen=True)
class Way:
    """One way to have a device: bought, rented, or here already."""

    kind: str  # buy, rent or have
    id: str  # of the row that is paid for
    name: str
    device: Device  # that computes
    each: int = 1  # devices in what is paid for
    price_usd: float | None = None
    hourly_usd: float | None = None
    dated: str = ""
    power_w: float | None = None
    needs_host: bool = False  # a card: the computer around it comes on top

    @property
    def sold_in(self) -> int | None:
        """The year of a purchase price that is more than five years old; None: it is newer, or nothing is bought."""
        day = dated(self.dated)
        return day.year if day and self.kind == "buy" and hardly_sold(self.dated) else None

    @property
    def old_since(self) -> int | None:
        """The year of a price that is more than a year old; None: it is newer, or its date is not known."""
        day = dated(self.dated)
        return day.year if day and older_than_a_year(self.dated) else None

    @property
    def is_board(self) -> bool:
        """Whether it is a small board that stands where the pictures are taken."""
        return self.device.kind == "edge"


def ways_to_have(catalogue: Catalogue) -> tuple[list[Way], dict[str, str]]:
    """Return every way to have a device of the price list, and why the other rows are none (by id)."""
    found: list[Way] = []
    left_out: dict[str, str] = {}
    for row in catalogue.devices.values():
        why = _no_way(row, catalogue)
        ways = () if why else _ways(row, catalogue)
        found += ways
        if not ways:
            left_out[row.id] = (
                why or "which device it holds is not known: give a row of kind cpu or gpu in a price file."
            )
    return found, left_out


def _no_way(row: Device, catalogue: Catalogue) -> str:
    """Return why a row can't be chosen; empty: it can."""
    newer = next((i for i in catalogue.devices if i.startswith(f"{row.id}-20")), None)
    if newer:
        return f"its price is out of date: {newer} has a newer one."
    rent = row.trusted("hourly_usd")
    kind = "tpu" if row.id.startswith("gcp-tpu") else row.kind
    why = _NO_RUNTIME.get(row.id) or _NO_RUNTIME.get(kind)
    if why is None and kind in _COMPUTES:
        return "it is sold inside whole servers: rent it." if "SXM" in row.name and rent is None else ""
    return why or ("it has no rent: give hourly_usd in a price file." if rent is None else "")


def _ways(row: Device, catalogue: Catalogue) -> tuple[Way, ...]:
    """Return the ways to have one row: bought, rented, or both where the user's own file gives both prices."""
    rent, price, power = (row.trusted(field) for field in ("hourly_usd", "price_usd", "tdp_w"))
    computes = row.kind in _COMPUTES
    held, each = HELD_BY.get(row.id, ("", 1))
    device = catalogue.devices.get(held) or row
    if not (computes or held or row.vcpus or row.fp32_tflops):
        return ()
    bought = Way("buy", row.id, row.name, row, 1, price, None, row.price_date, power, row.kind == "gpu")
    rented = Way("rent", row.id, row.name, device, each, None, rent, row.hourly_date)
    return (
        *((bought,) if computes and (price is not None or rent is None) else ()),
        *((rented,) if rent is not None else ()),
    )


def instances_with(device: Device, ways: list[Way]) -> Iterator[Way]:
    """Yield the instances that rent this device out, the cheapest first."""
    rented = [way for way in ways if way.kind == "rent" and way.device.id == device.id]
    yield from sorted(rented, key=lambda way: way.hourly_usd or 0.0)

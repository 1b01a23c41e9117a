"""The price list: devices, cloud instances and services, each number with its date and its source.

    from dlbench.bench.cost.catalogue import load_catalogue

    catalogue = load_catalogue()
    catalogue.device("aws-c7i-2xlarge").hourly_usd

The rows were collected in November 2026. An empty cell was not found and is None: it is never guessed. Values that
were written from memory are named in `from_memory` and enter no figure unless the user asks for that device.
"""

from __future__ import annotations

import csv
import io
import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from pydantic import TypeAdapter

from dlbench.errors import PriceError, close_matches

_SOLD_YEARS = 5
# How the operating system spells devices whose row has a longer title.
_SYSTEM_NAMES = {
    "laptop-i7-1165g7": "i7-1165G7",
    "desktop-5950x": "Ryzen 9 5950X",
    "threadripper-1920x": "Threadripper 1920X",
    "intel-n100": "Intel N100",
    "apple-m1": "Apple M1",
    "apple-m2": "Apple M2",
    "apple-m4": "Apple M4",
    # as the driver calls them
    "v100-sxm2-16gb": "V100-SXM2-16GB",
    "a100-sxm-40gb": "A100-SXM4-40GB",
    "a100-sxm-80gb": "A100-SXM4-80GB",
    "h100-sxm-80gb": "H100",
    "h200-sxm-141gb": "H200",
}
_VARIANTS = {"ti", "super", "laptop", "max", "pro", "ultra", "xt", "d", "mobile", "nvl", "pcie"}


@dataclass(frozen=True)
class Device:
    """One row: peak rates per second, memory in GB, bandwidth in GB/s, prices in USD; `vcpus` of a rented instance."""

    id: str
    name: str
    kind: str
    year: int | None = None
    price_usd: float | None = None
    price_date: str = ""
    tdp_w: float | None = None
    fp32_tflops: float | None = None
    fp16_tflops: float | None = None
    int8_tops: float | None = None
    vcpus: int | None = None
    memory_gb: float | None = None
    bandwidth_gbs: float | None = None
    hourly_usd: float | None = None
    hourly_date: str = ""
    vendor: str = ""
    source: str = ""
    confidence: str = ""
    from_memory: frozenset[str] = frozenset()

    @property
    def age_years(self) -> float | None:
        """Return the age of its prices, of the older one where there are two; None: no price with a date."""
        dates = ((self.price_usd, self.price_date), (self.hourly_usd, self.hourly_date))
        ages = [age for price, text in dates if price is not None and (age := years_old(text)) is not None]
        return max(ages, default=None)

    @property
    def old(self) -> list[str]:
        """Return the price columns whose date is more than a year old."""
        dates = {"price_usd": self.price_date, "hourly_usd": self.hourly_date}
        return [field for field, text in dates.items() if older_than_a_year(text)]

    def trusted(self, field: str) -> float | None:
        """Return a number unless it was written from memory."""
        value: float | None = getattr(self, field)
        return None if field in self.from_memory else value


@dataclass(frozen=True)
class Catalogue:
    """All devices by id."""

    devices: dict[str, Device]

    def device(self, device_id: str) -> Device:
        """Return the row with this id.

        Raises:
            PriceError: unknown; the line suggests close ids.
        """
        found = self.devices.get(device_id.strip().lower())
        if found is None:
            near = close_matches(device_id, self.devices)
            raise PriceError(
                f"unknown device: expected an id from the price list, received {device_id!r}.{near} `dlbench cost "
                "catalogue` lists all of them."
            )
        return found

    def match(self, system_name: str) -> Device | None:
        """Return the row of the device that the system calls by this name, or None; a near match does not count."""
        return next(self.matches(system_name), None)

    def matches(self, system_name: str) -> Iterator[Device]:
        """Yield every row of that device: a board is sold with more or less memory."""
        have = _tokens(system_name)
        for device in self.devices.values():
            if device.kind not in ("cpu", "gpu", "edge"):
                continue
            want = _tokens(_SYSTEM_NAMES.get(device.id, re.sub(r"\(.*?\)|\b\d+GB\b", "", device.name)))
            if want and want <= have and not (have - want) & _VARIANTS:
                yield device

    def of_kind(self, kind: str | None) -> tuple[Device, ...]:
        """Return the devices of one kind, or all.

        Raises:
            PriceError: no device is of that kind.
        """
        found = tuple(d for d in self.devices.values() if kind in (None, d.kind))
        if not found:
            kinds = sorted({d.kind for d in self.devices.values()})
            near = close_matches(str(kind), kinds)
            raise PriceError(f"unknown kind of device: expected one of {', '.join(kinds)}, received {kind!r}.{near}")
        return found

    def with_devices(self, devices: Iterable[Device]) -> Catalogue:
        """Return a catalogue with these rows added; a row replaces the one with the same id."""
        return Catalogue({**self.devices, **{d.id: d for d in devices}})


def _tokens(name: str) -> set[str]:
    name = re.sub(r"\((?:R|TM|C)\)|@.*$", " ", name, flags=re.IGNORECASE)
    words = re.findall(r"[a-z0-9-]+", name.lower())
    return {w for w in words if w not in {"nvidia", "geforce", "amd", "cpu", "gpu", "desktop", "tesla", "gen", "core"}}


def dated(text: str) -> date | None:
    """Return the day that a price's date, as written in its row, ends with; None: no date can be read.

    "2018-09 launch" and "2022" are dates; a month counts to its end, a year to its last day. Of several the latest
    counts; a product of two numbers ("2026-09-27 rate x 2022 CU price") is as old as its older one.
    """
    found = []
    for y, m, d in re.findall(r"\b(20\d\d)(?:-(\d\d))?(?:-(\d\d))?\b", text):
        year, month = int(y), min(max(int(m or 12), 1), 12)
        found.append(date(year, month, min(max(int(d or 31), 1), monthrange(year, month)[1])))
    counts = min if " x " in text else max
    return counts(found) if found else None


def older_than_a_year(text: str, today: date | None = None) -> bool:
    """Say whether a price's date is more than a year old; where none can be read nothing is said against the price."""
    age = years_old(text, today)
    return age is not None and age > 1


def hardly_sold(text: str) -> bool:
    """Say whether a price's date is more than five years old: such a device is hardly sold any more."""
    age = years_old(text)
    return age is not None and age > _SOLD_YEARS


def years_old(text: str, today: date | None = None) -> float | None:
    """Return the age of a price in years by its date, at least 0; None: no date can be read."""
    day = dated(text)
    return None if day is None else max(0.0, ((today or date.today()) - day).days / 365.25)


@cache
def load_catalogue() -> Catalogue:
    """Read the list that ships with dlbench."""
    rows = ({**row, "from_memory": _from_memory(row.get("confidence", ""))} for row in filled_cells("hardware.csv"))
    return Catalogue({d.id: d for d in TypeAdapter(tuple[Device, ...]).validate_python(tuple(rows))})


def filled_cells(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table in this folder, without the cells that are empty."""
    text = (resources.files(__package__) / name).read_text(encoding="utf-8")
    for row in csv.DictReader(io.StringIO(text)):
        yield {column: value for column, value in row.items() if value}


def _from_memory(confidence: str) -> frozenset[str]:
    """Return the columns that the confidence note says were written from memory."""
    numbers = [field.name for field in fields(Device) if field.type == "float | None"]
    found: set[str] = set()
    plain = re.sub(r"\([^)]*\)", "", confidence)  # remarks in brackets hold their own semicolons
    for clause in re.findall(r"from memory[^:;]*:([^;]*?)(?:\.\s|;|$)", plain):
        found.update(column for column in numbers if column in clause)
    if "price from memory" in confidence:
        found.add("price_usd")
    return frozenset(found)

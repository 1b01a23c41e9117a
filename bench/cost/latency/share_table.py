"""The fitted numbers: shares of peak and bandwidth, factors of runtimes, spreads and widths, with the date of the fit.

    table = share_table()
    table.family("gpu-one").shares["launch"], table.runtime("gpu-one", "onnxruntime")

`benchmarks/estimates.py --fit` writes `shares.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["STATES", "ClassSpread", "Family", "RuntimeFactor", "ShareTable", "family_name", "share_table"]

STATES = ("nothing", "factor", "measured", "both")  # what is known of the network and of the target
_FAMILIES = {"gpu-one": "gpu", "phone-gpu": "gpu", "gpu-batch": "gpu-batch"}


@dataclass(frozen=True)
class RuntimeFactor:
    """A runtime in a family: the logarithm of its time over the formula's, and what that rests on."""

    log: float
    sd: float  # how sure that is, in log
    chips: int
    rows: int


@dataclass(frozen=True)
class ClassSpread:
    """How far the truth lies from the formula in one class of devices, as standard deviations of the logarithm."""

    device: float  # the chip as a whole
    network: float  # the network, on every chip
    rest: float  # this network on this chip
    terms: tuple[float, ...]  # the chip in each term of the formula
    shares: tuple[float, ...]  # of the time in each term, which published rows hardly exceed: no more of it counts
    common: float  # of a chip's effect, what networks share however unlike they are; the rest of it only those alike do
    rest_common: float  # of the rest, what goes with networks like this one
    distance: float  # of the networks' traits, at which likeness has fallen to exp(-1/2)
    reach: dict[str, float]  # by what is known: half a range in standard deviations, nine rows of ten of unseen chips


@dataclass(frozen=True)
class Family:
    """The fitted factors of one formula: processors, GPUs one picture at a time, GPUs in batches."""

    shares: dict[str, float]
    runtimes: dict[str, RuntimeFactor] = field(default_factory=dict)


@dataclass(frozen=True)
class ShareTable:
    """All that was fitted."""

    fitted: str  # the date
    rows: int
    families: dict[str, Family]
    spreads: dict[str, ClassSpread]

    def family(self, device_class: str) -> Family:
        """Return the factors that a class of devices uses."""
        return self.families[family_name(device_class)]

    def runtime(self, device_class: str, runtime: str) -> RuntimeFactor | None:
        """Return the factor of a runtime in the family of a class; None: no published row has it."""
        return self.family(device_class).runtimes.get(runtime)

    def __hash__(self) -> int:
        return hash(self.fitted)


def family_name(device_class: str) -> str:
    """Return the name of the family whose formula a class of devices uses."""
    return _FAMILIES.get(device_class, "processor")


def _family(document: dict[str, Any]) -> Family:
    runtimes = {name: RuntimeFactor(**values) for name, values in document["runtimes"].items()}
    return Family(dict(document["shares"]), runtimes)


def _spread(values: dict[str, Any]) -> ClassSpread:
    return ClassSpread(**{**values, "terms": tuple(values["terms"]), "shares": tuple(values["shares"])})


@cache
def share_table() -> ShareTable:
    """Read the table that ships with dlbench."""
    text = (resources.files("dlbench.bench.cost.latency") / "shares.json").read_text(encoding="utf-8")
    document = json.loads(text)
    return ShareTable(
        fitted=document["fitted"],
        rows=document["rows"],
        families={name: _family(values) for name, values in document["families"].items()},
        spreads={name: _spread(values) for name, values in document["spreads"].items()},
    )

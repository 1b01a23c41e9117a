"""What a device offers: cores, peak rates and bandwidth of the chips that published rows and the price list name.

    offer = offer_of(load_catalogue().device("rpi5-8gb"))
    offer.kind, offer.bandwidth, offer.core_count

The chips' rates are from data sheets, many of them remembered rather than read: `catalogue/chips.csv` says which.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from dlbench.bench.cost.catalogue import Device, load_catalogue
from dlbench.errors import PriceError

__all__ = ["CoreGroup", "Offer", "offer_of", "published_offer", "published_offers"]

_GPU_KINDS = ("gpu", "phone-gpu")
# Cores of a device whose row names only rates: clock in GHz, fp32 FLOP a cycle and core.
_USUAL_CORE = {"cpu": (3.5, 32.0), "board": (1.8, 16.0)}
_RATES = ("fp32_tflops", "fp16_tflops", "int8_tops", "bandwidth_gbs")
_USUAL_BANDWIDTH_GBS = {"cpu": 25.0, "board": 12.8}


@dataclass(frozen=True)
class CoreGroup:
    """Cores of one kind."""

    count: int
    clock_ghz: float
    flop_per_cycle: float  # fp32, of one core
    in_order: bool


@dataclass(frozen=True)
class Offer:
    """One device as the formula needs it; rates in FLOP/s, bandwidth in bytes/s."""

    name: str
    chip: str
    kind: str  # cpu, board, phone, gpu, phone-gpu
    bandwidth: float
    cores: tuple[CoreGroup, ...] = ()  # the biggest first; empty for a GPU
    fp16_times: float = 1.0  # of the fp32 rate
    int8_times: float = 1.0  # of the fp32 rate; of a GPU: below 1 where it has no units for 8 bits
    fp32_peak: float = 0.0  # of a GPU
    tensor_peak: float = 0.0  # of a GPU, fp16 in its matrix units; its plain fp16 rate where it has none
    has_tensor_cores: bool = False
    is_arm: bool = False
    ids: tuple[str, ...] = ()  # rows of the price list
    guessed: tuple[str, ...] = ()  # what its row does not say
    remembered: tuple[str, ...] = ()  # cores, rates, tensor, bandwidth: which numbers no data sheet was read for

    @property
    def on_gpu(self) -> bool:
        """Say whether the GPU does the work."""
        return self.kind in _GPU_KINDS

    @property
    def core_count(self) -> int:
        """Return the number of cores."""
        return sum(group.count for group in self.cores)

    def used(self, threads: int) -> tuple[CoreGroup, ...]:
        """Return the cores that so many threads take, the biggest first."""
        taken, left = [], threads
        for group in self.cores:
            if left > 0:
                taken.append(replace(group, count=min(group.count, left)))
                left -= group.count
        return tuple(taken)


def _cores(text: str) -> tuple[CoreGroup, ...]:
    """Return the groups of `4x2.4x16+4x1.8x8a`: count x GHz x FLOP a cycle; a: in order."""
    groups = []
    for part in filter(None, text.split("+")):
        count, clock, flop = part.split("x")
        groups.append(CoreGroup(int(count), float(clock), float(flop.rstrip("a")), flop.endswith("a")))
    return tuple(groups)


def _offer(row: dict[str, str]) -> Offer:
    def number(field: str) -> float:
        return float(row[field] or 0)

    tensor = number("tensor_tflops")
    return Offer(
        name=row["device"],
        chip=row["chip"],
        kind=row["kind"],
        bandwidth=number("bandwidth_gbs") * 1e9,
        cores=_cores(row["cores"]),
        fp16_times=number("fp16_times") or 1.0,
        int8_times=number("int8_times") or 1.0,
        fp32_peak=number("fp32_tflops") * 1e12,
        tensor_peak=(tensor or number("fp16_tflops")) * 1e12,
        has_tensor_cores=tensor > 1.2 * number("fp16_tflops"),
        is_arm=row["arm"] == "yes",
        ids=tuple(row["ids"].split()),
        remembered=tuple(row["remembered"].split()),
    )


@cache
def published_offers() -> dict[tuple[str, bool], Offer]:
    """Return the shipped chips by the device's name in the published rows, and whether its GPU works."""
    text = (resources.files("dlbench.bench.cost.catalogue") / "chips.csv").read_text(encoding="utf-8")
    offers = [_offer(row) for row in csv.DictReader(io.StringIO(text))]
    return {(offer.name, offer.on_gpu): offer for offer in offers}


def published_offer(device: str, on_gpu: bool) -> Offer | None:
    """Return what a device of the published rows offers; None: its rates are not known."""
    return published_offers().get((device, on_gpu))


def offer_of(device: Device) -> Offer:
    """Return what a row of the price list, or of a price file, offers.

    Raises:
        PriceError: the row is no computing device, or lacks a peak rate or a bandwidth.
    """
    listed = next((offer for offer in published_offers().values() if device.id in offer.ids), None)
    if listed is not None and not _has_rates_of_its_own(device):
        return _limited(listed, device)
    if device.kind in ("service", "tpu"):
        raise PriceError(
            f"{device.id}: expected a CPU, GPU or board, received a row of kind {device.kind!r}: for such rows too "
            "little is published; `dlbench cost catalogue --kind gpu` lists some."
        )
    return _from_rates(device)


def _has_rates_of_its_own(device: Device) -> bool:
    """Say whether a price file gave this row other rates than the price list has."""
    shipped = load_catalogue().devices.get(device.id)
    return shipped is not None and any(getattr(device, f) != getattr(shipped, f) for f in _RATES)


def _limited(offer: Offer, device: Device) -> Offer:
    """Return an offer with the cores that a rented instance has."""
    if not (device.vcpus and offer.cores):
        return offer
    share = device.vcpus if offer.is_arm else max(1, device.vcpus // 2)  # a vCPU of x86 is half a core
    return replace(offer, cores=(replace(offer.cores[0], count=share),))


def _from_rates(device: Device) -> Offer:
    """Return the offer of a row that no chip is known for: its peak rates and its bandwidth."""
    if not device.fp32_tflops:
        raise PriceError(
            f"{device.id}: expected a peak rate, received none: the price list does not know it; add fp32_tflops "
            "(TFLOP/s) in a price file (`dlbench cost template` prints one)."
        )
    on_gpu = device.kind == "gpu"
    kind = "gpu" if on_gpu else "board" if device.kind == "edge" else "cpu"
    if on_gpu and not device.bandwidth_gbs:
        raise PriceError(
            f"{device.id}: expected its memory bandwidth, received none: the price list does not know it; add "
            "bandwidth_gbs (GB/s) in a price file (`dlbench cost template` prints one)."
        )
    peak = device.fp32_tflops * 1e12
    half = device.fp16_tflops * 1e12 if device.fp16_tflops else peak
    offer = Offer(device.name, device.id, kind, (device.bandwidth_gbs or _USUAL_BANDWIDTH_GBS.get(kind, 0)) * 1e9)
    if on_gpu:
        tensor = half > 2.5 * peak
        return replace(offer, fp32_peak=peak, tensor_peak=max(half, peak), has_tensor_cores=tensor)
    clock, flop = _USUAL_CORE[kind]
    count = device.vcpus or max(1, round(peak / (clock * 1e9 * flop)))
    int8 = device.int8_tops * 1e12 / peak if device.int8_tops else 1.0
    guessed = ("the clock of its cores", *(() if device.bandwidth_gbs else ("its bandwidth",)))
    return replace(
        offer,
        cores=(CoreGroup(count, peak / (count * flop * 1e9), flop, False),),
        fp16_times=min(max(half / peak, 1.0), 2.0),
        int8_times=min(max(int8, 1.0), 4.0),
        is_arm=kind == "board",
        guessed=guessed,
    )

"""Networks that published rows name: what each asks of a device, and which of them a model file is.

network = recognised("resnet50", parameters=25_557_032, macs=4_089_184_256)
network_work("mobilenet_v2", 224).activations
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from dlbench.bench.cost.latency.published_inference import packed_rows
from dlbench.bench.cost.latency.workload import NetworkWork

__all__ = [
    "Factors",
    "NetworkFactor",
    "canonical_name",
    "float_or_int",
    "known_networks",
    "network_factor",
    "network_work",
    "recognised",
    "same_layers",
]

_NAMED_PARAMETERS, _NAMED_MACS = 0.01, 0.1  # of a network of that name: its published row may be another version
_SAME_ACTIVATIONS = 0.001
_CLOSE_PARAMETERS, _CLOSE_MACS = 0.003, 0.02  # batch normalisation is merged on export; counts of MACs differ a little
# Names of timm and torchvision for the same network.
_SAME = {
    "mobilenetv2_100": "mobilenet_v2",
    "mobilenet_v2_1.0": "mobilenet_v2",
    "mobilenetv3_large_100": "mobilenet_v3_large",
    "vit_base_patch16_224": "vit_b_16",
}


@dataclass(frozen=True)
class NetworkFactor:
    """How a network's time stands to the formula's, beside others of its run: the logarithm, from so many chips."""

    log: float
    chips: int
    unrest: float = (
        1.0  # how much this differs from chip to chip, over what is usual for a network (standard deviations)
    )


Factors = Mapping[tuple[str, int], Mapping[tuple[str, str], NetworkFactor]]
"""The factors of each network (its name, the pixels of a side) by runtime and by float or int."""


def float_or_int(number_format: str) -> str:
    """Return the kind of a number format's arithmetic, each of which has its own kernels: float or int."""
    return "int" if number_format in ("int8", "w8a16") else "float"


@cache
def _shipped() -> dict[str, dict[tuple[str, int], dict[tuple[str, str], NetworkFactor]]]:
    families: dict[str, dict[tuple[str, int], dict[tuple[str, str], NetworkFactor]]] = {}
    for row in packed_rows("network_factors.csv.gz"):
        networks = families.setdefault(row["family"], {})
        one = networks.setdefault((row["network"], int(row["image_size"])), {})
        one[row["runtime"], row["arithmetic"]] = NetworkFactor(
            float(row["log"]), int(row["chips"]), float(row["unrest"])
        )
    return families


def network_factor(
    family: str, runtime: str, number_format: str, work: NetworkWork, factors: Factors | None = None
) -> NetworkFactor | None:
    """Return the factor of a known network under a runtime; None: too few published rows.

    Under a runtime, or in arithmetic, that no published row of the network ran, half of what the others say counts.

    Args:
        family: processor, gpu or gpu-batch.
        runtime: as the published rows call it.
        number_format: in which the network computes.
        work: of the network.
        factors: to look in; None: those that ship with dlbench.
    """
    if not work.name:
        return None
    found = (_shipped().get(family, {}) if factors is None else factors).get((work.name, work.size), {})
    own = found.get((runtime, float_or_int(number_format)))
    if own is not None or not found:
        return own
    chips = sum(f.chips for f in found.values())
    return NetworkFactor(sum(f.log * f.chips for f in found.values()) / chips / 2, 1)


@cache
def known_networks() -> dict[tuple[str, int], NetworkWork]:
    """Return the networks of the published rows, by name and pixels of a side."""
    return {(work.name, work.size): work for work in map(_work, packed_rows("networks.csv.gz"))}


def _work(row: dict[str, str]) -> NetworkWork:
    return NetworkWork(
        macs=float(row["macs"]),
        parameters=float(row["parameters"]),
        activations=float(row["activations"]),
        layers=int(row["layers"]) if row["layers"] else None,
        depthwise_macs=float(row["depthwise_macs"]) if row["depthwise_macs"] else None,
        dense_3x3_share=float(row["dense_3x3_share"] or 0),
        attention=row["attention"] == "yes",
        name=row["network"],
        size=int(row["image_size"]),
    )


def network_work(name: str, size: int = 224) -> NetworkWork | None:
    """Return what a network of the published rows asks of a device, for pictures of this size; None: not known."""
    return next((w for n in _spellings(name) if (w := known_networks().get((n, size)))), None)


@lru_cache(maxsize=1024)  # each device that a network is estimated on asks anew
def recognised(name: str, parameters: float, macs: float) -> NetworkWork | None:
    """Return which known network a model is: one of that name and about that size, else one with the same counts.

    Args:
        name: of the model or of its architecture.
        parameters: of the model file.
        macs: of one picture.
    """
    spellings = _spellings(name)
    exact = [
        w
        for w in known_networks().values()
        if w.name in spellings and _close(w, parameters, macs, _NAMED_PARAMETERS, _NAMED_MACS)
    ]
    if not exact:
        alike = [w for w in known_networks().values() if _close(w, parameters, macs)]
        exact = alike if _are_one({canonical_name(w.name) for w in alike}) else []
    return min(exact, key=lambda w: abs(w.parameters - parameters), default=None)


@lru_cache(maxsize=1024)
def same_layers(work: NetworkWork) -> NetworkWork | None:
    """Return the known network with the same layers but for its head: as many, with the same activations.

    A backbone with a head of its own takes as long as the backbone that was published. None: no network is known that
    is, or several are.
    """
    alike = [
        w
        for w in known_networks().values()
        if w.layers == work.layers
        and abs((w.activations or 0) - (work.activations or 0)) <= _SAME_ACTIVATIONS * (work.activations or 0)
        and abs(w.macs - work.macs) <= _NAMED_MACS * work.macs
    ]
    one = len({canonical_name(w.name) for w in alike}) == 1
    return min(alike, key=lambda w: abs(w.macs - work.macs)) if one else None


def _close(
    work: NetworkWork,
    parameters: float,
    macs: float,
    of_parameters: float = _CLOSE_PARAMETERS,
    of_macs: float = _CLOSE_MACS,
) -> bool:
    least = max(of_parameters * parameters, 5e3)
    return abs(work.macs - macs) <= of_macs * macs and abs(work.parameters - parameters) <= least


def _are_one(names: set[str]) -> bool:
    """Say whether these are spellings and small variants of one network, such as vgg16 and vgg16_bn."""
    return bool(names) and all(name.startswith(min(names, key=len)) for name in names)


def canonical_name(name: str) -> str:
    """Return the one name of a network that the published rows call by several."""
    return re.sub(r"^(tf_|tv_|legacy_)", "", _SAME.get(name, name))


def _spellings(name: str) -> tuple[str, str]:
    """Return a name as the published rows write it, and without the tag that timm puts behind a point."""
    plain = name.strip().lower().replace("-", "_")
    return plain, plain.partition(".")[0]

"""Which rented instance stands for the measured machine, and what share of its price a cell takes.

instance = instance_for(catalogue, "cpu", "x86_64", cores=4)     # as many vCPUs as the cores that were used
price_share(instance, cores=1)                                   # 1/4: four such runs fit on it at once

A run that leaves cores of an instance free is charged for those that it uses, since others could run there meanwhile.
On x86 a vCPU is a hardware thread, half a core; on AWS's Graviton it is a whole core.
"""

from __future__ import annotations

import re
from fractions import Fraction

from dlbench.bench.cost.assumptions import RENTED_BY_DEFAULT
from dlbench.bench.cost.catalogue import Catalogue, Device

# words in the names of processors and instances, and whose they are
_MAKERS = {
    "intel": "Intel",
    "xeon": "Intel",
    "amd": "AMD",
    "epyc": "AMD",
    "ryzen": "AMD",
    "apple": "Apple",
    "c7i": "Intel",
}
_MAKERS |= dict.fromkeys(("arm", "graviton", "cortex", "ampere", "neoverse", "aarch"), "Arm")
_ARM = ("aarch64", "arm64", "armv7l", "armv8l")


def cores_used(threads: int, streams: int, usable: int) -> int:
    """Return how many cores a cell kept busy: its threads, in all of its streams, but no more than there are."""
    return max(1, min(threads * streams, usable))


def instance_for(catalogue: Catalogue, place: str, architecture: str, cores: int) -> Device:
    """Return the default instance for work on `place`: the smallest with a vCPU for each core, else the largest."""
    family = "arm" if place == "cpu" and architecture.lower() in _ARM else place
    instances = [catalogue.device(name) for name in RENTED_BY_DEFAULT[family]]
    return next((row for row in instances if row.vcpus and row.vcpus >= cores), instances[-1])


def price_share(instance: Device, cores: int) -> Fraction:
    """Return the share of an instance's price for work on some cores; 1 where its vCPUs are not known."""
    return Fraction(cores, instance.vcpus) if instance.vcpus else Fraction(1)


def other_maker(measured: str, rented: str) -> bool:
    """Say whether the names of two processors tell that different makers made them: an AMD one, rented as an Intel."""
    makers = [
        {_MAKERS[word] for word in re.findall(r"[a-z0-9]+", name.lower()) if word in _MAKERS}
        for name in (measured, rented)
    ]
    return all(makers) and not makers[0] & makers[1]


def renting_sentence(instance: Device, place: str, cores: int) -> str:
    """Say how the instance fits the cores that were used."""
    name = instance.name
    if place != "cpu":
        return f"rent ({place}): {name}, the whole instance."
    if not instance.vcpus:
        return f"rent (cpu): {name}, the whole instance: the price list does not say how many vCPUs it has."
    if cores > instance.vcpus:
        return (
            f"rent (cpu): {name} has fewer vCPUs than the {cores} cores that were used, so its price is multiplied to "
            "match."
        )
    return (
        f"rent (cpu): {name} for the cores that were used, at most {cores}; a cell that leaves vCPUs free is charged "
        "its share, for more of the same work could run there at once."
    )

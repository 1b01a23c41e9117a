"""Which rented instance stands for the measured machine, and what share of its price a cell takes.

instance = instance_for(catalogue, "cpu", "x86_64", cores=4)     # as many vCPUs as the cores that were used
price_share(instance, cores=1)                                   # 1/4: four such runs fit on it at once

A run that leaves cores of an instance free is charged for those that it uses, since others could run there meanwhile.
On x86 a vCPU is a hardware thread, half a core; on AWS's Graviton it is a whole core.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from dlbench.bench.cost.assumptions import RENTED_BY_DEFAULT
from dlbench.bench.cost.catalogue import Catalogue, Device
from dlbench.system import ARM

# The cards of an instance, by its id in the price list: which, and how many. The first that holds a card is its usual
# one.
HELD_BY: Mapping[str, tuple[str, int]] = {
    "aws-g4dn-xlarge": ("t4", 1),
    "aws-g5-xlarge": ("a10g", 1),
    "aws-g6-xlarge": ("l4", 1),
    "aws-p3-2xlarge": ("v100-sxm2-16gb", 1),
    "aws-p3-16xlarge": ("v100-sxm2-16gb", 8),
    "aws-p4d-24xlarge": ("a100-sxm-40gb", 8),
    "aws-p5-48xlarge": ("h100-sxm-80gb", 8),
    "aws-p5en-48xlarge": ("h200-sxm-141gb", 8),
    "azure-nd96isr-h100-v5": ("h100-sxm-80gb", 8),
    "gcp-a3-highgpu-1g": ("h100-sxm-80gb", 1),
    "runpod-h100-sxm-community": ("h100-sxm-80gb", 1),
    "runpod-h100-sxm-secure": ("h100-sxm-80gb", 1),
    "runpod-a100-sxm-community": ("a100-sxm-80gb", 1),
    "runpod-h200": ("h200-sxm-141gb", 1),
    "runpod-rtx-4090": ("rtx-4090", 1),
    "vast-rtx-3090": ("rtx-3090", 1),
    "vast-rtx-5090": ("rtx-5090", 1),
    "lambda-4x1080ti": ("gtx-1080-ti", 4),
}
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


def cores_used(threads: int, streams: int, usable: int) -> int:
    """Return how many cores a cell kept busy: its threads, in all of its streams, but no more than there are."""
    return max(1, min(threads * streams, usable))


def instance_for(catalogue: Catalogue, place: str, architecture: str, cores: int, card: str = "") -> Device:
    """Return the instance for work on `place`: one with this card alone, else the default.

    The default is the smallest with a vCPU for each core, else the largest.
    """
    if card and place != "cpu":
        alone = (catalogue.device(name) for name, held in HELD_BY.items() if held == (card, 1))
        if rented := next((row for row in alone if row.trusted("hourly_usd")), None):
            return rented
    family = "arm" if place == "cpu" and architecture.lower() in ARM else place
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


def other_card(measured: str, rented: str) -> bool:
    """Say whether an instance, such as "AWS g4dn.xlarge (1x T4)", holds another card than the one measured."""
    held = re.search(r"\(\d+x (\w+)", rented)
    return bool(measured and held and held[1].lower() not in re.findall(r"[a-z0-9]+", measured.lower()))


def renting_sentence(instance: Device, place: str, cores: int, card: str = "") -> str:
    """Say how the instance fits the cores that were used, or the card that was measured."""
    name = instance.name
    if place != "cpu":
        if other_card(card, name):
            return (
                f"rent ({place}): {name}, the whole instance, which holds another card than this machine's {card}: its "
                "price does not belong to this speed."
            )
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

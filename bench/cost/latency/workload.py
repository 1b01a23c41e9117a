"""What a network asks of a device: arithmetic, traffic and launches of one picture.

work = NetworkWork(macs=4.09e9, parameters=25.6e6, activations=11.1e6, layers=54)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite, log, sqrt
from typing import Any

__all__ = ["NetworkWork"]

_COUNTS = ("macs", "parameters", "activations", "layers", "depthwise_macs")


@dataclass(frozen=True)
class NetworkWork:
    """Counts of one picture; None: not known, so it is guessed from the others and the range is wider."""

    macs: float  # multiply-accumulates of convolutions and matrix products
    parameters: float
    activations: float | None = None  # elements that convolutions and matrix products put out
    layers: int | None = None  # convolutions and matrix products
    depthwise_macs: float | None = None  # those of convolutions with one channel a group
    dense_3x3_share: float = 0.0  # of the MACs, in 3 x 3 convolutions of stride 1: Winograd does them in less
    attention: bool = False
    recurrent: bool = False  # steps that wait for each other: no published row has any
    name: str = ""  # of the network, as the published rows call it; empty: not known there
    size: int = 0  # pixels of a side, where name is known

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: a count is negative or not finite.
        """
        for field in _COUNTS:
            value = getattr(self, field)
            if value is not None and not (isfinite(value) and value >= 0):
                raise ValueError(f"expected {field} to be a finite number of at least 0, received {value!r}")

    @property
    def guessed(self) -> tuple[str, ...]:
        """Return which counts are not known."""
        return tuple(field for field in _COUNTS if getattr(self, field) is None)

    @property
    def traits(self) -> tuple[float, ...]:
        """Return what makes networks alike to a chip, each scaled to about 1 among usual networks.

        The arithmetic of an element, of a layer and of a parameter, the share of depthwise convolutions, attention.
        """
        work = self.completed()
        macs = max(work.macs, 1.0)
        depthwise = min((work.depthwise_macs or 0.0) / macs, 0.5)
        element, layer, parameter = (
            log(macs / max(count or 0.0, 1.0)) for count in (work.activations, work.layers, work.parameters)
        )
        return element / 1.5, layer / 2.0, parameter / 1.5, 3.0 * sqrt(depthwise), 2.0 * work.attention

    def completed(self) -> NetworkWork:
        """Return the same work with what is not known filled in, from the usual network of these MACs.

        Over the networks of timm's table, activations are about 600 x MACs^0.45 within a factor of two, and a layer
        puts out about 100,000 elements.
        """
        filled: dict[str, Any] = {}
        if self.activations is None:
            filled["activations"] = 600.0 * self.macs**0.45
        if self.layers is None:
            elements = filled.get("activations", self.activations) or 0.0
            filled["layers"] = int(min(max(elements / 1e5, 3), 150))
        if self.depthwise_macs is None:
            filled["depthwise_macs"] = 0.0
        return replace(self, **filled) if filled else self

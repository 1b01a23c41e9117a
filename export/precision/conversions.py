"""What a conversion gives: the model, what decided its bytes, and what stayed float.

made = Made(model, recipe, layers_left_float(model))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from onnx import ModelProto


@dataclass(frozen=True)
class Step:
    """One step on the way from all-int8 to the goal."""

    added: tuple[str, ...]  # nodes that stay float from this step on
    kept: tuple[str, ...]  # all that stay float in this step
    snr_db: float  # signal-to-noise ratio of the answers; inf: no difference
    agreement: float | None  # share of pictures with the same top-1 answer; None: the answer is no class
    bytes: int  # of the weights


@dataclass(frozen=True)
class Made:
    """A converted model."""

    model: ModelProto
    recipe: dict[str, Any]
    left: tuple[str, ...]  # nodes that stayed float, as "name (Operator)"
    steps: tuple[Step, ...] = ()  # how the layers that stay float were found

"""How large a graph's tensors are for given inputs, before anything runs.

layer_bytes(card, {"image": (1, 1, 28, 28)})["conv1"]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dlbench.bench.onnxfile import known_shapes

if TYPE_CHECKING:
    from dlbench.bench.onnxfile import ModelCard

__all__ = ["layer_bytes"]


def layer_bytes(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Return bytes by tensor, four to a value, where shape inference knows the shape."""
    return {name: 4 * math.prod(shape) for name, shape in known_shapes(card, shapes).items()}

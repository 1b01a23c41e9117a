"""How large a graph's tensors are for given inputs, before they are computed.

layer_bytes(card, {"image": (1, 1, 28, 28)})["conv1"]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dlbench.model.card import inferred_model
from dlbench.model.shapes import element_bytes, tensor_facts

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard

__all__ = ["layer_bytes"]

_REAL_BYTES = 4  # quantised values are given as float32


def layer_bytes(card: ModelCard, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Return bytes by tensor, at least four to a value, where the shape is known or a run on zeros tells it."""
    facts = tensor_facts(inferred_model(card, shapes) or card.proto, card, shapes)
    return {
        name: max(_REAL_BYTES, element_bytes(facts.types.get(name, "")) or 0) * math.prod(shape)
        for name, shape in facts.shapes.items()
    }

"""Which 8-bit types a CPU is fast and right with.

    integer_types("auto", None)     # on x86-64: uint8 activations with int8 weights

ONNX Runtime's advice (onnxruntime.quantization.quantize_static): Arm takes int8 for both. x86-64 multiplies uint8 by
int8; without VNNI it adds two products in 16 bits, which 8-bit weights may overflow, so weights get 7 bits.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Any

from dlbench.system import ARM, EIGHT_BIT, instructions


@dataclass(frozen=True)
class IntegerTypes:
    """The types of a quantised model."""

    activations: str  # uint8 or int8; weights are int8
    reduce_range: bool  # weights of 7 bits

    def facts(self) -> dict[str, Any]:
        """Return what a recipe says of them."""
        return {"activation_type": self.activations, "weight_type": "int8", "reduce_range": self.reduce_range}


def integer_types(activations: str = "auto", reduce_range: bool | None = None) -> IntegerTypes:
    """Return what was asked for, and for what was not, what suits this CPU."""
    is_arm = platform.machine().lower() in ARM
    if activations == "auto":
        activations = "int8" if is_arm else "uint8"
    if reduce_range is None:
        reduce_range = not is_arm and not set(instructions().has) & set(EIGHT_BIT)  # where unread, 7 bits are safe
    return IntegerTypes(activations, reduce_range)

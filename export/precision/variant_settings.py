"""What a user may choose about a variant, checked where it is made.

settings = VariantSettings(method="percentile", keep_fp32=("conv1",))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from dlbench.errors import InputError

METHODS = ("minmax", "entropy", "percentile")


@dataclass(frozen=True)
class VariantSettings:
    """What decides how a variant is made, beside the model and its pictures."""

    method: Literal["minmax", "entropy", "percentile"] = "minmax"  # how int8 finds the range of a tensor
    per_channel: bool = True  # a scale for each channel of the weights; False: one for all
    activations: Literal["auto", "uint8", "int8"] = "auto"  # auto: what this CPU is fast with
    reduce_range: bool | None = None  # int8 weights of 7 bits; None: where this CPU could overflow with 8
    keep_fp32: tuple[str, ...] = ()  # names of layers that stay float; ("auto",): those that cost most are found
    goal_db: float = 30.0  # auto: signal-to-noise ratio of the answers that is enough
    opset: int | None = None  # None: the model's own
    with_activation: bool = False  # the file gives probabilities in place of logits
    calibration_kind: str = ""  # in words: where the pictures come from
    calibration_seed: int = 0  # that chose them

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InputError(f"--method: expected {', '.join(METHODS)}, received {self.method[:40]!r}.")
        if not 0 < self.goal_db <= 200:
            raise InputError(f"--goal: expected a ratio above 0 and up to 200 dB, received {self.goal_db:g}.")

    @property
    def finds_kept(self) -> bool:
        """Say whether the layers that stay float are found, not named."""
        return self.keep_fp32 == ("auto",)

    @property
    def named_kept(self) -> tuple[str, ...]:
        """The layers that stay float by name."""
        return () if self.finds_kept else self.keep_fp32

    def calibration_facts(self) -> dict[str, Any]:
        """Return what a recipe says of where the pictures come from."""
        return {"kind": self.calibration_kind, "seed": self.calibration_seed}

"""How two cells are judged, checked where it is made.

DiffSettings(same_within=parse_share("same_within", "3%"))
"""

from __future__ import annotations

from dataclasses import dataclass

from dlbench.errors import InputError

MODELS_BUDGET_S = 120.0  # two models in turn need more rounds than one cell of a comparison


@dataclass(frozen=True)
class DiffSettings:
    """How two cells are judged.

    Raises:
        InputError: a share that makes no sense.
    """

    floor: float = 0.01  # the A/A noise floor, a share
    floor_source: str = "assumed; dlbench doctor --noise measures it"
    same_within: float = 0.03  # an interval inside this is called the same
    slower_by: float | None = None  # share that B may be slower by; two models are timed until that is clear too

    def __post_init__(self) -> None:
        for option, value in (("the noise floor", self.floor), ("`same_within`", self.same_within)):
            if not 0 < value < 1:
                raise InputError(f"{option}: expected a share above 0 and below 100 %, received {value:g}.")


def parse_share(option: str, text: str) -> float:
    """Parse `5%` or `0.05`.

    Raises:
        InputError: not a share above 0 and below 1.
    """
    number = text.strip().removesuffix("%")
    try:
        value = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise InputError(f"{option}: expected a share such as 5% or 0.05, received {text!r}.")
    return value

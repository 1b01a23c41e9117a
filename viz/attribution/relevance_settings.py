"""What can be asked of the relevance methods, and which setting belongs to which.

asked = Settings(patch=32, stride=16)
expect_fitting("occlusion", asked)          # an InputError where a setting belongs to another method
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlbench.errors import InputError, close_matches

# method -> the settings that it takes beside the seed
METHODS: Mapping[str, tuple[str, ...]] = {
    "cam": (),
    "occlusion": ("patch", "stride", "hide"),
    "rise": ("masks", "hide"),
    "score-cam": ("layer", "channels", "hide"),
    "ablation-cam": ("layer", "channels"),
    "eigen-cam": ("layer",),
}


@dataclass(frozen=True)
class Settings:
    """What was asked of the methods; None means that the method chooses."""

    layer: str | None = None
    patch: int | None = None
    stride: int | None = None
    masks: int | None = None
    channels: int | None = None
    hide: str | None = None
    seed: int = 0
    steps: int = 20  # of the deletion curve
    sanity: bool = True

    @property
    def given(self) -> dict[str, Any]:
        """Those that belong to single methods and were given."""
        names = dict.fromkeys(name for taken in METHODS.values() for name in taken)
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def only(self, names: Sequence[str]) -> Settings:
        """Return these without the settings of single methods that are not named; `hide` is for all."""
        dropped: dict[str, Any] = dict.fromkeys(set(self.given) - {*names, "hide"})
        return replace(self, **dropped)


def expect_fitting(method: str, asked: Settings) -> None:
    """Check the method's name and that every setting given belongs to it; `hide` is also for the deletion curve.

    Raises:
        InputError: an unknown method, or a setting of another one.
    """
    if method != "auto" and method not in METHODS:
        known = ("auto", *METHODS)
        raise InputError(
            f"unknown method: expected {', '.join(known)}, received {method[:80]!r}.{close_matches(method, known)}"
        )
    taken = METHODS.get(method, ())
    foreign = [name for name in asked.given if method != "auto" and name not in taken and name != "hide"]
    if foreign:
        takers = [name for name, taken in METHODS.items() if foreign[0] in taken]
        raise InputError(
            f"{method} has no {foreign[0]}: expected {', '.join(taken) or 'no setting but the seed'}, received "
            f"{foreign[0]} {asked.given[foreign[0]]!r}; it belongs to {', '.join(takers)}."
        )

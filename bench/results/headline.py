"""Which rounds and samples stand for a cell, and what its interval covers.

chosen = headline(job.rounds, min_rounds=5)
latency = chosen.latency(); chosen.covers
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dlbench.bench.results.evidence import left_alone, probe_s
from dlbench.bench.results.records import LatencySeconds, Round
from dlbench.bench.results.sketch import Sketch
from dlbench.bench.results.statistics import summarise

QUIET = ("calm rounds", "undelayed samples")  # what an interval of the undisturbed machine covers

_ONE_LEVEL = 0.06  # probes of one state of the machine lie within 6 %
_FEW = 0.6  # of the calm rounds that are wanted: one or two may be calm by chance, and then lie up to 45 % off
_DOMINATES = 0.6  # a state that stands for the cell has this share of the rounds


@dataclass(frozen=True)
class Headline:
    """The rounds that stand for a cell."""

    rounds: tuple[Round, ...]
    covers: str  # as in the result file: calm rounds, undelayed samples, all rounds, busy rounds, ...
    range_of: tuple[Round, ...] = ()  # the interval is the range of these; empty: it comes from the rounds' medians

    @property
    def samples(self) -> Sketch:
        """The samples that stand for the cell."""
        return Sketch.together([samples_of(r) for r in self.rounds])

    def latency(self) -> LatencySeconds:
        """Return their statistics."""
        all_rounds = [samples_of(r) for r in self.range_of] if len(self.range_of) > 1 else []  # one has no range
        return summarise([samples_of(r) for r in self.rounds], all_rounds, enough=not self.range_of)


def samples_of(r: Round) -> Sketch:
    """Return a round's samples, without those that other programs delayed where enough are left."""
    if r.state in ("undelayed", "slowed", "starved") and left_alone(r):
        return Sketch(r.undelayed_values_ns, r.undelayed_counts, r.digits)
    return Sketch(r.values_ns, r.counts, r.digits)


def headline(rounds: Sequence[Round], min_rounds: int) -> Headline:
    """Choose the calm rounds; else also the undelayed samples of busy ones; else one state's; else all rounds.

    A state of the machine that lasts has a figure of its own, whose interval covers that state alone. Where no state
    lasted, the interval is the range of all rounds.

    Raises:
        ValueError: no rounds.
    """
    if not rounds:
        raise ValueError("expected at least one round, received none")
    calm = [r for r in rounds if r.undisturbed]
    if len(calm) >= min_rounds:
        return Headline(tuple(calm), "calm rounds")
    quiet = quiet_rounds(rounds)
    if len(quiet) >= min_rounds:
        return Headline(quiet, "undelayed samples")
    if len(quiet) >= fewest_calm(min_rounds):
        return Headline(quiet, "all rounds", tuple(rounds))
    state, lasted = _lasting(rounds)
    if len(lasted) >= max(2, min_rounds, _DOMINATES * len(rounds)):
        return Headline(lasted, f"{state} rounds")
    return Headline(tuple(rounds), "mixed rounds", tuple(rounds))


def fewest_calm(min_rounds: int) -> int:
    """Return how many calm rounds a figure needs that is not called disturbed (~); below `min_rounds` it has a *."""
    return math.ceil(_FEW * min_rounds)


def quiet_rounds(rounds: Sequence[Round]) -> tuple[Round, ...]:
    """Return the rounds that were calm, or undelayed and else calm."""
    return tuple(r for r in rounds if r.undisturbed or r.state == "undelayed")


def _lasting(rounds: Sequence[Round]) -> tuple[str, tuple[Round, ...]]:
    """Return the state of most rounds, and those of them in which the probe kept to one level."""
    state = Counter(r.state or "slowed" for r in rounds).most_common(1)[0][0]
    own = [r for r in rounds if (r.state or "slowed") == state]
    probes = np.array([probe_s(r) or 0.0 for r in own])
    if not probes.all():
        return state, tuple(own)
    within = (probes >= probes[:, None]) & (probes <= probes[:, None] * (1 + _ONE_LEVEL))
    return state, tuple(r for r, inside in zip(own, within[within.sum(axis=1).argmax()], strict=True) if inside)

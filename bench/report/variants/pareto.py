"""Which networks another one beats in everything: accuracy, time, size and cost, on the same pictures.

    for entry in front(answer, result): entry.row.network, entry.beaten_by

V. Pareto's order: one beats another if it is worse in nothing and better in something. Time and cost count only where a
difference shows outside the noise; a variant that lost its answers beats none. Networks that were judged on different
pictures are not held against each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlbench.bench.report.answer import Answer
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.held_against import proportional, times_of
from dlbench.bench.results.schema import Result

_SIZES_ALIKE = 0.01


@dataclass(frozen=True)
class Standpoint:
    """A network on a provider, where it stands among those that were judged on the same pictures."""

    row: AnswerRow
    data: str  # the pictures
    beaten_by: str = ""  # "": by none

    @property
    def share(self) -> float:
        """The share of right answers."""
        assert self.row.accuracy is not None
        return self.row.accuracy.proportion.value

    @property
    def size_bytes(self) -> int:
        """The size of the model file."""
        return self.row.cell[1].bytes or 0

    @property
    def dominated(self) -> bool:
        """Whether another one beats it, or it has lost its answers."""
        return bool(self.beaten_by) or self.row.lost_accuracy


def front(answer: Answer, result: Result) -> tuple[Standpoint, ...]:
    """Return the networks that share their pictures with another one, the most often right first."""
    judged_on = {m.name: f"{m.data or ''}|{v.split}|{v.samples}" for m in result.models if (v := m.accuracy)}
    judged_on |= {v.model: judged_on.get(v.parent, v.data) for v in result.variants if v.correct is not None}
    points = [Standpoint(r, judged_on.get(r.cell[1].model, "")) for r in answer.rows if r.accuracy]
    networks: dict[str, set[str]] = {}
    for point in points:
        networks.setdefault(point.data, set()).add(point.row.network)
    shared = [point for point in points if len(networks[point.data]) > 1]
    placed = [Standpoint(each.row, each.data, _beaten_by(each, shared)) for each in shared]
    return tuple(sorted(placed, key=lambda each: (each.data, -each.share, each.row.latency_s)))


def _beaten_by(point: Standpoint, others: Sequence[Standpoint]) -> str:
    rivals = (o for o in others if o is not point and o.data == point.data and not o.row.lost_accuracy)
    return next((other.row.network for other in rivals if _beats(other, point)), "")


def _beats(one: Standpoint, other: Standpoint) -> bool:
    if one.row.batch != other.row.batch or one.share < other.share or one.size_bytes > other.size_bytes:
        return False
    of_time = times_of(one.row.cell, other.row.cell)
    of_cost = proportional(one.row.best, other.row.best, one.row.usd_per_million, other.row.usd_per_million)
    verdicts = {each.verdict for each in (of_time, of_cost) if each is not None}
    if of_time is None or not verdicts <= {"slower", "same"}:  # nor is it shown where nobody can tell
        return False
    assert one.row.accuracy is not None
    assert other.row.accuracy is not None
    more_right = one.row.accuracy.proportion.wilson()[0] > other.row.accuracy.proportion.wilson()[1]
    smaller = one.size_bytes < (1 - _SIZES_ALIKE) * other.size_bytes
    return "slower" in verdicts or smaller or more_right

"""A variant of a network beside the network that it was made from, on the same pictures: what fewer bits cost it.

    names = {"model": "cnn.int8", "parent": "cnn", "parent_sha256": card.sha256}
    against = AgainstParent.judged(PairedDifference(500, lost=4, won=1), 492, **names)
    against.verdict         # "kept", or "lost": then its speed is not offered as a win

The rule: what answers right less often by more than `allowed_drop` has lost. Without labels the share of changed
answers takes the drop's place: no more than that can have been lost. Whether this many pictures show the difference at
all is McNemar's exact test (`dlbench.proportion.PairedDifference`).
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from dlbench.bench.results.records import Count, Name, NonNegative, Record, Text
from dlbench.model.facts import Accuracy
from dlbench.proportion import REAL, PairedDifference

DEFAULT_ALLOWED_DROP = 0.01
_LEAST_P = 0.0001  # below it the figure says no more
_Share = Annotated[float, Field(ge=-1, le=1)]


class AgainstParent(Record):
    """One variant against its parent on the same pictures."""

    model: Name = Field(description="the variant, as the result calls it")
    parent: Name
    parent_sha256: Name
    verdict: Name = Field(description="kept, lost or not judged")
    reason: Text = Field(default="", description="not judged: why; else what spoiled the answers, where one knows")
    data: Text = Field(default="", description="where the pictures come from")
    split: Name = Field(default="", description="test, or all that were given")
    pictures: Count = 0
    correct: Count | None = Field(default=None, description="null: no labels")
    parent_correct: Count | None = None
    lost: Count | None = Field(default=None, description="right in the parent alone")
    won: Count | None = Field(default=None, description="right in the variant alone")
    changed: Count | None = Field(default=None, description="another top-1 than the parent; null: no classes")
    drop: _Share | None = Field(default=None, description="share of right answers lost; null: no labels")
    drop_low: _Share | None = Field(default=None, description="95 % interval of the paired difference")
    drop_high: _Share | None = None
    p_value: _Share | None = Field(default=None, description="McNemar's exact p")
    largest_relative_error: NonNegative | None = Field(
        default=None, description="over the pictures: largest error of an output over the parent's largest output"
    )
    allowed_drop: NonNegative = DEFAULT_ALLOWED_DROP

    @classmethod
    def judged(cls, difference: PairedDifference, parent_correct: int, **facts: Any) -> AgainstParent:
        """Return the verdict on pictures whose answers are known; `facts` are the other fields."""
        low, high = difference.interval()
        return cls(
            verdict=_verdict(difference.drop, facts.get("allowed_drop", DEFAULT_ALLOWED_DROP)),
            pictures=difference.total,
            correct=parent_correct - difference.lost + difference.won,
            parent_correct=parent_correct,
            lost=difference.lost,
            won=difference.won,
            drop=difference.drop,
            drop_low=low,
            drop_high=high,
            p_value=difference.p_value,
            **facts,
        )

    @classmethod
    def unlabelled(cls, pictures: int, changed: int, **facts: Any) -> AgainstParent:
        """Return the verdict on pictures without labels: no more than the changed answers can have been lost."""
        verdict = _verdict(changed / pictures, facts.get("allowed_drop", DEFAULT_ALLOWED_DROP))
        return cls(verdict=verdict, pictures=pictures, changed=changed, **facts)

    @property
    def has_lost(self) -> bool:
        """Whether its speed is no win."""
        return self.verdict == "lost"

    @property
    def accuracy(self) -> Accuracy | None:
        """The variant's own accuracy; None without labels."""
        if self.correct is None or not self.pictures:
            return None
        return Accuracy(correct=self.correct, samples=self.pictures, split=self.split)

    @property
    def sentence(self) -> str:
        """Say in a line what the variant lost, whether this many pictures show it, and what follows."""
        if self.verdict == "not judged":
            return f"{self.model}: its answers were not held against those of {self.parent}: {self.reason}."
        follows = "its speed is not offered as a win" if self.has_lost else "that is allowed"
        allowed = _points(self.allowed_drop)
        if self.drop is None:
            off = "n/a" if self.largest_relative_error is None else f"{self.largest_relative_error:.1%}"
            share, n = f"{(self.changed or 0) / max(1, self.pictures):.1%}", f"{self.pictures:,}"
            return (
                f"{self.model} answers otherwise than {self.parent} on {share} of {n} pictures without labels, where "
                f"{allowed} may be lost: {follows}; its outputs are off by at most {off} of the largest."
            )
        low, high = (round(100 * (end or 0.0), 1) + 0.0 for end in (self.drop_low, self.drop_high))
        interval = f"95 % interval {low:g} to {high:g} points"
        p = f"= {self.p_value:.2g}" if (self.p_value or 0) >= _LEAST_P else f"< {_LEAST_P:g}"
        if not self._is_real:
            found = f"no real difference on {self.pictures:,} pictures"
        elif self.drop > 0:
            found = f"a real loss on {self.pictures:,} pictures"
        else:
            found = f"a real gain on {self.pictures:,} pictures"
        if self.drop > 0:
            return (
                f"{self.model} lost {_points(self.drop)} of accuracy against {self.parent}, of {allowed} allowed "
                f"({found}: {interval}, McNemar's exact p {p}): {follows}."
            )
        return f"{self.model} lost no accuracy against {self.parent} ({found}: {interval})."

    @property
    def _is_real(self) -> bool:
        return self.p_value is not None and self.p_value <= REAL


def _verdict(drop: float, allowed: float) -> str:
    return "lost" if drop > allowed + 1e-12 else "kept"  # 5 of 500 are 1 point, not more


def _points(share: float | None) -> str:
    number = round(100 * (share or 0.0), 2) + 0.0
    return f"{number:g} point" if abs(number) == 1 else f"{number:g} points"

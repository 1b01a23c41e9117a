"""PASS, FAIL or UNCLEAR: what a CI run does with a diff, by a rule that is printed beside it.

    decided = decide(diff, slower_by=0.05)
    decided.decision.verdict, decided.decision.failed

With a share: a cell fails that is shown to be slower by more than it, and passes if its whole interval lies below it.
Without one: a cell fails that is slower outside the noise, and passes if it is faster or the same. A cell that ran in A
and broke in B fails, and so does one of a B that lost more of A's answers than was allowed. One cell that fails makes
the diff FAIL, else one of which nobody can tell UNCLEAR.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, TypeVar

from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import RAN, Decision, Diff, DiffRow, DiffVerdict

_BROKE = ("failed", "out_of_memory", "fell_back")
_D = TypeVar("_D", bound=Diff)

Outcome = Literal["fail", "unclear", "pass", "never ran"]


def decide(diff: _D, slower_by: float | None = None) -> _D:
    """Return the diff with its decision: by how much B may be slower, None: by nothing outside the noise."""
    rows: dict[Outcome, list[str]] = {"fail": [], "unclear": [], "pass": [], "never ran": []}
    for row in diff.rows:
        rows[outcome(row, slower_by)].append(row.label)
    decided = Decision(
        verdict="FAIL" if rows["fail"] else "UNCLEAR" if rows["unclear"] or not rows["pass"] else "PASS",
        slower_by=slower_by,
        failed=tuple(rows["fail"]),
        unclear=tuple(rows["unclear"]),
        passed=len(rows["pass"]),
        never_ran=tuple(rows["never ran"]),
    )
    return diff.model_copy(update={"decision": decided})


def outcome(row: DiffRow, slower_by: float | None) -> Outcome:
    """Return what the rule says of one cell."""
    if row.never_ran:
        return "never ran"
    if row.lost_accuracy:
        return "fail"
    if row.verdict == "not comparable":
        return "unclear"
    if row.ran_a in RAN and row.ran_b in _BROKE:
        return "fail"
    if row.ratio is None or row.ratio_high is None or not row.trusted:
        return "unclear"
    return by_rule(row.verdict, row.ratio, row.ratio_high, slower_by)


def by_rule(verdict: DiffVerdict, ratio: float, high: float, slower_by: float | None) -> Outcome:
    """Return what the rule says of a ratio with this verdict, whose interval ends at `high`."""
    if slower_by is None:
        plain: dict[DiffVerdict, Outcome] = {"slower": "fail", "faster": "pass", "same": "pass"}
        return plain.get(verdict, "unclear")
    if verdict == "slower" and ratio > 1 + slower_by:
        return "fail"
    return "pass" if high <= 1 + slower_by else "unclear"


def medians_that_disagree(diff: Diff) -> Iterator[DiffRow]:
    """Yield the rows where the ratio of the two medians lies outside the ratio's interval, and outside the noise."""
    for row in diff.rows:
        medians = row.b_s / row.a_s if row.a_s and row.b_s else None
        if medians and row.ratio and disagrees(medians, row.ratio, row.ratio_low, row.ratio_high, diff.floor):
            yield row


def disagrees(medians: float, ratio: float, low: float | None, high: float | None, floor: float) -> bool:
    """Say whether the quotient of two medians is another than their ratio round by round.

    They must differ by more than the noise, and by more than what counts as about the same.
    """
    if low is None or high is None or low <= medians <= high:
        return False
    return abs(math.log(medians / ratio)) > max(floor, math.log1p(DiffSettings.same_within))

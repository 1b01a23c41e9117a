"""A diff as a table and in sentences.

diff_table(diff).rows, diff_summary(diff)
"""

from __future__ import annotations

from collections import Counter

from dlbench.bench.diff.judge import Diff, DiffRow
from dlbench.bench.report.tables.result_tables import Column, Table
from dlbench.show import units

__all__ = ["diff_summary", "diff_table"]


def diff_table(diff: Diff) -> Table:
    """Return one row for each cell that A and B share, and one for each that only one of them has."""
    columns = (
        Column("network", False, wraps=True, key=True),
        Column("provider", False, key=True),
        Column("batch", key=True),
        Column("verdict", False),
        Column("A", secondary=1),
        Column("B", secondary=1),
        Column("B / A"),
        Column("interval"),
        Column("rounds", secondary=2),
        Column("why", False, secondary=3, wraps=True),
    )
    rows = [_row(row) for row in diff.rows]
    way = (
        "rounds of A and B were measured in turn, each in a fresh process; the interval is that of their ratio, pair "
        "by pair"
        if diff.in_turn
        else "A and B were measured in two runs; the interval is that of the ratio of their calm rounds"
    )
    level = next((row.level for row in diff.rows if row.level), None)
    notes = (
        f"B / A: time of B over time of A, above 1: B is slower. {way}" + (f", {level:.1%} level." if level else "."),
        f"noise floor: {diff.floor:.1%} ({diff.floor_source}); a difference below it is not claimed. same: the whole "
        f"interval lies within {diff.same_within:.0%} of 1.",
        *(f"only in A: {name}." for name in diff.only_in_a),
        *(f"only in B: {name}." for name in diff.only_in_b),
    )
    return Table("diff", f"A = {diff.a}, B = {diff.b}", columns, tuple(rows), notes)


def _row(row: DiffRow) -> tuple[str, ...]:
    name = row.model_a if row.model_a == row.model_b else f"{row.model_a} / {row.model_b}"
    interval = f"{row.ratio_low:.3f}-{row.ratio_high:.3f}" if row.ratio_low is not None and row.ratio_high else "n/a"
    return (
        name,
        f"{row.provider} {row.how}".strip(),
        str(row.batch),
        row.verdict,
        units.duration(row.a_s),
        units.duration(row.b_s),
        f"{row.ratio:.3f}" if row.ratio is not None else "n/a",
        interval,
        str(row.pairs or ""),
        row.reason,
    )


def diff_summary(diff: Diff) -> tuple[str, ...]:
    """Return the findings in sentences."""
    counts = Counter(row.verdict for row in diff.rows)
    if not diff.rows:
        return ("A and B have no cell in common, so nothing can be said.",)
    counted = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    sentences = [f"{len(diff.rows)} cells, B against A: {counted}."]
    worst = max((r for r in diff.rows if r.verdict == "slower"), key=lambda r: r.ratio or 0, default=None)
    if worst is not None and worst.ratio is not None:
        where = f"{worst.model_b} on {worst.provider}, batch {worst.batch}"
        sentences.append(f"Slowest against A: {where}, takes {worst.ratio - 1:.1%} longer.")
    if counts.get("not comparable"):
        sentences.append(
            "Cells from different machines or settings are not called faster or slower: what differs is listed below."
        )
    if counts.get("can't tell"):
        sentences.append("Where it is undecided, a longer budget (two models in turn) or a quieter machine may help.")
    return tuple(sentences)

"""A diff as tables and in sentences: the short one for a screen and a pull request, and the one with all evidence.

short_diff_table(diff).rows, diff_table(diff).rows, diff_summary(diff), diff_markdown(diff)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dlbench.bench.diff.decision import Outcome, outcome
from dlbench.bench.diff.judge import RAN, Diff, DiffRow
from dlbench.bench.report.answer_words import marked, times_text
from dlbench.bench.report.diff_words import (
    accuracy_rule,
    decision_sentence,
    disagreements,
    left_out,
    network_of,
    row_times,
    rule_sentence,
)
from dlbench.show import units
from dlbench.show.markdown import markdown_rows, markdown_text
from dlbench.show.table import Column, Table
from dlbench.show.texts import tr

_MOST_IN_MARKDOWN = 10
_VERDICT = Column("verdict", False)
_CELL = (Column("network", False, wraps=True, key=True), Column("provider", False, key=True), Column("batch", key=True))
_TIMES = (Column("A", secondary=1), Column("B", secondary=1))
_ON = Column("on", False, key=True)  # as in the table of the answer: a short head leaves room for both times
_SHORT = (_VERDICT, _CELL[0], _ON, _CELL[2], *_TIMES, Column("B takes\n(times A)", False))
_WHOLE = (
    *_CELL,
    _VERDICT,
    *_TIMES,
    Column("B / A"),
    Column("interval"),
    Column("rounds", secondary=2),
    Column("why", False, secondary=3, wraps=True),
)
DIFF_COLUMNS = (*_SHORT, *_WHOLE)
_WORST_FIRST: tuple[Outcome, ...] = ("fail", "unclear", "pass")


def short_diff_table(diff: Diff) -> Table:
    """Return one row for each cell that counts, what decides first."""
    assert diff.decision is not None
    limit = diff.decision.slower_by
    counted = [row for row in diff.rows if not row.never_ran]
    ranked = sorted(counted, key=lambda row: _rank(row, outcome(row, limit)))
    words = {"fail": tr("FAIL"), "unclear": tr("unclear"), "pass": tr("ok")}
    rows = tuple(
        (
            words[outcome(row, limit)],
            network_of(row),
            _where(row, counted),
            units.number(row.batch, "{:d}"),
            marked(units.duration(row.a_s), row.a_disturbed),
            marked(units.duration(row.b_s), row.b_disturbed),
            _takes(row),
        )
        for row in ranked
    )
    accuracy = accuracy_rule(diff)
    notes = (rule_sentence(diff.decision), *([accuracy] if accuracy else []))
    return Table("diff", tr("A = {a}, B = {b}", a=diff.a, b=diff.b), _SHORT, rows, notes)


def _takes(row: DiffRow) -> str:
    """Return how many times as long B takes; or which side did not run."""
    if row.verdict != "not comparable":
        for side, ran in (("A", row.ran_a), ("B", row.ran_b)):
            if ran not in RAN:
                return tr("{side} did not run: {verdict}", side=side, verdict=tr(ran))
    return times_text(row_times(row), short=True) or tr(row.verdict)


def _rank(row: DiffRow, found: Outcome) -> tuple[int, float]:
    """Return what sorts the rows: what decides first, and of those the slowest; the others stay in their order."""
    return _WORST_FIRST.index(found), 0.0 if found == "pass" else -(row.ratio or 0.0)


def _where(row: DiffRow, rows: Sequence[DiffRow]) -> str:
    """Return provider, copies and load, and the threads where they tell cells apart."""
    threads = len({other.threads for other in rows}) > 1
    parts = [row.provider, row.how, tr("{n} threads", n=row.threads) if threads else ""]
    return ", ".join(filter(None, parts))


def diff_markdown(diff: Diff) -> str:
    """Return a diff for a pull request: one sentence and one table."""
    table = short_diff_table(diff)
    sentence = decision_sentence(diff)
    if len(table.rows) > _MOST_IN_MARKDOWN:
        n = units.number(len(table.rows) - _MOST_IN_MARKDOWN, "{:d}")
        sentence += " " + tr("{n} more cells are not shown.", n=n)
    if any(row.never_ran for row in diff.rows):
        sentence += f" ({next(left_out(diff)).rstrip('.')})"
    mark, colon, rest = sentence.partition(":")
    names = {"A": f"A: {diff.a}", "B": f"B: {diff.b}"}
    columns = tuple(replace(column, title=names.get(column.title, column.title)) for column in table.columns)
    short = replace(table, columns=columns, rows=table.rows[:_MOST_IN_MARKDOWN])
    return "\n".join([f"**{mark}**{colon}{markdown_text(rest)}", "", *markdown_rows(short), ""])


def diff_warnings(diff: Diff) -> Iterator[str]:
    """Yield what a reader of the figures must know, the most important first."""
    yield from disagreements(diff)
    yield from diff.warnings


def diff_table(diff: Diff) -> Table:
    """Return one row for each cell that A and B share, with all evidence; cells that never ran are counted below."""
    counted = [row for row in diff.rows if not row.never_ran]
    rows = [_row(row, counted) for row in counted]
    way = (
        "The rounds of A and B were measured in turn, each in a fresh process; the interval is that of their ratio, "
        "pair by pair"
        if diff.in_turn
        else "A and B were measured in two runs; the interval is that of the ratio of their calm rounds"
    )
    level = next((row.level for row in diff.rows if row.level), None)
    notes = (
        f"B / A: time of B over time of A, above 1: B is slower. {way}" + (f" (level: {level:.1%})." if level else "."),
        f"noise floor: {diff.floor:.1%} ({diff.floor_source}); a difference below it is not claimed. same: the whole "
        f"interval lies within {diff.same_within:.0%} of 1.",
        *(variant.sentence for variant in diff.variants),
        *left_out(diff),
        *(f"only in A: {name}." for name in diff.only_in_a),
        *(f"only in B: {name}." for name in diff.only_in_b),
    )
    return Table("diff", f"A = {diff.a}, B = {diff.b}", _WHOLE, tuple(rows), notes)


def _row(row: DiffRow, rows: Sequence[DiffRow]) -> tuple[str, ...]:
    name = row.model_a if row.model_a == row.model_b else f"{row.model_a} / {row.model_b}"
    interval = f"{row.ratio_low:.3f}-{row.ratio_high:.3f}" if row.ratio_low is not None and row.ratio_high else "n/a"
    return (
        name,
        _where(row, rows),
        str(row.batch),
        row.verdict,
        marked(units.duration(row.a_s), row.a_disturbed),
        marked(units.duration(row.b_s), row.b_disturbed),
        f"{row.ratio:.3f}" if row.ratio is not None else "n/a",
        interval,
        str(row.pairs or ""),
        row.reason,
    )


def diff_summary(diff: Diff) -> tuple[str, ...]:
    """Return the findings in sentences."""
    rows = [row for row in diff.rows if not row.never_ran]
    counts = Counter(row.verdict for row in rows)
    if not diff.rows:
        return ("A and B have no cell in common, so nothing can be said.",)
    counted = ", ".join(f"{n} {verdict}" for verdict, n in counts.items())
    sentences = [f"{len(rows)} cells, B against A: {counted}."]
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

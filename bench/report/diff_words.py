"""A diff in words: the decision in one sentence, what was left out, and figures that seem to disagree.

decision_sentence(diff)       # "PASS: B is not slower by more than 5% in any of 4 cells."
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from dlbench.bench.diff.cell_ratio import Times
from dlbench.bench.diff.decision import medians_that_disagree, outcome
from dlbench.bench.diff.judge import Decision, Diff, DiffRow
from dlbench.bench.report.answer_words import disagreement, interval_text, times_text
from dlbench.show import units
from dlbench.show.texts import said, tr

_NAMED = 3


def row_times(row: DiffRow) -> Times | None:
    """Return how many times as long B takes as A; None where nobody knows."""
    if row.ratio is None or row.verdict == "not comparable":
        return None
    return Times(row.ratio, row.ratio_low, row.ratio_high, row.verdict, row.a_disturbed or row.b_disturbed)


def rule_sentence(decision: Decision) -> str:
    """Return the rule by which the diff was decided."""
    if decision.slower_by is None:
        return tr(
            "Rule: FAIL if a cell is slower outside the noise, PASS if all are faster or about the same, else UNCLEAR."
        )
    share = units.percent(decision.slower_by, _decimals(decision.slower_by))
    return tr(
        "Rule: FAIL if a cell is shown to be slower, by more than {share}; PASS if every interval ends below that; "
        "else UNCLEAR.",
        share=share,
    )


def accuracy_rule(diff: Diff) -> str | None:
    """Return what the rule says of accuracy; None where neither side is a variant of the other."""
    judged = [variant for variant in diff.variants if variant.verdict != "not judged"]
    if not judged:
        return None
    share = units.percent(judged[0].allowed_drop, _decimals(judged[0].allowed_drop))
    return tr("FAIL too if B lost more than {share} of the answers of the network that it was made from.", share=share)


def network_of(row: DiffRow) -> str:
    """Return the network of B; two models timed in turn are called "A old" and "B new"."""
    return row.model_b if row.model_a == row.model_b else row.model_b.removeprefix("B ")


def _cell(row: DiffRow) -> str:
    values = {"model": network_of(row), "provider": row.provider, "batch": row.batch, "n": row.threads}
    plain = tr("{model} on {provider}, batch {batch}, {n} threads", **values)
    return f"{plain}, {row.how}" if row.how else plain


def _decimals(share: float) -> int:
    return 0 if round(share * 100, 6).is_integer() else 1


def decision_sentence(diff: Diff) -> str:
    """Return the decision, how many cells stand behind it, and the one that matters most."""
    decision = diff.decision
    assert decision is not None
    rows = [row for row in diff.rows if not row.never_ran]
    words = {"FAIL": _failure, "UNCLEAR": _unclear, "PASS": _pass}[decision.verdict](diff, rows, decision)
    return f"{tr(decision.verdict)}: {words}"


def _share(decision: Decision) -> str:
    """Return " by more than 5%", or nothing where any difference outside the noise counts."""
    if decision.slower_by is None:
        return ""
    return tr(" by more than {share}", share=units.percent(decision.slower_by, _decimals(decision.slower_by)))


def _of(rows: Sequence[DiffRow], all_rows: Sequence[DiffRow]) -> dict[str, object]:
    return {"n": units.number(len(rows), "{:d}"), "all": units.number(len(all_rows), "{:d}")}


def _failure(diff: Diff, rows: Sequence[DiffRow], decision: Decision) -> str:
    failed = [row for row in rows if outcome(row, decision.slower_by) == "fail"]
    lost = [row for row in failed if row.lost_accuracy]
    slower = sorted(diff.slower_than(decision.slower_by or 0.0), key=lambda row: -(row.ratio or 0.0))
    broke = [row for row in failed if row.ratio is None and not row.lost_accuracy]
    parts = [variant.sentence for variant in diff.variants if variant.has_lost and lost]
    if slower:
        values: dict[str, object] = {"share": _share(decision), "cell": _cell(slower[0])}
        values["times"] = times_text(row_times(slower[0]))
        parts.append(
            tr("B is slower{share}: {cell} takes {times} as long.", **values)
            if len(rows) == 1
            else tr(
                "B is slower{share} in {n} of {all} cells: {cell} takes {times} as long.", **values, **_of(slower, rows)
            )
        )
    if broke:
        values = {"cell": _cell(broke[0]), "reason": broke[0].reason, **_of(broke, rows)}
        parts.append(tr("B did not run in {n} of {all} cells where A did: {cell}: {reason}.", **values))
    return " ".join(parts)


def _unclear(diff: Diff, rows: Sequence[DiffRow], decision: Decision) -> str:
    if not diff.rows:
        return tr("A and B have no cell in common.")
    if not rows:
        return tr("no cell ran in either.")
    if all(row.verdict == "not comparable" for row in rows):
        return tr("A and B can't be compared: {reason}.", reason=rows[0].reason)
    unclear = [row for row in rows if outcome(row, decision.slower_by) == "unclear"]
    # the widest interval is what a longer measurement has to narrow
    first = max(unclear, key=lambda row: (row.ratio_high or 0.0) / (row.ratio_low or 1.0))
    times = row_times(first)
    interval = interval_text(times) if times and first.trusted else ""
    why = tr("{interval} times", interval=interval) if interval else first.reason
    values = {"share": _share(decision), "cell": _cell(first), "why": why}
    if len(rows) == 1:
        return tr("nobody can tell whether B is slower{share}: {cell}: {why}.", **values)
    return tr(
        "nobody can tell whether B is slower{share} in {n} of {all} cells: {cell}: {why}.",
        **values,
        **_of(unclear, rows),
    )


def _pass(diff: Diff, rows: Sequence[DiffRow], decision: Decision) -> str:
    faster = sorted((row for row in rows if row.verdict == "faster"), key=lambda row: row.ratio or 0.0)
    if faster and len(rows) > 1:
        values = {"cell": _cell(faster[0]), "times": times_text(row_times(faster[0])), **_of(faster, rows)}
        return tr(
            "B is faster in {n} of {all} cells, most of all {cell}: it takes {times} as long; slower in none.", **values
        )
    if len(rows) == 1:
        values = {"share": _share(decision), "cell": _cell(rows[0]), "times": times_text(row_times(rows[0]))}
        if faster:
            return tr("B is faster: {cell} takes {times} as long.", cell=values["cell"], times=values["times"])
        return tr("B is not slower{share}: {cell}: {times}.", **values)
    return tr("B is not slower{share} in any of {all} cells.", share=_share(decision), **_of(rows, rows))


def left_out(diff: Diff) -> Iterator[str]:
    """Yield which cells don't count, once: those that ran in neither, and those that one side alone has."""
    lost = Counter((row.provider, row.ran_b) for row in diff.rows if row.never_ran)
    if lost:
        which = ", ".join(f"{n} x {provider} ({tr(verdict)})" for (provider, verdict), n in lost.items())
        yield tr("left out, for neither side ran: {which}.", which=which)
    for side, names in (("A", diff.only_in_a), ("B", diff.only_in_b)):
        if names:
            more = "; ..." if len(names) > _NAMED else ""
            values = {
                "side": side,
                "n": units.number(len(names), "{:d}"),
                "names": "; ".join(map(said, names[:_NAMED])) + more,
            }
            yield tr("left out, for they are in {side} alone: {n} cells ({names}).", **values)


def disagreements(diff: Diff) -> Iterator[str]:
    """Explain each row where the ratio of the two medians is not that of the rounds."""
    for row in medians_that_disagree(diff):
        assert row.a_s and row.b_s
        yield disagreement(diff.in_turn, _cell(row), row.b_s / row.a_s, row_times(row))

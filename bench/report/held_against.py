"""Two cells of a report held against each other: their times, what an answer takes, costs and needs in energy.

times_of((entry, cell), (entry, other)).ratio
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench.diff.cell_ratio import Times, judging, places, times
from dlbench.bench.machine.precision_support import precision_support
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.answer_words import times_text
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.show.texts import tr

_MOST_NAMED = 2  # variants that are slower

Member = tuple[Entry, Cell]


def times_of(
    a: tuple[Entry, Cell], b: tuple[Entry, Cell], an_answer: bool = False, factor: float = 1.0
) -> Times | None:
    """Return how many times as long B takes as A: a run, or one answer of it."""
    share = a[1].batch / b[1].batch if an_answer else 1.0
    return times(a[1], b[1], a[0] is b[0], factor * share, judging(a[0].result, a[1]))


def proportional(a: Member, b: Member, one: float | None, other: float | None) -> Times | None:
    """Return B over A of what follows from an answer's time, as cost and energy do: its noise is that of the time."""
    if not one or not other or not (a[1].latency_s and b[1].latency_s):
        return None
    an_answer = (b[1].median_s / b[1].batch) / (a[1].median_s / a[1].batch)
    return times_of(a, b, an_answer=True, factor=other / one / an_answer)


def places_by(members: Sequence[Member], values: Sequence[float | None]) -> list[int | None]:
    """Return the place of each value, which follows from its cell's time; what is not shown to differ shares one."""
    return places(values, lambda i, j: proportional(members[i], members[j], values[i], values[j]))


def ties_of(first: Member, members: Sequence[Member], an_answer: bool = False) -> list[Member]:
    """Return those that are not shown to take longer than the first."""
    against = [(m, times_of(first, m, an_answer)) for m in members]
    return [m for m, t in against if m is first or (t is not None and t.verdict != "slower")]


def slower_variants(rows: Sequence[AnswerRow], entry: Entry) -> Iterator[str]:
    """Yield why a variant is shown to be slower than the network that it was made from; of many the first few."""
    parents = {variant.model: variant.parent for variant in entry.result.variants}
    known = {(row.cell[1].model, row.provider): row for row in rows}
    said = 0
    for row in rows:
        cell = row.cell[1]
        parent = known.get((parents.get(cell.model, ""), row.provider))
        found = times_of(parent.cell, row.cell) if parent and parent.batch == row.batch else None
        support = precision_support(entry.result.machine, cell.precision, cell.provider)
        if said < _MOST_NAMED and parent and found and found.verdict == "slower" and support:
            said += 1
            values = {"network": row.network, "parent": parent.network, "times": times_text(found)}
            if not support.native:
                yield tr("{network} takes {times} as long as {parent} here: {reason}.", reason=support.reason, **values)
                continue
            yield tr(
                "{network} takes {times} as long as {parent} here, although {reason}: in small layers, and in a first "
                "one of few channels, converting and sorting values takes longer than fewer bits save.",
                reason=support.reason,
                **values,
            )

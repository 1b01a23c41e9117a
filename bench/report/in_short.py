"""What a report says in sentences before its tables: of one machine, or of a class's.

for sentence in in_short(entries, answer): ...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench.report.answer import Answer
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.answer_words import listed, marked
from dlbench.bench.report.cell_names import on_provider
from dlbench.bench.report.held_against import Member, proportional, ties_of
from dlbench.bench.results.merging import Entry
from dlbench.show import units
from dlbench.show.texts import tr

_NAMED = 3


def in_short(entries: Sequence[Entry], answer: Answer) -> tuple[str, ...]:
    """Return what the figures say: which is fastest, what answers cost, how many a second, what did not run."""
    if len(entries) > 1:
        return (*_by_network(answer.rows), *answer.lost)
    return (*answer.sentences, *answer.pricing, *filter(None, [answer.right]), *_most_answers(entries[0]), *answer.lost)


def _most_answers(entry: Entry) -> Iterator[str]:
    """Say which makes the most answers a second, one request at a time or many at once."""
    rates = [(1 / c.throughput_per_s, (entry, c)) for c in entry.result.cells if c.ranked and c.throughput_per_s]
    if not rates:
        return
    least, (_, wide) = min(rates, key=lambda rate: rate[0])
    first = [
        cell
        for each, (_, cell) in rates
        if cell is wide
        or ((t := proportional((entry, wide), (entry, cell), least, each)) is not None and t.verdict != "slower")
    ]
    names = [
        tr("{name}, batch {batch}", name=f"{cell.model} ({on_provider(cell)})", batch=cell.batch) for cell in first
    ]
    yield tr(
        "The most work: {names} makes {n} answers a second.",
        names=tr(" or ").join(names[:_NAMED]),
        n=marked(units.thousands(wide.throughput_per_s), wide.disturbed),
    )


def _by_network(rows: Sequence[AnswerRow]) -> Iterator[str]:
    """Yield, for each network, the machines with the shortest wait and with the most answers a second."""
    networks: dict[str, list[AnswerRow]] = {}
    for row in rows:
        if not row.lost_accuracy:
            networks.setdefault(row.network, []).append(row)
    for network, members in sorted(networks.items()):
        quick = min(members, key=lambda row: (row.batch, row.latency_s))
        wide = max(members, key=lambda row: row.answers_per_s or 0)
        yield tr(
            "{network}: the shortest wait is {time} (machine {quick}), the most answers a second are {n} (machine "
            "{wide}, batch {batch}).",
            network=network,
            time=marked(units.duration(quick.latency_s), quick.disturbed),
            quick=_machines(ties_of(quick.cell, [row.cell for row in members if row.batch == quick.batch])),
            n=marked(units.thousands(wide.answers_per_s), wide.best_disturbed),
            wide=_machines(ties_of(wide.best, [row.best for row in members], an_answer=True)),
            batch=wide.best_batch,
        )


def _machines(members: Sequence[Member]) -> str:
    """Return the machines that are not shown to differ."""
    return listed(list(dict.fromkeys(entry.label for entry, _ in members)))

"""Variants in sentences: which of them is slower than its parent here, and what the machine lacks.

for sentence in slower_variants(rows, entry): ...
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench.machine.precision_support import precision_support
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.answer_words import times_text
from dlbench.bench.report.held_against import times_of
from dlbench.bench.results.merging import Entry
from dlbench.show.texts import tr

__all__ = ["slower_variants"]

_MOST = 2


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
        if said < _MOST and parent and found and found.verdict == "slower" and support and not support.native:
            said += 1
            values = {"network": row.network, "parent": parent.network, "times": times_text(found)}
            yield tr("{network} takes {times} as long as {parent} here: {reason}.", reason=support.reason, **values)

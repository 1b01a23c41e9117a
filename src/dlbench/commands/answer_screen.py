"""The answer of a result on one screen.

if not show_answer(entries, written, then, "dlbench report RESULT --full"):
    ...  # all tables: --full was given, or columns that the answer does not have
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dlbench.bench.results.merging import Entry
    from dlbench.show.table import Table

_BY_TEST = re.compile(r" \([^()]*McNemar[^()]*\)")  # what proves a loss stands in the report
_MOST_LOST = 2  # reasons why something could not run that stay, however little room there is


def show_answer(
    entries: Sequence[Entry],
    written: Sequence[Path],
    then: Sequence[str],
    full: str,
    first: Sequence[str] = (),
    again: str = "",
) -> bool:
    """Print the answer: a row for each network and provider, what it means, the warning that matters most, what next.

    Returns False, and prints nothing, where the user asked for all tables, or for columns that are in others alone.
    Where few measurements were calm, measuring `again` comes first.
    """
    from dlbench.bench.report.answer import answer_of
    from dlbench.bench.report.tables.answer_table import answer_table
    from dlbench.commands.one_screen import Screen, show_screen
    from dlbench.show.console import output
    from dlbench.show.texts import said, tr

    answer = answer_of(entries)
    tables = [table for table in (answer_table(answer, width=output().width),) if table.rows]
    if not _is_enough(tables):
        return False
    lost = [": ".join(each.split(": ")[:2]) for each in answer.lost]  # what would help stands in the report
    # who asked for a provider must see that it could not run, whatever else there is to say
    if not tables and not lost:
        first = [*first, tr("No network was timed in this result.")]
    told = [*first, *answer.sentences[:1], *lost[:_MOST_LOST], *answer.sentences[1:], *answer.pricing[:1], answer.right]
    told = [_BY_TEST.sub("", said(text)) for text in told if text]
    in_short = [*told, *answer.pricing[1:], answer.trust, *lost[_MOST_LOST:]]
    if again and answer.busy:
        then = [again, *then]
    must = len(first) + min(1, len(answer.sentences)) + len(lost[:_MOST_LOST])
    warnings = [warning for warning in (answer.warning, *answer.other_warnings) if warning]
    show_screen(
        Screen(
            [replace(table, notes=()) for table in tables],
            [text for text in in_short if text],
            warnings,
            written,
            then,
            elsewhere=(tr("all tables"),),
            foot=[note for table in tables for note in table.notes],
            least=len(told),
            must=must,
            spare=len(told) - must,
            full=full,
        )
    )
    return True


def _is_enough(tables: Sequence[Table]) -> bool:
    from dlbench.show.table_choice import current_choice

    choice = current_choice()  # a column may be in another table; if not, all tables say which columns there are
    return not choice.full and (not tables or choice.known_in(tables))

"""Each cell against the fastest one of its batch size: its place, and how many times as long it takes.

for standing in standings(result): standing.place, standing.times_fastest
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dlbench.bench.diff.cell_ratio import Times, judging, ranked, times
from dlbench.bench.results.records import CellName, Standing
from dlbench.bench.results.schema import Cell, Result

_MOST_IN_PAIRS = 60  # of more cells the intervals are held against each other: a bootstrap of each takes too long


def standings(result: Result) -> tuple[Standing, ...]:
    """Return one standing for each ranked cell, of one request at a time."""
    groups: dict[int, list[Cell]] = {}
    for cell in result.cells:
        if cell.ranked and cell.scenario == "single-stream":
            groups.setdefault(cell.batch, []).append(cell)
    in_turn = sum(map(len, groups.values())) <= _MOST_IN_PAIRS
    return tuple(s for batch in sorted(groups) for s in _of_batch(groups[batch], result, in_turn))


def _of_batch(cells: Sequence[Cell], result: Result, in_turn: bool) -> Iterator[Standing]:
    medians = [cell.median_s for cell in cells]

    def ratio(i: int, j: int) -> Times | None:
        return times(cells[i], cells[j], in_turn, settings=judging(result, cells[i]))

    for cell, place, against in zip(cells, *ranked(medians, ratio), strict=True):
        if against is not None and place is not None:
            yield _standing(cell, place, against)


def _standing(cell: Cell, place: int, against: Times) -> Standing:
    return Standing(
        **dict(zip(CellName.model_fields, cell.name, strict=True)),
        place=place,
        times_fastest=against.ratio,
        times_low=against.low,
        times_high=against.high,
        verdict=against.verdict,
        disturbed=against.disturbed,
    )

"""The batch size from which one provider overtakes another, in time and in cost.

for crossing in crossovers(cells): crossing.batch, crossing.overtakes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import exp, log

from dlbench.bench.cost.pricing import SHOWN_FIRST
from dlbench.bench.results.records import Crossover
from dlbench.bench.results.schema import Cell


def crossovers(cells: Sequence[Cell]) -> Iterator[Crossover]:
    """Yield, for each network and pair of providers, where the curves over the batch size cross, if they do.

    Between two measured batch sizes the curves are taken as straight on log axes (time against batch is a power law
    there). A batch size at which the intervals overlap says nothing of who is ahead, and is passed over.
    """
    plain = [c for c in cells if c.timed_alone]
    threads = plain[0].threads if plain else 0
    series: dict[tuple[str, str], list[Cell]] = {}
    for cell in plain:
        if cell.threads == threads:
            series.setdefault((cell.model, _name(cell)), []).append(cell)
    for model in dict.fromkeys(model for model, _ in series):
        names = [name for m, name in series if m == model]
        for one, other in combinations(names, 2):
            if one.split(" ")[0] != other.split(" ")[0]:  # with and without copies is no race
                yield from _pair(model, one, other, series[model, one], series[model, other])


def _name(cell: Cell) -> str:
    copies = {None: "", True: " with copies", False: " without copies"}[cell.copies_included]
    return cell.provider + copies


_Span = tuple[float, float, float]  # low, value, high


def _pair(model: str, one: str, other: str, a: Sequence[Cell], b: Sequence[Cell]) -> Iterator[Crossover]:
    times = ({c.batch: _span(c, c.median_s) for c in s} for s in (a, b))
    yield from _crossing(model, one, other, "time", *times)
    for option in SHOWN_FIRST:
        costs = [{c.batch: _span(c, usd) for c in s if (usd := c.usd(option))} for s in (a, b)]
        if costs[0] and costs[1]:
            yield from _crossing(model, one, other, f"cost ({option})", costs[0], costs[1])
            return


def _span(cell: Cell, value: float) -> _Span:
    """Return a value that is proportional to the cell's time with the ends of its interval."""
    latency = cell.latency
    low, high = latency.ends
    return value * low / latency.p50, value, value * high / latency.p50


def _crossing(
    model: str, one: str, other: str, quantity: str, a: Mapping[int, _Span], b: Mapping[int, _Span]
) -> Iterator[Crossover]:
    batches = [n for n in sorted(set(a) & set(b)) if a[n][2] < b[n][0] or b[n][2] < a[n][0]]
    if not batches:
        return
    gaps = [log(a[n][1] / b[n][1]) for n in batches]  # above 0: `other` is ahead
    ahead, behind = (other, one) if gaps[0] > 0 else (one, other)
    for (n0, g0), (n1, g1) in zip(
        zip(batches, gaps, strict=True), zip(batches[1:], gaps[1:], strict=True), strict=False
    ):
        if g0 * g1 < 0:
            where = exp(log(n0) + (log(n1) - log(n0)) * g0 / (g0 - g1))
            note = f"between batch {n0} and {n1}; interpolated"
            yield Crossover(model=model, overtaken=ahead, overtakes=behind, quantity=quantity, batch=where, note=note)
            return
    note = f"{ahead} is ahead at every batch size from {batches[0]} to {batches[-1]}"
    yield Crossover(model=model, overtaken=behind, overtakes=ahead, quantity=quantity, batch=None, note=note)

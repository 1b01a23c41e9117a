"""The answer of a run or of a class's: which network is fastest here and by how much, what answers cost, what to trust.

    answer = answer_of(entries)
    answer.rows[0].times, answer.sentences, answer.warning

Terminal, page, Markdown and notebook draw this one value. Nothing in it is called fastest or cheapest inside the noise:
rows that are not shown to differ share a place (`dlbench.bench.diff.cell_ratio`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dlbench.bench.cost.pricing import SHOWN_FIRST
from dlbench.bench.diff.cell_ratio import Times, places, ranked
from dlbench.bench.report.answer_row import AnswerRow
from dlbench.bench.report.answer_words import (
    accuracy_sentence,
    class_sentences,
    cost_sentence,
    disagreement_sentences,
    lost_sentences,
    main_warning,
    price_sentences,
    speed_sentence,
    trust_sentence,
)
from dlbench.bench.report.cell_names import cell_key, network_names, shared_price_unit, timed_cells, where
from dlbench.bench.report.held_against import Member, slower_variants, ties_of, times_of
from dlbench.bench.results.headline import QUIET
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.records import CostOption
from dlbench.bench.results.schema import Cell
from dlbench.show import units


@dataclass(frozen=True)
class Answer:
    """What a result says, shortest first."""

    rows: tuple[AnswerRow, ...]  # fastest first
    sentences: tuple[str, ...]  # speed, cost, and where the medians alone would say otherwise
    pricing: tuple[str, ...]  # what stands behind the costs: the way to have the machine, and what an hour costs
    trust: str  # on what it was measured, and how many rounds were calm
    right: str  # which is right most often, and of which no difference shows
    lost: tuple[str, ...]  # what could not run, a line a reason
    warning: str  # the one that matters most; "": none
    other_warnings: tuple[str, ...]
    calm_rounds: int
    undelayed_rounds: int  # besides them: other programs were at work, and left enough samples alone
    rounds: int
    price_unit: units.Unit  # of what answers cost
    busy: bool  # few measurements were calm: to measure again comes before all else


def answer_of(entries: Sequence[Entry]) -> Answer:
    """Return the answer of one result, or of several machines'."""
    groups = _groups(entries)
    option = _shared_option([c for members in groups for _, c in members])
    best = [_best(members) for members in groups]
    small = _smallest(groups)
    rows = sorted(_rows(entries, small, best, option), key=lambda row: (row.place is None, row.place, row.latency_s))
    warning, others = main_warning(entries)
    rounds = [r for entry in entries for c in entry.result.cells for r in c.rounds]
    return Answer(
        rows=tuple(rows),
        sentences=tuple(filter(None, _sentences(rows, entries))),
        pricing=tuple(price_sentences(rows, option)),
        trust=trust_sentence(entries),
        right=accuracy_sentence(rows),
        lost=tuple(lost_sentences(entries)),
        warning=warning,
        other_warnings=others,
        calm_rounds=sum(r.undisturbed for r in rounds),
        undelayed_rounds=sum(r.state == "undelayed" for r in rounds),
        rounds=len(rounds),
        price_unit=shared_price_unit(entries),
        busy=2 * sum(c.interval_covers in QUIET for _, c in timed_cells(entries)) < sum(map(len, groups)),
    )


def _sentences(rows: Sequence[AnswerRow], entries: Sequence[Entry]) -> Iterator[str]:
    machines = [_alone([row for row in rows if row.machine == label]) for label in {row.machine: 0 for row in rows}]
    yield from class_sentences(rows, machines) if len(machines) > 1 else (speed_sentence(rows),)
    yield from dict.fromkeys(v.sentence for entry in entries for v in entry.result.variants if v.has_lost)
    yield cost_sentence(rows, shared_price_unit(entries))
    if len(machines) == 1:
        yield from slower_variants(rows, entries[0])
        yield from disagreement_sentences(rows)


def _alone(rows: Sequence[AnswerRow]) -> list[AnswerRow]:
    """Return one machine's rows, held against each other alone, the fastest first."""
    places, times = _ranked_by_time([row.cell for row in rows])
    again = [replace(row, place=p, times=t) for row, p, t in zip(rows, places, times, strict=True)]
    return sorted(again, key=lambda row: (row.place is None, row.place, row.latency_s))


def _groups(entries: Sequence[Entry]) -> list[list[Member]]:
    """Return the timed cells that differ in nothing but the batch."""
    groups: dict[tuple[str, ...], list[Member]] = {}
    for entry, cell in timed_cells(entries):
        key = (entry.label, cell.model, cell.precision, where(cell, entry.result))
        groups.setdefault(key, []).append((entry, cell))
    return [sorted(members, key=lambda m: m[1].batch) for members in groups.values()]


def _smallest(groups: Sequence[Sequence[Member]]) -> list[Member]:
    """Return each group's cell of the smallest batch that all have, else of its own smallest."""
    shared = set.intersection(*({c.batch for _, c in members} for members in groups)) if groups else set()
    batch = min(shared, default=None)
    return [next((m for m in members if m[1].batch == batch), members[0]) for members in groups]


def _best(members: Sequence[Member]) -> Member:
    """Return the cell with the most answers a second; of those about as good, the smallest batch."""
    most = max(members, key=lambda m: m[1].throughput_per_s or 0.0)
    return ties_of(most, members, an_answer=True)[0]


def _priced(cell: Cell, option: str) -> CostOption | None:
    found = cell.cost(option)
    return found if found and found.usd_per_million is not None else None


def _shared_option(cells: Sequence[Cell]) -> str:
    """Return the first way to have the machine that has a price for all cells, else for one."""
    for enough in (all, any):
        for option in SHOWN_FIRST:
            if cells and enough(_priced(cell, option) for cell in cells):
                return option
    return ""


def _rows(
    entries: Sequence[Entry], small: Sequence[Member], best: Sequence[Member], option: str
) -> Iterator[AnswerRow]:
    named = network_names(entries)
    speed_places, speed_times = _ranked_by_time(small)
    priced = [_priced(cell, option) for _, cell in best]
    usd, cost_places = [o.usd_per_million if o else None for o in priced], _places_by_cost(best, priced)
    for i, ((entry, cell), (_, top)) in enumerate(zip(small, best, strict=True)):
        latency = cell.latency
        yield AnswerRow(
            machine=entry.label,
            network=named(cell),
            provider=where(cell, entry.result),
            key=cell_key(cell, entry.label if len(entries) > 1 else ""),
            batch=cell.batch,
            latency_s=latency.p50,
            low_s=latency.ci_low,
            high_s=latency.ci_high,
            few_calm=cell.interval_covers == "all rounds",
            disturbed=cell.disturbed,
            times=speed_times[i],
            place=speed_places[i],
            best_batch=top.batch,
            answers_per_s=top.throughput_per_s,
            best_disturbed=top.disturbed,
            usd_per_million=usd[i],
            cost_title=o.title if (o := priced[i]) else "",
            cost_place=cost_places[i],
            energy_j=top.energy_j_per_inference,
            accuracy=cell.accuracy,
            lost_accuracy=cell.lost_accuracy,
            cell=small[i],
            best=best[i],
        )


def _ranked_by_time(small: Sequence[Member]) -> tuple[list[int | None], list[Times | None]]:
    """Return places, and times as long as the fastest; only ranked cells of the commonest batch have any."""
    batches = [c.batch for _, c in small]
    usual = min(batches, key=lambda b: (-batches.count(b), b), default=0)
    medians = [c.median_s if c.ranked and c.batch == usual else None for _, c in small]
    return ranked(medians, lambda i, j: times_of(small[i], small[j]))


def _places_by_cost(best: Sequence[Member], priced: Sequence[CostOption | None]) -> list[int | None]:
    hours = [o.usd_per_hour if o else None for o in priced]

    def ratio(i: int, j: int) -> Times | None:
        one, other = hours[i], hours[j]
        return times_of(best[i], best[j], an_answer=True, factor=other / one) if one and other else None

    ranked_usd = [o.usd_per_million if o and c.ranked else None for (_, c), o in zip(best, priced, strict=True)]
    return places(ranked_usd, ratio)

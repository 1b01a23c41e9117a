"""One row of the answer: a network on a provider, at the smallest batch and at the best one."""

from __future__ import annotations

from dataclasses import dataclass, field

from dlbench.bench.diff.cell_ratio import Times
from dlbench.bench.report.cell_names import runs_on
from dlbench.bench.results.merging import Entry
from dlbench.bench.results.schema import Cell
from dlbench.model.facts import Accuracy


@dataclass(frozen=True)
class AnswerRow:
    """One network on one provider of one machine."""

    machine: str  # its label
    network: str
    provider: str  # with copies, threads and so on, where they tell rows apart
    key: str  # of the cell at the smallest batch, as tables name their rows
    batch: int  # the smallest: of all rows together where they share one
    latency_s: float  # median of one run of that batch
    low_s: float | None  # its interval; None: disturbed, or one round
    high_s: float | None
    few_calm: bool  # the interval covers all rounds
    disturbed: bool  # ~: hardly any round was calm; of the time and all that follows from it
    times: Times | None  # how many times as long as the fastest row; None: at another batch
    place: int | None  # 1: none is shown to be faster
    best_batch: int  # the smallest with the most answers a second
    answers_per_s: float | None
    best_disturbed: bool  # ~ of answers, cost and energy
    usd_per_million: float | None  # at the best batch, the way that `cost_title` says
    cost_title: str  # what that is, such as the rented instance; "": no price
    cost_place: int | None
    energy_j: float | None  # of one answer at the best batch
    accuracy: Accuracy | None
    lost_accuracy: bool  # a variant that lost more than was allowed: it has no place
    cell: tuple[Entry, Cell] = field(repr=False, compare=False)  # at the smallest batch
    best: tuple[Entry, Cell] = field(repr=False, compare=False)  # at the best one

    @property
    def device(self) -> str:
        """The processor that does its work."""
        entry, cell = self.cell
        return runs_on(cell, entry.result.machine)

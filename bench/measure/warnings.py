"""Warnings as data: what a reader should know about a cell and a run before trusting a figure.

warnings = (*cell_warnings(job, latency, settings), *run_warnings(cells))

Those about the machine (busy, on battery, throttled) are in `dlbench.bench.machine.machine_facts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.plan import Job
from dlbench.bench.results.headline import QUIET, headline, samples_of
from dlbench.bench.results.records import LatencySeconds
from dlbench.bench.results.schema import Cell
from dlbench.system import usable_cores

_MOVED = 1.25
_HEATING = 0.03
_ALL_CELLS = 3


def cell_warnings(job: Job, latency: LatencySeconds | None, settings: CompareSettings) -> Iterator[str]:
    """Yield what a reader should know about one cell."""
    if latency is None:
        return
    stands = headline(job.rounds, settings.min_rounds)
    if stands.covers == "all rounds":
        yield (
            f"only {len(stands.rounds)} of {len(job.rounds)} rounds were calm or undelayed: they give the figures, all "
            "rounds the interval; a longer budget may find more."
        )
    elif stands.covers == "mixed rounds":
        yield (
            f"hardly any of {len(job.rounds)} rounds was calm, and the speed kept changing: the interval spans all "
            "rounds, and the times may be too high; close other programs or use a longer budget."
        )
    elif stands.covers not in QUIET:
        yield (
            f"hardly any of {len(job.rounds)} rounds was calm: figure and interval come from {len(stands.rounds)} "
            f"{stands.covers}, a state that lasted; on a calm machine this cell may be faster."
        )
    if job.stopped == "budget":
        yield f"stopped at the time budget before the interval reached +-{settings.precision_goal:.0%}."
    if job.stopped == "interrupted" and len(job.rounds) < settings.min_rounds:
        yield f"interrupted after {len(job.rounds)} of at least {settings.min_rounds} rounds."
    unsettled = sum(not r.warm_up_settled for r in job.rounds)
    if unsettled:
        yield f"in {unsettled} of {len(job.rounds)} rounds the times were still falling when the warm-up ended."
    samples, outliers = len(stands.samples), stands.samples.outliers()
    if outliers:
        yield (
            f"{outliers} of {samples} samples lie far from the median, over 10 times the usual distance; they are kept."
        )
    short = [name for name in ("p90", "p95", "p99") if getattr(latency, name) is None]
    if short:
        yield f"{', '.join(short)} need more samples than the {samples} here."


def run_warnings(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield what a reader should know about the run as a whole."""
    timed = [c for c in cells if c.timed]
    few = [c for c in timed if c.interval_covers not in QUIET and len(c.rounds) > 1]
    if few:
        yield (
            f"{len(few)} of {len(timed)} cells had too few calm rounds: another program, or the host of a virtual "
            "machine, changed this machine's speed, so their intervals cover all rounds (or one slower state, if none "
            "was calm); a longer budget (such as 120 s) may find more."
        )
    yield from _heating(timed)
    spread = [c for c in timed if _moved(c) > _MOVED]
    if spread:
        worst = max(spread, key=_moved)
        yield (
            f"the slowest round was {_moved(worst):.1f} times the fastest on {worst.model}, batch {worst.batch} "
            f"(over {_MOVED:g} times on {len(spread)} cells): the machine changed its speed during the run; the "
            "picture of rounds over time shows when."
        )
    crowded = [c for c in timed if c.threads * c.streams > usable_cores()]
    if crowded:
        c = crowded[0]
        yield (
            f"{c.threads} threads x {c.streams} streams is more than the {usable_cores()} cores that this process "
            "may use: they wait for each other, which is what such a cell shows."
        )
    for cell in cells:
        if cell.verdict in ("fell_back", "folded", "partial", "failed", "out_of_memory"):
            verdict = cell.verdict.replace("_", " ")
            yield f"{cell.model} on {cell.provider}, batch {cell.batch}: {verdict}: {cell.reason}"


def _heating(timed: Sequence[Cell]) -> Iterator[str]:
    """Say where all cells got slower towards the end of the run, as on a machine that heats up."""
    slower = []
    for cell in timed:
        medians = [samples_of(r).median_s() for r in cell.rounds]
        third = len(medians) // 3
        if third >= 2 and cell.rate_per_s is None:
            slower.append(median(medians[-third:]) / median(medians[:third]) - 1)
    if len(slower) >= _ALL_CELLS and min(slower) > _HEATING:
        yield (
            f"all cells got slower as the run went on, by {median(slower):.0%} from the first third of the rounds to "
            "the last: a machine that heats up does so; let it cool, give it air, or plug it in, and run again."
        )


def _moved(cell: Cell) -> float:
    """Return the slowest round's median over the fastest's."""
    medians = [samples_of(r).median_s() for r in cell.rounds]
    return max(medians) / min(medians) if len(medians) > 1 and cell.rate_per_s is None else 1.0

"""Two models timed in turn, until they clearly differ, clearly do not, or the budget is spent.

    diff = diff_models(("old.onnx", "new.onnx"), CompareSettings(), DiffSettings())

Rounds alternate A B, B A, so a pair of rounds shares the machine's state. The ratio is looked at after 8, 14, 24 and
40 pairs, and once more when the time is up, each time in three ways. That gives chance fifteen chances, so each asks
for 99.93 %: all together claim falsely in at most 1 of 100 comparisons (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

from dlbench.bench.cost.catalogue import load_catalogue
from dlbench.bench.cost.pricing import PriceSettings
from dlbench.bench.diff.decision import by_rule
from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import Diff, DiffRow, DiffVerdict, judge, label, row
from dlbench.bench.diff.ratio import MIN_PAIRS, RatioInterval, ratio_in_turn
from dlbench.bench.measure.assembling import assemble
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.measurement import measure
from dlbench.bench.measure.plan import Job
from dlbench.bench.measure.rounds import OnEvent
from dlbench.bench.measure.subjects import distinct_names
from dlbench.bench.results.records import Round
from dlbench.bench.results.schema import Cell, Result
from dlbench.errors import InputError

LOOKS = (8, 14, 24, 40)
_WAYS = 3  # see ratio_in_turn
LOOK_LEVEL = 1 - 0.01 / ((len(LOOKS) + 1) * _WAYS)


def diff_models(
    models: tuple[str | PathLike[str], str | PathLike[str]],
    settings: CompareSettings,
    how: DiffSettings,
    on_event: OnEvent | None = None,
    command: str = "",
    history: bool = False,
) -> Diff:
    """Time two models in turn; what is given beside them is as in `compare`.

    Raises:
        ModelFileError: a model that can't be read, loaded or fed.
        InputError: no batch size that both models can take.
    """
    a_path, b_path = map(Path, models)
    a_name, b_name = _names(a_path, b_path)
    names = names_in_turn(a_path, b_path)
    measured = measure(
        (a_path, b_path),
        settings,
        settle=lambda jobs, time_is_up: _settle(jobs, how, time_is_up),
        names=names,
        on_event=on_event,
        command=command,
        history=history,
        arrange=in_turn,
    )
    result = assemble(measured, settings, PriceSettings(), load_catalogue(), command).model_copy(
        update={"of_diff": True}
    )
    cells = dict(zip(map(id, measured.jobs), result.cells, strict=True))
    rows, alone = [], []
    for a, b in _pairs(measured.jobs):
        if a is None or b is None:
            alone += [job for job in (a, b) if job is not None]
        else:
            rows.append(_row(cells[id(a)], cells[id(b)], how))
    if not rows:
        raise InputError("expected models that share a batch size, received none in common; give `batch_sizes`.")
    return Diff(
        a=f"{a_name}{a_path.suffix}",
        b=f"{b_name}{b_path.suffix}",
        in_turn=True,
        floor=how.floor,
        floor_source=how.floor_source,
        same_within=how.same_within,
        rows=tuple(rows),
        only_in_a=tuple(label(cells[id(j)]) for j in alone if _is_a(j)),
        only_in_b=tuple(label(cells[id(j)]) for j in alone if not _is_a(j)),
        warnings=_warnings(result),
        measured=result,
    )


def names_in_turn(a: Path, b: Path) -> tuple[str, str]:
    """Return what the result calls the two files."""
    first, second = _names(a, b)
    return f"A {first}", f"B {second}"


def _names(a: Path, b: Path) -> tuple[str, str]:
    """Return what to call the two files; the same file twice is allowed, and should then show no difference."""
    if a.absolute() == b.absolute():
        return a.stem, b.stem
    first, second = distinct_names((a, b))
    return first, second


def _warnings(result: Result) -> tuple[str, ...]:
    """Return the run's warnings that matter for a ratio: a change of speed affects both sides of a pair."""
    return tuple(w for w in result.warnings if "too few calm rounds" not in w and "the slowest round was" not in w)


def _group(job: Job) -> tuple[object, ...]:
    return job.key[1:]


def _is_a(job: Job) -> bool:
    return job.subject.record.name.startswith("A ")


def _pairs(jobs: Sequence[Job]) -> list[tuple[Job | None, Job | None]]:
    """Return the matching jobs of A and B; None where the other model has no such cell."""
    sides: dict[tuple[object, ...], list[Job | None]] = {}
    for job in sorted(jobs, key=lambda j: not _is_a(j)):
        sides.setdefault(_group(job), [None, None])[0 if _is_a(job) else 1] = job
    return [(a, b) for a, b in sides.values()]


def in_turn(jobs: list[Job]) -> list[Job]:
    """Order the jobs A B, A B; a cell that only one model has is not measured."""
    ordered = []
    for a, b in _pairs(jobs):
        for job in (a, b):
            if job is not None:
                if a is None or b is None:
                    job.problem, job.stopped = ("failed", "the other model has no such cell"), "alone"
                ordered.append(job)
    return ordered


def _settle(jobs: Sequence[Job], how: DiffSettings, time_is_up: bool) -> None:
    """Stop the pairs that are decided, that failed on one side, or whose time is up."""
    for a, b in _pairs(jobs):
        if a is None or b is None or (a.done and b.done):
            continue
        if a.done or b.done:
            broken, other = (a, b) if a.done else (b, a)
            other.stopped = broken.stopped
            continue
        n = min(len(a.rounds), len(b.rounds))
        interval = pair_ratio(a.rounds, b.rounds) if n in LOOKS else None
        decided = interval is not None and _is_clear(interval, how)
        if decided or n >= LOOKS[-1]:
            a.stopped = b.stopped = "decided" if decided else "rounds"
        elif time_is_up and n >= LOOKS[0]:
            a.stopped = b.stopped = "budget"


def _is_clear(interval: RatioInterval, how: DiffSettings) -> bool:
    verdict, _ = judge(interval, how)
    return verdict != "can't tell" and by_rule(verdict, interval.ratio, interval.high, how.slower_by) != "unclear"


def pair_ratio(a: Sequence[Round], b: Sequence[Round]) -> RatioInterval | None:
    """Return B / A at the confidence level of one look; None below five pairs."""
    return ratio_in_turn(a, b, LOOK_LEVEL) if min(len(a), len(b)) >= MIN_PAIRS else None


def _row(a: Cell, b: Cell, how: DiffSettings) -> DiffRow:
    if not a.timed and not b.timed:
        return row(a, b, "not comparable", f"neither ran: {a.verdict}: {a.reason}"[:1000])
    for side, cell in (("A", a), ("B", b)):
        if not cell.timed:
            return row(a, b, "can't tell", f"{side} has no figures: {cell.verdict}: {cell.reason}"[:1000])
    if a.verdict != b.verdict:
        return row(a, b, "can't tell", f"the nodes ran elsewhere: A {a.verdict}, B {b.verdict}")
    interval = pair_ratio(a.rounds, b.rounds)
    if interval is None:
        return row(
            a, b, "can't tell", f"only {min(len(a.rounds), len(b.rounds))} pairs of rounds; give a longer budget"
        )
    verdict: DiffVerdict
    verdict, reason = judge(interval, how)
    if verdict == "can't tell" and a.stopped == "budget":
        reason += "; a longer budget may settle it"
    return row(a, b, verdict, reason, interval)

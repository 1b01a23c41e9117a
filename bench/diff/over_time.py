"""How the figures of a cell moved over kept results: a change is marked only outside the noise.

    for series in series_over_time([("monday.json", result), ...], settings):
        series.points[-1].change          # "slower", "faster" or ""

A point is held against the one since which nothing has changed, by the judge of `dlbench diff`: so a slow drift shows
as soon as it leaves the noise, and neighbours that merely differ by noise do not. The chance of a false mark, 1 of 100,
is shared out over all comparisons that are drawn (Bonferroni), so that it holds for the history, not for each point.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dlbench.bench.diff.diff_settings import DiffSettings
from dlbench.bench.diff.judge import DiffRow, cell_row, how, unfit
from dlbench.bench.results.schema import Cell, Result
from dlbench.errors import InputError, close_matches


@dataclass(frozen=True, order=True)
class SeriesKey:
    """What all points of a series have in common."""

    machine: str  # fingerprint
    model: str
    precision: str
    provider: str
    threads: int
    batch: int
    how: str  # copies, streams, scenario, if they are not the plain ones


@dataclass(frozen=True)
class Point:
    """The figures of a cell in one result."""

    file: str
    created: str  # UTC, ISO 8601
    label: str
    cell: Cell
    row: DiffRow | None  # against the point since which nothing has changed; None: there is none yet
    notes: tuple[str, ...]  # what else is new since the point before

    @property
    def change(self) -> str:
        """Return slower or faster if that is shown outside the noise, else nothing."""
        return self.row.verdict if self.row is not None and self.row.verdict in ("slower", "faster") else ""


@dataclass(frozen=True)
class Series:
    """One cell over time, the oldest point first."""

    key: SeriesKey
    points: tuple[Point, ...]

    @property
    def changes(self) -> tuple[Point, ...]:
        """The points at which something changed."""
        return tuple(point for point in self.points if point.change)


def series_over_time(
    read: Sequence[tuple[str, Result]],
    settings: DiffSettings,
    model: str | None = None,
    providers: Sequence[str] = (),
    batch_sizes: Sequence[int] = (),
    threads: Sequence[int] = (),
) -> tuple[Series, ...]:
    """Return a series for each cell that has figures in a result, by network, provider and batch.

    Results come with the names of their files, in any order. Where a model, providers, batch sizes or threads are
    given, the others are left out.

    Raises:
        InputError: there is no such cell.
    """
    found: dict[SeriesKey, list[tuple[str, Result, Cell]]] = {}
    for name, result in sorted(read, key=lambda each: each[1].created):
        for cell in result.cells:
            if cell.timed:
                found.setdefault(_key(cell, result), []).append((name, result, cell))
    keys = _chosen(sorted(found), model, providers, batch_sizes, threads)
    comparisons = sum(len(found[key]) - 1 for key in keys)
    return tuple(Series(key, tuple(_points(found[key], settings, comparisons))) for key in keys)


def _key(cell: Cell, result: Result) -> SeriesKey:
    machine = result.machine.fingerprint
    return SeriesKey(machine, cell.model, cell.precision, cell.provider, cell.threads, cell.batch, how(cell))


def _points(members: Sequence[tuple[str, Result, Cell]], settings: DiffSettings, comparisons: int) -> Iterator[Point]:
    reference: tuple[Result, Cell] | None = None
    before: Result | None = None
    for name, result, cell in members:
        row = None
        if reference is not None:
            row = cell_row(reference[1], cell, (reference[0], result), settings, comparisons)
        notes = tuple(_news(before, result, cell.model)) if before is not None else ()
        yield Point(name, result.created, result.label, cell, row, notes)
        starts_anew = row is None or row.verdict in ("slower", "faster", "not comparable")
        if starts_anew and not unfit(cell):
            reference = (result, cell)
        before = result


def _news(before: Result, now: Result, model: str) -> Iterator[str]:
    """Yield what may be the cause of a change."""
    hashes: list[Mapping[str, str]] = [{m.name: m.sha256 for m in result.models} for result in (before, now)]
    if hashes[0].get(model) != hashes[1].get(model):
        yield "another model file"
    versions = (
        ("ONNX Runtime", before.software.onnxruntime, now.software.onnxruntime),
        ("GPU driver", before.machine.gpu_driver, now.machine.gpu_driver),
        ("system", before.machine.os, now.machine.os),
    )
    for name, old, new in versions:
        if old != new:
            yield f"{name} {old} -> {new}"


def _chosen(
    keys: list[SeriesKey],
    model: str | None,
    providers: Sequence[str],
    batch_sizes: Sequence[int],
    threads: Sequence[int],
) -> list[SeriesKey]:
    if not keys:
        raise InputError("no figures: expected results in which a cell ran, received none; run dlbench compare again.")
    wanted: tuple[tuple[str, str, Sequence[object]], ...] = (
        ("model", "unknown network", () if model is None else (model,)),
        ("provider", "`providers`", providers),
        ("batch", "`batch_sizes`", batch_sizes),
        ("threads", "`threads`", threads),
    )
    for field, option, values in wanted:
        known = sorted({getattr(key, field) for key in keys})
        for value in values:
            if value not in known:
                near = close_matches(str(value), list(map(str, known)))
                raise InputError(
                    f"{option}: expected one of {', '.join(map(str, known[:20]))}, received {str(value)[:80]!r}.{near}"
                )
        keys = [key for key in keys if not values or getattr(key, field) in values]
    return keys

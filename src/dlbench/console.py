"""How the command line looks: Rich tables, progress bars and the live view of a comparison.

    show_tables(console(), all_tables(result))

Only `cli` uses this; the library returns values and calls back.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dlbench.bench.comparison import Event
    from dlbench.bench.plan import Job
    from dlbench.bench.tables import Table
    from dlbench.train import TrainProgress

__all__ = [
    "comparison_view",
    "messages",
    "output",
    "show_findings",
    "show_notes",
    "show_tables",
    "show_wrote",
    "training_view",
]

_PIPE_WIDTH = 132  # a pipe or a file has no width of its own; 80 would fold every table
_VERDICT_STYLES = {"ran": "green", "partial": "yellow", "unavailable": "yellow", "fell_back": "red", "failed": "red"}


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, highlight=False, width=None if stream.isatty() else _PIPE_WIDTH)


def output() -> Console:
    """Return the console for results: standard output."""
    return _console(stderr=False)


def messages() -> Console:
    """Return the console for progress and messages: standard error."""
    return _console(stderr=True)


def show_tables(console: Console, tables: Iterable[Table]) -> None:
    """Print each table with its remarks under it; secondary columns give way on a narrow screen, and it says so."""
    from dlbench.bench.texts import localised, tr

    for table in tables:
        kept = _columns_that_fit(table, console.width)
        drawn = RichTable(
            title=table.title, title_justify="left", title_style="bold", padding=(0, 1, 0, 0), box=SIMPLE_HEAD
        )
        for index in kept:
            column = table.columns[index]
            drawn.add_column(column.title, justify="right" if column.number else "left", no_wrap=not column.wraps)
        for row in table.rows:
            # foreign names are text, never markup
            drawn.add_row(
                *(Text(str(localised(row[i])), style=_VERDICT_STYLES.get(row[i].split(" ")[0], "")) for i in kept)
            )
        console.print()
        console.print(drawn)
        left_out = [c.title for i, c in enumerate(table.columns) if i not in kept]
        if left_out:
            words = tr("left out on this narrow screen (wider shows them): {columns}.", columns=", ".join(left_out))
            _note(console, words)
        for note in table.notes:
            _note(console, note)


def _note(console: Console, text: str) -> None:
    console.print(Padding(Text(text, style="dim"), (0, 0, 0, 2)))


def _columns_that_fit(table: Table, width: int) -> list[int]:
    """Return the columns to draw: secondary ones go, from the right, until the widest cells fit."""
    needed = [_least_width(table, index) + 2 for index in range(len(table.columns))]
    kept = list(range(len(table.columns)))
    for index in reversed(range(len(table.columns))):
        if sum(needed[i] for i in kept) + 2 <= width:
            break
        if table.columns[index].secondary:
            kept.remove(index)
    return kept


def _least_width(table: Table, index: int) -> int:
    column = table.columns[index]
    cells = [column.title, *(row[index] for row in table.rows)]
    return max(len(word) for cell in cells for word in (cell.split(" ") if column.wraps else [cell]))


def show_notes(console: Console, title: str, notes: Sequence[str], style: str = "yellow") -> None:
    """Print warnings or remarks as a list."""
    if notes:
        console.print()
        console.print(Text(title, style="bold"))
        for note in notes:
            console.print(Padding(Text(f"- {note}", style=style), (0, 0, 0, 2)))


def show_wrote(console: Console, paths: Sequence[Path], then: Sequence[str]) -> None:
    """Say what was written and what to run next."""
    console.print()
    for path in paths:
        console.print(Text(f"wrote {path}"), soft_wrap=True)
    for line in then:
        console.print(Text(f"next: {line}", style="cyan"), soft_wrap=True)


def show_findings(console: Console, findings: Iterable[Any]) -> None:
    """Print doctor's findings: what, state, detail, and what mends it."""
    marks = {"ok": ("ok", "green"), "missing": ("no", "yellow"), "note": ("--", "cyan")}
    for finding in findings:
        mark, style = marks[finding.state]
        console.print(
            Text.assemble((f"{mark}  ", style), (f"{finding.what}: ", "bold"), finding.detail), soft_wrap=True
        )
        if finding.mend:
            console.print(Text(f"      to mend it: {finding.mend}", style="dim"), soft_wrap=True)


@contextmanager
def training_view(name: str) -> Iterator[Callable[[TrainProgress], None]]:
    """Show a progress bar with loss, accuracy, images per second and time left."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    console = messages()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[told]}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{name}: starting", total=None, told="")
        last_phase = ""

        def on_progress(progress: TrainProgress) -> None:
            nonlocal last_phase
            if progress.phase != last_phase and not console.is_terminal:
                console.print(f"{name}: {progress.phase}")
            last_phase = progress.phase
            bar.update(
                task,
                description=f"{name}: {escape(progress.phase)}",
                completed=progress.step,
                total=progress.steps or None,
                told=_training_figures(progress),
            )

        yield on_progress


def _training_figures(progress: TrainProgress) -> str:
    parts = [f"epoch {progress.epoch}/{progress.epochs}"] if progress.epochs else []
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    if progress.accuracy is not None:
        parts.append(f"accuracy {100 * progress.accuracy:.1f} %")
    if progress.images_per_s:
        parts.append(f"{progress.images_per_s:,.0f} images/s")
    if progress.seconds_left is not None:
        parts.append(f"{progress.seconds_left:.0f} s left")
    return "  ".join(parts)


@contextmanager
def comparison_view(min_rounds: int) -> Iterator[Callable[[Event], None]]:
    """Show which cell runs, what is left, and the figures so far; on a pipe, only the steps as lines."""
    console = messages()
    if not console.is_terminal:
        steps: list[str] = []

        def on_line(event: Event) -> None:
            if not event.jobs:
                console.print(Text(event.text))
            elif not steps:
                steps.append("told")
                console.print(Text(f"timing {len(event.jobs)} cells, each round in a fresh process"))

        yield on_line
        return
    from rich.live import Live

    # drawn between rounds alone: a timer that redraws would disturb what is being timed
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda event: live.update(_comparison(event, min_rounds), refresh=True)


def _comparison(event: Event, min_rounds: int) -> RichTable | Text:
    if not event.jobs:
        return Text(event.text)
    left = f"about {event.seconds_left:.0f} s left" if event.seconds_left is not None else "estimating the time left"
    title = f"{event.text}; {event.rounds_done} of at least {event.rounds_planned} rounds; {left}"
    table = RichTable(title=Text(title), title_justify="left", pad_edge=False, box=SIMPLE_HEAD, min_width=78)
    for heading in ("network", "provider", "batch", "rounds", "median so far", "95 % interval"):
        table.add_column(heading, justify="left" if heading in ("network", "provider") else "right")
    for job in event.jobs:
        table.add_row(*_job_row(job, min_rounds), style="bold" if job is event.running else "")
    return table


def _job_row(job: Job, min_rounds: int) -> tuple[Text, ...]:
    from dlbench.bench import units
    from dlbench.bench.assemble import current_latency

    latency = current_latency(job, min_rounds)
    figures = (
        (units.duration(latency.p50), units.duration_range(latency.ci_low, latency.ci_high))
        if latency
        else (job.verdict or "waiting", "")
    )
    copies = {None: "", True: " with copies", False: " without copies"}[job.copies_included]
    rounds = str(len(job.rounds)) + (" done" if job.done else "")
    load = "" if job.scenario == "single-stream" else f", {job.scenario} x{job.streams}"
    load += f", {job.rate_per_s:g}/s" if job.rate_per_s is not None else ""
    name = job.provider.name + copies + load
    cells = (job.subject.record.name, name, str(job.batch), rounds, *figures)
    return tuple(Text(cell) for cell in cells)

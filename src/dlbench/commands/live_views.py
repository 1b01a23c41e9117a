"""Progress on a terminal: a bar for a training, and the live table of a comparison.

with comparison_view(min_rounds=5) as on_event:
compare(models, settings, on_event=on_event)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table as RichTable
from rich.text import Text

from dlbench.show.console import messages
from dlbench.show.texts import localised, said

if TYPE_CHECKING:
    from dlbench.bench.measure.plan import Job
    from dlbench.bench.measure.rounds import Event
    from dlbench.train import TrainProgress


@contextmanager
def training_view(name: str) -> Iterator[Callable[[TrainProgress], None]]:
    """Show a progress bar with loss, accuracy, images per second and time left."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

    console = messages()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[figures]}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(f"{name}: {said('starting')}", total=None, figures="")
        last_phase = ""

        def on_progress(progress: TrainProgress) -> None:
            nonlocal last_phase
            if progress.phase != last_phase and not console.is_terminal:
                console.print(f"{name}: {progress.phase}")
            last_phase = progress.phase
            bar.update(
                task,
                description=f"{name}: {escape(said(progress.phase))}",
                completed=progress.step,
                total=progress.steps or None,
                figures=_training_figures(progress),
            )

        yield on_progress


def _training_figures(progress: TrainProgress) -> str:
    parts = progress.figures()
    if progress.images_per_s:
        parts.append(f"{progress.images_per_s:,.0f} images/s")
    if progress.seconds_left is not None:
        parts.append(f"{progress.seconds_left:.0f} s left")
    return "  ".join(map(said, parts))


@contextmanager
def comparison_view(min_rounds: int) -> Iterator[Callable[[Event], None]]:
    """Show which cell runs, what is left, and the figures so far; on a pipe, only the steps as lines."""
    console = messages()
    if not console.is_terminal:
        steps: list[str] = []

        def on_line(event: Event) -> None:
            if not event.jobs:
                if event.text not in steps[-1:]:  # a step tells how far it is, again and again
                    console.print(event.text, markup=False)
                    steps.append(event.text)
            elif "timing" not in steps:
                steps.append("timing")
                console.print(f"timing {len(event.jobs)} cells, each round in a fresh process")

        yield on_line
        return
    from rich.live import Live

    # drawn between rounds alone: a timer that redraws would disturb what is being timed
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda event: live.update(_comparison(event, min_rounds), refresh=True)


def _comparison(event: Event, min_rounds: int) -> RichTable | Text:
    if not event.jobs:
        far = f" ({event.rounds_done:,} of {event.rounds_planned:,})" if event.rounds_planned else ""
        return Text(said(event.text) + far)
    left = f"about {event.seconds_left:.0f} s left" if event.seconds_left is not None else "estimating the time left"
    title = f"{event.text}; {event.rounds_done} of at least {event.rounds_planned} rounds; {left}"
    table = RichTable(title=Text(said(title)), title_justify="left", pad_edge=False, box=SIMPLE_HEAD, min_width=78)
    for heading in ("network", "provider", "batch", "rounds", "median so far", "95 % interval"):
        table.add_column(said(heading), justify="left" if heading in ("network", "provider") else "right")
    for job in event.jobs:
        table.add_row(*_job_row(job, min_rounds), style="bold" if job is event.running else "")
    return table


def _job_row(job: Job, min_rounds: int) -> tuple[Text, ...]:
    from dlbench.bench.measure.assembling import current_latency
    from dlbench.show import units

    latency = current_latency(job, min_rounds)
    figures = (
        (units.duration(latency.p50), units.duration_range(latency.ci_low, latency.ci_high))
        if latency
        else ((job.verdict or "waiting").replace("_", " "), "")
    )
    copies = {None: "", True: " with copies", False: " without copies"}[job.copies_included]
    rounds = str(len(job.rounds)) + (" done" if job.done else "")
    load = "" if job.scenario == "single-stream" else f", {job.scenario} x{job.streams}"
    load += f", {job.rate_per_s:g}/s" if job.rate_per_s is not None else ""
    name = job.provider.name + copies + load
    cells = (job.subject.record.name, name, str(job.batch), rounds, *figures)
    return tuple(Text(str(localised(cell))) for cell in cells)

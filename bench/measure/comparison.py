"""The main job: time model files on execution providers, round by round, and price what was measured.

settings = CompareSettings(providers=parse_providers("cpu,cuda"))
result = compare(["cnn.onnx"], settings)
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

from dlbench.bench.cost.catalogue import Catalogue, load_catalogue
from dlbench.bench.cost.pricing import PriceSettings
from dlbench.bench.measure.assembling import assemble
from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.measure.measurement import JournalChoice, measure
from dlbench.bench.measure.plan import Job
from dlbench.bench.measure.rounds import MAX_ROUNDS, Event, OnEvent
from dlbench.bench.results.headline import QUIET, headline
from dlbench.bench.results.schema import Result


def compare(
    models: str | PathLike[str] | Sequence[str | PathLike[str]],
    settings: CompareSettings | None = None,
    prices: PriceSettings | None = None,
    catalogue: Catalogue | None = None,
    on_event: OnEvent | None = None,
    journal: str | PathLike[str] | JournalChoice | None = None,
    command: str = "",
    history: bool = False,
) -> Result:
    """Measure every model on every provider at every batch size.

    Args:
        models: ONNX files, or one.
        settings: what is asked for; the defaults where None.
        prices: what the user said about prices.
        catalogue: the price list; the one that ships with dlbench where None.
        on_event: called before each step and after each round.
        journal: a file that gets one JSON line per finished round, so that a killed run loses none; where it is there
            already, the run resumes from it. Or a function that chooses it by the identity of this comparison.
        command: what the user typed, for the result file.
        history: use and keep what this machine showed in earlier runs (the user's cache folder).

    Returns:
        The result; `complete` is false where Ctrl-C ended the measurement early.

    Raises:
        ModelFileError: a model that can't be read, loaded or fed; nothing was measured then.
        ResultFileError: a journal of another comparison, or one that can't be read.
    """
    settings = settings or CompareSettings()
    measured = measure(
        [models] if isinstance(models, str | PathLike) else models,
        settings,
        on_event=on_event,
        journal=journal,
        command=command,
        history=history,
        settle=lambda jobs, time_is_up: settle_cells(jobs, settings, time_is_up),
    )
    if on_event:
        on_event(Event("working out costs"))
    return assemble(measured, settings, prices or PriceSettings(), catalogue or load_catalogue(), command)


def settle_cells(jobs: Sequence[Job], settings: CompareSettings, time_is_up: bool) -> None:
    """Stop the jobs that reached the goal over enough undisturbed rounds, or whose time is up."""
    for job in jobs:
        if job.done or len(job.rounds) < settings.min_rounds:
            continue
        stands = headline(job.rounds, settings.min_rounds)
        latency = stands.latency()
        if stands.covers in QUIET and latency.ci_low is not None and latency.ci_high is not None:
            half = (latency.ci_high - latency.ci_low) / 2
            if half <= settings.precision_goal * latency.p50:
                job.stopped = "precision"
        if not job.done and (time_is_up or len(job.rounds) >= MAX_ROUNDS):
            job.stopped = "budget"

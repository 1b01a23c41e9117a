"""`dlbench doctor`."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from dlbench.commands.options import DEFAULT_PROVIDERS, JsonOption, WorkspaceOption, shows_tables, time_option
from dlbench.commands.showing import print_json, show_result


def _found(values: Mapping[str, Any]) -> str:
    works = "NoiseFloor" if values["noise"] else "ThreadAdvice" if values["thread_advice"] else ""
    return works and f"dlbench.api.machine_checks:{works}"


@functools.partial(shows_tables, late=lambda values: bool(_found(values)), found=_found)
def doctor(
    noise: Annotated[
        bool, typer.Option("--noise", help="Time a model against its own copy and store this machine's noise floor.")
    ] = False,
    options: Annotated[
        bool, typer.Option("--provider-options", help="List what --provider-option can set, for each provider.")
    ] = False,
    thread_advice: Annotated[
        bool, typer.Option("--thread-advice", help="Time ONNX Runtime's default threads against other settings.")
    ] = False,
    for_class: Annotated[
        bool, typer.Option("--class", help="Check whether this laptop is ready for the lesson; exit code 1 if not.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="With --thread-advice: an ONNX file; a chain of small layers if not given.")
    ] = None,
    providers: Annotated[str, typer.Option(help="With --noise: the provider to measure.")] = DEFAULT_PROVIDERS,
    threads: Annotated[str | None, typer.Option(help="With --noise, --thread-advice: CPU threads.")] = None,
    budget: Annotated[
        float, time_option("--budget", "With --noise, --thread-advice: time limit for measuring, such as 90s or 2min.")
    ] = 60.0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what can run here, what cannot, why, and how to fix it."""
    if for_class:
        _class(workspace, as_json)
    elif options:
        from dlbench.api.machine_checks import provider_options

        show_result(provider_options(), as_json)
    elif noise:
        _noise(providers, threads, budget, as_json)
    elif thread_advice:
        _threads(model, threads, budget, as_json)
    else:
        _examine(workspace, as_json)


def _examine(workspace: Path | None, as_json: bool) -> None:
    from dlbench.api.machine_checks import examine
    from dlbench.show.console import messages, output, show_findings, show_tables, show_wrote
    from dlbench.show.table_choice import current_choice
    from dlbench.show.texts import said

    with messages().status(said("looking")) as status:
        examination = examine(workspace=workspace, on_progress=lambda text, done, total: status.update(said(text)))
    if as_json:
        print_json(json.dumps(examination.document()))
        return
    console = output()
    if current_choice().of_tables:
        show_tables(console, examination.tables())
    else:
        show_findings(console, examination.findings)
    show_wrote(console, (), (f"dlbench compare --providers {','.join(examination.usable_providers) or 'cpu'}",))


def _class(workspace: Path | None, as_json: bool) -> None:
    """Print a line for each thing that the lesson needs, then yes or no, then what to do."""
    from dlbench.api.classroom.readiness import class_check
    from dlbench.commands.one_screen import Screen, show_screen
    from dlbench.show.console import messages
    from dlbench.show.texts import said

    with messages().status(said("looking")) as status:
        check = class_check(workspace=workspace, on_progress=lambda text, done, total: status.update(said(text)))
    if as_json:
        print_json(json.dumps(check.document()))
    else:
        sentences = check.sentences()
        then = ("dlbench demo",) if check.ready else ("dlbench doctor --class",)
        show_screen(Screen(check.tables(), sentences, then=then, least=len(sentences)))
    if not check.ready:
        raise typer.Exit(1)


def _noise(providers: str, threads: str | None, budget: float, as_json: bool) -> None:
    from dlbench.api.machine_checks import NoiseFloor, noise_settings
    from dlbench.bench.diff.noise_floor import measure_noise
    from dlbench.commands.live_views import comparison_view
    from dlbench.show.console import output, show_notes, show_tables, show_wrote
    from dlbench.show.table_choice import current_choice

    settings = noise_settings(providers, threads, budget)
    with comparison_view(settings.min_rounds) as on_event:
        floor = NoiseFloor(**vars(measure_noise(settings, on_event)))
    if as_json:
        print_json(json.dumps(asdict(floor)))
        return
    console = output()
    if current_choice().of_tables:
        show_tables(console, floor.tables())
    show_notes(console, f"Noise on {floor.provider}, {floor.threads} threads (A/A)", floor.sentences(), style="")
    show_notes(console, "Warnings", floor.warnings)
    show_wrote(console, (), ("dlbench diff A.onnx B.onnx uses this floor from now on",))


def _threads(model: Path | None, threads: str | None, budget: float, as_json: bool) -> None:
    from dlbench.api.machine_checks import ThreadAdvice, noise_settings
    from dlbench.bench.diff.thread_choice import choose_threads
    from dlbench.commands.live_views import comparison_view
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    settings = noise_settings("cpu", threads, budget)
    with comparison_view(settings.min_rounds) as on_event:
        advice = ThreadAdvice(**vars(choose_threads(settings, model, on_event)))
    if as_json:
        print_json(json.dumps(advice.document()))
        return
    console = output()
    show_tables(console, advice.tables())
    show_notes(console, "Advice", advice.sentences(), style="")
    show_notes(console, "Warnings", advice.warnings)
    show_wrote(console, (), ("dlbench compare --threads 1,2 --provider-option cpu:allow_spinning=0",))

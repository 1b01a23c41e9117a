"""`dlbench compare`, the main job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.bench.results.against_parent import DEFAULT_ALLOWED_DROP
from dlbench.commands import options
from dlbench.commands.model_data import AccuracyDropOption, GateDataOption
from dlbench.commands.options import as_typed
from dlbench.commands.showing import print_json
from dlbench.errors import InputError
from dlbench.files import Workspace, free_stem

if TYPE_CHECKING:
    from dlbench.api.measured import Result


@options.shows_tables_late
def compare(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="ONNX files, model names or torchvision's names (default: the workspace's; dense, cnn and transfer "
            "are trained if missing)."
        ),
    ] = None,
    more_models: Annotated[
        str | None, typer.Option("--models", help="Models with commas between them, such as mobilenet_v2,resnet50.")
    ] = None,
    providers: options.ProvidersOption = options.DEFAULT_PROVIDERS,
    batch_sizes: options.BatchOption = None,
    threads: options.ThreadsOption = None,
    streams: options.StreamsOption = None,
    scenario: options.ScenarioOption = None,
    rates: options.RatesOption = None,
    provider_option: options.ProviderOptionOption = None,
    cuda_graph: Annotated[bool, typer.Option("--cuda-graph", help="Replay a captured CUDA graph.")] = False,
    shape: options.ShapeOption = None,
    inputs: options.InputOption = None,
    profile: options.ProfileOption = False,
    energy: options.EnergyOption = False,
    prices: options.PricesOption = None,
    machine_price: options.MachinePriceOption = None,
    machine_power: options.MachinePowerOption = None,
    machine: options.MachineOption = None,
    electricity_price: options.ElectricityOption = None,
    country: options.CountryOption = None,
    eur_usd: options.EurOption = None,
    huf_usd: options.HufOption = None,
    rent: options.RentOption = None,
    rounds: Annotated[
        int, typer.Option(help="Minimum rounds per cell; each round is a fresh process.")
    ] = CompareSettings.min_rounds,
    precision_goal: Annotated[
        float, typer.Option(help="A cell may stop once the half-width of its interval is this small.")
    ] = CompareSettings.precision_goal,
    budget: Annotated[
        float,
        options.time_option(
            "--budget", "Time for measuring, such as 90s or 2min; after that, cells get the minimum rounds only."
        ),
    ] = CompareSettings.budget_s,
    round_timeout: Annotated[
        float, options.time_option("--round-timeout", "Time after which a round counts as hung.")
    ] = CompareSettings.round_timeout_s,
    seed: Annotated[int, typer.Option(help="Seed for the inputs and the arrivals.")] = CompareSettings.seed,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Resume this comparison where it was interrupted; no finished round is lost."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 1 if a cell did not run entirely on its provider.")
    ] = False,
    label: Annotated[
        str | None, typer.Option(help="What to call this run, such as a commit: dlbench history shows it.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(help="Time each model in each of these, such as fp32,fp16,int8; files that are missing are made."),
    ] = None,
    max_accuracy_drop: AccuracyDropOption = 100 * DEFAULT_ALLOWED_DROP,
    data: GateDataOption = None,
    keep_paths: options.KeepPathsOption = False,
    workspace: options.WorkspaceOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Time networks, prove where they ran, price them, report."""
    asked = locals()
    result, stem = _compare(
        _named(models, more_models), Workspace.at(workspace), asked, options.typed_command(keep_paths)
    )
    _show_comparison(result, stem, as_json)
    if result.complete:  # every round stands in the result file, and the reports are written
        stem.with_suffix(".rounds.jsonl").unlink(missing_ok=True)
    if not result.complete:
        raise typer.Exit(130)
    if result.every_cell_failed:
        raise typer.Exit(1)
    if strict and any(cell.verdict != "ran" for cell in result.cells):
        raise typer.Exit(1)


def _named(models: Sequence[str] | None, more: str | None) -> list[str]:
    """Return the models of the arguments and of --models."""
    named = [part.strip() for part in (more or "").split(",") if part.strip()]
    if more is not None and not named:
        raise InputError(f"--models: expected names such as mobilenet_v2,resnet50, received {more!r}.")
    return [*(models or ()), *named]


def _compare(models: list[str], workspace: Workspace, asked: Mapping[str, Any], command: str) -> tuple[Result, Path]:
    from dlbench.api.measuring import comparison_plan
    from dlbench.commands.live_views import comparison_view
    from dlbench.commands.train.training_with_view import ready_models

    plan = comparison_plan(asked)  # all is checked before a missing network is trained
    paths = ready_models(models, workspace)
    chosen: list[Path] = []
    with comparison_view(plan.settings.min_rounds) as on_event:
        result = plan.run(paths, on_event, _journal(workspace, asked["resume"], chosen), command, workspace)
    stem = chosen[0].with_name(chosen[0].name.removesuffix(".rounds.jsonl"))
    result.save(stem.with_suffix(".json"))
    return result, stem


def _journal(workspace: Workspace, resume: bool, chosen: list[Path]) -> Callable[[Mapping[str, Any]], Path]:
    """Return the function that chooses the journal: that of the cut-off run with the same identity, or a new one."""
    from dlbench.bench.measure.journal import find_journal
    from dlbench.show.console import messages

    def choose(identity: Mapping[str, Any]) -> Path:
        kept = find_journal(workspace.results, identity)
        if kept is not None and resume:
            messages().print(f"resuming {kept.name}", markup=False)
            path = kept
        else:
            if kept is not None:
                message = f"an interrupted run of this very comparison is kept in {kept.name}; --resume resumes it"
                messages().print(message, markup=False)
            elif resume:
                messages().print("there is no interrupted run of this very comparison to resume: starting anew")
            path = free_stem(workspace.results, "compare").with_suffix(".rounds.jsonl")
        chosen.append(path)
        return path

    return choose


def _show_comparison(result: Result, stem: Path, as_json: bool) -> None:
    from dlbench.bench.report.writing import write_reports
    from dlbench.bench.results.merging import Entry
    from dlbench.commands.answer_screen import show_answer
    from dlbench.show.console import messages, show_wrote
    from dlbench.show.texts import tr

    reports = write_reports(result, stem.parent.parent / "reports" / stem.name)
    written = (stem.with_suffix(".json"), *reports)
    if as_json:
        print_json(result.to_json())
        show_wrote(messages(), written, ())
        return
    then = [f"open {as_typed(reports[0])} in a browser"]
    interrupted: tuple[str, ...] = ()
    if not result.complete:
        interrupted = ("what was measured until then is kept in the result file.",)
        then = ["the same command with --resume resumes it", *then]
    full = f"dlbench report {as_typed(written[0])} --full"
    again = tr(
        "close other programs, then {command}",
        command=options.with_longer_budget(result.settings.budget_s, result.ran_on),
    )
    entries = [Entry.of(result)]
    if not show_answer(entries, written, then, full, interrupted, again if result.complete else ""):
        _show_all(result, interrupted, written, then)


def _show_all(result: Result, interrupted: Sequence[str], written: Sequence[Path], then: Sequence[str]) -> None:
    from dlbench.bench.report.page import headline
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    console = output()
    show_tables(console, result.tables())
    show_notes(console, "In short", headline(result), style="")
    show_notes(console, "Warnings", result.warnings)
    show_notes(console, "Interrupted", interrupted)
    show_wrote(console, written, then)

"""`dlbench compare`, the main job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dlbench.bench.measure.compare_settings import CompareSettings
from dlbench.commands.options import (
    DEFAULT_PROVIDERS,
    BatchOption,
    EurOption,
    HufOption,
    JsonOption,
    ProviderOptionOption,
    ProvidersOption,
    ShapeOption,
    ThreadsOption,
    WorkspaceOption,
    country_electricity,
    exchange_rates,
    free_stem,
    measure_settings,
    numbers,
    typed_command,
    whole_numbers,
)
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.bench.cost.catalogue import Catalogue
    from dlbench.bench.cost.countries import Rates
    from dlbench.bench.cost.pricing import PriceSettings
    from dlbench.bench.results.schema import Result

__all__ = ["compare"]


def compare(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="ONNX files or model names (default: the workspace's; dense, cnn and transfer are trained if missing)."
        ),
    ] = None,
    providers: ProvidersOption = DEFAULT_PROVIDERS,
    batch_sizes: BatchOption = None,
    threads: ThreadsOption = None,
    streams: Annotated[
        str | None,
        typer.Option(help="Sessions at once, each with its own threads; several for a sweep, such as 1,2,4."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            help="As in MLPerf: single-stream (default), offline (streams always busy) or server (Poisson arrivals)."
        ),
    ] = None,
    rates: Annotated[
        str | None,
        typer.Option(
            help="Server scenario: runs offered per second, such as 50,100 (default: shares of the measured capacity)."
        ),
    ] = None,
    provider_option: ProviderOptionOption = None,
    cuda_graph: Annotated[bool, typer.Option("--cuda-graph", help="Replay a captured CUDA graph.")] = False,
    shape: ShapeOption = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Also show the slowest operators and the roofline, from separate runs.")
    ] = False,
    energy: Annotated[
        bool, typer.Option("--energy", help="Also read the energy counter where there is one (13 s per cell).")
    ] = False,
    prices: Annotated[Path | None, typer.Option(help="A price file (TOML; see `dlbench cost template`).")] = None,
    machine_price: Annotated[float | None, typer.Option(help="Purchase price of this machine, in USD.")] = None,
    machine_power: Annotated[float | None, typer.Option(help="Power of this machine under load, in W.")] = None,
    machine: Annotated[
        list[str] | None,
        typer.Option(help="Id of this machine in the price list, if its own name is not recognised (may be repeated)."),
    ] = None,
    electricity_price: Annotated[float | None, typer.Option(help="Electricity price, in USD per kWh.")] = None,
    country: Annotated[
        str | None, typer.Option(help="Country for the household electricity price: HU, EU, DE or US.")
    ] = None,
    eur_usd: EurOption = None,
    huf_usd: HufOption = None,
    rent: Annotated[str | None, typer.Option(help="Instance to compare with: an id of the price list.")] = None,
    rounds: Annotated[
        int, typer.Option(help="Minimum rounds per cell; each round is a fresh process.")
    ] = CompareSettings.min_rounds,
    precision_goal: Annotated[
        float, typer.Option(help="A cell may stop once the half-width of its interval is this small.")
    ] = CompareSettings.precision_goal,
    budget: Annotated[
        float, typer.Option(help="Seconds of measuring; after that, cells get the minimum rounds only.")
    ] = CompareSettings.budget_s,
    round_timeout: Annotated[
        float, typer.Option(help="Seconds after which a round counts as hung.")
    ] = CompareSettings.round_timeout_s,
    seed: Annotated[int, typer.Option(help="Seed for the inputs and the arrivals.")] = CompareSettings.seed,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Resume this comparison where it was interrupted; no finished round is lost."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 1 if a cell did not run entirely on its provider.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time networks on execution providers, prove where they ran, price them and write a report."""
    at_once, scenarios = _load(streams, scenario)
    settings = measure_settings(
        providers=providers,
        batch_sizes=batch_sizes,
        threads=threads,
        shape=shape,
        provider_option=provider_option,
        seed=seed,
        budget_s=budget,
        streams=at_once,
        scenarios=scenarios,
        rates_per_s=numbers("--rates", rates) or (),
        cuda_graph=cuda_graph,
        min_rounds=rounds,
        precision_goal=precision_goal,
        round_timeout_s=round_timeout,
        profile=profile,
        energy=energy,
    )
    said: dict[str, Any] = {
        "machine_price_usd": machine_price,
        "machine_power_w": machine_power,
        "electricity_usd_per_kwh": electricity_price,
        "rent": rent,
        "machine": tuple(machine) if machine else None,
    }
    money, catalogue = _prices(prices, said, country, exchange_rates(eur_usd, huf_usd))
    result, stem = _compare(models or [], settings, money, catalogue, Workspace.at(workspace), resume)
    _show_comparison(result, stem, as_json)
    if result.complete:  # every round stands in the result file, and the reports are written
        stem.with_suffix(".rounds.jsonl").unlink(missing_ok=True)
    if not result.complete:
        raise typer.Exit(130)
    if strict and any(cell.verdict != "ran" for cell in result.cells):
        raise typer.Exit(1)


def _load(streams: str | None, scenario: str | None) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Settle streams and scenarios together: several streams mean offline, offline means all cores."""
    from dlbench.system import usable_cores

    scenarios = tuple(dict.fromkeys(part.strip() for part in scenario.split(",") if part.strip())) if scenario else ()
    if scenario is not None and not scenarios:
        raise InputError(f"--scenario: expected single-stream, offline or server, received {scenario!r}.")
    at_once = whole_numbers("--streams", streams)
    if at_once is None:
        loaded = any(name != "single-stream" for name in scenarios)
        return (usable_cores() if loaded else 1,), scenarios or CompareSettings.scenarios
    return at_once, scenarios or (CompareSettings.scenarios if at_once == (1,) else ("offline",))


def _prices(
    file: Path | None, said: Mapping[str, Any], country: str | None, rates: Rates
) -> tuple[PriceSettings, Catalogue]:
    """Settle the prices: the command line over the price file over the country over the defaults."""
    from dataclasses import replace

    from dlbench.bench.cost.catalogue import load_catalogue
    from dlbench.bench.cost.price_file import read_price_file
    from dlbench.bench.cost.pricing import PriceSettings

    money, catalogue = PriceSettings(), load_catalogue()
    if file is not None:
        money, devices = read_price_file(file, rates)
        catalogue = catalogue.with_devices(devices)
    if country is not None and said["electricity_usd_per_kwh"] is None:
        usd, words, date = country_electricity(country, rates)
        assumed = replace(
            money.assumptions, electricity_usd_per_kwh=usd, electricity_source=words, electricity_date=date
        )
        money = replace(money, assumptions=assumed)
    money = replace(money, **{key: value for key, value in said.items() if value is not None})
    for device in (money.rent, *money.machine):
        if device is not None:
            catalogue.device(device)
    return money, catalogue


def _compare(
    asked: Sequence[str],
    settings: CompareSettings,
    money: PriceSettings,
    catalogue: Catalogue,
    workspace: Workspace,
    resume: bool,
) -> tuple[Result, Path]:
    from dlbench.bench.measure.comparison import compare as run_comparison
    from dlbench.bench.results.schema import write_result
    from dlbench.commands.live_views import comparison_view

    paths = ready_models(asked, workspace)
    chosen: list[Path] = []
    with comparison_view(settings.min_rounds) as on_event:
        result = run_comparison(
            paths,
            settings,
            money,
            catalogue,
            on_event,
            _journal(workspace, resume, chosen),
            command=typed_command(),
            history=True,
        )
    journal = chosen[0]
    stem = journal.with_name(journal.name.removesuffix(".rounds.jsonl"))
    write_result(result, stem.with_suffix(".json"))
    return result, stem


def ready_models(asked: Sequence[str], workspace: Workspace) -> tuple[Path, ...]:
    """Return the model files that were asked for; the reference networks among them are trained where missing."""
    from dlbench.commands.train.training_with_view import train_with_view
    from dlbench.show.console import messages
    from dlbench.workflow import choose_models, require_training

    workspace.check_writable()
    choice = choose_models(asked, workspace)
    require_training(choice.missing)
    for network in choice.missing:
        from dlbench.train import TrainSettings

        messages().print(f"{network} is not in {workspace.models} yet: training it first")
        train_with_view(TrainSettings(network=network), workspace)
    return choice.paths


def _journal(workspace: Workspace, resume: bool, chosen: list[Path]) -> Callable[[Mapping[str, Any]], Path]:
    """Return the function that chooses the journal: that of the cut-off run with the same identity, or a new one."""
    from dlbench.bench.measure.journal import find_journal
    from dlbench.show.console import messages

    def choose(identity: Mapping[str, Any]) -> Path:
        there = find_journal(workspace.results, identity)
        if there is not None and resume:
            messages().print(f"going on with {there.name}", markup=False)
            path = there
        else:
            if there is not None:
                words = f"a cut-off run of this very comparison is kept in {there.name}; --resume would go on with it"
                messages().print(words, markup=False)
            elif resume:
                messages().print("no cut-off run of this very comparison is there to resume: starting anew")
            path = free_stem(workspace.results, "compare").with_suffix(".rounds.jsonl")
        chosen.append(path)
        return path

    return choose


def _show_comparison(result: Result, stem: Path, as_json: bool) -> None:
    from dlbench.bench.report.tables.result_tables import all_tables
    from dlbench.bench.report.writing import headline, write_reports
    from dlbench.show.console import messages, output, show_notes, show_tables, show_wrote

    reports = write_reports(result, stem.parent.parent / "reports" / stem.name)
    written = (stem.with_suffix(".json"), *reports)
    if as_json:
        typer.echo(result.to_json())
        show_wrote(messages(), written, ())
        return
    console = output()
    show_tables(console, all_tables(result))
    show_notes(console, "In short", headline(result), style="")
    show_notes(console, "Warnings", result.warnings)
    then = [f"open {reports[0]} in a browser"]
    if not result.complete:
        show_notes(console, "Interrupted", ("what was measured until then is kept in the result file.",))
        then = ["the same command with --resume goes on where this one stopped", *then]
    show_wrote(console, written, then)

"""The command line: parse, one library call, render.

    dlbench compare --providers cpu,cuda

Exit codes: 0 done, 1 a measured or checked thing failed, 2 bad usage or input (one line), 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from dlbench.errors import DlbenchError, InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.bench.catalogue import Catalogue
    from dlbench.bench.pricing import PriceSettings
    from dlbench.bench.results import Result
    from dlbench.bench.settings import CompareSettings

app = typer.Typer(
    name="dlbench",
    help="What does this network cost on this hardware? Train, export to ONNX, time, price, report.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich's help would double the start-up time
)
cost_app = typer.Typer(help="The price list, and a price file of your own.")
app.add_typer(cost_app, name="cost")

WorkspaceOption = Annotated[
    Path | None,
    typer.Option(
        "--workspace", help="The folder for all that is written (default ./dlbench-out or $DLBENCH_WORKSPACE)."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on standard output, and nothing else there.")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; every error that a user can mend is one line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = app(given or ["--help"], standalone_mode=False)
        return code if isinstance(code, int) else 0  # Ctrl-C comes back as 130
    except DlbenchError as error:
        return _fail(str(error), error.exit_code)
    except TyperException as error:
        known = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
        command = f"dlbench {given[0]}" if given and given[0] in {*known, "cost"} else "dlbench"
        return _fail(f"{error.format_message().rstrip('.')}; see `{command} --help`.", 2)
    except typer.Abort:
        return _fail("interrupted.", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of a pipe left, as `| head` does; there is nobody to tell
        return 1


def _fail(message: str, code: int) -> int:
    print("dlbench: " + " ".join(message.split()), file=sys.stderr)  # noqa: T201
    return code


def _version(wanted: bool) -> None:
    if wanted:
        from dlbench import __version__

        typer.echo(f"dlbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What does this network cost on this hardware? Train, export to ONNX, time, price, report."""


@app.command()
def train(
    network: Annotated[str, typer.Argument(help="dense, cnn or transfer.")],
    data: Annotated[str | None, typer.Option(help="mnist-sample (default), mnist, or a folder of pictures.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training split.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures per step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the one-cycle schedule.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Annotated[int, typer.Option(help="Same seed, same machine: same weights.")] = 0,
    name: Annotated[str | None, typer.Option(help="The model's name in the workspace.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network, test it, and export it to ONNX with a parity check."""
    from dlbench.train import TrainSettings

    settings = TrainSettings(
        network=network,
        data=data,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        device=device,
        seed=seed,
        name=name,
    )
    folder = Workspace.at(workspace)
    folder.check_writable()
    result = _train(settings, folder)
    if as_json:
        typer.echo(result.facts.model_dump_json())
        return
    from dlbench.console import output, show_notes, show_wrote

    console = output()
    show_notes(console, "Trained", _training_lines(result), style="")
    show_notes(console, "Warnings", result.warnings)
    paths = (result.model_path, result.checkpoint_path, result.history_path)
    show_wrote(console, paths, (f"dlbench compare {result.model_path.stem}",))


def _train(settings: Any, workspace: Workspace) -> Any:
    from dlbench.console import messages, training_view
    from dlbench.train import TrainingInterrupted
    from dlbench.train import train as train_network

    try:
        with training_view(settings.file_name) as on_progress:
            return train_network(settings, workspace, on_progress)
    except TrainingInterrupted as interruption:
        messages().print(str(interruption), markup=False)
        raise typer.Exit(130) from interruption


def _training_lines(result: Any) -> tuple[str, ...]:
    from dlbench.bench import units

    facts = result.facts
    lines = [
        f"{facts.network}: {facts.architecture}",
        f"parameters: {facts.parameters:,}, {facts.trained_parameters:,} of them trained",
        f"data: {facts.data}; {facts.split}",
    ]
    if facts.accuracy:
        lines.append(f"accuracy on the {facts.accuracy.split} split: {facts.accuracy.proportion.text()}")
    if facts.training:
        t = facts.training
        speed = f", {t.images_per_s:,.0f} images/s" if t.images_per_s else ""
        lines.append(f"training: {t.training_s:.1f} s on {t.device}, {t.epochs} epochs{speed}")
        lines.append(f"energy: {units.joules(t.energy_j)} ({t.energy_source})")
    if facts.parity_max_abs_error is not None:
        lines.append(f"parity with ONNX Runtime: same top-1, largest logit error {facts.parity_max_abs_error:.1e}")
    return tuple(lines)


@app.command()
def compare(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            help="ONNX files or model names; none: the workspace's, with dense, cnn and transfer made first."
        ),
    ] = None,
    providers: Annotated[str, typer.Option(help="Execution providers, for example cpu,cuda.")] = "cpu",
    batch_sizes: Annotated[str | None, typer.Option(help="Batch sizes (default 1,8,32).")] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads (default: the cores this process may use).")] = None,
    shape: Annotated[list[str] | None, typer.Option(help="NAME=1,3,224,224 for an input with open sizes.")] = None,
    prices: Annotated[Path | None, typer.Option(help="A price file (TOML; see `dlbench cost template`).")] = None,
    machine_price: Annotated[float | None, typer.Option(help="What this machine cost, in USD.")] = None,
    machine_power: Annotated[float | None, typer.Option(help="Its power under load, in W.")] = None,
    electricity_price: Annotated[float | None, typer.Option(help="USD per kWh.")] = None,
    rent: Annotated[str | None, typer.Option(help="The instance to compare with (an id of the price list).")] = None,
    rounds: Annotated[int, typer.Option(help="Fresh processes per cell, at least.")] = 5,
    precision_goal: Annotated[float, typer.Option(help="Half-width of the interval at which a cell may stop.")] = 0.01,
    budget: Annotated[float, typer.Option(help="Seconds after which no further rounds than these are added.")] = 35.0,
    seed: Annotated[int, typer.Option(help="Seed of the inputs.")] = 0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 where a cell did not run wholly on its provider.")
    ] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Time networks on execution providers, prove where they ran, price them, and write a report."""
    from dlbench.bench.feeds import parse_shape
    from dlbench.bench.providers import parse_providers
    from dlbench.bench.settings import CompareSettings
    from dlbench.system import usable_cores

    settings = CompareSettings(
        providers=parse_providers(providers),
        batch_sizes=_whole_numbers("--batch-sizes", batch_sizes),
        threads=usable_cores() if threads is None else threads,
        shapes=dict(parse_shape(text) for text in shape or ()),
        seed=seed,
        min_rounds=rounds,
        precision_goal=precision_goal,
        budget_s=budget,
    )
    money, catalogue = _prices(prices, machine_price, machine_power, electricity_price, rent)
    result, stem = _compare(models or [], settings, money, catalogue, Workspace.at(workspace))
    _show_comparison(result, stem, as_json)
    if not result.complete:
        raise typer.Exit(130)
    if strict and any(cell.verdict != "ran" for cell in result.cells):
        raise typer.Exit(1)


def _whole_numbers(option: str, text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        numbers = ()
    if not numbers:
        raise InputError(f"{option}: expected whole numbers such as 1,8,32, received {text!r}.")
    return numbers


def _prices(
    file: Path | None, price: float | None, power: float | None, electricity: float | None, rent: str | None
) -> tuple[PriceSettings, Catalogue]:
    from dataclasses import replace

    from dlbench.bench.catalogue import load_catalogue
    from dlbench.bench.pricefile import read_price_file
    from dlbench.bench.pricing import PriceSettings

    money, catalogue = PriceSettings(), load_catalogue()
    if file is not None:
        money, devices = read_price_file(file)
        catalogue = catalogue.with_devices(devices)
    said: dict[str, Any] = {
        "machine_price_usd": price,
        "machine_power_w": power,
        "electricity_usd_per_kwh": electricity,
        "rent": rent,
    }
    money = replace(money, **{key: value for key, value in said.items() if value is not None})
    if money.rent is not None:
        catalogue.device(money.rent)
    return money, catalogue


def _compare(
    asked: Sequence[str], settings: CompareSettings, money: PriceSettings, catalogue: Catalogue, workspace: Workspace
) -> tuple[Result, Path]:
    from dlbench.bench.comparison import compare as run_comparison
    from dlbench.bench.results import write_result
    from dlbench.console import comparison_view, messages
    from dlbench.workflow import choose_models, require_training

    workspace.check_writable()
    choice = choose_models(asked, workspace)
    require_training(choice.missing)
    for network in choice.missing:
        from dlbench.train import TrainSettings

        messages().print(f"{network} is not in {workspace.models} yet: training it first")
        _train(TrainSettings(network=network), workspace)
    stem = _free_stem(workspace.results, f"compare-{datetime.now():%Y%m%d-%H%M%S}")
    journal = stem.with_suffix(".rounds.jsonl")
    with comparison_view(settings.min_rounds) as on_event:
        result = run_comparison(
            choice.paths,
            settings,
            money,
            catalogue,
            on_event,
            journal,
            command="dlbench " + " ".join(sys.argv[1:])[:900],
        )
    write_result(result, stem.with_suffix(".json"))
    journal.unlink(missing_ok=True)  # every round stands in the result file now
    return result, stem


def _free_stem(folder: Path, name: str) -> Path:
    stem, number = folder / name, 2
    while stem.with_suffix(".json").exists():
        stem, number = folder / f"{name}-{number}", number + 1
    return stem


def _show_comparison(result: Result, stem: Path, as_json: bool) -> None:
    from dlbench.bench.report import headline, write_reports
    from dlbench.bench.tables import all_tables
    from dlbench.console import messages, output, show_notes, show_tables, show_wrote

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
    if not result.complete:
        show_notes(console, "Interrupted", ("what was measured until then is kept in the result file.",))
    show_wrote(console, written, (f"open {reports[0]} in a browser",))


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="Result files of dlbench compare.")],
    out: Annotated[Path | None, typer.Option(help="The folder to write to (default: the workspace's reports).")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write one self-contained HTML page, Markdown and CSV from each result file."""
    from dlbench.bench.report import write_reports
    from dlbench.bench.results import read_result
    from dlbench.console import output, show_wrote

    folder = out or Workspace.at(workspace).reports
    read = [(path, read_result(path)) for path in results]  # all are checked before anything is written
    written: list[Path] = []
    for path, result in read:
        written += write_reports(result, folder / path.stem)
    show_wrote(output(), written, (f"open {written[0]} in a browser",))


@app.command()
def doctor(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Say what can run here, what not, why, and what would mend it."""
    from dataclasses import asdict

    from dlbench.console import messages, output, show_findings, show_wrote
    from dlbench.doctor import examine

    with messages().status("looking") as status:
        findings = examine(Workspace.at(workspace), status.update)
    if as_json:
        import json

        typer.echo(json.dumps([asdict(f) for f in findings]))
        return
    console = output()
    show_findings(console, findings)
    usable = [f.what.removeprefix("provider ") for f in findings if f.what.startswith("provider") and f.state == "ok"]
    show_wrote(console, (), (f"dlbench compare --providers {','.join(usable) or 'cpu'}",))


@cost_app.command("catalogue")
def catalogue_command(
    kind: Annotated[str | None, typer.Option(help="edge, cpu, gpu, tpu, cloud or service.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the price list: every device with its prices, dates and sources."""
    from dataclasses import asdict

    from dlbench.bench.catalogue import load_catalogue
    from dlbench.bench.tables import catalogue_table
    from dlbench.console import output, show_tables

    devices = load_catalogue().of_kind(kind)
    if as_json:
        import json

        typer.echo(json.dumps([{**asdict(d), "from_memory": sorted(d.from_memory)} for d in devices]))
        return
    show_tables(output(), (catalogue_table(devices),))


@cost_app.command("template")
def template_command() -> None:
    """Print a price file to start from."""
    from dlbench.bench.pricefile import EXAMPLE

    typer.echo(EXAMPLE, nl=False)

"""`dlbench doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import DEFAULT_PROVIDERS, JsonOption, WorkspaceOption, measure_settings
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.bench.diff.noise_floor import NoiseReport

__all__ = ["doctor"]


def doctor(
    noise: Annotated[
        bool, typer.Option("--noise", help="Time a model against its own copy and store this machine's noise floor.")
    ] = False,
    options: Annotated[
        bool, typer.Option("--provider-options", help="List what --provider-option can set, for each provider.")
    ] = False,
    providers: Annotated[str, typer.Option(help="With --noise: the provider to measure.")] = DEFAULT_PROVIDERS,
    threads: Annotated[str | None, typer.Option(help="With --noise: CPU threads.")] = None,
    budget: Annotated[float, typer.Option(help="With --noise: time limit for measuring, in seconds.")] = 60.0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what can run here, what cannot, why, and how to fix it."""
    if options:
        _options(as_json)
    elif noise:
        _noise(providers, threads, budget, as_json)
    else:
        _examine(workspace, as_json)


def _examine(workspace: Path | None, as_json: bool) -> None:
    from dataclasses import asdict

    from dlbench.doctor import examine
    from dlbench.show.console import messages, output, show_findings, show_wrote

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


def _noise(providers: str, threads: str | None, budget: float, as_json: bool) -> None:
    from dlbench.bench.diff.noise_floor import measure_noise
    from dlbench.commands.live_views import comparison_view
    from dlbench.show.console import output, show_notes, show_wrote

    settings = measure_settings(
        providers=providers,
        batch_sizes="1",
        threads=threads,
        budget_s=budget,
    )
    if len(settings.providers) > 1 or len(settings.all_threads) > 1:
        raise InputError("doctor --noise: expected one provider and one thread count, received several.")
    with comparison_view(settings.min_rounds) as on_event:
        report = measure_noise(settings, on_event)
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(report)))
        return
    console = output()
    show_notes(console, f"Noise on {report.provider}, {report.threads} threads (A/A)", _noise_lines(report), style="")
    show_notes(console, "Warnings", report.warnings)
    show_wrote(console, (), ("dlbench diff A.onnx B.onnx uses this floor from now on",))


def _noise_lines(report: NoiseReport) -> tuple[str, ...]:
    from dlbench.bench.diff.noise_floor import NOISE_MODEL

    return (
        f"{NOISE_MODEL} against its own copy, in turn: ratio {report.ratio:.4f} over {report.pairs} pairs of rounds",
        f"noise floor: {report.floor:.1%}; a smaller difference than this is not claimed on this machine (kept)",
        f"calm rounds: {report.calm_share:.0%}; their medians spread by {report.spread:.1%} (standard deviation)",
        f"the slowest round took {report.worst:.2f} times as long as the fastest",
    )


def _options(as_json: bool) -> None:
    from dlbench.bench.providers.options import PROVIDER_OPTIONS
    from dlbench.show.console import output, show_tables
    from dlbench.show.table import Column, Table

    if as_json:
        import json

        typer.echo(json.dumps({name: dict(known) for name, known in PROVIDER_OPTIONS.items()}))
        return
    rows = tuple((name, key, what) for name, known in PROVIDER_OPTIONS.items() for key, what in known.items())
    columns = (Column("provider", False), Column("option", False), Column("what it does", False, wraps=True))
    notes = (
        "dlbench compare --provider-option cuda:use_tf32=0; a provider that is not listed here takes any option, "
        "and ONNX "
        "Runtime says what it does not know.",
    )
    show_tables(output(), (Table("options", "Options of the execution providers", columns, rows, notes),))

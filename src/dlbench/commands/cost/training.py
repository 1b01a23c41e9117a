"""`dlbench cost training`: published training costs, and this machine's own beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.bench.cost.assumptions import ESTIMATED_BY_DEFAULT
from dlbench.commands.options import JsonOption, WorkspaceOption, chosen_devices, priced_catalogue
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.bench.results.schema import Result

__all__ = ["training"]


def training(
    results: Annotated[
        list[Path] | None, typer.Argument(help="Result files that hold your own trainings (default: the newest one).")
    ] = None,
    estimates: Annotated[
        str, typer.Option("--estimate", help="Devices to estimate for: ids of the price list, or none.")
    ] = ",".join(ESTIMATED_BY_DEFAULT),
    prices: Annotated[Path | None, typer.Option(help="A price file (TOML; see `dlbench cost template`).")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what training ResNet-50 cost over the years, beside the trainings of this machine."""
    from dlbench.bench.cost.published import published_runs
    from dlbench.bench.report.tables.estimate_tables import own_training_estimates, training_estimates

    folder, catalogue = Workspace.at(workspace), priced_catalogue(prices)
    devices = () if estimates.strip().lower() == "none" else chosen_devices(estimates, catalogue, "--estimate")
    runs, measured = published_runs(), _own(results, folder)
    own = tuple(t for result in measured for t in result.training)
    rows = training_estimates(devices, catalogue)
    rows += [row for result in measured for row in own_training_estimates(result, devices, catalogue)]
    if as_json:
        import json
        from dataclasses import asdict

        from dlbench.bench.report.tables.estimate_tables import estimate_document

        document = {"published": [asdict(r) for r in runs], "own": [t.model_dump(mode="json") for t in own]}
        typer.echo(json.dumps({**document, "estimates": estimate_document(rows)}))
        return
    from dlbench.bench.report.tables.estimate_tables import training_estimates_table
    from dlbench.bench.report.tables.published_tables import (
        own_table,
        published_chart,
        published_table,
        training_sentences,
    )
    from dlbench.files import write_atomic
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    console = output()
    tables = [published_table(runs)]
    if own:
        tables.append(own_table(own))
    if rows:
        tables.append(training_estimates_table(rows))
    show_tables(console, tuple(tables))
    show_notes(console, "In short", training_sentences(runs), style="")
    picture = write_atomic(folder.pictures / "training-cost.svg", published_chart(runs, own, rows)[2])
    then = () if own else ("dlbench compare puts this machine's own networks beside them",)
    show_wrote(console, (picture,), then)


def _own(results: list[Path] | None, folder: Workspace) -> tuple[Result, ...]:
    """Return the given results, or the workspace's newest one that has trainings."""
    from dlbench.bench.results.schema import read_result, results_by_age

    if results:
        return tuple(read_result(path) for path in results)
    newest = (read_result(path) for path in results_by_age(folder.results))
    return tuple(next(([found] for found in newest if found.training), []))

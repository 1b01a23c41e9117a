"""`dlbench cost training`: published training costs, and this machine's own beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlbench.bench.cost.assumptions import TRAINED_BY_DEFAULT
from dlbench.commands.options import JsonOption, PricesOption, WorkspaceOption, shows_tables
from dlbench.commands.showing import show_result
from dlbench.files import Workspace, write_atomic


@shows_tables
def training(
    results: Annotated[
        list[Path] | None, typer.Argument(help="Result files that hold your own trainings (default: the newest one).")
    ] = None,
    estimates: Annotated[
        str, typer.Option("--estimate", help="Devices to estimate for: ids of the price list, or none.")
    ] = ",".join(TRAINED_BY_DEFAULT),
    prices: PricesOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what training ResNet-50 cost over the years. Beside it stand the trainings of this machine."""
    from dlbench.api.costs import training_costs
    from dlbench.show.console import output, show_wrote

    costs = training_costs(results or (), estimate=estimates, prices=prices, workspace=workspace)
    if not show_result(costs, as_json, costs.sentences()):
        return
    charts = {"training-cost.svg": costs.chart(), "training-comparison.svg": costs.comparison_chart()}
    folder = Workspace.at(workspace).pictures
    written = [write_atomic(folder / name, svg) for name, (_, _, svg) in charts.items()]
    then = () if costs.own else ("dlbench compare puts this machine's own networks beside them",)
    show_wrote(output(), written, then)

"""`dlbench cost estimate`: measured networks on hardware that is not here, as ranges."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from dlbench.bench.cost.assumptions import ESTIMATED_BY_DEFAULT
from dlbench.commands.options import JsonOption, PricesOption, WorkspaceOption, shows_tables
from dlbench.commands.showing import newest_words, print_json
from dlbench.files import Workspace, write_atomic


@shows_tables
def estimate(
    result: Annotated[
        Path | None, typer.Argument(help="A result file of dlbench compare (default: the newest one).")
    ] = None,
    on: Annotated[str, typer.Option(help="Devices of the price list, separated by commas.")] = ",".join(
        ESTIMATED_BY_DEFAULT
    ),
    network: Annotated[
        str | None, typer.Option(help="Only this network of the result, with its files in fewer bits.")
    ] = None,
    known: Annotated[
        list[str] | None,
        typer.Option(help="A time that you know there, such as mobilenet_v2=2ms or t4:mobilenet_v2=2ms; repeatable."),
    ] = None,
    prices: PricesOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate the time on other hardware: a range. From measured networks, by a stated model."""
    from dlbench.api import costs
    from dlbench.commands.one_screen import Screen, show_screen
    from dlbench.show.table_choice import current_choice

    estimates = costs.estimate(result, on=on, network=network, known=known or (), prices=prices, workspace=workspace)
    if as_json:
        print_json(json.dumps(estimates.document()))
        return
    picture = write_atomic(Workspace.at(workspace).pictures / "estimate.svg", estimates.chart()[2])
    then = ("--on chooses other devices; dlbench cost catalogue lists them",)
    choice = current_choice()
    tables = estimates.tables() if choice.full else (estimates.short_table(every_column=bool(choice.columns)),)
    notes = (f"measured here: {estimates.source}",) if choice.full else ()
    foot = (estimates.device_ids(), *((newest_words(estimates.source),) if result is None else ()))
    show_screen(
        Screen(
            tables,
            estimates.sentences(),
            written=(picture,),
            then=then,
            notes=notes,
            foot=foot,
            shortened=estimates.some_rows,
        )
    )

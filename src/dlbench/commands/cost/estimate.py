"""`dlbench cost estimate`: measured networks on hardware that is not here, as ranges."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlbench.bench.cost.assumptions import ESTIMATED_BY_DEFAULT
from dlbench.commands.options import JsonOption, WorkspaceOption, chosen_devices, priced_catalogue
from dlbench.errors import InputError
from dlbench.files import Workspace

__all__ = ["estimate"]


def estimate(
    result: Annotated[
        Path | None, typer.Argument(help="A result file of dlbench compare (default: the newest one).")
    ] = None,
    on: Annotated[str, typer.Option(help="Devices of the price list, separated by commas.")] = ",".join(
        ESTIMATED_BY_DEFAULT
    ),
    prices: Annotated[Path | None, typer.Option(help="A price file (TOML; see `dlbench cost template`).")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate the time of measured networks on other hardware: a range from a stated model."""
    from dlbench.bench.report.tables.estimate_tables import (
        estimate_chart,
        estimate_document,
        inference_table,
        network_estimates,
    )
    from dlbench.bench.results.schema import newest_result, read_result

    folder = Workspace.at(workspace)
    path = result or newest_result(folder.results)
    if path is None:
        raise InputError(
            f"cost estimate: expected a result file, received none, and {folder.results} has none; run dlbench compare."
        )
    catalogue = priced_catalogue(prices)
    rows = network_estimates(read_result(path), chosen_devices(on, catalogue, "--on"), catalogue)
    if as_json:
        import json

        typer.echo(json.dumps(estimate_document(rows)))
        return
    from dlbench.files import write_atomic
    from dlbench.show.console import output, show_tables, show_wrote

    console = output()
    console.print(f"measured here: {path}", markup=False)
    show_tables(console, (inference_table(rows),))
    picture = write_atomic(folder.pictures / "estimate.svg", estimate_chart(rows, "Estimates")[2])
    show_wrote(console, (picture,), ("--on chooses other devices; dlbench cost catalogue lists them",))

"""`dlbench cost`: the price list, and a price file of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlbench.commands.cost.buy_or_rent import buy_or_rent
from dlbench.commands.cost.estimate import estimate
from dlbench.commands.cost.training import training
from dlbench.commands.options import JsonOption, priced_catalogue

__all__ = ["cost_app"]

cost_app = typer.Typer(help="Price list, your own price file, buy or rent, training costs, estimates.")
cost_app.command("buy-or-rent")(buy_or_rent)
cost_app.command("training")(training)
cost_app.command("estimate")(estimate)


@cost_app.command("catalogue")
def catalogue_command(
    kind: Annotated[str | None, typer.Option(help="edge, cpu, gpu, tpu, cloud or service.")] = None,
    prices: Annotated[
        Path | None, typer.Option(help="A price file (TOML) whose rows are added to the list or replace its rows.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the price list: every device with its prices, dates and sources."""
    from dataclasses import asdict

    from dlbench.bench.report.tables.result_tables import catalogue_table
    from dlbench.show.console import output, show_tables

    devices = priced_catalogue(prices).of_kind(kind)
    if as_json:
        import json

        typer.echo(json.dumps([{**asdict(d), "from_memory": sorted(d.from_memory), "old": d.old} for d in devices]))
        return
    show_tables(output(), (catalogue_table(devices),))


@cost_app.command("template")
def template_command() -> None:
    """Print a price file to start from."""
    from dlbench.bench.cost.price_file import EXAMPLE

    typer.echo(EXAMPLE, nl=False)

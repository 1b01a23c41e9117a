"""`dlbench cost`: the price list, and a price file of your own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlbench.commands.cost import buy_or_rent, estimate, published, training
from dlbench.commands.options import JsonOption, shows_tables
from dlbench.commands.showing import show_result

cost_app = typer.Typer(
    help="Prices: the list, your own, buy or rent, training, estimates.", add_completion=False, rich_markup_mode=None
)
cost_app.command("buy-or-rent")(buy_or_rent.buy_or_rent)
cost_app.command("training")(training.training)
cost_app.command("estimate")(estimate.estimate)
cost_app.command("published")(published.published)


@cost_app.command("catalogue")
@shows_tables
def catalogue_command(
    kind: Annotated[str | None, typer.Option(help="edge, cpu, gpu, tpu, cloud or service.")] = None,
    prices: Annotated[
        Path | None, typer.Option(help="A price file (TOML) whose rows are added to the list or replace its rows.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List every device with its prices, dates and sources."""
    from dlbench.api.costs import price_list

    show_result(price_list(kind, prices=prices), as_json)


@cost_app.command("template")
def template_command() -> None:
    """Print a price file to start from."""
    from dlbench.bench.cost.price_file import EXAMPLE

    typer.echo(EXAMPLE, nl=False)

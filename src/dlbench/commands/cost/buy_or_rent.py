"""`dlbench cost buy-or-rent`: own it, rent it, forget to switch it off, or Colab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlbench.bench.cost.buy_or_rent import Case
from dlbench.bench.cost.countries import COUNTRY_CODES
from dlbench.commands.options import EurOption, HufOption, JsonOption, PricesOption, WorkspaceOption, shows_tables
from dlbench.commands.showing import show_result
from dlbench.files import Workspace, write_atomic


@shows_tables
def buy_or_rent(
    own: Annotated[str, typer.Option(help="Device to buy: an id of the price list.")] = "rtx-2080-ti",
    rent: Annotated[str, typer.Option(help="Instance to rent: an id of the price list.")] = "aws-p3-2xlarge",
    hours_per_day: Annotated[float, typer.Option(help="Hours of use per day.")] = Case.hours_per_day,
    years: Annotated[float, typer.Option(help="Years that the machine is kept.")] = Case.years,
    residual: Annotated[
        float, typer.Option(help="Share of the purchase price that is left at the end.")
    ] = Case.residual_share,
    country: Annotated[
        str | None,
        typer.Option(help=f"Country for the electricity price: {COUNTRY_CODES} (default: US; HU in Hungarian)."),
    ] = None,
    electricity_price: Annotated[
        float | None, typer.Option(help="Electricity price in USD per kWh, instead of the country's.")
    ] = None,
    speed_ratio: Annotated[
        float | None, typer.Option(help="Speed of your machine divided by that of the rented one.")
    ] = None,
    from_: Annotated[
        list[Path] | None,
        typer.Option(
            "--from", help="Two result files that give the speed ratio, your machine first (--from A --from B)."
        ),
    ] = None,
    base_price: Annotated[float, typer.Option(help="USD for the rest of the computer, if --own is a card.")] = 0.0,
    base_power: Annotated[float, typer.Option(help="Power of the rest of the computer, in W.")] = 0.0,
    eur_usd: EurOption = None,
    huf_usd: HufOption = None,
    preset: Annotated[
        str | None, typer.Option(help="A published claim to check: chen-2018, the '10x cheaper than AWS' of 2018.")
    ] = None,
    prices: PricesOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare owning, renting and Colab for the same work. Also a rented one that nobody switches off."""
    from dlbench.api import owning
    from dlbench.api.arguments import among
    from dlbench.show.console import output, show_wrote

    if preset is not None:
        show_result(owning.published_claim(preset), as_json)
        return
    decision = owning.buy_or_rent(**among(owning.buy_or_rent, locals()) | {"from_": from_ or ()})
    if not show_result(decision, as_json, decision.sentences()):
        return
    folder, names = Workspace.at(workspace).pictures, ("buy-or-rent.svg", "buy-or-rent-tornado.svg")
    written = [write_atomic(folder / name, svg) for name, (_, _, svg) in zip(names, decision.charts(), strict=True)]
    show_wrote(output(), written, ("dlbench cost buy-or-rent --preset chen-2018 shows the claim of 2018",))

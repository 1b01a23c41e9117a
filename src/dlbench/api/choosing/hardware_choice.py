"""Which device to buy or rent for a network: every one of the price list, with its latency and what a month costs.

import dlbench

choice = dlbench.choose("cnn", latency="5ms", per_day=1e6)
print(choice.table(), *choice.sentences())
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlbench.api.arguments import Inputs, PathLike, Shapes, names_arguments
from dlbench.api.choosing.asked_networks import asked_network
from dlbench.api.money import exchange_rates, price_settings
from dlbench.bench.choosing import choice_tables as tables_of
from dlbench.bench.choosing.advice import advice
from dlbench.bench.choosing.choice import Choice, choose_among
from dlbench.bench.choosing.goals import Goal, Load, answers_of, seconds_of, share_of, usd_of
from dlbench.bench.cost.assumptions import ANSWERS_PER_DAY, HOST_POWER_W, HOST_PRICE_USD
from dlbench.bench.results.schema import Result
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.show.csv_text import csv_text
from dlbench.show.html import html_list, html_table
from dlbench.show.markdown import markdown_list, markdown_table
from dlbench.show.table import Table
from dlbench.show.table_view import TableView, WithTables

_FEW_THAT_DO_NOT = 3  # rows that say why a device does not serve, beside those that do


@dataclass(frozen=True, repr=False)
class HardwareChoice(WithTables, Choice):
    """Every device for a network, the best first, with advice."""

    newest: tuple[str, str] | None = None  # the result's file and when it was measured, where nothing was named

    def __repr__(self) -> str:
        best = self.options[0]
        return (
            f"<HardwareChoice for {self.network[:80]}: {len(self.options)} options, first {best.way.id} ({best.meets})>"
        )

    def _repr_html_(self) -> str:
        """Return the advice and what serves; what each figure rests on, in long words, stands in `tables()`."""
        table = self.short_table()
        shown = replace(table, columns=table.columns[:-1], rows=tuple(row[:-1] for row in table.rows))
        return html_list(self.sentences()) + html_table(shown)

    def tables(self) -> TableView:
        """Return all options, and the rows of the price list that were left out."""
        return TableView(tables_of.choice_tables(self))

    def short_table(self) -> Table:
        """Return what serves: of each way to have a device the best file; and what does not, if that is little."""
        best = self.best_of_each
        serving = [option for option in best if option.meets != "no"]
        few = not serving or len(best) - len(serving) <= _FEW_THAT_DO_NOT
        return tables_of.choice_table(self, best if few else serving)

    def sentences(self) -> list[str]:
        """Return what to do, and which measurement would settle what is open."""
        return list(advice(self))

    def _records(self) -> list[dict[str, Any]]:
        return tables_of.choice_records(self)

    def document(self) -> dict[str, Any]:
        """Return the machine form, `dlbench.choice/1`."""
        return tables_of.choice_document(self)

    def csv(self) -> str:
        """Return one line for each option, in SI units and USD, unknowns empty."""
        records = tables_of.choice_records(self)
        return csv_text(list(records[0]), [list(record.values()) for record in records])

    def markdown(self) -> str:
        """Return the advice and the table of what serves."""
        return "\n".join([*markdown_list(self.sentences()), "", *markdown_table(self.short_table()), ""])


@names_arguments
def choose(
    what: PathLike | Result | None = None,
    *,
    latency: str | float | None = None,
    per_day: str | float = ANSWERS_PER_DAY,
    accuracy: float | None = None,
    budget: str | float | None = None,
    buy: bool = False,
    rent: bool = False,
    edge: bool = False,
    from_: Sequence[PathLike | Result] = (),
    network: str | None = None,
    shape: Shapes = None,
    inputs: Inputs = None,
    hours_per_day: float = 24.0,
    years: float | None = None,
    country: str | None = None,
    electricity_price: float | None = None,
    base_price: float = HOST_PRICE_USD,
    base_power: float = HOST_POWER_W,
    eur_usd: float | None = None,
    huf_usd: float | None = None,
    prices: PathLike | None = None,
    workspace: PathLike | None = None,
) -> HardwareChoice:
    """Hold every device of the price list against what is wanted of a network.

    Args:
        what: a model (an ONNX file, a name of the workspace or of torchvision), or a result or its file; None: the
            newest result of the workspace.
        latency: the longest that one answer may take: "5ms", or a number of seconds.
        per_day: answers a day.
        accuracy: the least percentage of right answers.
        budget: "200USD", "180EUR", or a number of USD: for what is bought, or for a month of what is rented.
        buy: only what is bought.
        rent: only what is rented.
        edge: only boards.
        from_: results of other machines that timed the same network.
        network: which network of a result with several.
        shape: as in `compare`.
        inputs: as in `compare`.
        hours_per_day: in which the answers are asked for; at other times machines are off.
        years: that a machine is kept; None: 3, or what the price file says.
        country: HU, EU, DE or US, for the household electricity price.
        electricity_price: in USD per kWh, instead of the country's.
        base_price: USD for the computer around a card.
        base_power: power of the computer around a card, in W.
        eur_usd: USD for one EUR.
        huf_usd: USD for one HUF.
        prices: a price file (TOML) whose rows are added to the list or replace its rows.
        workspace: where names and results are looked up.

    Raises:
        InputError: a goal that makes no sense, no network, or nothing that is known of any device.
    """
    if buy and rent:
        raise InputError("--buy and --rent: expected one of them, received both; leave both out for both.")
    if edge and rent:
        raise InputError("--edge and --rent: expected one of them, received both: boards can't be rented.")
    goal = Goal(
        None if latency is None else seconds_of(latency),
        None if accuracy is None else share_of(accuracy),
        None if budget is None else usd_of(budget, exchange_rates(eur_usd, huf_usd)),
        ("have", "buy", "rent") if buy == rent else ("buy",) if buy else ("rent",),
        edge,
    )
    money, catalogue = price_settings(
        prices=prices, country=country, electricity_price=electricity_price, eur_usd=eur_usd, huf_usd=huf_usd
    )
    assumed = money.assumptions
    own = money.electricity_usd_per_kwh
    load = Load(
        answers_of(per_day),
        hours_per_day,
        assumed.years if years is None else years,
        assumed.residual_share,
        assumed.electricity_usd_per_kwh if own is None else own,
        assumed.cloud_overhead_share,
        assumed.pue_home,
        base_price,
        base_power,
    )
    asked = asked_network(what, Workspace.at(workspace), from_, network, shape, inputs)
    if not asked.variants:
        raise InputError(f"{asked.name}: every variant lost its answers, so there is nothing to choose a device for.")
    found = choose_among(asked.name, asked.variants, asked.results, catalogue, goal, load, asked.lost)
    return HardwareChoice(**vars(found), newest=(asked.newest, asked.results[0].created) if asked.newest else None)

"""`dlbench choose`: which device to buy or rent for a network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.bench.cost.assumptions import ANSWERS_PER_DAY, HOST_POWER_W, HOST_PRICE_USD
from dlbench.commands.options import (
    CountryOption,
    ElectricityOption,
    EurOption,
    HufOption,
    InputOption,
    JsonOption,
    PricesOption,
    ShapeOption,
    WorkspaceOption,
    as_typed,
    shows_tables,
)
from dlbench.commands.showing import newest_words, print_json
from dlbench.errors import InputError, close_matches
from dlbench.show.texts import tr

if TYPE_CHECKING:
    from dlbench.api.choosing.hardware_choice import HardwareChoice

_FORMATS = ("terminal", "md", "csv", "json")


@shows_tables
def choose(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL|RESULT]", help="A model, or a result file (.json) (default: the newest result)."
        ),
    ] = None,
    latency: Annotated[str | None, typer.Option(help="The longest that one answer may take, such as 5ms.")] = None,
    per_day: Annotated[str, typer.Option(help="Answers a day, such as 1e6.")] = str(ANSWERS_PER_DAY),
    accuracy: Annotated[float | None, typer.Option(help="The least percentage of right answers.")] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            help="The most to pay, such as 200USD or 180EUR: for what is bought, or a month of what is rented."
        ),
    ] = None,
    buy: Annotated[bool, typer.Option("--buy", help="Only what is bought.")] = False,
    rent: Annotated[bool, typer.Option("--rent", help="Only what is rented.")] = False,
    edge: Annotated[bool, typer.Option("--edge", help="Only boards.")] = False,
    from_: Annotated[
        list[Path] | None,
        typer.Option("--from", help="A result of another machine that timed the same network (may be repeated)."),
    ] = None,
    network: Annotated[str | None, typer.Option(help="Which network of a result with several.")] = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    hours_per_day: Annotated[
        float, typer.Option(help="Hours a day in which answers are asked for; at other times machines are off.")
    ] = 24.0,
    years: Annotated[float | None, typer.Option(help="Years that a machine is kept (default: 3).")] = None,
    country: CountryOption = None,
    electricity_price: ElectricityOption = None,
    base_price: Annotated[float, typer.Option(help="USD for the computer around a card.")] = HOST_PRICE_USD,
    base_power: Annotated[float, typer.Option(help="Power of the computer around a card, in W.")] = HOST_POWER_W,
    eur_usd: EurOption = None,
    huf_usd: HufOption = None,
    prices: PricesOption = None,
    form: Annotated[str | None, typer.Option("--format", help="terminal (default), md, csv or json.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Choose a device to buy or rent: what surely serves, what may, and which measurement would settle it."""
    from dlbench.api.arguments import among
    from dlbench.api.choosing import hardware_choice

    chosen_form = _form(form, as_json)
    asked = among(hardware_choice.choose, locals())
    choice = hardware_choice.choose(**asked | {"from_": from_ or ()})
    _show(choice, chosen_form, what, (newest_words(*choice.newest),) if choice.newest else ())


def _form(form: str | None, as_json: bool) -> str:
    if as_json and form not in (None, "json"):
        raise InputError(f"--format: expected one form, received {form[:40]!r} and --json; leave one out.")
    if form is not None and form not in _FORMATS:
        near = close_matches(form, _FORMATS)
        raise InputError(f"--format: expected one of {', '.join(_FORMATS)}, received {form[:40]!r}.{near}")
    return form or ("json" if as_json else "terminal")


def _show(choice: HardwareChoice, form: str, what: str | None, foot: Sequence[str]) -> None:
    from dlbench.bench.choosing.choice_tables import some_of_both
    from dlbench.commands.one_screen import Screen, show_screen
    from dlbench.show.plain_text import without_controls
    from dlbench.show.table_choice import current_choice

    if form == "json":
        print_json(json.dumps(choice.document()))
        return
    if form != "terminal":
        typer.echo(without_controls(choice.csv() if form == "csv" else choice.markdown()), nl=False)
        return
    full = current_choice().full
    tables = choice.tables() if full else (choice.short_table(),)
    elsewhere = [tr("every file")] if len(choice.variants) > 1 else []
    if choice.left_out:
        elsewhere.append(tr("{n} left out", n=len(choice.left_out)))

    sentences = choice.sentences()
    marks = [text for text in sentences if text.startswith(("*: ", "?: "))]

    def hidden(shown: int) -> str:
        more = len(choice.best_of_each) - shown
        if not more:
            return ""
        if more == 1:
            return tr("1 more device")
        return tr("{n} more boards", n=more) if choice.goal.boards_only else tr("{n} more devices", n=more)

    show_screen(
        Screen(
            tables,
            [text for text in sentences if text not in marks],
            then=_then(choice, what),
            shortened=some_of_both,
            elsewhere=elsewhere,
            counted=hidden,
            foot=(*foot, *marks),
            least=3,
        )
    )


def _then(choice: HardwareChoice, what: str | None) -> list[str]:
    """Return the next steps: measure here, or try fewer bits."""
    name = choice.network if what is None or what.endswith(".json") else what
    measured = any(option.way.kind == "have" for option in choice.options)
    if not measured and "have" in choice.goal.ways and not choice.goal.boards_only:
        return [f"dlbench compare {as_typed(name)}"]
    if len(choice.variants) > 1 or choice.lost or choice.variants[0].model.precision != "fp32":
        return []
    command = f"dlbench export {as_typed(name)} --precision int8"
    return [tr("{command}, then choose again: often faster", command=command)]

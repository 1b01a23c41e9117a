"""`dlbench cost published`: what others measured, by network and device."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from dlbench.commands.options import JsonOption, shows_tables
from dlbench.commands.showing import print_json


@shows_tables
def published(
    network: Annotated[
        str | None, typer.Option(help="A network, as torchvision, timm or ncnn call it, such as resnet50.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="An id of the price list, or a part of a device's name, such as Jetson.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show inference times that others published."""
    from dlbench.api.costs import published_times
    from dlbench.commands.one_screen import Screen, show_screen
    from dlbench.show.table_choice import current_choice

    found = published_times(network, device=device)
    if as_json:
        print_json(json.dumps(found.document()))
        return
    choice = current_choice()
    tables = found.tables() if choice.full or choice.columns else (found.short_table(),)
    show_screen(Screen(tables, (), then=("dlbench cost estimate estimates your own networks on other devices",)))

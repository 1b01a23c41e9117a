"""`dlbench viz`: what a network sees, from its ONNX file; each picture has a file of its own."""

from __future__ import annotations

import typer

from dlbench.commands.viz.all import all_pictures
from dlbench.commands.viz.errors import errors
from dlbench.commands.viz.pictures import activations, answers, depth, filters, inputs
from dlbench.commands.viz.precision import precision
from dlbench.commands.viz.relevance import relevance
from dlbench.commands.viz.top import top

__all__ = ["viz_app"]

viz_app = typer.Typer(
    help="Look inside a network: inputs, filters, activations, relevance, errors.",
    rich_markup_mode=None,
)
viz_app.command("inputs")(inputs)
viz_app.command("answers")(answers)
viz_app.command("filters")(filters)
viz_app.command("activations")(activations)
viz_app.command("depth")(depth)
viz_app.command("top")(top)
viz_app.command("errors")(errors)
viz_app.command("precision")(precision)
viz_app.command("all")(all_pictures)
viz_app.command("relevance")(relevance)

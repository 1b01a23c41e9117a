"""`dlbench viz`: what a network sees, from its ONNX file; each picture has a file of its own."""

from __future__ import annotations

import typer

from dlbench.commands.vizrelevance import relevance

__all__ = ["viz_app"]

viz_app = typer.Typer(
    help="Look inside a network: inputs, filters, activations, relevance, errors.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
viz_app.command("relevance")(relevance)

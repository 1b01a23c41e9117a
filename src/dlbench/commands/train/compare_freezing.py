"""`dlbench train transfer --compare-freezing`: the ways of transfer learning side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from dlbench.commands.options import as_typed
from dlbench.commands.train.training_with_view import train_with_view
from dlbench.files import Workspace, write_atomic

if TYPE_CHECKING:
    from dlbench.train import TrainSettings

__all__ = ["show_freezing"]


def show_freezing(settings: TrainSettings, folder: Workspace, as_json: bool) -> None:
    """Train with everything frozen, with the last stages trained, and a small CNN from scratch; print all three."""
    from dlbench.api.freezing import freezing_runs
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    compared = freezing_runs(settings, folder, train_with_view)
    if as_json:
        typer.echo(json.dumps(compared.document()))
        return
    written = [result.model_path for result in compared.runs.values()]
    names = as_typed(*(path.stem for path in written))
    for title, _, svg in compared.charts():
        path = folder.pictures / f"{settings.file_name}-freezing-{title.lower()}.svg"
        written.append(write_atomic(path, svg))
    console = output()
    show_tables(console, compared.tables())
    show_notes(console, "In short", compared.sentences(), style="")
    show_notes(console, "Warnings", compared.warnings())
    show_wrote(console, written, (f"dlbench inspect {settings.backbone}", f"dlbench compare {names}"))

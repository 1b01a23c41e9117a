"""`dlbench train transfer --compare-freezing`: the ways of transfer learning side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.commands.options import as_typed
from dlbench.commands.showing import show_or_print, write_charts
from dlbench.commands.train.training_with_view import one_of_several
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.train import TrainSettings


def show_freezing(settings: TrainSettings, folder: Workspace, resume: bool, as_json: bool) -> None:
    """Train with everything frozen, with the last stages trained, and a small CNN from scratch; print all three."""
    from dlbench.api.freezing import freezing_runs

    compared = freezing_runs(settings, folder, one_of_several(resume))
    models = [result.model_path for result in compared.runs.values()]
    stem, names = f"{settings.file_name}-freezing", as_typed(*(path.stem for path in models))
    charts = [] if as_json else write_charts(folder.pictures, stem, compared.charts())
    then = (f"dlbench inspect {settings.backbone}", f"dlbench compare {names}")
    show_or_print(compared, as_json, compared.sentences(), compared.warnings(), [*models, *charts], then)

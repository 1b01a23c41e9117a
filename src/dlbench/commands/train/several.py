"""Several trainings on the command line: tasks, seeds, networks, ways of freezing; and the curves of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.commands.options import as_typed
from dlbench.commands.showing import show_or_print, write_charts
from dlbench.commands.train.training_with_view import one_of_several
from dlbench.files import Workspace
from dlbench.train.tasks.problems import PROBLEMS

if TYPE_CHECKING:
    from dlbench.train import TrainResult, TrainSettings


def explain_task(as_json: bool) -> None:
    """Print which last activation and loss belong to which question."""
    from dlbench.api.side_by_side import tasks

    wrong = "dlbench train dense --task multilabel --activation softmax --loss categorical-cross-entropy --force"
    then = ("dlbench train cnn --task regression", f"{wrong}   (what goes wrong)")
    known = tasks()
    show_or_print(known, as_json, [f"{problem.name}: {problem.why}" for problem in known.problems], then=then)


def draw_curves(result: TrainResult, folder: Workspace) -> list[Path]:
    """Write the training curves of a run and return their paths."""
    from dlbench.viz.evaluation.training_curves import curve_charts

    name = result.model_path.stem
    charts = curve_charts({name: result.history}, {name: result.best_epoch}, PROBLEMS[result.facts.task].unit)
    return write_charts(folder.pictures, name, charts)


def show_seeds(settings: TrainSettings, folder: Workspace, count: int, resume: bool, as_json: bool) -> None:
    """Train with `count` seeds and print mean and spread."""
    from dlbench.api.side_by_side import several_seeds

    runs = several_seeds(settings, folder, count, one_of_several(resume))
    paths = [result.model_path for result in runs.results.values()]
    then = (f"dlbench compare {as_typed(paths[0].stem, paths[1].stem)}",)
    show_or_print(runs, as_json, (runs.spread(),), written=paths, then=then)


def show_networks(text: str, settings: TrainSettings, folder: Workspace, resume: bool, as_json: bool) -> None:
    """Train several networks on the same pictures and print them side by side."""
    from dlbench.api.side_by_side import networks_side_by_side

    compared = networks_side_by_side(text, settings, folder, one_of_several(resume))
    names = [one.network for one, _ in compared.runs]
    models = [result.model_path for _, result in compared.runs]
    charts = [] if as_json else write_charts(folder.pictures, f"compare-{'-'.join(names)}", compared.charts())
    then = (f"dlbench compare {as_typed(*names)}",)
    show_or_print(compared, as_json, compared.sentences(), compared.warnings(), [*models, *charts], then)


def show_freezing(settings: TrainSettings, folder: Workspace, resume: bool, as_json: bool) -> None:
    """Train with everything frozen, with the last stages trained, and a small CNN from scratch; print all three."""
    from dlbench.api.freezing import freezing_runs

    compared = freezing_runs(settings, folder, one_of_several(resume))
    models = [result.model_path for result in compared.runs.values()]
    stem, names = f"{settings.file_name}-freezing", as_typed(*(path.stem for path in models))
    charts = [] if as_json else write_charts(folder.pictures, stem, compared.charts())
    then = (f"dlbench inspect {settings.backbone}", f"dlbench compare {names}")
    show_or_print(compared, as_json, compared.sentences(), compared.warnings(), [*models, *charts], then)

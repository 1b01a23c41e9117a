"""`dlbench viz errors`: where a model file is wrong on a data set."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.model_data import DataOption, SplitOption
from dlbench.commands.options import InputOption, JsonOption, ShapeOption, WorkspaceOption, as_typed, shows_tables_late
from dlbench.commands.showing import show_result
from dlbench.commands.viz.looking import ModelArgument, looking_view, model_card, picture_folder, show_drawn
from dlbench.commands.viz.normalise_options import MeanOption, NormaliseOption, StdOption
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard


@functools.partial(shows_tables_late, found=lambda _: "dlbench.api.judged_models:ModelErrors")
def errors(
    model: ModelArgument,
    data: DataOption = None,
    split: SplitOption = "test",
    top: Annotated[int, typer.Option("--top", help="Number of worst pictures and pairs to show.")] = 12,
    normalise: NormaliseOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a model is wrong: confusion, loss, calibration."""
    folder = Workspace.at(workspace)
    card = model_card(model, folder, normalise, mean, std, shape or (), inputs or ())
    place = picture_folder(folder, card, "errors")
    task = card.facts.task if card.facts else "multiclass"
    if task in ("regression", "unit-regression", "multilabel"):
        if as_json:
            raise InputError(f"--json: expected a model with one class as the answer, received one of the task {task}.")
        _other_tasks(card, data, split, task, folder)
        return
    from dlbench.api.datasets import own_data
    from dlbench.api.judged_models import find_errors

    with looking_view() as on_progress:
        found = find_errors(card, data=data, split=split, top=top, workspace=folder, on_progress=on_progress)
    if not show_result(found, as_json):
        return
    one = as_typed(model, f"{data or own_data(card, folder)}:NUMBER")
    then = f"dlbench viz relevance {one}   (a picture's NUMBER stands in the table)"
    show_drawn(found.pictures(), place, (then,))


def _other_tasks(card: ModelCard, data: str | None, split: str, task: str, workspace: Workspace) -> None:
    import numpy as np

    from dlbench.api.datasets import model_data, part_of
    from dlbench.viz.evaluation.error_figures import draw_numbers
    from dlbench.viz.evaluation.judging import answers_to

    dataset = model_data(card, data, workspace)
    places = part_of(dataset, split)
    with looking_view() as on_progress:
        outputs = answers_to(card, dataset.images[places], on_progress=on_progress)
    truth = dataset.answers[places].astype(np.float64)
    raw = card.facts is not None and card.facts.output == "logits"
    if task != "regression" and raw:
        outputs = 1 / (1 + np.exp(-np.clip(outputs, -700, 700)))
    if task == "multilabel":
        wrong = np.abs((outputs > 0.5) - truth).sum(axis=1)
        drawn = draw_numbers(card.name, wrong, np.zeros(len(wrong)), dataset.images[places], "labels wrong")[1:]
    else:
        unit = dataset.unit or "1"
        drawn = draw_numbers(card.name, outputs[:, 0], truth[:, 0], dataset.images[places], unit)
    show_drawn(drawn, picture_folder(workspace, card, "errors"), (f"dlbench viz all {as_typed(card.name)}",))

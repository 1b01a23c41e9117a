"""`dlbench viz errors`: where a model file is wrong on a data set."""

from __future__ import annotations

import functools
from typing import Annotated

import typer

from dlbench.commands.model_data import DataOption, SplitOption
from dlbench.commands.options import JsonOption, as_typed, shows_tables_late
from dlbench.commands.showing import show_result
from dlbench.commands.viz.looking import Looked, looking_view, looks, show_drawn
from dlbench.errors import InputError


@functools.partial(shows_tables_late, found=lambda _: "dlbench.api.judged_models:ModelErrors")
@looks
def errors(
    looked: Looked,
    data: DataOption = None,
    split: SplitOption = "test",
    top: Annotated[int, typer.Option("--top", help="Number of worst pictures and pairs to show.")] = 12,
    as_json: JsonOption = False,
) -> None:
    """Show where a model is wrong: confusion, loss, calibration."""
    card, folder = looked.card, looked.folder
    task = card.facts.task if card.facts else "multiclass"
    if task in ("regression", "unit-regression", "multilabel"):
        if as_json:
            raise InputError(f"--json: expected a model with one class as the answer, received one of the task {task}.")
        _other_tasks(looked, data, split, task)
        return
    from dlbench.api.datasets import own_data
    from dlbench.api.judged_models import find_errors

    with looking_view() as on_progress:
        found = find_errors(card, data=data, split=split, top=top, workspace=folder, on_progress=on_progress)
    if not show_result(found, as_json):
        return
    one = as_typed(looked.model, f"{data or own_data(card, folder)}:NUMBER")
    then = f"dlbench viz relevance {one}   (a picture's NUMBER stands in the table)"
    show_drawn(found.pictures(), looked.place("errors"), (then,))


def _other_tasks(looked: Looked, data: str | None, split: str, task: str) -> None:
    import numpy as np

    from dlbench.api.datasets import model_data, part_of
    from dlbench.viz.evaluation.error_figures import draw_numbers
    from dlbench.viz.evaluation.judging import answers_to

    card = looked.card
    dataset = model_data(card, data, looked.folder)
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
    show_drawn(drawn, looked.place("errors"), (f"dlbench viz all {as_typed(card.name)}",))

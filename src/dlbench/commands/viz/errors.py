"""`dlbench viz errors`: where a model file is wrong on a data set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.model_data import DataOption, SplitOption, model_data, part_of
from dlbench.commands.options import JsonOption, WorkspaceOption
from dlbench.commands.viz.looking import ModelArgument, looking_view, model_card, picture_folder, show_drawn
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from dlbench.model.card import ModelCard
    from dlbench.show.table import Table
    from dlbench.train import Dataset
    from dlbench.viz.evaluation.judging import Judged

__all__ = ["errors"]


def errors(
    model: ModelArgument,
    data: DataOption = None,
    split: SplitOption = "test",
    top: Annotated[int, typer.Option("--top", help="Number of worst pictures and pairs to show.")] = 12,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a model is wrong: confusion matrix, highest loss, calibration."""
    if not 1 <= top <= 60:
        raise InputError(f"--top: expected 1 to 60, received {top}.")
    folder = Workspace.at(workspace)
    card = model_card(model, folder)
    dataset = model_data(card, data)
    places = part_of(dataset, split)
    place = picture_folder(folder, card, "errors")
    then = (
        f"dlbench viz relevance {model} {data or dataset.name}:{{NUMBER}}   (a picture's number stands in the table)",
    )
    task = card.facts.task if card.facts else "multiclass"
    if task in ("regression", "unit-regression", "multilabel"):
        if as_json:
            raise InputError(f"--json: expected a model with one class as the answer, received one of the task {task}.")
        _other_tasks(card, dataset, places, task, place)
        return
    from dlbench.viz.evaluation.error_figures import draw_errors
    from dlbench.viz.evaluation.judging import judge

    with looking_view() as on_progress:
        judged = judge(card, dataset.images[places], dataset.labels[places], dataset.classes, on_progress=on_progress)
    if as_json:
        typer.echo(json.dumps(_facts(card, dataset, places, judged, split, top)))
        return
    from dlbench.show.console import output, show_tables

    show_tables(output(), _tables(card, dataset, places, judged, split, top))
    show_drawn(draw_errors(card.name, judged, dataset.images[places], top), place, then)


def _other_tasks(card: ModelCard, dataset: Dataset, places: NDArray[np.int64], task: str, folder: Path) -> None:
    import numpy as np

    from dlbench.viz.evaluation.error_figures import draw_numbers
    from dlbench.viz.evaluation.judging import answers_to

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
    show_drawn(drawn, folder, (f"dlbench viz all {card.name}",))


def _facts(
    card: ModelCard, dataset: Dataset, places: NDArray[np.int64], judged: Judged, split: str, top: int
) -> dict[str, object]:
    worst = judged.worst(top)
    return {
        "schema": "dlbench.errors/1",
        "model": card.name,
        "sha256": card.sha256,
        "data": dataset.name,
        "split": split,
        "correct": judged.accuracy.correct,
        "total": judged.accuracy.total,
        "classes": list(judged.classes),
        "confusion": judged.confusion().tolist(),
        "expected_calibration_error": judged.calibration().error,
        "highest_loss": [
            {
                "picture": int(places[i]),
                "loss": float(judged.losses[i]),
                "truth": judged.classes[judged.labels[i]],
                "answer": judged.classes[judged.predicted[i]],
            }
            for i in worst
        ],
    }


def _tables(
    card: ModelCard, dataset: Dataset, places: NDArray[np.int64], judged: Judged, split: str, top: int
) -> tuple[Table, ...]:
    import math

    from dlbench.show.table import Column, Table

    matrix = judged.confusion()
    totals = dict(zip(judged.classes, matrix.sum(axis=1), strict=True))
    pairs = judged.confused_pairs(top)
    rows = tuple((t, a, f"{n}", f"{n / totals[t]:.1%} of {totals[t]}") for t, a, n in pairs)
    if not rows:
        rows = (("-", "-", "0", "no mistake"),)
    columns = (Column("truth", False), Column("taken for", False), Column("times"), Column("of the class's pictures"))
    note = f"{card.name} on the {split} split of {dataset.name}: {judged.accuracy.text()}."
    confused = Table("confused", "Most confused", columns, rows, (note,))
    worst = tuple(
        (
            f"{places[i]}",
            judged.classes[judged.labels[i]],
            judged.classes[judged.predicted[i]],
            f"{judged.shares[i, judged.predicted[i]]:.1%}",
            f"{judged.losses[i]:.2f}",
        )
        for i in judged.worst(top)
    )
    heads = (
        Column("picture"),
        Column("truth", False),
        Column("answer", False),
        Column("how sure"),
        Column("loss"),
    )
    note_on_numbers = f"picture: its number in {dataset.name}. loss: -log(probability of the truth); guessing gives "
    note_on_numbers += f"{math.log(len(judged.classes)):.2f}."
    return confused, Table("worst", "Pictures with the highest loss", heads, worst, (note_on_numbers,))

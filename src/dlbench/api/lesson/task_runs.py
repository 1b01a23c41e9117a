"""Each problem type of the table, trained once on the same digits.

import dlbench

dlbench.compare_tasks(epochs=4).table()
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlbench.api.arguments import PathLike, names_arguments
from dlbench.api.networks import train_quietly
from dlbench.api.side_by_side import training_seconds
from dlbench.files import Workspace
from dlbench.show import units
from dlbench.show.notebook import Progress
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.train import TrainResult, TrainSettings
from dlbench.train.tasks.problems import PROBLEMS

_YES = "3"  # binary: is it a 3?


@dataclass(frozen=True, repr=False)
class TaskRuns(WithTables):
    """One network, asked each of the five questions."""

    results: Mapping[str, TrainResult]  # by task

    def __repr__(self) -> str:
        return f"<TaskRuns: {', '.join(self.results)}>"

    def tables(self) -> TableView:
        """Return a row for each task: what was asked, with which activation and loss, and how well it is answered."""
        columns = (
            Column("task", False, key=True),
            Column("question", False, wraps=True),
            Column("last activation", False),
            Column("loss", False, secondary=1, wraps=True),
            Column("on the test split", False, wraps=True),
            Column("training time", secondary=2),
        )
        return TableView(
            (Table("task-runs", "Each question, asked once", columns, tuple(map(_row, self.results.items()))),)
        )

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return [{"task": task, **r.metrics, "training_s": training_seconds(r)} for task, r in self.results.items()]


def _row(run: tuple[str, TrainResult]) -> tuple[str, ...]:
    task, result = run
    problem = PROBLEMS[task]
    return (
        task,
        problem.example,
        problem.activation,
        problem.losses[0],
        result.judged(),
        units.duration(training_seconds(result)),
    )


@names_arguments
def compare_tasks(
    network: str = "dense",
    *,
    epochs: int | None = None,
    seed: int = 0,
    workspace: PathLike | None = None,
    on_progress: Progress | None = None,
) -> TaskRuns:
    """Train a network once for each problem type of `dlbench.tasks()`, on the sample of MNIST.

    Args:
        network: dense or cnn.
        epochs: as in `train_network`.
        seed: as in `train_network`.
        workspace: where the files go: NETWORK-TASK.onnx and so on.
        on_progress: as in `train_network`.

    Raises:
        InputError: an argument that makes no sense.
    """
    folder = Workspace.at(workspace)
    trainings = {
        task: TrainSettings(
            network=network,
            task=task,
            positive=_YES if task == "binary" else None,
            epochs=epochs,
            seed=seed,
            name=f"{network}-{task}",
        )
        for task in PROBLEMS
    }
    return TaskRuns({task: train_quietly(settings, folder, on_progress) for task, settings in trainings.items()})

"""One training on the command line: a progress bar beside it, exit code 130 after Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.train import TrainResult, TrainSettings


def ready_models(asked: Sequence[str], workspace: Workspace) -> tuple[Path, ...]:
    """Return the model files that were asked for; where missing, networks are trained, and torchvision's exported."""
    from dlbench.api.networks import exported_network, model_paths
    from dlbench.show.console import messages
    from dlbench.show.texts import said, tr

    def train_missing(settings: TrainSettings, folder: Workspace) -> None:
        if not messages().is_terminal:  # there, the bar says it, and leaves nothing behind
            messages().print(f"{settings.network} is not in {folder.models} yet: training it first")
        train_with_view(settings, folder)

    def export_missing(network: str, path: Path) -> None:
        text = tr(
            "{network} is not in {folder} yet: exporting it from torchvision", network=network, folder=path.parent
        )
        if not messages().is_terminal:
            messages().print(said(text), markup=False)
        with messages().status(said(text)):
            exported_network(network, path)

    workspace.check_writable()
    return model_paths(asked, workspace, train_missing, export_missing)


def one_of_several(resume: bool) -> Callable[[TrainSettings, Workspace], TrainResult]:
    """Return how one of several networks is trained, so that all of them can be resumed together."""
    return partial(train_with_view, resume=resume, keep_state=True)


def train_with_view(
    settings: TrainSettings,
    workspace: Workspace,
    *,
    resume: bool = False,
    tensorboard: bool = False,
    keep_state: bool = False,
) -> TrainResult:
    """Train with a progress bar; leave with exit code 130 where Ctrl-C ended it."""
    from dlbench.commands.live_views import training_view
    from dlbench.show.console import messages
    from dlbench.train import TrainingInterrupted
    from dlbench.train import train as train_network
    from dlbench.train.distributed import launched_rank

    if launched_rank():  # under torchrun the first process alone talks and writes
        return train_network(settings, workspace, resume=resume)
    writer: Any = nullcontext()
    if tensorboard:
        from dlbench.train.event_files import event_writer

        writer = event_writer(workspace.root / "tensorboard" / settings.file_name)
    try:
        with writer as on_epoch, training_view(settings.file_name) as on_progress:
            return train_network(
                settings, workspace, on_progress, resume=resume, on_epoch=on_epoch, keep_state=keep_state
            )
    except TrainingInterrupted as interruption:
        messages().print(str(interruption), markup=False)
        raise typer.Exit(130) from interruption

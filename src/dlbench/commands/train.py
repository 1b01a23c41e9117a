"""`dlbench train`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from dlbench.commands.options import JsonOption, WorkspaceOption
from dlbench.files import Workspace

__all__ = ["train", "train_with_view"]


def train(
    network: Annotated[str, typer.Argument(help="dense, cnn or transfer.")],
    data: Annotated[str | None, typer.Option(help="mnist-sample (default), mnist, or a folder of pictures.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training split.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures per step.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the one-cycle schedule.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Annotated[int, typer.Option(help="Same seed, same machine: same weights.")] = 0,
    name: Annotated[str | None, typer.Option(help="The model's name in the workspace.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network, test it, and export it to ONNX with a parity check."""
    from dlbench.train import TrainSettings

    settings = TrainSettings(
        network=network,
        data=data,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        device=device,
        seed=seed,
        name=name,
    )
    folder = Workspace.at(workspace)
    folder.check_writable()
    result = train_with_view(settings, folder)
    if as_json:
        typer.echo(result.facts.model_dump_json())
        return
    from dlbench.console import output, show_notes, show_wrote

    console = output()
    show_notes(console, "Trained", _training_lines(result), style="")
    show_notes(console, "Warnings", result.warnings)
    paths = (result.model_path, result.checkpoint_path, result.history_path)
    show_wrote(console, paths, (f"dlbench compare {result.model_path.stem}",))


def train_with_view(settings: Any, workspace: Workspace) -> Any:
    """Train with a progress bar; leave with exit code 130 where Ctrl-C ended it."""
    from dlbench.console import messages, training_view
    from dlbench.train import TrainingInterrupted
    from dlbench.train import train as train_network

    try:
        with training_view(settings.file_name) as on_progress:
            return train_network(settings, workspace, on_progress)
    except TrainingInterrupted as interruption:
        messages().print(str(interruption), markup=False)
        raise typer.Exit(130) from interruption


def _training_lines(result: Any) -> tuple[str, ...]:
    from dlbench.bench import units

    facts = result.facts
    lines = [
        f"{facts.network}: {facts.architecture}",
        f"parameters: {facts.parameters:,}, {facts.trained_parameters:,} of them trained",
        f"data: {facts.data}; {facts.split}",
    ]
    if facts.accuracy:
        lines.append(f"accuracy on the {facts.accuracy.split} split: {facts.accuracy.proportion.text()}")
    if facts.training:
        t = facts.training
        speed = f", {t.images_per_s:,.0f} images/s" if t.images_per_s else ""
        lines.append(f"training: {t.training_s:.1f} s on {t.device}, {t.epochs} epochs{speed}")
        lines.append(f"energy: {units.joules(t.energy_j)} ({t.energy_source})")
    if facts.parity_max_abs_error is not None:
        lines.append(f"parity with ONNX Runtime: same top-1, largest logit error {facts.parity_max_abs_error:.1e}")
    return tuple(lines)

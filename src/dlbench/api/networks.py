"""Training from Python, and the models that other calls ask for by name.

import dlbench

trained = dlbench.train_network("cnn", epochs=5)
trained.test_accuracy
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from dlbench.api.arguments import PathLike, names_arguments
from dlbench.files import Workspace
from dlbench.model.card import ModelCard, read_model
from dlbench.show.notebook import Progress, notebook_progress
from dlbench.train import OnProgress, TrainResult, TrainSettings, train
from dlbench.workflow import choose_models, expect_trained, require_training


@names_arguments
def train_network(
    network: str = "cnn",
    *,
    data: PathLike | None = None,
    task: str = "multiclass",
    positive: str | None = None,
    activation: str | None = None,
    loss: str | None = None,
    force: bool = False,
    backbone: str = "mobilenet_v2",
    freeze: str = "all",
    resume: bool = False,
    epochs: int | None = None,
    patience: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    augment: bool = True,
    device: str = "auto",
    seed: int = 0,
    name: str | None = None,
    with_activation: bool = False,
    keep_paths: bool = False,
    workspace: PathLike | None = None,
    on_progress: Progress | None = None,
) -> TrainResult:
    """Train a network, test it, and export it to ONNX with a parity check, as `dlbench train` does.

    Args:
        network: dense, cnn or transfer.
        data: mnist-sample (None), sample-photos, mnist, fashion-mnist, cifar10, oxford-pets, or a folder.
        task: binary, multiclass, multilabel, regression or unit-regression; `dlbench.tasks()` explains them.
        positive: binary: the class that counts as yes.
        activation: none, sigmoid or softmax; None: the task's.
        loss: None: the task's.
        force: train with an activation or loss that does not fit the task.
        backbone: transfer: a classification network of torchvision.
        freeze: transfer: all, none, or last-N.
        resume: go on where the same training was interrupted.
        epochs: passes over the training split; None: the network's own recipe, as for the next three.
        patience: stop after this many epochs without a better validation loss.
        batch_size: pictures per step.
        learning_rate: peak of the one-cycle schedule.
        augment: shift or mirror pictures at random during training.
        device: auto, cpu or cuda.
        seed: the same seed on the same machine gives the same weights.
        name: of the model in the workspace; None: the network's.
        with_activation: also write a model file that outputs probabilities.
        keep_paths: the record of the run names the whole path of `data`, not only its last part.
        workspace: where the files go; None: $DLBENCH_WORKSPACE, else ./dlbench-out.
        on_progress: called with what is being done, steps done and steps in all; a notebook shows a bar by itself.

    Raises:
        InputError: an argument that makes no sense, or data that can't be used.
        CheckFailedError: the loss broke down, or the exported file differs from torch.
    """
    settings = TrainSettings.among(locals())
    return train_quietly(settings, Workspace.at(workspace), on_progress, resume=resume)


def train_quietly(
    settings: TrainSettings,
    workspace: Workspace,
    on_progress: Progress | None = None,
    *,
    resume: bool = False,
    keep_state: bool = False,
) -> TrainResult:
    """Train with a progress bar in a notebook, and silently elsewhere."""
    with notebook_progress(settings.file_name, on_progress) as show:
        return train(settings, workspace, telling_of_training(show), resume=resume, keep_state=keep_state)


def telling_of_training(show: Progress | None) -> OnProgress:
    """Adapt a callback that takes a text and two numbers to what a training calls."""
    if show is None:
        return None
    return lambda moment: show(", ".join([moment.phase, *moment.figures()]), moment.step, moment.steps)


def exported_network(network: str, path: Path) -> None:
    """Export a network of torchvision as it is; see `export_backbone`."""
    from dlbench.train.networks.exported_backbone import export_backbone  # needs torch

    export_backbone(network, path)


def model_paths(
    models: PathLike | Sequence[PathLike],
    workspace: PathLike | Workspace | None = None,
    train_missing: Callable[[TrainSettings, Workspace], object] = train_quietly,
    export_missing: Callable[[str, Path], object] = exported_network,
) -> tuple[Path, ...]:
    """Return the model files that were asked for; where missing, networks known by name are made.

    Args:
        models: files, names of the workspace, reference networks, or torchvision's networks such as "resnet50".
        workspace: where names are looked up and networks are kept.
        train_missing: trains a reference network.
        export_missing: exports a network of torchvision to that path.

    Raises:
        InputError: neither a file nor a name of the workspace.
    """
    folder = Workspace.at(workspace)
    asked = [models] if isinstance(models, str | os.PathLike) else models
    choice = choose_models([os.fspath(model) for model in asked], folder)
    require_training(choice.missing)
    for network in choice.missing:
        train_missing(TrainSettings(network=network), folder)
    for network in choice.unexported:
        export_missing(network, folder.models / f"{network}.onnx")
    return choice.paths


def model_card(model: PathLike | ModelCard, workspace: PathLike | Workspace | None = None) -> ModelCard:
    """Return the model that was named; a reference network that is missing is trained first.

    Raises:
        InputError: there is no such model, or its file can't be read.
    """
    if isinstance(model, ModelCard):
        return model
    (path,) = model_paths(model, workspace)
    return read_model(path)


def looked_at(model: PathLike | ModelCard, workspace: PathLike | Workspace | None = None) -> ModelCard:
    """Return the model that was named; nothing is trained, but a network of torchvision is exported.

    Raises:
        InputError: there is no such model, or its file can't be read.
    """
    if isinstance(model, ModelCard):
        return model
    folder = Workspace.at(workspace)
    expect_trained(choose_models([os.fspath(model)], folder))
    return model_card(model, folder)

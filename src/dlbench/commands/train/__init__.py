"""`dlbench train`."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from dlbench.commands.options import JsonOption, KeepPathsOption, WorkspaceOption, as_typed, shows_tables_late
from dlbench.commands.showing import print_json
from dlbench.commands.train.training_with_view import train_with_view
from dlbench.errors import InputError
from dlbench.files import Workspace


def _found(values: Mapping[str, Any]) -> str:
    from dlbench.train import expect_installed

    expect_installed()
    ways = {"explain": "TaskList", "compare": "NetworkRuns", "seeds": "SeedRuns"}
    chosen = next((found for way, found in ways.items() if values[way] not in (None, False)), "")
    if chosen:
        return f"dlbench.api.side_by_side:{chosen}"
    return "dlbench.api.freezing:FreezingRuns" if values["compare_freezing"] else "dlbench.train.result:TrainResult"


@functools.partial(shows_tables_late, found=_found)
def train(
    network: Annotated[str | None, typer.Argument(help="dense, cnn or transfer.")] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="mnist-sample (default), sample-photos, mnist, fashion-mnist, cifar10, oxford-pets, or a folder."
        ),
    ] = None,
    task: Annotated[
        str, typer.Option(help="binary, multiclass, multilabel, regression or unit-regression; see --explain-task.")
    ] = "multiclass",
    positive: Annotated[str | None, typer.Option(help="Binary task: the class that counts as yes.")] = None,
    activation: Annotated[str | None, typer.Option(help="none, sigmoid or softmax (default: the task's).")] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="binary-cross-entropy, categorical-cross-entropy or mean-squared-error (default: the task's)."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Train with an activation or loss that does not fit the task.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain-task", help="Print which activation and loss each task needs, then stop.")
    ] = False,
    backbone: Annotated[str, typer.Option(help="Transfer: a classification network of torchvision.")] = "mobilenet_v2",
    freeze: Annotated[
        str, typer.Option(help="Transfer: all, none, or last-N (the last N stages are trained too).")
    ] = "all",
    compare_freezing: Annotated[
        bool, typer.Option("--compare-freezing", help="Transfer: train frozen, last-N and from scratch, side by side.")
    ] = False,
    compare: Annotated[str | None, typer.Option(help="Networks to train side by side, such as dense,cnn.")] = None,
    seeds: Annotated[int | None, typer.Option(help="Train with this many seeds and print mean and spread.")] = None,
    repeat: Annotated[
        Path | None, typer.Option(help="Record of a run (models/NAME.json): train it again and compare the weights.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Resume the same command where it was interrupted.")] = False,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training split.")] = None,
    patience: Annotated[
        int | None, typer.Option(help="Stop after this many epochs without a better validation loss.")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Pictures per step, across all processes.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Peak of the one-cycle schedule.")] = None,
    augment: Annotated[
        bool, typer.Option("--augment/--no-augment", help="Shift or mirror pictures at random during training.")
    ] = True,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    seed: Annotated[int, typer.Option(help="The same seed on the same machine gives the same weights.")] = 0,
    name: Annotated[str | None, typer.Option(help="Name of the model in the workspace.")] = None,
    with_activation: Annotated[
        bool, typer.Option("--with-activation", help="Also write a model file that outputs probabilities.")
    ] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write event files (needs the extra tensorboard).")
    ] = False,
    keep_paths: KeepPathsOption = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train a network, test it, export it to ONNX, check the file."""
    from dlbench.commands.train import several

    if explain:
        several.explain_task(as_json)
        return
    from dlbench.train import TrainSettings, expect_installed

    expect_installed()
    folder = Workspace.at(workspace)
    folder.check_writable()
    if repeat is not None:
        _repeat(repeat, folder, data, as_json)
        return
    if network is None and compare is not None:
        network = compare.split(",", maxsplit=1)[0].strip()
    if not network:
        raise InputError("train: expected a network: dense, cnn or transfer, received none; try dlbench train cnn.")
    settings = TrainSettings.among(locals())
    _expect_together(compare is not None, seeds is not None, compare_freezing, tensorboard)
    if compare is not None:
        several.show_networks(compare, settings, folder, resume, as_json)
    elif seeds is not None:
        several.show_seeds(settings, folder, seeds, resume, as_json)
    elif compare_freezing:
        several.show_freezing(settings, folder, resume, as_json)
    else:
        _show(train_with_view(settings, folder, resume=resume, tensorboard=tensorboard), folder, as_json, tensorboard)


def _expect_together(*given: bool) -> None:
    options = ("--compare", "--seeds", "--compare-freezing", "--tensorboard")
    chosen = [option for option, was_given in zip(options, given, strict=True) if was_given]
    if len(chosen) > 1:
        raise InputError(f"{' and '.join(chosen)} do not go together: expected one of them.")


def _show(result: Any, folder: Workspace, as_json: bool, tensorboard: bool = False) -> None:
    if as_json:
        print_json(result.facts.model_dump_json())
        return
    from dlbench.commands.one_screen import Screen, show_screen
    from dlbench.commands.train.several import draw_curves

    paths = [result.model_path, result.checkpoint_path, result.history_path, *draw_curves(result, folder)]
    if result.activated_path is not None:
        paths.insert(1, result.activated_path)
    then = [f"dlbench compare {as_typed(result.model_path.stem)}"]
    if tensorboard:
        then.append(f"tensorboard --logdir {as_typed(folder.root / 'tensorboard')}")
    show_screen(Screen(result.tables(), (), result.warnings, paths, then))


def _data_of(name: str | os.PathLike[str] | None, record: Path, folder: Workspace) -> str | os.PathLike[str] | None:
    """Return a recorded data set's name, or the folder of that name that the workspace remembers."""
    from dlbench.model.card import read_model
    from dlbench.remembered import data_of
    from dlbench.train import DATA_NAMES

    if name is None or name in DATA_NAMES or Path(name).exists():
        return name
    model = record.with_suffix(".onnx")
    digest = read_model(model).sha256 if model.is_file() else ""
    return data_of(folder, digest, str(name)) or name


def _repeat(record: Path, folder: Workspace, data: str | None, as_json: bool) -> None:
    """Train a recorded run again, beside the first, and say whether the weights are the same.

    A record names the folder of its pictures without where it lies: that is `data`, or what the workspace remembers.
    """
    import json
    from dataclasses import replace

    from dlbench.show.console import messages, show_notes
    from dlbench.train.run_record import recorded_run

    settings, digest = recorded_run(record)
    settings = replace(settings, data=data or _data_of(settings.data, record, folder))
    result = train_with_view(replace(settings, name=f"{settings.file_name}-repeated"), folder)
    now = json.loads(result.history_path.read_text(encoding="utf-8"))["trained_sha256"]
    _show(result, folder, as_json)
    if digest is None:
        message = "the record holds no digest of its weights, so they can't be compared with these."
    elif digest == now:
        message = "the same weights, bit by bit."
    else:
        message = (
            "other weights than the recorded run: expected on another machine, number of threads, version of torch or "
            "after an interruption; the record holds what it ran with."
        )
    show_notes(messages(), "Repeated", (message,), style="")
    if digest is not None and digest != now:
        raise typer.Exit(1)

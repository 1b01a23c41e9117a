"""`dlbench inspect`: a model file's layers, or the stages of a backbone that is still to be trained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import InputOption, JsonOption, ShapeOption, WorkspaceOption, as_typed, shows_tables
from dlbench.commands.showing import print_json, show_or_print
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard

_FREEZE, _OUTPUTS = "all", 2


@shows_tables
def inspect(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="An ONNX file, a network of the workspace such as cnn, or a backbone of torchvision such as resnet18.",
        ),
    ],
    batch: Annotated[
        int | None, typer.Option(help="Batch size, for a model (default: 1, or the only size that it takes).")
    ] = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="Show small operators too (Constant, Reshape, Cast ...).")
    ] = False,
    freeze: Annotated[
        str | None, typer.Option(help="all (default), none or last-N: which stages of a backbone stay frozen.")
    ] = None,
    outputs: Annotated[
        int | None, typer.Option(help="Outputs of a backbone's new head, one per class (default: 2).")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a model's layers: shapes, parameters, work, memory. Of a backbone: its stages, and what would be trained."""
    folder = Workspace.at(workspace)
    of_backbone = freeze is not None or outputs is not None
    if not of_backbone and _is_model(model, folder):
        _show_model(model, _card(model, folder), batch, shape or (), inputs or (), every, as_json)
        return
    if _is_model(model, folder) and not _is_backbone(model):
        raise InputError(
            f"--freeze and --outputs belong to a backbone that is still to be trained such as resnet18: received the "
            f"model {model}; leave them out."
        )
    _expect_backbone(model, folder)
    if batch is not None or shape or inputs or every:
        raise InputError(
            f"--batch, --shape, --input and --all belong to a model file: received the backbone {model}; leave them "
            "out, or train it first."
        )
    _show_backbone(model, freeze or _FREEZE, _OUTPUTS if outputs is None else outputs, as_json)


def _show_model(
    typed: str,
    card: ModelCard,
    batch: int | None,
    shape: Sequence[str],
    inputs: Sequence[str],
    every: bool,
    as_json: bool,
) -> None:
    from dlbench.api.inspecting import inspect as inspect_file

    inspection = inspect_file(card, batch=batch, shape=shape, inputs=inputs)
    if as_json:
        print_json(json.dumps(inspection.document()))
        return
    from dlbench.commands.one_screen import Screen, first_rows, show_screen
    from dlbench.show.table_choice import current_choice

    named = as_typed(typed)
    then = (f"dlbench viz activations {named} IMAGE", f"dlbench compare {named}")
    chosen = current_choice()  # the busiest layers come as whole rows, in the order of the graph
    whole = not (chosen.sort or chosen.named_columns)
    most_work = (lambda table, rows: inspection.busiest(table, rows, every)) if whole else first_rows
    tables = inspection.tables(every)
    show_screen(Screen(tables, inspection.sentences(), then=then, notes=inspection.notes, shortened=most_work))


def _show_backbone(name: str, freeze: str, outputs: int, as_json: bool) -> None:
    from dlbench.api.backbones import inspect_backbone

    backbone = inspect_backbone(name, freeze=freeze, outputs=outputs)
    then = (f"dlbench train transfer --backbone {name} --freeze {freeze} --data FOLDER",)
    show_or_print(backbone, as_json, backbone.sentences(), then=then)


def _card(name: str, folder: Workspace) -> ModelCard:
    """Return the model; looking at a file writes nothing, so it works where the workspace can't be made."""
    from dlbench.api.networks import looked_at

    return looked_at(name, folder)


def _is_model(name: str, folder: Workspace) -> bool:
    from dlbench.workflow import REFERENCE_NETWORKS, is_file_name

    return is_file_name(name) or name in REFERENCE_NETWORKS or (folder.models / f"{name}.onnx").is_file()


def _is_backbone(name: str) -> bool:
    from dlbench.workflow import torchvision_names

    return name in torchvision_names()


def _expect_backbone(name: str, folder: Workspace) -> None:
    """Refuse a name that is nothing, with names that are close."""
    from dlbench.workflow import expect_model_name

    expect_model_name(name, sorted(path.stem for path in folder.models.glob("*.onnx")))

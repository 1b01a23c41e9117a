"""`dlbench export`: a model in other precisions, as files beside it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Annotated

import typer

from dlbench.commands.options import InputOption, JsonOption, ShapeOption, WorkspaceOption, as_typed, shows_tables_late
from dlbench.commands.viz.looking import Looked, MeanOption, NormaliseOption, StdOption, looking_view
from dlbench.files import Workspace


@functools.partial(shows_tables_late, found=lambda _: "dlbench.api.variants.exporting:ExportedModel")
def export(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help="ONNX files, or names of trained networks such as cnn.")
    ],
    precision: Annotated[
        str, typer.Option(help="fp32, fp16, bf16, int8, int8-dynamic or int4; several with commas.")
    ] = "int8",
    to: Annotated[Path | None, typer.Option(help="Folder of the new files (default: beside each model).")] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Pictures that int8 measures ranges on: a data set or folder (default: the validation split that the "
            "network was trained with; never its test split)."
        ),
    ] = None,
    pictures: Annotated[int, typer.Option(help="How many of them.")] = 200,
    method: Annotated[
        str, typer.Option(help="How int8 finds the range of a tensor: minmax, entropy or percentile.")
    ] = "minmax",
    per_channel: Annotated[
        bool, typer.Option("--per-channel/--per-tensor", help="Weights of int8 have a scale for each channel, or one.")
    ] = True,
    keep_fp32: Annotated[
        str,
        typer.Option(
            "--keep-fp32",
            help="Layers that stay float, such as conv1,dense2; auto: those that int8 or fp16 harms most.",
        ),
    ] = "",
    goal: Annotated[
        float, typer.Option(metavar="DB", help="With auto: the signal-to-noise ratio of the answers that is enough.")
    ] = 30.0,
    opset: Annotated[int | None, typer.Option(help="Version of the operators (default: the model's own).")] = None,
    with_activation: Annotated[
        bool, typer.Option("--with-activation", help="The files give probabilities in place of logits.")
    ] = False,
    optimised: Annotated[
        bool, typer.Option("--optimised", help="Also write each graph as ONNX Runtime optimises it for any CPU.")
    ] = False,
    ort: Annotated[bool, typer.Option("--ort", help="Also write each in ONNX Runtime's own format.")] = False,
    repeat: Annotated[
        bool, typer.Option("--repeat", help="Make the files again from their recipes: are the bytes the same?")
    ] = False,
    seed: Annotated[int, typer.Option(help="Chooses the pictures.")] = 0,
    normalise: NormaliseOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    shape: ShapeOption = None,
    inputs: InputOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a model in other precisions, as MODEL.PRECISION.onnx. The recipe and the parent's hash stand inside."""
    from dlbench.api.arguments import among
    from dlbench.api.variants.exporting import export_model, tables_of

    asked, folder = among(export_model, locals()), Workspace.at(workspace)
    for name in ("normalise", "mean", "std", "workspace"):  # the cards have them
        del asked[name]
    cards = [Looked(name, folder, normalise, mean, std, shape or (), inputs or ()).card for name in models]
    with looking_view() as on_progress:
        made = [export_model(card, **asked, workspace=folder, on_progress=on_progress) for card in cards]
    warnings = [line for one in made for line in one.warnings()]
    files = [file for one in made for variant in one.variants for file in (variant.path, *variant.beside)]
    written = [] if repeat else [file for file in files if file not in [card.path for card in cards]]
    sentences = [line for one in made for line in one.sentences()]
    if as_json:
        from dlbench.commands.showing import print_json

        print_json(json.dumps([one.document() for one in made]))
    else:
        from dlbench.commands.one_screen import Screen, show_screen

        paths = as_typed(*dict.fromkeys([cards[0].path, *(variant.path for variant in made[0].variants)]))
        then = (f"dlbench compare {paths}",)
        show_screen(Screen(tables_of(made), sentences, warnings, written, then))
    failed = [error for one in made for _, error in one.failures]
    if failed:
        raise typer.Exit(failed[0].exit_code)

"""`dlbench viz precision`: what rounding to fewer bits changes, layer by layer, and in the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.model_data import DataOption, SplitOption, model_data, part_of
from dlbench.commands.options import WorkspaceOption
from dlbench.commands.viz.looking import ModelArgument, looking_view, model_card, picture_folder, show_drawn
from dlbench.errors import InputError
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard
    from dlbench.model.layers import Layer
    from dlbench.show.table import Table
    from dlbench.train import Dataset
    from dlbench.viz.evaluation.judging import Judged
    from dlbench.viz.evaluation.precision_comparison import LayerNoise

__all__ = ["precision"]

_MOST_PICTURES = 1000


def precision(
    model: ModelArgument,
    other: Annotated[
        str | None,
        typer.Argument(
            metavar="[OTHER]",
            help="The same network in another precision (default: an int8 version, made on the spot).",
        ),
    ] = None,
    data: DataOption = None,
    split: SplitOption = "test",
    pictures: Annotated[
        int, typer.Option("--pictures", help="Number of pictures on which the layers are compared.")
    ] = 32,
    workspace: WorkspaceOption = None,
) -> None:
    """Compare two precisions of one network: accuracy, and the signal-to-noise ratio of each layer."""
    if not 1 <= pictures <= _MOST_PICTURES:
        raise InputError(f"--pictures: expected 1 to {_MOST_PICTURES:,}, received {pictures}.")
    folder = Workspace.at(workspace)
    first = model_card(model, folder)
    dataset = model_data(first, data)
    places = part_of(dataset, split)
    second = _other(first, other, dataset, folder)
    from dlbench.export.precision.int8 import record_accuracy
    from dlbench.viz.evaluation.judging import judge
    from dlbench.viz.evaluation.precision_comparison import draw_noise, draw_worst_layer, layer_noise, matched_layers

    pairs, alone = matched_layers(first, second)
    images, labels = dataset.images[places], dataset.labels[places]
    with looking_view() as on_progress:
        noise = layer_noise(first, second, pairs, images[:pictures], on_progress=on_progress)
        classes = first.facts is None or first.facts.task in ("multiclass", "binary")
        both = [judge(card, images, labels, dataset.classes) for card in (first, second)] if classes else []
    if both and other is None:
        record_accuracy(second.path, both[1].accuracy, split)
    from dlbench.show.console import output, show_notes, show_tables

    console = output()
    tables = (_accuracy_table(first, second, both),) if both else ()
    show_tables(console, (*tables, _layer_table(noise, alone, min(pictures, len(images)))))
    show_notes(console, "In short", _sentences(first, second, both, noise), style="")
    worst = min(range(len(noise)), key=lambda place: noise[place].snr_db)
    drawn = [draw_noise(first.name, second.name, noise), draw_worst_layer(first, second, pairs[worst], images[0])]
    then = (f"dlbench compare {first.path} {second.path}", f"dlbench diff {first.path} {second.path}")
    show_drawn([picture for picture in drawn if picture is not None], picture_folder(folder, second, "precision"), then)


def _other(first: ModelCard, other: str | None, dataset: Dataset, folder: Workspace) -> ModelCard:
    from dlbench.model.card import read_model

    if other is not None:
        return model_card(other, folder)
    from dlbench.export.precision.int8 import quantise
    from dlbench.show.console import messages

    train = dataset.split.train if len(dataset.split.train) else dataset.split.test
    path = folder.models / f"{first.path.stem}-int8.onnx"
    messages().print(f"making an 8-bit version of {first.name}: {path}", markup=False)
    return read_model(quantise(first, dataset.images[train], path))


def _accuracy_table(first: ModelCard, second: ModelCard, both: list[Judged]) -> Table:
    from dlbench.show import units
    from dlbench.show.table import Column, Table

    columns = (Column("file", False), Column("precision", False), Column("size"), Column("accuracy"))
    rows = tuple(
        (card.name, card.precision, units.size(card.size_bytes), judged.accuracy.short())
        for card, judged in zip((first, second), both, strict=True)
    )
    note = "accuracy: with its 95 % Wilson interval and the number of pictures, the same for both."
    return Table("accuracy", "Both files on the same pictures", columns, rows, (note,))


def _layer_table(noise: list[LayerNoise], alone: list[Layer], pictures: int) -> Table:
    import math

    from dlbench.show.table import Column, Table

    worst = min(noise, key=lambda layer: layer.snr_db)
    rows = tuple(
        (
            each.layer.title,
            each.layer.kind,
            "same" if math.isinf(each.snr_db) and each.noise == 0 else f"{each.snr_db:.1f}",
            f"{each.largest_error:.3g}",
            "worst" if each is worst else "",
        )
        for each in noise
    )
    columns = (
        Column("layer", False),
        Column("operator", False),
        Column("signal-to-noise [dB]"),
        Column("largest error"),
        Column("", False),
    )
    notes = [f"over {pictures} pictures; 10 log10(sum of squares / sum of squared differences)."]
    if alone:
        notes.append(f"{len(alone)} layers of the first file have no tensor of their own in the second.")
    return Table("layers", "Where rounding changes most", columns, rows, tuple(notes))


def _sentences(first: ModelCard, second: ModelCard, both: list[Judged], noise: list[LayerNoise]) -> list[str]:
    from dlbench.viz.evaluation.precision_comparison import changed_answers

    worst = min(noise, key=lambda layer: layer.snr_db)
    lines = [f"the layer that changed most is {worst.layer.title}, with {worst.snr_db:.1f} dB."]
    if both:
        changed, lost, won, p = changed_answers(both[0], both[1])
        verdict = "this may well be chance" if p > 0.05 else "this is more than chance"
        total = len(both[0].labels)
        line = f"{changed} of {total:,} answers changed: {lost} right ones became wrong, {won} wrong ones right"
        lines.insert(0, f"{line}; {verdict} (McNemar's exact p = {p:.2g})." if lost + won else f"{line}.")
    lines.append(f"{second.path.name} has {second.size_bytes / first.size_bytes:.0%} of the size of {first.path.name}.")
    return lines

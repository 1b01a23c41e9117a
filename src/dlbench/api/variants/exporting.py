"""A model in other precisions, as files beside it.

import dlbench

made = dlbench.export_model("cnn", precision="fp16,int8")
print(made.table())
made.variants[1].path           # dlbench-out/models/cnn.int8.onnx
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from dlbench.api.arguments import Names, PathLike, joined, names_arguments
from dlbench.api.networks import model_card
from dlbench.api.variants.calibration_pictures import CalibrationPictures, calibration_pictures
from dlbench.errors import DlbenchError, InputError
from dlbench.export.precision import PRECISIONS, Variant, VariantSettings, variant_path, write_variant
from dlbench.export.precision.repeating import expect_same, pictures_of, settings_of
from dlbench.export.precision.variants import expect_known
from dlbench.files import Workspace
from dlbench.model.card import ModelCard, read_model
from dlbench.model.sessions import Images
from dlbench.remembered import remember
from dlbench.show import units
from dlbench.show.locale.typed_options import as_arguments
from dlbench.show.notebook import Progress, notebook_progress
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.viz.capture.feeding import PerChannel, normalised

_PICTURES = 200
_MOST_PICTURES = 10_000
_NEED_PICTURES = ("int8",)
_USE_PICTURES = ("fp16", "bf16", "int8")
_NAMED = 6  # layers that stayed float, named in a note
_FILES = (
    Column("file", False, key=True),
    Column("precision", False, key=True),
    Column("size"),
    Column("of fp32"),
    Column("layers left float"),
)
_STEPS = (
    Column("left float", key=True),
    Column("added", False, wraps=True),
    Column("signal-to-noise [dB]"),
    Column("same answer"),
    Column("weights", secondary=1),
)


@dataclass(frozen=True, repr=False)
class ExportedModel(WithTables):
    """What was made of one model, and what could not be made."""

    card: ModelCard
    variants: tuple[Variant, ...]
    failures: tuple[tuple[str, DlbenchError], ...] = ()  # precision, and why it was not made
    calibration: str = field(default="", compare=False)  # in words: the pictures
    repeated: bool = False  # made again, with the same bytes
    every_column: ClassVar = (*_FILES, *_STEPS)

    def __repr__(self) -> str:
        names = ", ".join(variant.precision for variant in self.variants)
        return f"<ExportedModel {self.card.name[:80]}: {names}>"

    def tables(self) -> TableView:
        """Return the table of `dlbench export`: each file with its size and what stayed float."""
        return TableView(tables_of([self]))

    def sentences(self) -> list[str]:
        """Return what was found, each in a sentence."""
        again = [f"{each.path.name} came out of its recipe with the same bytes." for each in self.variants]
        lines = again if self.repeated else []
        for each in self.variants:
            if each.steps:
                first, last = each.steps[0].snr_db, each.steps[-1].snr_db
                kept = len(each.steps[-1].kept)
                lines.append(
                    f"{each.path.name}: {first:.1f} dB all in int8, {last:.1f} dB with layers left float: {kept}."
                )
        return lines

    def warnings(self) -> list[str]:
        """Return what was not made or can't run here, each in a sentence."""
        lines = [f"{precision} was not made: {as_arguments(str(error))}" for precision, error in self.failures]
        return lines + [f"{each.path.name} can't run here: {each.note}" for each in self.variants if each.note]

    def document(self) -> dict[str, Any]:
        """Return the machine form, `dlbench.variants/1`."""
        return {
            "schema": "dlbench.variants/1",
            "model": self.card.name,
            "sha256": self.card.sha256,
            "bytes": self.card.size_bytes,
            "variants": [
                {
                    "file": each.path.name,
                    "precision": each.precision,
                    "bytes": each.bytes,
                    "recipe": dict(each.recipe),
                    "layers_left_float": list(each.layers_left_float),
                    "note": each.note,
                    "beside": [path.name for path in each.beside],
                    "steps": [asdict(step) for step in each.steps],
                }
                for each in self.variants
            ],
            "failures": {precision: str(error) for precision, error in self.failures},
        }


@names_arguments
def export_model(
    model: PathLike | ModelCard,
    *,
    precision: Names = "int8",
    to: PathLike | None = None,
    data: PathLike | Iterable[Images] | None = None,
    pictures: int = _PICTURES,
    method: Literal["minmax", "entropy", "percentile"] = "minmax",
    per_channel: bool = True,
    keep_fp32: Names = (),
    goal: float = VariantSettings.goal_db,
    opset: int | None = None,
    with_activation: bool = False,
    optimised: bool = False,
    ort: bool = False,
    repeat: bool = False,
    seed: int = 0,
    normalise: str | None = None,
    mean: PerChannel = None,
    std: PerChannel = None,
    workspace: PathLike | Workspace | None = None,
    on_progress: Progress | None = None,
) -> ExportedModel:
    """Write a model in other precisions, each as MODEL.PRECISION.onnx with its recipe inside.

    Args:
        model: an ONNX file of 32-bit numbers, or a name of the workspace such as "cnn".
        precision: fp32, fp16, bf16, int8, int8-dynamic or int4; several as a list.
        to: folder of the new files; None: beside the model.
        data: pictures that int8 measures ranges on: a data set, a folder, or batches of arrays; None: the validation
            split of the data that the network learned from. Its test split is never used.
        pictures: how many of them.
        method: how int8 finds the range of a tensor: minmax, entropy or percentile.
        per_channel: weights have a scale for each channel.
        keep_fp32: layers that stay float; auto: those that cost most in int8, or overflow in fp16.
        goal: auto: signal-to-noise ratio of the answers that is enough, in dB.
        opset: version of the operators; None: the model's own.
        with_activation: the files give probabilities in place of logits.
        optimised: also write each graph as ONNX Runtime optimises it, as NAME.optimised.onnx.
        ort: also write each in ONNX Runtime's own format, as NAME.ort.
        repeat: make files that are there again from their recipes, and check that the bytes are the same.
        seed: chooses the pictures.
        normalise: how a foreign model wants pictures: imagenet or none; remembered for the file.
        mean: in place of a name: one number, or one for each channel.
        std: as many.
        workspace: where names and folders of pictures are looked up.
        on_progress: called with what is being done, steps done and steps in all; a notebook shows a bar by itself.

    Raises:
        InputError: an argument that makes no sense, no pictures for int8, or a model that can't be converted to any of
            the precisions. One of several that fails is told in `failures`.
        CheckFailedError: repeat: a file comes out with other bytes.
    """
    wanted = precision_names(precision)
    if not 1 <= pictures <= _MOST_PICTURES:
        raise InputError(f"--pictures: expected 1 to {_MOST_PICTURES:,}, received {pictures}.")
    place, folder = Workspace.at(workspace), None if to is None else Path(to)
    card = normalised(model_card(model, place), place, normalise, mean, std)
    settings = VariantSettings(
        method=method,
        per_channel=per_channel,
        keep_fp32=tuple(joined(keep_fp32).split(",")) if keep_fp32 else (),
        goal_db=goal,
        opset=opset,
        with_activation=with_activation,
    )
    if repeat:
        asked = settings != VariantSettings() or optimised or ort or (pictures, seed) != (_PICTURES, 0)
        if asked:
            raise InputError(
                "--repeat: expected no settings beside it, for a file's recipe has them, received some; leave them out."
            )
        with notebook_progress("export", on_progress) as show:
            return _repeated(card, wanted, folder, data, place, show)
    batches = _calibration(card, data, wanted, pictures, seed, place)
    settings = replace(
        settings,
        calibration_kind=batches.kind if isinstance(batches, CalibrationPictures) else "arrays" if batches else "",
        calibration_seed=seed,
    )
    made: list[Variant] = []
    failures: list[tuple[str, DlbenchError]] = []
    with notebook_progress("export", on_progress) as show:
        for each in wanted:
            try:
                variant = write_variant(
                    card, each, to=folder, calibration=batches, settings=settings, optimised=optimised, ort=ort,
                    progress=show,
                )  # fmt: skip
                if card.normalisation and variant.path != card.path:  # pictures are normalised for it as for its parent
                    of_mean, of_std = card.normalisation
                    remember(place, read_model(variant.path).sha256, mean=of_mean, std=of_std)
                made.append(variant)
            except DlbenchError as error:
                if len(wanted) == 1:
                    raise
                failures.append((each, error))
    if not made:
        raise failures[0][1]
    return ExportedModel(card, tuple(made), tuple(failures), settings.calibration_kind)


def precision_names(asked: Names) -> tuple[str, ...]:
    """Return the precisions that were asked for, each once.

    Raises:
        InputError: one that is not known, or none.
    """
    names = tuple(dict.fromkeys(name.strip() for name in joined(asked).split(",") if name.strip()))
    if not names:
        raise InputError(f"--precision: expected some of {', '.join(PRECISIONS)}, received none.")
    for name in names:
        expect_known(name)
    return names


def _calibration(
    card: ModelCard,
    data: PathLike | Iterable[Images] | None,
    wanted: Sequence[str],
    pictures: int,
    seed: int,
    workspace: Workspace,
) -> CalibrationPictures | Iterable[Images] | None:
    if not set(wanted) & set(_USE_PICTURES):
        return None
    if data is not None and not isinstance(data, str | os.PathLike):
        return list(data)
    try:
        found = calibration_pictures(card, data, pictures, seed, workspace)
    except InputError:
        if data is not None or set(wanted) & set(_NEED_PICTURES):
            raise
        return None  # 16 bits can do without: whether a value is too large stays unchecked
    if found is None and set(wanted) & set(_NEED_PICTURES):
        raise InputError(
            f"int8 needs pictures to measure ranges on: expected --data NAME|FOLDER, received none, and {card.name} "
            "names no data set that can be loaded."
        )
    return found


def _repeated(
    card: ModelCard,
    wanted: Sequence[str],
    to: Path | None,
    data: PathLike | Iterable[Images] | None,
    workspace: Workspace,
    show: Progress | None,
) -> ExportedModel:
    """Make each file that is there again in a folder of its own, and compare the bytes."""
    made = []
    for precision in wanted:
        path = variant_path(card.path, precision, to)
        before = read_model(path)
        settings, pictures = settings_of(before, card), pictures_of(before)
        batches = _calibration(card, data, [precision], *pictures, workspace) if pictures else None
        with tempfile.TemporaryDirectory(prefix="dlbench-") as folder:
            again = write_variant(
                card, precision, to=Path(folder), calibration=batches, settings=settings, progress=show
            )
            expect_same(path, again.path)
        made.append(replace(again, path=path))
    return ExportedModel(card, tuple(made), repeated=True)


def tables_of(exported: Sequence[ExportedModel]) -> list[Table]:
    """Return one table of all files that were made."""
    rows, notes = [], []
    for one in exported:
        for each in one.variants:
            share = units.percent(each.bytes / one.card.size_bytes)
            rows.append(
                (each.path.name, each.precision, units.size(each.bytes), share, f"{len(each.layers_left_float)}")
            )
            if each.layers_left_float:
                titles = _titles(one.card)
                split = (name.partition(" (") for name in each.layers_left_float[:_NAMED])
                named = ", ".join(titles.get(name, name) + between + rest for name, between, rest in split)
                more = len(each.layers_left_float) - _NAMED
                notes.append(f"{each.path.name} left float: {named}{f' and {more} more' if more > 0 else ''}.")
    steps = [_steps_table(each, _titles(one.card)) for one in exported for each in one.variants if each.steps]
    kinds = list(dict.fromkeys(one.calibration for one in exported if one.calibration))
    if kinds:
        notes.append(f"calibrated on: {', '.join(kinds)}.")
    return [Table("variants", "The same network in other precisions", _FILES, tuple(rows), tuple(notes)), *steps]


def _titles(card: ModelCard) -> dict[str, str]:
    """Return the network's own name of the layer that each node is, by the node's name."""
    layers = {tensor: layer for layer, tensor in card.facts.layers.items()} if card.facts else {}
    return {node.name: layers[name] for node in card.proto.graph.node for name in node.output if name in layers}


def _steps_table(variant: Variant, titles: Mapping[str, str]) -> Table:
    """Return the way from all-int8 to the goal."""
    rows = tuple(
        (
            f"{len(step.kept)}",
            ", ".join(titles.get(name, name) for name in step.added) or "-",
            "same" if math.isinf(step.snr_db) and step.snr_db > 0 else f"{step.snr_db:.1f}",
            units.percent(step.agreement, 1),
            units.size(step.bytes),
        )
        for step in variant.steps
    )
    note = (
        "of the answers against fp32, on 32 calibration pictures; 20 dB are an error of a tenth, 40 dB of a hundredth."
    )
    return Table("steps", f"{variant.path.name}: from all int8 to the goal", _STEPS, rows, (note,))

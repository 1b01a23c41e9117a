"""How good a model is on a data set: where it is wrong, and what fewer bits change.

import dlbench

errors = dlbench.find_errors("cnn")
errors.table("worst"), errors.pictures()
dlbench.compare_precision("cnn").tables()
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from dlbench.api.arguments import PathLike, names_arguments
from dlbench.api.datasets import model_data, part_of
from dlbench.api.networks import model_card
from dlbench.api.variants.making import made_variant
from dlbench.api.variants.picture_sets import picture_key
from dlbench.errors import InputError
from dlbench.files import Workspace
from dlbench.model.card import ModelCard
from dlbench.model.layers import Layer
from dlbench.show import units
from dlbench.show.notebook import Gallery, Progress, notebook_progress
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.train import Dataset
from dlbench.viz.capture.feeding import PerChannel, normalised
from dlbench.viz.evaluation.error_figures import draw_errors
from dlbench.viz.evaluation.judging import Judged, judge
from dlbench.viz.evaluation.kept_answers import Pictures, PictureSet, kept_answers
from dlbench.viz.evaluation.precision_comparison import (
    LayerNoise,
    changed_answers,
    draw_noise,
    draw_worst_layer,
    layer_noise,
    matched_layers,
)
from dlbench.viz.figures.drawing import Drawn

_CLASS_TASKS = ("multiclass", "binary")
_MOST_PICTURES = 1000
_CONFUSED = (
    Column("truth", False, wraps=True, key=True),
    Column("taken for", False, wraps=True, key=True),
    Column("times"),
    Column("of the class's pictures"),
)
_WORST = (
    Column("picture", key=True),
    Column("truth", False, wraps=True),
    Column("answer", False, wraps=True),
    Column("how sure"),
    Column("loss"),
)
_BOTH = (Column("file", False, key=True), Column("precision", False, key=True), Column("size"), Column("accuracy"))
_LAYERS = (
    Column("layer", False, key=True),
    Column("operator", False, secondary=1),
    Column("signal-to-noise [dB]"),
    Column("largest error", secondary=1),
    Column("mark", False, secondary=2),
)


@dataclass(frozen=True, repr=False)
class ModelErrors(WithTables):
    """Where a model is wrong on a data set: which classes it confuses, and in which pictures."""

    card: ModelCard
    dataset: Dataset
    places: NDArray[np.int64]  # of the pictures that were judged
    judged: Judged
    split: str
    top: int  # worst pictures and pairs that are shown
    every_column: ClassVar = (*_CONFUSED, *_WORST)

    def __repr__(self) -> str:
        return f"<ModelErrors of {self.card.name[:80]} on {self.dataset.name[:80]}: {self.judged.accuracy.short()}>"

    def tables(self) -> TableView:
        """Return the tables of `dlbench viz errors`: confused pairs, and pictures with the highest loss."""
        judged, name = self.judged, self.dataset.name
        totals = dict(zip(judged.classes, judged.confusion().sum(axis=1), strict=True))
        rows: tuple[tuple[str, ...], ...] = tuple(
            (t, a, f"{n}", f"{n / totals[t]:.1%} of {totals[t]}") for t, a, n in judged.confused_pairs(self.top)
        )
        note = f"{self.card.name} on the {self.split} split of {name}: {judged.accuracy.text()}."
        rows = rows or (("-", "-", "0", "no mistake"),)
        worst = tuple(
            (
                f"{self.places[i]}",
                judged.classes[judged.labels[i]],
                judged.classes[judged.predicted[i]],
                f"{judged.shares[i, judged.predicted[i]]:.1%}",
                f"{judged.losses[i]:.2f}",
            )
            for i in judged.worst(self.top)
        )
        loss = f"{math.log(len(judged.classes)):.2f}"
        on_numbers = f"picture: its number in {name}. loss: -log(probability of the truth); guessing gives {loss}."
        return TableView(
            (
                Table("confused", "Most confused", _CONFUSED, rows, (note,)),
                Table("worst", "Pictures with the highest loss", _WORST, worst, (on_numbers,)),
            )
        )

    def pictures(self) -> Gallery[Drawn]:
        """Draw confusion matrix, pictures with the highest loss and calibration."""
        return draw_errors(self.card.name, self.judged, self.dataset.images[self.places], self.top)

    def document(self) -> dict[str, Any]:
        """Return the machine form, `dlbench.errors/1`."""
        judged, classes = self.judged, self.judged.classes
        return {
            "schema": "dlbench.errors/1",
            "model": self.card.name,
            "sha256": self.card.sha256,
            "data": self.dataset.name,
            "split": self.split,
            "correct": judged.accuracy.correct,
            "total": judged.accuracy.total,
            "classes": list(classes),
            "confusion": judged.confusion().tolist(),
            "expected_calibration_error": judged.calibration().error,
            "highest_loss": [
                {
                    "picture": int(self.places[i]),
                    "loss": float(judged.losses[i]),
                    "truth": classes[judged.labels[i]],
                    "answer": classes[judged.predicted[i]],
                }
                for i in judged.worst(self.top)
            ],
        }


@names_arguments
def find_errors(
    model: PathLike | ModelCard,
    *,
    data: PathLike | None = None,
    split: str = "test",
    top: int = 12,
    normalise: str | None = None,
    mean: PerChannel = None,
    std: PerChannel = None,
    workspace: PathLike | Workspace | None = None,
    on_progress: Progress | None = None,
) -> ModelErrors:
    """Show where a model with one class as its answer is wrong.

    Args:
        model: an ONNX file, or a name of the workspace such as "cnn".
        data: a data set or folder; None: the data named in the model file, or the folder that it was trained on.
        split: test, validation, train or all.
        top: number of worst pictures and pairs to show, 1 to 60.
        normalise: how a foreign model wants pictures: imagenet or none; remembered for the file.
        mean: in place of a name: one number, or one for each channel.
        std: as many.
        workspace: where names and folders of pictures are looked up.
        on_progress: called with what is being done, steps done and steps in all; a notebook shows a bar by itself.

    Raises:
        InputError: a model of another task, or data that does not fit.
    """
    if not 1 <= top <= 60:
        raise InputError(f"--top: expected 1 to 60, received {top}.")
    place = Workspace.at(workspace)
    card = normalised(model_card(model, place), place, normalise, mean, std)
    task = card.facts.task if card.facts else "multiclass"
    if task not in _CLASS_TASKS:
        raise InputError(
            f"find_errors: expected a model with one class as the answer, received one of the task {task}."
        )
    dataset = model_data(card, data, place)
    places = part_of(dataset, split)
    images, labels = dataset.images[places], dataset.labels[places]
    with notebook_progress("errors", on_progress) as show:
        return ModelErrors(
            card, dataset, places, judge(card, images, labels, dataset.classes, on_progress=show), split, top
        )


@dataclass(frozen=True, repr=False)
class Precisions(WithTables):
    """Two precisions of one network on the same pictures."""

    first: ModelCard
    second: ModelCard
    judged: tuple[Judged, ...]  # of both; empty where the answer is no class
    noise: tuple[LayerNoise, ...]
    alone: tuple[Layer, ...]  # layers of the first file that have no tensor of their own in the second
    pairs: tuple[Any, ...]
    images: NDArray[np.uint8]  # (N, C, H, W), on which the layers were compared
    every_column: ClassVar = (*_BOTH, *_LAYERS)

    def __repr__(self) -> str:
        worst = self._worst
        return (
            f"<Precisions {self.first.precision} and {self.second.precision} of {self.first.name[:80]}: "
            f"{len(self.noise)} layers, worst {worst.layer.title[:60]} with {worst.snr_db:.1f} dB>"
        )

    def tables(self) -> TableView:
        """Return the tables of `dlbench viz precision`: accuracy, and the noise of each layer."""
        both = tuple(
            (card.name, card.precision, units.size(card.size_bytes), judged.accuracy.short())
            for card, judged in zip((self.first, self.second), self.judged, strict=False)
        )
        note = "accuracy: with its 95 % Wilson interval and the number of pictures, the same for both."
        accuracy = [Table("accuracy", "Both files on the same pictures", _BOTH, both, (note,))] if both else []
        rows = tuple(
            (
                each.layer.title,
                each.layer.kind,
                "same" if math.isinf(each.snr_db) and each.noise == 0 else f"{each.snr_db:.1f}",
                f"{each.largest_error:.3g}",
                "worst" if each is self._worst else "",
            )
            for each in self.noise
        )
        notes = [f"over {len(self.images)} pictures; 10 log10(sum of squares / sum of squared differences)."]
        if self.alone:
            notes.append(f"{len(self.alone)} layers of the first file have no tensor of their own in the second.")
        return TableView([*accuracy, Table("layers", "Where rounding changes most", _LAYERS, rows, tuple(notes))])

    @property
    def _worst(self) -> LayerNoise:
        return min(self.noise, key=lambda layer: layer.snr_db)

    def sentences(self) -> list[str]:
        """Return a short summary in sentences."""
        first, second = self.first, self.second
        lines = [f"the layer that changed most is {self._worst.layer.title}, with {self._worst.snr_db:.1f} dB."]
        if self.judged:
            changed, lost, won, p = changed_answers(*self.judged)
            verdict = "this may well be chance" if p > 0.05 else "this is more than chance"
            total = len(self.judged[0].labels)
            line = f"{changed} of {total:,} answers changed: {lost} right ones became wrong, {won} wrong ones right"
            lines.insert(0, f"{line}; {verdict} (McNemar's exact p = {p:.2g})." if lost + won else f"{line}.")
        size = second.size_bytes / first.size_bytes
        lines.append(f"{second.path.name} has {size:.0%} of the size of {first.path.name}.")
        return lines

    def pictures(self) -> Gallery[Drawn]:
        """Draw the noise of each layer, and the worst layer in both precisions."""
        worst = self.noise.index(self._worst)
        noise = draw_noise(self.first.name, self.second.name, list(self.noise))
        layer = draw_worst_layer(self.first, self.second, self.pairs[worst], self.images[0])
        return Gallery([picture for picture in (noise, layer) if picture is not None])


@names_arguments
def compare_precision(
    model: PathLike | ModelCard,
    other: PathLike | ModelCard | None = None,
    *,
    data: PathLike | None = None,
    split: str = "test",
    pictures: int = 32,
    normalise: str | None = None,
    mean: PerChannel = None,
    std: PerChannel = None,
    workspace: PathLike | Workspace | None = None,
    on_progress: Progress | None = None,
) -> Precisions:
    """Compare two precisions of one network: accuracy, and the signal-to-noise ratio of each layer.

    Args:
        model: an ONNX file, or a name of the workspace such as "cnn".
        other: the same network in another precision; None: an 8-bit version, made in the workspace.
        data: a data set or folder; None: the data named in the model file.
        split: test, validation, train or all.
        pictures: number of pictures on which the layers are compared.
        normalise: how a foreign model wants pictures: imagenet or none; remembered for the file.
        mean: in place of a name: one number, or one for each channel.
        std: as many.
        workspace: where names are looked up, and the 8-bit version is written.
        on_progress: as in `find_errors`.

    Raises:
        InputError: files that are not the same network, or data that does not fit.
    """
    if not 1 <= pictures <= _MOST_PICTURES:
        raise InputError(f"--pictures: expected 1 to {_MOST_PICTURES:,}, received {pictures}.")
    folder = Workspace.at(workspace)
    first = normalised(model_card(model, folder), folder, normalise, mean, std)
    dataset = model_data(first, data, folder)
    places = part_of(dataset, split)
    second = made_variant(first, "int8", folder, data=data) if other is None else model_card(other, folder)
    second = replace(second, normalisation=second.normalisation or first.normalisation)
    pairs, alone = matched_layers(first, second)
    images, labels = dataset.images[places], dataset.labels[places]
    with notebook_progress("precision", on_progress) as show:
        noise = layer_noise(first, second, pairs, images[:pictures], on_progress=show)
        classes = first.facts is None or first.facts.task in _CLASS_TASKS
        asked = PictureSet(
            picture_key(first, data, folder), dataset.name, split, lambda: Pictures(images, labels, dataset.classes)
        )
        both = [
            kept_answers(card, folder.root / "judged", asked, on_progress=show).judged(card)
            for card in (first, second)
            if classes
        ]
    return Precisions(first, second, tuple(both), tuple(noise), tuple(alone), tuple(pairs), images[:pictures])

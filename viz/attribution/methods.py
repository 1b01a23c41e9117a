"""Which part of a picture decided, from an ONNX file alone: no gradients, no training framework.

    from dlbench.viz import relevance

    result = relevance("transfer.onnx", "cat.jpg")                   # of the predicted class
    result.map, result.label, result.deletion.area, result.sanity.passed

Methods: cam (exact, where the head is a global average and a linear layer), occlusion, rise, score-cam, ablation-cam,
and eigen-cam, which is the same for every class. Each explains the logit, and each file says its own reference.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError
from dlbench.model.card import ModelCard, card_of
from dlbench.show.notebook import Progress, notebook_progress
from dlbench.viz.attribution.ablation_cam import ablation_cam
from dlbench.viz.attribution.cam import allows_cam, cam
from dlbench.viz.attribution.deletion import Deletion, deletion
from dlbench.viz.attribution.eigen_cam import eigen_cam
from dlbench.viz.attribution.logits import Pictures, Scorer, open_scorer
from dlbench.viz.attribution.occlusion import occlusion
from dlbench.viz.attribution.relevance_maps import Maps
from dlbench.viz.attribution.relevance_settings import METHODS, Settings, expect_fitting
from dlbench.viz.attribution.rise import rise
from dlbench.viz.attribution.sanity import Sanity, sanity
from dlbench.viz.attribution.score_cam import score_cam
from dlbench.viz.capture.answers import share_words
from dlbench.viz.capture.feeding import Feeding, feeding_of
from dlbench.viz.capture.picture import AnyPicture, opened_picture

_FUNCTIONS = {
    "cam": cam,
    "occlusion": occlusion,
    "rise": rise,
    "score-cam": score_cam,
    "ablation-cam": ablation_cam,
    "eigen-cam": eigen_cam,
}
_QUICK = {"cam", "eigen-cam"}  # one run of the network: more draws of the sanity check cost nothing
_DRAWS = 3


@dataclass(frozen=True, repr=False)
class Relevance:
    """Which part of a picture decided for one class, by one method, and two checks of the answer."""

    method: str
    target: int  # the class's index
    label: str
    logit: float
    probability: float | None  # None where the network gives a number
    rank: int  # of the class among all, from 1
    map: NDArray[np.float32] = field(repr=False, compare=False)  # (h, w) of the input's size
    signed: bool = True
    unit: str = ""  # of the map's values
    settings: str = ""  # in words: patch, stride, masks, seed, layer
    why: str = ""  # the method was chosen
    class_specific: bool = True
    grid: NDArray[np.float32] | None = field(default=None, repr=False, compare=False)  # (gh, gw), where coarse
    deletion: Deletion | None = field(default=None, repr=False, compare=False)
    sanity: Sanity | None = field(default=None, repr=False, compare=False)
    seconds: float = 0.0  # that the map took, all classes together
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        height, width = self.map.shape
        return f"<relevance for {self.title}, by {self.method}: map of {height} x {width}>"

    @property
    def title(self) -> str:
        """The class with its logit and probability."""
        if self.probability is None:
            return f"{self.label}: {self.logit:.4g}"
        return f"{self.label}: {share_words(self.probability)}, logit {self.logit:+.2f}"

    @property
    def seconds_words(self) -> str:
        """How long the map took."""
        return f"{self.seconds:.1f} s" if self.seconds >= 0.1 else "less than 0.1 s"


def relevance(
    model: str | PathLike[str] | ModelCard,
    image: AnyPicture | NDArray[Any],
    method: str = "auto",
    target: str | int | None = None,
    *,
    layer: str | None = None,
    patch: int | None = None,
    stride: int | None = None,
    masks: int | None = None,
    channels: int | None = None,
    hide: str | None = None,
    seed: int = 0,
    steps: int = 20,
    sanity: bool = True,
    on_progress: Progress | None = None,
) -> Relevance:
    """Return which part of a picture decided for one class.

    Args:
        model: an ONNX file that takes pictures.
        image: a picture file, an opened picture, or float32 (C, h, w) or (1, C, h, w) as the model takes it.
        method: one of METHODS, or auto: cam where the head allows it, else occlusion.
        target: label or index of the class; None: the predicted one.
        layer: of score-cam, ablation-cam and eigen-cam.
        patch: side of occlusion's square, pixels.
        stride: of occlusion, pixels.
        masks: of RISE.
        channels: of score-cam and ablation-cam, at most.
        hide: what hides a part: mean, black or white.
        seed: of RISE's masks, of random orders and of shuffled weights.
        steps: of the deletion curve.
        sanity: whether to shuffle the weights and look again.
        on_progress: what is done, steps done, steps in all.

    Raises:
        InputError: an unknown method, class, layer or setting, or a method that does not fit the model.
        ModelFileError: the file can't be read or run.
        CheckFailedError: the model gives NaN.
    """
    asked = Settings(layer, patch, stride, masks, channels, hide, seed, steps, sanity)
    targets = None if target is None else [target]
    with notebook_progress("relevance", on_progress) as progress:
        return relevances(model, image, method, targets, asked, progress)[0]


def relevances(
    model: str | PathLike[str] | ModelCard,
    image: AnyPicture | NDArray[Any],
    method: str = "auto",
    targets: Sequence[str | int] | None = None,
    asked: Settings | None = None,
    on_progress: Progress | None = None,
    *,
    beside: bool = False,
) -> tuple[Relevance, ...]:
    """Return the relevance for several classes at once, from the same runs; arguments as for `relevance`.

    Without targets: the predicted class and the runner-up. `beside`: put the predicted class beside a single target, or
    the runner-up where the target is the predicted one.
    """
    asked = asked or Settings()
    card = card_of(model)
    received, feeding = _received(card, image)
    expect_fitting(method, asked)
    scorer = open_scorer(card, received, feeding)
    logits = scorer.logits(received)  # (1, classes)
    first = scorer.first_two(logits[0])
    chosen = first if targets is None else tuple(dict.fromkeys(scorer.target(target) for target in targets))
    if beside and len(chosen) == 1:
        chosen += tuple(index for index in first if index not in chosen)[:1]
    method, why = (method, "") if method != "auto" else _fitting_method(scorer, received, asked)
    question = _Question(method, received, chosen, asked)
    started = time.perf_counter()
    maps = question.maps(scorer, _named(on_progress, f"{method}: map"))
    seconds = time.perf_counter() - started
    curves = deletion(
        scorer, received, maps.values, chosen, grain=maps.grain, steps=asked.steps, seed=asked.seed,
        hide=asked.hide or "auto", on_progress=_named(on_progress, f"{method}: deletion curve"),
    )  # fmt: skip
    checks = question.checks(scorer, maps, on_progress) if asked.sanity else [None] * len(chosen)
    shares = scorer.shares(logits)[0]
    return tuple(
        Relevance(
            method,
            index,
            scorer.labels[index],
            float(logits[0, index]),
            None if scorer.problem == "regression" else float(shares[index]),
            1 + int(np.count_nonzero(logits[0] > logits[0, index])),
            values,
            maps.signed,
            maps.unit,
            maps.settings,
            why,
            maps.class_specific,
            None if maps.grid is None else maps.grid[place],
            curve,
            check,
            seconds,
            (*scorer.notes, *maps.notes, *_warnings(scorer.labels[index], values, check, curve)),
        )
        for place, (index, values, curve, check) in enumerate(zip(chosen, maps.values, curves, checks, strict=True))
    )


def _received(card: ModelCard, image: AnyPicture | NDArray[Any]) -> tuple[Pictures, Feeding | None]:
    """Return one picture (1, C, h, w), and what becomes of it before the model gets it; an array is as it takes it."""
    if not isinstance(image, np.ndarray):
        picture = opened_picture(card, image)
        return picture.received, picture.feeding
    values = np.ascontiguousarray(image, dtype=np.float32)
    known = feeding_of(card)
    axes = known.axes if known is not None else "NCHW"
    axes = axes.replace("N", "") if values.ndim == len(axes) - 1 else axes
    if values.ndim == len(axes):
        values = values.reshape((1,) * (4 - values.ndim) + values.shape)
        axes = "".join(axis for axis in "NCHW" if axis not in axes) + axes
    if values.ndim != 4 or len(values) != 1 or not values.size:
        raise InputError(
            f"one picture is explained at a time: expected (C, h, w) or (1, C, h, w), received {np.shape(image)}; pass "
            "one picture."
        )
    if known is None or known.axes == "NCHW":
        return values, None
    bare = replace(known, scale=1, mean=(0.0,), deviation=(1.0,), element_type="float32")
    return np.ascontiguousarray(values.transpose([axes.index(axis) for axis in "NCHW"])), bare  # -> (1, C, h, w)


def _fitting_method(scorer: Scorer, received: Pictures, asked: Settings) -> tuple[str, str]:
    """Return the method that fits the model and the settings given, and why."""
    given = [name for name in asked.given if name != "hide"]
    fitting = [name for name, taken in METHODS.items() if given and set(given) <= set(taken)]
    if given and not fitting:
        raise InputError(f"no method takes {' and '.join(given)} together: expected the settings of one method.")
    if fitting:
        method = "ablation-cam" if "ablation-cam" in fitting else fitting[0]
        return method, f"{method} was chosen, as {' and '.join(given)} belong{'s' * (len(given) == 1)} to it"
    if allows_cam(scorer, received):
        return (
            "cam",
            "cam was chosen: each place adds its share; together, and with a constant, they give the class's score",
        )
    return (
        "occlusion",
        "occlusion was chosen: cam needs a network that averages each of its last maps and then only adds up, and this "
        "one does more",
    )


@dataclass(frozen=True)
class _Question:
    """What is asked of a network: a method, a picture, and the classes to explain."""

    method: str
    received: Pictures
    targets: Sequence[int]
    asked: Settings

    def maps(self, scorer: Scorer, on_progress: Progress | None) -> Maps:
        options = {name: value for name, value in self.asked.given.items() if name in METHODS[self.method]}
        if self.method == "rise":
            options["seed"] = self.asked.seed
        if self.method not in _QUICK:
            options["on_progress"] = on_progress
        maps: Maps = _FUNCTIONS[self.method](scorer, self.received, self.targets, **options)
        return maps

    def checks(self, scorer: Scorer, maps: Maps, on_progress: Progress | None) -> Sequence[Sanity]:
        """Return the sanity check of each class."""
        draws = _DRAWS if self.method in _QUICK or maps.values[0].size < 64 * 64 else 1
        done = 0

        def make(card: ModelCard) -> NDArray[np.float32]:
            nonlocal done
            before, total = done, draws + 1
            done += 1

            def overall(_: str, step: int, steps: int) -> None:
                if on_progress:
                    on_progress(f"{self.method}: weights shuffled", before * steps + step, total * steps)

            # the graph ends in the logits, so what they stand for is known from the file alone
            known = open_scorer(card, self.received, scorer.feeding)
            return self.maps(replace(known, problem=scorer.problem, labels=scorer.labels), overall).values

        return sanity(scorer.card, make, maps.values, grain=maps.grain, seed=self.asked.seed, draws=draws)


def _named(on_progress: Progress | None, phase: str) -> Progress | None:
    """Tell the progress under another name."""
    return None if on_progress is None else lambda _, done, total: on_progress(phase, done, total)


def _warnings(label: str, values: NDArray[np.float32], check: Sanity | None, curve: Deletion) -> list[str]:
    warnings = []
    if np.ptp(values) == 0:
        warnings.append(f"{label}: the map is {values.flat[0]:.3g} everywhere, no part of the picture decided")
    if check is not None and check.passed is False:
        warnings.append(
            f"{label}: the map hardly changes when the weights are shuffled (rank correlation {check.middle:.2f}, "
            f"limit {check.limit:.2f}): it shows the picture rather than what the network learned"
        )
    if check is not None and check.passed is None:
        warnings.append(f"{label}: whether the map depends on the weights is not known: {check.words}")
    if curve.area > curve.random_areas.max():
        warnings.append(
            f"{label}: removing its pixels lowers the score less than removing random squares: don't rely on it"
        )
    return warnings

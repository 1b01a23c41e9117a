"""The network's answer to a picture: the five most likely classes, the truth marked; or the number that it gives.

drawn = draw_answers(card, picture.received, truth="7")  # a picture that knows its label needs no truth
"""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError, close_matches
from dlbench.model.card import ModelCard, card_of
from dlbench.viz.capture.answers import answer_of, probabilities, share_words
from dlbench.viz.capture.picture import AnyImages, OpenedPicture, fed_notes, images_of, opened_images
from dlbench.viz.figures.drawing import Drawn, chart, shortened, text_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_SHOWN = 5


def draw_answers(model: str | PathLike[str] | ModelCard, images: AnyImages, truth: str | None = None) -> Drawn:
    """Draw the five most likely classes of the first picture as bars; a number's model gives its number in words.

    Args:
        model: an ONNX file.
        images: float32 (N, C, H, W) as the model takes them, or a picture's path.
        truth: the right label, which is marked; None: the picture's own, where it is known.

    Raises:
        InputError: the model has no such label, or gives no classes.
    """
    card = card_of(model)
    images = opened_images(card, images)
    if truth is None and isinstance(images, OpenedPicture):
        truth = images.truth
    answer, notes = answer_of(card, images_of(card, images))[:1], fed_notes(card, images)
    facts = card.facts
    if facts is not None and facts.task in ("regression", "unit-regression"):
        unit = "" if facts.output == "logits" else f" {facts.output}"
        known = f"; the truth: {truth}" if truth else ""
        return _sentence(f"The network's answer: {float(answer[0, 0]):.4g}{unit}{known}.", answer)
    if not np.isfinite(answer).all():
        return _sentence("The network's answer holds NaN or infinity, so there are no probabilities.", answer)
    shares, labels = probabilities(card, answer)
    if truth is not None and truth not in labels:
        raise InputError(
            f"truth: expected one of this model's {len(labels)} labels, received {truth[:80]!r}."
            f"{close_matches(truth, labels)}"
        )
    order = np.argsort(-shares[0], kind="stable")[:_SHOWN]
    figure = _draw(card, [(labels[i], float(shares[0, i])) for i in order], truth)
    best = labels[order[0]]
    several = facts is not None and facts.task == "multilabel"
    words = f"The network's answer: {best}, with a probability of {share_words(shares[0, order[0]])}"
    words += f"; then {labels[order[1]]} with {share_words(shares[0, order[1]])}." if len(order) > 1 else "."
    if not several and shares.shape == answer.shape and not np.allclose(shares, answer, atol=1e-6):
        words += (
            " The network gives one number for each class, its logit; softmax makes probabilities of them: e to the "
            f"power of each ({best}: {answer[0, order[0]]:+.2f}), divided by the sum of all."
        )
    if several:
        words += " Several may be true, so the bars need not add up to 100 %."
    if truth is not None and not several:
        words += f" The truth is {truth}: {'right' if truth == best else 'wrong'}."
    elif truth is None:
        words += " No label says whether this is right."
    return Drawn("answers", "The answer", words, figure, {"answer": answer, "probabilities": shares}, notes)


def _draw(card: ModelCard, bars: list[tuple[str, float]], truth: str | None) -> Figure:
    with chart(5.2, 0.32 * len(bars) + 0.9, f"what {card.name} answers") as (figure, axes):
        names = [shortened(name, 28) + " (truth)" * (name == truth) for name, _ in bars]
        places = np.arange(len(bars))[::-1]
        colours = ["#f0a202" if name == truth else "#31688e" for name, _ in bars]
        drawn = axes.barh(places, [100 * share for _, share in bars], color=colours)
        axes.bar_label(drawn, [share_words(share) for _, share in bars], padding=3, fontsize=7)
        axes.set_yticks(places, names)
        axes.set_xlim(0, 114)
        axes.set_xticks([0, 25, 50, 75, 100])
        axes.set_xlabel("probability [%]" + ("; orange: the truth" if truth else ""))
    return figure


def _sentence(text: str, answer: NDArray[np.float32]) -> Drawn:
    return Drawn("answers", "The answer", text, text_figure(text, 5.2, 0.9, size_pt=9), {"answer": answer})

"""`dlbench viz all`: every picture of one model and one image, and a page that holds them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dlbench.commands.viz.layer_options import DEFAULT_MIB, MemoryOption, memory_bytes
from dlbench.commands.viz.looking import Looked, looking_view, looks, show_drawn
from dlbench.commands.viz.picture_argument import PictureArgument, TruthOption, reference_name
from dlbench.errors import InputError, ModelFileError
from dlbench.files import plain_name, write_atomic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dlbench.model.card import ModelCard
    from dlbench.show.notebook import Progress
    from dlbench.viz.capture.picture import OpenedPicture
    from dlbench.viz.figures.drawing import Drawn
    from dlbench.viz.figures.picture_page import Section

_MOST_LAYERS = 20  # in full on a page
_OF_DEEP = 11
_HOW_RELEVANCE_IS_READ = """\
Found without gradients: by hiding parts of the picture, or from the last maps where the head (what comes after them) \
allows it. What is explained is the logit: the number that the network gives a class, before softmax or sigmoid makes \
a probability of it. The map of the predicted class stands beside that of the runner-up, the class in second place.

Two checks tell how far a map can be trusted. Deletion: the most relevant pixels are removed first. The sooner the \
probability falls, compared with pixels removed in random order (dashed, with the range of several orders), the \
better the map; the area under the curve says it in one number, and smaller is better. At the end nothing is left of \
the picture: the network then answers to an empty picture, so the curve need not end at 0, and a class whose \
probability is near 0 from the start has nothing to lose. A map that is no better than chance may say what the network \
added up, but not what it could not do without.

Shuffled weights: a network whose learned weights stand in random order knows nothing, so its map must look different. \
A rank correlation of 1 would mean the same map, 0 an unrelated one, -1 the same with its sign reversed. The weights \
are shuffled several times where that is quick, and the median of the correlations' sizes is compared with the limit: \
above it, the map counts as unchanged."""


@looks
def all_pictures(
    looked: Looked, image: PictureArgument = None, truth: TruthOption = None, memory: MemoryOption = DEFAULT_MIB
) -> None:
    """Draw all there is to see of a model and a picture, as a page."""
    most = memory_bytes(memory)
    card = looked.card
    from dlbench.viz.figures.picture_page import page_of

    picture = looked.picture(image)
    with looking_view() as on_progress:
        sections, left_out = _sections(card, picture, truth, most, on_progress)
    place = looked.place(reference_name(image))
    facts = [*_facts(card, picture), *(("left out", line) for line in left_out)]
    page = write_atomic(place / "index.html", page_of(f"Inside {card.name}", facts, sections, _lead(sections)))
    drawn = [picture for section in sections for picture in section.pictures]
    show_drawn(drawn, place, (f"open {page} in a browser",), brief=True, notes=(picture.fed_note, *left_out))


def _lead(sections: Sequence[Section]) -> str:
    """Return the first sentence about the network's answer."""
    answers = next((section.pictures for section in sections if section.title == "The answer"), ())
    return answers[0].words.split(". ")[0].removesuffix(".") + "." if answers else ""


def _facts(card: ModelCard, picture: OpenedPicture) -> list[tuple[str, str]]:
    facts = [("model", f"{card.path.name}, {card.parameters:,} parameters, SHA-256 {card.sha256[:16]}")]
    if card.facts:
        notation = "16C5: 16 filters of 5 x 5; P2: pooling by 2; a number alone: dense layer"
        plain = card.facts.architecture
        facts.append(("architecture", f"{plain} ({notation})" if re.match(r"\d+C\d+-P\d", plain) else plain))
        if card.facts.accuracy:
            facts.append(
                ("accuracy", f"{card.facts.accuracy.proportion.text()} on the test split of {card.facts.data}")
            )
    facts.append(("picture", "; ".join((picture.name, *picture.notes))))
    facts.append(("fed", picture.fed_note.removeprefix("fed: ")))
    proof = "this is the file that is timed; reading out every layer did not change its answer"
    return [*facts, ("proof", proof)]


def _sections(
    card: ModelCard, picture: OpenedPicture, truth: str | None, most: int, on_progress: Progress | None
) -> tuple[list[Section], list[str]]:
    """Return the sections of the page, and why some are left out."""
    from dlbench.show.notebook import Gallery
    from dlbench.viz.figures.activation_figures import draw_activations
    from dlbench.viz.figures.depth_figures import depth_pictures
    from dlbench.viz.figures.filter_figures import draw_filters
    from dlbench.viz.figures.input_figure import draw_input
    from dlbench.viz.figures.layer_table import layer_table
    from dlbench.viz.figures.picture_page import Section

    layers, more = _page_layers(card)
    try:
        weights = draw_filters(card)
    except InputError:  # a model without weights of its own: the other pictures tell all there is
        weights = Gallery()
    answer, relevance, left_out = _about_classes(card, picture, truth, on_progress)
    wanted = ",".join(map(str, layers))
    maps = draw_activations(card, picture, wanted, memory_bytes=most, on_progress=on_progress)
    sections = [
        Section(
            "What the network gets",
            "A network does not see the picture as we do: it gets numbers, of a fixed size.",
            [draw_input(card, picture)],
        ),
        Section("The answer", "What comes out at the end.", answer),
        Section("Which part decided", _HOW_RELEVANCE_IS_READ, relevance),
        Section(
            "Filters",
            "The weights of the first layer, as training left them. They are drawn because only this layer looks at "
            "the picture itself; later filters look at the maps of the layer before.",
            weights,
        ),
        Section(
            "Through the network",
            "The whole way at a glance, before each layer is shown in full below.",
            depth_pictures(card, picture, memory_bytes=most),
        ),
        Section(
            "Every layer",
            "All layers in the order in which they work. Parameters are the numbers that training learned. One place "
            "sees: how much of the picture can change one value of a map (its receptive field); it may be larger than "
            "the picture, which then lies inside it.",
            table=layer_table(card, {_input_name(card): picture.fed.shape}, layers),
        ),
        Section(
            "Layer by layer",
            "How each layer responds to this picture. Each tile is one map: large where its filter found what it looks "
            f"for. Zeros are places where it found nothing.{more}",
            maps,
        ),
    ]
    return [section for section in sections if section.pictures or section.table], left_out


def _about_classes(
    card: ModelCard, picture: OpenedPicture, truth: str | None, on_progress: Progress | None
) -> tuple[list[Drawn], Sequence[Drawn], list[str]]:
    """Return the answer and which part decided; a network that gives no classes has neither, and a line says so."""
    from dlbench.viz.figures.answer_figure import draw_answers
    from dlbench.viz.figures.relevance_pictures import relevance_pictures

    try:
        answer = [draw_answers(card, picture, truth)]
    except ModelFileError:
        raise
    except InputError as error:
        if truth is not None:
            raise
        return [], [], [str(error).split(";")[0]]
    try:
        return answer, relevance_pictures(card, picture, on_progress=on_progress), []
    except InputError as error:
        return answer, [], [f"which part decided: {error}"]


def _input_name(card: ModelCard) -> str:
    from dlbench.model.graphs import input_names

    return input_names(card.proto.graph)[0]


def _page_layers(card: ModelCard) -> tuple[dict[int, str], str]:
    """Return the layers that the page shows in full, by their places, with their pictures' names; what is left out."""
    from dlbench.model.layers import layers_of
    from dlbench.viz.figures.activation_figures import picture_name
    from dlbench.viz.figures.depth_figures import evenly, worth_drawing

    every = worth_drawing(layers_of(card))
    chosen = every
    if (
        len(every) > _MOST_LAYERS
    ):  # of a deep network: convolutions from first to last, of one without all kinds, and the answer
        convolutions = [layer for layer in every if layer.operator.kind == "conv" and layer is not every[-1]]
        chosen = [*evenly(convolutions if len(convolutions) > 2 else every[:-1], _OF_DEEP), every[-1]]
    left = len(every) - len(chosen)
    words = f" {left} of {len(every)} layers are left out here; dlbench viz activations --layers 3-7 draws any."
    return {layer.order: plain_name(picture_name(layer)) for layer in chosen}, words if left else ""

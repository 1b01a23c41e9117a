"""Pictures of what a network sees, from ONNX graph outputs; no torch in this package.

    from dlbench.viz import activations, draw_activations, relevance

    maps = activations("transfer.onnx", "cat.jpg")     # the arrays of the convolutions, by name
    draw_activations("transfer.onnx", "cat.jpg")       # a gallery in a notebook
    relevance("transfer.onnx", "cat.jpg").map          # which part of the picture decided

A model is given as a path, as `read_model` returns it, or as `model_for` makes it ready (normalisation, sizes, values);
a picture as a path, opened, or as arrays. Names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlbench.lazy_names import lazy_names

if TYPE_CHECKING:
    from dlbench.model.card import read_model
    from dlbench.model.layers import Layer, choose, layers_of
    from dlbench.viz.attribution.methods import Relevance, relevance
    from dlbench.viz.capture.activations import activations
    from dlbench.viz.capture.feeding import model_for
    from dlbench.viz.capture.picture import OpenedPicture, open_picture, picture_of_array
    from dlbench.viz.evaluation.error_figures import draw_errors
    from dlbench.viz.evaluation.judging import Judged, judge
    from dlbench.viz.figures.activation_figures import draw_activations
    from dlbench.viz.figures.answer_figure import draw_answers
    from dlbench.viz.figures.depth_figures import draw_depth
    from dlbench.viz.figures.drawing import Drawn, write_drawn
    from dlbench.viz.figures.filter_figures import draw_filter, draw_filters
    from dlbench.viz.figures.input_figure import draw_input
    from dlbench.viz.figures.relevance_pictures import relevance_pictures
    from dlbench.viz.figures.top_images import draw_top_images, top_images

__all__ = [
    "Drawn", "Judged", "Layer", "OpenedPicture", "Relevance", "activations", "choose", "draw_activations",
    "draw_answers", "draw_depth", "draw_errors", "draw_filter", "draw_filters", "draw_input", "draw_top_images",
    "judge", "layers_of",
    "model_for", "open_picture", "picture_of_array", "read_model", "relevance", "relevance_pictures", "top_images",
    "write_drawn",
]  # fmt: skip

__getattr__ = lazy_names(
    __name__,
    {
        "model.card": "read_model",
        "model.layers": "Layer choose layers_of",
        "viz.attribution.methods": "Relevance relevance",
        "viz.capture.activations": "activations",
        "viz.capture.feeding": "model_for",
        "viz.capture.picture": "OpenedPicture open_picture picture_of_array",
        "viz.evaluation.error_figures": "draw_errors",
        "viz.evaluation.judging": "Judged judge",
        "viz.figures.activation_figures": "draw_activations",
        "viz.figures.answer_figure": "draw_answers",
        "viz.figures.depth_figures": "draw_depth",
        "viz.figures.drawing": "Drawn write_drawn",
        "viz.figures.filter_figures": "draw_filter draw_filters",
        "viz.figures.input_figure": "draw_input",
        "viz.figures.relevance_pictures": "relevance_pictures",
        "viz.figures.top_images": "draw_top_images top_images",
    },
)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

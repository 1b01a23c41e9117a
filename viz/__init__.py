"""Pictures of what a network sees, from ONNX graph outputs; no torch in this package.

from dlbench.viz import activations, draw_activations, read_model, relevance
"""

from __future__ import annotations

from dlbench.model.card import read_model
from dlbench.model.layers import Layer, choose, layers_of
from dlbench.viz.attribution.methods import Relevance, relevance
from dlbench.viz.capture.activations import activations
from dlbench.viz.capture.picture import OpenedPicture, open_picture
from dlbench.viz.evaluation.error_figures import draw_errors
from dlbench.viz.evaluation.judging import Judged, judge
from dlbench.viz.figures.activation_figures import draw_activations
from dlbench.viz.figures.answer_figure import draw_answers
from dlbench.viz.figures.depth_figures import draw_depth
from dlbench.viz.figures.drawing import Drawn, write_drawn
from dlbench.viz.figures.filter_figures import draw_filters
from dlbench.viz.figures.input_figure import draw_input
from dlbench.viz.figures.relevance_pictures import relevance_pictures
from dlbench.viz.figures.top_images import draw_top_images, top_images

__all__ = [
    "Drawn",
    "Judged",
    "Layer",
    "OpenedPicture",
    "Relevance",
    "activations",
    "choose",
    "draw_activations",
    "draw_answers",
    "draw_depth",
    "draw_errors",
    "draw_filters",
    "draw_input",
    "draw_top_images",
    "judge",
    "layers_of",
    "open_picture",
    "read_model",
    "relevance",
    "relevance_pictures",
    "top_images",
    "write_drawn",
]

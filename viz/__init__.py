"""Pictures of what a network sees, from ONNX graph outputs; no torch in this package.

from dlbench.viz import activations, draw_activations, read_model, relevance
"""

from __future__ import annotations

from dlbench.bench.onnxfile import read_model
from dlbench.viz.activations import activations
from dlbench.viz.answers import draw_answers
from dlbench.viz.depth import draw_depth
from dlbench.viz.drawing import Drawn, write_drawn
from dlbench.viz.errors import draw_errors
from dlbench.viz.filters import draw_filters
from dlbench.viz.inputs import draw_input
from dlbench.viz.judging import Judged, judge
from dlbench.viz.layers import Layer, choose, layers_of
from dlbench.viz.maps import draw_activations
from dlbench.viz.picture import OpenedPicture, open_picture
from dlbench.viz.relevance import Relevance, relevance
from dlbench.viz.relevancepictures import relevance_pictures
from dlbench.viz.topimages import draw_top_images, top_images

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

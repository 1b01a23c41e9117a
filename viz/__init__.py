"""Pictures of what a network sees, from ONNX graph outputs; no torch in this package.

from dlbench.viz import activations
"""

from __future__ import annotations

from dlbench.viz.activations import activations
from dlbench.viz.layers import Layer, choose, layers_of
from dlbench.viz.relevance import Relevance, relevance

__all__ = ["Layer", "Relevance", "activations", "choose", "layers_of", "relevance"]

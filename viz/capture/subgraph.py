"""The part of a graph behind one tensor, as a model of its own: feed it the tensor, get the answer.

    tail = tail_after(card, layer)
    logits = tail.run(maps)                     # (N, C, h, w) -> (N, classes)

For methods that change what a layer gives and look at what becomes of the answer (Ablation-CAM, deletion inside).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dlbench.errors import InputError, ModelFileError, one_line
from dlbench.model.element_types import by_runtime_name
from dlbench.model.graphs import input_names, nodes_behind, with_outputs
from dlbench.model.layers import Layer
from dlbench.model.sessions import as_feeds, open_session

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard


@dataclass(frozen=True)
class Tail:
    """The nodes behind one layer."""

    layer: Layer
    session: Any
    output: str

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the model's first output for these values of the layer, (N, ...) -> (N, outputs).

        Raises:
            ModelFileError: the tail does not take them.
        """
        try:
            given = as_feeds(self.session, values)
            answer: NDArray[np.float32] = self.session.run([self.output], given)[0]
        except InputError:
            raise
        except Exception as error:  # ONNX Runtime's errors share no base
            shape = " x ".join(map(str, values.shape))
            raise ModelFileError(
                f"the part behind {self.layer.title} does not run on {shape}: received {one_line(error, 200)}."
            ) from error
        return answer


def tail_after(card: ModelCard, layer: Layer, *, optimised: bool = True) -> Tail:
    """Return the part of the model behind `layer`; without optimisations, no product is computed in integers.

    Raises:
        InputError: the answer also depends on something that goes round the layer, such as a shortcut, or the layer
            holds small integers.
        ModelFileError: the tail can't be opened.
    """
    from onnx import helper

    graph = card.proto.graph
    output = graph.output[0].name
    nodes, needed = nodes_behind(graph, output, stop_at=layer.tensor)
    if not needed.isdisjoint(input_names(graph)) or layer.tensor not in needed:
        raise InputError(
            f"the answer can't be computed from {layer.title} alone: expected a layer that everything goes through, "
            f"received one with a way round it; take the output of a block, or the last convolution."
        )
    model = with_outputs(card.proto, [output])
    del model.graph.node[:], model.graph.input[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    # no shape: the batch that is fed may be another one than the file's
    model.graph.input.append(helper.make_tensor_value_info(layer.tensor, _element_type(card, layer), None))
    kept = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return Tail(layer, open_session(card, model, optimised=optimised), output)


def _element_type(card: ModelCard, layer: Layer) -> int:
    """Return the type of what the layer gives, as ONNX Runtime knows it."""
    model = with_outputs(card.proto, [layer.tensor])
    (value,) = open_session(card, model, optimised=False).get_outputs()
    element = by_runtime_name(value.type)
    if element is None or not element.is_float:
        raise InputError(
            f"{layer.title} gives no real values: expected a layer of floats, received {value.type}; take one behind "
            "a DequantizeLinear, or the float model that this one was made from."
        )
    return element.number

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
from dlbench.model.layers import Layer
from dlbench.model.parameters import inner_graphs
from dlbench.model.sessions import as_feeds, open_session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onnx import GraphProto, NodeProto

    from dlbench.model.card import ModelCard

__all__ = ["Tail", "inner_names", "tail_after"]


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
            found: NDArray[np.float32] = self.session.run([self.output], given)[0]
        except InputError:
            raise
        except Exception as error:  # ONNX Runtime's errors share no base
            shape = " x ".join(map(str, values.shape))
            raise ModelFileError(
                f"the part behind {self.layer.title} does not run on {shape}: received {one_line(error, 200)}."
            ) from error
        return found


def tail_after(card: ModelCard, layer: Layer, *, optimised: bool = True) -> Tail:
    """Return the part of the model behind `layer`.

    Args:
        card: the model.
        layer: the tensor that is fed.
        optimised: as models are timed; without, no product of integer weights is computed in integers.

    Raises:
        InputError: the answer also depends on something that goes round the layer, such as a shortcut, or the layer
            holds small integers.
        ModelFileError: the tail can't be opened.
    """
    import onnx

    graph = card.proto.graph
    output = graph.output[0].name
    nodes, needed = _behind(graph, layer.tensor, output)
    around = needed & ({value.name for value in graph.input} - {tensor.name for tensor in graph.initializer})
    if around or layer.tensor not in needed:
        raise InputError(
            f"the answer can't be computed from {layer.title} alone: expected a layer that everything goes through, "
            f"received one with a way round it; take the output of a block, or the last convolution (--layers -1)."
        )
    model = onnx.ModelProto()
    model.CopyFrom(card.proto)
    del model.graph.node[:], model.graph.input[:], model.graph.output[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    # no shape: the batch that is fed may be another one than the file's
    model.graph.input.append(onnx.helper.make_tensor_value_info(layer.tensor, _element_type(card, layer), None))
    model.graph.output.append(onnx.ValueInfoProto(name=output))
    used = {name for node in nodes for name in node.input} | inner_names(nodes)
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return Tail(layer, open_session(card, model, optimised=optimised), output)


def _behind(graph: GraphProto, tensor: str, output: str) -> tuple[list[NodeProto], set[str]]:
    """Return the nodes that lead from `tensor` to `output`, in order, and every name that they need."""
    needed, nodes = {output}, []
    for node in reversed(graph.node):
        if tensor not in node.output and any(name in needed for name in node.output):
            nodes.append(node)
            needed.update(name for name in node.input if name)
            needed.update(inner_names([node]))
    return nodes[::-1], needed


def inner_names(nodes: Iterable[NodeProto]) -> set[str]:
    """Return the names that subgraphs of these nodes use or give, at any depth: they may come from outside."""
    names: set[str] = set()
    for node in nodes:
        for graph in inner_graphs(node):
            names.update(name for one in graph.node for name in one.input)
            names.update(output.name for output in graph.output)
            names |= inner_names(graph.node)
    return names


def _element_type(card: ModelCard, layer: Layer) -> int:
    """Return the type of what the layer gives, as ONNX Runtime knows it.

    Raises:
        InputError: integers, which a method that changes values would leave.
    """
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(card.proto)
    del model.graph.output[:]
    model.graph.output.append(onnx.ValueInfoProto(name=layer.tensor))
    (value,) = open_session(card, model, optimised=False).get_outputs()
    kinds = onnx.TensorProto
    floats = {"float": kinds.FLOAT, "float16": kinds.FLOAT16, "double": kinds.DOUBLE, "bfloat16": kinds.BFLOAT16}
    kind = str(value.type).removeprefix("tensor(").removesuffix(")")
    if kind not in floats:
        raise InputError(
            f"{layer.title} gives no real values: expected a layer of floats, received {value.type}; take one behind "
            "a DequantizeLinear, or the float model that this one was made from."
        )
    return int(floats[kind])

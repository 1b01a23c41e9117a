"""One torch module to one in-memory ONNX graph, with the map from layer names to tensor names.

    graph, layers = to_onnx(module, example, output="logits")
    layers["features.0"]        # the tensor that this layer gives

The dynamo exporter notes for each node the module that it came from and the stack trace, with the
file paths of the machine that ran it. The first becomes the layer map; then all notes are removed.
"""

from __future__ import annotations

import ast

import torch
from onnx import ModelProto
from torch import Tensor, nn

from dlbench.errors import CheckFailedError, one_line
from dlbench.export.batch_norm_folding import fold_batch_norm
from dlbench.export.quiet import quiet

OPSET = 20  # IR version 10: read by every ONNX Runtime since 1.18
_SCOPES = "pkg.torch.onnx.name_scopes"


def to_onnx(module: nn.Module, example: Tensor, output: str) -> tuple[ModelProto, dict[str, str]]:
    """Export `module` with a dynamic batch; its input is named `image`, its output `output`.

    Args:
        module: takes one tensor (N, ...) and gives one tensor (N, ...); it is not changed.
        example: real input of at least 2 rows, so that the batch is not taken for a constant.
        output: the name of the output tensor.

    Returns:
        The graph without notes of the exporting machine, and layer name -> tensor name.

    Raises:
        CheckFailedError: torch can't export the module.
    """
    slim = fold_batch_norm(module).cpu().to(memory_format=torch.contiguous_format)
    for layer in slim.modules():  # torch takes each in-place activation apart: two thirds of mobilenet_v2's export
        if getattr(layer, "inplace", False):
            layer.inplace = False  # type: ignore[assignment]
    try:
        with quiet():
            program = torch.onnx.export(
                slim,
                (example.cpu(),),
                dynamo=True,
                external_data=False,
                input_names=["image"],
                output_names=[output],
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
                opset_version=OPSET,
                verbose=False,
            )
            graph: ModelProto = program.model_proto  # type: ignore[union-attr]
    except Exception as error:  # the exporter raises dozens of classes of its own
        raise CheckFailedError(
            f"torch can't export {type(module).__name__} to ONNX: received {one_line(error)}; "
            "change the layer that is named there."
        ) from error
    layers = _layer_map(graph)
    _strip_notes(graph)
    return graph, layers


def _layer_map(graph: ModelProto) -> dict[str, str]:
    """Return layer name -> the last tensor that the layer gives, in graph order."""
    layers: dict[str, str] = {}
    for node in graph.graph.node:
        notes = {note.key: note.value for note in node.metadata_props}
        scopes = ast.literal_eval(notes[_SCOPES]) if _SCOPES in notes else []
        if len(scopes) >= 2 and scopes[-2]:
            layers.pop(scopes[-2], None)
            layers[scopes[-2]] = node.output[0]
    return layers


def _strip_notes(graph: ModelProto) -> None:
    del graph.metadata_props[:], graph.graph.metadata_props[:], graph.functions[:]
    graph.doc_string = graph.graph.doc_string = ""
    body = graph.graph
    for part in [*body.node, *body.input, *body.output, *body.value_info, *body.initializer]:
        del part.metadata_props[:]
        part.doc_string = ""

"""Optimised sessions for looking, in which activation functions stay in the layout of the convolutions around them.

    for opened in optimised_ways(card, model):          # the fastest first; the caller has to show them right
        session = opened()

ONNX Runtime's convolutions work in a layout of their own, in blocks of 8 or 16 channels (NCHWc). A convolution that is
looked at is brought back to N x C x H x W, and an activation function behind it then works on what was brought back, so
that the next convolution has to change the layout again. A function of each value alone does not mind the layout: here
it takes the convolution's own result, and what is looked at is written right after that, while it is in the caches.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import ModelFileError
from dlbench.model.layers import EACH_VALUE
from dlbench.model.sessions import open_session
from dlbench.viz.capture.subgraph import inner_names

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

    from dlbench.model.card import ModelCard

__all__ = ["Opener", "keep_layout", "optimised_ways"]

Opener = Callable[..., Any]  # `open_session` for one graph; takes threads=

_MOST_BYTES = 512 << 20  # of a graph that is written to a temporary folder and read again


def optimised_ways(card: ModelCard, model: ModelProto) -> Iterator[Opener]:
    """Yield what opens sessions with optimisations, the fastest first: activations in layout, then as they come.

    Args:
        card: the file, for its place.
        model: the graph, made from `card`'s, with what is looked at as outputs.
    """
    kept = _optimised_graph(card, model) if _may_leave_layout(card, model) else None
    if kept is not None and keep_layout(kept.graph):
        yield partial(open_session, card, kept, optimised=False, in_file_order=True)
    yield partial(open_session, card, model)


def _may_leave_layout(card: ModelCard, model: ModelProto) -> bool:
    """Say whether something beside the answer is looked at in a graph that has convolutions and is small enough."""
    looked_at = len(model.graph.output) > len(card.proto.graph.output)
    fits = model.ByteSize() <= _MOST_BYTES and not any(tensor.external_data for tensor in model.graph.initializer)
    return looked_at and fits and any(node.op_type == "Conv" for node in model.graph.node)


def _optimised_graph(card: ModelCard, model: ModelProto) -> ModelProto | None:
    """Return the graph as ONNX Runtime optimises it, which it tells in a file alone; None where that can't be had."""
    import onnx

    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            written = Path(folder) / "optimised.onnx"
            open_session(card, model, written_to=written)
            return onnx.load(written, load_external_data=False)
    except (ModelFileError, OSError):  # no room for it; what is wrong with the model shows in the other ways
        return None


def keep_layout(graph: GraphProto) -> int:
    """Let activation functions between two convolutions take and give the blocked layout; return how many do now.

    Changed are those whose input was brought out of the layout, and whose output is brought back into it at once and
    used nowhere else, not inside If, Loop and Scan either.

    Args:
        graph: as ONNX Runtime optimised it; changed in place.
    """
    made_by = {name: node for node in graph.node for name in node.output}
    uses = Counter(name for node in graph.node for name in node.input)
    uses.update(output.name for output in graph.output)
    uses.update(inner_names(graph.node))
    gone = []
    for back in graph.node:
        function = made_by.get(back.input[0]) if _is_reorder(back, "ReorderInput") else None
        if function is None or function.op_type not in EACH_VALUE or function.domain or uses[function.output[0]] != 1:
            continue
        out = made_by.get(function.input[0])
        if out is None or not _is_reorder(out, "ReorderOutput"):
            continue
        function.input[0], function.output[0] = out.input[0], back.output[0]
        gone.append(back)
    for back in gone:
        graph.node.remove(back)
    del graph.value_info[:]  # some would now tell the shape of the other layout
    return len(gone)


def _is_reorder(node: NodeProto, kind: str) -> bool:
    return node.op_type == kind and not any(a.name == "channels_last" and a.i for a in node.attribute)

"""Writes the model file: graph, facts, checks, and only then its final name.

exported = export_onnx(network, images, Path("models/cnn.onnx"), facts)
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from dlbench.errors import CheckFailedError, one_line
from dlbench.export.normalised_network import Normalised
from dlbench.export.parity import Parity, check_parity
from dlbench.export.torch_to_onnx import to_onnx
from dlbench.files import atomic_path
from dlbench.model.facts import ModelFacts, write_facts

_NAMES = {name: name for name in ("logits", "probabilities")}  # a number in its own unit is `values`
_PREFIX = "network."  # of the layers inside Normalised


@dataclass(frozen=True)
class Exported:
    """A model file that was written and checked."""

    path: Path
    facts: ModelFacts  # as in the file: with the layer map and the parity
    parity: Parity


def export_onnx(network: nn.Module, images: Tensor, path: str | os.PathLike[str], facts: ModelFacts) -> Exported:
    """Export `network` with the normalisation of `facts` in front of it, check it, write it to `path`.

    Args:
        network: takes normalised images (N, C, H, W) and gives logits (N, classes); left in eval mode.
        images: real images to export and check with, uint8 or float32 in [0, 1], (N >= 2, C, H, W).
        path: the .onnx file; it appears only when every check has passed.
        facts: what the file says of itself; `layers` and `parity_max_abs_error` are filled in here.

    Raises:
        CheckFailedError: torch can't export it, the checker refuses it, or it computes something else.
        WorkspaceError: the file can't be written.
    """
    images = images.cpu().float() / 255 if images.dtype == torch.uint8 else images.cpu().float()
    module = Normalised(network.cpu(), facts.mean, facts.std).eval()
    graph, layers = to_onnx(module, images[:2], output=_NAMES.get(facts.output, "values"))
    with atomic_path(Path(path)) as temporary:
        temporary.write_bytes(graph.SerializeToString())
        parity = check_parity(module, temporary, images)
        named = {name.removeprefix(_PREFIX): tensor for name, tensor in layers.items() if name.startswith(_PREFIX)}
        facts = facts.model_copy(update={"layers": named, "parity_max_abs_error": parity.max_abs_error})
        write_facts(graph, facts)
        _check(graph)
        temporary.write_bytes(graph.SerializeToString())
    return Exported(Path(path), facts, parity)


def _check(graph: onnx.ModelProto) -> None:
    try:
        onnx.checker.check_model(graph, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise CheckFailedError(
            f"the exported graph breaks the ONNX rules: received {one_line(error)}; no model file was written."
        ) from error

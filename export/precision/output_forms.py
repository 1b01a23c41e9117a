"""What else a user may want of a file: probabilities at its output, ONNX Runtime's optimised graph, its own format.

add_activation(model, card)                             # logits -> probabilities
write_runtime_files(Path("cnn.int8.onnx"), optimised=True, ort=True)

The optimised graph is that of ORT_ENABLE_EXTENDED: what is merged there runs on any CPU; ORT_ENABLE_ALL, which
`save_graph` takes for this machine alone, also writes layouts that only this CPU is fast with.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dlbench.errors import InputError, ModelFileError, one_line
from dlbench.export.quiet import quiet
from dlbench.files import atomic_path
from dlbench.runtime import onnx_runtime

if TYPE_CHECKING:
    from onnx import ModelProto

    from dlbench.model.card import ModelCard

_ACTIVATIONS = {"multiclass": "Softmax", "binary": "Sigmoid", "multilabel": "Sigmoid"}
_NAME = "probabilities"


def add_activation(model: ModelProto, card: ModelCard) -> None:
    """Append the activation of the network's task, so that the file gives probabilities.

    Raises:
        InputError: the file doesn't say its task, its task has none, or it gives probabilities already.
    """
    from onnx import helper

    operator = _ACTIVATIONS.get(card.facts.task) if card.facts else None
    if card.facts is None or operator is None or card.facts.output != "logits":
        received = "a foreign file, which names no task" if card.facts is None else f"{card.facts.output}"
        raise InputError(
            f"--with-activation: expected a network whose file gives logits of a task with an activation, received "
            f"{received} from {card.name}; leave it out."
        )
    (value,) = model.graph.output
    node = helper.make_node(operator, [value.name], [_NAME], name=_NAME)
    node.attribute.extend([helper.make_attribute("axis", -1)] if operator == "Softmax" else [])
    model.graph.node.append(node)
    value.name = _NAME


def write_runtime_files(path: Path, *, optimised: bool, ort: bool) -> tuple[Path, ...]:
    """Write the optimised graph and ONNX Runtime's own format beside a model, and return their paths.

    Raises:
        ModelFileError: ONNX Runtime can't open the model, or can't write that form of it.
        WorkspaceError: the folder can't be written.
    """
    wanted = {path.with_suffix(".optimised.onnx"): optimised, path.with_suffix(".ort"): ort}
    for target in (target for target, is_wanted in wanted.items() if is_wanted):
        with atomic_path(target) as temporary:
            save_graph(path, temporary)
    return tuple(target for target, is_wanted in wanted.items() if is_wanted)


def save_graph(path: Path, target: Path, *, any_cpu: bool = True) -> None:
    """Write the graph as ONNX Runtime runs it: without the layouts that only this CPU is fast with, or for this one.

    Raises:
        ModelFileError: ONNX Runtime can't open the model, or can't write that form of it.
    """
    runtime = onnx_runtime()
    options = runtime.SessionOptions()
    options.optimized_model_filepath = str(target)
    levels = runtime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_EXTENDED if any_cpu else levels.ORT_ENABLE_ALL
    options.log_severity_level = 4
    if target.suffix == ".ort":
        options.add_session_config_entry("session.save_model_format", "ORT")
    try:
        with quiet():
            runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's errors share no base
        raise ModelFileError(
            f"{path} can't be optimised here: expected a model that ONNX Runtime opens, received "
            f"{one_line(error, 160)}; leave out --optimised and --ort."
        ) from error

"""What is left of a run beside its model file: weights as safetensors, everything else as JSON.

    state, record = load_checkpoint(Path("models/cnn.safetensors"))

Nothing is ever pickled, so a checkpoint from somebody else can't run code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from dlbench.errors import DataError, one_line
from dlbench.files import read_bounded, read_json, write_atomic
from dlbench.train.networks.architectures import build
from dlbench.train.tasks.losses_and_metrics import Rescaled

RUN_SCHEMA = "dlbench.run/1"
_MAX_WEIGHTS_BYTES = 4 << 30
_MAX_RECORD_BYTES = 16 << 20
_MOST_KEYS = 100_000  # a record counts the pictures of each class


def save_checkpoint(path: Path, network: nn.Module, record: dict[str, Any]) -> None:
    """Write the weights to `path` (.safetensors) and `record` beside it (.json).

    Raises:
        WorkspaceError: the folder can't be written.
    """
    state = {name: value.cpu().contiguous() for name, value in network.state_dict().items()}
    write_atomic(path, save(state, {"schema": RUN_SCHEMA}))
    write_atomic(path.with_suffix(".json"), json.dumps({"schema": RUN_SCHEMA, **record}, indent=1, allow_nan=False))


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the weights and the record of a run.

    Raises:
        DataError: a file is missing, damaged, or of another schema.
    """
    content = read_bounded(path, _MAX_WEIGHTS_BYTES, DataError, "checkpoint")
    record = read_record(path.with_suffix(".json"))
    try:
        return load(content), record
    except (SafetensorError, ValueError, KeyError, OverflowError, TypeError) as error:
        raise DataError(f"can't read the checkpoint {path}: received {one_line(error)}; train again.") from error


def read_record(path: Path) -> dict[str, Any]:
    """Return the record of a run.

    Raises:
        DataError: it is missing, no JSON, or of another schema.
    """
    try:
        record = read_json(read_bounded(path, _MAX_RECORD_BYTES, DataError, "record of a run"), _MOST_KEYS)
    except ValueError as error:
        raise DataError(f"{path} is not the record of a run: expected JSON, received {one_line(error)}.") from error
    schema = record.get("schema") if isinstance(record, dict) else None
    if not isinstance(record, dict) or schema != RUN_SCHEMA:
        raise DataError(
            f"{path} is not the record of a run: expected schema {RUN_SCHEMA}, received {one_line(str(schema), 60)!r}."
        )
    return record


def rebuild(path: Path) -> nn.Module:
    """Return the trained network of a checkpoint, in eval mode; it takes normalised images.

    Raises:
        DataError: the checkpoint can't be read, or weights and record do not fit.
    """
    state, record = load_checkpoint(path)
    try:
        height, width = record["input"]["size"]
        settings = record["settings"]
        outputs = record["task"]["outputs"] if "task" in record else len(record["labels"])
        options = {"backbone": settings["backbone"]} if "backbone" in settings else {}
        shape = (settings["network"], record["input"]["channels"], (height, width), outputs)
        with torch.device("meta"):  # takes no memory, however large the record says that the network is
            _expect_shapes(build(*shape, **options), state)
        network: nn.Module = build(*shape, **options)
        if "mean" in state and "deviation" in state:  # a number in its own unit: see tasks.Rescaled
            network = Rescaled(network, state["mean"], state["deviation"])
        network.load_state_dict(state)
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"the checkpoint {path} does not fit its record: received {one_line(error)}; train again."
        ) from error
    return network.eval()


def _expect_shapes(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    wrong = [name for name, value in network.state_dict().items() if name in state and state[name].shape != value.shape]
    if wrong:
        raise ValueError(f"weights of another shape: {wrong[0]}")

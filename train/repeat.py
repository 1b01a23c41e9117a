"""Repeating a run from its record.

settings, digest = recorded_run(Path("models/cnn.json"))
"""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from dlbench.errors import DataError, one_line
from dlbench.files import read_bounded
from dlbench.train.train_settings import TrainSettings

__all__ = ["recorded_run"]

_SCHEMA = "dlbench.run/1"
_MAX_BYTES = 16 << 20
_KINDS: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}


def recorded_run(path: str | os.PathLike[str]) -> tuple[TrainSettings, str | None]:
    """Return a run's settings, and the digest of the weights that it gave (None in old records).

    Args:
        path: the .json, .safetensors or .onnx file of the run.

    Raises:
        DataError: not the record of a run, or one that does not fit.
        InputError: a setting that makes no sense.
    """
    path = Path(path).with_suffix(".json")
    try:
        record = json.loads(read_bounded(path, _MAX_BYTES, DataError, "record of a run"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not the record of a run: expected JSON, received {one_line(error)}.") from error
    schema = record.get("schema") if isinstance(record, dict) else None
    if schema != _SCHEMA:
        raise DataError(
            f"{path} is not the record of a run: expected schema {_SCHEMA}, received {one_line(str(schema), 60)!r}."
        )
    given = record.get("settings")
    if not isinstance(given, dict):
        raise DataError(f"{path} does not fit {_SCHEMA}: expected the settings, received {type(given).__name__}.")
    digest = record.get("trained_sha256")
    checked: dict[str, Any] = {key: _checked(path, key, value) for key, value in given.items()}
    return TrainSettings(**checked), digest if isinstance(digest, str) else None


def _checked(path: Path, key: str, value: object) -> object:
    """Return the value where the setting exists and the type fits."""
    types = {field.name: str(field.type) for field in fields(TrainSettings)}
    if key not in types:
        raise DataError(f"{path} does not fit {_SCHEMA}: expected a known setting, received {one_line(key, 60)!r}.")
    wanted = [part.strip() for part in types[key].split("|")]
    fits = (value is None and "None" in wanted) or any(
        isinstance(value, _KINDS[kind]) and not (isinstance(value, bool) and kind != "bool")
        for kind in wanted
        if kind in _KINDS
    )
    if not fits:
        raise DataError(
            f"{path} does not fit {_SCHEMA}: expected {types[key]} for {key}, received {one_line(repr(value), 60)}."
        )
    return value

"""What a workspace remembers of model files, by their hash: what belongs to this machine and never into the file.

    remember(workspace, card.sha256, data=str(Path("photos").resolve()), data_name="photos")
    recall(workspace, card.sha256).data         # where the pictures lie that the network learned from
    data_of(workspace, card.sha256, "photos")   # the same for an 8-bit version, which has a hash of its own

A damaged file counts as an empty one: all of it can be said again.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dlbench.errors import InputError
from dlbench.files import Workspace, read_bounded, write_atomic

_FILE = "remembered.json"
_MAX_BYTES = 8 << 20
_MOST_MODELS = 500  # the oldest are forgotten
_PerChannel = Annotated[tuple[float, ...], Field(min_length=1, max_length=4)] | None


class Memory(BaseModel):
    """What is known of one model file."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    data: Annotated[str, Field(max_length=5000)] | None = Field(default=None, description="folder of the data set")
    data_name: Annotated[str, Field(max_length=500)] | None = Field(default=None, description="the data set's name")
    mean: _PerChannel = Field(default=None, description="how pictures are normalised for it")
    std: _PerChannel = None


class _Memories(BaseModel):
    models: Annotated[dict[str, Memory], Field(max_length=10 * _MOST_MODELS)] = Field(default_factory=dict)


def recall(workspace: Workspace, sha256: str) -> Memory:
    """Return what the workspace remembers of the model file with this hash."""
    return _read(workspace).models.get(sha256, Memory())


def remembers_pictures(workspace: Workspace) -> bool:
    """Say whether the workspace remembers how any model wants its pictures normalised."""
    return any(memory.mean for memory in _read(workspace).models.values())


def data_of(workspace: Workspace, sha256: str, name: str) -> str | None:
    """Return the folder of a model's data set: the file's own, else the last that was called so."""
    models = _read(workspace).models
    named = [memory.data for memory in models.values() if memory.data_name == name and memory.data]
    return models.get(sha256, Memory()).data or next(reversed(named), None)


def remember(workspace: Workspace, sha256: str, **facts: object) -> None:
    """Add facts of a model file to what the workspace remembers.

    Raises:
        WorkspaceError: the folder can't be written.
    """
    models = dict(_read(workspace).models)
    known = models.pop(sha256, Memory())
    models[sha256] = Memory.model_validate(known.model_dump() | facts)
    kept = dict(list(models.items())[-_MOST_MODELS:])
    text = _Memories(models=kept).model_dump_json(exclude_none=True, indent=1)
    write_atomic(workspace.root / _FILE, text + "\n")


def _read(workspace: Workspace) -> _Memories:
    try:
        raw = read_bounded(workspace.root / _FILE, _MAX_BYTES, InputError, "memory of the workspace")
        return _Memories.model_validate_json(raw)
    except (InputError, ValidationError):
        return _Memories()

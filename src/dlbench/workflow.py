"""Which models a comparison takes: files, names of the workspace, or the three reference networks.

choice = choose_models(["cnn", "other/model.onnx"], workspace)
choice.missing          # networks that must be trained first
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlbench.errors import MissingExtraError, ModelFileError, close_matches
from dlbench.files import Workspace

__all__ = [
    "REFERENCE_NETWORKS",
    "ModelChoice",
    "can_train",
    "choose_models",
    "model_to_look_at",
    "require_training",
]

REFERENCE_NETWORKS = ("dense", "cnn", "transfer")


@dataclass(frozen=True)
class ModelChoice:
    """The model files to compare, in order, and the reference networks among them that are not there yet."""

    paths: tuple[Path, ...]
    missing: tuple[str, ...]


def choose_models(asked: Sequence[str], workspace: Workspace) -> ModelChoice:
    """Turn what the user typed into model files; nothing typed means all of the workspace's and the reference networks.

    Raises:
        ModelFileError: a name that is neither a file, nor a model of the workspace, nor a reference network.
    """
    there = {path.stem: path for path in sorted(workspace.models.glob("*.onnx"))}
    if not asked:
        names = [*REFERENCE_NETWORKS, *(name for name in there if name not in REFERENCE_NETWORKS)]
    else:
        names = list(dict.fromkeys(asked))
    paths, missing = [], []
    for name in names:
        if name in there:
            paths.append(there[name])
        elif name in REFERENCE_NETWORKS:
            paths.append(workspace.models / f"{name}.onnx")
            missing.append(name)
        else:
            paths.append(_file(name, there))
    return ModelChoice(tuple(paths), tuple(missing))


def model_to_look_at(name: str, workspace: Workspace) -> Path:
    """Return the file of one model, for who only looks: nothing is trained.

    Raises:
        ModelFileError: a reference network that is not there yet, or a name that is nothing.
    """
    choice = choose_models([name], workspace)
    if choice.missing:
        raise ModelFileError(
            f"{name} is not trained yet: expected {choice.paths[0]}, received nothing there; make it with dlbench "
            f"train {name}, or give an .onnx file."
        )
    return choice.paths[0]


def _file(name: str, there: dict[str, Path]) -> Path:
    path = Path(name)
    if path.is_file() or path.suffix == ".onnx" or len(path.parts) > 1:
        return path  # reading it tells what is wrong with it, if anything
    known = [*REFERENCE_NETWORKS, *there]
    raise ModelFileError(
        f"unknown model: expected an .onnx file or one of {', '.join(dict.fromkeys(known))}, received {name!r}."
        f"{close_matches(name, known)}"
    )


def can_train() -> bool:
    """Say whether the extra `train` is installed (looks, does not import)."""
    from importlib.util import find_spec

    return all(find_spec(package) is not None for package in ("torch", "torchvision", "onnxscript"))


def require_training(missing: Sequence[str]) -> None:
    """Refuse where networks must be trained and the extra `train` is not there.

    Raises:
        MissingExtraError: torch is not installed.
    """
    if missing and not can_train():
        raise MissingExtraError(
            f"{', '.join(missing)} must be trained first, which needs torch: expected the extra 'train', received "
            'none; pip install "dlbench[train]", or give model files: dlbench compare path/to/model.onnx'
        )

"""Which models a command takes: files, names of the workspace, the three reference networks, torchvision's networks.

choice = choose_models(["cnn", "resnet50", "other/model.onnx"], workspace)
choice.missing          # networks that must be trained first
choice.unexported       # torchvision's networks that have no file yet, or one with random weights for want of others
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dlbench.errors import MissingExtraError, ModelFileError, close_matches
from dlbench.files import Workspace

REFERENCE_NETWORKS = ("dense", "cnn", "transfer")


@dataclass(frozen=True)
class ModelChoice:
    """The model files that were asked for, in order, and those of them that must be made first."""

    paths: tuple[Path, ...]
    missing: tuple[str, ...]  # reference networks to train
    unexported: tuple[str, ...] = ()  # torchvision's networks, which are made into model files as they are


def choose_models(asked: Sequence[str], workspace: Workspace) -> ModelChoice:
    """Turn what the user typed into model files; nothing typed means all of the workspace's and the reference networks.

    Raises:
        ModelFileError: a name that is neither a file, nor a model of the workspace, nor a network known by name.
    """
    there = {path.stem: path for path in sorted(workspace.models.glob("*.onnx"))}
    if not asked:
        names = [*REFERENCE_NETWORKS, *(name for name in there if name not in REFERENCE_NETWORKS)]
    else:
        names = list(dict.fromkeys(asked))
    paths, missing, unexported = [], [], []
    for name in names:
        if name in there:
            paths.append(there[name])
            unexported += [name] if _has_weights_now(there[name]) else []
        elif name in REFERENCE_NETWORKS:
            paths.append(workspace.models / f"{name}.onnx")
            missing.append(name)
        elif is_file_name(name):
            paths.append(Path(name))  # reading it tells what is wrong with it, if anything
        else:
            expect_model_name(name, there)
            paths.append(workspace.models / f"{name}.onnx")
            unexported.append(name)
    return ModelChoice(tuple(paths), tuple(missing), tuple(unexported))


def _has_weights_now(path: Path) -> bool:
    """Say whether a network of torchvision was exported with random weights, and ImageNet's lie here by now."""
    from dlbench.train.networks.weights_files import RANDOM_WEIGHTS, local_weights, may_have_weights

    if not may_have_weights(path.stem) or path.stem not in torchvision_names():
        return False
    from dlbench.model.card import read_model
    from dlbench.train.networks.pretrained_weights import published

    try:
        facts = read_model(path).facts
    except ModelFileError:  # whoever uses it tells what is wrong
        return False
    is_random = facts is not None and RANDOM_WEIGHTS in facts.warnings
    return is_random and local_weights(published(path.stem).file_name) is not None


def expect_trained(choice: ModelChoice) -> None:
    """Refuse a reference network that is not there yet, for who only looks: nothing is trained.

    Raises:
        ModelFileError: with the command that trains it.
    """
    for name in choice.missing:
        raise ModelFileError(
            f"{name} is not trained yet: expected {choice.paths[0]}, received nothing there; make it with dlbench "
            f"train {name}, or give an .onnx file."
        )


def is_file_name(name: str) -> bool:
    """Say whether what was typed means a file, and not a network by its name."""
    path = Path(name)
    return path.suffix == ".onnx" or len(path.parts) > 1 or path.is_file()


def torchvision_names() -> tuple[str, ...]:
    """Return the names of torchvision's classification networks; none where the extra `train` is not installed."""
    if not can_train():
        return ()
    from dlbench.train.networks.architectures import backbone_names

    return backbone_names()


def expect_model_name(name: str, there: Iterable[str]) -> None:
    """Refuse a name that torchvision lacks, with names that are close.

    Args:
        name: what was typed, no file and no network of the workspace.
        there: the workspace's networks.

    Raises:
        ModelFileError: no such network.
    """
    others = torchvision_names()
    if name in others:
        return
    known = list(dict.fromkeys([*REFERENCE_NETWORKS, *there]))
    more = ", or a network of torchvision such as resnet18" if others else ""
    lacks = "" if others else ' Networks of torchvision need torch: pip install "dlbench[train]".'
    raise ModelFileError(
        f"unknown model: expected an .onnx file, one of {', '.join(known)}{more}, received {name[:80]!r}."
        f"{close_matches(name, [*known, *others])}{lacks}"
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

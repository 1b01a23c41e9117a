"""Models in the precisions that are asked for: the files that are there already, and others made from them.

ready = in_precisions(paths, ("fp32", "int8"), workspace)
ready.paths             # cnn.onnx, cnn.int8.onnx
ready.lost              # what can't be made, or can't run here, and why
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dlbench.api.arguments import PathLike
from dlbench.api.variants.exporting import export_model
from dlbench.errors import DlbenchError, ModelFileError
from dlbench.export.precision import variant_path
from dlbench.files import Workspace
from dlbench.model.card import ModelCard, read_model
from dlbench.model.sessions import open_session
from dlbench.show.locale.typed_options import as_arguments
from dlbench.show.notebook import Progress


@dataclass(frozen=True)
class LostVariant:
    """A precision of a model that can't be timed."""

    model: str
    precision: str
    reason: str


@dataclass(frozen=True)
class ReadyModels:
    """Files that can be timed, and what could not be had."""

    paths: tuple[Path, ...]
    lost: tuple[LostVariant, ...] = ()


def in_precisions(
    models: Sequence[Path],
    precisions: Sequence[str],
    workspace: Workspace,
    *,
    data: PathLike | None = None,
    on_progress: Progress | None = None,
) -> ReadyModels:
    """Return each model in each precision; a variant among the models stays as it is.

    The workspace holds the variants of files that lie elsewhere; `data` are for foreign files.

    Raises:
        InputError: a model that can be had in none of the precisions.
    """
    cards = [read_model(path) for path in models]
    hashes = {card.sha256 for card in cards}
    paths: dict[Path, None] = {}
    lost: list[LostVariant] = []
    for card in cards:
        if card.variant is not None:
            if card.variant.parent_sha256 not in hashes or card.precision in precisions:
                paths[card.path] = None
            continue
        there = len(paths)
        problems: list[DlbenchError] = []
        for precision in precisions:
            try:
                path = made_variant(card, precision, workspace, data=data, on_progress=on_progress).path
                paths[path] = None
            except DlbenchError as error:
                problems.append(error)
                lost.append(LostVariant(f"{card.name}.{precision}", precision, as_arguments(str(error))))
        if len(paths) == there and problems:
            raise problems[0]
    return ReadyModels(tuple(paths), tuple(lost))


def made_variant(
    card: ModelCard,
    precision: str,
    workspace: Workspace,
    *,
    data: PathLike | None = None,
    on_progress: Progress | None = None,
) -> ModelCard:
    """Return a model in a precision: itself, the file that was made from it, or a new one that opens here.

    Raises:
        InputError: no such precision, or no pictures for int8.
        ModelFileError: it can't be made, or ONNX Runtime can't run it here.
    """
    if precision == "fp32":
        return card
    here = workspace.models.absolute()
    to = None if card.path.absolute().parent == here else here
    made, runs_here = _there(variant_path(card.path, precision, to), card), False
    if made is None:
        exported = export_model(
            card, precision=precision, to=to, data=data, workspace=workspace, on_progress=on_progress
        )
        made, runs_here = read_model(exported.variants[0].path), not exported.variants[0].note
    if not runs_here:  # a new one was opened when it was written
        open_session(made, made.proto)  # says why, where it can't run
    return made


def _there(path: Path, parent: ModelCard) -> ModelCard | None:
    """Return the variant at a path, if it is there and was made from this very file."""
    try:
        card = read_model(path)
    except ModelFileError:
        return None
    return card if card.variant is not None and card.variant.parent_sha256 == parent.sha256 else None

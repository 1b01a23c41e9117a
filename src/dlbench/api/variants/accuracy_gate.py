"""The accuracy gate: what a variant in fewer bits lost against the network that it was made from.

    for against in held_against_parents(paths, names, workspace): print(against.sentence)

Both files answer the same pictures: the parent's own test split, or pictures that are given. A variant that lost more
than was allowed has no place in a ranking (`dlbench.bench.results.against_parent`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlbench.api.arguments import PathLike
from dlbench.api.variants.picture_sets import picture_set
from dlbench.bench.measure.subjects import distinct_names
from dlbench.bench.results.against_parent import DEFAULT_ALLOWED_DROP, AgainstParent
from dlbench.errors import DlbenchError, InputError, ModelFileError, close_matches, one_line
from dlbench.files import Workspace
from dlbench.model.card import ModelCard, read_model
from dlbench.proportion import PairedDifference
from dlbench.show.notebook import Progress
from dlbench.train.data.known_data_sets import DATA_NAMES
from dlbench.viz.capture.answers import are_probabilities
from dlbench.viz.capture.feeding import normalised
from dlbench.viz.evaluation.kept_answers import KeptAnswers, PictureSet, kept_answers

_NO_CLASSES = ("regression", "unit-regression")
_MOST_CANDIDATES = 200  # files beside a variant that may be its parent


@dataclass(frozen=True)
class Gate:
    """What a variant may lose, and the pictures for files whose own test split is not known."""

    allowed_drop: float = DEFAULT_ALLOWED_DROP  # share of right answers, in [0, 1]
    data: str | None = None

    @classmethod
    def of(cls, points: float, data: PathLike | None = None) -> Gate:
        """Check what was asked for, before anything is measured.

        Raises:
            InputError: no number of percentage points, or no such data.
        """
        if not 0 <= points <= 100:
            raise InputError(f"--max-accuracy-drop: expected 0 to 100 percentage points, received {points:g}.")
        name = None if data is None else os.fspath(data)
        if name is not None and name not in DATA_NAMES and not Path(name).is_dir():
            raise InputError(
                f"--data: expected a data set ({', '.join(DATA_NAMES)}) or a folder of pictures, received {name!r}."
                f"{close_matches(name, DATA_NAMES)}"
            )
        return cls(points / 100, name)

    def judged(
        self,
        models: Sequence[Path],
        workspace: Workspace,
        names: Sequence[str] = (),
        on_progress: Progress | None = None,
    ) -> tuple[AgainstParent, ...]:
        """Hold each variant among the models against its parent, as `held_against_parents` does."""
        named = list(names) or distinct_names(models)
        return held_against_parents(
            models, named, workspace, data=self.data, allowed_drop=self.allowed_drop, on_progress=on_progress
        )


def held_against_parents(
    models: Sequence[Path],
    names: Sequence[str],
    workspace: Workspace,
    *,
    data: PathLike | None = None,
    allowed_drop: float = DEFAULT_ALLOWED_DROP,
    on_progress: Progress | None = None,
) -> tuple[AgainstParent, ...]:
    """Hold each variant among the models against its parent; models that are no variants are passed over.

    The parent may be among them, or lie beside it, or in the workspace; `data` are for files whose own are not known.
    """
    cards = [read_model(path) for path in models]
    found = []
    for name, card in zip(names, cards, strict=True):
        sha256 = _made_from(card)
        if not sha256:
            continue
        parent = _parent_of(card, cards, workspace)
        if parent is None:
            why = "the file that it was made from is neither beside it nor in the workspace"
            of = {"model": name, "parent": _parent_name(card), "parent_sha256": sha256, "allowed_drop": allowed_drop}
            found.append(AgainstParent.model_validate({**of, "verdict": "not judged", "reason": why}))
            continue
        among = {each.path.absolute(): name for name, each in zip(names, cards, strict=True)}
        named = {"model": name, "parent": among.get(parent.path.absolute(), parent.name)}
        found.append(
            held_against(parent, card, workspace, named, data=data, allowed_drop=allowed_drop, on_progress=on_progress)
        )
    return tuple(found)


def held_against(
    parent: ModelCard,
    variant: ModelCard,
    workspace: Workspace,
    named: Mapping[str, str] | None = None,
    *,
    data: PathLike | None = None,
    allowed_drop: float = DEFAULT_ALLOWED_DROP,
    on_progress: Progress | None = None,
) -> AgainstParent:
    """Hold a variant against its parent on the same pictures; what can't be judged is said in `reason`.

    The result calls them as `named` does, `model` and `parent`; without `data` it is the parent's own test split.
    """
    facts: dict[str, Any] = {"model": variant.name, "parent": parent.name, **(named or {})}
    facts |= {"parent_sha256": parent.sha256, "allowed_drop": allowed_drop}
    try:
        parent = normalised(parent, workspace)
        variant = replace(variant, normalisation=variant.normalisation or parent.normalisation)
        pictures = picture_set(parent, data, workspace, on_progress)
        return _on_pictures(parent, variant, pictures, workspace.root / "judged", facts, on_progress)
    except DlbenchError as error:
        return AgainstParent(verdict="not judged", reason=one_line(error, 400).rstrip("."), **facts)


def _on_pictures(
    parent: ModelCard,
    variant: ModelCard,
    pictures: PictureSet,
    folder: Path,
    facts: dict[str, Any],
    on_progress: Progress | None,
) -> AgainstParent:
    one, other = (
        kept_answers(card, folder, pictures, on_progress=_named_progress(f"judging {name}", on_progress))
        for card, name in ((parent, facts["parent"]), (variant, facts["model"]))
    )
    if one.outputs.shape != other.outputs.shape:
        raise ModelFileError(f"it gives other outputs than {parent.name}, so the two can't be compared.")
    facts |= {"data": pictures.name, "split": pictures.split, "largest_relative_error": _relative_error(one, other)}
    broken = int((~np.isfinite(other.outputs)).any(axis=1).sum())
    if broken:
        facts["reason"] = f"NaN or infinity on {broken:,} pictures"
    if (parent.facts and parent.facts.task in _NO_CLASSES) or not _gives_classes(parent):
        why = "its answers are no classes, so none is right or wrong"
        return AgainstParent(verdict="not judged", **(facts | {"pictures": len(one.outputs), "reason": why}))
    answers = [_answers(parent, each) for each in (one, other)]
    changed = int((answers[0] != answers[1]).any(axis=1).sum())
    truth = _truth(one)
    if truth is None:
        return AgainstParent.unlabelled(len(one.outputs), changed, **facts)
    first, second = ((each == truth).all(axis=1) for each in answers)
    lost, won = int((first & ~second).sum()), int((second & ~first).sum())
    return AgainstParent.judged(PairedDifference(len(truth), lost, won), int(first.sum()), changed=changed, **facts)


def _named_progress(what: str, on_progress: Progress | None) -> Progress | None:
    """Return a callback that tells of what is being done, not of pictures."""
    return (lambda _, done, of: on_progress(what, done, of)) if on_progress else None


def _relative_error(one: KeptAnswers, other: KeptAnswers) -> float | None:
    """Return the largest error of an output over the largest output of the parent's, picture by picture."""
    if not one.outputs.size or not (np.isfinite(one.outputs).all() and np.isfinite(other.outputs).all()):
        return None
    gap = np.abs(one.outputs - other.outputs).max(axis=1)
    scale = np.abs(one.outputs).max(axis=1)
    return float((gap[scale > 0] / scale[scale > 0]).max(initial=0.0))


def _gives_classes(card: ModelCard) -> bool:
    """Say whether the first output is a number for each class, not a map, boxes or a sequence."""
    dims = card.proto.graph.output[0].type.tensor_type.shape.dim
    return len([dim for dim in dims[1:] if dim.dim_value != 1]) <= 1


def _answers(card: ModelCard, kept: KeptAnswers) -> NDArray[np.int64]:
    """Return what the model says of each picture, (N, 1): a class; or (N, labels): yes or no. -1: not a number."""
    outputs = kept.outputs.astype(np.float64)
    finite = np.isfinite(outputs.sum(axis=1))
    least = 0.5 if are_probabilities(card, np.where(finite[:, None], outputs, 0.0)) else 0.0
    if kept.targets is not None or outputs.shape[1] == 1:
        said = (outputs >= least).astype(np.int64)
    else:
        said = np.nan_to_num(outputs).argmax(axis=1)[:, None]  # (N, classes) -> (N, 1)
    said[~finite] = -1
    return said


def _truth(kept: KeptAnswers) -> NDArray[np.int64] | None:
    """Return the true answers as `_answers` says them; None: not known."""
    if kept.targets is not None:
        return kept.targets.astype(np.int64)
    return kept.labels[:, None] if len(kept.labels) else None


def _made_from(card: ModelCard) -> str:
    """Return the hash of the file that this one was made from; "": of none."""
    return card.variant.parent_sha256 if card.variant else ""


def _parent_name(card: ModelCard) -> str:
    return card.name.rpartition(".")[0] or "its parent"


def _parent_of(card: ModelCard, others: Sequence[ModelCard], workspace: Workspace) -> ModelCard | None:
    """Return the file that a variant was made from, by its hash: of the others, beside it, or in the workspace."""
    for other in others:
        if other is not card and other.sha256 == _made_from(card):
            return other
    for path in _candidates(card, workspace):
        try:
            other = read_model(path)
            if other.sha256 == _made_from(card):
                return other
        except ModelFileError:  # another file there is broken, which is no matter of this one
            continue
    return None


def _candidates(card: ModelCard, workspace: Workspace) -> Iterator[Path]:
    """Yield the files that may be a variant's parent, the likeliest first."""
    name = f"{_parent_name(card)}.onnx"
    folders = list(dict.fromkeys(folder.absolute() for folder in (card.path.parent, workspace.models)))
    yield from (path for folder in folders if (path := folder / name).is_file())
    others = [path for folder in folders for path in sorted(folder.glob("*.onnx")) if path.name != name]
    yield from (path for path in others[:_MOST_CANDIDATES] if path.absolute() != card.path.absolute())

"""A variant made again from its recipe, to see whether the bytes are the same.

settings = settings_of(read_model(Path("cnn.int8.onnx")), read_model(Path("cnn.onnx")))
expect_same(Path("cnn.int8.onnx"), again)       # raises where they are not
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlbench.errors import CheckFailedError, InputError, ModelFileError, one_line
from dlbench.export.precision.variant_settings import METHODS, VariantSettings
from dlbench.model.card import read_model

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard


def settings_of(variant: ModelCard, parent: ModelCard) -> VariantSettings:
    """Return the settings that the recipe in a variant's file says.

    Raises:
        CheckFailedError: it was made from another file.
        ModelFileError: it has no recipe, or one that can't be read.
    """
    facts = variant.variant
    if facts is None:
        raise ModelFileError(
            f"{variant.path} can't be made again: expected a file with a recipe, received none; make it without "
            "--repeat."
        )
    if facts.parent_sha256 != parent.sha256:
        raise CheckFailedError(
            f"{variant.path} was made from another file than {parent.path}: expected the hash "
            f"{facts.parent_sha256[:12]}, received {parent.sha256[:12]}; give the file that it was made from."
        )
    recipe = facts.recipe
    calibration = recipe.get("calibration") or {}
    try:
        return VariantSettings(
            method=method if (method := recipe.get("method")) in METHODS else "minmax",
            per_channel=bool(recipe.get("per_channel", True)),
            activations=recipe.get("activation_type", "auto"),
            reduce_range=recipe.get("reduce_range"),
            keep_fp32=tuple(map(str, recipe.get("kept_fp32", ()))),
            opset=recipe.get("asked_opset"),
            with_activation=bool(recipe.get("with_activation", False)),
            calibration_kind=str(calibration.get("kind", "")),
            calibration_seed=int(calibration.get("seed", 0)),
        )
    except (InputError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(
            f"the recipe in {variant.path} can't be read: expected one that dlbench wrote, received "
            f"{one_line(error, 120)}; make it without --repeat."
        ) from error


def pictures_of(variant: ModelCard) -> tuple[int, int] | None:
    """Return how many pictures a variant was calibrated on, and the seed that chose them; None: on none."""
    calibration: Any = (variant.variant.recipe if variant.variant else {}).get("calibration")
    if not isinstance(calibration, dict):
        return None
    pictures, seed = calibration.get("pictures"), calibration.get("seed", 0)
    return (pictures, seed) if isinstance(pictures, int) and isinstance(seed, int) else None


def expect_same(path: Path, again: Path) -> None:
    """Refuse where two files differ, and say which part of the recipe does.

    Raises:
        CheckFailedError: they differ.
    """
    hashes = [hashlib.sha256(each.read_bytes()).hexdigest() for each in (path, again)]
    if hashes[0] == hashes[1]:
        return
    recipes: list[dict[str, Any]] = [(v.recipe if (v := read_model(each).variant) else {}) for each in (path, again)]
    other = sorted(key for key in {*recipes[0], *recipes[1]} if recipes[0].get(key) != recipes[1].get(key))
    why = f"the recipe differs in {', '.join(other)}" if other else "the recipe is the same"
    raise CheckFailedError(
        f"{path} could not be made again: expected the same bytes, received others; {why}: "
        + one_line("; ".join(f"{key} {recipes[0].get(key)} -> {recipes[1].get(key)}" for key in other), 300)
    )

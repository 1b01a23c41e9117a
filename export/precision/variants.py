"""Variants of a model file: the same network in another precision, with its recipe in the file.

    variant = write_variant(Path("models/cnn.onnx"), "int8", to=None, calibration=batches, settings=VariantSettings())
    variant.path                        # models/cnn.int8.onnx
    read_model(variant.path).variant    # its recipe, and the hash of its parent

Everything that the parent says of itself (task, labels, normalisation, split) stands in the variant too, but for what
was measured on the parent's own numbers: accuracy, metrics, parity. A variant is written whole or not at all.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from dlbench.errors import InputError, ModelFileError, WorkspaceError, close_matches
from dlbench.export.precision.conversions import Made, Step
from dlbench.export.precision.graph_preparing import source_of
from dlbench.export.precision.model_storage import write_model
from dlbench.export.precision.output_forms import add_activation, write_runtime_files
from dlbench.export.precision.variant_settings import VariantSettings
from dlbench.files import as_workspace_error
from dlbench.model.card import ModelCard, read_model
from dlbench.model.facts import Precision, VariantFacts, write_facts, write_variant_facts
from dlbench.runtime import onnx_runtime

if TYPE_CHECKING:
    from onnx import ModelProto

    from dlbench.model.sessions import Images

_NO_KERNEL = re.compile(r"Could not find an implementation for (\w+)\(")
PRECISIONS: tuple[str, ...] = get_args(Precision)

Progress = Callable[[str, int, int], None]  # what is being done, steps done, steps in all


@dataclass(frozen=True)
class Variant:
    """A file in another precision, written and opened once."""

    path: Path
    precision: str
    parent_sha256: str
    recipe: Mapping[str, Any] = field(repr=False)
    bytes: int  # of the file and its external data
    layers_left_float: tuple[str, ...]  # nodes that compute and were not quantised, as "name (Operator)"
    steps: tuple[Step, ...] = ()  # how the layers that stay float were found
    beside: tuple[Path, ...] = ()  # the optimised graph, and ONNX Runtime's own format
    note: str = ""  # why ONNX Runtime can't run it here; empty: it can


def variant_path(parent: Path, precision: str, to: Path | None = None) -> Path:
    """Return where a variant lies: PARENT.PRECISION.onnx, beside its parent or in the folder `to`."""
    return (to or parent.parent) / f"{parent.stem}.{precision}.onnx"


def write_variant(
    parent: Path | ModelCard,
    precision: str,
    *,
    to: Path | None = None,
    calibration: Iterable[Images] | None = None,
    settings: VariantSettings | None = None,
    optimised: bool = False,
    ort: bool = False,
    progress: Progress | None = None,
) -> Variant:
    """Write a model in another precision and return what was made; fp32 of an fp32 file is that file itself.

    Args:
        parent: an ONNX file of 32-bit numbers.
        precision: one of PRECISIONS.
        to: folder of the new file; None: beside its parent.
        calibration: batches of inputs, such as `[{"image": array}]` with arrays (N, C, H, W): int8 measures ranges on
            them, fp16 looks for numbers that are too large. They may be asked for more than once.
        settings: None: the defaults.
        optimised: also write the graph as ONNX Runtime optimises it for any CPU, as NAME.optimised.onnx.
        ort: also write the model in ONNX Runtime's own format, as NAME.ort.
        progress: called with what is being done, steps done and steps in all.

    Raises:
        InputError: no such precision, no pictures for int8, or pictures that don't fit.
        ModelFileError: the file can't be read, is no fp32 model, or ONNX Runtime can't convert it.
        WorkspaceError: the folder can't be written.
    """
    expect_known(precision)
    card = parent if isinstance(parent, ModelCard) else read_model(parent)
    _expect_float(card, precision)
    settings = settings or VariantSettings()
    if precision == "fp32" and to is None and settings.opset is None and not settings.with_activation:
        extra = write_runtime_files(card.path, optimised=optimised, ort=ort)
        return Variant(card.path, "fp32", card.sha256, {}, card.size_bytes, (), beside=extra)
    path = variant_path(card.path, precision, to)
    expect_writable(path.parent)
    made = _converted(card, precision, calibration, settings, progress)
    recipe = made.recipe | _asked(settings) | _versions(made.model)
    if settings.with_activation:
        add_activation(made.model, card)
    _describe(made.model, card, precision, recipe)
    size = write_model(made.model, path)
    note = _why_not_here(path, precision)
    extra = () if note else write_runtime_files(path, optimised=optimised, ort=ort)
    return Variant(path, precision, card.sha256, recipe, size, made.left, made.steps, extra, note)


def expect_writable(folder: Path) -> None:
    """Refuse a folder that can't be written, before the work.

    Raises:
        WorkspaceError: it can't be made or written.
    """
    try:
        with as_workspace_error(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as probe:
                probe.write(b"dlbench")
    except WorkspaceError as error:
        what = str(error).partition(";")[0]
        raise WorkspaceError(f"{what.rstrip('.')}; choose another folder with --to FOLDER.") from error


def expect_known(precision: str) -> None:
    """Refuse a name that is no precision.

    Raises:
        InputError: with the names there are.
    """
    if precision not in PRECISIONS:
        raise InputError(
            f"--precision: expected {', '.join(PRECISIONS)}, received {precision[:40]!r}."
            f"{close_matches(precision, PRECISIONS)}"
        )


def _expect_float(card: ModelCard, precision: str) -> None:
    from dlbench.export.precision.quantised import quantised_operators

    operators = quantised_operators(card.proto)
    if operators or card.precision != "fp32":
        what = f"one that is quantised already ({', '.join(operators[:3])})" if operators else card.precision
        raise ModelFileError(
            f"{card.path} can't become {precision}: expected an fp32 model, received {what}; give the file that it was "
            "made from."
        )


def _converted(
    card: ModelCard,
    precision: str,
    calibration: Iterable[Images] | None,
    settings: VariantSettings,
    progress: Progress | None,
) -> Made:
    """Return the model in that precision, what decided its bytes, and the layers that stayed float."""
    match precision:
        case "fp32":
            return Made(source_of(card, settings), {}, ())
        case "fp16" | "bf16":
            from dlbench.export.precision.half import to_half

            return to_half(card, precision, calibration, settings, progress)
        case "int8":
            from dlbench.export.precision.int8 import to_int8

            return to_int8(card, calibration, settings, progress)
        case "int8-dynamic":
            from dlbench.export.precision.int8 import to_dynamic_int8

            return to_dynamic_int8(card, settings)
        case "int4":
            from dlbench.export.precision.int4 import to_int4

            return to_int4(card, settings)
    raise AssertionError(f"{precision} stands in PRECISIONS, but nothing makes it")


def _asked(settings: VariantSettings) -> dict[str, Any]:
    """Return what a recipe says of the plain wishes, where there are any."""
    wishes = {"asked_opset": settings.opset, "with_activation": settings.with_activation}
    return {name: wish for name, wish in wishes.items() if wish}


def _versions(model: ModelProto) -> dict[str, Any]:
    import onnx

    opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), None)
    return {"opset": opset, "onnx": onnx.__version__, "onnxruntime": onnx_runtime().__version__}


def _describe(model: ModelProto, card: ModelCard, precision: str, recipe: Mapping[str, Any]) -> None:
    """Write the parent's facts without what was measured on it, and how the variant was made; leave out what is noise.

    Shapes inside the graph can be inferred, and names of the nodes that convert to integers and back tell nothing.
    """
    del model.graph.value_info[:]
    for node in model.graph.node:
        node.doc_string = ""
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            node.name = ""
    del model.metadata_props[:]
    model.metadata_props.extend(card.proto.metadata_props)
    model.graph.name = card.proto.graph.name
    if card.facts is not None:
        own: dict[str, Any] = {"accuracy": None, "metrics": {}, "parity_max_abs_error": None}
        own |= {"output": "probabilities"} if recipe.get("with_activation") else {}
        write_facts(model, card.facts.model_copy(update=own))
    facts = {"precision": precision, "parent_sha256": card.sha256, "recipe": dict(recipe)}
    write_variant_facts(model, VariantFacts.model_validate(facts))


def _why_not_here(path: Path, precision: str) -> str:
    """Open the file as it will be used and return why ONNX Runtime can't run it on this CPU; empty: it can."""
    from dlbench.model.sessions import open_session

    card = read_model(path)
    try:
        open_session(card, card.proto)
    except ModelFileError as error:
        lacking = _NO_KERNEL.search(str(error))
        return f"ONNX Runtime has no {lacking[1]} of {precision} for a CPU" if lacking else str(error)
    return ""

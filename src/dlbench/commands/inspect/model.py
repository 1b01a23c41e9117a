"""What `dlbench inspect` prints for a model file: its layers, totals that add up, and what is unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from dlbench.model.card import ModelCard
    from dlbench.model.inspection import InspectedLayer, Inspection
    from dlbench.show.table import Table

__all__ = ["show_model"]

_UNKNOWN = "unknown"


def show_model(
    card: ModelCard, asked: str, batch: int | None, shapes: Sequence[str], every: bool, as_json: bool
) -> None:
    """Print the layers of a model file.

    Args:
        card: the file.
        asked: what the user typed for it, for the commands to run next.
        batch: pictures at once; None: one, or what the file is made for.
        shapes: of --shape.
        every: a row for each small operator too.
        as_json: JSON in place of tables.

    Raises:
        InputError: the model takes another batch, or an open size is not settled.
    """
    from dlbench.model.feeds import parse_shape
    from dlbench.model.inspection import inspect_model

    found = inspect_model(card, batch, dict(parse_shape(text) for text in shapes))
    if as_json:
        import json

        typer.echo(json.dumps(_document(card, found)))
        return
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    console = output()
    show_tables(console, (_table(card, found, every),))
    show_notes(console, "In short", _sentences(card, found), style="")
    show_notes(console, "Notes", found.notes)
    show_wrote(console, (), (f"dlbench viz activations {asked} IMAGE", f"dlbench compare {asked}"))


def _document(card: ModelCard, found: Inspection) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "schema": "dlbench.layers/1",
        "model": card.name,
        "sha256": card.sha256,
        "size_bytes": card.size_bytes,
        "precision": card.precision,
        "batch": found.batch,
        "inputs": [asdict(one) for one in found.inputs],
        "layers": [asdict(layer) for layer in found.layers],
        "totals": {
            "parameters": found.total_parameters,
            "macs": found.total_macs,
            "macs_complete": not found.uncounted,
            "activation_bytes": found.total_activation_bytes,
            "activation_bytes_complete": not found.unsized,
        },
        "notes": list(found.notes),
    }


def _table(card: ModelCard, found: Inspection, every: bool) -> Table:
    from dlbench.show.table import Column, Table

    columns = (
        Column("layer", False, wraps=True),
        Column("operator", False, secondary=True),
        Column("gives"),
        Column("parameters"),
        Column("multiply-accumulates"),
        Column("activations (bytes)", secondary=True),
    )
    small = () if every else tuple(layer for layer in found.layers if layer.is_small)
    rows = [_row(layer) for layer in found.layers if every or not layer.is_small]
    if small:
        rows.append(_small_row(small))
    total = (
        "all layers",
        "",
        "",
        f"{found.total_parameters:,}",
        f"{'at least ' if found.uncounted else ''}{found.total_macs:,}",
        f"{'at least ' if found.unsized else ''}{found.total_activation_bytes:,}",
    )
    notes: tuple[str, ...] = (
        f"for {_inputs_in_words(found)}; gives: the shape of what the layer gives, the batch first.",
        "multiply-accumulates: of convolutions and matrix products, forward. activations: what every layer gives, "
        "added up; a run keeps only those that are still needed.",
    )
    if small:
        notes += ("small operators move, rename or convert values; --all gives each a row.",)
    return Table("layers", f"{card.name}, batch {found.batch}", columns, (*rows, total), notes)


def _row(layer: InspectedLayer) -> tuple[str, ...]:
    if layer.order < 0:
        return (layer.name, "", "", f"{layer.parameters:,}", "-", "-")
    return (
        layer.name,
        layer.operator,
        _UNKNOWN if layer.shape is None else " x ".join(map(str, layer.shape)) or "one number",
        f"{layer.parameters:,}" if layer.parameters else "-",
        _number(layer.macs),
        _number(layer.activation_bytes),
    )


def _number(value: int | None) -> str:
    if value is None:
        return _UNKNOWN
    return f"{value:,}" if value else "-"


def _small_row(small: Sequence[InspectedLayer]) -> tuple[str, ...]:
    kinds = Counter(layer.operator for layer in small)
    told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(2))
    known = [layer.activation_bytes for layer in small if layer.activation_bytes is not None]
    size = f"{sum(known):,}" if len(known) == len(small) else f"at least {sum(known):,}"
    words = "small operator" if len(small) == 1 else "small operators"
    return (f"{len(small)} {words}", told + (", ..." if len(kinds) > 2 else ""), "", "-", "-", size)


def _inputs_in_words(found: Inspection) -> str:
    return "; ".join(f"{one.name} {' x '.join(map(str, one.shape))} ({one.element_type})" for one in found.inputs)


def _sentences(card: ModelCard, found: Inspection) -> list[str]:
    from dlbench.show import units

    macs = f"{'at least ' if found.uncounted else ''}{units.count(found.total_macs)} multiply-accumulates"
    activations = f"{'at least ' if found.unsized else ''}{units.size(found.total_activation_bytes)} of activations"
    lines = [
        f"{units.count(found.total_parameters)} parameters ({card.precision}), {units.size(card.size_bytes)} on disk.",
        f"{macs} and {activations} for a batch of {found.batch}.",
    ]
    if found.total_macs:
        most = max(found.layers, key=lambda layer: layer.macs or 0)
        of_what = "of the multiply-accumulates that are known" if found.uncounted else "of the multiply-accumulates"
        lines.append(f"most work: {most.name} ({most.operator}), {(most.macs or 0) / found.total_macs:.0%} {of_what}.")
    largest = max(found.layers, key=lambda layer: layer.parameters)
    if largest.operator and largest.parameters:
        share = largest.parameters / found.total_parameters
        lines.append(f"most parameters: {largest.name} ({largest.operator}), {share:.0%} of them.")
    return lines

"""A model file as a table of layers: shapes, parameters, work and memory, with totals that add up.

import dlbench

inspection = dlbench.inspect("cnn.onnx")
print(inspection.table())
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from dlbench.api.arguments import Inputs, PathLike, Shapes, given_inputs, names_arguments, shape_texts
from dlbench.api.networks import looked_at
from dlbench.files import Workspace
from dlbench.model.card import ModelCard
from dlbench.model.inputs.feeds import parse_shape
from dlbench.model.inspection import InspectedLayer, inspect_model
from dlbench.model.inspection import Inspection as InspectionRecord
from dlbench.model.layers import Layer, layers_of
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables
from dlbench.viz.figures.layer_words import Meanings

_UNKNOWN = "unknown"


@names_arguments
def inspect(
    model: PathLike | ModelCard,
    *,
    batch: int | None = None,
    shape: Shapes = None,
    inputs: Inputs = None,
    workspace: PathLike | Workspace | None = None,
) -> Inspection:
    """Return the layers of a model file, as `dlbench inspect` shows them.

    Args:
        model: an ONNX file, or a name of the workspace such as "cnn".
        batch: pictures at once; None: one, or the only batch that the model takes.
        shape: sizes of inputs whose shape is open, such as {"x": ("N", 3, 224, 224)}; "N" marks the batch axis.
        inputs: values of inputs, such as {"length": 512} or {"x": "x.npy"}.
        workspace: where names are looked up.

    Raises:
        InputError: the model can't be read, takes another batch, or an open size is not settled.
    """
    card = looked_at(model, workspace)
    shapes = dict(parse_shape(text) for text in shape_texts(shape))
    record = inspect_model(card, batch, shapes, given_inputs(inputs))
    return Inspection(**vars(record), card=card)


@dataclass(frozen=True, repr=False)
class Inspection(WithTables, InspectionRecord):
    """The layers of a model for one batch, with their table."""

    card: ModelCard  # the file

    def __repr__(self) -> str:
        return (
            f"<Inspection of {self.card.name[:80]}, batch {self.batch}: {len(self.layers)} layers, "
            f"{self.total_parameters:,} parameters, {self.total_macs:,} multiply-accumulates>"
        )

    def tables(self, every: bool = False) -> TableView:
        """Return the table of `dlbench inspect`; `every`: small operators have a row of their own."""
        columns = (
            Column("layer", False, wraps=True, key=True),
            Column("operator", False, secondary=1),
            Column("gives", secondary=1),
            Column("parameters"),
            Column("multiply-accumulates"),
            Column("activations (bytes)", secondary=2),
        )
        small = () if every else tuple(layer for layer in self.layers if layer.is_small)
        rows = [_row(layer) for layer in self.layers if every or not layer.is_small]
        if small:
            rows.append(_small_row(small))
        total = (
            "in all",
            "",
            "",
            f"{self.total_parameters:,}",
            f"{'at least ' if self.uncounted else ''}{self.total_macs:,}",
            f"{'at least ' if self.unsized else ''}{self.total_activation_bytes:,}",
        )
        inputs = "; ".join(f"{i.name} {' x '.join(map(str, i.shape))} ({i.element_type})" for i in self.inputs)
        notes: tuple[str, ...] = (
            f"for {inputs}; gives: the shape of what the layer gives, the batch first.",
            "multiply-accumulates: of convolutions and matrix products, forward. activations: what every layer gives, "
            "added up; a run keeps only those that are still needed.",
        )
        if small:
            notes += ("small operators move, rename or convert values; `every=True` gives each a row.",)
        title = f"{self.card.name}, batch {self.batch}"
        return TableView((Table("layers", title, columns, (*rows, total), notes, totals=1),))

    def busiest(self, table: Table, rows: int, every: bool = False) -> Table:
        """Return the table with so many rows at most: the layers with the most work, and the others as one."""
        shown = len(self.layers) if every else sum(not layer.is_small for layer in self.layers)
        if len(table.rows) - table.totals <= rows or shown <= rows:
            return table
        by_work = (i for i in self.by_work if every or not self.layers[i].is_small)
        kept = [self.layers[i] for i in sorted(islice(by_work, rows - 1))]  # in the order of the graph
        row = (
            f"{len(self.layers) - len(kept)} others",
            "",
            "",
            f"{self.total_parameters - sum(layer.parameters for layer in kept):,}",
            self._rest(kept, "macs"),
            self._rest(kept, "activation_bytes"),
        )
        title = f"{table.title}: the {len(kept)} layers with the most work"
        return replace(table, title=title, rows=(*map(_row, kept), row, *table.rows[-table.totals :]))

    def _rest(self, kept: Sequence[InspectedLayer], number: str) -> str:
        """Return what the other layers have together; "at least" where one's is not known."""
        total, unknown = self.known[number]
        known = [value for layer in kept if (value := getattr(layer, number)) is not None]
        return f"{'at least ' if unknown > len(kept) - len(known) else ''}{total - sum(known):,}"

    @cached_property
    def by_work(self) -> Sequence[int]:
        """The layers' places, those with the most multiply-accumulates first, then those with the most parameters."""
        return sorted(range(len(self.layers)), key=lambda i: (-(self.layers[i].macs or 0), -self.layers[i].parameters))

    @cached_property
    def known(self) -> dict[str, tuple[int, int]]:
        """For `macs` and `activation_bytes`: the sum of what is known, and of how many layers it is not."""
        values = {name: [getattr(layer, name) for layer in self.layers] for name in ("macs", "activation_bytes")}
        return {name: (sum(v or 0 for v in each), each.count(None)) for name, each in values.items()}

    def _records(self) -> list[dict[str, Any]]:
        return [asdict(layer) for layer in self.layers]

    def sentences(self) -> list[str]:
        """Return a short summary in sentences."""
        macs = f"{'at least ' if self.uncounted else ''}{units.count(self.total_macs)} multiply-accumulates"
        activations = f"{'at least ' if self.unsized else ''}{units.size(self.total_activation_bytes)} of activations"
        lines = [
            f"{units.count(self.total_parameters)} parameters ({self.card.precision}), "
            f"{units.size(self.card.size_bytes)} on disk.",
            f"{macs} and {activations} for a batch of {self.batch}.",
        ]
        if self.total_macs:
            most = max(self.layers, key=lambda layer: layer.macs or 0)
            name, part = f"{most.name} ({most.operator})", f"{(most.macs or 0) / self.total_macs:.0%}"
            lines.append(
                f"most work: {name}, {part} of the multiply-accumulates that are known."
                if self.uncounted
                else f"most work: {name}, {part} of the multiply-accumulates."
            )
        largest = max(self.layers, key=lambda layer: layer.parameters)
        if largest.operator and largest.parameters:
            share = largest.parameters / self.total_parameters
            lines.append(f"most parameters: {largest.name} ({largest.operator}), {share:.0%} of them.")
        return lines

    def document(self) -> dict[str, Any]:
        """Return the machine form, `dlbench.layers/1`."""
        return {
            "schema": "dlbench.layers/1",
            "model": self.card.name,
            "sha256": self.card.sha256,
            "size_bytes": self.card.size_bytes,
            "precision": self.card.precision,
            "batch": self.batch,
            "inputs": [asdict(each) for each in self.inputs],
            "layers": [asdict(layer) for layer in self.layers],
            "totals": {
                "parameters": self.total_parameters,
                "macs": self.total_macs,
                "macs_complete": not self.uncounted,
                "activation_bytes": self.total_activation_bytes,
                "activation_bytes_complete": not self.unsized,
            },
            "notes": list(self.notes),
        }


@names_arguments
def list_layers(model: PathLike | ModelCard, *, workspace: PathLike | Workspace | None = None) -> LayerList:
    """Return the layers that can be looked at, as `dlbench viz activations --list` shows them.

    Args:
        model: an ONNX file, or a name of the workspace such as "cnn".
        workspace: where names are looked up.

    Raises:
        InputError: the model can't be read.
    """
    card = looked_at(model, workspace)
    return LayerList(card, layers_of(card))


@dataclass(frozen=True, repr=False)
class LayerList(WithTables):
    """The layers of a model in the order of the graph, with what each does in words."""

    card: ModelCard
    layers: tuple[Layer, ...]

    def __repr__(self) -> str:
        return f"<LayerList of {self.card.name[:80]}: {len(self.layers)} layers>"

    def tables(self) -> TableView:
        """Return one row for each layer."""
        meanings = Meanings(self.card)
        rows = tuple(
            (str(layer.order), layer.title, layer.kind, layer.tensor, meanings.of(layer)) for layer in self.layers
        )
        columns = (
            Column("place", key=True),
            Column("name", False, wraps=True, key=True),
            Column("operator", False, secondary=1),
            Column("tensor", False, secondary=2, wraps=True),
            Column("what it does", False, wraps=True),
        )
        note = (
            "`layers` takes a place, a name, a tensor, an operator, a pattern such as conv*, and several with commas."
        )
        title = f"The layers of {self.card.name}, in the order of the graph"
        return TableView((Table("layers", title, columns, rows, (note,)),))

    def document(self) -> list[dict[str, Any]]:
        """Return the machine form."""
        return [asdict(layer) for layer in self.layers]


def _sum(values: Sequence[int | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{'' if len(known) == len(values) else 'at least '}{sum(known):,}"


def _row(layer: InspectedLayer) -> tuple[str, ...]:
    if layer.order < 0:
        return (layer.name, "", "", f"{layer.parameters:,}", "-", "-")
    return (
        layer.name,
        layer.operator,
        _shape_words(layer),
        f"{layer.parameters:,}" if layer.parameters else "-",
        _number(layer.macs),
        _number(layer.activation_bytes),
    )


def _shape_words(layer: InspectedLayer) -> str:
    if layer.shape is None:
        return _UNKNOWN
    shape = " x ".join(map(str, layer.shape)) or "one number"
    return f"{shape} (one run)" if layer.shape_from_run else shape


def _number(value: int | None) -> str:
    if value is None:
        return _UNKNOWN
    return f"{value:,}" if value else "-"


def _small_row(small: Sequence[InspectedLayer]) -> tuple[str, ...]:
    kinds = Counter(layer.operator for layer in small)
    kinds_shown = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(2))
    size = _sum([layer.activation_bytes for layer in small])
    noun = "small operator" if len(small) == 1 else "small operators"
    return (f"{len(small)} {noun}", kinds_shown + (", ..." if len(kinds) > 2 else ""), "", "-", "-", size)

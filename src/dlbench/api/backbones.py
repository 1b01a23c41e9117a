"""A torchvision backbone before it is trained: its stages, and what remains to train after freezing.

import dlbench

dlbench.inspect_backbone("resnet18", freeze="last-3").table()
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from dlbench.api.arguments import names_arguments
from dlbench.errors import InputError
from dlbench.show import units
from dlbench.show.table import Column, Table
from dlbench.show.table_view import TableView, WithTables, frame_of
from dlbench.show.texts import said, says_errors, tr
from dlbench.train.networks.stage_facts import Structure, backbone_structure


@names_arguments
def inspect_backbone(backbone: str, *, freeze: str = "all", outputs: int = 2) -> Backbone:
    """Return the stages of a backbone: shapes, weights, work, and which of them are frozen or trained.

    Args:
        backbone: a classification network of torchvision such as "resnet18"; no weights are loaded.
        freeze: all, none or last-N.
        outputs: of the new head, one per class.

    Raises:
        InputError: no such backbone or freezing.
    """
    if not 1 <= outputs <= 100_000:
        raise InputError(f"--outputs: expected 1 to 100,000, received {outputs}.")
    return Backbone(**vars(backbone_structure(backbone, freeze, outputs)))


@dataclass(frozen=True, repr=False)
class Backbone(WithTables, Structure):
    """A backbone with a new head, with its table."""

    def __repr__(self) -> str:
        weights = f"{self.trained_parameters:,} of {self.parameters:,} weights trained"
        return f"<Backbone {self.backbone}, freeze {self.freeze}: {weights}>"

    def tables(self) -> TableView:
        """Return the table of stages."""
        return TableView((_table(self),))

    @says_errors
    def to_frame(self) -> Any:
        """Return one row for each stage (pandas).

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return frame_of([asdict(stage) for stage in self.stages])

    def sentences(self) -> list[str]:
        """Return a short summary in sentences."""
        return _sentences(self)

    def document(self) -> dict[str, Any]:
        """Return the machine form, `dlbench.backbone/1`."""
        totals = ("parameters", "trained_parameters", "frozen_parameters", "macs", "macs_each_step")
        return {"schema": "dlbench.backbone/1", **asdict(self), **{name: getattr(self, name) for name in totals}}


def _table(structure: Structure) -> Table:
    columns = (
        Column("stage", False, key=True),
        Column("kind", False, secondary=2),
        Column("gives (of one picture)", secondary=1),
        Column("weights"),
        Column("multiply-accumulates"),
        Column("state", False),
    )
    rows = tuple(
        (
            stage.name,
            stage.kind,
            " x ".join(map(str, stage.shape)),
            f"{stage.parameters:,}" if stage.parameters else "-",
            units.count(stage.macs) if stage.macs else "-",
            tr("{state}, kept", state=said(stage.state)) if stage.is_cached else stage.state,
        )
        for stage in structure.stages
    )
    total = ("all stages", "", "", f"{structure.parameters:,}", units.count(structure.macs), "")
    height, width = structure.size
    notes = (
        f"a picture is 3 x {height} x {width} (channels x height x width); the last stage is the new head for "
        f"{structure.outputs} outputs.",
        "multiply-accumulates: of convolutions, matrix products and attention, forward, one picture.",
    )
    title = f"{structure.backbone}: {_frozen(structure.freeze)}"
    return Table("backbone", title, columns, (*rows, total), notes, totals=1)


def _frozen(freeze: str) -> str:
    if freeze.startswith("last-"):
        return tr("the last {n} stages and the head are trained", n=freeze.removeprefix("last-"))
    return tr("all is trained") if freeze == "none" else tr("frozen but for the head")


def _sentences(structure: Structure) -> list[str]:
    share = structure.trained_parameters / structure.parameters
    lines = [
        f"trained: {structure.trained_parameters:,} of {structure.parameters:,} weights ({share:.2%}); frozen: "
        f"{structure.frozen_parameters:,}."
    ]
    if structure.cached_values:
        size = units.size(4 * structure.cached_values)
        lines.append(
            f"kept for each picture: {structure.cached_values:,} numbers ({size}), so a training step runs "
            f"{structure.macs_each_step / structure.macs:.1%} of the network's multiply-accumulates."
        )
    else:
        lines.append("nothing is frozen, so every training step runs the whole network on the pictures.")
    return lines

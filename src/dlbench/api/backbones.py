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
from dlbench.show.table_view import TableView, WithTables
from dlbench.show.texts import said, tr
from dlbench.train.networks.stage_facts import Structure, backbone_structure

_COLUMNS = (
    Column("stage", False, key=True),
    Column("kind", False, secondary=2),
    Column("gives (of one picture)", secondary=1),
    Column("weights"),
    Column("multiply-accumulates"),
    Column("state", False),
)


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
        rows = tuple(
            (
                stage.name,
                stage.kind,
                " x ".join(map(str, stage.shape)),
                f"{stage.parameters:,}" if stage.parameters else "-",
                units.count(stage.macs) if stage.macs else "-",
                tr("{state}, kept", state=said(stage.state)) if stage.is_cached else stage.state,
            )
            for stage in self.stages
        )
        total = ("all stages", "", "", f"{self.parameters:,}", units.count(self.macs), "")
        height, width = self.size
        notes = (
            f"a picture is 3 x {height} x {width} (channels x height x width); the last stage is the new head for "
            f"{self.outputs} outputs.",
            "multiply-accumulates: of convolutions, matrix products and attention, forward, one picture.",
        )
        title = f"{self.backbone}: {_frozen(self.freeze)}"
        return TableView((Table("backbone", title, _COLUMNS, (*rows, total), notes, totals=1),))

    def _records(self) -> list[dict[str, Any]]:
        return [asdict(stage) for stage in self.stages]

    def sentences(self) -> list[str]:
        """Return a short summary in sentences."""
        share = self.trained_parameters / self.parameters
        lines = [
            f"trained: {self.trained_parameters:,} of {self.parameters:,} weights ({share:.2%}); frozen: "
            f"{self.frozen_parameters:,}."
        ]
        if self.cached_values:
            size = units.size(4 * self.cached_values)
            last = self.freeze.startswith("last-")
            learns = "training works on the last stages and the head" if last else "training works on the head alone"
            lines.append(
                f"The frozen part is computed once for each picture; its {self.cached_values:,} numbers ({size}) are "
                f"stored, and {learns}."
            )
        else:
            lines.append("nothing is frozen, so every training step runs the whole network on the pictures.")
        return lines

    def document(self) -> dict[str, Any]:
        """Return the machine form, `dlbench.backbone/1`."""
        totals = {
            name: getattr(self, name) for name in ("parameters", "trained_parameters", "frozen_parameters", "macs")
        }
        return {"schema": "dlbench.backbone/1", **asdict(self), **totals, "macs_each_step": self.macs_each_step}


def _frozen(freeze: str) -> str:
    if freeze.startswith("last-"):
        return tr("the last {n} stages and the head are trained", n=freeze.removeprefix("last-"))
    return tr("all is trained") if freeze == "none" else tr("frozen but for the head")

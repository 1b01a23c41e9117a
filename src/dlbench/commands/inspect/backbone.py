"""What `dlbench inspect` prints for a backbone of torchvision: stages, and what a freezing leaves to train."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from dlbench.show.table import Table
    from dlbench.train.networks.structure import Structure

__all__ = ["show_backbone"]


def show_backbone(backbone: str, freeze: str, outputs: int, as_json: bool) -> None:
    """Print the stages of a backbone: shapes, weights, work, and which of them are frozen or trained.

    Raises:
        InputError: no such backbone or freezing.
    """
    from dlbench.train.networks.structure import backbone_structure

    found = backbone_structure(backbone, freeze, outputs)
    if as_json:
        import json
        from dataclasses import asdict

        totals = {
            "parameters": found.parameters,
            "trained_parameters": found.trained_parameters,
            "frozen_parameters": found.frozen_parameters,
            "macs": found.macs,
            "macs_each_step": found.macs_each_step,
        }
        typer.echo(json.dumps({"schema": "dlbench.backbone/1", **asdict(found), **totals}))
        return
    from dlbench.show.console import output, show_notes, show_tables, show_wrote

    console = output()
    show_tables(console, (_table(found),))
    show_notes(console, "In short", _sentences(found), style="")
    show_wrote(console, (), (f"dlbench train transfer --backbone {backbone} --freeze {freeze} --data FOLDER",))


def _table(found: Structure) -> Table:
    from dlbench.show import units
    from dlbench.show.table import Column, Table

    columns = (
        Column("stage", False),
        Column("kind", False, secondary=True),
        Column("gives (of one picture)"),
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
            f"{stage.state}, kept" if stage.is_cached else stage.state,
        )
        for stage in found.stages
    )
    total = ("all stages", "", "", f"{found.parameters:,}", units.count(found.macs), "")
    height, width = found.size
    notes = (
        f"a picture is 3 x {height} x {width} (channels x height x width); the last stage is the new head for "
        f"{found.outputs} outputs.",
        "multiply-accumulates: of convolutions, matrix products and attention, forward, one picture.",
    )
    return Table("backbone", f"{found.backbone}, --freeze {found.freeze}", columns, (*rows, total), notes)


def _sentences(found: Structure) -> list[str]:
    from dlbench.show import units

    share = found.trained_parameters / found.parameters
    lines = [
        f"trained: {found.trained_parameters:,} of {found.parameters:,} weights ({share:.2%}); frozen: "
        f"{found.frozen_parameters:,}."
    ]
    if found.cached_values:
        lines.append(
            f"kept for each picture: {found.cached_values:,} numbers ({units.size(4 * found.cached_values)}), so a "
            f"training step runs {found.macs_each_step / found.macs:.1%} of the network's multiply-accumulates."
        )
    else:
        lines.append("nothing is frozen, so every training step runs the whole network on the pictures.")
    return lines

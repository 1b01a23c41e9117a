"""`dlbench cost training`: published training costs, and this machine's own beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dlbench.commands.options import JsonOption, WorkspaceOption
from dlbench.files import Workspace

if TYPE_CHECKING:
    from dlbench.bench.results import TrainingCost

__all__ = ["training"]


def training(
    results: Annotated[
        list[Path] | None, typer.Argument(help="Result files with trainings of your own (default: the newest one).")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what training ResNet-50 cost over the years, and what this machine's own trainings cost."""
    from dlbench.bench.published import published_runs

    folder = Workspace.at(workspace)
    runs, own = published_runs(), _own(results, folder)
    if as_json:
        import json
        from dataclasses import asdict

        document = {"published": [asdict(r) for r in runs], "own": [t.model_dump(mode="json") for t in own]}
        typer.echo(json.dumps(document))
        return
    from dlbench.bench.publishedtables import own_table, published_chart, published_table, training_sentences
    from dlbench.console import output, show_notes, show_tables, show_wrote
    from dlbench.files import write_atomic

    console = output()
    show_tables(console, (published_table(runs), *((own_table(own),) if own else ())))
    show_notes(console, "In short", training_sentences(runs), style="")
    picture = write_atomic(folder.pictures / "training-cost.svg", published_chart(runs, own)[2])
    then = () if own else ("dlbench compare puts this machine's own networks beside them",)
    show_wrote(console, (picture,), then)


def _own(results: list[Path] | None, folder: Workspace) -> tuple[TrainingCost, ...]:
    """Return the trainings of the given results, or of the workspace's newest one that has any."""
    from dlbench.bench.results import read_result

    if results:
        return tuple(t for path in results for t in read_result(path).training)
    newest = sorted(folder.results.glob("compare-*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
    return next((found for path in newest if (found := read_result(path).training)), ())

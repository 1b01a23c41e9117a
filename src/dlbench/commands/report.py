"""`dlbench report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dlbench.commands.options import WorkspaceOption
from dlbench.files import Workspace

__all__ = ["report"]


def report(
    results: Annotated[list[Path], typer.Argument(help="Result files of dlbench compare.")],
    out: Annotated[Path | None, typer.Option(help="The folder to write to (default: the workspace's reports).")] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write one self-contained HTML page, Markdown and CSV from each result file."""
    from dlbench.bench.report import write_reports
    from dlbench.bench.results import read_result
    from dlbench.console import output, show_wrote

    folder = out or Workspace.at(workspace).reports
    read = [(path, read_result(path)) for path in results]  # all are checked before anything is written
    written: list[Path] = []
    for path, result in read:
        written += write_reports(result, folder / path.stem)
    show_wrote(output(), written, (f"open {written[0]} in a browser",))

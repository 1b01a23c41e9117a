"""`dlbench doctor`."""

from __future__ import annotations

import typer

from dlbench.commands.options import JsonOption, WorkspaceOption
from dlbench.files import Workspace

__all__ = ["doctor"]


def doctor(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Say what can run here, what not, why, and what would mend it."""
    from dataclasses import asdict

    from dlbench.console import messages, output, show_findings, show_wrote
    from dlbench.doctor import examine

    with messages().status("looking") as status:
        findings = examine(Workspace.at(workspace), status.update)
    if as_json:
        import json

        typer.echo(json.dumps([asdict(f) for f in findings]))
        return
    console = output()
    show_findings(console, findings)
    usable = [f.what.removeprefix("provider ") for f in findings if f.what.startswith("provider") and f.state == "ok"]
    show_wrote(console, (), (f"dlbench compare --providers {','.join(usable) or 'cpu'}",))

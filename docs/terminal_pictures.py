"""Take the pictures of terminals for the documentation, from the commands themselves (tmux, 80 columns by 24 lines).

    uv run python docs/terminal_pictures.py dlbench-out             # all of them
    uv run python docs/terminal_pictures.py dlbench-out demo class  # these

The workspace holds dense, cnn and results of `dlbench compare`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

SCREENS = Path(__file__).parent / "screens"
COLUMNS, LINES = 80, 24
TALL = 44  # the tour goes on for more than a screen
LONGEST_S = 600.0


def main() -> None:
    """Write the pictures into docs/screens."""
    workspace = Path(sys.argv[1]).resolve()
    SCREENS.mkdir(exist_ok=True)
    newest = max((workspace / "results").glob("compare-*.json"), key=lambda path: path.stat().st_mtime)
    os.chdir(workspace)  # so that the screens name no other folder
    result = newest.relative_to(workspace)
    terminals = {
        "compare": f"dlbench report {result} --format terminal",
        "compare-hu": "dlbench report --format terminal --lang hu",  # of the newest: the line fits
        "diff": "dlbench diff dense cnn",
        "inspect": "dlbench inspect cnn",
        "estimate": "dlbench cost estimate",
        "train": "dlbench train dense --name again",
        "demo": "dlbench demo --digit 4",
        "demo-hu": "dlbench demo --digit 4 --lang hu",
        "class": "dlbench doctor --class",
    }
    for name in sys.argv[2:] or terminals:
        take_terminal(name, terminals[name], TALL if name.startswith("demo") else LINES)


def take_terminal(name: str, command: str, high: int) -> None:
    """Run a command in a terminal of 80 columns and write what then stands on its screen."""
    tmux = ["tmux", "-L", "screens"]
    shell = f"cd {Path.cwd()}; export PS1='$ ' PATH={Path(sys.executable).parent}:$PATH DLBENCH_WORKSPACE=."
    subprocess.run([*tmux, "new-session", "-d", "-x", str(COLUMNS), "-y", str(high), "bash --norc"], check=True)
    try:
        for typed in (f"{shell}; clear", command):
            subprocess.run([*tmux, "send-keys", typed, "Enter"], check=True)
            time.sleep(1)
        deadline = time.monotonic() + LONGEST_S
        shown = ""
        while shown.rstrip().split("\n")[-1] != "$" and time.monotonic() < deadline:  # until the prompt comes back
            time.sleep(1)
            shown = _screen(tmux)
        coloured = _screen(tmux, "-e")
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
    lines = coloured.rstrip().split("\n")[:-1]
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text.from_ansi("\n".join(lines).strip("\n")), end="")
    picture = console.export_svg(title=command)
    offline = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)  # no fonts from elsewhere
    (SCREENS / f"{name}.svg").write_text(offline)
    sys.stdout.write(f"wrote {SCREENS / name}.svg\n")


def _screen(tmux: list[str], *colours: str) -> str:
    return subprocess.run([*tmux, "capture-pane", "-p", *colours], check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()

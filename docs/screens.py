"""Take the pictures of terminals and pages for the documentation, from the commands themselves.

    uv run python docs/screens.py dlbench-out

The workspace holds dense, cnn and results of `dlbench compare`; the class is the made one of the tests. Terminals are
tmux's, 80 columns by 24 lines. The pages are taken with the Chromium of this machine, offline.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

DOCS = Path(__file__).parent
sys.path.append(str(DOCS.parent / "tests" / "helpers"))
from browsing import CHROMIUM  # noqa: E402
from classroom import hand_in  # noqa: E402

SCREENS = DOCS / "screens"
COLUMNS, LINES = 80, 24
LONGEST_S = 600.0
PAGES = {"desktop": (1200, 800), "phone": (390, 844)}  # width and height in pixels
END = "-- end --"


def main() -> None:
    """Write the pictures into docs/screens."""
    workspace = Path(sys.argv[1]).resolve()
    SCREENS.mkdir(exist_ok=True)
    newest = max((workspace / "results").glob("compare-*.json"), key=lambda path: path.stat().st_mtime)
    os.chdir(workspace)  # so that the screens name no other folder
    result = newest.relative_to(workspace)
    terminals = {
        "compare": f"dlbench report {result} --format terminal",
        "compare-hu": f"dlbench report {result} --format terminal --lang hu",
        "diff": "dlbench diff dense cnn",
        "history": "dlbench history",
        "inspect": "dlbench inspect cnn",
        "estimate": "dlbench cost estimate",
        "train": "dlbench train dense --name again",
    }
    for name, command in terminals.items():
        take_terminal(name, command)
    with tempfile.TemporaryDirectory() as folder:
        hand_in(Path(folder))
        take_pages({"report": str(newest), "class": folder})


def take_terminal(name: str, command: str) -> None:
    """Run a command in a terminal of 80 x 24 and write what then stands on its screen."""
    tmux = ["tmux", "-L", "screens"]
    shell = f"cd {Path.cwd()}; export PS1='$ ' PATH={Path(sys.executable).parent}:$PATH DLBENCH_WORKSPACE=."
    subprocess.run([*tmux, "new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), "bash --norc"], check=True)
    try:
        for typed in (f"{shell}; clear", f"{command}; echo '{END}'"):
            subprocess.run([*tmux, "send-keys", typed, "Enter"], check=True)
            time.sleep(1)
        deadline = time.monotonic() + LONGEST_S
        shown = ""
        while not re.search(rf"^{END}$", shown, re.MULTILINE) and time.monotonic() < deadline:
            time.sleep(1)
            shown = _screen(tmux)
        coloured = _screen(tmux, "-e")
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)
    lines = [line for line in coloured.split("\n") if END not in line]
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text.from_ansi("\n".join(lines).strip("\n")), end="")
    picture = console.export_svg(title=command)
    offline = re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)  # no fonts from elsewhere
    (SCREENS / f"{name}.svg").write_text(offline)
    sys.stdout.write(f"wrote {SCREENS / name}.svg\n")


def _screen(tmux: list[str], *colours: str) -> str:
    return subprocess.run([*tmux, "capture-pane", "-p", *colours], check=True, capture_output=True, text=True).stdout


def take_pages(given: dict[str, str]) -> None:
    """Write what a desktop and a phone show first of a report on these results, and its first printed page."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, results in given.items():
            command = [sys.executable, "-m", "dlbench", "report", results, "--workspace", folder]
            subprocess.run(command, check=True, capture_output=True)
            page_file = max(Path(folder, "reports").glob("*.html"), key=lambda path: path.stat().st_mtime)
            for kind, (width, height) in PAGES.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(page_file.as_uri())
                page.screenshot(path=SCREENS / f"{name}-{kind}.png")
            page.pdf(path=Path(folder, "page.pdf"), format="A4")
            printed = ["pdftoppm", "-r", "70", "-png", "-f", "1", "-singlefile", f"{folder}/page.pdf"]
            if shutil.which("pdftoppm"):
                subprocess.run([*printed, str(SCREENS / f"{name}-printed")], check=True)
        browser.close()


if __name__ == "__main__":
    main()
